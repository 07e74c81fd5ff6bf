"use strict";

const docs = document.getElementById("docs");

SwaggerUIBundle({
  dom_id: "#docs",
  url: new URL(docs.dataset.schema, location.href).href,
  deepLinking: true,
  // The badge of an online validator would be the one thing from elsewhere.
  validatorUrl: null,
});

// The theme of the visitor's system, also when it changes.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
follow();
dark.addEventListener("change", follow);

// Swagger UI gives most of its lists and large fields no name that a screen reader could say.
const nameOf = (control) =>
  control.closest("[data-param-name]")?.dataset.paramName ??
  (control.matches(".examples-select-element") ? "Example" : null) ??
  (control.matches(".body-param__text") ? "Body" : null) ??
  (control.closest(".servers") ? "Server" : null);
new MutationObserver(() => {
  for (const control of docs.querySelectorAll("select:not([aria-label]), textarea:not([aria-label])")) {
    const name = nameOf(control);
    if (name) control.setAttribute("aria-label", name);
  }
  // Its first headings under the title are of the third level.
  for (const heading of docs.querySelectorAll("h3.opblock-tag")) heading.ariaLevel = "2";
}).observe(docs, { childList: true, subtree: true });
