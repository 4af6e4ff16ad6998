// Lists of bookings and the choice of a slot: boxes to tick, and the strip of days.
"use strict";

(() => {
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
})();
