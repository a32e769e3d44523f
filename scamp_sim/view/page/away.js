// What can be taken away: the text, the plane at hand, animations, and what the server writes of the run.

import { download, give } from "./wire.js";

const $ = (id) => document.getElementById(id);

export function offerExports({ stage, source, state, failed }) {
  $("export").addEventListener("click", async (event) => {
    const what = event.target.dataset?.export;
    if (!what) return;
    $("export").open = false;
    if (what === "text") {
      give(new Blob([source.area.value], { type: "text/plain" }), source._text()?.title || "program.scamp");
      return;
    }
    if (!state.run) return;
    const plane = stage.selected;
    const shownMode = stage.picture()?.mode || "ideal";
    const query = new URLSearchParams({ revision: state.run.revision, n: String(state.n) });
    try {
      if (what === "plane") {
        const picture = stage.picture();
        if (picture) picture.canvas.toBlob((blob) => give(blob, `${state.run.title}-${plane.replace(">", "")}-${state.n}.png`));
        return;
      }
      document.body.classList.add("busy");
      if (what === "words" || what === "frames") {
        query.set("plane", `${shownMode}/${plane}`);
        query.set("step", what === "words" ? "word" : "frame");
        query.set("zoom", state.run.shape[0] <= 128 ? "2" : "1");
        await download(`animation.gif?${query}`, "animation.gif");
      } else await download(`${what}?${query}`, what);
    } catch (error) {
      failed(error);
    } finally {
      document.body.classList.remove("busy");
    }
  });
}
