// Runs in the page, in a world of its own beside the page's scripts. Findings are pairs of a rule and a selector.
function path(element) {
  if (element.id) return "#" + element.id;
  if (!element.parentElement) return element.localName;
  const alike = [...element.parentElement.children].filter((other) => other.localName === element.localName);
  const place = alike.length > 1 ? `:nth-of-type(${alike.indexOf(element) + 1})` : "";
  return `${path(element.parentElement)} > ${element.localName}${place}`;
}

// What axe-core leaves alone: a page that must be moved sideways, and headers of tables that do not say what they head.
function layout() {
  const root = document.documentElement;
  const bare = [...document.querySelectorAll("th:not([scope])")];
  const sideways = root.scrollWidth > root.clientWidth ? [root] : [];
  return [...bare.map((cell) => ["th-scope", path(cell)]), ...sideways.map(() => ["sideways-scroll", "html"])];
}

// The stops that the keyboard should make, and those that it made.
const keyboard = (() => {
  const STOPS = "a[href], button, input, select, textarea, summary, [tabindex]";
  const resting = new Map();
  const visits = [];
  const presses = [];

  function ring(element) {
    const style = getComputedStyle(element);
    const outline = [style.outlineStyle, style.outlineWidth, style.outlineColor].join(" ");
    return { outline: style.outlineStyle === "none" ? "" : outline, shadow: style.boxShadow };
  }

  // A mark round the stop that was not there before, on a stop that lies in the window.
  function shown(element) {
    const box = element.getBoundingClientRect();
    const inside = box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
    const [now, before] = [ring(element), resting.get(element)];
    const outlined = now.outline !== "" && now.outline !== before.outline;
    return inside && (outlined || (now.shadow !== "none" && now.shadow !== before.shadow));
  }

  function begin() {
    for (const element of document.querySelectorAll(STOPS)) {
      const reachable = element.tabIndex >= 0 && !element.disabled;
      if (reachable && element.checkVisibility({ visibilityProperty: true })) resting.set(element, ring(element));
    }
    addEventListener("keydown", (event) => {
      // Enter is meant for what folds; if focus is elsewhere by mistake, nothing is followed or sent.
      if (event.key === "Enter" && document.activeElement.localName !== "summary") event.preventDefault();
    }, true);
    addEventListener("keyup", (event) => {
      const stop = document.activeElement;
      if (event.key === "Tab") visits.push({ stop, seen: !resting.has(stop) || shown(stop) });
      if (event.key === "Enter" && stop.localName === "summary") presses.push({ stop, open: stop.parentElement.open });
    }, true);
    return [...resting.keys()].map((element) => element.localName);
  }

  function skips(element) {
    const target = element.getAttribute("href") ?? "";
    return target.startsWith("#") && document.getElementById(target.slice(1))?.localName === "main";
  }

  function findings() {
    const stops = visits.map(({ stop }) => stop);
    const [last, after] = stops.slice(-2);
    const backwards = (stop, i) =>
      i > 0 && i < resting.size && !(stops[i - 1].compareDocumentPosition(stop) & Node.DOCUMENT_POSITION_FOLLOWING);
    const found = {
      "focus-first": stops.slice(0, 1).filter((stop) => !skips(stop)),
      "focus-never": [...resting.keys()].filter((element) => !stops.includes(element)),
      "focus-order": stops.filter(backwards),
      "focus-unseen": visits.filter(({ seen }) => !seen).map(({ stop }) => stop),
      "focus-trap": after === last && resting.has(last) ? [last] : [],
      // Two presses each: the first opens, the second closes.
      fold: presses.filter(({ open }, i) => open !== (i % 2 === 0)).map(({ stop }) => stop),
    };
    return Object.entries(found).flatMap(([rule, elements]) => elements.map((element) => [rule, path(element)]));
  }

  return { begin, findings };
})();
