// A page that comes back from the browser's back/forward cache is shown to who it was made for only,
// while they are signed in. Its own address says who that is: `?person=`.
"use strict";

(() => {
  const person = new URL(document.currentScript.src).searchParams.get("person");

  const whoIsIn = async () => {
    try {
      return await (await fetch("/account/person/", { cache: "no-store" })).text();
    } catch {
      return null;
    }
  };

  window.addEventListener("pageshow", async (event) => {
    if (!event.persisted) {
      return;
    }
    const page = document.documentElement;
    page.style.visibility = "hidden";
    if ((await whoIsIn()) === person) {
      page.style.visibility = "";
    } else {
      // Not a reload, which would send a form again.
      location.replace(location.pathname + location.search);
    }
  });
})();
