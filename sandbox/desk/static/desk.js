// Renews a page every few seconds, so that what happens shows by itself.
// Nothing is taken from under the hands of somebody who types or has a button in focus.
const EVERY = 2000;

const isAtWork = () => {
  const main = document.querySelector("main");
  return main.contains(document.activeElement)
    || [...main.querySelectorAll("input:not([type=hidden])")].some((each) => each.value !== each.defaultValue)
    || !getSelection().isCollapsed;
};

const renew = async () => {
  if (!document.hidden && !isAtWork()) {
    try {
      const answer = await fetch(location.href);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const now = document.querySelector("main");
      const next = page.querySelector("main");
      if (answer.ok && next && !isAtWork() && next.innerHTML !== now.innerHTML) {
        now.replaceWith(document.importNode(next, true));
      }
    } catch {
      // The operator is away for a moment: the page keeps what it shows, and asks again.
    }
  }
  setTimeout(renew, EVERY);
};

setTimeout(renew, EVERY);
