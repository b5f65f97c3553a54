// Every table: what was applied of it each way, and what is wrong with it.
import { h, s, text, toast, confirmTyped, longList } from "../dom.js";
import { count, rate } from "../format.js";
import { getJson, postJson, state } from "../state.js";
import { parameter, setParameters } from "../route.js";

const kinds = ["insert", "update", "delete", "truncate"];
const interval = 2000;
const statesInterval = 15000; // they ask both databases
const total = (of) => (of ? kinds.reduce((sum, kind) => sum + of[kind], 0) : 0);

// Widths as attributes of a picture: no style in the page is inline.
function bar(of) {
  const all = total(of);
  if (all === 0) return h("div", { class: "bar" });
  const picture = s("svg", { viewBox: "0 0 1000 7", preserveAspectRatio: "none", "aria-hidden": "true" });
  let at = 0;
  for (const kind of kinds) {
    const width = (of[kind] / all) * 1000;
    if (width > 0) picture.append(s("rect", { x: at, y: 0, width, height: 7, class: `fill-${kind}` }));
    at += width;
  }
  return h("div", { class: "bar", title: kinds.filter((kind) => of[kind] > 0).map((kind) => `${count(of[kind])} ${kind}s`).join(", ") }, picture);
}

export function open(main) {
  let all = [];
  let synced = null; // what its instance syncs by now; null: not known yet
  let waits = new Map(); // "schema.table": paused or parked at one of the peers
  let rates = new Map();
  let last = null;
  let filter = parameter("q");
  let order = parameter("sort", "activity");
  let only = parameter("state");
  const say = h("span", { class: "say" });
  const ways = () => Object.keys(state.sample?.status.directions ?? {});
  const search = h("input", { type: "search", placeholder: "Filter tables", "aria-label": "Filter tables", value: filter, oninput: (event) => { filter = event.target.value; setParameters({ q: filter }); draw(); } });
  const sort = h("select", { "aria-label": "Order", onchange: (event) => { order = event.target.value; setParameters({ sort: order === "activity" ? "" : order }); draw(); } },
    [["activity", "busiest now"], ["total", "most changes"], ["name", "by name"]].map(([key, shown]) => h("option", { value: key, selected: key === order }, shown)));
  const states = h("select", { "aria-label": "State", onchange: (event) => { only = event.target.value; setParameters({ state: only }); draw(); } },
    [["", "all tables"], ["ok", "synced"], ["paused", "paused"], ["parked", "with parked changes"], ["left out", "left out"]].map(([key, shown]) => h("option", { value: key, selected: key === only }, shown)));
  const head = h("div", { class: "line line-head tables-line" });
  const nameOf = (each) => (each.schema && each.schema !== "public" ? `${each.schema}.${each.table}` : each.table);
  const stateOf = (each) => (each.state !== "ok" ? each.state : waits.get(`${each.schema}.${each.table}`)?.state ?? (synced && !synced.has(`${each.schema}.${each.table}`) ? "gone" : "ok"));
  const colourOf = { ok: "ok", parked: "bad" };
  // What can be done with it; nothing with one that is left out.
  const actions = (each, shown) => (state.about.read_only || !["ok", "paused", "parked"].includes(shown) ? [] :
    (shown === "ok" ? [["pause", "Pause"], ["resync", "Make equal …"]] : [["resume", "Resume"]]).map(([word, label]) =>
      h("button", { class: "quiet", type: "button", "aria-label": `${label.replace(" …", "")} ${nameOf(each)}`, onclick: () => act(each, word) }, label)));
  const rateOf = (each) => ways().reduce((sum, way) => sum + (rates.get(`${each.schema}.${each.table} ${way}`) ?? 0), 0);
  const sumOf = (each) => Object.values(each.directions).reduce((sum, of) => sum + total(of), 0);
  const list = longList({
    height: 40, label: "Tables", empty: "No table here.",
    row: (each) => {
      const shown = stateOf(each);
      const lane = (way) => {
        const of = each.directions[way];
        return h("div", { class: "stack", title: of ? `${way.replace(":", " → ")}: ${count(total(of))} changes` : "" },
          h("span", { class: "num" }, of ? `${rate(rates.get(`${each.schema}.${each.table} ${way}`) ?? 0)}/s` : "–"), bar(of));
      };
      return h("div", { class: "line tables-line", role: "listitem", "data-row": "", tabindex: "-1" },
        h("span", { title: `${each.schema ? `${each.schema}.` : ""}${each.table}` }, nameOf(each), each.reason && h("span", { class: "muted" }, ` ${each.reason}`)),
        h("span", { class: "mono muted" }, each.key), ways().slice(0, 2).map(lane),
        h("span", { class: "row" }, h("span", { class: `chip ${colourOf[shown] ?? "warn"}`, title: waits.get(`${each.schema}.${each.table}`)?.why ?? "" }, shown === "ok" ? "synced" : shown)),
        h("span", { class: "row end" }, actions(each, shown)));
    },
  });
  const legend = h("span", { class: "row" }, kinds.map((kind) => h("span", { class: `op-${kind}` }, `■ ${kind}`)));
  main.append(h("div", { class: "page-head" }, h("h1", {}, "Tables"), h("span", { class: "grow" }), legend),
    h("section", { class: "card", "aria-label": "Tables" }, h("div", { class: "filters" }, search, states, sort, say), head, list.element));

  function draw() {
    head.replaceChildren(...["table", "key", ...ways().slice(0, 2).map((way) => `${way.replace(":", " → ")} applied`), "state", ""].map((each) => h("span", {}, each)));
    const wanted = filter.toLowerCase();
    const shown = all.filter((each) => (!wanted || `${each.schema}.${each.table}`.toLowerCase().includes(wanted)) && (!only || stateOf(each) === only));
    const by = { activity: (a, b) => rateOf(b) - rateOf(a) || sumOf(b) - sumOf(a), total: (a, b) => sumOf(b) - sumOf(a), name: () => 0 }[order] ?? (() => 0);
    list.show(order === "name" ? shown : shown.sort((a, b) => by(a, b) || nameOf(a).localeCompare(nameOf(b))));
    text(say, `${count(shown.length)} of ${count(all.length)}`);
  }
  async function load() {
    const told = await getJson("/api/v1/tables");
    const now = performance.now();
    const counts = new Map();
    for (const each of told.tables)
      for (const [way, of] of Object.entries(each.directions)) counts.set(`${each.schema}.${each.table} ${way}`, total(of));
    if (last) {
      const passed = (now - last.at) / 1000;
      rates = new Map([...counts].map(([name, number]) => [name, Math.max(0, number - (last.counts.get(name) ?? number)) / passed]));
    }
    last = { at: now, counts };
    const counted = new Set(told.tables.map((each) => `${each.schema}.${each.table}`));
    const empty = [...(synced ?? [])].filter((name) => !counted.has(name)).map(parts); // nothing came of it yet
    all = [...told.tables, ...empty];
    draw();
  }
  const parts = (name) => ({ schema: name.slice(0, name.indexOf(".")), table: name.slice(name.indexOf(".") + 1), key: "", state: "ok", reason: "", directions: {} });
  async function loadStates() {
    statesAt = performance.now();
    const told = await getJson("/api/v1/tables/states");
    synced = new Set(told.tables.map((each) => each.table));
    waits = new Map();
    for (const each of told.tables)
      if (each.state !== "ok" && waits.get(each.table)?.state !== "paused") waits.set(each.table, each);
    draw();
  }
  async function act(each, word) {
    const table = `${each.schema}.${each.table}`;
    if (word === "resync" && !await confirmTyped({ title: "Make equal", word: "resync", command: `tandem table resync ${table}`, explain: "The table is compared on both nodes while it is written, and what differs becomes what the newer version is; a row that one node alone has comes to the other." })) return;
    try {
      const told = await postJson(`/api/v1/tables/${word}`, { table });
      const failed = word === "resume" ? told.outcomes.filter((one) => one.outcome !== "applied") : [];
      if (failed.length > 0) toast(`${table}: ${failed[0].reason ?? "some changes still wait"}`, "bad");
      else toast(`${table}: ${{ pause: "its changes wait at the peer now", resume: "it goes on", resync: "the running instance makes it equal; tandem snapshot status says how far it is" }[word]}`, "ok");
    } catch (failed) {
      toast(`${table}: ${failed.message}`, "bad");
    }
    await loadStates().catch((failed) => text(say, failed.message));
  }
  let stopped = false;
  let parkedSeen = -1;
  let statesAt = 0;
  (async () => {
    while (!stopped) {
      if (!document.hidden) await load().catch((failed) => text(say, failed.message));
      await new Promise((go) => setTimeout(go, interval));
    }
  })();
  return {
    update({ sample }) {
      const now = Object.values(sample.status.directions).reduce((sum, each) => sum + each.parked_now, 0);
      if (now !== parkedSeen || performance.now() - statesAt > statesInterval) {
        parkedSeen = now;
        loadStates().catch((failed) => text(say, failed.message));
      }
    },
    leave() { stopped = true; },
  };
}
