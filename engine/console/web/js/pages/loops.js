// What came back and was stopped: a change must never return to where it was written.
import { h, text, cls, fill } from "../dom.js";
import { count, rate } from "../format.js";
import { state, nodeNames } from "../state.js";
import { chart, nodeColor } from "../charts.js";

export function open(main) {
  const figures = h("div", { class: "cards" });
  const verdict = h("p", { class: "notice ok" });
  const charts = h("div", { class: "pair-side" });
  main.append(h("div", { class: "page-head" }, h("h1", {}, "Loops")), h("p", { class: "lead" },
    "What tandem writes at a node is marked with its origin. Read there again it is an echo and is stopped: in the server itself from PostgreSQL 16 on (not counted, for it never leaves it), while it is read on older ones. Through Kafka no record of a node may ever come back to it."),
    h("div", { class: "pair" }, h("div", {}, verdict, figures), charts));
  let graph = null;
  let ways = [];
  let parts = [];
  return {
    update({ sample, history: past }) {
      const { directions, nodes } = sample.status;
      const now = Object.keys(directions);
      if (String(now) !== String(ways)) {
        ways = now;
        parts = ways.map((way) => {
          const v = { stopped: h("b", {}), method: h("span", { class: "muted" }), dropped: h("span", { class: "chip" }), foreign: h("span", { class: "muted" }), ratio: h("span", { class: "muted" }) };
          v.element = h("section", { class: "card figure", "aria-label": way }, h("h3", {}, way.replace(":", " → ")), v.stopped, h("span", {}, "echoed transactions stopped"), v.method, v.ratio, h("div", { class: "row" }, v.dropped), v.foreign);
          return v;
        });
        fill(figures, parts.map((each) => each.element));
        graph?.destroy();
        const names = nodeNames();
        graph = chart({ title: "Echoes stopped", unit: "transactions per second", value: rate, series: ways.map((way) => ({ label: way.replace(":", " → "), color: () => nodeColor(way.split(":")[0], names) })) });
        fill(charts, graph.element);
      }
      let alarms = 0;
      ways.forEach((way, at) => {
        const [source, target] = way.split(":");
        const one = directions[way];
        const back = directions[`${target}:${source}`];
        const v = parts[at];
        const filtered = (nodes[source]?.version ?? 0) >= 160000;
        text(v.stopped, count(one.echoes_stopped));
        text(v.method, filtered && one.echoes_stopped === 0 ? "filtered in the server (origin 'none')" : "by their origin, while reading");
        text(v.ratio, !filtered && back?.batches ? `${(one.echoes_stopped / back.batches).toFixed(3)} per transaction that tandem committed at ${source} (1 is expected, less after a restart of either)` : "");
        text(v.dropped, one.echoes_dropped === 0 ? "none came back through Kafka" : `${count(one.echoes_dropped)} came back through Kafka`);
        cls(v.dropped, `chip ${one.echoes_dropped === 0 ? "ok" : "bad"}`);
        text(v.foreign, one.foreign_records ? `${count(one.foreign_records)} records of other writers in the topic were passed over` : "");
        alarms += one.echoes_dropped;
      });
      text(verdict, alarms === 0 ? "Nothing loops." : "Records came back to the node that wrote them and were dropped: another writer copies the topic.");
      cls(verdict, `notice ${alarms === 0 ? "ok" : "bad"}`);
      graph?.update([past.seconds.slice(-300), ...ways.map((way) => (past.directions[way]?.echoes ?? []).slice(-300))], 300);
    },
    leave() { graph?.destroy(); },
  };
}
export { state };
