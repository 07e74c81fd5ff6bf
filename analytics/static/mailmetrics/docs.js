"use strict";

SwaggerUIBundle({
  dom_id: "#docs",
  url: new URL(document.getElementById("docs").dataset.schema, location.href).href,
  deepLinking: true,
  // The badge of an online validator would be the one thing from elsewhere.
  validatorUrl: null,
});
