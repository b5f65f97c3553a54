// Topics, and the messages in them: newest first over all partitions, by time and offset, and search with its progress.
import { h, text, fill, icon, toast } from "../dom.js";
import { Exact, parse, stringify, show, same } from "../exact.js";
import { count, bytes, dateTime } from "../format.js";
import { getJson, state, at } from "../state.js";
import { parameter, setParameters } from "../route.js";

const wholeShown = 200000; // characters

// --- JSON as a tree that is opened part by part
function scalar(value) {
  if (typeof value === "string") return h("span", { class: "s" }, JSON.stringify(value.length > 4000 ? `${value.slice(0, 4000)}…` : value));
  if (typeof value === "number" || value instanceof Exact) return h("span", { class: "n" }, String(value));
  return h("span", { class: "b" }, String(value));
}
function branch(name, value, depth) {
  const label = name === null ? null : [h("span", { class: "k" }, name), ": "];
  if (value === null || typeof value !== "object" || value instanceof Exact) return h("div", {}, label, scalar(value));
  const entries = Array.isArray(value) ? value.map((each, at) => [String(at), each]) : Object.entries(value);
  const note = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  const made = h("details", { open: depth < 2 }, h("summary", {}, label, note));
  const grow = () => {
    if (made.childElementCount > 1) return;
    made.append(...entries.slice(0, 200).map(([key, each]) => branch(key, each, depth + 1)));
    if (entries.length > 200) made.append(h("div", { class: "muted" }, `and ${count(entries.length - 200)} more`));
  };
  if (depth < 2) grow();
  else made.addEventListener("toggle", grow, { once: true });
  return made;
}
const tree = (value) => h("div", { class: "tree" }, branch(null, value, 0));

// What was before and after, of an envelope as Debezium writes it.
function difference(value) {
  const of = value?.payload ?? value;
  if (!of || typeof of !== "object" || !("op" in of) || (of.before === undefined && of.after === undefined)) return null;
  const before = of.before ?? {};
  const after = of.after ?? {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const shown = (each) => (each === null ? h("span", { class: "faint" }, "null") : show(each));
  return h("div", { class: "scroll-x", tabindex: "0" }, h("table", { class: "versions" }, h("thead", {}, h("tr", {}, ["column", "before", "after"].map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", {}, names.map((name) => {
      const differs = of.before && of.after && !same(before[name], after[name]);
      return h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: differs ? "differs" : "" }, of.before ? shown(before[name]) : "–"), h("td", { class: differs ? "differs" : "" }, of.after ? shown(after[name]) : "–"));
    }))));
}

const plain = (value) => (value === null ? "" : typeof value === "string" ? value : stringify(value));
function kindOf({ record, hidden }) {
  if (hidden) return "masked";
  if (record.value === null) return "tombstone";
  const op = (record.value?.payload ?? record.value)?.op;
  return { c: "create", u: "update", d: "delete", r: "read", t: "truncate", m: "message" }[op] ?? (record.value_form === "json" ? "json" : record.value_form ?? "");
}

function messageRow(told, topic) {
  const { record } = told;
  const body = h("div", { class: "message-body", hidden: true });
  const key = told.hidden ? "masked" : plain(record.key);
  const content = told.hidden ? "values are hidden by --mask" : plain(record.value);
  const button = h("button", { type: "button", "data-row": "", "aria-expanded": "false", onclick: () => {
    body.hidden = !body.hidden;
    button.setAttribute("aria-expanded", !body.hidden);
    if (!body.hidden && body.childElementCount === 0) build(told);
  } }, h("span", { class: "chip" }, record.partition), h("span", { class: "mono" }, record.offset), h("span", { class: "muted" }, record.timestamp === null ? "" : dateTime(record.timestamp * 1000)), h("span", { class: "mono" }, key), h("span", { class: "mono muted" }, `${kindOf(told)} ${content.slice(0, 400)}`));
  function build(of) {
    const it = of.record;
    const parts = [];
    if (of.cut) parts.push(h("p", { class: "notice warn" }, `${bytes(of.bytes)}: the beginning is shown. `, h("button", { type: "button", onclick: loadWhole }, "Load all of it")));
    const changed = it.value_form === "json" ? difference(it.value) : null;
    if (changed) parts.push(h("h3", {}, "Before and after"), changed);
    const whole = it.value_form === "json" ? stringify(it.value, 2) : plain(it.value);
    parts.push(h("h3", {}, `Value, ${it.value_form ?? "none"}`), it.value_form === "json" ? tree(it.value) : h("pre", { class: "tree", tabindex: "0", role: "region", "aria-label": "Value" }, whole.slice(0, wholeShown)));
    if (it.key !== null) parts.push(h("h3", {}, "Key"), h("pre", { class: "code", tabindex: "0" }, plain(it.key)));
    if (it.headers?.length) parts.push(h("h3", {}, "Headers"), h("table", { class: "versions" }, h("tbody", {}, it.headers.map((each) => h("tr", {}, h("th", { scope: "row" }, each.name), h("td", {}, plain(each.value)))))));
    const copy = (what) => navigator.clipboard?.writeText(what).then(() => toast("Copied", "ok"), () => toast("The browser did not allow copying", "bad"));
    parts.push(h("div", { class: "row" }, h("button", { type: "button", onclick: () => copy(whole) }, "Copy value"), h("button", { type: "button", onclick: () => copy(`tandem topic tail ${topic} -p ${it.partition} -o ${it.offset} -n 1 --json`) }, "Copy as command"), h("span", { class: "faint" }, bytes(of.bytes))));
    fill(body, parts);
  }
  async function loadWhole() {
    const found = await wholeOf(record, topic);
    if (found) build(found);
    else toast("It is not in the log any more", "bad");
  }
  return h("div", { class: "message" }, button, body);
}

async function wholeOf(record, topic) {
  const query = new URLSearchParams({ topic, partition: record.partition, from: record.offset, count: 1, whole: 1 });
  const answer = await fetch(at(`/api/v1/messages?${query}`));
  const lines = (await answer.text()).trim().split("\n").map(parse);
  return lines.find((each) => each.record);
}

export function open(main) {
  let topics = [];
  let abort = null;
  let found = [];
  let filter = parameter("q");
  const area = h("div", {});
  main.append(area);
  if (!state.about.kafka) {
    fill(area, h("div", { class: "page-head" }, h("h1", {}, "Topics")), h("p", { class: "card empty" }, "Changes travel from database to database in this instance: there is no Kafka between. With --transport kafka --brokers HOST:PORT the topics and their messages are here."));
    return {};
  }
  const listOf = () => {
    const say = h("span", { class: "say" });
    const body = h("tbody", {});
    const draw = () => {
      const wanted = filter.toLowerCase();
      const shown = topics.filter((each) => each.name.toLowerCase().includes(wanted));
      fill(body, shown.slice(0, 600).map((each) => h("tr", { class: "pick", tabindex: "0", "data-row": "", onclick: () => pick(each.name), onkeydown: (event) => { if (event.key === "Enter") pick(each.name); } },
        h("td", {}, h("b", {}, each.name)), h("td", {}, each.tandem ? h("span", { class: "chip info" }, `${each.tandem.holds}${each.tandem.node ? ` of ${each.tandem.node}` : ""}`) : h("span", { class: "faint" }, "others’")), h("td", { class: "num" }, each.partitions), h("td", { class: "num" }, each.replication), h("td", { class: "num" }, count(each.records)), h("td", {}, each.out_of_sync ? h("span", { class: "chip bad" }, `${each.out_of_sync} out of sync`) : h("span", { class: "chip ok" }, "in sync")))));
      text(say, `${count(shown.length)} of ${count(topics.length)}`);
    };
    fill(area, h("div", { class: "page-head" }, h("h1", {}, "Topics"), h("span", { class: "grow" }), h("button", { type: "button", onclick: load }, "Look again")),
      h("section", { class: "card", "aria-label": "Topics" }, h("div", { class: "filters" }, h("input", { type: "search", placeholder: "Filter topics", "aria-label": "Filter topics", value: filter, oninput: (event) => { filter = event.target.value; setParameters({ q: filter }); draw(); } }), say),
        h("div", { class: "scroll-x", tabindex: "0" }, h("table", { class: "grid-table" }, h("thead", {}, h("tr", {}, [["Topic"], ["Holds"], ["Partitions", 1], ["Replicas", 1], ["Messages", 1], ["State"]].map(([each, right]) => h("th", { scope: "col", class: right ? "num" : "" }, each)))), body))));
    draw();
  };
  function pick(name) {
    setParameters({ topic: name, q: "" }, { replace: false });
    messages();
  }
  function messages() {
    const topic = parameter("topic");
    const list = h("div", {});
    const bar = h("progress", { max: 1, value: 0, "aria-label": "Searched" });
    const say = h("span", { class: "say", role: "status" });
    const mode = h("select", { "aria-label": "Where to begin", onchange: () => { where.hidden = mode.value === "newest" || mode.value === "oldest"; where.placeholder = { last: "how many before the end", offset: "offset", time: "2026-11-26T14:00Z" }[mode.value] ?? ""; } },
      [["newest", "newest first"], ["oldest", "oldest first"], ["time", "from a time"], ["offset", "from an offset"], ["last", "the last N"]].map(([key, shown]) => h("option", { value: key, selected: parameter("from", "newest") === key }, shown)));
    const where = h("input", { type: "text", "aria-label": "Time, offset or number", value: parameter("at"), hidden: !["last", "offset", "time"].includes(parameter("from")) });
    const search = h("input", { type: "search", placeholder: "Search key, value and headers (as grep -E)", "aria-label": "Search key, value and headers", value: parameter("search"), hidden: state.about.masked }); // it would tell what is hidden
    const most = h("select", { "aria-label": "How many" }, [50, 100, 200, 500].map((each) => h("option", { value: each, selected: parameter("count", "50") === String(each) }, `${each} messages`)));
    const go = h("button", { type: "submit", class: "primary" }, icon("search"), "Look");
    const stop = h("button", { type: "button", hidden: true, onclick: () => abort?.abort() }, "Stop");
    const hide = h("input", { type: "checkbox", checked: parameter("notes") !== "1", onchange: () => { setParameters({ notes: !hide.checked }); list.querySelectorAll("[data-note]").forEach((each) => { each.hidden = hide.checked; }); tellHidden(); } });
    const save = h("button", { type: "button", onclick: async () => {
      save.disabled = true;
      const whole = [];
      for (const each of found) whole.push(each.cut ? await wholeOf(each.record, topic).catch(() => null) ?? each : each);
      save.disabled = false;
      const lost = whole.filter((each) => each.cut).length;
      if (lost > 0) toast(`${count(lost)} messages are too long, or not in the log any more: their beginning is in the file`, "bad");
      const link = h("a", { href: URL.createObjectURL(new Blob([whole.map((each) => stringify(each.record)).join("\n")], { type: "application/x-ndjson" })), download: `${topic}.ndjson`, "data-outside": "" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    } }, "Download");
    const about = h("div", { class: "muted" });
    const hiddenSay = h("p", { class: "muted detail", hidden: true });
    const tellHidden = () => {
      const notes = list.querySelectorAll("[data-note]").length;
      if (hide.checked && notes > 0 && notes === found.length) { // an empty list would say less
        list.querySelectorAll("[data-note]").forEach((each) => { each.hidden = false; });
        hiddenSay.hidden = false;
        text(hiddenSay, `All ${count(notes)} are tombstones and notes.`);
        return;
      }
      hiddenSay.hidden = !hide.checked || notes === 0;
      text(hiddenSay, `${count(notes)} of ${count(found.length)} are tombstones and notes, and hidden.`);
    };
    const form = h("form", { class: "filters", onsubmit: (event) => { event.preventDefault(); run(); } }, search, mode, where, most, go, stop, save, h("label", { class: "row muted" }, hide, "hide tombstones and notes"));
    fill(area, h("div", { class: "page-head" }, h("h1", {}, h("a", { href: "/topics", onclick: (event) => { event.preventDefault(); event.stopPropagation(); setParameters({ topic: "", search: "", from: "", at: "", count: "", notes: "" }, { replace: false }); abort?.abort(); listOf(); load(); } }, "Topics"), ` / ${topic}`), about),
      h("section", { class: "card", "aria-label": `Messages of ${topic}` }, form, bar, h("div", { class: "filters" }, say), hiddenSay, list));
    getJson(`/api/v1/topic?name=${encodeURIComponent(topic)}`).then((told) => text(about, `${told.partitions} partitions, ${count(told.records)} messages${told.stream ? `, stream of node ${told.stream.stream}` : ""}`), (failed) => text(about, failed.message));
    async function run() {
      abort?.abort();
      const mine = new AbortController();
      abort = mine;
      found = [];
      fill(list);
      const place = { newest: "newest", oldest: "oldest", last: `-${where.value || 50}`, offset: where.value || "0", time: `@${where.value}` }[mode.value];
      setParameters({ from: mode.value === "newest" ? "" : mode.value, at: where.hidden ? "" : where.value, search: search.value, count: most.value === "50" ? "" : most.value });
      const query = new URLSearchParams({ topic, from: place, count: most.value });
      if (search.value) query.set("search", search.value);
      stop.hidden = false;
      const began = performance.now();
      const passed = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
      let ended = null;
      try {
        const answer = await fetch(at(`/api/v1/messages?${query}`), { signal: mine.signal });
        if (!answer.ok) throw new Error((await answer.json()).message);
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = "";
        for (;;) {
          const { value, done } = await reader.read();
          if (done) break;
          const lines = (rest + value).split("\n");
          rest = lines.pop();
          for (const line of lines) {
            const told = parse(line);
            if (told.record) {
              found.push(told);
              const row = messageRow(told, topic);
              if (kindOf(told) === "tombstone") {
                row.dataset.note = "";
                row.hidden = hide.checked;
              }
              list.append(row);
            } else if (told.progress) {
              const of = told.progress;
              bar.max = Math.max(of.all, 1);
              bar.value = of.ended ? bar.max : of.read;
              ended = of;
              text(say, `${count(of.shown)} found, ${count(of.read)} of ${count(of.all)} read, ${passed()}`);
            } else if (told.remark) {
              list.append(h("p", { class: "notice warn" }, told.remark));
            } else if (told.error) {
              list.append(h("p", { class: "notice bad" }, told.error));
            }
          }
        }
      } catch (failed) {
        if (failed.name === "AbortError") text(say, `Stopped: ${count(ended?.shown ?? found.length)} found, ${count(ended?.read ?? 0)} of ${count(ended?.all ?? 0)} read, ${passed()}`);
        else list.append(h("p", { class: "notice bad" }, failed.message));
      }
      if (abort !== mine) return; // another one shows its own
      stop.hidden = true;
      tellHidden();
      if (found.length === 0 && list.childElementCount === 0) list.append(h("p", { class: "empty" }, "No message found."));
    }
    run();
  }
  async function load() {
    try {
      topics = (await getJson("/api/v1/topics")).topics;
      if (!parameter("topic")) listOf();
    } catch (failed) {
      fill(area, h("div", { class: "page-head" }, h("h1", {}, "Topics")), h("p", { class: "notice bad" }, failed.message));
    }
  }
  const route = () => {
    if (parameter("topic")) messages();
    else { abort?.abort(); listOf(); load(); }
  };
  route();
  return { route, leave() { abort?.abort(); } };
}
