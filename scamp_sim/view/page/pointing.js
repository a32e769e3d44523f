// Pointing at a plane: the PE under the cursor, dragging and zooming what is larger than its pane, arrows.

export function listen(stage, view) {
  const place = (event) => {
    const box = view.canvas.getBoundingClientRect();
    const ratio = view.canvas.width / box.width;
    const column = Math.floor(view.left + ((event.clientX - box.left) * ratio) / view.size);
    const row = Math.floor(view.top + ((event.clientY - box.top) * ratio) / view.size);
    return row >= 0 && row < view.rows && column >= 0 && column < view.columns ? [row, column] : null;
  };
  let drag = null;
  view.canvas.addEventListener("pointermove", (event) => {
    if (drag) {
      const ratio = (view.canvas.width / view.canvas.getBoundingClientRect().width) / view.size;
      stage.center = [
        drag.center[0] - ((event.clientX - drag.x) * ratio) / view.columns,
        drag.center[1] - ((event.clientY - drag.y) * ratio) / view.rows,
      ];
    }
    stage.cursor = place(event);
    stage.draw();
  });
  view.canvas.addEventListener("pointerdown", (event) => {
    if (!stage.zoom) return;
    view.canvas.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, y: event.clientY, center: [...stage.center] };
  });
  view.canvas.addEventListener("pointerup", () => (drag = null));
  view.canvas.addEventListener("pointercancel", () => (drag = null));
  view.canvas.addEventListener("pointerleave", () => {
    if (!drag && document.activeElement !== view.canvas) {
      stage.cursor = null;
      stage.draw();
    }
  });
  view.canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.altKey && !stage.zoom) return; // the page scrolls
    event.preventDefault();
    stage.cursor = place(event) || stage.cursor;
    stage.zoomBy(event.deltaY < 0 ? 1.25 : 0.8);
  }, { passive: false });
  view.canvas.addEventListener("dblclick", (event) => {
    stage.cursor = place(event);
    stage.zoomBy(3);
  });
  view.canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!way || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const step = event.shiftKey ? 16 : 1;
    const [row, column] = stage.cursor || [view.rows >> 1, view.columns >> 1];
    const within = (v, n) => Math.max(0, Math.min(n - 1, v));
    stage.cursor = [within(row + step * way[0], view.rows), within(column + step * way[1], view.columns)];
    if (stage.zoom) stage.center = [(stage.cursor[1] + 0.5) / view.columns, (stage.cursor[0] + 0.5) / view.rows];
    stage.draw();
  });
  view.canvas.addEventListener("focus", () => {
    if (!stage.cursor && view.canvas.matches(":focus-visible")) {
      stage.cursor = [view.rows >> 1, view.columns >> 1];
      stage.draw();
    }
  });
}
