// Numbers and times as people read them.

export function count(value) {
  if (value === null || value === undefined) return "–";
  return Math.round(value).toLocaleString("en-US").replace(/,/g, "\u2009");
}

export function rate(value) {
  if (value === null || value === undefined) return "–";
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)}k`;
  if (value >= 100 || value === Math.round(value)) return count(value);
  return value.toFixed(1);
}

export function bytes(value) {
  if (value === null || value === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit + 1 < units.length) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0 s";
  if (value < 0.001) return `${(value * 1e6).toFixed(0)} µs`;
  if (value < 0.01) return `${(value * 1e3).toFixed(1)} ms`;
  if (value < 1) return `${(value * 1e3).toFixed(0)} ms`;
  if (value < 60) return `${value.toFixed(1)} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  return `${Math.floor(value / 3600)} h ${Math.round((value % 3600) / 60)} min`;
}

export function since(value) {
  return value < 60 ? `${Math.floor(value)} s` : seconds(value);
}

// Times: of this place or UTC, by one switch.
export const clock = {
  get utc() { try { return localStorage.getItem("utc") === "yes"; } catch { return false; } },
  set utc(on) { try { localStorage.setItem("utc", on ? "yes" : "no"); } catch { /* it stays for this page */ } },
};

const two = (value) => String(value).padStart(2, "0");
export function time(us) {
  const date = new Date(us / 1000);
  const utc = clock.utc;
  const parts = utc ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${parts.map(two).join(":")}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
export function dateTime(us) {
  const date = new Date(us / 1000);
  if (Number.isNaN(date.getTime())) return "–";
  const text = clock.utc ? date.toISOString().replace("T", " ").replace("Z", "Z")
    : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time(us)}`;
  return text;
}
export function ago(us, now) {
  return `${since(Math.max(0, (now - us) / 1e6))} ago`;
}
