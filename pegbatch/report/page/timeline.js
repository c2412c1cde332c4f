// The timeline: attempts as bars in the lanes that the data gives them. Up to MOST_SHAPES bars in
// view are shapes of their own; more are painted into one picture, pixel by pixel, so that 100,000
// cost no more than the pixels that they cover.
"use strict";

const MOST_SHAPES = 1500;
const LANE_PX = 14;
const LEAST_BAND_PX = 18;
const HIGHEST_PX = 560;
const AROUND = { top: 8, bottom: 62 };
const STATES = ["succeeded", "skipped", "running", "lost", "failed"];
const FIRST_MARKED = STATES.indexOf("lost");

// The bars as columns of numbers; from `first` of a lane to that of the next they follow each other.
function readBars(source) {
  const bands = source.bands;
  const drawn = bands.reduce((sum, band) => sum + band.count, 0);
  const bars = {
    drawn,
    start: new Float64Array(drawn),
    end: new Float64Array(drawn),
    state: new Uint8Array(drawn),
    lane: new Uint32Array(drawn),
    band: new Uint32Array(drawn),
    bandLane: [],
    first: [],
  };
  let row = 0;
  bands.forEach((band, number) => {
    bars.bandLane.push(bars.first.length);
    let lane = -1;
    for (const last = row + band.count; row < last; row++) {
      bars.start[row] = at(source.start, row);
      bars.end[row] = bars.start[row] + at(source.length, row);
      bars.state[row] = at(source.state, row);
      bars.lane[row] = at(source.lane, row);
      bars.band[row] = number;
      for (; lane < bars.lane[row]; lane++) bars.first.push(row);
    }
  });
  bars.first.push(drawn);
  return bars;
}

// Heights of the bands: lanes as high as a bar where there is room, every band high enough to be seen.
function layBands(bands) {
  const natural = bands.map((band) => Math.max(LEAST_BAND_PX, band.lanes * LANE_PX));
  const least = bands.length * LEAST_BAND_PX;
  const wanted = natural.reduce((sum, one) => sum + one, 0);
  const share = wanted > HIGHEST_PX ? Math.max(0, HIGHEST_PX - least) / (wanted - least || 1) : 1;
  const heights = natural.map((one) => LEAST_BAND_PX + (one - LEAST_BAND_PX) * share);
  const tops = [];
  let height = 0;
  for (const one of heights) {
    tops.push(height);
    height += one;
  }
  return { heights, tops, height: Math.max(height, LEAST_BAND_PX), crowded: wanted > HIGHEST_PX };
}

class Timeline {
  constructor(source) {
    this.source = source;
    this.bars = readBars(source);
    this.bands = layBands(source.bands);
    this.longest = Math.max(1, Math.ceil(data.seconds * 1000));
    this.view = { from: 0, to: this.longest, top: 0, bottom: this.bands.height };
    this.chart = chartIn("timeline", () => this.height(), (width, colour) => this.options(width, colour));
    if (!this.chart) return;
    charts[charts.length - 1].after = () => this.refresh();
    this.chart.on("datazoom", () => this.follow());
    this.listen();
    this.refresh();
  }

  height() {
    return Math.min(HIGHEST_PX, this.bands.height) + AROUND.top + AROUND.bottom;
  }

  options(width, colour) {
    this.colour = colour;
    const names = width < 600 ? 74 : 180;
    const middles = this.bands.tops.map((top, band) => top + this.bands.heights[band] / 2);
    const nameAt = new Map(middles.map((middle, band) => [middle, this.source.bands[band].name]));
    const style = axisStyle(colour);
    const { crowded } = this.bands;
    const both = { filterMode: "none", throttle: 20 };
    const slider = {
      type: "slider", brushSelect: false, borderColor: colour.line, textStyle: { color: colour.soft },
      fillerColor: "rgba(127, 150, 180, .25)", showDataShadow: false, ...both,
    };
    return {
      grid: { left: names + 10, right: crowded ? 40 : 16, top: AROUND.top, bottom: AROUND.bottom },
      xAxis: {
        type: "time", min: 0, max: this.longest, ...style,
        axisLabel: { ...style.axisLabel, formatter: (value) => this.clock(value) },
      },
      yAxis: {
        type: "value", inverse: true, min: 0, max: this.bands.height, ...style,
        splitLine: { show: false }, axisTick: { show: false },
        axisLabel: {
          ...style.axisLabel, customValues: middles, width: names, overflow: "truncate",
          showMinLabel: true, showMaxLabel: true, formatter: (value) => nameAt.get(value) || "",
        },
      },
      dataZoom: [
        { type: "inside", xAxisIndex: 0, zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false,
          preventDefaultMouseMove: false, startValue: this.view.from, endValue: this.view.to,
          minValueSpan: 20, ...both },
        { ...slider, xAxisIndex: 0, height: 20, bottom: 10, startValue: this.view.from,
          endValue: this.view.to, minValueSpan: 20, labelFormatter: (value) => this.clock(value) },
        { type: "inside", yAxisIndex: 0, zoomOnMouseWheel: false, moveOnMouseWheel: false,
          moveOnMouseMove: crowded, startValue: this.view.top, endValue: this.view.bottom, ...both },
        { ...slider, yAxisIndex: 0, show: crowded, width: 16, right: 6, labelFormatter: "",
          startValue: this.view.top, endValue: this.view.bottom },
      ],
      series: [
        { type: "custom", id: "bands", silent: true, clip: true, data: middles.map((_, band) => [0, band]),
          renderItem: (parameters, api) => this.drawBand(parameters, api) },
        { type: "custom", id: "bars", silent: true, clip: true, data: [],
          renderItem: (parameters, api) => this.drawBar(parameters, api) },
      ],
    };
  }

  clock(value) {
    const span = this.view.to - this.view.from;
    return clock(value, span < 2000 ? 2 : span < 20000 ? 1 : 0);
  }

  drawBand(parameters, api) {
    const band = api.value(1);
    const [, top] = api.coord([0, this.bands.tops[band]]);
    const [, bottom] = api.coord([0, this.bands.tops[band] + this.bands.heights[band]]);
    const { x, width } = parameters.coordSys;
    return {
      type: "rect",
      shape: { x, y: top, width, height: bottom - top },
      style: { fill: band % 2 ? "transparent" : this.colour.band },
    };
  }

  // Top and height of a bar in the units of the vertical axis.
  placed(row) {
    const band = this.bars.band[row];
    const height = this.bands.heights[band] / this.source.bands[band].lanes;
    return [this.bands.tops[band] + this.bars.lane[row] * height, height];
  }

  drawBar(parameters, api) {
    const row = api.value(2);
    if (row < 0) return this.picture(parameters.coordSys);
    const [y, height] = this.placed(row);
    const [left, top] = api.coord([this.bars.start[row], y]);
    const [right, bottom] = api.coord([this.bars.end[row], y + height]);
    const gap = bottom - top > 4 ? 1 : 0;
    return {
      type: "rect",
      shape: {
        x: left, y: top + gap, width: Math.max(2, right - left - (right - left > 4 ? 1 : 0)),
        height: Math.max(1, bottom - top - 2 * gap), r: gap * 2,
      },
      style: { fill: this.colour[STATES[this.bars.state[row]]] },
    };
  }

  // Bars that the view shows a part of.
  inView() {
    const { from, to, top, bottom } = this.view;
    const found = [];
    for (let row = 0; row < this.bars.drawn; row++) {
      if (this.bars.end[row] < from || this.bars.start[row] > to) continue;
      const [y, height] = this.placed(row);
      if (y + height > top && y < bottom) found.push(row);
    }
    return found;
  }

  refresh() {
    if (!this.chart) return;
    this.seen = this.inView();
    const many = this.seen.length > MOST_SHAPES;
    const shapes = many ? [[0, 0, -1]] : this.seen.map((row) => [0, 0, row]);
    this.chart.setOption({ series: [{ id: "bars", data: shapes }] });
    const range = byId("timeline-range");
    const count = `, ${counted(this.seen.length)} of ${counted(this.bars.drawn)} attempts in view`;
    range.textContent = `${this.clock(this.view.from)} to ${this.clock(this.view.to)}${this.source.coarse ? "" : count}`;
  }

  picture(area) {
    const scale = devicePixelRatio || 1;
    const canvas = make("canvas");
    canvas.width = Math.max(1, Math.round(area.width * scale));
    canvas.height = Math.max(1, Math.round(area.height * scale));
    const painter = canvas.getContext("2d");
    const image = painter.createImageData(canvas.width, canvas.height);
    this.paint(new Uint32Array(image.data.buffer), canvas.width, canvas.height);
    painter.putImageData(image, 0, 0);
    return {
      type: "image",
      style: { image: canvas, x: area.x, y: area.y, width: area.width, height: area.height },
    };
  }

  // Where many lanes share a line of pixels, each pixel shows one of its bars, so that shares of
  // colours are shares of bars; where one failed or was lost is marked on top, so that none is missed.
  paint(pixels, width, height) {
    const { from, to, top, bottom } = this.view;
    const [across, down] = [width / (to - from), height / (bottom - top)];
    const shades = STATES.map((state) => packed(this.colour[state]));
    const mark = 2 * Math.ceil(devicePixelRatio || 1);
    for (const isMark of [false, true]) {
      for (const row of this.seen) {
        const state = this.bars.state[row];
        if (isMark && state < FIRST_MARKED) continue;
        const [y, high] = this.placed(row);
        const wide = Math.floor((this.bars.end[row] - from) * across);
        const left = Math.max(0, isMark ? wide - mark : Math.floor((this.bars.start[row] - from) * across));
        const right = Math.min(width, Math.max(left + 1, wide - (wide - left > 6 && !isMark ? 1 : 0)));
        const above = Math.max(0, Math.floor((y - top) * down));
        const below = Math.floor((y + high - top) * down);
        const last = Math.min(height, Math.max(above + 1, below - (below - above > 3 ? 1 : 0)));
        for (let line = above; line < last; line++) pixels.fill(shades[state], line * width + left, line * width + right);
      }
    }
  }

  // The bar at a place of the canvas; of lanes finer than a pixel the first that has one there.
  barAt(x, y) {
    if (!this.chart.containPixel("grid", [x, y])) return -1;
    const [time, place] = this.chart.convertFromPixel("grid", [x, y]);
    const [later] = this.chart.convertFromPixel("grid", [x + 2, y]);
    const [, lower] = this.chart.convertFromPixel("grid", [x, y + 1]);
    const [slack, reach] = [later - time, lower - place];
    const band = this.bands.tops.findLastIndex((top) => top <= place);
    if (band < 0) return -1;
    const lanes = this.source.bands[band].lanes;
    const high = this.bands.heights[band] / lanes;
    const from = Math.max(0, Math.floor((place - this.bands.tops[band]) / high));
    const to = Math.min(lanes, Math.max(from + 1, Math.ceil((place + reach - this.bands.tops[band]) / high)));
    for (let lane = from; lane < to; lane++) {
      const row = this.barInLane(this.bars.bandLane[band] + lane, time, slack);
      if (row >= 0) return row;
    }
    return -1;
  }

  barInLane(lane, time, slack) {
    let [low, high] = [this.bars.first[lane], this.bars.first[lane + 1]];
    const begin = low;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.bars.start[middle] <= time + slack) low = middle + 1;
      else high = middle;
    }
    return low > begin && this.bars.end[low - 1] >= time - slack ? low - 1 : -1;
  }

  follow() {
    const [x, , y] = this.chart.getOption().dataZoom;
    this.view = { from: x.startValue, to: x.endValue, top: y.startValue, bottom: y.endValue };
    cancelAnimationFrame(this.asked);
    this.asked = requestAnimationFrame(() => this.refresh());
  }

  // Show another part: moved and zoomed by shares of what is shown now.
  move(aside, zoom, down, downZoom) {
    const [from, to] = moved(this.view.from, this.view.to, aside, zoom, this.longest, 20);
    const [top, bottom] = moved(this.view.top, this.view.bottom, down, downZoom, this.bands.height, LANE_PX);
    this.chart.dispatchAction({
      type: "dataZoom",
      batch: [
        { dataZoomIndex: 0, startValue: from, endValue: to },
        { dataZoomIndex: 2, startValue: top, endValue: bottom },
      ],
    });
  }

  // How far the middle of the bars in view lies from the middle of the view, as a share of it.
  towardsBars() {
    if (!this.seen.length) return 0;
    const { top, bottom } = this.view;
    const middle = this.seen.reduce((sum, row) => sum + this.placed(row)[0], 0) / this.seen.length;
    return (middle - (top + bottom) / 2) / (bottom - top);
  }

  whole() {
    this.move(0, Infinity, 0, Infinity);
  }

  listen() {
    const actions = {
      left: () => this.move(-0.2, 1, 0, 1),
      right: () => this.move(0.2, 1, 0, 1),
      in: () => this.move(0, 0.6, 0, 1),
      out: () => this.move(0, 1 / 0.6, 0, 1),
      up: () => this.move(0, 1, -0.3, 1),
      down: () => this.move(0, 1, 0.3, 1),
      taller: () => this.move(0, 1, this.towardsBars(), 0.6),
      flatter: () => this.move(0, 1, 0, 1 / 0.6),
      whole: () => this.whole(),
    };
    const keys = {
      ArrowLeft: "left", ArrowRight: "right", ArrowUp: "in", "+": "in", "=": "in", ArrowDown: "out",
      "-": "out", PageUp: "up", PageDown: "down", Home: "whole", 0: "whole",
    };
    const place = byId("timeline-chart");
    place.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const turned = event.shiftKey && { ArrowUp: "taller", ArrowDown: "flatter" }[event.key];
      const action = turned || keys[event.key];
      if (!action) return;
      event.preventDefault();
      actions[action]();
    });
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", actions[button.dataset.zoom]);
    }
    this.point();
  }

  lines(row) {
    if (!this.source.coarse) return attemptLines(row);
    const [start, end] = [this.bars.start[row], this.bars.end[row]];
    return [
      `${this.source.bands[this.bars.band[row]].name}: ${STATES[this.bars.state[row]]}`,
      `from ${clock(start, 1)} to ${clock(end, 1)}`,
      `${counted(at(this.source.most, row))} attempts at once, at most`,
    ];
  }

  point() {
    const tip = make("div", "", { class: "tip", hidden: "" });
    document.body.append(tip);
    const surface = this.chart.getZr();
    surface.on("mousemove", (event) => {
      const row = this.barAt(event.offsetX, event.offsetY);
      tip.hidden = row < 0;
      if (row < 0) return;
      tip.textContent = this.lines(row).join("\n");
      const { clientX, clientY } = event.event;
      const left = Math.min(clientX + 14, innerWidth - tip.offsetWidth - 8);
      tip.style.left = `${Math.max(8, left)}px`;
      tip.style.top = `${Math.min(clientY + 14, innerHeight - tip.offsetHeight - 8)}px`;
    });
    surface.on("globalout", () => { tip.hidden = true; });
    surface.on("click", (event) => {
      const row = this.barAt(event.offsetX, event.offsetY);
      byId("timeline-picked").textContent = row < 0 ? "" : this.lines(row).join(" · ");
    });
  }
}

// A span moved by a share of itself and widened, within 0 and the longest.
function moved(from, to, share, zoom, longest, least) {
  const span = Math.min(longest, Math.max(least, (to - from) * zoom));
  const middle = (from + to) / 2 + share * (to - from);
  const start = Math.min(Math.max(0, middle - span / 2), longest - span);
  return [start, start + span];
}

// A colour as a pixel of an image.
function packed(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map(Number);
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

// What there is to say of one attempt, line by line.
function attemptLines(row) {
  const bars = data.bars;
  const word = (column) => bars.words[at(column, row)];
  const [task, tasks, bad] = [word(bars.task), at(bars.tasks, row), at(bars.bad, row)];
  const start = at(bars.start, row);
  const lines = [`${word(bars.array)}, bag ${at(bars.bag, row)}: ${STATES[at(bars.state, row)]}`];
  if (tasks === 1) lines.push(`task ${task}`);
  if (tasks > 1) lines.push(`${counted(tasks)} tasks, ${task} first${bad ? `; ${counted(bad)} did not succeed` : ""}`);
  if (start !== null) lines.push(`from ${clock(start, 1)}, for ${lasting(at(bars.length, row) / 1000)}`);
  if (at(bars.waited, row) !== null) lines.push(`waited ${lasting(at(bars.waited, row))}`);
  lines.push(`try ${at(bars.try, row)}, attempt ${at(bars.attempt, row)}`);
  if (word(bars.host)) lines.push(`on ${word(bars.host)}`);
  if (at(bars.exit, row)) lines.push(`exit code ${at(bars.exit, row)}`);
  if (word(bars.reason)) lines.push(word(bars.reason));
  return lines;
}
