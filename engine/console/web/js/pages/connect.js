// Connectors of a worker: what runs, its form and its JSON side by side, checked by the worker itself.
import { h, text, fill, toast, confirmTyped } from "../dom.js";
import { getJson, postJson, state, at } from "../state.js";
import { parameter, setParameters } from "../route.js";

const level = (name) => ({ RUNNING: "ok", PAUSED: "info", STOPPED: "info", FAILED: "bad", UNASSIGNED: "warn", RESTARTING: "warn" }[name] ?? "warn");
// The worst of a connector and its tasks: "running" with a failed task is not running.
const worst = (status) => {
  const all = [status.connector.state, ...status.tasks.map((each) => each.state)];
  return all.find((each) => each === "FAILED") ?? all.find((each) => each !== status.connector.state) ?? status.connector.state;
};
const order = (config) => Object.fromEntries(Object.entries(config).sort(([a], [b]) => (a === "connector.class" ? -1 : b === "connector.class" ? 1 : a.localeCompare(b))));

export function open(main) {
  const area = h("div", {});
  main.append(area);
  let timer = null;
  if (state.about.mode !== "connect") {
    fill(area, h("div", { class: "page-head" }, h("h1", {}, "Connect")),
      h("div", { class: "card empty" }, h("p", {}, "This instance keeps the databases in sync by itself and has no connectors."), h("br", {}), h("p", {}, "tandem connect serves Kafka Connect's REST interface and runs Debezium's and the JDBC sink's configurations without a JVM; its connectors are on this page, at its own address.")));
    return {};
  }
  async function list() {
    let told;
    try {
      told = await getJson("/connectors?expand=status&expand=info");
    } catch (failed) {
      fill(area, h("p", { class: "notice bad" }, failed.message));
      return;
    }
    const names = Object.keys(told).sort();
    fill(area, h("div", { class: "page-head" }, h("h1", {}, "Connectors"), h("span", { class: "grow" }), h("button", { class: "primary", type: "button", disabled: state.about.read_only, onclick: () => show("") }, "New connector")),
      names.length === 0 ? h("p", { class: "card empty" }, "No connector yet. A configuration for Debezium's PostgreSQL source or its JDBC sink, as Kafka Connect takes it, is enough.") :
        h("section", { class: "card", "aria-label": "Connectors" }, h("div", { class: "scroll-x", tabindex: "0" }, h("table", { class: "grid-table" }, h("thead", {}, h("tr", {}, ["Connector", "Class", "State", "Tasks", "Where"].map((each) => h("th", { scope: "col" }, each)))),
          h("tbody", {}, names.map((name) => {
            const { status, info } = told[name];
            const running = status.tasks.filter((each) => each.state === "RUNNING").length;
            return h("tr", { class: "pick", tabindex: "0", "data-row": "", onclick: () => show(name), onkeydown: (event) => { if (event.key === "Enter") show(name); } },
              h("td", {}, h("b", {}, name), h("div", { class: "faint" }, info.type)), h("td", { class: "muted" }, (info.config["connector.class"] ?? "").split(".").at(-1)), h("td", {}, h("span", { class: `chip ${level(worst(status))}` }, worst(status).toLowerCase())), h("td", {}, `${running} of ${status.tasks.length} running`), h("td", { class: "mono muted" }, status.connector.worker_id));
          }))))));
  }
  function show(name) {
    setParameters({ connector: name, new: name === "" }, { replace: false });
    edit(name);
  }
  async function edit(name) {
    clearInterval(timer);
    const running = name ? await getJson(`/connectors/${encodeURIComponent(name)}/config`) : { "connector.class": "io.debezium.connector.postgresql.PostgresConnector", name: "" };
    const json = h("textarea", { rows: 24, spellcheck: "false", "aria-label": "Configuration as JSON", value: JSON.stringify(order(running), null, 2) });
    const jsonWrong = h("p", { class: "wrong", role: "alert", hidden: true });
    const nameField = h("input", { type: "text", "aria-label": "Name", value: name, disabled: name !== "" });
    const form = h("div", { class: "form-grid" });
    const difference = h("div", {});
    const tasks = h("div", {});
    const verdict = h("span", { class: "chip" }, "not checked");
    const apply = h("button", { class: "primary", type: "button", disabled: state.about.read_only, onclick: save }, name ? "Apply" : "Create");
    let fields = new Map();
    let plugin = "";
    const config = () => {
      try {
        const read = JSON.parse(json.value);
        jsonWrong.hidden = true;
        const flat = read.config && typeof read.config === "object" ? read.config : read;
        return Object.fromEntries(Object.entries(flat).map(([key, each]) => [key, typeof each === "string" ? each : JSON.stringify(each)]));
      } catch (failed) {
        jsonWrong.hidden = false;
        text(jsonWrong, `No JSON: ${failed.message}`);
        return null;
      }
    };
    function showDifference(now) {
      if (!name) return;
      const all = [...new Set([...Object.keys(running), ...Object.keys(now)])].filter((key) => running[key] !== now[key]);
      fill(difference, all.length > 0 && [h("h3", {}, "Against what runs"), h("table", { class: "versions" }, h("thead", {}, h("tr", {}, ["key", "runs", "new"].map((each) => h("th", { scope: "col" }, each)))), h("tbody", {}, all.map((key) => h("tr", {}, h("th", { scope: "row" }, key), h("td", { class: "differs" }, running[key] ?? "–"), h("td", { class: "kept" }, now[key] ?? "–")))))]);
    }
    function setKey(key, wanted) {
      const now = config();
      if (!now) return;
      if (wanted === "") delete now[key];
      else now[key] = wanted;
      json.value = JSON.stringify(order(now), null, 2);
      check();
    }
    async function loadForm(className) {
      plugin = className;
      fields = new Map();
      fill(form, h("p", { class: "muted" }, "Loading …"));
      let definitions = [];
      try {
        definitions = await getJson(`/connector-plugins/${encodeURIComponent(className.split(".").at(-1))}/config`);
      } catch (failed) {
        fill(form, h("p", { class: "notice bad" }, failed.message));
        return;
      }
      const groups = Map.groupBy ? Map.groupBy(definitions, (each) => each.group || "Other") : definitions.reduce((made, each) => made.set(each.group || "Other", [...(made.get(each.group || "Other") ?? []), each]), new Map());
      fill(form, [...groups].map(([group, members], number) => h("details", { open: number < 2 }, h("summary", {}, h("b", {}, group), h("span", { class: "faint" }, ` ${members.length}`)),
        h("div", { class: "form-grid" }, members.map((each) => {
          const input = h("input", { type: each.type === "PASSWORD" ? "password" : "text", autocomplete: "off", placeholder: each.default_value ?? "", "data-key": each.name, onchange: (event) => setKey(each.name, event.target.value) });
          const wrong = h("span", { class: "wrong", role: "alert", hidden: true });
          fields.set(each.name, { input, wrong });
          return h("label", { class: "field" }, h("span", {}, h("b", {}, each.display_name || each.name), h("code", { class: "faint" }, ` ${each.name}`), each.required && h("span", { class: "up" }, " required")), input, wrong, h("span", { class: "faint" }, (each.documentation ?? "").slice(0, 240)));
        })))));
    }
    let checking = 0;
    async function check() {
      const now = config();
      if (!now) return;
      showDifference(now);
      const className = now["connector.class"] ?? "";
      if (className && className !== plugin) await loadForm(className);
      for (const [key, { input }] of fields) if (document.activeElement !== input) input.value = now[key] ?? "";
      checking += 1;
      const mine = checking;
      try {
        const told = await postJson(`/connector-plugins/${encodeURIComponent(className.split(".").at(-1))}/config/validate`, { ...now, name: nameField.value || now.name || "new" }, "PUT");
        if (mine !== checking) return;
        text(verdict, told.error_count === 0 ? "valid" : `${told.error_count} to correct`);
        verdict.setAttribute("class", `chip ${told.error_count === 0 ? "ok" : "bad"}`);
        for (const { wrong } of fields.values()) wrong.hidden = true;
        const others = [];
        for (const each of told.configs) {
          if (each.value.errors.length === 0) continue;
          const field = fields.get(each.value.name);
          if (!field) {
            others.push(`${each.value.name}: ${each.value.errors.join(" ")}`);
            continue;
          }
          field.wrong.hidden = false;
          text(field.wrong, [...new Set(each.value.errors)].join(" "));
          field.input.closest("details")?.setAttribute("open", "");
        }
        jsonWrong.hidden = others.length === 0;
        text(jsonWrong, others.join("\n"));
      } catch (failed) {
        if (mine === checking) {
          text(verdict, failed.message.slice(0, 120));
          verdict.setAttribute("class", "chip bad");
        }
      }
    }
    async function save() {
      const now = config();
      if (!now) return;
      const wanted = name || nameField.value.trim() || now.name;
      if (!wanted) {
        toast("The connector needs a name", "bad");
        nameField.focus();
        return;
      }
      try {
        await postJson(`/connectors/${encodeURIComponent(wanted)}/config`, { ...now, name: wanted }, "PUT");
        toast(name ? "Applied" : "Created", "ok");
        show(wanted);
      } catch (failed) {
        jsonWrong.hidden = false;
        text(jsonWrong, failed.message);
        toast(failed.message, "bad");
        check();
      }
    }
    async function act(path, method) {
      try {
        const answer = await fetch(at(`/connectors/${encodeURIComponent(name)}${path}`), { method, headers: { "Content-Type": "application/json" } });
        if (!answer.ok) throw new Error((await answer.json()).message);
        toast(`${path.replace(/[/?].*$/, "").replace("/", "") || path.slice(1).split("?")[0]} asked for at ${new Date().toLocaleTimeString()}`, "ok");
        tellTasks();
      } catch (failed) {
        toast(failed.message, "bad");
      }
    }
    async function remove() {
      if (!await confirmTyped({ title: "Delete", word: name, command: `tandem connector delete ${name}`, explain: "The connector is stopped and forgotten. Its slot and its topics stay." })) return;
      await fetch(at(`/connectors/${encodeURIComponent(name)}`), { method: "DELETE" });
      back();
    }
    const back = () => { clearInterval(timer); setParameters({ connector: "", new: "" }, { replace: false }); list(); };
    async function tellTasks() {
      const told = await getJson(`/connectors/${encodeURIComponent(name)}/status`).catch(() => null);
      if (!told) return;
      fill(tasks, h("div", { class: "row" }, h("span", { class: `chip ${level(told.connector.state)}` }, `connector ${told.connector.state.toLowerCase()}`), told.tasks.map((each) => h("span", { class: `chip ${level(each.state)}` }, `task ${each.id} ${each.state.toLowerCase()}`))),
        [told.connector, ...told.tasks].filter((each) => each.trace).map((each) => h("details", { open: true }, h("summary", {}, each.id === undefined ? "Why the connector failed" : `Why task ${each.id} failed`), h("pre", { class: "code", tabindex: "0" }, each.trace))));
    }
    json.addEventListener("input", () => { clearTimeout(json.timer); json.timer = setTimeout(check, 400); });
    const may = !state.about.read_only;
    fill(area, h("div", { class: "page-head" }, h("h1", {}, h("a", { href: "/connect", onclick: (event) => { event.preventDefault(); event.stopPropagation(); back(); } }, "Connectors"), ` / ${name || "new"}`), verdict, h("span", { class: "grow" }),
      name && may && [["/pause", "PUT", "Pause"], ["/resume", "PUT", "Resume"], ["/stop", "PUT", "Stop"], ["/restart?includeTasks=true&onlyFailed=true", "POST", "Restart what failed"]].map(([path, method, shown]) => h("button", { type: "button", onclick: () => act(path, method) }, shown)),
      name && may && h("button", { class: "danger", type: "button", onclick: remove }, "Delete …"), apply),
    name && h("section", { class: "card detail", "aria-label": "Tasks" }, tasks), h("br", {}),
    h("div", { class: "split" },
      h("section", { class: "card detail", "aria-label": "Form" }, !name && h("label", { class: "field" }, "Name", nameField), form),
      h("section", { class: "card detail", "aria-label": "JSON" }, h("h2", {}, "As JSON"), json, jsonWrong, difference)));
    await check();
    if (name) {
      tellTasks();
      timer = setInterval(tellTasks, 2000);
    }
  }
  const route = () => {
    clearInterval(timer);
    const wanted = parameter("connector");
    if (wanted || parameter("new")) edit(wanted).catch((failed) => fill(area, h("p", { class: "notice bad" }, failed.message)));
    else list();
  };
  route();
  return { route, leave() { clearInterval(timer); } };
}
