// Parts of a page that keep up. Each has in data-look-every how often it looks; told by the stream of
// what its data-watch names, it looks when something has changed, and seldom besides. Without a
// stream (none is named, it fails, a proxy keeps it back) all look as often as they ask to.
"use strict";

(() => {
  const url = document.currentScript.dataset.stream;
  // With the stream: to be sure, and for what only the clock changes. In milliseconds, as all below.
  const SELDOM = { booking: 300_000, fleet: 60_000 };
  // Something is said every 15 seconds, and at once when it begins.
  const SILENCE = 40_000;
  const FIRST_SILENCE = 10_000;
  const LONGEST_PAUSE = 300_000;

  const lookers = () => [...document.querySelectorAll("[data-look-every]")];
  const isUnderway = (element) => element.classList.contains("htmx-request");

  // When each last looked, and since when what is shown may be out of date
  const looked = new WeakMap();
  let current = Date.now() - performance.now();
  // A change that was told while an answer was on its way, which may not know of it.
  let owed = false;
  // Those whose last look failed, or could not be put in its place: they do not wait to be told.
  const behind = new WeakSet();
  const placed = new WeakSet();
  let clock = 0;

  let stream = null;
  let followed = "";
  let isOn = false;
  let failures = 0;
  let watchdog = 0;
  let again = 0;

  // Looking

  const paceOf = (element) => {
    const { dataset } = element;
    const every = parseFloat(dataset.lookEvery) * (dataset.lookEvery.endsWith("ms") ? 1 : 1000);
    const isTold = isOn && dataset.watch && !behind.has(element);
    return isTold ? Math.max(every, SELDOM[dataset.watch.split("=")[0]]) : every;
  };

  const look = (element) => {
    looked.set(element, Date.now());
    if (!isUnderway(element)) {
      window.htmx.trigger(element, "look");
    }
  };

  const lookNow = () => {
    for (const element of lookers().filter(({ dataset }) => dataset.watch)) {
      owed ||= isUnderway(element);
      look(element);
    }
  };

  const plan = () => {
    clearTimeout(clock);
    if (document.hidden) {
      return;
    }
    follow();
    const now = Date.now();
    let next = Infinity;
    for (const element of lookers()) {
      if (!looked.has(element)) {
        looked.set(element, now);
      }
      next = Math.min(next, looked.get(element) + paceOf(element));
    }
    if (next < Infinity) {
      clock = setTimeout(lookWhereDue, Math.max(next - now, 0));
    }
  };

  const lookWhereDue = () => {
    const now = Date.now();
    lookers()
      .filter((element) => looked.get(element) + paceOf(element) <= now)
      .forEach(look);
    plan();
  };

  // The stream

  const wanted = () => {
    const watches = lookers().map(({ dataset }) => dataset.watch || "");
    return watches.find((watch) => watch.startsWith("fleet")) || watches.find(Boolean) || "";
  };

  const close = () => {
    stream?.close();
    stream = null;
    clearTimeout(watchdog);
    clearTimeout(again);
  };

  const hear = ({ type }) => {
    const now = Date.now();
    clearTimeout(watchdog);
    watchdog = setTimeout(lose, SILENCE);
    current = now;
    failures = 0;
    const begins = !isOn;
    isOn = true;
    if (type === "change") {
      lookNow();
    }
    if (begins || type === "change") {
      plan();
    }
  };

  const openAfter = (pause) => {
    close();
    again = setTimeout(open, pause * (0.75 + Math.random() / 2));
  };

  // Until it is back, what watches looks for itself
  const lose = () => {
    isOn = false;
    failures += 1;
    openAfter(Math.min(1000 * 2 ** failures, LONGEST_PAUSE));
    plan();
  };

  const open = () => {
    close();
    const age = Math.max(0, Math.ceil((Date.now() - current) / 1000));
    stream = new EventSource(`${url}?${wanted()}&age=${age}`, { withCredentials: true });
    for (const type of ["hello", "beat", "change"]) {
      stream.addEventListener(type, hear);
    }
    stream.addEventListener("bye", () => openAfter(500));
    stream.addEventListener("error", lose);
    watchdog = setTimeout(lose, FIRST_SILENCE);
  };

  const leave = () => {
    close();
    clearTimeout(clock);
    followed = "";
    isOn = false;
  };

  const follow = () => {
    const subject = url ? wanted().split("&")[0] : "";
    if (subject === followed) {
      return;
    }
    leave();
    followed = subject;
    if (subject) {
      open();
    }
  };

  document.addEventListener("htmx:beforeSend", ({ detail }) => {
    if (!isOn && "lookEvery" in detail.elt.dataset) {
      current = Date.now();
    }
  });
  document.addEventListener("htmx:afterSwap", ({ detail: { xhr } }) => xhr && placed.add(xhr));
  // Once the answer is in its place.
  document.addEventListener("htmx:afterRequest", ({ detail: { elt, xhr } }) => {
    setTimeout(() => {
      if (placed.has(xhr) || [204, 304].includes(xhr.status)) {
        behind.delete(elt);
      } else {
        behind.add(elt);
      }
      if (owed && !lookers().some(isUnderway)) {
        owed = false;
        lookNow();
      }
      plan();
    }, 50);
  });
  // A page that nobody sees asks for nothing, and catches up when it is seen again
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : plan()));
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", plan);
  plan();
})();
