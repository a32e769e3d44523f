"""Pictures of an encoder: channels and decoded picture (the paper's Fig. 12 in kind), code histograms, energy bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.systems.base.records import Array
from scamp_sim.systems.leca import costs, decode, golden
from scamp_sim.systems.leca.inputs import Floats
from scamp_sim.systems.leca.params import Params

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from scamp_sim.systems.base.protocol import Ran

TILE = 224
"""Side of a tile, pixels."""
GAP, LABEL = 8, 16
INK, PAPER = (32, 32, 32), (255, 255, 255)
PARTS = {"pixel": (68, 119, 170), "pe": (102, 204, 238), "adc": (204, 187, 68), "link": (238, 102, 119)}
"""Part of the energy -> colour."""
SHOWN = 16
"""Code planes that a sheet shows at most."""


def of_run(ran: Ran[Params]) -> Mapping[str, Picture]:
    """The pictures of one run, by file name."""
    p = ran.params
    shown = decode.original(ran.clip.array, p.side)
    pictures = {
        "codes.png": code_sheet(ran.encoded.codes, p, shown, decode.decoded(ran.encoded.codes, p)[0]),
        "histograms.png": histograms(ran.encoded.codes, p),
    }
    sums = ran.encoded.stages.get("sums")
    if sums is not None:
        pictures["histograms.png"] = histograms(ran.encoded.codes, p, sums)
    if not ran.on.on_array:
        sites = ran.encoder.takes.sites
        bars = {
            "conventional": costs.conventional_energy(sites),
            f"{p.channels} x {p.bits:g} bit": costs.energy(sites, p.channels, p.bits),
        }
        pictures["energy.png"] = energy_bars(bars)
    return pictures


def code_sheet(codes: Array, params: Params, picture: Floats, decoded: Floats) -> Picture:
    """The picture, a tile for each channel, and the decoded picture. Bright codes are where charge has taken most away,
    as it is inverted."""
    low, high = golden.levels(params.bits, params.kind)
    tiles: list[tuple[str, Floats]] = [("picture", picture)]
    for n in range(min(len(codes), SHOWN)):
        tiles.append((f"channel {n + 1}: {low}..{high}", (codes[n] - low) / (high - low)))
    tiles.append((f"decoded, {decode.psnr(decoded, picture):.1f} dB", decoded))
    return sheet(tiles)


def sheet(tiles: Sequence[tuple[str, Floats]], across: int = 6) -> Picture:
    """Tiles (rows, columns[, 3]) of values 0..1 with their titles, at most `across` in a row."""
    from PIL import Image, ImageDraw

    across = min(across, len(tiles))
    down = -(-len(tiles) // across)
    whole = Image.new("RGB", (across * (TILE + GAP) + GAP, down * (TILE + GAP + LABEL) + GAP), PAPER)
    draw = ImageDraw.Draw(whole)
    for n, (title, values) in enumerate(tiles):
        left, top = GAP + n % across * (TILE + GAP), GAP + n // across * (TILE + GAP + LABEL)
        grey = np.clip(np.rint(255 * np.asarray(values)), 0, 255).astype(np.uint8)
        tile = Image.fromarray(grey).convert("RGB")
        scale = TILE / max(tile.size)
        size = (max(1, round(tile.width * scale)), max(1, round(tile.height * scale)))
        whole.paste(tile.resize(size, Image.Resampling.NEAREST), (left, top + LABEL))
        draw.text((left, top), title, fill=INK)
    return whole


def histograms(codes: Array, params: Params, sums: Floats | None = None) -> Picture:
    """How often each code occurs, a panel a channel; at the ends, in red, what the clamp limit cuts off."""
    from PIL import Image, ImageDraw

    low, high = golden.levels(params.bits, params.kind)
    count = high - low + 1
    shown = min(len(codes), SHOWN)
    across = min(4, shown)
    down = -(-shown // across)
    width, height = 240, 120
    whole = Image.new("RGB", (across * (width + GAP) + GAP, down * (height + LABEL + GAP) + GAP), PAPER)
    draw = ImageDraw.Draw(whole)
    for n in range(shown):
        left, top = GAP + n % across * (width + GAP), GAP + n // across * (height + LABEL + GAP)
        counts = np.bincount((codes[n] - low).ravel(), minlength=count)[:count]
        tallest = max(int(counts.max()), 1)
        for c, number in enumerate(counts):
            x0, x1 = left + c * width / count, left + (c + 1) * width / count - 1
            y = top + LABEL + height * (1 - number / tallest)
            cut = c in (0, count - 1)
            draw.rectangle((x0, y, max(x1, x0), top + LABEL + height), fill=PARTS["link"] if cut else PARTS["pixel"])
        clipped = ""
        if sums is not None:
            clipped = f", {100 * float((np.abs(sums[n]) > params.limit).mean()):.1f} % beyond the limit"
        draw.text((left, top), f"channel {n + 1}{clipped}", fill=INK)
    return whole


def energy_bars(bars: Mapping[str, Mapping[str, float]]) -> Picture:
    """Energy of a frame, a bar for each sensor, by part; joules in, microjoules shown."""
    from PIL import Image, ImageDraw

    width, height, name = 480, 28, 110
    largest = max(sum(parts.values()) for parts in bars.values())
    whole = Image.new("RGB", (name + width + 90, (height + GAP) * len(bars) + 2 * GAP + LABEL), PAPER)
    draw = ImageDraw.Draw(whole)
    for row, (title, parts) in enumerate(bars.items()):
        top, left = GAP + row * (height + GAP), float(name)
        draw.text((GAP, top + 8), title, fill=INK)
        for part, joules in parts.items():
            right = left + width * joules / largest
            if right > left:
                draw.rectangle((left, top, right, top + height), fill=PARTS[part])
            left = right
        draw.text((left + GAP, top + 8), f"{1e6 * sum(parts.values()):.2f} uJ", fill=INK)
    x = name
    for part, colour in PARTS.items():
        top = GAP + len(bars) * (height + GAP)
        draw.rectangle((x, top, x + 12, top + 12), fill=colour)
        draw.text((x + 16, top), part, fill=INK)
        x += 80
    return whole


def curve(points: Mapping[str, Sequence[tuple[float, float]]], x: str, y: str) -> Any:
    """A matplotlib figure of named series, such as accuracy over compression. Raises ScampError without matplotlib."""
    from scamp_sim.exceptions import ScampError

    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ScampError("the figure needs matplotlib; install scamp-sim[torch] or scamp-sim[demo]") from None
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    for title, series in points.items():
        ordered = sorted(series)
        axes.plot([p[0] for p in ordered], [p[1] for p in ordered], "o-", label=title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
