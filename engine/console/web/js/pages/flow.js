// Two masters facing each other, and the way between them.
import { h, text, cls, fill, icon } from "../dom.js";
import { count, rate, bytes, seconds } from "../format.js";
import { state, nodeNames } from "../state.js";
import { chart, sparkline, nodeColor } from "../charts.js";
import { parameter, setParameters } from "../route.js";

const ranges = { "1m": 60, "5m": 300, "15m": 900, "1h": 3600 };
const still = matchMedia("(prefers-reduced-motion: reduce)");

function nodeCard(name, place) {
  const part = (tag, options) => h(tag, options ?? {});
  const v = { rate: part("b"), version: part("dd"), slot: part("dd"), wal: part("dd"), safe: part("dd"), lsn: part("dd", { class: "mono" }), dot: h("span", { class: "dot" }), rank: h("span", { class: "chip" }) };
  const element = h("section", { class: `node node-${place % 4}`, "aria-label": `node ${name}` },
    h("header", {}, h("b", {}, name), h("span", { class: "grow" }), v.rank, v.dot),
    h("div", { class: "big" }, v.rate, h("span", { class: "muted" }, "changes/s written here")),
    h("dl", {},
      h("dt", {}, "PostgreSQL"), v.version, h("dt", {}, "Slot"), v.slot, h("dt", {}, "WAL kept"), v.wal,
      h("dt", {}, "WAL left"), v.safe, h("dt", {}, "Confirmed"), v.lsn));
  return {
    element,
    update(status) {
      const node = status.nodes[name];
      const from = Object.entries(status.directions).filter(([way]) => way.split(":")[0] === name);
      text(v.rate, from.length ? rate(Math.max(...from.map(([, each]) => each.captured_per_second))) : "–");
      text(v.rank, `rank ${node?.rank ?? "?"}`);
      cls(v.dot, `dot ${node?.up ? "ok" : "bad"}`);
      v.dot.title = node?.up ? "answers" : "does not answer";
      text(v.version, node?.version ? (node.version >= 100000 ? `${Math.floor(node.version / 10000)}.${node.version % 10000}` : node.version) : "–");
      text(v.slot, node?.slot ? (node.slot.active ? "active" : "not read") : "none");
      cls(v.slot, node?.slot && !node.slot.active ? "up" : "");
      text(v.wal, node?.slot ? bytes(node.slot.retained_wal_bytes) : "–");
      text(v.safe, node?.slot ? (node.slot.safe_wal_bytes === null ? "no limit" : bytes(node.slot.safe_wal_bytes)) : "–");
      text(v.lsn, node?.slot?.confirmed_lsn ?? "–");
    },
  };
}

// Dots travel at a speed that grows with the logarithm of the rate, and never faster than the eye follows.
function movingDots() {
  const box = h("div", { class: "dots", "aria-hidden": "true" });
  const dots = [];
  let animations = [];
  for (let at = 0; at < 6; at += 1) {
    dots.push(h("i", {}));
    box.append(dots[at]);
  }
  let shown = -1;
  const apply = (perSecond) => {
    const level = perSecond <= 0 || still.matches ? 0 : Math.min(6, 1 + Math.floor(Math.log10(perSecond + 1)));
    if (level === shown) return;
    shown = level;
    if (animations.length === 0 && level > 0) {
      animations = dots.map((dot, at) => {
        const moving = dot.animate([{ left: "-2%", opacity: 0 }, { opacity: 1, offset: 0.1 }, { opacity: 1, offset: 0.9 }, { left: "100%", opacity: 0 }],
          { duration: 4200, iterations: Infinity, easing: "linear" });
        moving.currentTime = (4200 / dots.length) * at;
        return moving;
      });
    }
    dots.forEach((dot, at) => { dot.hidden = level === 0 || at >= level; });
    for (const each of animations) each.updatePlaybackRate(0.7 + level * 0.3);
  };
  return { element: box, apply };
}

function laneCard(way, names, back) {
  const [source, target] = way.split(":");
  const place = names.indexOf(source) % 4;
  const v = { rate: h("span", { class: "lane-rate" }), unit: h("small", {}, "rows/s"), state: h("span", { class: "chip" }), p50: h("b", {}), p99: h("b", {}), lag: h("b", {}), trend: h("span", {}), eta: h("span", {}), behind: h("span", {}), queue: h("b", {}), reason: h("p", { class: "reason", hidden: true }) };
  v.number = document.createTextNode("");
  v.rate.append(v.number, v.unit);
  const dots = movingDots();
  const spark = sparkline();
  const element = h("section", { class: "lane", "aria-label": `${source} to ${target}` },
    h("div", { class: "lane-head" }, h("span", { class: "lane-name" }, `${source} → ${target}`), v.rate, v.state, spark.element),
    h("div", { class: "track", "aria-hidden": "true" }, dots.element),
    h("div", { class: "lane-facts" },
      h("span", {}, "p50 ", v.p50), h("span", {}, "p99 ", v.p99), h("span", {}, "lag ", v.lag, " ", v.behind, " ", v.trend, v.eta), h("span", {}, "queue ", v.queue)),
    v.reason);
  const level = { streaming: "ok", starting: "info", snapshot: "info", standby: "info", retrying: "warn" };
  return {
    element,
    update(status, past) {
      const one = status.directions[way];
      if (!one) return;
      v.number.data = rate(one.rows_per_second);
      const moving = one.state === "streaming";
      cls(element, `lane lane-${place} ${back ? "back" : ""} ${moving ? "" : "stopped"}`);
      text(v.state, one.state);
      cls(v.state, `chip ${level[one.state] ?? "bad"}`);
      text(v.p50, one.latency_seconds.count ? seconds(one.latency_seconds.p50) : "–");
      text(v.p99, one.latency_seconds.count ? seconds(one.latency_seconds.p99) : "–");
      text(v.lag, seconds(one.lag_seconds));
      const lags = past?.lag ?? [];
      const before = lags.at(-11);
      const now = one.lag_seconds;
      const rises = now !== null && before != null && now > before + 0.5;
      const falls = now !== null && before != null && now < before - 0.5;
      text(v.trend, rises ? "▲" : falls ? "▼" : "");
      cls(v.trend, rises ? "up" : "down");
      text(v.eta, one.catch_up_seconds === null || one.catch_up_seconds === undefined || one.lag_seconds < 1 ? ""
        : one.catch_up_seconds === "growing" ? " growing" : ` caught up in ${seconds(one.catch_up_seconds)}`);
      text(v.behind, one.lag_bytes > 0 ? `(${bytes(one.lag_bytes)})` : "");
      text(v.queue, bytes(one.queue_bytes));
      v.reason.hidden = !one.reason;
      text(v.reason, one.reason ?? "");
      dots.apply(moving ? one.rows_per_second : 0);
      spark.update((past?.applied ?? []).slice(-120), nodeColor(source, names));
    },
  };
}

function middle() {
  const pill = (label, name, href) => {
    const value = h("b", {}, "0");
    const inner = [icon(name), value, label];
    return { value, element: href ? h("a", { href }, inner) : h("span", { class: "pill" }, inner) };
  };
  const echoes = pill("echoes", "loops", "/loops");
  const conflicts = pill("conflicts", "conflicts", "/conflicts");
  const parked = pill("parked", "pause", "/conflicts?tab=parked");
  return {
    element: h("div", { class: "middle" }, echoes.element, conflicts.element, parked.element),
    update(ways) {
      const all = (name) => ways.reduce((sum, each) => sum + (each?.[name] ?? 0), 0);
      text(echoes.value, count(all("echoes_stopped")));
      text(conflicts.value, count(all("conflicts")));
      text(parked.value, count(all("parked_now")));
    },
  };
}

// One for each pair of nodes between which something travels.
function pairs(status) {
  const seen = new Map();
  for (const way of Object.keys(status.directions)) {
    const key = way.split(":").sort().join(":");
    seen.set(key, [...(seen.get(key) ?? []), way]);
  }
  return [...seen.values()];
}

function hero(ways, names) {
  const [source, target] = ways[0].split(":");
  const left = nodeCard(source, names.indexOf(source));
  const right = nodeCard(target, names.indexOf(target));
  const lanes = ways.map((way) => laneCard(way, names, way.split(":")[0] !== source));
  const between = middle();
  const element = h("section", { class: "card hero", "aria-label": `${source} and ${target}` },
    left.element, h("div", { class: "lanes" }, lanes[0].element, between.element, lanes[1]?.element), right.element);
  return {
    element,
    update(status, past) {
      left.update(status);
      right.update(status);
      lanes.forEach((lane, at) => lane.update(status, past.directions[ways[at]]));
      between.update(ways.map((way) => status.directions[way]));
    },
  };
}

function makeCharts(ways, names) {
  const color = (way) => () => nodeColor(way.split(":")[0], names);
  const label = (way) => way.replace(":", " → ");
  const sign = (at) => (at % 2 === 1 ? -1 : 1);
  const flows = chart({
    title: "Rows applied", unit: "per second", value: rate,
    range: (u, low, high) => { const most = Math.max(Math.abs(low ?? 0), Math.abs(high ?? 0), 1) * 1.12; return ways.length > 1 ? [-most, most] : [0, most]; },
    series: ways.map((way) => ({ label: label(way), color: color(way), fill: "26" })),
  });
  const latency = chart({
    title: "Latency", unit: "commit to commit", value: seconds, least: 0.0001, log: true,
    series: ways.flatMap((way) => [{ label: `${way.replace(":", "→")} p99`, color: color(way) }, { label: "p50", color: color(way), dash: [3, 4] }]),
  });
  const lag = chart({ title: "Lag", value: seconds, least: 0.1, series: ways.map((way) => ({ label: label(way), color: color(way), fill: "1c" })) });
  const wal = chart({ title: "WAL kept for the slot", value: bytes, least: 1024, series: names.map((name) => ({ label: name, color: () => nodeColor(name, names) })) });
  const cut = (column, from) => (column ?? []).slice(from);
  return {
    all: [flows, latency, lag, wal],
    update(past, span) {
      const first = Math.max(0, past.seconds.length - span);
      const x = past.seconds.slice(first);
      const of = (way, figure) => cut(past.directions[way]?.[figure], first);
      if (x.length === 0) return;
      flows.update([x, ...ways.map((way, at) => of(way, "applied").map((each) => (each === null ? null : each * sign(at))))], span);
      latency.update([x, ...ways.flatMap((way) => [of(way, "p99"), of(way, "p50")])], span);
      lag.update([x, ...ways.map((way) => of(way, "lag"))], span);
      wal.update([x, ...names.map((name) => cut(past.nodes[name]?.wal, first))], span);
    },
  };
}

function healthCard() {
  const list = h("div", { class: "checks" });
  const summary = h("span", { class: "chip" });
  const element = h("section", { class: "card", "aria-label": "Health" }, h("div", { class: "card-head" }, h("h2", {}, "Health"), h("span", { class: "grow" }), summary), list);
  let shown = "";
  return {
    element,
    update(checks) {
      const now = JSON.stringify(checks);
      if (now === shown) return;
      shown = now;
      const order = { bad: 0, warning: 1, ok: 2 };
      const unwell = checks.filter((each) => each.level !== "ok").length;
      text(summary, unwell === 0 ? "all well" : `${unwell} of ${checks.length}`);
      cls(summary, `chip ${checks.some((each) => each.level === "bad") ? "bad" : unwell ? "warn" : "ok"}`);
      fill(list, [...checks].sort((a, b) => (order[a.level] ?? 0) - (order[b.level] ?? 0)).map((each) =>
        h("div", { class: "check" }, h("span", { class: `dot ${each.level}`, role: "img", "aria-label": each.level }), h("b", {}, each.name, h("span", {}, each.says)), each.cure && h("p", {}, each.cure))));
    },
  };
}

export function open(main) {
  const names = nodeNames();
  const left = h("div", {});
  const health = healthCard();
  const picker = h("div", { class: "segments", role: "group", "aria-label": "Time shown" });
  const policy = h("span", { class: "chip", title: "conflict policy" });
  let range = ranges[parameter("range")] ? parameter("range") : "5m";
  const buttons = Object.keys(ranges).map((name) => h("button", {
    type: "button", "aria-pressed": name === range,
    onclick: () => {
      range = name;
      setParameters({ range: name === "5m" ? "" : name });
      buttons.forEach((each) => each.setAttribute("aria-pressed", each.textContent === name));
      charts?.update(state.history, ranges[range]);
    },
  }, name));
  picker.append(...buttons);
  main.append(h("div", { class: "page-head" }, h("h1", {}, "Flow"), policy, h("span", { class: "grow" }), picker),
    h("div", { class: "flow" }, left, health.element));
  let heroes = null;
  let charts = null;
  let shape = "";
  if (names.length === 0) left.append(h("p", { class: "card empty" }, "Waiting for the first sample …"));
  return {
    update({ sample, history: past }) {
      if (!sample) return;
      const { status } = sample;
      const ways = Object.keys(status.directions);
      const nodes = [...new Set([...Object.keys(status.nodes), ...ways.flatMap((way) => way.split(":"))])];
      if (shape !== `${nodes}${ways}`) {
        shape = `${nodes}${ways}`;
        charts?.all.forEach((each) => each.destroy());
        heroes = pairs(status).map((each) => hero(each, nodes));
        charts = makeCharts(ways, nodes);
        fill(left, heroes.map((each) => each.element), h("div", { class: "charts" }, charts.all.map((each) => each.element)));
        if (ways.length === 0) fill(left, h("p", { class: "card empty" }, "No direction runs yet."));
      }
      text(policy, status.policy);
      heroes.forEach((each) => each.update(status, past));
      charts.update(past, ranges[range]);
      health.update(sample.health);
    },
    leave() { charts?.all.forEach((each) => each.destroy()); },
  };
}
