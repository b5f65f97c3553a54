// uPlot in the page's colours; charts of one page share their cursor.
import { h, text, fill } from "./dom.js";

/* global uPlot */
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Of a logarithmic axis the powers of ten alone.
const decades = (u, all) => all.map((each) => (Number.isInteger(Math.round(Math.log10(each) * 1e6) / 1e6) ? each : null));

export const nodeColor = (name, names) => {
  const at = names.indexOf(name);
  return css(`--node-${(at < 0 ? 0 : at) % 4}`);
};

// series: [{label, color, value(v) -> text, dash, fill}]. data(): uPlot's columns.
export function chart({ title, unit, series, value, height = 168, sync = "page", range, least = 1e-9, log = false }) {
  const box = h("div", { class: "plot" });
  const legend = h("div", { class: "legend" });
  const element = h("figure", { class: "card chart" },
    h("figcaption", {}, h("span", { class: "chart-title" }, title), unit && h("span", { class: "muted" }, unit), legend), box);
  let plot = null;
  let colors = "";
  let span = 300;
  let watched = null;

  const values = series.map((each) => {
    const swatch = h("i", {});
    swatch.style.background = each.color();
    const figure = h("b", {}, "–");
    legend.append(h("span", { class: "key" }, swatch, each.label, figure));
    return { swatch, figure };
  });
  const tellAt = (index) => {
    series.forEach((each, at) => {
      const number = plot?.data[at + 1]?.[index];
      text(values[at].figure, number === null || number === undefined ? "–" : (each.value ?? value)(Math.abs(number)));
    });
  };
  const make = (data) => {
    plot?.destroy();
    const axis = {
      stroke: css("--muted"), font: "11px system-ui, sans-serif",
      grid: { stroke: css("--line"), width: 1 }, ticks: { show: false },
    };
    plot = new uPlot({
      width: Math.max(box.clientWidth, 120), height,
      padding: [10, 8, 0, 0],
      cursor: { sync: { key: sync }, y: false, points: { size: 6 }, drag: { x: false, y: false } },
      legend: { show: false },
      scales: { x: { time: true, range: (u, low, high) => [Math.min(high - 60, Math.max(high - span, low)), high] }, y: log ? { distr: 3, range: (u, low, high) => [10 ** Math.floor(Math.log10(low || least)), 10 ** Math.ceil(Math.log10(Math.max(high || 0, least * 10)))] } : { range: range ?? ((u, low, high) => [Math.min(low ?? 0, 0), Math.max(high ?? 0, least) * 1.12]) } },
      axes: [
        { ...axis, space: 70, size: 26, values: (u, all) => all.map((at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false })) },
        { ...axis, size: 58, space: 34, values: (u, all) => all.map((each) => (each === null ? "" : value(Math.abs(each)))), ...(log ? { filter: decades, grid: { ...axis.grid, filter: decades } } : {}) },
      ],
      series: [{}, ...series.map((each) => ({
        stroke: each.color(), width: 1.5, dash: each.dash, spanGaps: false, points: { show: false },
        fill: each.fill ? `${each.color()}${each.fill}` : undefined,
      }))],
      hooks: { setCursor: [(u) => { watched = u.cursor.idx ?? null; tellAt(watched ?? (u.data[0].length - 1)); }] },
    }, data, box);
  };
  const observer = new ResizeObserver(() => {
    if (plot && box.clientWidth > 0 && Math.abs(plot.width - box.clientWidth) > 1) plot.setSize({ width: box.clientWidth, height });
  });
  observer.observe(box);
  return {
    element,
    update(data, seconds = 300) {
      span = seconds;
      const nowColors = series.map((each) => each.color()).join() + css("--line");
      if (!plot || nowColors !== colors) {
        colors = nowColors;
        series.forEach((each, at) => { values[at].swatch.style.background = each.color(); });
        make(data);
      } else {
        plot.setData(data);
      }
      tellAt(watched ?? (data[0].length - 1));
    },
    destroy() {
      observer.disconnect();
      plot?.destroy();
    },
  };
}

// A small line without axes.
export function sparkline() {
  const canvas = h("canvas", { class: "spark", "aria-hidden": "true" });
  return {
    element: canvas,
    update(numbers, color) {
      const ratio = devicePixelRatio || 1;
      const width = canvas.clientWidth;
      const height = canvas.clientHeight;
      if (width === 0) return;
      if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
      if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
      const paint = canvas.getContext("2d");
      paint.setTransform(ratio, 0, 0, ratio, 0, 0);
      paint.clearRect(0, 0, width, height);
      const most = Math.max(...numbers.map((each) => each ?? 0), 1e-9);
      if (numbers.length < 2) return;
      const x = (at) => (at / (numbers.length - 1)) * (width - 1);
      const y = (each) => height - 1.5 - ((each ?? 0) / most) * (height - 4);
      paint.beginPath();
      numbers.forEach((each, at) => (at === 0 ? paint.moveTo(x(at), y(each)) : paint.lineTo(x(at), y(each))));
      paint.strokeStyle = color;
      paint.lineWidth = 1.5;
      paint.lineJoin = "round";
      paint.stroke();
      paint.lineTo(width - 1, height);
      paint.lineTo(0, height);
      paint.closePath();
      paint.globalAlpha = 0.14;
      paint.fillStyle = color;
      paint.fill();
      paint.globalAlpha = 1;
    },
  };
}
export { fill };
