// What stands around a page: its theme, menus, dialogs and keys. Every page works without.
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

  // Dialogs, and the keys that open them. A key alone means something only where nobody types, and
  // nothing for who has switched that off.

  const keysAreOff = () => {
    try {
      return localStorage.getItem("shortcuts") === "off";
    } catch {
      return false; // storage is switched off
    }
  };

  const keysSwitch = document.getElementById("shortcuts-on");
  if (keysSwitch) {
    keysSwitch.checked = !keysAreOff();
    keysSwitch.addEventListener("change", () => {
      try {
        localStorage.setItem("shortcuts", keysSwitch.checked ? "on" : "off");
      } catch {
        keysSwitch.checked = true; // it cannot be remembered
      }
    });
  }
  for (const button of document.querySelectorAll("button[data-opens]")) {
    button.hidden = false;
  }

  const openDialog = (id) => {
    const dialog = document.getElementById(id);
    if (!dialog || document.querySelector("dialog[open]")) {
      return false;
    }
    closeMenus();
    dialog.showModal();
    dialog.querySelector("input[type=search]")?.select();
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

  const isTyping = (element) => element.matches?.("input:not([type=checkbox]), select, textarea, [contenteditable]");
  let goesTo = false;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || keysAreOff()) {
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

  // Buttons that print the page show where there is a script to do it

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
