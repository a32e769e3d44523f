"""Pictures of a clip in the array: its planes over time, its output, and where an array and its model differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scamp_sim.show.render import BACKGROUND, CAPTION, FRAME, MARGIN, TITLE, grey_levels
from scamp_sim.systems.pixelrnn.golden import FRAMES, SIDE

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

ZOOM, OUTPUT_ZOOM, GAP = 2, 6, 6
"""Pixels of a picture for a pixel of a plane, in the strip and for the output; between pictures of the strip."""

TITLE_SIZE, CAPTION_SIZE = 24, 18
"""Larger than on other sheets: this one is wide, and is seen scaled down."""

LABELS = 180
"""Columns for the names of the rows."""

ROWS = {
    "frame": "what the lens saw",
    "x": "binarised",
    "b": "convolved, pooled",
    "f": "forget gate",
    "h": "state",
}

BAR, HIGHLIGHT = 110, 220
NOTES = 720
"""Columns that what is to be said takes."""
SCORES = 620
"""Columns that the bars of the scores take."""


def sheet(
    planes: Mapping[str, npt.NDArray[Any]],
    o: npt.NDArray[np.float32],
    heading: str,
    notes: Sequence[str] = (),
    scores: Mapping[str, float] | None = None,
) -> Picture:
    """All planes of a clip, a row a stage and a column a frame; below them the output, what is to be said, and the
    scores of the decoder.

    planes: "frame", "x", "b", "f", "h": (16, 64, 64) uint8 or bool; "frame" also (16, 256, 256).
    """
    from PIL import Image, ImageDraw, ImageFont

    large, small = ImageFont.load_default(TITLE_SIZE), ImageFont.load_default(CAPTION_SIZE)
    cell = SIDE * ZOOM
    width = 2 * MARGIN + LABELS + FRAMES * (cell + GAP) - GAP
    top = MARGIN + TITLE_SIZE + 14 + CAPTION_SIZE + 8
    below = top + len(planes) * (cell + GAP) + 2 * MARGIN
    side = SIDE * OUTPUT_ZOOM
    picture = Image.new("L", (width, below + side + MARGIN), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    draw.text((MARGIN, MARGIN - 4), heading, TITLE, large)

    def paste(plane: npt.NDArray[Any], x: int, y: int, zoom: int) -> None:
        size = SIDE * zoom
        draw.rectangle((x - 1, y - 1, x + size, y + size), outline=FRAME)
        how = Image.Resampling.BOX if plane.shape[0] > size else Image.Resampling.NEAREST
        picture.paste(Image.fromarray(plane).resize((size, size), how), (x, y))

    for t in range(FRAMES):
        draw.text((MARGIN + LABELS + t * (cell + GAP), top - CAPTION_SIZE - 6), str(t), CAPTION, small)
    for row, (name, stack) in enumerate(planes.items()):
        y = top + row * (cell + GAP)
        draw.text((MARGIN, y), name, TITLE, large)
        draw.text((MARGIN, y + TITLE_SIZE + 8), ROWS.get(name, ""), CAPTION, small)
        for t in range(FRAMES):
            paste(grey_levels(stack[t]), MARGIN + LABELS + t * (cell + GAP), y, ZOOM)

    draw.text((MARGIN, below), "o", TITLE, large)
    draw.text((MARGIN, below + TITLE_SIZE + 8), "what leaves", CAPTION, small)
    draw.text((MARGIN, below + TITLE_SIZE + CAPTION_SIZE + 12), "the sensor", CAPTION, small)
    span = output_span(o)
    x = MARGIN + LABELS
    paste(grey_levels(o, (-span, span)), x, below, OUTPUT_ZOOM)
    x += side + 2 * MARGIN
    lines = [f"o: {o.min():g} .. {o.max():g}, mean {o.mean():.2f}; black {-span:g}, white {span:g}", *notes]
    for n, line in enumerate(lines):
        draw.text((x, below + n * (CAPTION_SIZE + 9)), line, CAPTION, small)
    if scores:
        _bars(draw, scores, (x + NOTES, below), small)
    return picture


def _bars(draw: Any, scores: Mapping[str, float], corner: tuple[int, int], font: Any) -> None:
    """A bar a class from 0 to its score, to the left if it is below; the largest is the answer."""
    x, y = corner
    names = max(font.getlength(name) for name in scores) + 10
    low, high = min(0.0, *scores.values()), max(0.0, *scores.values())
    best_of = max(scores.values())
    draw.text((x, y), "scores of the decoder", CAPTION, font)
    most = 16
    for n, (name, score) in enumerate(
        sorted(scores.items(), key=lambda s: -s[1])[:most] if len(scores) > most else scores.items()
    ):
        line = y + (n + 1) * (CAPTION_SIZE + 9)
        best = score == best_of
        room = SCORES - names - 80
        a, b = (x + names + round(room * (v - low) / (high - low or 1)) for v in sorted((0.0, score)))
        draw.text((x, line), name, TITLE if best else CAPTION, font)
        draw.rectangle((a, line + 2, max(b, a + 1), line + CAPTION_SIZE), fill=HIGHLIGHT if best else BAR)
        draw.text((max(b, a + 1) + 8, line), f"{score:.2f}", TITLE if best else CAPTION, font)


def output_span(o: npt.NDArray[np.float32]) -> float:
    """The largest magnitude, at least 1: grey is 0."""
    return max(1.0, float(np.abs(o).max()))


def output_picture(o: npt.NDArray[np.float32]) -> Picture:
    """The output alone, a pixel a value, grey for 0."""
    from PIL import Image

    span = output_span(o)
    return Image.fromarray(grey_levels(o, (-span, span)))


__all__ = ["output_picture", "sheet"]
