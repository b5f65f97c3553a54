// What lost against a newer version of its row, both versions side by side, and putting the lost one back.
import { h, fill, text, toast, confirmTyped, cls } from "../dom.js";
import { show, same, keyText, stringify } from "../exact.js";
import { count } from "../format.js";
import { getRows, postJson, state, at } from "../state.js";
import { parameter, setParameters } from "../route.js";

const page = 200;
const cellMost = 2000; // characters
const cell = (value) => (value === null ? h("span", { class: "faint" }, "null") : ((all) => (all.length > cellMost ? `${all.slice(0, cellMost)}…` : all))(show(value)));

function versions(of) {
  const existing = of.existing ?? {};
  const incoming = of.incoming ?? {};
  const keptIsIncoming = of.winner === of.incoming_node;
  const kept = of.winner === "" ? null : keptIsIncoming ? of.incoming : of.existing;
  const names = [...new Set([...Object.keys(existing), ...Object.keys(incoming)])];
  const head = (title, node, at, row) => h("th", { scope: "col" }, title, node && ` · node ${node}`, h("div", { class: "faint" }, at ?? "time not known any more"), row === null && h("div", { class: "up" }, "no row"));
  return h("div", { class: "scroll-x", tabindex: "0" }, h("table", { class: "versions" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "column"), head("Was there", of.existing_node, of.existing_at, of.existing), head("Came", of.incoming_node, of.incoming_at, of.incoming), h("th", { scope: "col" }, "Kept", h("div", { class: "faint" }, of.winner ? `node ${of.winner} wins` : "to be decided")))),
    h("tbody", {}, names.map((name) => {
      const differs = of.existing !== null && of.incoming !== null && !same(existing[name], incoming[name]);
      return h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: differs ? "differs" : "" }, cell(existing[name])), h("td", { class: differs ? "differs" : "" }, cell(incoming[name])), h("td", { class: differs && kept ? "kept" : "" }, kept ? cell(kept[name]) : kept === null && of.winner ? "deleted" : "–"));
    }))));
}

export function open(main) {
  let all = [];
  let more = false; // there are older ones
  let linked = null; // one that the address names and the list has not
  let chosen = parameter("id");
  let tab = parameter("tab", "conflicts");
  let seen = null; // how many there were at the last look
  const filter = { table: parameter("table"), type: parameter("type") };
  const done = new Map(); // what was put back from this page
  const listBody = h("div", {});
  const detail = h("section", { class: "card", "aria-label": "The conflict" });
  const say = h("span", { class: "say" });
  const fresh = h("button", { type: "button", hidden: true, onclick: () => load() });
  const types = h("select", { "aria-label": "Type", onchange: (event) => { filter.type = event.target.value; setParameters({ type: filter.type }); load(); } });
  const search = h("input", { type: "search", placeholder: "Table", "aria-label": "Table", value: filter.table, onchange: (event) => { filter.table = event.target.value; setParameters({ table: filter.table }); load(); } });
  const tabs = h("div", { class: "segments", role: "group", "aria-label": "What is shown" }, [["conflicts", "Conflicts"], ["parked", "Parked"]].map(([key, shown]) =>
    h("button", { type: "button", "aria-pressed": tab === key, onclick: (event) => { tab = key; setParameters({ tab: key === "conflicts" ? "" : key }); for (const each of tabs.children) each.setAttribute("aria-pressed", each === event.target); layout(); load(); } }, shown)));
  const area = h("div", {});
  main.append(h("div", { class: "page-head" }, h("h1", {}, "Conflicts"), tabs, h("span", { class: "grow" }), fresh), area);
  const names = ["insert_exists", "update_origin_differs", "update_missing", "update_exists", "update_deleted", "delete_origin_differs", "truncate_origin_differs", "multiple_unique_conflicts", "foreign_key_missing"];
  fill(types, h("option", { value: "" }, "any type"), names.map((name) => h("option", { value: name, selected: filter.type === name }, name)));

  function layout() {
    if (tab === "conflicts") {
      fill(area, h("div", { class: "split" }, h("section", { class: "card", "aria-label": "Conflicts, the newest first" }, h("div", { class: "filters" }, search, types, say), listBody), detail));
    } else {
      fill(area, h("section", { class: "card", "aria-label": "Parked changes" }, h("div", { class: "scroll-x", tabindex: "0" }, listBody)));
    }
  }
  function drawList() {
    text(say, `${count(all.length)}${more ? " newest" : ""}`);
    if (all.length === 0) {
      fill(listBody, h("p", { class: "empty" }, "No conflict. Where both nodes write the same row before they have heard of each other, the version that lost is kept here."));
      fill(detail);
      detail.hidden = true;
      return;
    }
    detail.hidden = false;
    fill(listBody, h("div", { class: "picks" }, all.map((each) => h("button", { class: "pick-row", type: "button", "data-row": "", "aria-current": each.conflict === chosen, onclick: () => choose(each.conflict) },
      h("span", { class: "pick-main" }, h("b", {}, each.schema === "public" ? each.table : `${each.schema}.${each.table}`), h("code", { class: "muted" }, keyText(each.key))),
      h("span", {}, done.has(each.conflict) ? h("span", { class: "chip ok" }, "put back") : h("span", { class: "chip" }, each.winner ? `${each.winner} won` : "undecided")),
      h("span", { class: "pick-sub" }, each.type.replaceAll("_", " ")),
      h("span", { class: "pick-sub num" }, each.at.slice(0, 19))))),
    more && h("div", { class: "row detail" }, h("button", { type: "button", onclick: older }, "Older ones")));
  }
  function choose(id) {
    chosen = id;
    setParameters({ id });
    [...listBody.querySelectorAll("[data-row]")].forEach((each, at) => each.setAttribute("aria-current", String(all[at]?.conflict === id)));
    drawDetail();
  }
  const named = () => (linked?.conflict === chosen ? linked : all.find((each) => each.conflict === chosen));
  async function drawDetail() {
    let of = named();
    if (!of && !chosen) return;
    if (!of || (of.cut && !of.looked)) { // of the list, where long values are cut shorter
      const asked = chosen;
      try {
        const found = (await getRows(`/api/v1/conflicts?conflict=${encodeURIComponent(asked)}`)).conflicts[0];
        if (asked !== chosen) return;
        if (!found) {
          detail.hidden = false;
          fill(detail, h("p", { class: "notice warn", role: "status" }, `There is no conflict ${asked}, or not any more.`));
          return;
        }
        found.looked = true;
        of = found;
        const place = all.findIndex((each) => each.conflict === asked);
        if (place >= 0) all[place] = found;
        else linked = found;
      } catch (failed) {
        detail.hidden = false;
        fill(detail, h("p", { class: "notice bad" }, failed.message));
        return;
      }
    }
    detail.hidden = false;
    const said = done.get(of.conflict);
    const restore = h("button", { class: "danger", type: "button", disabled: state.about.read_only, onclick: () => putBack(of) }, "Put the lost version back …");
    fill(detail, h("div", { class: "card-head" }, h("h2", {}, `${of.schema}.${of.table}`), h("code", { class: "muted" }, keyText(of.key)), h("span", { class: "grow" }), h("span", { class: "chip warn" }, of.type)),
      versions(of),
      h("div", { class: "detail" },
        said && h("p", { class: "notice ok", role: "status" }, said),
        of.about && h("p", { class: "notice warn" }, stringify(of.about)),
        of.cut && h("p", { class: "notice warn" }, "Long values are cut. ", h("a", { href: at(`/api/v1/conflicts?conflict=${encodeURIComponent(of.conflict)}&whole=1`), download: `conflict-${of.conflict.replace(":", "-")}.json`, "data-outside": "" }, "Download both versions whole"), "."),
        h("p", { class: "muted" }, `Policy ${of.policy}. Decided at ${of.at}, where node ${of.conflict.split(":")[0]} is written. Position of the change that came: `, h("code", {}, of.position || "not known"), "."),
        h("div", { class: "row" }, restore, state.about.read_only && h("span", { class: "muted" }, "This console is read-only."), h("code", { class: "faint" }, `tandem conflict show ${of.conflict}`))));
  }
  async function putBack(of) {
    const lost = of.winner === of.incoming_node ? of.existing_node : of.incoming_node;
    const yes = await confirmTyped({ title: "Put back", word: "restore", command: `tandem conflict restore ${of.conflict} --yes`, explain: `The version of node ${lost || "?"} is written over what is there now, as a new change that all nodes get.` });
    if (!yes) return;
    try {
      const told = await postJson("/api/v1/conflicts/restore", { conflict: of.conflict });
      done.set(of.conflict, told.done);
      toast(told.done, "ok");
    } catch (failed) {
      toast(failed.message, "bad");
    }
    drawList();
    drawDetail();
  }
  async function loadConflicts() {
    const told = await asked({});
    all = told.conflicts;
    more = all.length === page;
    if (!chosen) chosen = all[0]?.conflict ?? "";
    drawList();
    await drawDetail();
  }
  function asked(besides) {
    const query = new URLSearchParams({ limit: String(page), ...besides });
    if (filter.table) query.set("table", filter.table);
    if (filter.type) query.set("type", filter.type);
    return getRows(`/api/v1/conflicts?${query}`);
  }
  async function older() {
    try {
      const told = await asked({ before: all.at(-1).conflict });
      all.push(...told.conflicts);
      more = told.conflicts.length === page;
      drawList();
    } catch (failed) {
      toast(failed.message, "bad");
    }
  }
  async function decide(word, choice) {
    const of = choice.key === undefined ? "" : ` --key '${choice.key.replaceAll("'", "'\\''")}'`;
    const yes = word === "retry" || await confirmTyped({ title: "Give up", word: "drop", command: `tandem parked drop --direction ${choice.direction} --table ${choice.table}${of} --yes`, explain: "What is parked is not applied; it goes into the log of conflicts, from where it can be put back." });
    if (!yes) return;
    try {
      const told = await postJson(`/api/v1/parked/${word}`, choice);
      const outcomes = told.outcomes?.outcomes ?? told.outcomes ?? [];
      toast(Array.isArray(outcomes) && outcomes.length > 0 ? outcomes.map((each) => `${each.table}${each.key ? ` ${keyText(each.key)}` : ""}: ${each.state ?? each.outcome}${each.reason ? `, ${each.reason}` : ""}`).join("; ") : "nothing was parked there", "ok");
    } catch (failed) {
      toast(failed.message, "bad");
    }
    load();
  }
  async function loadParked() {
    const told = await getRows("/api/v1/parked");
    const found = told.parked;
    if (found.length === 0) {
      fill(listBody, h("p", { class: "empty" }, "Nothing is parked. A change that its node refuses waits here with the sentence of the server, while all others go on."));
      return;
    }
    fill(listBody, told.all > found.length && h("p", { class: "notice warn" }, `The first ${count(found.length)} of ${count(told.all)} are shown.`), h("table", { class: "grid-table" }, h("thead", {}, h("tr", {}, ["Direction", "Row", "Change", "Why", "Since", ""].map((each) => h("th", { scope: "col" }, each)))),
      h("tbody", {}, found.map((each) => {
        const direction = each.direction ?? `${each.source}:${each.target}`;
        const table = each.table ?? "";
        // A change and what waits behind it; of the whole table, or of its key.
        const choice = each.whole_table || !each.key ? { direction, table } : { direction, table, key: stringify(each.key) };
        const off = state.about.read_only || each.key_hidden;
        return h("tr", { "data-row": "", tabindex: "-1" }, h("td", { class: "nowrap" }, direction.replace(":", " → ")), h("td", {}, table, h("div", { class: "muted mono" }, each.key ? keyText(each.key) : "the whole table")), h("td", {}, each.operation), h("td", {}, h("code", {}, each.sqlstate), " ", each.error, each.cure && h("div", { class: "muted" }, each.cure)), h("td", { class: "nowrap" }, String(each.since ?? "").slice(0, 19)),
          h("td", {}, h("div", { class: "row" }, h("button", { type: "button", disabled: off, onclick: () => decide("retry", choice) }, "Retry"), h("button", { type: "button", class: "danger", disabled: off, onclick: () => decide("drop", choice) }, "Give up …"))));
      }))));
  }
  async function load() {
    fresh.hidden = true;
    seen = state.sample ? total() : null;
    try {
      await (tab === "conflicts" ? loadConflicts() : loadParked());
    } catch (failed) {
      fill(listBody, h("p", { class: "notice bad" }, failed.message));
    }
  }
  const total = () => Object.values(state.sample?.status.directions ?? {}).reduce((sum, each) => sum + (tab === "conflicts" ? each.conflicts : each.parked_now), 0);
  layout();
  load();
  return {
    update() {
      seen ??= total();
      const more = total() - seen;
      fresh.hidden = more <= 0;
      text(fresh, `${count(more)} new: show`);
      cls(fresh, "primary");
    },
    key(event) { if (event.key === "r") load(); },
  };
}
