// What is on its way: forms are sent once, fragments speak, failures are told. Pages work without.
"use strict";

(() => {
  // A form is sent once: while it is on its way its buttons rest, and a second press does nothing.
  // They keep their focus, which a `disabled` button would lose.

  const setBusy = (form, pressed) => {
    form.dataset.busy = "";
    const buttons = [...form.elements].filter((element) => element.matches("button:not([type=button])"));
    for (const button of buttons) {
      button.setAttribute("aria-disabled", "true");
    }
    (pressed || buttons[0])?.setAttribute("aria-busy", "true");
  };

  const setReady = (form) => {
    delete form.dataset.busy;
    for (const button of form.elements) {
      button.removeAttribute("aria-disabled");
      button.removeAttribute("aria-busy");
    }
  };

  const isPost = (form, submitter) => {
    const method = submitter?.getAttribute("formmethod") || form.getAttribute("method") || "";
    return method.toLowerCase() === "post";
  };

  document.addEventListener(
    "submit",
    (event) => {
      if ("busy" in event.target.dataset) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    },
    true,
  );
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented && isPost(event.target, event.submitter)) {
      setBusy(event.target, event.submitter);
    }
  });
  // A page that comes back from the browser's memory comes back as it was left.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-busy]").forEach(setReady);
  });

  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.elt.matches("form") && detail.requestConfig.verb !== "get") {
      setBusy(detail.elt, detail.requestConfig.triggeringEvent?.submitter);
    }
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt.matches("form[data-busy]")) {
      setReady(detail.elt);
    }
  });

  // What takes longer than a moment shows that it is on its way, but for what a page asks by itself

  const waiting = new Map();

  document.addEventListener("htmx:beforeSend", ({ detail }) => {
    if (!("lookEvery" in detail.elt.dataset)) {
      const show = () => {
        document.documentElement.dataset.waiting = "";
      };
      waiting.set(detail.xhr, setTimeout(show, 300));
      // htmx says nothing of the end once what has asked is gone from the page.
      detail.xhr.addEventListener("loadend", () => {
        clearTimeout(waiting.get(detail.xhr));
        waiting.delete(detail.xhr);
        if (!waiting.size) {
          delete document.documentElement.dataset.waiting;
        }
      });
    }
  });

  // A search within a form shows what it finds beside it: Enter leaves neither the page nor the field

  document.addEventListener("submit", (event) => {
    const find = event.submitter;
    const field = find?.matches("[name=find]") && find.form.querySelector("[type=search][hx-get]");
    if (field && window.htmx && !("leaves" in find.dataset)) {
      event.preventDefault();
      window.htmx.trigger(field, "search");
    }
  }, true);

  // Filters apply as they are chosen. What is typed waits for Enter or the button. What would go before a
  // choice is emptied by it.

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (event.target.value) {
      for (const name of event.target.dataset.empties?.split(" ") || []) {
        form.elements[name].value = "";
      }
    }
    if (form?.matches("[data-autosubmit]") && event.target.matches("select, [type=checkbox], [type=radio]")) {
      form.requestSubmit();
    }
  });

  // Swapped fragments speak: elements with data-announce, its value or else their own text, when it
  // is a new one

  const announcer = document.getElementById("announcer");
  const said = new Map();
  let toSay = [];

  const listen = (root, speak) => {
    const marked = [...root.querySelectorAll("[data-announce]")];
    if (root.matches?.("[data-announce]")) {
      marked.unshift(root);
    }
    for (const element of marked) {
      const key = element.closest("[id]")?.id || "";
      const text = (element.dataset.announce || element.textContent).replace(/\s+/g, " ").trim();
      if (speak && text && said.get(key) !== text) {
        toSay.push(text);
      }
      said.set(key, text);
    }
    if (toSay.length && announcer) {
      // Several swaps of one moment are read as one text.
      setTimeout(() => {
        if (toSay.length) {
          announcer.textContent = toSay.join(" ");
          toSay = [];
        }
      }, 100);
    }
  };

  listen(document, false);

  // Focus survives a swap: htmx finds the same id again; else the new fragment takes it

  let lostFrom = null;

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const active = document.activeElement;
    lostFrom = detail.target.contains(active) && active !== document.body ? detail.target.id : null;
  });

  document.addEventListener("htmx:afterSettle", ({ target }) => {
    listen(target, true);
    if (lostFrom && document.activeElement === document.body) {
      const root = document.getElementById(lostFrom);
      if (root) {
        if (!root.hasAttribute("tabindex")) {
          root.tabIndex = -1;
        }
        root.focus({ preventScroll: true });
      }
    }
    lostFrom = null;
  });
  document.addEventListener("htmx:oobAfterSwap", ({ target }) => listen(target, true));

  // A session that ended answers a fragment with the log-in page: go there, not into the fragment.
  // A form that somebody fills in is sent on its way there, so that it comes back filled in.

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const asked = new URL(detail.pathInfo.requestPath, location.href).pathname;
    const answered = new URL(detail.xhr.responseURL || location.href, location.href).pathname;
    if (asked !== answered && /^\s*<!doctype html/i.test(detail.serverResponse)) {
      detail.shouldSwap = false;
      const find = detail.elt.closest("form[method=post]")?.querySelector("[name=find]");
      if (find) {
        find.dataset.leaves = "";
        find.form.requestSubmit(find);
      } else {
        location.reload();
      }
    }
  });

  // When a request fails, say so in one line

  const toasts = document.getElementById("toasts");

  const clearToast = () => toasts?.replaceChildren();

  const showToast = (id) => {
    const template = document.getElementById(id);
    if (!toasts || !template || toasts.dataset.shows === id && toasts.firstElementChild) {
      return;
    }
    toasts.dataset.shows = id;
    toasts.replaceChildren(template.content.cloneNode(true));
    toasts.querySelector("button")?.addEventListener("click", clearToast);
  };

  const failed = ({ detail }) => {
    if (detail.requestConfig?.verb !== "get") {
      showToast("toast-send-failed");
    } else {
      // What keeps itself up to date looks again without being told.
      showToast("lookEvery" in detail.elt.dataset ? "toast-refresh-failed" : "toast-load-failed");
    }
  };

  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, failed);
  }
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.successful) {
      clearToast();
    }
  });
})();
