// Picks a stretch of free time from a table of rows, and draws the present. Without it the links
// lead to the first start of each stretch.
"use strict";

(() => {
  const region = document.getElementById("lanes-region");
  if (!region) {
    return;
  }
  const QUARTER = 900;
  const AN_HOUR = 4;
  const paper = region.querySelector(".lanes-paper");
  const nowLine = document.getElementById("lanes-now");
  const mark = document.getElementById("lanes-choice");
  const bar = document.getElementById("choice");
  const says = document.getElementById("choice-text");
  const book = document.getElementById("choice-book");
  // Sends a block: the same time at several chargers. Weeks of one charger have none.
  const block = document.getElementById("choice-block");
  const table = () => region.querySelector("table.lanes");
  const labelsOf = (row) => (row.dataset.labels || table().dataset.labels).split("|");

  const place = (element, box) => {
    for (const [name, value] of Object.entries(box)) {
      element.style.setProperty(name, `${value}px`);
    }
    element.hidden = false;
  };

  // The present

  const drawNow = () => {
    const bodies = [...region.querySelectorAll("tbody[data-now]")];
    const heads = [...region.querySelectorAll(".lanes__hour")];
    nowLine.hidden = true;
    if (!bodies.length || !heads.length) {
      return;
    }
    const row = bodies[0].querySelector("tr");
    let column = (Date.now() / 1000 - Number(row.dataset.start)) / QUARTER;
    if (column < 0 || column >= labelsOf(row).length) {
      return;
    }
    if (table().matches(".lanes--week")) {
      const [hours, minutes] = labelsOf(row)[Math.floor(column)].split(/[: ]/).map(Number);
      column = hours * AN_HOUR + minutes / 15 + (column % 1);
    }
    const columns = Number(table().dataset.columns);
    if (!(column < columns)) {
      return;
    }
    const origin = paper.getBoundingClientRect();
    const left = heads[0].getBoundingClientRect().left;
    const right = heads.at(-1).getBoundingClientRect().right;
    const top = bodies[0].getBoundingClientRect().top;
    const bottom = bodies.at(-1).getBoundingClientRect().bottom;
    place(nowLine, {
      left: left - origin.left + ((right - left) * column) / columns,
      top: top - origin.top,
      height: bottom - top,
    });
  };

  // On a narrow screen the day begins where something can still be done.
  const showHour = () => {
    const name = region.querySelector("th.lanes__name").getBoundingClientRect().width;
    const heads = [...region.querySelectorAll(".lanes__hour")];
    const current = heads.findIndex((head) => head.hasAttribute("aria-current"));
    const head = heads[current < 0 ? 6 : Math.max(current - 1, 0)];
    region.scrollLeft = head.getBoundingClientRect().left - paper.getBoundingClientRect().left - name;
  };

  drawNow();
  showHour();
  setInterval(drawNow, 30_000);

  // What is picked: quarters of an hour, counted from the start of the row

  let choice = null;
  let drag = null;
  let justDragged = false;

  const rangeOf = (link) => ({
    since: Number(link.dataset.since),
    until: Number(link.dataset.until),
    columns: Number(link.dataset.columns),
  });

  const linkOf = (picked) =>
    [...region.querySelectorAll(".lane__pick")].find((link) => {
      const row = link.closest("tr");
      const { since, until, columns } = rangeOf(link);
      return (
        row.dataset.evse === picked.evse &&
        row.dataset.start === picked.start &&
        since <= picked.from &&
        picked.from < since + columns &&
        picked.from + picked.length <= until
      );
    });

  const lengthText = (quarters) => {
    const hours = Math.floor(quarters / AN_HOUR);
    const minutes = (quarters % AN_HOUR) * 15;
    const parts = [];
    if (hours) {
      parts.push(bar.dataset.hours.replace("{hours}", hours));
    }
    if (minutes) {
      parts.push(bar.dataset.minutes.replace("{minutes}", minutes));
    }
    return parts.join(" ");
  };

  const isBlock = (picked) => picked.block.length > 1;

  const textOf = (picked) => {
    const words = {
      count: picked.block.length,
      charger: picked.charger,
      day: picked.day,
      from: picked.labels[picked.from],
      to: picked.labels[picked.from + picked.length],
      length: lengthText(picked.length),
    };
    const pattern = isBlock(picked) ? block.dataset.says : bar.dataset.says;
    return pattern.replace(/\{(\w+)\}/g, (_all, name) => words[name]);
  };

  const say = (text) => {
    if (says.textContent !== text) {
      says.textContent = text;
    }
  };

  // The chargers that can be part of a block, and those that are

  const openRows = () =>
    [...region.querySelectorAll("tr[data-evse]")].filter((row) => row.closest("tbody").querySelector(".lane__pick"));
  const rowsOf = (picked) => openRows().filter((row) => picked.block.includes(row.dataset.evse));

  const draw = () => {
    mark.hidden = true;
    const link = choice && linkOf(choice);
    if (!link) {
      return;
    }
    const origin = paper.getBoundingClientRect();
    const cell = link.closest("td").getBoundingClientRect();
    const { since, columns } = rangeOf(link);
    const each = cell.width / columns;
    const left = cell.left + (choice.from - since) * each;
    const hours = [...region.querySelectorAll(".lanes__hour")];
    const right = isBlock(choice) ? hours.at(-1).getBoundingClientRect().right : cell.right;
    const marked = rowsOf(choice).map((row) => row.closest("tbody").getBoundingClientRect());
    const top = isBlock(choice) ? Math.min(...marked.map((box) => box.top)) : cell.top;
    const bottom = isBlock(choice) ? Math.max(...marked.map((box) => box.bottom)) : cell.bottom;
    place(mark, {
      left: left - origin.left,
      top: top - origin.top + 2,
      width: Math.min(choice.length * each, right - left),
      height: bottom - top - 4,
    });
  };

  const forget = (text) => {
    choice = null;
    mark.hidden = true;
    bar.querySelector(".choice__actions").hidden = true;
    say(text);
  };

  const between = (value, least, most) => Math.max(least, Math.min(value, most));

  const choose = (link, from, length) => {
    const { since, until, columns } = rangeOf(link);
    const least = Number(table().dataset.least);
    const most = Number(table().dataset.most);
    const row = link.closest("tr");
    const start = between(from, since, Math.min(until - least, since + columns - 1));
    choice = {
      evse: row.dataset.evse,
      start: row.dataset.start,
      charger: row.dataset.charger,
      day: row.dataset.day,
      labels: labelsOf(row),
      from: start,
      length: between(length, least, Math.min(most, until - start)),
      block: [row.dataset.evse],
    };
    const at = new Date((Number(choice.start) + choice.from * QUARTER) * 1000);
    const query = new URLSearchParams({
      evse: choice.evse,
      start: at.toISOString().replace(".000", ""),
      minutes: choice.length * 15,
    });
    book.href = `${table().dataset.book}&${query}`;
    bar.querySelector(".choice__actions").hidden = false;
    show();
  };

  const show = () => {
    book.hidden = isBlock(choice);
    if (block) {
      block.hidden = !isBlock(choice);
      const query = new URL(book.href).searchParams;
      block.elements.start.value = query.get("start");
      block.elements.minutes.value = query.get("minutes");
      const chosen = choice.block.map((evse) => {
        const input = document.createElement("input");
        input.type = "hidden";
        input.name = "evse";
        input.value = evse;
        return input;
      });
      document.getElementById("choice-block-chargers").replaceChildren(...chosen);
    }
    say(textOf(choice));
    draw();
  };

  // The block from the charger that was picked first to another one
  const extend = (row) => {
    const rows = openRows();
    const ends = [
      rows.findIndex((each) => each.dataset.evse === choice.evse),
      rows.findIndex((each) => each.dataset.evse === row?.dataset.evse),
    ];
    if (!block || Math.min(...ends) < 0) {
      return;
    }
    choice.block = rows.slice(Math.min(...ends), Math.max(...ends) + 1).map(({ dataset }) => dataset.evse);
    show();
  };

  const extendBy = (step) => {
    const keys = openRows().map(({ dataset }) => dataset.evse);
    const first = keys.indexOf(choice.evse);
    const last = choice.block[0] === choice.evse ? choice.block.at(-1) : choice.block[0];
    const row = openRows()[keys.indexOf(last) + step];
    if (first >= 0 && row) {
      extend(row);
    }
  };

  const rowAt = (x, y) => document.elementFromPoint(x, y)?.closest("tbody")?.querySelector("tr[data-evse]");

  const quarterAt = (link, x) => {
    const cell = link.closest("td").getBoundingClientRect();
    const { since, columns } = rangeOf(link);
    const column = Math.floor(((x - cell.left) / cell.width) * columns);
    return since + between(column, 0, columns - 1);
  };

  const isChosen = (link) => choice !== null && linkOf(choice) === link;
  const hasModifier = (event) => event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;

  const pick = () => {
    document.getElementById("lanes-help").hidden = false;

    region.addEventListener("click", (event) => {
      const link = event.target.closest(".lane__pick");
      if (link && event.shiftKey && choice && block) {
        event.preventDefault();
        extend(link.closest("tbody").querySelector("tr[data-evse]"));
        return;
      }
      if (!link || hasModifier(event)) {
        return;
      }
      event.preventDefault();
      if (justDragged) {
        return;
      }
      if (event.detail) {
        choose(link, quarterAt(link, event.clientX), AN_HOUR);
      } else if (isChosen(link)) {
        (isBlock(choice) ? document.getElementById("choice-block-book") : book).focus();
      } else {
        choose(link, rangeOf(link).since, AN_HOUR);
      }
    });

    // A finger scrolls; a mouse or a pen drags.
    region.addEventListener("pointerdown", (event) => {
      const link = event.target.closest(".lane__pick");
      justDragged = false;
      if (link && event.pointerType !== "touch" && event.button === 0 && !hasModifier(event)) {
        drag = { link, x: event.clientX, y: event.clientY, anchor: quarterAt(link, event.clientX), moved: false };
      }
    });
    region.addEventListener("dragstart", (event) => {
      if (event.target.closest?.(".lane__pick")) {
        event.preventDefault();
      }
    });
    document.addEventListener("pointermove", (event) => {
      const way = drag ? Math.max(Math.abs(event.clientX - drag.x), Math.abs(event.clientY - drag.y)) : 0;
      if (!drag || (!drag.moved && way < 4)) {
        return;
      }
      drag.moved = true;
      const most = Number(table().dataset.most);
      const at = quarterAt(drag.link, event.clientX);
      if (at >= drag.anchor) {
        choose(drag.link, drag.anchor, at - drag.anchor + 1);
      } else {
        const from = Math.max(at, drag.anchor + 1 - most);
        choose(drag.link, from, drag.anchor - from + 1);
      }
      const row = rowAt(event.clientX, event.clientY);
      if (row && row.dataset.evse !== choice.evse) {
        extend(row);
      }
    });
    const endDrag = () => {
      justDragged = drag !== null && drag.moved;
      drag = null;
      // The click that belongs to it comes at once, or not at all.
      setTimeout(() => {
        justDragged = false;
      }, 0);
    };
    document.addEventListener("pointerup", endDrag);
    document.addEventListener("pointercancel", endDrag);

    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !choice || document.querySelector("dialog[open]")) {
        return;
      }
      const link = linkOf(choice);
      const inBar = bar.contains(document.activeElement);
      drag = null;
      forget(bar.dataset.dropped);
      if (inBar) {
        link?.focus();
      }
    });
    region.addEventListener("keydown", (event) => {
      const link = event.target.closest(".lane__pick");
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const down = event.shiftKey && block ? { ArrowUp: -1, ArrowDown: 1 }[event.key] : 0;
      if (down && link && isChosen(link)) {
        event.preventDefault();
        extendBy(down);
        return;
      }
      if (!link || !step || !isChosen(link) || event.ctrlKey || event.metaKey || event.altKey) {
        return;
      }
      event.preventDefault();
      const other = choice.block[0] === choice.evse ? choice.block.at(-1) : choice.block[0];
      if (event.shiftKey) {
        choose(link, choice.from, choice.length + step);
      } else {
        const { until } = rangeOf(link);
        choose(link, Math.min(choice.from + step, until - choice.length), choice.length);
      }
      extend(openRows().find(({ dataset }) => dataset.evse === other));
    });
    document.getElementById("choice-cancel").addEventListener("click", () => {
      const link = linkOf(choice);
      forget(bar.dataset.dropped);
      link?.focus({ preventScroll: true });
    });
  };

  if (bar) {
    pick();
  }

  // The table is drawn anew by itself, and what is picked stays

  let hadFocus = false;

  document.addEventListener("htmx:beforeSwap", () => {
    hadFocus = document.activeElement?.matches(".lane__pick") ?? false;
  });
  document.addEventListener("htmx:afterSettle", () => {
    drawNow();
    if (!choice) {
      return;
    }
    const link = linkOf(choice);
    if (!link) {
      forget(bar.dataset.gone.replace("{choice}", textOf(choice)));
      return;
    }
    draw();
    if (hadFocus && document.activeElement === document.body) {
      link.focus({ preventScroll: true });
    }
  });
  new ResizeObserver(() => {
    drawNow();
    draw();
  }).observe(paper);
})();
