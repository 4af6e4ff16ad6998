// Loaded in the head, before anything is painted: sets the colours that the person chose.
"use strict";

(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  const chosen = () => {
    try {
      return localStorage.getItem("theme") || "auto";
    } catch {
      return "auto"; // storage is switched off
    }
  };

  const apply = () => {
    const theme = chosen();
    const isDark = theme === "dark" || (theme === "auto" && dark.matches);
    document.documentElement.dataset.bsTheme = isDark ? "dark" : "light";
  };

  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("storage", apply);

  window.portalTheme = {
    chosen,
    choose(theme) {
      try {
        localStorage.setItem("theme", theme);
      } catch {
        // The choice lasts for this page only.
      }
      apply();
    },
  };
})();
