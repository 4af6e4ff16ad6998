// How a part that keeps up is drawn anew. What has not changed stays the very element that it was, with
// its focus, with what is open in it and with a press on it that has begun; and while somebody presses
// within a part it stands still. Without this all of it is replaced. And an answer that comes late never
// undoes what was filled in since it was asked for.
"use strict";

(() => {
  // In milliseconds: how long after a finger was lifted its click may come.
  const TAP = 400;
  // What people and scripts set, of which the server knows nothing
  const THEIRS = ["open", "tabindex"];

  const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
  const isTwin = (one, other) => isElement(one) && (one.id ? one.id === other.id : one.isEqualNode(other));
  const isAlike = (one, other) =>
    one.nodeName === other.nodeName &&
    one.id === other.id &&
    Boolean(one.id || one.classList?.[0] === other.classList?.[0]);

  const renewAttributes = (shown, drawn) => {
    for (const { name } of [...shown.attributes]) {
      if (!drawn.hasAttribute(name) && !THEIRS.includes(name)) {
        shown.removeAttribute(name);
      }
    }
    for (const { name, value } of drawn.attributes) {
      if (shown.getAttribute(name) !== value && !THEIRS.includes(name)) {
        shown.setAttribute(name, value);
      }
    }
  };

  const dropped = (node) => {
    const next = node.nextSibling;
    node.remove();
    return next;
  };

  const renewChildren = (shown, drawn) => {
    const rest = [...drawn.childNodes];
    let next = shown.firstChild;
    const isKept = (node, is) => rest.some((each) => is(node, each));
    while (rest.length) {
      let twin = next;
      while (twin && !isTwin(twin, rest[0])) {
        twin = twin.nextSibling;
      }
      while (next && next !== twin && !isKept(next, isTwin)) {
        if (!twin && isElement(next) === isElement(rest[0]) && isKept(next, isAlike)) {
          twin = isAlike(next, rest[0]) ? next : null;
          break;
        }
        next = dropped(next);
      }
      const child = rest.shift();
      if (twin && twin === next) {
        next = next.nextSibling;
      } else {
        shown.insertBefore(twin || child, next);
      }
      if (twin) {
        renew(twin, child);
      }
    }
    while (next) {
      next = dropped(next);
    }
  };

  const renew = (shown, drawn) => {
    if (shown.isEqualNode(drawn)) {
      return;
    }
    if (!isElement(shown)) {
      shown.nodeValue = drawn.nodeValue;
    } else if (!shown.matches("form[data-busy]")) {
      renewAttributes(shown, drawn);
      renewChildren(shown, drawn);
    }
  };

  document.body.setAttribute("hx-ext", "redraws");
  window.htmx?.defineExtension("redraws", {
    handleSwap: (style, target, fragment) => {
      const drawn = fragment.firstElementChild;
      if (style !== "redraw" || !drawn || !isAlike(target, drawn)) {
        return false; // it is replaced
      }
      renew(target, drawn);
      return [target];
    },
  });

  // A press begins with the button or finger down, and ends once the click was given to whom it is for

  let pressed = null;
  let ending = 0;
  const held = new Set();

  const release = () => {
    clearTimeout(ending);
    pressed = null;
    for (const element of held) {
      held.delete(element);
      if (element.isConnected) {
        window.htmx.trigger(element, "look");
      }
    }
  };
  const releaseAfter = (pause) => {
    clearTimeout(ending);
    ending = setTimeout(release, pause);
  };

  document.addEventListener("pointerdown", ({ target }) => {
    clearTimeout(ending);
    pressed = target;
  }, true);
  document.addEventListener("pointerup", ({ pointerType }) => releaseAfter(pointerType === "mouse" ? 0 : TAP), true);
  document.addEventListener("click", () => releaseAfter(0), true);
  for (const name of ["pointercancel", "dragend"]) {
    document.addEventListener(name, () => releaseAfter(0), true);
  }
  window.addEventListener("blur", () => releaseAfter(0));

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { elt, target } = detail;
    if (!detail.shouldSwap || !("lookEvery" in elt.dataset)) {
      return;
    }
    if (pressed && target.contains(pressed)) {
      detail.shouldSwap = false;
      held.add(elt);
    } else if (elt === target) {
      detail.swapOverride = "redraw";
    }
  });

  // Parts of forms follow what is picked beside them. An answer knows nothing of what was picked or typed in
  // its place since it was asked for, or is being picked: then it is asked for once more. A link would
  // ask the same again, so that its answer is dropped; and what changes something is not sent twice.

  const filledIn = new WeakMap();

  const readFields = ({ requestConfig, target }) => {
    const besides = requestConfig.elt.getAttribute("hx-select-oob");
    const parts = [target, ...(besides ? document.querySelectorAll(besides) : [])];
    const fields = parts.flatMap((part) => [...part.querySelectorAll("input, select, textarea")]);
    return JSON.stringify(fields.map(({ id, name, value, checked }) => [id, name, value, checked]));
  };

  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    const { elt, verb } = detail.requestConfig;
    const changesNothing = verb === "get" || "onlyShows" in elt.dataset;
    if (changesNothing && !("lookEvery" in elt.dataset)) {
      filledIn.set(detail.xhr, readFields(detail));
    }
  });

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { elt, verb, path } = detail.requestConfig;
    const before = filledIn.get(detail.xhr);
    if (!detail.shouldSwap || before === undefined) {
      return;
    }
    const isLink = elt.matches("a");
    const isBeingPicked = pressed && detail.target.contains(pressed) && !isLink;
    if (!isBeingPicked && before === readFields(detail)) {
      return;
    }
    detail.shouldSwap = false;
    if (!isLink) {
      // Not before htmx is done with this one.
      setTimeout(() => elt.isConnected && window.htmx.ajax(verb, path, { source: elt }));
    }
  });

  // Forms that are open in a part, each in an element of its own, stay as they were filled in where another
  // one's answer replaces the part; not what is no longer there to be filled in.

  const FIELDS = "input:not([type=hidden]), select, textarea";
  const open = new WeakMap();
  const isOpen = (element) => element.open !== false && element.querySelector(FIELDS);

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const others = [...detail.target.querySelectorAll("[data-stays]")].filter(isOpen);
    open.set(detail.xhr, others.filter((each) => !each.contains(detail.requestConfig.elt)));
  });

  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    for (const element of open.get(detail.xhr) ?? []) {
      const drawn = document.getElementById(element.id);
      if (drawn !== element && drawn?.matches("[data-stays]")) {
        drawn.replaceWith(element);
        window.htmx.process(element);
      }
    }
  });

  // What sends all rows waits until none is being edited: else it would go as it was before.

  document.addEventListener("submit", (event) => {
    const says = document.getElementById(event.target.dataset.unlessEdited);
    const edited = says && [...document.querySelectorAll("tr[data-stays]")].find(isOpen);
    if (edited) {
      event.preventDefault();
      says.hidden = false;
      edited.querySelector(FIELDS).focus();
    }
  }, true);
})();
