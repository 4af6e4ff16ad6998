// Shows what needs passkeys where the browser knows them, and says when one could not be used. The
// scripts of the log-in library, loaded before, do the rest.
"use strict";

(() => {
  const show = (selector) => {
    for (const element of document.querySelectorAll(selector)) {
      element.hidden = false;
    }
  };

  show(window.webauthnJSON?.supported() ? "[data-needs-passkeys]" : "[data-no-passkeys]");

  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    for (const element of document.querySelectorAll("[data-passkey-error]")) {
      element.hidden = true;
    }
    const known = event.detail.exception?.name === "InvalidStateError";
    show(`[data-passkey-error="${known ? "known" : "again"}"]`);
  });
})();
