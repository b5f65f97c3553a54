// What every page shares: the instance's state as the server tells it once a second, and an hour of it.
import { parse } from "./exact.js";

const listeners = new Set();

export const state = {
  about: { version: "", mode: "run", read_only: false, kafka: false },
  sample: null, // {number, at, status, health, newest}
  connected: false,
  history: { seconds: [], directions: {}, nodes: {} },
};

export const directionNames = () => Object.keys(state.sample?.status.directions ?? state.history.directions);
export const nodeNames = () => Object.keys(state.sample?.status.nodes ?? state.history.nodes);

export function onSample(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
function tell() {
  for (const each of listeners) each(state);
}

// The page's own address may hold a name and a password, which no request may.
export const at = (path) => new URL(path, location.origin).href;

async function ask(path, options, read) {
  const answer = await fetch(at(path), { headers: { Accept: "application/json" }, ...options });
  let body = null;
  try { body = read(await answer.text()); } catch { /* said below */ }
  if (!answer.ok) throw Object.assign(new Error(body?.message ?? `${answer.status} ${answer.statusText}`), { status: answer.status });
  return body;
}
export const getJson = (path, options) => ask(path, options, JSON.parse);
// Of rows: see exact.js.
export const getRows = (path) => ask(path, {}, parse);
export function postJson(path, body, method = "POST") {
  return getJson(path, {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

const hour = 3600;
function keep(newest) {
  const past = state.history;
  if (!newest || past.seconds.at(-1) >= newest.at) return;
  past.seconds.push(newest.at);
  const columns = (into, from) => {
    for (const [name, figures] of Object.entries(from)) {
      into[name] ??= {};
      for (const [figure, value] of Object.entries(figures)) {
        into[name][figure] ??= new Array(past.seconds.length - 1).fill(null);
        into[name][figure].push(value);
      }
    }
  };
  columns(past.directions, newest.directions);
  columns(past.nodes, newest.nodes);
  if (past.seconds.length > hour) {
    past.seconds.shift();
    for (const all of [past.directions, past.nodes])
      for (const figures of Object.values(all)) for (const column of Object.values(figures)) column.shift();
  }
}

async function loadHistory() {
  state.history = await getJson("/api/v1/history");
}

// One stream for everything: a browser has six connections to a server, for all its tabs. A page that nobody sees (in another
// tab, or kept by the browser for the way back) has none; what it misses comes from the server's own hour.
let source = null;
let changesListener = null;
let lastNumber = 0;
let lastTopics = "";
let again = null; // a browser gives up where the answer is an error
const patience = 2000;

async function takeSample(event) {
  const sample = JSON.parse(event.data);
  const gap = lastNumber !== 0 && sample.number !== lastNumber + 1; // or another instance
  lastNumber = sample.number;
  if (gap) await loadHistory();
  state.sample = sample;
  state.connected = true;
  keep(sample.newest);
  tell();
}

function tune() {
  const seen = document.visibilityState === "visible";
  const topics = !seen ? "" : changesListener ? "stats,changes" : "stats";
  if (topics === lastTopics) return;
  lastTopics = topics;
  clearTimeout(again);
  source?.close();
  source = null;
  if (topics === "") return;
  source = new EventSource(at(`/api/v1/stream?topics=${topics}`));
  source.addEventListener("sample", takeSample);
  source.addEventListener("changes", (event) => changesListener?.(JSON.parse(event.data)));
  source.addEventListener("error", (event) => {
    if (event.target === source && source.readyState === EventSource.CLOSED) {
      clearTimeout(again);
      again = setTimeout(() => { lastTopics = ""; tune(); }, patience);
    }
    state.connected = false;
    tell();
  });
}

// null: no more.
export function onChanges(listener) {
  changesListener = listener;
  if (lastTopics !== "") tune();
}

export async function start() {
  await loadHistory();
  tune();
  document.addEventListener("visibilitychange", tune);
  addEventListener("pagehide", () => {
    clearTimeout(again);
    source?.close();
    source = null;
    lastTopics = "";
  });
  addEventListener("pageshow", (event) => { if (event.persisted) tune(); });
}
