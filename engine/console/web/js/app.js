// The frame around the pages: who is there, where one is, keys.
import { h, s, text, cls, fill, icon, toast } from "./dom.js";
import { count, seconds, since } from "./format.js";
import { state, start, onSample, getJson } from "./state.js";
import { path, go, onRoute } from "./route.js";
import * as flow from "./pages/flow.js";
import * as live from "./pages/live.js";
import * as tables from "./pages/tables.js";
import * as conflicts from "./pages/conflicts.js";
import * as loops from "./pages/loops.js";
import * as topics from "./pages/topics.js";
import * as connect from "./pages/connect.js";
import * as settings from "./pages/settings.js";

const pages = [
  { path: "/", name: "Flow", icon: "flow", key: "f", page: flow },
  { path: "/live", name: "Live", icon: "live", key: "l", page: live },
  { path: "/tables", name: "Tables", icon: "tables", key: "t", page: tables },
  { path: "/conflicts", name: "Conflicts", icon: "conflicts", key: "c", page: conflicts },
  { path: "/loops", name: "Loops", icon: "loops", key: "o", page: loops },
  { path: "/topics", name: "Topics", icon: "topics", key: "m", page: topics },
  { path: "/connect", name: "Connect", icon: "connect", key: "n", page: connect },
  { path: "/settings", name: "Settings", icon: "settings", key: "s", page: settings },
];
const offered = () => state.about.mode === "connect" ? pages.filter((each) => each.path === "/connect") : pages;

function storeTheme(name) {
  try { localStorage.setItem("theme", name); } catch { /* it stays for this page */ }
}
function toggleTheme() {
  const root = document.documentElement;
  const light = root.dataset.theme ? root.dataset.theme === "light" : matchMedia("(prefers-color-scheme: light)").matches;
  root.dataset.theme = light ? "dark" : "light";
  storeTheme(root.dataset.theme);
}

function topBar() {
  const facts = h("div", { class: "facts" });
  const readOnly = h("span", { class: "chip info", hidden: true }, "read-only");
  fill(document.getElementById("top"),
    h("a", { class: "brand", href: state.about.mode === "connect" ? "/connect" : "/" }, h("img", { src: "/icon.svg", alt: "" }), "tandem", h("small", {}, state.about.version)),
    facts,
    h("div", { class: "tools" }, readOnly,
      h("button", { class: "quiet", onclick: () => showHelp(), "aria-label": "Keys and help", title: "Keys (?)" }, "?"),
      h("button", { class: "quiet", onclick: toggleTheme, "aria-label": "Dark or light", title: "Dark or light" }, icon("sun"))));
  readOnly.hidden = !state.about.read_only;
  const known = new Map();
  const fact = (name, label, value, level, optional) => {
    if (!known.has(name)) {
      const parts = { dot: h("span", { class: "dot" }), value: h("b", {}), label: h("span", {}) };
      parts.element = h("span", {}, parts.dot, parts.label, parts.value);
      facts.append(parts.element);
      known.set(name, parts);
    }
    const parts = known.get(name);
    text(parts.label, label);
    text(parts.value, value);
    cls(parts.dot, `dot ${level}`);
    cls(parts.element, `fact ${level === "ok" || level === "none" ? "" : level} ${optional ? "optional" : ""}`);
    parts.dot.hidden = level === "none";
  };
  const forget = (name) => {
    known.get(name)?.element.remove();
    known.delete(name);
  };
  return () => {
    const status = state.sample?.status;
    if (!state.connected) {
      fact("connection", "", "no answer from tandem", "bad");
      return;
    }
    forget("connection");
    if (!status) return;
    for (const [name, node] of Object.entries(status.nodes)) fact(`node-${name}`, "", name, node.up ? "ok" : "bad");
    const all = Object.values(status.directions);
    const worst = Math.max(0, ...all.map((each) => each.lag_seconds ?? 0));
    const stuck = all.filter((each) => each.state !== "streaming").length;
    fact("lag", "lag ", seconds(worst), worst > 30 ? "bad" : worst > 5 ? "warn" : "none");
    const conflicts_ = all.reduce((sum, each) => sum + each.conflicts, 0);
    fact("conflicts", "conflicts ", count(conflicts_), "none", true);
    const parked = all.reduce((sum, each) => sum + each.parked_now, 0);
    if (parked > 0) fact("parked", "parked ", count(parked), "warn", true);
    else forget("parked");
    if (stuck > 0) fact("stuck", "", `${stuck} not streaming`, "bad");
    else forget("stuck");
  };
}

function rail() {
  const links = offered().map((each) => {
    const link = h("a", { href: each.path }, icon(each.icon), h("span", {}, each.name), h("kbd", {}, `g ${each.key}`));
    return { ...each, link };
  });
  const uptime = h("span", {});
  const outside = state.about.mode === "connect" ? [["/connectors?expand=status", "status as JSON"]] : [["/metrics", "metrics"], ["/api/v1/status", "status as JSON"]];
  fill(document.getElementById("rail"), links.map((each) => each.link),
    h("div", { class: "rail-foot" }, uptime, outside.map(([href, shown]) => h("a", { href, "data-outside": "" }, shown))));
  return {
    here() {
      for (const each of links) {
        if (each.path === path()) each.link.setAttribute("aria-current", "page");
        else each.link.removeAttribute("aria-current");
      }
    },
    tell() {
      if (state.sample) text(uptime, `up ${since(state.sample.status.uptime_seconds)}`);
    },
  };
}

function showHelp() {
  const keys = [["?", "this help"], ["/", "to the page's filter"], ["Space", "Live: freeze and go on"], ["j k", "next and previous row"], ["Enter", "open a row"], ["Esc", "close"]];
  const dialog = h("dialog", { class: "ask", "aria-label": "Keys" },
    h("form", { method: "dialog" }, h("h2", {}, "Keys"),
      h("div", { class: "help-keys" }, offered().map((each) => [h("kbd", {}, `g ${each.key}`), h("span", {}, each.name)]),
        keys.map(([key, what]) => [h("kbd", {}, key), h("span", {}, what)])),
      h("div", { class: "row end" }, h("button", { class: "primary" }, "Close"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

let current = null;
let currentPath = null;
function show() {
  const found = offered().find((each) => each.path === path()) ?? offered()[0];
  if (currentPath === found.path && current?.route) {
    current.route();
    return;
  }
  current?.leave?.();
  currentPath = found.path;
  const main = document.getElementById("main");
  main.replaceChildren();
  document.title = `${found.name} · tandem`;
  try {
    current = found.page.open(main);
  } catch (failed) {
    current = null;
    main.append(h("p", { class: "notice bad" }, `This page could not be shown: ${failed.message}`));
    throw failed;
  }
  if (state.sample) current?.update?.(state);
}

let awaited = null;
function keys(event) {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable;
  if (event.key === "Escape" && typing) event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (awaited === "g") {
    awaited = null;
    const wanted = offered().find((each) => each.key === event.key);
    if (wanted) {
      event.preventDefault();
      go(wanted.path);
    }
    return;
  }
  if (event.key === "g") {
    awaited = "g";
    setTimeout(() => { awaited = null; }, 1200);
  } else if (event.key === "?") {
    showHelp();
  } else if (event.key === "/") {
    const field = document.querySelector("#main input[type=search]");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  } else if (event.key === "j" || event.key === "k") {
    const rows = [...document.querySelectorAll("#main [data-row]")];
    const at = rows.indexOf(document.activeElement);
    rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === "j" ? 1 : -1)))]?.focus();
  } else {
    current?.key?.(event);
  }
}

async function begin() {
  try {
    state.about = await getJson("/api/v1/about");
  } catch (failed) {
    fill(document.getElementById("main"), h("p", { class: "notice bad", role: "alert" }, `tandem does not answer: ${failed.message}. This page asks again.`));
    setTimeout(begin, 2000);
    return;
  }
  document.getElementById("main").replaceChildren();
  const tellTop = topBar();
  const side = rail();
  onRoute(() => { show(); side.here(); });
  document.addEventListener("keydown", keys);
  addEventListener("unhandledrejection", (event) => {
    toast(event.reason?.message ?? "something went wrong", "bad");
    event.preventDefault();
  });
  if (state.about.mode === "connect" && path() !== "/connect") history.replaceState(null, "", "/connect");
  show();
  side.here();
  if (state.about.mode === "connect") return;
  onSample(() => {
    tellTop();
    side.tell();
    current?.update?.(state);
  });
  await start();
}
begin();
export { s };
