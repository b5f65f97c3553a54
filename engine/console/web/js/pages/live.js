// Changes as they are applied. At a high rate a part of them, and how many are not shown is said.
import { h, text, cls, fill, icon } from "../dom.js";
import { count, time, dateTime } from "../format.js";
import { onChanges } from "../state.js";
import { parameter, setParameters } from "../route.js";

const kept = 500;
const verdicts = { applied: ["applied", "ok"], echo: ["echo stopped", "info"], conflict: ["conflict", "warn"], parked: ["parked", "bad"] };

function columnsText(change) {
  if (change.verdict === "echo") return "a transaction that tandem itself had written: it came back and was stopped";
  if (change.verdict === "conflict") return `${change.type}, ${change.winner ? `${change.winner} wins` : "to be decided"}`;
  return null;
}

function value(text_, kind) {
  if (text_ === undefined) return null;
  return h("span", { class: kind }, text_ === null ? "null" : text_);
}

function summary(change) {
  const said = columnsText(change);
  if (said) return [said];
  const made = [];
  const beside = change.columns.filter((each) => !(each.name in change.key));
  for (const each of (beside.length > 0 ? beside : change.columns).slice(0, 6)) {
    if (made.length) made.push(h("span", { class: "faint" }, "  "));
    made.push(h("span", { class: "muted" }, `${each.name} `));
    if (each.old !== undefined) made.push(value(each.old, "old"));
    if (each.old !== undefined && each.new !== undefined) made.push(h("span", { class: "muted" }, " → "));
    if (each.new !== undefined) made.push(value(each.new, change.op === "update" ? "new" : ""));
  }
  return made;
}

const keyText = (change) => Object.entries(change.key).map(([name, each]) => `${name}=${each}`).join(", ");

function details(change) {
  const rows = change.columns.map((each) => h("tr", {}, h("th", { scope: "row" }, each.name),
    h("td", {}, each.old === undefined ? h("span", { class: "faint" }, "not sent") : value(each.old, "old")),
    h("td", {}, each.new === undefined ? h("span", { class: "faint" }, "–") : value(each.new, "new"))));
  const lag = (change.at - change.committed) / 1000;
  return h("div", { class: "live-more" },
    h("p", { class: "muted" }, `committed ${dateTime(change.committed)}, told ${lag.toFixed(1)} ms later · transaction ${change.xid} · position `, h("code", {}, change.position),
      change.conflict && [" · ", h("a", { href: `/conflicts?id=${encodeURIComponent(change.conflict)}` }, `conflict ${change.conflict}`)]),
    rows.length > 0 && h("div", { class: "scroll-x", tabindex: "0" }, h("table", { class: "versions" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "column"), h("th", { scope: "col" }, "before"), h("th", { scope: "col" }, "after"))), h("tbody", {}, rows))),
    change.more > 0 && h("p", { class: "muted" }, `and ${change.more} columns more`));
}

export function open(main) {
  let all = []; // newest first
  let rare = []; // the same of what was not simply applied, which would not stay among the others for long
  let passing = []; // those that pass the filter
  let frozen = parameter("frozen") === "1";
  let waiting = [];
  let numbered = 0;
  let notShown = 0;
  let secondShown = 0;
  let secondHidden = 0;
  let opened = null;
  const filter = { way: parameter("way"), verdict: parameter("verdict"), op: parameter("op"), text: parameter("q") };
  const list = h("div", { class: "live-list", role: "region", "aria-label": "Changes, the newest first", tabindex: "0" });
  const none = h("p", { class: "empty" }, "Nothing has come since this page was opened. What is written at one node appears here as it is applied at the other.");
  const rateSay = h("span", { class: "say", "aria-live": "off" });
  const frozenSay = h("div", { class: "frozen", hidden: !frozen });
  const freeze = h("button", { type: "button", "aria-pressed": frozen });
  const select = (label, name, choices) => h("select", { "aria-label": label, onchange: (event) => change(name, event.target.value) },
    choices.map(([key, shown]) => h("option", { value: key, selected: filter[name] === key }, shown)));
  const ways = h("select", { "aria-label": "Direction", onchange: (event) => change("way", event.target.value) }, h("option", { value: "" }, "both ways"));
  const search = h("input", { type: "search", placeholder: "Table, key or value", "aria-label": "Table, key or value", value: filter.text, oninput: (event) => change("text", event.target.value) });
  main.append(h("div", { class: "page-head" }, h("h1", {}, "Live"), h("span", { class: "grow" }), freeze),
    h("section", { class: "card", "aria-label": "Live changes" },
      h("div", { class: "filters" }, search, ways,
        select("Operation", "op", [["", "any change"], ["insert", "insert"], ["update", "update"], ["delete", "delete"], ["truncate", "truncate"], ["ddl", "DDL"]]),
        select("Verdict", "verdict", [["", "all but echoes"], ["all", "with echoes"], ...Object.entries(verdicts).map(([key, [shown]]) => [key, shown])]), rateSay),
      frozenSay,
      h("div", { class: "line line-head live-line", "aria-hidden": "true" }, ["time", "way", "change", "table", "key", "columns", "verdict"].map((each) => h("span", {}, each))),
      list, none));

  function change(name, wanted) {
    filter[name] = wanted;
    setParameters({ q: filter.text, way: filter.way, verdict: filter.verdict, op: filter.op });
    const behind = all.at(-1)?.number ?? Infinity;
    passing = [...all, ...rare.filter((each) => each.number < behind)].filter(passes).slice(0, kept);
    draw();
  }
  function passes(each) {
    if (filter.way && each.direction !== filter.way) return false;
    if (!filter.verdict ? each.verdict === "echo" : filter.verdict !== "all" && each.verdict !== filter.verdict) return false;
    if (filter.op && each.op !== filter.op) return false;
    if (!filter.text) return true;
    const wanted = filter.text.toLowerCase();
    each.haystack ??= `${each.schema}.${each.table} ${keyText(each)} ${each.columns.map((column) => `${column.name} ${column.old ?? ""} ${column.new ?? ""}`).join(" ")}`.toLowerCase();
    return each.haystack.includes(wanted);
  }
  function line(each) {
    const [shown, level] = verdicts[each.verdict] ?? [each.verdict, ""];
    const [source, target] = each.direction.split(":");
    const button = h("button", { class: "line live-line", type: "button", "data-row": "", "aria-expanded": opened === each, onclick: () => toggle(each) },
      h("span", { class: "mono muted" }, time(each.at).slice(0, 8), h("span", { class: "ms" }, time(each.at).slice(8))),
      h("span", { class: "way" }, `${source}→${target}`),
      h("span", {}, h("span", { class: `op-${each.op}` }, each.op)),
      h("span", { title: `${each.schema}.${each.table}` }, each.table),
      h("span", { class: "mono muted" }, keyText(each)),
      h("span", { class: "mono" }, summary(each)),
      h("span", {}, h("span", { class: `chip ${level}` }, shown)));
    return opened === each ? [button, details(each)] : [button];
  }
  function toggle(each) {
    opened = opened === each ? null : each;
    if (opened && !frozen) setFrozen(true); // what one reads must not run away
    draw();
    list.querySelector("[aria-expanded=true]")?.focus();
  }
  function draw() {
    const shown = passing.slice(0, 200);
    fill(list, shown.map(line));
    none.hidden = shown.length > 0;
    list.hidden = shown.length === 0;
    text(none, all.length > 0 ? "Nothing of what came passes the filter." : "Nothing has come since this page was opened. What is written at one node appears here as it is applied at the other.");
  }
  function setFrozen(on) {
    frozen = on;
    freeze.setAttribute("aria-pressed", on);
    fill(freeze, icon(on ? "play" : "pause"), on ? "Go on" : "Freeze", h("kbd", {}, "Space"));
    frozenSay.hidden = !on;
    setParameters({ frozen: on });
    if (!on) {
      take(waiting);
      waiting = [];
      opened = null;
      draw();
    }
    tellFrozen();
  }
  const tellFrozen = () => text(frozenSay, `Frozen. ${count(waiting.filter(passes).length)}${waiting.length >= kept ? "+" : ""} came meanwhile; Space goes on.`);
  // What lost is told a moment after it was applied: its verdict follows.
  function amend(conflict) {
    for (const each of all) {
      if (each.verdict === "applied" && each.direction === conflict.direction && each.table === conflict.table && each.position === conflict.position && keyText(each) === keyText(conflict)) each.verdict = "conflict";
    }
  }
  function take(changes) {
    for (const each of changes) {
      if (each.verdict === "conflict") amend(each);
      each.number = numbered;
      numbered += 1;
      all.unshift(each);
      if (each.verdict !== "applied") rare.unshift(each);
      if (passes(each)) passing.unshift(each);
    }
    for (const list_ of [all, rare, passing]) if (list_.length > kept) list_.length = kept;
  }
  freeze.addEventListener("click", () => setFrozen(!frozen));
  setFrozen(frozen);
  draw();

  list.addEventListener("keyup", (event) => { if (event.key === " ") event.preventDefault(); }); // it would press the row
  let dirty = false;
  onChanges((told) => {
    notShown += told.not_shown;
    secondHidden += told.not_shown;
    secondShown += told.changes.length;
    if (frozen) {
      waiting.push(...told.changes);
      if (waiting.length > kept) waiting.splice(0, waiting.length - kept);
    } else if (told.changes.length > 0) {
      take(told.changes);
      dirty = true;
    }
  });
  const painter = setInterval(() => {
    if (dirty && !document.hidden) {
      dirty = false;
      draw();
    }
  }, 250);
  const second = setInterval(() => {
    text(rateSay, `${count(secondShown)}/s shown · ${count(secondHidden)}/s not shown`);
    rateSay.title = `${count(notShown)} not shown since the page was opened`;
    cls(rateSay, `say ${secondHidden > 0 ? "" : "faint"}`);
    secondShown = 0;
    secondHidden = 0;
    if (frozen) tellFrozen();
  }, 1000);
  return {
    update({ sample }) {
      const names = Object.keys(sample.status.directions);
      if (ways.options.length - 1 === names.length) return;
      fill(ways, h("option", { value: "" }, "both ways"), names.map((name) => h("option", { value: name, selected: filter.way === name }, name.replace(":", " → "))));
    },
    key(event) {
      if (event.key === " " && (event.target.tagName !== "BUTTON" || list.contains(event.target))) {
        event.preventDefault();
        setFrozen(!frozen);
      } else if (event.key === "Escape" && opened) {
        opened = null;
        draw();
      }
    },
    leave() {
      onChanges(null);
      clearInterval(painter);
      clearInterval(second);
    },
  };
}
