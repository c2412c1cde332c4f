// The other charts: the array graph, distributions, histogram, vCPUs and memory over time.
"use strict";

const MIB = 1048576;
const METRICS = {
  runtime: { name: "Runtime", kind: "time", size: 1 },
  memory: { name: "Memory", kind: "bytes", size: MIB },
  cpu: { name: "CPU used, of the vCPUs of the task", kind: "percent", size: 1 },
  read: { name: "Bytes read", kind: "bytes", size: 1 },
  written: { name: "Bytes written", kind: "bytes", size: 1 },
};
const MOST_BOXPLOTS = 20;
const ROW_PX = 66;
const BOX_PX = 38;

function boxLines(box) {
  const lines = [box.name, `${box.word}${box.batch ? ` (${box.batch})` : ""}`];
  if (box.kind === "layer") lines.push(`${counted(box.jobs)} jobs`);
  if (box.children > 1) lines.push(`${counted(box.children)} children`);
  if (box.tasks) {
    const parts = ["succeeded", "failed", "skipped"].filter((word) => box[word]);
    lines.push([`${counted(box.tasks)} tasks`, ...parts.map((word) => `${counted(box[word])} ${word}`)].join(", "));
  } else lines.push(box.kind);
  return lines;
}

function boxLabel(box) {
  if (!box.tasks || box.kind !== "compute" && box.kind !== "layer") return box.name;
  return `${box.name}\n${counted(box.succeeded)} of ${counted(box.tasks)}${box.failed ? `, ${counted(box.failed)} failed` : ""}`;
}

function drawArrays() {
  const { boxes, links, rows } = data.graph;
  chartIn("arrays", () => Math.max(1, rows.length) * ROW_PX + 10, (width, colour) => {
    const places = [];
    rows.forEach((count, row) => {
      for (let i = 0; i < count; i++) places.push({ x: ((i + 0.5) / count) * width, y: (row + 0.5) * ROW_PX, room: width / count });
    });
    const nodes = boxes.map((box, number) => {
      const { x, y, room } = places[number];
      const size = Math.max(6, Math.min(190, room - 12));
      const helper = box.kind !== "compute" && box.kind !== "layer";
      return {
        id: String(number), x, y, symbol: "rect", symbolSize: [size, helper ? 25 : BOX_PX],
        itemStyle: { color: "transparent" },
        label: {
          show: true, width: size - 14, padding: [4, 5], borderRadius: 4, borderWidth: helper ? 1.5 : 2.5,
          backgroundColor: colour.panel, borderColor: colour[box.word], borderType: helper ? "dashed" : "solid",
          color: colour.text, fontSize: 12, lineHeight: 15, overflow: "truncate",
          formatter: () => (size > 40 ? boxLabel(box) : " "),
        },
      };
    });
    // Links end at ports, unseen points in the middle of the upper and the lower edge of a box.
    const ports = nodes.flatMap(({ id, x, y, symbolSize: [, high] }) => [
      unseen(`above ${id}`, x, y - high / 2), unseen(`below ${id}`, x, y + high / 2)]);
    const edges = links.map(([source, target, type]) => ({
      source: `below ${source}`, target: `above ${target}`, from: source, to: target, type,
      lineStyle: type === "N_TO_N" ? { width: 3, type: "solid" } : { width: 1.5, type: "dashed" },
    }));
    const lines = ({ dataType, data: one }) => (dataType === "node" ? boxLines(boxes[one.id])
      : [`${boxes[one.to].name} waits for ${boxes[one.from].name}`,
        one.type === "N_TO_N" ? "N_TO_N: child by child" : "ALL: for all of its children"]);
    return {
      tooltip: tooltip(colour, lines, "item"),
      series: [{
        type: "graph", layout: "none", coordinateSystem: null, left: 0, top: 0, right: 0, bottom: 0,
        // Two unseen corners keep pixels of the layout pixels of the page.
        data: [...nodes, ...ports, unseen("from", 0, 0), unseen("to", width, rows.length * ROW_PX)],
        links: edges, edgeSymbol: ["none", "arrow"], edgeSymbolSize: 8,
        lineStyle: { color: colour.soft, opacity: 0.9, curveness: 0 },
        emphasis: { disabled: true },
      }],
    };
  });
}

function unseen(id, x, y) {
  return { id, x, y, symbolSize: 0, silent: true, label: { show: false }, tooltip: { show: false } };
}

function drawShapes() {
  const [metric, log] = [byId("metric"), byId("log")];
  const chosen = () => data.shapes.filter((shape) => shape.metrics[metric.value]).slice(0, MOST_BOXPLOTS);
  chartIn("shapes", () => 70 + 26 * Math.max(1, chosen().length), (width, colour) => {
    const shapes = chosen();
    const { name, kind, size } = METRICS[metric.value] || METRICS.runtime;
    const most = Math.max(0, ...shapes.map((shape) => shape.metrics[metric.value].box[4])) * size;
    const [unit, unitName] = unitOf(kind, most);
    const style = axisStyle(colour);
    const scaled = (value) => (log.checked ? Math.max(value * size, most / 1e6) : value * size) / unit;
    const names = width < 600 ? 90 : 220;
    return {
      grid: { left: names + 10, right: 24, top: 8, bottom: 52 },
      tooltip: tooltip(colour, ({ dataIndex }) => shapeLines(shapes[dataIndex], metric.value), "item"),
      xAxis: {
        type: log.checked ? "log" : "value", name: `${name}, ${unitName}`, nameLocation: "middle", nameGap: 30, ...style,
      },
      yAxis: {
        type: "category", inverse: true, data: shapes.map((_, place) => place), ...style,
        axisLabel: { ...style.axisLabel, interval: 0, width: names, overflow: "truncate",
          formatter: (place) => shapes[place].name },
      },
      series: [{
        type: "boxplot", boxWidth: [5, 14], data: shapes.map((shape) => shape.metrics[metric.value].box.map(scaled)),
        itemStyle: { color: colour.taken, borderColor: colour.running, borderWidth: 1.5 },
      }],
    };
  });
  for (const control of [metric, log]) control.addEventListener("change", redrawAll);
}

function sayer(metric) {
  const { kind, size } = METRICS[metric] || METRICS.runtime;
  return (value) => said(kind, value * size);
}

function shapeLines(shape, metric) {
  const say = sayer(metric);
  const { box, mean, count } = shape.metrics[metric];
  const names = ["least", "a quarter below", "median", "a quarter above", "most"];
  return [shape.name, `${counted(count)} tasks`, ...box.map((value, place) => `${names[place]}: ${say(value)}`), `mean: ${say(mean)}`];
}

function drawHistogram() {
  const [metric, shape] = [byId("metric"), byId("shape")];
  data.shapes.forEach((one, number) => shape.append(make("option", one.name, { value: number })));
  chartIn("histogram", () => 220, (width, colour) => {
    const one = data.shapes[shape.value];
    const found = one && one.metrics[metric.value];
    const say = sayer(metric.value);
    const style = axisStyle(colour);
    const { edges, counts } = found || { edges: [0, 0], counts: [0] };
    const what = (METRICS[metric.value] || METRICS.runtime).name;
    caption("histogram", `${what} of ${one.name}: ${counted(found ? found.count : 0)} tasks`);
    return {
      grid: { left: 56, right: 24, top: 32, bottom: 32 },
      tooltip: tooltip(colour, ({ dataIndex }) => [
        `${say(edges[dataIndex])} to ${say(edges[dataIndex + 1])}`, `${counted(counts[dataIndex])} tasks`], "item"),
      xAxis: { type: "category", data: counts.map((_, bin) => say((edges[bin] + edges[bin + 1]) / 2)), ...style, splitLine: { show: false } },
      yAxis: { type: "value", name: "tasks", minInterval: 1, ...style },
      series: [{ type: "bar", data: counts, barCategoryGap: 1, barMaxWidth: 60, itemStyle: { color: colour.running } }],
    };
  });
  shape.addEventListener("change", redrawAll);
}

function drawCurves(id, name, kind, size, taken, used) {
  const { step } = data.usage;
  const [unit, unitName] = unitOf(kind, size * Math.max(0, ...taken, ...(used || [])));
  const points = (values) => values.map((value, place) => [(place + 0.5) * step * 1000, (value * size) / unit]);
  chartIn(id, (width) => (width < 600 ? 200 : 240), (width, colour) => {
    const style = axisStyle(colour);
    const line = (what, values, look) => ({ type: "line", step: "middle", showSymbol: false, name: what, data: points(values), ...look });
    const series = [line("taken", taken, { lineStyle: { width: 1, color: colour.running }, areaStyle: { color: colour.taken, opacity: 0.7 }, itemStyle: { color: colour.taken } })];
    if (used) series.push(line("used", used, { lineStyle: { width: 2, color: colour.succeeded }, itemStyle: { color: colour.succeeded } }));
    return {
      grid: { left: 56, right: 24, top: 34, bottom: 30 },
      legend: { top: 0, right: 0, textStyle: { color: colour.text } },
      tooltip: tooltip(colour, (parameters) => [clock(parameters[0].value[0], step < 1 ? 1 : 0),
        ...parameters.map((one) => `${one.seriesName}: ${said(kind, one.value[1] * unit)}`)], "axis"),
      xAxis: { type: "time", min: 0, max: step * 1000 * taken.length, ...style,
        axisLabel: { ...style.axisLabel, formatter: (value) => clock(value, data.seconds < 20 ? 1 : 0) } },
      yAxis: { type: "value", name: unitName ? `${name}, ${unitName}` : name, ...style,
        nameTextStyle: { color: colour.soft, align: "left" } },
      series,
    };
  });
}

drawArrays();
if (byId("shapes-chart")) {
  drawHistogram();
  drawShapes();
}
if (byId("timeline-chart")) {
  drawCurves("vcpus", "vCPUs", "count", 1, data.usage.vcpus_taken, data.usage.vcpus_used);
  drawCurves("memory", "Memory", "bytes", MIB, data.usage.memory_taken, data.usage.memory_used);
  new Timeline(data.bars);
  if (!data.bars.coarse) new Attempts(byId("attempts"));
}
