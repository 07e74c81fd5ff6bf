"use strict";

SwaggerUIBundle({
  dom_id: "#docs",
  url: new URL(document.getElementById("docs").dataset.schema, location.href).href,
  deepLinking: true,
  // The badge of an online validator would be the one thing from elsewhere.
  validatorUrl: null,
});

// The theme of the visitor's system, also when it changes.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
follow();
dark.addEventListener("change", follow);
