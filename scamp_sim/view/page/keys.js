// Keys: what each of them does, everywhere but where it has a meaning of its own, as in the text.

const $ = (id) => document.getElementById(id);

const KEYS = {
  ArrowRight: "word",
  ArrowLeft: "word-back",
  PageDown: "frame",
  PageUp: "frame-back",
  Home: "start",
  End: "end",
  " ": "play",
};
const MODES = { i: "ideal", c: "chip", d: "difference", s: "all" };

// steps: moves in time by name; stop: ends playing; save: writes the text to its file.
export function listenToKeys({ stage, source, state, steps, stop, save }) {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      save();
      return;
    }
    if (event.key === "F8") {
      event.preventDefault();
      source.nextMessage();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    const where = event.target;
    if (where.closest("textarea, input:not([type=range]):not([type=radio]), select")) return;
    const own = where.closest("button, summary, input");
    if (own && [" ", "Enter"].includes(event.key)) return;
    if (where.matches("input[type=radio]") && event.key.startsWith("Arrow")) return;
    if (where.matches("input[type=range]") && where.id !== "moment") return;
    const go = event.shiftKey ? { ArrowRight: "line", ArrowLeft: "line-back" }[event.key] : KEYS[event.key];
    const actions = {
      "+": () => stage.zoomBy(1.5),
      "=": () => stage.zoomBy(1.5),
      "-": () => stage.zoomBy(1 / 1.5),
      0: () => stage.fit(),
      "[": () => stage.next(-1),
      "]": () => stage.next(1),
      e: () => source.enter(),
      "?": () => $("help").showModal(),
    };
    if (go && state.run) {
      if (go !== "play") stop();
      steps[go]();
    } else if (MODES[event.key]) stage.show(MODES[event.key]);
    else if (actions[event.key]) actions[event.key]();
    else return;
    event.preventDefault();
  });
  $("keys").addEventListener("click", () => $("help").showModal());
}
