// The attempts as a table, a page at a time, for those who read rather than look.
"use strict";

const ROWS = 50;
const COLUMNS = ["Array and bag", "State", "Tasks", "Start", "Ran", "Waited", "Try", "Attempt", "Exit", "Host", "Reason"];

class Attempts {
  constructor(place) {
    this.bars = data.bars;
    this.page = 0;
    const details = make("details");
    details.append(make("summary", "The attempts as a table"));
    place.append(details);
    this.details = details;
    details.addEventListener("toggle", () => this.build(), { once: true });
  }

  build() {
    this.state = this.choice("State ", ["all", ...STATES]);
    this.array = this.choice("Array ", ["all", ...new Set(this.arrays())]);
    this.order = this.choice("Order ", ["start", "longest", "waited longest"]);
    this.before = this.turner("Previous", -1);
    this.after = this.turner("Next", 1);
    this.told = make("span", "", { role: "status", "aria-live": "polite" });
    const controls = make("div", undefined, { class: "controls" });
    controls.append(...[this.state, this.array, this.order].map((one) => one.parentNode));
    controls.append(this.before, this.after, this.told);
    this.table = make("div", undefined, { class: "wide", tabindex: 0, role: "region", "aria-label": "Attempts" });
    this.details.append(controls, this.table);
    this.choose();
  }

  arrays() {
    const words = this.bars.words;
    return Array.isArray(this.bars.array) ? this.bars.array.map((word) => words[word]) : [words[this.bars.array] || ""];
  }

  choice(name, values) {
    const label = make("label", name);
    const select = make("select");
    for (const value of values) select.append(make("option", value));
    select.addEventListener("change", () => this.choose());
    label.append(select);
    return select;
  }

  turner(name, step) {
    const button = make("button", name, { type: "button" });
    button.addEventListener("click", () => {
      this.page += step;
      this.show();
    });
    return button;
  }

  choose() {
    const { bars } = this;
    const rows = [];
    for (let row = 0; row < bars.count; row++) {
      if (this.state.value !== "all" && STATES[at(bars.state, row)] !== this.state.value) continue;
      if (this.array.value !== "all" && bars.words[at(bars.array, row)] !== this.array.value) continue;
      rows.push(row);
    }
    const [column, sign] = {
      start: [bars.start, 1], longest: [bars.length, -1], "waited longest": [bars.waited, -1],
    }[this.order.value];
    const key = (row) => at(column, row) ?? (sign > 0 ? Infinity : -1);
    rows.sort((one, other) => sign * (key(one) - key(other)) || one - other);
    this.rows = rows;
    this.page = 0;
    this.show();
  }

  show() {
    const first = this.page * ROWS;
    const shown = this.rows.slice(first, first + ROWS);
    this.before.disabled = this.page === 0;
    this.after.disabled = first + ROWS >= this.rows.length;
    const count = counted(this.rows.length);
    this.told.textContent = shown.length ? `${counted(first + 1)} to ${counted(first + shown.length)} of ${count}` : "none";
    const table = make("table");
    const head = make("tr");
    for (const name of COLUMNS) head.append(make("th", name, { scope: "col" }));
    const [top, body] = [make("thead"), make("tbody")];
    top.append(head);
    for (const row of shown) body.append(this.line(row));
    table.append(make("caption", "Attempts of children"), top, body);
    this.table.replaceChildren(table);
  }

  line(row) {
    const { bars } = this;
    const word = (column) => bars.words[at(column, row)];
    const [tasks, start] = [at(bars.tasks, row), at(bars.start, row)];
    const state = STATES[at(bars.state, row)];
    const line = make("tr");
    line.append(make("th", `${word(bars.array)}, ${at(bars.bag, row)}`, { scope: "row" }));
    const badge = make("td");
    badge.append(make("span", state, { class: `badge ${state}` }));
    line.append(badge);
    const cells = [
      tasks > 1 ? `${word(bars.task)} and ${counted(tasks - 1)} more` : word(bars.task),
      start === null ? "" : clock(start, 1),
      start === null ? "" : lasting(at(bars.length, row) / 1000),
      lasting(at(bars.waited, row)), at(bars.try, row), at(bars.attempt, row),
      at(bars.exit, row) ?? "", word(bars.host), word(bars.reason),
    ];
    for (const cell of cells) line.append(make("td", String(cell)));
    return line;
  }
}
