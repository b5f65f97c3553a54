// Where one is stands in the address, so that it can be sent to somebody.

const listeners = new Set();
export const onRoute = (listener) => listeners.add(listener);
const tell = () => { for (const each of listeners) each(); };

export const path = () => location.pathname;
export const parameter = (name, otherwise = "") => new URLSearchParams(location.search).get(name) ?? otherwise;

// What is empty leaves the address. `quietly`: the page that asks knows already.
export function setParameters(values, { quietly = true, replace = true } = {}) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value === "" || value === null || value === undefined || value === false) query.delete(name);
    else query.set(name, value === true ? "1" : String(value));
  }
  const text = query.toString();
  history[replace ? "replaceState" : "pushState"](null, "", location.pathname + (text ? `?${text}` : ""));
  if (!quietly) tell();
}
export function go(to) {
  if (to === location.pathname + location.search) return;
  history.pushState(null, "", to);
  tell();
}
addEventListener("popstate", tell);
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (link.origin !== location.origin || link.hasAttribute("download") || link.getAttribute("href").startsWith("#")) return;
  if (link.dataset.outside !== undefined) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});
