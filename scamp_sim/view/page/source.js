// The source: a text with colours below it, costs beside it, messages under what they are about.

const $ = (id) => document.getElementById(id);
const MOST_COLOURED = 200000; // characters
const TAB = 4;
const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"[^"\n]*"?|\b0[xX][0-9a-fA-F]+\b|\b\d+\b|[A-Za-z_]\w*/g;

export class Source {
  constructor() {
    this.texts = [];
    this.current = "";
    this.words = { keywords: new Set(), calls: new Set(), registers: new Set() };
    this.account = null;
    this.diagnostics = [];
    this.at = [];
    this.coming = [];
    this.edited = null; // the main text as the user has it, null while it is the file's
    this.onedit = () => {};
    this.online = () => {};
    this.area = $("text");
    this.writing = false; // Tab belongs to the text only then, so that who tabs through the page is not held there
    this.area.addEventListener("pointerdown", () => (this.writing = true));
    this.area.addEventListener("blur", () => (this.writing = false));
    this.area.addEventListener("input", () => {
      this.writing = true;
      this.edited = this.area.value;
      this._paint();
      this.onedit(this.edited);
    });
    this.area.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.area.blur();
      if (event.key === "Tab" && this.writing && !event.shiftKey && !event.ctrlKey && !this.area.readOnly) {
        event.preventDefault();
        this.area.setRangeText("    ", this.area.selectionStart, this.area.selectionEnd, "end");
        this.area.dispatchEvent(new Event("input"));
      }
    });
    $("gutter").addEventListener("click", (event) => {
      const number = event.target.closest?.("button")?.dataset.line;
      if (number) this.online(this.current, Number(number));
    });
  }

  // Into the text, to write.
  enter() {
    this.area.focus();
    this.writing = true;
  }

  learn(about) {
    for (const kind of ["keywords", "calls", "registers"]) this.words[kind] = new Set(about[kind]);
  }

  get main() {
    return this.texts[0];
  }

  // Texts of a run. What the user is writing is left alone.
  take(texts) {
    this.texts = texts;
    if (this.edited !== null && this.main?.editable) this.main.text = this.edited;
    if (!texts.some((t) => t.name === this.current)) this.current = texts[0]?.name ?? "";
    this._tabs();
    this._fill();
  }

  open(name) {
    if (this.current === name || !this.texts.some((t) => t.name === name)) return;
    this.current = name;
    this._tabs();
    this._fill();
  }

  costs(account) {
    this.account = account;
    this._gutter();
  }

  messages(found) {
    this.diagnostics = found;
    this._marks();
    const list = $("messages");
    list.replaceChildren(
      ...found.map((d) => {
        const item = document.createElement("li");
        item.className = d.severity;
        const button = document.createElement("button");
        button.type = "button";
        const place = document.createElement("b");
        place.textContent = `${d.line}:${d.column}`;
        const said = document.createElement("span");
        said.textContent = ` ${d.message} `;
        const code = document.createElement("i");
        code.textContent = d.code;
        button.append(place, said, code);
        if (d.hint) {
          const hint = document.createElement("small");
          hint.textContent = d.hint;
          button.append(hint);
        }
        button.addEventListener("click", () => this.goto(d));
        item.append(button);
        return item;
      }),
    );
  }

  nextMessage() {
    if (!this.diagnostics.length) return;
    this.told = ((this.told ?? -1) + 1) % this.diagnostics.length;
    this.goto(this.diagnostics[this.told]);
  }

  goto(d) {
    this.open(d.file);
    const lines = this.area.value.split("\n");
    const start = lines.slice(0, d.line - 1).reduce((n, line) => n + line.length + 1, 0) + d.column - 1;
    const length = d.end_line === d.line ? Math.max(0, d.end - d.column) : (lines[d.line - 1] || "").length - d.column + 1;
    this.area.focus({ preventScroll: true });
    this.area.setSelectionRange(start, start + length);
    this._reveal(d.line, d.column);
  }

  // Where the run stands: what was done, what comes.
  stand(at, coming) {
    this.at = at;
    this.coming = coming;
    const file = at[0] || coming[0];
    if (file && document.activeElement !== this.area && !this.main?.editable) this.open(file);
    this._marks();
    const line = at[0] === this.current ? at[1] : coming[0] === this.current ? coming[1] : 0;
    if (line && document.activeElement !== this.area) this._reveal(line);
  }

  _text() {
    return this.texts.find((t) => t.name === this.current);
  }

  _tabs() {
    $("files").replaceChildren(
      ...this.texts.map((t) => {
        const tab = document.createElement("button");
        tab.type = "button";
        tab.setAttribute("role", "tab");
        tab.setAttribute("aria-selected", String(t.name === this.current));
        tab.textContent = t.title;
        tab.title = t.name;
        tab.addEventListener("click", () => this.open(t.name));
        return tab;
      }),
    );
  }

  _fill() {
    const text = this._text();
    const value = text?.text ?? "";
    this.area.readOnly = !text?.editable;
    if (this.area.value !== value) this.area.value = value;
    this._paint();
  }

  _paint() {
    const text = this.area.value;
    const paint = $("paint");
    if (text.length > MOST_COLOURED) {
      paint.textContent = `${text}\n`;
    } else {
      const out = [];
      let end = 0;
      const add = (piece, kind) => {
        if (!kind) return out.push(document.createTextNode(piece));
        const span = document.createElement("span");
        span.className = kind;
        span.textContent = piece;
        return out.push(span);
      };
      for (const match of text.matchAll(TOKEN)) {
        const kind = this._kind(match[0]);
        if (!kind) continue;
        if (match.index > end) add(text.slice(end, match.index));
        add(match[0], kind);
        end = match.index + match[0].length;
      }
      add(`${text.slice(end)}\n`);
      paint.replaceChildren(...out);
    }
    this._gutter();
    this._marks();
  }

  _kind(token) {
    const first = token[0];
    if (first === "/") return "t-comment";
    if (first === '"') return "t-string";
    if (first >= "0" && first <= "9") return "t-number";
    if (this.words.keywords.has(token)) return "t-keyword";
    if (this.words.registers.has(token)) return "t-register";
    if (this.words.calls.has(token)) return "t-call";
    return "";
  }

  _gutter() {
    const lines = this.area.value.split("\n");
    const own = this.account?.lines?.[this.current] || {};
    const most = Math.max(0, ...Object.values(own).map((row) => row[1]));
    $("gutter").replaceChildren(
      ...lines.map((_, index) => {
        const number = index + 1;
        const row = document.createElement("div");
        const cost = own[number];
        const button = document.createElement("button");
        button.type = "button";
        button.tabIndex = -1;
        button.dataset.line = String(number);
        button.textContent = String(number);
        button.title = cost ? `stand after line ${number}` : `line ${number}`;
        button.disabled = !cost;
        const words = document.createElement("span");
        const time = document.createElement("span");
        if (cost) {
          words.textContent = cost[0] ? cost[0].toLocaleString("en") : "";
          time.textContent = cost[1] >= 1000 ? Math.round(cost[1]).toLocaleString("en") : cost[1].toFixed(1);
          row.title = [`${cost[0]} words, ${cost[1].toFixed(2)} \u00b5s`, ...cost[2]].join("\n");
          if (most) row.style.setProperty("--share", String(Math.sqrt(cost[1] / most)));
          row.className = "cost";
        }
        row.append(button, words, time);
        return row;
      }),
    );
  }

  _column(line, column) {
    let at = 0;
    for (const c of line.slice(0, Math.max(0, column - 1))) at += c === "\t" ? TAB - (at % TAB) : 1;
    return at;
  }

  _marks() {
    const lines = this.area.value.split("\n");
    const marks = [];
    const mark = (kind, line, from, to, title) => {
      if (line < 1 || line > lines.length) return;
      const element = document.createElement("div");
      element.className = kind;
      element.style.setProperty("--line", String(line - 1));
      if (from !== undefined) {
        const a = this._column(lines[line - 1], from);
        const b = this._column(lines[line - 1], to);
        element.style.setProperty("--from", String(a));
        element.style.setProperty("--long", String(Math.max(1, b - a)));
      }
      if (title) element.title = title;
      marks.push(element);
    };
    if (this.coming[0] === this.current) mark("m-coming", this.coming[1]);
    if (this.at[0] === this.current) {
      mark("m-at", this.at[1]);
      if (this.at[3] === this.at[1] && this.at[4] > this.at[2] + 1) mark("m-word", this.at[1], this.at[2], this.at[4]);
    }
    for (const d of this.diagnostics) {
      if (d.file !== this.current) continue;
      const long = (lines[d.line - 1] || "").length + 1;
      mark(`m-${d.severity}`, d.line, d.column, d.end_line === d.line ? d.end : long, d.message);
    }
    $("marks").replaceChildren(...marks);
  }

  _reveal(line, column = 0) {
    const editor = $("editor");
    const letter = Number.parseFloat(getComputedStyle($("paint")).fontSize) * 0.6;
    const place = this._column(this.area.value.split("\n")[line - 1] || "", column) * letter;
    const room = editor.clientWidth - $("gutter").offsetWidth;
    if (column && (place < editor.scrollLeft || place > editor.scrollLeft + room - 8 * letter)) {
      editor.scrollLeft = Math.max(0, place - room / 2);
    }
    const height = Number.parseFloat(getComputedStyle($("paint")).lineHeight);
    const top = (line - 1) * height;
    if (top < editor.scrollTop + height || top > editor.scrollTop + editor.clientHeight - 3 * height) {
      editor.scrollTop = Math.max(0, top - editor.clientHeight / 3);
    }
  }
}
