// Beside the planes: parameters, costs, the kernel store, the timeline, notes.

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function drawn(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

export function us(value) {
  const digits = value >= 10000 ? 0 : 1;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function setUpTabs() {
  const tabs = [...document.querySelectorAll(".tabs [role=tab]")];
  const choose = (tab) => {
    for (const other of tabs) {
      other.setAttribute("aria-selected", String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
      $(other.getAttribute("aria-controls")).hidden = other !== tab;
    }
  };
  for (const tab of tabs) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
      choose(next);
      next.focus();
    });
  }
  choose(tabs[0]);
}

// --- parameters ---

// Rows are made again only when there are others, so that a slider that is being dragged stays.
export function showSliders(sliders, onchange) {
  const key = JSON.stringify(sliders.map((s) => [s.name, s.low, s.high, s.choices, s.shape]));
  const box = $("sliders");
  $("sliders-head").hidden = !sliders.length;
  if (box.dataset.key !== key) {
    box.dataset.key = key;
    box.replaceChildren(...sliders.map((s) => row(s, onchange)));
  }
  for (const [index, s] of sliders.entries()) box.children[index].refresh(s.value);
}

function row(slider, onchange) {
  const line = make("div", "slider");
  const label = make("label", "", slider.name);
  const id = `p-${slider.name}`;
  label.htmlFor = id;
  if (slider.about) label.title = slider.about;
  const inputs = [];
  let refresh;
  if (slider.shape.length) {
    const area = make("textarea");
    area.rows = Math.min(6, slider.shape[0]);
    area.spellcheck = false;
    area.addEventListener("change", () => {
      try {
        onchange(slider.name, JSON.parse(area.value));
        area.setCustomValidity("");
      } catch {
        area.setCustomValidity("a list of lists of numbers, such as [[1,-1],[1,1]]");
        area.reportValidity();
      }
    });
    refresh = (value) => {
      if (document.activeElement !== area) area.value = JSON.stringify(value).replaceAll("],[", "],\n[");
    };
    inputs.push(area);
  } else if (slider.choices.length) {
    const select = make("select");
    select.append(...slider.choices.map((c) => new Option(String(c), JSON.stringify(c))));
    select.addEventListener("change", () => onchange(slider.name, JSON.parse(select.value)));
    refresh = (value) => (select.value = JSON.stringify(value));
    inputs.push(select);
  } else {
    const value = Number(slider.value) || 0;
    const reach = Math.max(16, 2 * Math.abs(value));
    const range = make("input");
    const number = make("input");
    range.type = "range";
    number.type = "number";
    range.setAttribute("aria-label", slider.name);
    for (const input of [range, number]) {
      input.min = String(slider.low ?? value - reach);
      input.max = String(slider.high ?? value + reach);
      input.step = "1";
      input.addEventListener("input", () => {
        if (input.value === "" || !Number.isInteger(Number(input.value))) return;
        const other = input === range ? number : range;
        other.value = input.value;
        onchange(slider.name, Number(input.value));
      });
    }
    if (slider.low === null) number.removeAttribute("min");
    if (slider.high === null) number.removeAttribute("max");
    refresh = (now) => {
      for (const input of [range, number]) if (document.activeElement !== input) input.value = String(now);
    };
    inputs.push(range, number);
  }
  inputs.at(-1).id = id;
  line.append(label, ...inputs);
  line.refresh = refresh;
  return line;
}

// --- costs ---

export function showCosts(account) {
  const box = $("costs");
  if (!account) return box.replaceChildren();
  const total = account.parts.reduce((sum, part) => sum + part[2], 0);
  const bar = make("div", "stack");
  const legend = make("ul", "legend");
  for (const [name, css, spent] of account.parts) {
    const piece = make("i", css);
    piece.style.flexGrow = String(spent / total || 0);
    piece.title = `${name}: ${us(spent)} \u00b5s`;
    bar.append(piece);
    const item = make("li");
    item.append(make("i", `key ${css}`), `${name} `, make("b", "", `${us(spent)} \u00b5s`));
    item.append(make("span", "", ` ${((100 * spent) / total || 0).toFixed(1)} %`));
    legend.append(item);
  }
  const table = make("table");
  for (const section of account.rows) {
    const body = make("tbody");
    for (const [item, amount, time] of section) {
      const line = make("tr", item === "total" ? "total" : "");
      line.append(make("th", "", item), make("td", "", amount), make("td", "num", time));
      body.append(line);
    }
    table.append(body);
  }
  const head = make("thead");
  const names = make("tr");
  names.append(make("th", "", "one frame"), make("th", "", ""), make("th", "num", "\u00b5s"));
  head.append(names);
  table.prepend(head);
  const note = make("p", "note", `Prices: ${account.timing}${account.note ? `; ${account.note}` : ""}`);
  return box.replaceChildren(bar, legend, table, note);
}

export function showStore(account) {
  const box = $("store");
  if (!account) return box.replaceChildren();
  const strip = make("div", "strip");
  const inside = account.kernels.filter((k) => k.storage === "static");
  inside.forEach((k, index) => {
    const piece = make("i", `s${index % 5}`, k.words > account.store / 16 ? k.name : "");
    piece.style.flexBasis = `${(100 * k.words) / account.store}%`;
    piece.title = `${k.name}: ${k.words} words`;
    strip.append(piece);
  });
  const table = make("table");
  const head = make("tr");
  for (const [text, css] of [["kernel", ""], ["words", "num"], ["storage", ""], ["launches", "num"]]) {
    head.append(make("th", css, text));
  }
  table.append(head);
  for (const k of account.kernels) {
    const line = make("tr");
    line.append(make("th", "", k.name), make("td", "num", String(k.words)));
    line.append(make("td", "", k.storage + (k.highspeed ? ", high-speed" : "")), make("td", "num", String(k.launches)));
    table.append(line);
  }
  const used = `${account.stored.toLocaleString("en")} of ${account.store.toLocaleString("en")} words of the kernel store`;
  return box.replaceChildren(make("p", "note", used), strip, table);
}

// --- the timeline ---

const ROWS = { controller: 22, array: 56, statement: 82, readout: 116 };
const PLACE = {
  recording: "controller",
  launch: "controller",
  "host call": "controller",
  kernel: "array",
  words: "array",
  statement: "statement",
  readout: "readout",
};
const LEFT = 74;
const NARROWEST = 280;
const READOUT_WIDTH = 0.22;

// Readouts take thousands of times as long as words: they are drawn shorter, all by one factor.
function axis(spans, wide) {
  const slow = spans.filter((s) => s[0] === "readout" && s[3] > 0);
  const end = Math.max(0, ...spans.map((s) => s[2] + s[3]));
  const reading = slow.reduce((sum, s) => sum + s[3], 0);
  const squeeze = reading > end / 2 && reading < end ? (READOUT_WIDTH / (1 - READOUT_WIDTH)) * ((end - reading) / reading) : 1;
  const corners = [[0, 0]];
  for (const s of slow) {
    const [t, x] = corners.at(-1);
    const start = x + (s[2] - t);
    corners.push([s[2], start], [s[2] + s[3], start + s[3] * squeeze]);
  }
  const [t, x] = corners.at(-1);
  corners.push([Math.max(end, t), x + Math.max(0, end - t)]);
  const scale = (wide - LEFT - 8) / (corners.at(-1)[1] || 1);
  const place = (time) => {
    let n = 0;
    while (n + 2 < corners.length && corners[n + 1][0] < time) n += 1;
    const [[t0, x0], [t1, x1]] = [corners[n], corners[n + 1] || corners[n]];
    return LEFT + scale * (x0 + (t1 > t0 ? ((x1 - x0) * (time - t0)) / (t1 - t0) : 0));
  };
  return { place, end, cut: squeeze !== 1 };
}

export class Timeline {
  constructor() {
    this.account = null;
    this.cursor = null;
    this.wide = 0;
    this.time = 0;
    new ResizeObserver(() => {
      if (this.account && this._room() !== this.wide) this._draw();
    }).observe($("stage"));
  }

  // CSS pixels that there are for the chart, which is drawn for just these.
  _room() {
    const box = $("timeline");
    const { paddingLeft, paddingRight } = getComputedStyle(box);
    const inside = box.parentElement.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    return Math.max(NARROWEST, Math.floor(inside)); // of its parent: the panel itself may be hidden
  }

  show(account) {
    if (this.account === account) return;
    this.account = account;
    this._draw();
  }

  _draw() {
    const { account } = this;
    const wide = this._room();
    this.wide = wide;
    const box = $("timeline");
    const spans = account?.spans || [];
    if (!spans.length) {
      this.cursor = null;
      box.replaceChildren(make("p", "note", "The frame takes no time."));
      return;
    }
    const { place, end, cut } = axis(spans, wide);
    this.place = place;
    const svg = drawn("svg", { viewBox: `0 0 ${wide} 150`, role: "img", "aria-label": "timeline of the frame" });
    for (const [name, top] of [["controller", 22], ["array", 56], ["readout", 116]]) {
      svg.append(drawn("text", { x: 0, y: top + 17 }, name));
    }
    let last = null;
    for (const [category, name, start, taken, line] of spans) {
      const row = PLACE[category];
      const x = place(start);
      const width = Math.max(place(start + taken) - x, 0.6);
      if (last && last.row === row && width <= 0.6 && x - last.end < 0.6) continue; // too narrow to be seen apart
      last = { row, end: x + width };
      const height = row === "statement" ? 20 : 26;
      const css = `f-${category.replace(" ", "-")}`;
      const rect = drawn("rect", { class: css, x: x.toFixed(2), y: ROWS[row], width: width.toFixed(2), height });
      rect.append(drawn("title", {}, `${name}: ${us(taken)} \u00b5s${line ? `, line ${line}` : ""}`));
      svg.append(rect);
      const room = Math.floor((width - 8) / 7.1);
      const called = name.replace(/^(vs_)?scamp5_/, "");
      const label = category === "host call" ? called : category === "readout" ? `${name}  ${us(taken)} \u00b5s` : name;
      if (category !== "launch" && room >= Math.min(label.length, 4)) {
        const text = label.length <= room ? label : `${label.slice(0, room - 1)}\u2026`;
        svg.append(drawn("text", { x: (x + 4).toFixed(2), y: ROWS[row] + height / 2 + 4, class: "in" }, text));
      }
    }
    this.cursor = drawn("line", { class: "now", y1: 8, y2: 148, x1: LEFT, x2: LEFT });
    svg.append(this.cursor, drawn("text", { x: LEFT, y: 12, class: "soft" }, "0"));
    svg.append(drawn("text", { x: wide - 8, y: 12, class: "soft", "text-anchor": "end" }, `${us(end)} \u00b5s`));
    const chart = make("div", "chart");
    chart.append(svg);
    const parts = [chart];
    if (cut) parts.push(make("p", "note", "Readouts are drawn much shorter than they are; their times are written in them."));
    box.replaceChildren(...parts);
    this.stand(this.time);
  }

  stand(time) {
    this.time = time;
    if (!this.cursor) return;
    const x = this.place(time).toFixed(2);
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
  }
}

// --- notes and results ---

export function showNotes(notes) {
  const list = make("ul");
  for (const note of notes) list.append(make("li", "", note));
  if (!notes.length) list.append(make("li", "", "nothing to say"));
  $("notes").replaceChildren(list);
  $("tab-notes").textContent = notes.length ? `Notes (${notes.length})` : "Notes";
}

export function showResults(results) {
  const box = $("results");
  if (!results.length) return box.replaceChildren();
  const table = make("table");
  for (const [station, name, value] of results) {
    const line = make("tr");
    line.append(make("th", "", name), make("td", "soft", station), make("td", "", value));
    table.append(line);
  }
  return box.replaceChildren(make("h2", "", "Results"), table);
}
