// The page: what the user does becomes a wish to run or a moment to look at; one of each is under way at a time.

import { offerExports } from "./away.js";
import { Camera, whyNot } from "./camera.js";
import { listenToKeys } from "./keys.js";
import { Stage } from "./planes.js";
import { setUpTabs, showCosts, showNotes, showResults, showSliders, showStore, Timeline, us } from "./panels.js";
import { Source } from "./source.js";
import { ask, Gone, look, Refused, sendPicture, Stale, tell } from "./wire.js";

const $ = (id) => document.getElementById(id);
const TYPING = 180; // ms after the last key until a text is run
const WATCH = 1500; // ms between looks at the file
const PLAY = 140; // ms a word
const MOST_UPLOAD = 32 << 20; // bytes that the server takes

const stage = new Stage();
const source = new Source();
const timeline = new Timeline();
const camera = new Camera();

const state = {
  about: null,
  wish: null, // what is to be run
  run: null, // what was run last and could be
  n: 0,
  frame: 0,
  account: null,
  stamp: "",
  around: "",
  playing: 0,
  lost: false,
};

// --- saying what is wrong ---------------------------------------------------------------------------------------

function banner(text, load = false, keep = false) {
  $("banner").hidden = !text;
  $("banner").firstElementChild.textContent = text;
  $("banner-load").hidden = !load;
  $("banner-keep").hidden = !keep;
}

function failed(error) {
  if (error instanceof Refused || error instanceof Stale) banner(error.message);
  else if (error instanceof Gone) lost();
  else banner(`the page failed: ${error.message}`);
}

function lost() {
  state.lost = true;
  stop();
  banner("scamp-sim does not answer any more; start it again, and open the address that it prints.");
}

// --- running ----------------------------------------------------------------------------------------------------

let running = false;
let wanted = false;

async function run() {
  wanted = true;
  if (running) return;
  running = true;
  document.body.classList.add("busy");
  try {
    while (wanted) {
      wanted = false;
      await runOnce();
    }
  } catch (error) {
    failed(error);
  } finally {
    running = false;
    document.body.classList.remove("busy");
  }
}

async function runOnce() {
  sayCompiling();
  const found = await (await tell("run", state.wish)).json();
  if (wanted) return; // another wish has come meanwhile
  source.messages(found.diagnostics);
  state.around = found.around;
  if (!found.ok) {
    const errors = found.diagnostics.filter((d) => d.severity === "error").length;
    document.body.classList.add("stale");
    banner(found.error || "");
    const last = state.run ? ": what is shown is the last text that could be run" : "";
    $("summary").textContent = errors ? `${errors} ${errors === 1 ? "error" : "errors"}${last}` : "";
    if (!state.run) source.take(found.texts); // a text that could not be run from the start is shown all the same
    source.messages(found.diagnostics);
    return;
  }
  document.body.classList.remove("stale");
  if (!$("banner").hidden && $("banner-load").hidden) banner("");
  const before = state.run;
  state.run = found;
  const [pictures, own] = [found.pictures, state.wish.picture];
  fillSelect($("picture"), pictures, own);
  source.take(found.texts);
  showSliders(found.sliders, slid);
  showNotes(found.notes);
  $("title").textContent = found.title;
  document.title = `${found.title} - scamp-sim`;
  $("moment").max = String(found.length);
  takeAccount(found.account, 0);
  stage.behind = found.outputs;
  await go(stand(before, found));
}

// The first run of an installation, and the first on a chip, wait for the engine.
function sayCompiling() {
  if (!state.about.compiling[state.wish.errors === "ideal" ? "ideal" : "chip"]) return;
  $("doing").textContent = "compiling the engine, once per installation (about 10 s) ...";
}

// Where to stand in a new run: at the same place of the run before, or at the end of its first frame.
function stand(before, now) {
  if (!before) return now.frames[0]?.end ?? 0;
  const ended = before.frames.findIndex((f) => f.end === state.n);
  if (ended >= 0) return now.frames[Math.min(ended, now.frames.length - 1)]?.end ?? 0;
  return Math.min(state.n, now.length);
}

function takeAccount(account, frame) {
  state.account = account;
  state.frame = frame;
  source.costs(account);
  showCosts(account);
  showStore(account);
  timeline.show(account);
  if (!account) return;
  const read = account.us - (account.compute_us ?? account.us);
  const parts = [`${account.words.toLocaleString("en")} words`, `${us(account.compute_us ?? account.us)} \u00b5s`];
  if (read > 0) parts.push(`${us(account.us)} \u00b5s with readout`);
  $("summary").textContent = parts.join(" \u00b7 ");
}

function slid(name, value) {
  state.wish.params = { ...state.wish.params, [name]: value };
  run();
}

let typing = 0;
source.onedit = (text) => {
  state.wish.text = text;
  $("dirty").textContent = "changed";
  $("save").hidden = !state.about.savable;
  clearTimeout(typing);
  typing = setTimeout(run, TYPING);
};

source.online = (file, line) => move({ from: state.n, move: "at", at: [file, line] });

// --- looking ----------------------------------------------------------------------------------------------------

let looking = false;
let target = null;

async function go(to) {
  target = to;
  if (looking) return;
  looking = true;
  try {
    while (target !== null && state.run) {
      const asked = target;
      const revision = state.run.revision;
      const said = await look(revision, asked, stage.have());
      if (state.run.revision !== revision) continue;
      if (said.pending) {
        $("where").textContent = `on the way to ${said.n.toLocaleString("en")}: ${said.at.toLocaleString("en")}`;
        if (target === asked) target = said.n;
        continue;
      }
      if (target === asked) target = null;
      await arrived(said);
    }
  } catch (error) {
    target = null;
    stop();
    if (error instanceof Stale) run();
    else failed(error);
  } finally {
    looking = false;
  }
}

const move = (to) => go(to);

async function arrived(said) {
  state.about.compiling[state.wish.errors === "ideal" ? "ideal" : "chip"] = false;
  state.n = said.n;
  stage.take(said.planes);
  source.stand(said.at, said.coming);
  showResults(said.results);
  const frames = state.run.frames;
  if (said.frame !== state.frame) {
    state.frame = said.frame;
    const found = await (await tell("costs", { revision: state.run.revision, frame: said.frame })).json();
    takeAccount(found, said.frame);
  }
  timeline.stand(said.us);
  $("moment").value = String(said.n);
  const many = frames.length > 1 ? `${ordinal(said.frame)} \u00b7 ` : "";
  const kernel = said.kernel ? ` \u00b7 ${said.kernel} ${said.kernel_word}` : "";
  $("where").textContent = `${many}${said.n.toLocaleString("en")} of ${state.run.length.toLocaleString("en")}${kernel} \u00b7 ${us(said.us)} \u00b5s`;
  const via = said.macros.length ? ` in ${said.macros.join(" > ")}` : "";
  const done = document.createElement("b");
  done.textContent = said.done || "the beginning";
  const next = document.createElement("span");
  next.textContent = said.next ? `then ${said.next}` : "the end";
  $("doing").replaceChildren(done, via, next);
  document.body.dataset.n = String(said.n);
  document.body.dataset.revision = state.run.revision;
}

function ordinal(frame) {
  const frames = state.run.frames;
  const number = `frame ${frame + 1}`;
  const title = frames[frame].title.replace(/^frame \d+(, )?/, "");
  return `${number} of ${frames.length}${title ? `: ${title}` : ""}`;
}

const steps = {
  start: () => go(0),
  end: () => go(state.run.length),
  word: () => go(Math.min(state.run.length, ahead() + 1)),
  "word-back": () => go(Math.max(0, ahead() - 1)),
  line: () => move({ from: ahead(), move: "line" }),
  "line-back": () => move({ from: ahead(), move: "back" }),
  frame: () => go(state.run.frames.map((f) => f.end).find((end) => end > ahead()) ?? state.run.length),
  "frame-back": () => go(state.run.frames.map((f) => f.end).findLast((end) => end < ahead()) ?? 0),
  play: () => (state.playing ? stop() : play()),
};

// Keys that come faster than answers count from where they lead to.
function ahead() {
  return typeof target === "number" ? target : state.n;
}

function play() {
  if (!state.run) return;
  if (state.n >= state.run.length) go(0);
  $("play-icon").setAttribute("href", "#i-pause");
  state.playing = setInterval(() => {
    if (looking) return;
    if (state.n >= state.run.length) stop();
    else steps.word();
  }, PLAY);
}

function stop() {
  clearInterval(state.playing);
  state.playing = 0;
  $("play-icon").setAttribute("href", "#i-play");
}

for (const button of document.querySelectorAll("[data-go]")) {
  button.addEventListener("click", () => {
    if (!state.run) return;
    if (button.dataset.go !== "play") stop();
    steps[button.dataset.go]();
  });
}
$("moment").addEventListener("input", () => {
  stop();
  if (state.run) go(Number($("moment").value));
});

// --- choices ----------------------------------------------------------------------------------------------------

function fillSelect(select, values, value) {
  const names = { given: "as given", own: "opened here", ideal: "none, ideal" };
  const now = [...select.options].map((o) => o.value).join("|");
  if (now !== values.join("|")) select.replaceChildren(...values.map((v) => new Option(names[v] || v, v)));
  select.value = value;
}

$("picture").addEventListener("change", () => {
  unplug();
  state.wish.picture = $("picture").value;
  run();
});
$("errors").addEventListener("change", () => {
  state.wish.errors = $("errors").value;
  if (state.wish.errors !== "ideal" && stage.mode === "ideal") stage.mode = "all";
  run();
});
for (const [id, least, most] of [["frames", 1, 256], ["chip", 0, 4294967295], ["seed", 0, 4294967295]]) {
  $(id).addEventListener("change", () => {
    const value = Math.round(Number($(id).value));
    if (!(value >= least && value <= most)) {
      banner(`${id}: expected a number from ${least} to ${most.toLocaleString("en")}, got ${$(id).value || "none"}`);
      $(id).value = String(state.wish[id]);
      return;
    }
    banner("");
    state.wish[id] = value;
    run();
  });
}

async function opened(file) {
  unplug();
  if (file.size > MOST_UPLOAD) {
    banner(`${file.name} has ${file.size.toLocaleString("en")} bytes; the page takes ${MOST_UPLOAD.toLocaleString("en")}: give it to --image`);
    return;
  }
  try {
    await shown(file);
  } catch (error) {
    failed(error);
  }
}
// Runs on a file of pictures.
async function shown(file) {
  const found = await sendPicture(file);
  fillSelect($("picture"), found.pictures, "own");
  state.wish.picture = "own";
  await run();
}

// --- camera -----------------------------------------------------------------------------------------------------

async function live() {
  try {
    await camera.start(unplug);
    $("camera").setAttribute("aria-pressed", "true");
    while (camera.on) {
      if (document.hidden || !state.run) {
        await new Promise((done) => setTimeout(done, 300));
        continue;
      }
      const file = await camera.frames(state.wish.frames, ...state.run.shape);
      if (camera.on) await shown(new File([file], "camera.npy"));
    }
  } catch (error) {
    unplug();
    if (error instanceof DOMException) banner(whyNot(error));
    else failed(error);
  }
}

function unplug() {
  camera.stop();
  $("camera").setAttribute("aria-pressed", "false");
}

$("camera").addEventListener("click", () => (camera.on ? unplug() : live()));

$("drop").addEventListener("change", () => {
  if ($("drop").files.length) opened($("drop").files[0]);
  $("drop").value = "";
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length && state.about?.kind !== "network") opened(event.dataTransfer.files[0]);
});

// --- saving -----------------------------------------------------------------------------------------------------

async function save() {
  if (!state.about?.savable || source.edited === null) return;
  const text = source.edited;
  try {
    const found = await (await tell("save", { text, stamp: state.stamp })).json();
    state.stamp = found.stamp;
    if (source.edited === text) {
      source.edited = null;
      state.wish.text = null;
      $("dirty").textContent = "saved";
      $("save").hidden = true;
    }
    banner("");
    run();
  } catch (error) {
    failed(error);
  }
}
$("save").addEventListener("click", save);
$("summary").addEventListener("click", () => {
  if (document.body.classList.contains("stale")) source.nextMessage();
});

// --- the file on the disk ---------------------------------------------------------------------------------------

async function watch() {
  try {
    const { stamp, around } = await ask("stamp");
    if (state.lost) {
      state.lost = false;
      banner("");
      run();
    }
    if (stamp !== state.stamp) changed(stamp);
    else if (around !== state.around && !running) run(); // a file that is included has changed
  } catch (error) {
    if (!(error instanceof Refused)) lost();
  }
}

function changed(stamp) {
  state.stamp = stamp;
  if (!stamp) banner(`${state.about.title} is not on the disk any more; what is shown is what it was.`);
  else if (source.edited !== null) banner(`${state.about.title} has changed on the disk.`, true, true);
  else {
    banner("");
    run();
  }
}

$("banner-load").addEventListener("click", () => {
  banner("");
  source.edited = null;
  state.wish.text = null;
  $("dirty").textContent = "";
  $("save").hidden = true;
  run();
});
$("banner-keep").addEventListener("click", () => banner(""));

// --- the beginning ----------------------------------------------------------------------------------------------

async function begin() {
  setUpTabs();
  listenToKeys({ stage, source, state, steps, stop, save });
  offerExports({ stage, source, state, failed });
  document.body.classList.add("busy");
  state.about = await ask("about");
  const about = state.about;
  document.body.dataset.kind = about.kind;
  $("title").textContent = about.title;
  source.learn(about);
  state.stamp = about.stamp;
  state.wish = { ...about.first };
  fillSelect($("picture"), about.pictures, state.wish.picture);
  fillSelect($("errors"), about.errors, state.wish.errors);
  for (const id of ["frames", "chip", "seed"]) $(id).value = String(state.wish[id]);
  for (const id of ["picture", "frames", "drop"]) $(id).closest("label").hidden = about.kind === "network";
  $("camera").hidden = about.kind === "network" || !Camera.there;
  if (state.wish.errors !== "ideal") stage.mode = "all";
  await run();
  document.body.dataset.ready = "yes";
  setInterval(watch, WATCH);
}

begin().catch(failed);
