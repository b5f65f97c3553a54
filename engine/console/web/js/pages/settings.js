// What is in force and where it came from; what doctor says.
import { h, fill, text } from "../dom.js";
import { getJson, postJson, state } from "../state.js";
import { clock } from "../format.js";
import { parameter, setParameters } from "../route.js";

export function open(main) {
  let all = [];
  let filter = parameter("q");
  let given = parameter("given") === "1";
  const body = h("tbody", {});
  const say = h("span", { class: "say" });
  const findings = h("div", {});
  const search = h("input", { type: "search", placeholder: "Filter settings", "aria-label": "Filter settings", value: filter, oninput: (event) => { filter = event.target.value; setParameters({ q: filter }); draw(); } });
  const onlyGiven = h("input", { type: "checkbox", checked: given, onchange: (event) => { given = event.target.checked; setParameters({ given }); draw(); } });
  const utc = h("input", { type: "checkbox", checked: clock.utc, onchange: (event) => { clock.utc = event.target.checked; } });
  const run = h("button", { type: "button", onclick: doctor }, "Run doctor");
  main.append(h("div", { class: "page-head" }, h("h1", {}, "Settings"), h("span", { class: "chip" }, `tandem ${state.about.version}`), state.about.read_only && h("span", { class: "chip info" }, "read-only"), h("span", { class: "grow" }), h("label", { class: "row" }, utc, "times in UTC"), run),
    findings,
    h("section", { class: "card", "aria-label": "Settings in force" },
      h("div", { class: "filters" }, search, h("label", { class: "row muted" }, onlyGiven, "only what was given"), say),
      h("div", { class: "scroll-x", tabindex: "0" }, h("table", { class: "grid-table" }, h("thead", {}, h("tr", {}, ["Setting", "Value", "From", "What it is"].map((each) => h("th", { scope: "col" }, each)))), body))));

  // Help ends with its default: "… Default: 4MiB."
  const defaultOf = (help) => help.match(/Default: (.*?)\.$/s)?.[1] ?? (help.includes("No default") ? "–" : "");
  function draw() {
    const wanted = filter.toLowerCase();
    const shown = all.filter((each) => (!given || each.values.length > 0) && (!wanted || `${each.name} ${each.help}`.toLowerCase().includes(wanted)));
    fill(body, shown.map((each) => h("tr", {},
      h("td", {}, h("code", {}, each.name), h("div", { class: "faint" }, each.group)),
      h("td", { class: "mono" }, canSet(each) ? setter(each) : each.values.length > 0 ? each.values.map((value) => h("div", {}, value.text)) : h("span", { class: "muted" }, defaultOf(each.help))),
      h("td", {}, each.values.length > 0 ? h("span", { class: "chip info" }, each.values[0].from) : h("span", { class: "chip" }, "default")),
      h("td", { class: "muted" }, each.help))));
    text(say, `${shown.length} of ${all.length}`);
  }
  const canSet = (each) => each.tunable && !state.about.read_only;
  // Taken by the running instance at once, until its next start.
  function setter(each) {
    const value = each.values[0]?.text ?? defaultOf(each.help).replace(/ .*/, "");
    const input = h("input", { type: "text", value, size: 10, "aria-label": each.name, spellcheck: "false" });
    const button = h("button", { class: "quiet", type: "submit" }, "Set");
    const wrong = h("div", { class: "say bad", role: "alert" });
    return h("form", { class: "row", onsubmit: async (event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        all = (await postJson("/api/v1/settings", { name: each.name, value: input.value.trim() })).settings;
        draw();
        text(say, `${each.name} is set until the next start`);
      } catch (failed) {
        text(wrong, failed.message);
        button.disabled = false;
      }
    } }, input, button, wrong);
  }
  async function doctor() {
    run.disabled = true;
    text(run, "Looking …");
    try {
      const told = await getJson("/api/v1/doctor");
      const level = { ok: "ok", info: "info", warning: "warn", error: "bad" };
      const order = { error: 0, warning: 1, info: 2, ok: 3 };
      fill(findings, h("section", { class: "card", "aria-label": "Doctor" }, h("div", { class: "card-head" }, h("h2", {}, "Doctor"), h("span", { class: `chip ${told.ok ? "ok" : "bad"}` }, told.ok ? "all requirements are met" : "something is missing"), h("span", { class: "grow" }), h("button", { class: "quiet", type: "button", onclick: () => fill(findings) }, "Close")),
        h("div", { class: "scroll-x", tabindex: "0" }, h("table", { class: "grid-table" }, h("thead", {}, h("tr", {}, ["", "Node", "Condition", "Required", "Now", "Cure"].map((each) => h("th", { scope: "col" }, each)))),
          h("tbody", {}, [...told.findings].sort((a, b) => order[a.severity] - order[b.severity]).map((each) => h("tr", {}, h("td", {}, h("span", { class: `chip ${level[each.severity] ?? ""}` }, each.severity)), h("td", {}, each.node), h("td", {}, each.condition), h("td", {}, each.required), h("td", {}, each.current), h("td", { class: "muted" }, each.cure))))))), h("br", {}));
    } catch (failed) {
      fill(findings, h("p", { class: "notice bad" }, failed.message), h("br", {}));
    }
    run.disabled = false;
    text(run, "Run doctor");
  }
  getJson("/api/v1/settings").then((told) => { all = told.settings; draw(); }, (failed) => fill(body, h("tr", {}, h("td", { colspan: 4 }, failed.message))));
  return {};
}
