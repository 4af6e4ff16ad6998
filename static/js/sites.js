// Finding a site: where somebody is, and the map beside the list. The list works without.
"use strict";

(() => {
  // Where somebody is goes into the field as a place that they might have typed

  const near = document.getElementById("id_near");
  const nearMe = document.getElementById("near-me");

  const sayNearRefused = () => {
    const beside = document.getElementById("id_near_error");
    beside.className = "field__error";
    beside.replaceChildren(document.getElementById("near-refused").content.cloneNode(true));
    document.getElementById("announcer").textContent = beside.textContent.trim();
  };

  if (nearMe && navigator.geolocation) {
    nearMe.hidden = false;
    nearMe.addEventListener("click", () => {
      nearMe.setAttribute("aria-busy", "true");
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          nearMe.removeAttribute("aria-busy");
          // To a hundred metres, which is enough for a site.
          near.value = `${coords.latitude.toFixed(3)}, ${coords.longitude.toFixed(3)}`;
          near.form.requestSubmit();
        },
        () => {
          nearMe.removeAttribute("aria-busy");
          sayNearRefused();
        },
        { timeout: 10000, maximumAge: 300000 },
      );
    });
  }

  // The map

  const finder = document.getElementById("finder");
  const section = document.getElementById("site-map");
  if (!finder || !section) {
    return;
  }
  const canvas = document.getElementById("site-map-canvas");
  const note = document.getElementById("site-map-note");
  const toggle = document.getElementById("finder-switch");
  const texts = section.dataset;
  const wide = window.matchMedia("(min-width: 64rem)");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  // How close the map goes by itself to a single site.
  const CLOSEST = 13;
  const AROUND = 5;

  let map = null;
  let tiles = null;
  let clusters = null;
  let hereMarker = null;
  let loaded = null;
  let shownQuery = null;
  let asked = 0;
  let pointed = null;
  const markers = new Map();

  const load = (tag, attributes) =>
    new Promise((resolve, reject) => {
      const element = document.createElement(tag);
      element.addEventListener("load", resolve);
      element.addEventListener("error", reject);
      Object.assign(element, attributes);
      document.head.append(element);
    });

  const loadLibraries = async () => {
    const styles = texts.styles.split(" ").map((href) => load("link", { rel: "stylesheet", href }));
    for (const src of texts.scripts.split(" ")) {
      await load("script", { src });
    }
    await Promise.all(styles);
  };

  // Marks are drawn as elements, not as text that is read as HTML: names come from the operator

  let Mark = null;

  const iconOf = (css, size, anchor, fill) => {
    Mark ??= window.L.Icon.extend({
      createIcon() {
        const element = document.createElement("div");
        this._setIconStyles(element, "icon");
        element.classList.add(...this.options.css.split(" "));
        this.options.fill(element);
        return element;
      },
      createShadow: () => null,
    });
    return new Mark({ css, fill, iconSize: [size, size], iconAnchor: anchor, popupAnchor: [0, -size] });
  };

  const label = (element, text) => {
    element.setAttribute("aria-label", text);
    element.title = text;
  };

  const popupOf = ([pk, , , name, chargers]) => {
    const box = document.createElement("div");
    const lines = [name, chargers ? `${texts.chargers}: ${chargers}` : texts.nothing].map((text) => {
      const line = document.createElement("p");
      line.textContent = text;
      return line;
    });
    lines[0].className = "popup__name";
    const link = document.createElement("a");
    link.href = `${texts.siteUrl.replace("/0/", `/${pk}/`)}#picker`;
    link.textContent = texts.freeTimes;
    box.append(...lines, link);
    return box;
  };

  const rowOf = (pk) => document.getElementById(`site-${pk}`);

  const pointAt = (pk) => {
    pointed?.row?.classList.remove("is-pointed");
    pointed?.icon?.classList.remove("is-pointed");
    pointed = null;
    const marker = markers.get(pk);
    if (pk === null || !marker) {
      return;
    }
    // The cluster that hides it, where it is in one.
    const icon = clusters.getVisibleParent(marker)?._icon;
    const row = rowOf(pk);
    row?.classList.add("is-pointed");
    icon?.classList.add("is-pointed");
    pointed = { row, icon };
  };

  const markerOf = (site) => {
    const [pk, latitude, longitude, name, chargers] = site;
    const css = chargers ? "pin" : "pin pin--nothing";
    const marker = window.L.marker([latitude, longitude], {
      icon: iconOf(css, 28, [14, 32], (element) => label(element, name)),
      title: name,
    });
    marker.bindPopup(() => popupOf(site), { autoPanPadding: [24, 24], maxWidth: 260 });
    marker.on("mouseover", () => pointAt(String(pk)));
    marker.on("mouseout", () => pointAt(null));
    marker.on("add", () => {
      const element = marker.getElement();
      element.addEventListener("focus", () => pointAt(String(pk)));
      element.addEventListener("blur", () => pointAt(null));
    });
    return marker;
  };

  const newClusters = () =>
    window.L.markerClusterGroup({
      chunkedLoading: true,
      showCoverageOnHover: false,
      animate: !calm,
      maxClusterRadius: 50,
      iconCreateFunction: (cluster) => {
        const count = cluster.getChildCount();
        return iconOf("cluster", 40, [20, 20], (element) => {
          element.textContent = count;
          label(element, `${texts.cluster}: ${count}`);
        });
      },
    });

  const drawMap = () => {
    const L = window.L;
    map = L.map(canvas, {
      attributionControl: false,
      zoomControl: false,
      worldCopyJump: true,
      fadeAnimation: !calm,
      zoomAnimation: !calm,
      markerZoomAnimation: !calm,
      inertia: !calm,
      maxZoom: 18,
    }).setView([20, 0], 2);
    canvas.setAttribute("role", "group");
    canvas.setAttribute("aria-label", texts.label);
    L.control.zoom({ zoomInTitle: texts.zoomIn, zoomOutTitle: texts.zoomOut }).addTo(map);
    tiles = L.tileLayer(texts.tiles, {
      maxZoom: 18,
      referrerPolicy: "strict-origin-when-cross-origin",
    });
    map.on("popupopen", ({ popup }) => {
      const close = popup.getElement().querySelector(".leaflet-popup-close-button");
      if (close) {
        label(close, texts.close);
      }
      // Who opened it by keyboard goes on in it, and comes back to the marker.
      const icon = popup._source?.getElement();
      if (icon && icon === document.activeElement && icon.matches(":focus-visible")) {
        popup.getElement().querySelector("a[href]").focus({ preventScroll: true });
        popup.once("remove", () => icon.focus({ preventScroll: true }));
      }
    });
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        map.closePopup();
      }
    });
  };

  const far = ([latitude, longitude], [, lat, lon]) => {
    const east = Math.abs(longitude - lon) % 360;
    const squeezed = Math.min(east, 360 - east) * Math.cos((latitude * Math.PI) / 180);
    return (latitude - lat) ** 2 + squeezed ** 2;
  };

  const showAround = (sites, here) => {
    const shown = here ? [...sites].sort((a, b) => far(here, a) - far(here, b)).slice(0, AROUND) : sites;
    const points = shown.map(([, latitude, longitude]) => [latitude, longitude]);
    if (here) {
      points.push(here);
    }
    if (points.length) {
      map.fitBounds(points, { maxZoom: CLOSEST, padding: [36, 36], animate: false });
    }
  };

  const markHere = (here) => {
    hereMarker?.remove();
    hereMarker = null;
    if (here) {
      const icon = iconOf("here", 20, [10, 10], (element) => {
        element.setAttribute("role", "img");
        label(element, texts.here);
      });
      hereMarker = window.L.marker(here, { icon, interactive: false, keyboard: false }).addTo(map);
    }
  };

  const showSites = ({ sites, note: remark }, here) => {
    pointAt(null);
    markers.clear();
    // A group that is not filled yet goes on with that: what is new gets one of its own.
    clusters?.remove();
    clusters = newClusters().addTo(map);
    for (const site of sites) {
      markers.set(String(site[0]), markerOf(site));
    }
    clusters.addLayers([...markers.values()]);
    markHere(here);
    showAround(sites, here);
    // Not before: tiles of the whole world would be asked for first.
    tiles.addTo(map);
    note.textContent = remark;
    section.dataset.shown = sites.length;
  };

  const sayFailed = () => {
    note.textContent = document.getElementById("map-failed").content.textContent;
  };

  const readSites = async () => {
    const { sites, near: place } = document.getElementById("map-query").dataset;
    const query = `${sites} ${place}`;
    if (query === shownQuery) {
      return;
    }
    shownQuery = query;
    asked += 1;
    const turn = asked;
    const answer = await fetch(sites, { headers: { Accept: "application/json" } });
    if (!answer.ok) {
      throw new Error(answer.status);
    }
    const found = await answer.json();
    // What was asked for in the meantime wins.
    if (turn === asked) {
      showSites(found, place ? place.split(",").map(Number) : null);
    }
  };

  const isShown = () => wide.matches || finder.dataset.view === "map";

  const show = async () => {
    section.hidden = !isShown();
    finder.classList.add("finder--mapped");
    if (section.hidden) {
      return;
    }
    try {
      loaded ??= loadLibraries();
      await loaded;
      if (!map) {
        drawMap();
      }
      map.invalidateSize({ animate: false });
      await readSites();
    } catch {
      loaded = map ? loaded : null;
      shownQuery = null;
      sayFailed();
    }
  };

  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    finder.dataset.view = finder.dataset.view === "map" ? "list" : "map";
    show();
    toggle.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  });
  wide.addEventListener("change", show);
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    if (target.id === "site-results") {
      show();
    }
  });

  // A row points at its mark, and a mark at its row

  const pointFromList = ({ target }) => {
    const row = target.closest?.("#site-results [data-site]");
    if (map && (row || target.closest?.("#site-results"))) {
      pointAt(row ? row.dataset.site : null);
    }
  };

  finder.addEventListener("pointerover", pointFromList);
  finder.addEventListener("focusin", pointFromList);
  finder.addEventListener("pointerleave", () => map && pointAt(null));

  show();
})();
