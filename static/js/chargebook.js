// Conveniences. Every page works without them.
"use strict";

(() => {
  // The viewer's time zone, so that pages can show it beside the site's.

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  if (/^[\w+\-/]{1,64}$/.test(zone)) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `viewer_tz=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  // Light, dark, or as the system has it

  const showTheme = () => {
    for (const button of document.querySelectorAll("[data-theme-choice] button")) {
      button.setAttribute("aria-pressed", String(button.value === window.portalTheme.chosen()));
    }
  };

  for (const group of document.querySelectorAll("[data-theme-choice]")) {
    group.hidden = false;
    group.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) {
        window.portalTheme.choose(button.value);
        showTheme();
      }
    });
  }
  showTheme();

  // Menus close when the person turns elsewhere

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) {
        menu.open = false;
      }
    }
  };

  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector("details.menu[open]");
    if (event.key === "Escape" && menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Dialogs, and the keys that open them. A key alone means something only where nobody types.

  const openDialog = (id) => {
    const dialog = document.getElementById(id);
    if (!dialog || document.querySelector("dialog[open]")) {
      return false;
    }
    dialog.showModal();
    dialog.querySelector("input")?.select();
    return true;
  };

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (opener && plain && openDialog(opener.dataset.opens)) {
      event.preventDefault();
    }
    // A click beside a dialog is one on the dialog itself, outside of its box.
    if (event.target.matches("dialog[open]")) {
      const box = event.target.getBoundingClientRect();
      const within =
        event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!within) {
        event.target.close();
      }
    }
  });

  const isTyping = (element) => element.matches?.("input, select, textarea, [contenteditable]");
  let goesTo = false;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
      return;
    }
    const wasGoing = goesTo;
    goesTo = false;
    if (document.querySelector("dialog[open]")) {
      return;
    }
    if (wasGoing) {
      document.querySelector(`.topbar [data-key="${CSS.escape(event.key)}"]`)?.click();
    } else if (event.key === "g") {
      goesTo = true;
      setTimeout(() => {
        goesTo = false;
      }, 1500);
    } else if (event.key === "/" && openDialog("search-dialog")) {
      event.preventDefault();
    } else if (event.key === "?") {
      openDialog("shortcuts-dialog");
    }
  });

  // Up and down go from what is typed to what was found, and through it

  document.addEventListener("keydown", (event) => {
    const dialog = event.target.closest?.("#search-dialog");
    if (!dialog || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) {
      return;
    }
    const stops = [dialog.querySelector("input"), ...dialog.querySelectorAll("a")];
    const next = stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
    if (stops.includes(event.target) && stops[next]) {
      event.preventDefault();
      stops[next].focus();
    }
  });

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
    if (!/\bevery\b/.test(detail.elt.getAttribute("hx-trigger") || "")) {
      const show = () => {
        document.documentElement.dataset.waiting = "";
      };
      waiting.set(detail.xhr, setTimeout(show, 300));
    }
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    clearTimeout(waiting.get(detail.xhr));
    waiting.delete(detail.xhr);
    if (!waiting.size) {
      delete document.documentElement.dataset.waiting;
    }
  });

  // Filters apply as they are chosen. What is typed waits for Enter or the button.

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form?.matches("[data-autosubmit]") && event.target.matches("select, [type=checkbox], [type=radio]")) {
      form.requestSubmit();
    }
  });

  // The boxes of a list, wherever they stand: one box ticks them all, and a number says how many are

  const showTicks = () => {
    for (const form of document.querySelectorAll("form[data-ticks]")) {
      const boxes = [...form.elements].filter((element) => element.matches("[type=checkbox][name]"));
      const ticked = boxes.filter((box) => box.checked).length;
      const all = form.querySelector("[data-tick-all]");
      all.closest("label").hidden = !boxes.length;
      all.checked = boxes.length > 0 && ticked === boxes.length;
      all.indeterminate = ticked > 0 && ticked < boxes.length;
      form.querySelector("[data-ticked]").textContent = ticked ? `(${ticked})` : "";
    }
  };

  document.addEventListener("change", ({ target }) => {
    const form = target.form;
    if (!form?.matches("[data-ticks]")) {
      return;
    }
    if (target.matches("[data-tick-all]")) {
      for (const box of form.elements) {
        if (box.matches("[type=checkbox][name]")) {
          box.checked = target.checked;
        }
      }
    }
    showTicks();
  });
  showTicks();
  window.addEventListener("pageshow", showTicks);
  document.addEventListener("htmx:afterSettle", showTicks);

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

  // The chosen day stays in sight where the strip of days is wider than the screen

  const showChosenDay = () => {
    for (const day of document.querySelectorAll(".day-strip [aria-current]")) {
      const strip = day.closest(".day-strip");
      const offset = day.getBoundingClientRect().left - strip.getBoundingClientRect().left;
      strip.scrollLeft += offset - (strip.clientWidth - day.offsetWidth) / 2;
    }
  };

  showChosenDay();
  document.addEventListener("htmx:afterSettle", showChosenDay);

  // A session that ended answers a fragment with the log-in page: go there, not into the fragment

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const asked = new URL(detail.pathInfo.requestPath, location.href).pathname;
    const answered = new URL(detail.xhr.responseURL || location.href, location.href).pathname;
    if (asked !== answered && /^\s*<!doctype html/i.test(detail.serverResponse)) {
      detail.shouldSwap = false;
      location.reload();
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
    const reads = detail.requestConfig?.verb === "get";
    showToast(reads ? "toast-refresh-failed" : "toast-send-failed");
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
