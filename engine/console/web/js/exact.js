// JSON of databases: a number of theirs may have more digits than one of the browser's, and 1.50 is not 1.5. Such numbers are
// kept as they were written.

export class Exact {
  constructor(digits) { this.digits = digits; }
  toString() { return this.digits; }
  toJSON() { return `\u0000${this.digits}`; }
}

const suspicious = /\d{16}|\.\d|\d[eE]/;
const pieces = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;
export function parse(source) {
  if (!suspicious.test(source) || source.includes("\\u0000")) return JSON.parse(source);
  const marked = source.replace(pieces, (each) => (each[0] === '"' || String(Number(each)) === each ? each : `"\\u0000${each}"`));
  return JSON.parse(marked, (_, value) => (typeof value === "string" && value[0] === "\u0000" ? new Exact(value.slice(1)) : value));
}
export const stringify = (value, indent) => JSON.stringify(value, null, indent)?.replace(/"\\u0000([-+.\deE]+)"/g, "$1");

// --- values as people are shown them
export const show = (value) => (value === undefined ? "–" : value === null ? "null" : typeof value === "string" ? value : stringify(value));
const isNone = (value) => value === null || value === undefined;
export const same = (a, b) => (isNone(a) || isNone(b) ? a === b : show(a) === show(b));
export const keyText = (key) => (key && typeof key === "object" && !(key instanceof Exact) ? Object.entries(key).map(([name, value]) => `${name}=${show(value)}`).join(", ") : show(key));
