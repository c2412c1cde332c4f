// What the other scripts of the page share: the data, words for numbers, colours, and charts that
// follow the theme, the width and the printer. Names of the workflow are only ever text nodes,
// attribute values, or text on a canvas.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;

function byId(id) {
  return document.getElementById(id);
}

function make(tag, words, attributes) {
  const element = document.createElement(tag);
  if (words !== undefined) element.textContent = words;
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  return element;
}

// A column is an array, or the one value that all of it has.
function at(column, row) {
  return Array.isArray(column) ? column[row] : column;
}

function two(number) {
  return String(number).padStart(2, "0");
}

// Time since the run began: 0:07, 12:30, 1:02:03, 2 d 03:00:00; with tenths where fine is 1, with
// thousandths where it is 2.
function clock(milliseconds, fine) {
  const thousandths = String(Math.floor(milliseconds % 1000)).padStart(3, "0");
  const parts = fine ? `.${thousandths.slice(0, fine > 1 ? 3 : 1)}` : "";
  const seconds = Math.floor(milliseconds / 1000);
  const [days, hours, minutes] = [seconds / 86400, (seconds / 3600) % 24, (seconds / 60) % 60].map(Math.floor);
  const tail = two(seconds % 60) + parts;
  if (days) return `${days} d ${two(hours)}:${two(minutes)}:${tail}`;
  return hours ? `${hours}:${two(minutes)}:${tail}` : `${minutes}:${tail}`;
}

// Units from small to large: how many of the first one has, its name, and from where on it is used.
const UNITS = {
  time: [[0.001, "ms", 0], [1, "s", 1], [60, "min", 120], [3600, "h", 7200]],
  bytes: [[1, "B", 0], [1024, "KiB", 1024], [1048576, "MiB", 1048576], [1073741824, "GiB", 1073741824],
    [1099511627776, "TiB", 1099511627776]],
  percent: [[1, "%", 0]],
  count: [[1, "", 0]],
};

// The unit in which people say a quantity: [how many of the first it has, its name].
function unitOf(kind, quantity) {
  return UNITS[kind].filter(([, , from]) => quantity >= from).at(-1) || UNITS[kind][0];
}

function said(kind, quantity) {
  const [size, name] = unitOf(kind, quantity);
  return `${+(quantity / size).toPrecision(3)} ${name}`.trim();
}

function lasting(seconds) {
  return seconds === null || seconds === undefined ? "" : said("time", seconds);
}

function counted(number) {
  return number.toLocaleString("en");
}

// The colours of the style sheet as they are now, whatever theme is on.
function colours() {
  const probe = make("i");
  root.append(probe);
  const found = {};
  for (const name of ["back", "panel", "line", "text", "soft", "succeeded", "failed", "lost",
    "running", "skipped", "waiting", "taken", "band"]) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

const charts = [];

// Begin a chart in its place: `options(width, colours)` says what it shows, `height(width)` how high.
function chartIn(id, height, options) {
  const place = byId(`${id}-chart`);
  if (!place) return null;
  const width = place.clientWidth;
  place.style.height = `${height(width)}px`;
  const chart = echarts.init(place, null, { renderer: "canvas" });
  const one = { place, chart, height, options, width };
  charts.push(one);
  redraw(one);
  return chart;
}

function redraw(one) {
  const width = one.place.clientWidth;
  const height = one.height(width);
  one.width = width;
  one.place.style.height = `${height}px`;
  one.chart.resize({ width, height });
  one.chart.setOption({ animation: false, useUTC: true, ...one.options(width, colours()) }, { notMerge: true });
  if (one.after) one.after();
}

// Say anew what a chart shows, for those who read it and for those who hear it.
function caption(id, words) {
  const place = byId(`${id}-chart`);
  place.setAttribute("aria-label", words);
  place.parentNode.querySelector("figcaption").textContent = words;
}

function redrawAll() {
  charts.forEach(redraw);
}

function axisStyle(colour) {
  return {
    axisLabel: { color: colour.soft, hideOverlap: true },
    axisLine: { lineStyle: { color: colour.line } },
    axisTick: { lineStyle: { color: colour.line } },
    splitLine: { lineStyle: { color: colour.line, opacity: 0.6 } },
    nameTextStyle: { color: colour.soft },
  };
}

// A tooltip of ECharts whose content is lines of text, never markup.
function tooltip(colour, lines, trigger) {
  return {
    trigger,
    confine: true,
    backgroundColor: colour.back,
    borderColor: colour.soft,
    textStyle: { color: colour.text, fontSize: 13 },
    formatter: (parameters) => {
      const box = make("div");
      for (const line of lines(parameters)) box.append(make("div", line));
      return box;
    },
  };
}

const themes = ["system", "light", "dark"];

function showTheme(theme) {
  if (theme === "system") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", theme);
  byId("theme").textContent = `Theme: ${theme}`;
}

function followTheme() {
  let theme = 0;
  byId("theme").addEventListener("click", () => {
    theme = (theme + 1) % themes.length;
    showTheme(themes[theme]);
    redrawAll();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
}

// On paper a chart is as wide as the page, in the colours of light.
const PAPER_PX = 680;

function followPrinter() {
  addEventListener("beforeprint", () => {
    root.classList.add("printing");
    for (const one of charts) one.place.style.width = `${PAPER_PX}px`;
    redrawAll();
  });
  addEventListener("afterprint", () => {
    root.classList.remove("printing");
    for (const one of charts) one.place.style.width = "";
    redrawAll();
  });
}

function followWidth() {
  let asked = 0;
  new ResizeObserver(() => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => {
      for (const one of charts) if (one.place.clientWidth !== one.width) redraw(one);
    });
  }).observe(document.querySelector("main"));
}

root.classList.add("has-script");
followTheme();
followPrinter();
followWidth();
