"""Pictures of a run: contact sheets, the pixel curve, histograms of codes, error maps."""

from __future__ import annotations

import io
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.systems.base.records import Array, Clip
from scamp_sim.systems.pixels.curve import Floats, Pixel

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


def sheet(title: str, clip: Clip, maps: Array, names: str) -> Picture:
    """Input and the maps (O, h, w) of a frame, each stretched on its own.

    names: of a map, such as "map".
    """
    from scamp_sim.show.render import Tile, contact_sheet

    light = np.asarray(clip.array[0], np.float64)
    grey = light if light.ndim == 2 else light.mean(axis=-1)
    tiles = [Tile("input", grey)] + [Tile(f"{names} {n}", plane) for n, plane in enumerate(maps)]
    return contact_sheet(tiles, f"{title}: {clip.name}", stretch=True)


def errors(title: str, ours: Array, golden: Array) -> Picture:
    """What each map differs by, mid grey where it does not, on one scale that the title names."""
    from scamp_sim.show.render import Tile, contact_sheet

    away = np.asarray(ours, np.float64) - np.asarray(golden, np.float64)
    largest = max(float(np.abs(away).max()), 1e-12)
    tiles = [Tile(f"map {n}", 127.0 * plane / largest) for n, plane in enumerate(away)]
    return contact_sheet(tiles, f"{title}: difference from the golden model, +-{largest:.3g}")


def plots_possible() -> bool:
    """Whether matplotlib is there."""
    return find_spec("matplotlib") is not None


def drawn(figure: Any) -> Picture:
    """A matplotlib figure as a picture."""
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    buffer.seek(0)
    return Image.open(buffer).convert("RGB")


def curve(pixel: Pixel, widths: Floats, name: str) -> Picture:
    """A pixel's output over light for several widths, beside the product fitted to it over the unit square."""
    from matplotlib.figure import Figure

    light = np.linspace(0, 1, 101)
    grid = np.linspace(0, 1, 41)
    f = np.broadcast_to(pixel(grid[:, None], grid[None, :]), (41, 41))
    product = (grid[:, None] * grid[None, :]).ravel()
    slope, offset = np.polyfit(product, f.ravel(), 1)
    fit = 1 - np.var(f.ravel() - slope * product - offset) / np.var(f)
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for w in widths:
        (line,) = axes.plot(light, np.broadcast_to(pixel(w, light), light.shape), label=f"width {w:g}")
        axes.plot(light, slope * w * light + offset, linestyle=":", color=line.get_color())
    axes.set_xlabel("light")
    axes.set_ylabel("pixel output")
    axes.set_title(f"{name}; dotted: {slope:.3f} w I + {offset:.3f}, R^2 {fit:.3f} on the unit square", fontsize=9)
    axes.legend(fontsize=8)
    return drawn(figure)


def histogram(values: Array, low: float, high: float, title: str, unit: str) -> Picture:
    """How often values occur, with the two ends of a converter as lines and the shares beyond them."""
    from matplotlib.figure import Figure

    flat = np.asarray(values, np.float64).ravel()
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.hist(flat, bins=min(128, max(8, int(np.ptp(flat)) + 1)), color="#1b6ca8")
    for end in (low, high):
        axes.axvline(end, color="#a33b3b")
    below, above = np.mean(flat < low), np.mean(flat > high)
    axes.set_yscale("log")
    axes.set_xlabel(unit)
    axes.set_title(f"{title}: {100 * below:.2f} % below {low:g}, {100 * above:.2f} % above {high:g}", fontsize=9)
    return drawn(figure)


def pixel_pictures(pixel: Pixel, name: str, weights: Floats) -> Mapping[str, Picture]:
    """The curve at the widths in use, where plots are possible."""
    if not plots_possible():
        return {}
    widest = max(1.0, float(np.abs(weights).max()))
    return {"pixel-curve.png": curve(pixel, np.linspace(0, widest, 5), f"pixel '{name}'")}
