// The stage: one plane, large, with zoom and values, as ideal, chip, difference, or all three.

import { difference, histogram, isBits, numbers, paint, scaleOf, shown } from "./draw.js";
import { listen } from "./pointing.js";

const $ = (id) => document.getElementById(id);
const MODES = ["ideal", "chip", "difference"];
const varies = (plane) => plane.stats.high > plane.stats.low;
const unit = (plane) => ((plane.of || plane.kind) === "image" ? "" : " LSB");
const LETTERED = 26; // pixels of a PE from which its value is written in it

export class Stage {
  constructor() {
    this.planes = new Map();
    this.selected = "";
    this.preferred = ""; // what the user chose; where it is not there yet, its register is shown
    this.behind = {};
    this.mode = "ideal";
    this.zoom = 0; // 0: fit
    this.center = [0.5, 0.5];
    this.cursor = null;
    this.views = [];
    this.thumbs = new Map();
    const resized = new ResizeObserver(() => this.draw());
    for (const what of ["views", "stage"]) resized.observe($(what));
    $("scale").addEventListener("change", () => this.draw(true));
    // the histogram takes its colours from the style when it is drawn
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw(true));
    for (const input of document.querySelectorAll("#mode input")) {
      input.addEventListener("change", () => this.show(input.value));
    }
    $("zoom-in").addEventListener("click", () => this.zoomBy(1.5));
    $("zoom-out").addEventListener("click", () => this.zoomBy(1 / 1.5));
    $("zoom-fit").addEventListener("click", () => this.fit());
  }

  get hasChip() {
    return [...this.planes.keys()].some((name) => name.startsWith("chip/"));
  }

  // Take what a look gave; planes that are not named any more are gone.
  take(rows) {
    const names = new Set();
    let changed = false;
    for (const row of rows) {
      names.add(row.name);
      if (row.data === undefined) continue;
      const plane = { kind: row.kind, shape: row.shape, mark: row.mark, data: row.data };
      plane.stats = numbers(plane);
      this.planes.set(row.name, plane);
      changed = true;
    }
    for (const name of [...this.planes.keys()]) {
      if (!names.has(name)) {
        this.planes.delete(name);
        changed = true;
      }
    }
    if (changed) this.derived = new Map();
    this.draw(true);
  }

  have() {
    return Object.fromEntries([...this.planes].map(([name, plane]) => [name, plane.mark]));
  }

  plane(station, name) {
    if (station !== "difference") return this.planes.get(`${station}/${name}`);
    this.derived ||= new Map();
    if (!this.derived.has(name)) {
      const chip = this.planes.get(`chip/${name}`);
      const ideal = this.planes.get(`ideal/${name}`);
      const made = chip && ideal && chip.data.length === ideal.data.length ? difference(chip, ideal) : undefined;
      if (made) made.stats = numbers(made);
      this.derived.set(name, made);
    }
    return this.derived.get(name);
  }

  // Ideal and chip have one scale, so that what differs in grey differs in value.
  scale(station, name, plane) {
    const other = station === "difference" ? null : this.planes.get(`${station === "chip" ? "ideal" : "chip"}/${name}`);
    const low = Math.min(plane.stats.low, other?.stats.low ?? Infinity);
    const high = Math.max(plane.stats.high, other?.stats.high ?? -Infinity);
    return scaleOf(plane, $("scale").value, { low, high });
  }

  names() {
    return [...this.planes.keys()].filter((n) => n.startsWith("ideal/")).map((n) => n.slice(6));
  }

  show(mode) {
    if (mode !== "ideal" && !this.hasChip) return;
    this.mode = mode;
    this.draw(true);
  }

  select(name) {
    this.selected = this.preferred = name;
    this.draw(true);
  }

  next(step) {
    const names = this.names();
    if (!names.length) return;
    const at = names.indexOf(this.selected);
    this.select(names[(at + step + names.length) % names.length]);
    this.thumbs.get(this.selected)?.scrollIntoView({ block: "nearest" });
  }

  // --- zoom ---

  fit() {
    this.zoom = 0;
    this.center = [0.5, 0.5];
    this.draw();
  }

  zoomBy(factor) {
    const view = this.views[0];
    if (!view) return;
    const now = this.zoom || view.fitted;
    this.zoom = Math.min(64, now * factor);
    if (this.zoom <= view.fitted * 1.001) this.fit();
    else {
      if (this.cursor) this.center = [(this.cursor[1] + 0.5) / view.columns, (this.cursor[0] + 0.5) / view.rows];
      this.draw();
    }
  }

  // --- drawing ---

  draw(content = false) {
    const names = this.names();
    this.preferred ||= names.findLast((n) => n.startsWith(">")) || "";
    const varied = names.find((n) => !isBits(this.planes.get(`ideal/${n}`)) && varies(this.planes.get(`ideal/${n}`)));
    const choice = [this.preferred, this.behind[this.preferred.slice(1)], this.selected, varied, names[0], ""];
    this.selected = choice.find((name) => names.includes(name)) ?? "";
    const chip = this.hasChip;
    const mode = chip ? this.mode : "ideal";
    for (const input of document.querySelectorAll("#mode input")) {
      input.disabled = !chip && input.value !== "ideal";
      input.checked = input.value === mode;
    }
    const modes = chip && this.mode === "all" ? MODES : [chip && this.mode !== "all" ? this.mode : "ideal"];
    this._views(modes);
    const title = this.selected.startsWith(">") ? `output ${this.selected.slice(1)}` : this.selected;
    $("shown").textContent = title || "no plane";
    for (const view of this.views) this._view(view, content);
    if (content) {
      this._thumbs(names, modes.length > 1 ? "ideal" : modes[0]);
      this._histogram(modes.length > 1 ? "chip" : modes[0]);
    }
    this._values();
  }

  _views(modes) {
    if (this.views.map((v) => v.mode).join() === modes.join()) return;
    this.views = modes.map((mode) => {
      const figure = document.createElement("figure");
      const canvas = document.createElement("canvas");
      canvas.tabIndex = 0;
      canvas.setAttribute("role", "img");
      canvas.className = "plane";
      const caption = document.createElement("figcaption");
      figure.append(canvas, caption);
      const view = { mode, canvas, caption, source: document.createElement("canvas") };
      listen(this, view);
      return view;
    });
    $("views").replaceChildren(...this.views.map((v) => v.canvas.parentElement));
    $("views").className = modes.length > 1 ? "three" : "one";
  }

  _view(view, content) {
    const plane = this.plane(view.mode, this.selected);
    const box = view.canvas.parentElement;
    const wide = box.clientWidth;
    const most = this._tallest();
    view.canvas.hidden = !plane;
    if (!plane || !wide) {
      view.caption.textContent = "";
      return;
    }
    const [rows, columns] = plane.shape;
    Object.assign(view, { rows, columns, plane });
    const width = Math.floor(Math.min(wide, (most * columns) / rows));
    const height = Math.floor((width * rows) / columns);
    const ratio = window.devicePixelRatio || 1;
    if (view.canvas.width !== Math.round(width * ratio) || view.canvas.height !== Math.round(height * ratio)) {
      view.canvas.width = Math.round(width * ratio);
      view.canvas.height = Math.round(height * ratio);
      view.canvas.style.width = `${width}px`;
      view.canvas.style.height = `${height}px`;
    }
    const scale = this.scale(view.mode, this.selected, plane);
    if (content || view.painted !== plane) {
      view.source.width = columns;
      view.source.height = rows;
      view.source.getContext("2d").putImageData(paint(plane, scale), 0, 0);
      view.painted = plane;
    }
    view.fitted = width / columns;
    const size = (this.zoom || view.fitted) * ratio;
    const half = [view.canvas.width / size / 2, view.canvas.height / size / 2];
    const limit = (c, n, h) => (2 * h >= n ? n / 2 : Math.max(h, Math.min(n - h, c * n)));
    const middle = [limit(this.center[0], columns, half[0]), limit(this.center[1], rows, half[1])];
    view.size = size;
    view.left = middle[0] - half[0];
    view.top = middle[1] - half[1];
    const pen = view.canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, view.canvas.width, view.canvas.height);
    pen.drawImage(view.source, -view.left * size, -view.top * size, columns * size, rows * size);
    if (size / ratio >= LETTERED) this._letters(view, pen, scale, ratio);
    if (this.cursor) {
      const [row, column] = this.cursor;
      pen.strokeStyle = "#ffb000";
      pen.lineWidth = Math.max(1, 1.5 * ratio);
      const edge = Math.max(size, 5 * ratio);
      const x = (column + 0.5 - view.left) * size;
      const y = (row + 0.5 - view.top) * size;
      pen.strokeRect(x - edge / 2, y - edge / 2, edge, edge);
    }
    view.caption.textContent = this._caption(view.mode, plane, scale);
    view.canvas.setAttribute("aria-label", `${this.selected} ${view.mode}: ${view.caption.textContent}`);
  }

  // As tall as the style says, and no taller than what is seen of the stage at once, where it scrolls by itself.
  _tallest() {
    const most = Number.parseFloat(getComputedStyle($("views")).getPropertyValue("--tallest")) || 560;
    const stage = $("stage");
    if (getComputedStyle(stage).overflowY === "visible") return most;
    return Math.max(160, Math.min(most, stage.clientHeight - stage.querySelector(".bar").offsetHeight - 44));
  }

  _caption(mode, plane, scale) {
    const of = plane.kind;
    if (of === "difference") {
      if (plane.of === "bits") return "chip minus ideal: orange set on the chip alone, blue on the ideal array alone";
      return `chip minus ideal: blue ${shown(scale[0])}, orange ${shown(scale[1])}${unit(plane)}`;
    }
    const ends = of === "bits" ? "white is 1" : `black ${shown(scale[0])}, white ${shown(scale[1])}`;
    const clipped = of === "bits" || (plane.stats.low >= scale[0] && plane.stats.high <= scale[1]) ? "" : ", clipped";
    return `${mode}: ${ends}${clipped}`;
  }

  _letters(view, pen, scale, ratio) {
    const { plane, size } = view;
    pen.font = `${Math.min(13, size / ratio / 2.6) * ratio}px ui-monospace, Menlo, Consolas, monospace`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const [rows, columns] = plane.shape;
    const last = [Math.ceil(view.top + view.canvas.height / size), Math.ceil(view.left + view.canvas.width / size)];
    for (let r = Math.max(0, Math.floor(view.top)); r < Math.min(rows, last[0]); r++) {
      for (let c = Math.max(0, Math.floor(view.left)); c < Math.min(columns, last[1]); c++) {
        const value = plane.data[r * columns + c];
        const light = plane.kind !== "difference" && (value - scale[0]) / (scale[1] - scale[0] || 1) > 0.55;
        pen.fillStyle = light ? "#000" : "#fff";
        const text = plane.kind === "bits" ? String(value) : value.toFixed(Math.abs(value) < 100 ? 1 : 0);
        pen.fillText(text, (c + 0.5 - view.left) * size, (r + 0.5 - view.top) * size);
      }
    }
  }

  _values() {
    const plane = this.plane("ideal", this.selected);
    if (!this.cursor || !plane) {
      $("cursor").textContent = "Point at the plane, or tab to it and use the arrows: the values of a PE stand here.";
      return;
    }
    const [row, column] = this.cursor;
    const columns = plane.shape[1];
    const value = (station) => {
      const found = this.plane(station, this.selected);
      return found ? shown(found.data[row * columns + column], found.of === "bits" ? "bits" : found.kind) : null;
    };
    const parts = [`row ${row}, column ${column} (chip column ${columns - 1 - column})`, `ideal ${value("ideal")}`];
    if (this.hasChip) parts.push(`chip ${value("chip")}`, `difference ${value("difference")}`);
    $("cursor").textContent = parts.join("  \u00b7  ");
  }

  _thumbs(names, station) {
    const known = this.thumbs;
    if ([...known.keys()].join("|") !== names.join("|")) {
      known.clear();
      for (const name of names) {
        const button = document.createElement("button");
        button.type = "button";
        button.setAttribute("role", "option");
        const canvas = document.createElement("canvas");
        const label = document.createElement("b");
        label.textContent = name.startsWith(">") ? name.slice(1) : name;
        const about = document.createElement("span");
        if (name.startsWith(">")) button.className = "out";
        button.title = name.startsWith(">") ? `output ${name.slice(1)}` : `register ${name}`;
        button.append(canvas, label, about);
        button.addEventListener("click", () => this.select(name));
        known.set(name, button);
      }
      $("planes").replaceChildren(...known.values());
    }
    for (const name of names) {
      const button = known.get(name);
      const plane = this.plane(station, name);
      button.setAttribute("aria-selected", String(name === this.selected));
      const scale = plane && this.scale(station, name, plane);
      const key = plane && `${station} ${scale}`;
      if (!plane || (button.plane === plane && button.key === key)) continue;
      button.plane = plane;
      button.key = key;
      const [canvas, , about] = button.children;
      [canvas.height, canvas.width] = plane.shape;
      canvas.getContext("2d").putImageData(paint(plane, scale), 0, 0);
      const s = plane.stats;
      about.textContent = isBits(plane)
        ? `${((100 * s.sum) / s.count).toFixed(1)} % set`
        : `${shown(s.low)} .. ${shown(s.high)}`;
    }
  }

  _histogram(station) {
    const plane = this.plane(station, this.selected);
    const of = this.hasChip ? `${station}: ` : "";
    const canvas = $("histogram");
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (!plane) {
      $("numbers").textContent = "";
      return;
    }
    const s = plane.stats;
    if (isBits(plane)) {
      const style = getComputedStyle(canvas);
      pen.fillStyle = style.getPropertyValue("--line");
      pen.fillRect(0, 20, canvas.width, 24);
      pen.fillStyle = style.getPropertyValue("--analog");
      pen.fillRect(0, 20, (canvas.width * s.sum) / s.count, 24);
      $("numbers").textContent = `${of}${s.sum.toLocaleString("en")} of ${s.count.toLocaleString("en")} set`;
      return;
    }
    const scale = s.high > s.low ? [s.low, s.high] : [s.low - 1, s.low + 1];
    const bins = 128;
    const counts = histogram(plane, scale, bins);
    const most = Math.max(...counts);
    pen.fillStyle = getComputedStyle(canvas).getPropertyValue("--analog");
    const wide = canvas.width / bins;
    for (let i = 0; i < bins; i++) {
      // roots, so that few are seen beside many
      const height = counts[i] ? Math.max(1, Math.sqrt(counts[i] / most) * canvas.height) : 0;
      pen.fillRect(i * wide, canvas.height - height, wide - 0.5, height);
    }
    $("numbers").textContent = `${of}${shown(s.low)} .. ${shown(s.high)}, mean ${shown(s.mean)}${unit(plane)}`;
  }

  picture() {
    const view = this.views.find((v) => v.plane) || null;
    return view ? { canvas: view.source, mode: view.mode } : null;
  }
}
