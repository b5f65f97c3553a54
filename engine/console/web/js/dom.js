// Elements. Texts only ever become text nodes: what comes from a database is never markup.

export function h(tag, attributes, ...children) {
  const made = document.createElement(tag);
  set(made, attributes);
  add(made, children);
  return made;
}

const svgSpace = "http://www.w3.org/2000/svg";
export function s(tag, attributes, ...children) {
  const made = document.createElementNS(svgSpace, tag);
  set(made, attributes);
  add(made, children);
  return made;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("aria-") && typeof value === "boolean") {
      element.setAttribute(name, String(value));
      continue;
    }
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.setAttribute("class", value);
    else if (name === "value" && "value" in element) element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

// Only when it differs: no work for what stays.
export function text(element, value) {
  const wanted = String(value);
  if (element.textContent !== wanted) element.textContent = wanted;
}
export function cls(element, value) {
  if (element.getAttribute("class") !== value) element.setAttribute("class", value);
}
export function fill(element, ...children) {
  element.replaceChildren();
  add(element, children);
  return element;
}

const icons = {
  flow: "M3 7h13l-3-3m3 3-3 3M21 17H8l3-3m-3 3 3 3",
  live: "M3 12h4l3-8 4 16 3-8h4",
  tables: "M4 5h16v14H4zM4 10h16M4 15h16M10 5v14",
  conflicts: "m5 5 14 14M19 5 5 19M5 5v5m0-5h5M19 5v5m0-5h-5",
  loops: "M17 3l3 3-3 3M20 6H9a5 5 0 0 0-5 5M7 21l-3-3 3-3M4 18h11a5 5 0 0 0 5-5",
  topics: "M4 6h16M4 12h16M4 18h10",
  connect: "M8 8V4m8 4V4M6 8h12v3a6 6 0 0 1-12 0zM12 17v4",
  settings: "M4 7h10m4 0h2M4 17h2m4 0h10M14 4.500v5M8 14.500v5",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.500 1.500m11 11L19 19M19 5l-1.500 1.500m-11 11L5 19",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zm5 12 4.500 4.500",
  pause: "M8 5v14M16 5v14",
  play: "M7 4.500v15l12-7.500z",
  close: "m6 6 12 12M18 6 6 18",
};
export function icon(name) {
  return s("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, s("path", { d: icons[name] }));
}

export function toast(message, kind = "info") {
  const shown = h("div", { class: `toast ${kind}` }, message);
  document.getElementById("toasts").append(shown);
  setTimeout(() => shown.remove(), kind === "bad" ? 9000 : 5000);
}

// A list of any length of which only what is seen has elements. `row(item)` makes one; all are `height` high.
export function longList({ height, row, label, empty }) {
  const spacer = h("div", { class: "long-spacer" });
  const rows = h("div", { class: "long-rows", role: "list" });
  const box = h("div", { class: "long", tabindex: "0", role: "region", "aria-label": label }, spacer, rows);
  const none = h("p", { class: "empty" }, empty);
  let items = [];
  let shownFrom = -1;
  let shownTo = -1;
  const draw = (force) => {
    const from = Math.max(0, Math.floor(box.scrollTop / height) - 8);
    const to = Math.min(items.length, Math.ceil((box.scrollTop + box.clientHeight) / height) + 8);
    if (!force && from === shownFrom && to === shownTo) return;
    shownFrom = from;
    shownTo = to;
    rows.style.transform = `translateY(${from * height}px)`;
    rows.replaceChildren(...items.slice(from, to).map(row));
  };
  box.addEventListener("scroll", () => draw(false), { passive: true });
  new ResizeObserver(() => draw(false)).observe(box);
  return {
    element: h("div", { class: "long-frame" }, box, none),
    show(wanted) {
      items = wanted;
      spacer.style.height = `${items.length * height}px`;
      none.hidden = items.length > 0;
      box.hidden = items.length === 0;
      draw(true);
    },
  };
}

// A dialog that asks for a word before something is changed for good. Resolves to whether it was given.
export function confirmTyped({ title, explain, command, word }) {
  return new Promise((resolve) => {
    const input = h("input", { type: "text", autocomplete: "off", "aria-label": `Type ${word} to confirm` });
    const go = h("button", { class: "primary", type: "submit", disabled: true }, title);
    const dialog = h("dialog", { class: "ask", "aria-label": title },
      h("form", { method: "dialog" },
        h("h2", {}, title), h("p", {}, explain),
        command && h("p", { class: "muted" }, "The same in a terminal"), command && h("pre", { class: "code", tabindex: "0" }, command),
        h("label", { class: "field" }, `Type “${word}” to confirm`, input),
        h("div", { class: "row end" },
          h("button", { type: "button", onclick: () => dialog.close("no") }, "Cancel"), go)));
    input.addEventListener("input", () => { go.disabled = input.value.trim() !== word; });
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.value.trim() === word) dialog.close("yes");
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
