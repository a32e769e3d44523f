"""What a network could run as: every layout that its first layer fits, cut behind every layer that bits can leave from.

A handful of candidates, each of which is assembled; what does not fit says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.network.bits import HIGHEST
from scamp_sim.kernels.network.dense import CELL, MOST_CLASSES, lsb_of
from scamp_sim.kernels.network.pieces import ARRAY
from scamp_sim.systems.network.params import Conv, Counts, Dense, Network, Pool
from scamp_sim.systems.network.planning.choice import Choice, ConvChoice
from scamp_sim.systems.network.planning.levels import REACH, Gap, amplitude_for, gaps, largest, leans, levels
from scamp_sim.systems.network.planning.margins import EXACT, Response, Spread

SLOTS = (4, 2)
"""Slots along an axis, where maps share the array."""
WINDOWS = (4, 2)
ROUNDS = 3
"""How often an amplitude is chosen anew for the gain that chips have at it."""
WIDE = 20
"""LSB of a tap where joins are means: what they add then counts less."""
COARSE = 0.02
"""Share of a dense layer's features that one code of its sums may be: beyond it, rounding decides."""
FEW = 4
"""Maps up to which one after the other may be cheaper than all at once."""


@dataclass(frozen=True)
class Wish:
    """What a plan is asked for.

    offset: LSB that a transfer adds. sums: of dense layers on the array. events: maps leave as so many events at most,
    0 for exactly. layout: only that one. amplitude: LSB of a tap in first layers, None for what thresholds allow.
    merge: levels that give the same bits are one. controller: dense layers are the controller's. response: what chips
    of the profile make of sums.
    """

    offset: int = 0
    sums: str = "16"
    events: int = 0
    layout: str = ""
    amplitude: int | None = None
    merge: bool = True
    controller: bool = False
    response: Response = EXACT


def candidates(net: Network, wish: Wish, refused: list[str]) -> Iterator[Choice]:
    """All that fit. refused: takes why others do not."""
    first = net.layers[0]
    assert isinstance(first, Conv)
    for layout, rows in _layouts(net, first, refused):
        if wish.layout and layout != wish.layout:
            continue
        for array in _cuts(net, layout, rows, wish.sums, refused):
            try:
                convs = _convs(net, layout, rows, array, wish)
            except ProgramError as e:
                refused.append(str(e))
                continue
            last = net.layers[array - 1]
            if isinstance(last, Dense):
                if not wish.controller:
                    yield Choice(layout, rows, wish.offset, array, convs, sums=wish.sums)
                continue
            reads = ["values", "rows"]
            if wish.events and _plain(net, array):
                reads.append("events")
            for read in reads:
                yield Choice(
                    layout, rows, wish.offset, array, convs, read=read, events=wish.events if read == "events" else 0
                )


def _plain(net: Network, array: int) -> bool:
    """Whether a PE's bit is a value of the map, all of them."""
    return all(isinstance(layer, Conv) and layer.stride == 1 for layer in net.layers[:array])


def _layouts(net: Network, first: Conv, refused: list[str]) -> Iterator[tuple[str, int]]:
    """Layouts with their slots along an axis. Serial maps take a compare and a readout each, so that many of them are
    looked at only where nothing else fits."""
    rows, columns = net.input.rows, net.input.columns
    size, k = max(rows, columns), first.kernel
    if size > ARRAY:
        raise ProgramError(
            f"input of {rows}x{columns}: the array has {ARRAY}x{ARRAY} PEs; place a smaller picture (--place shrink=N)"
        )
    if first.padding[0] != first.padding[1]:
        raise ProgramError(
            f"{first.name}: padding {first.padding} (top, left, bottom, right): expected as much on top as on the left"
        )
    together = False
    if first.stride == k and k in WINDOWS and not any(first.padding) and first.channels <= k * k:
        together = True
        yield "windows", k
    for n in SLOTS:
        fits = size <= ARRAY // n and max(net.shapes()[1][1:]) * first.stride <= ARRAY // n + first.stride - 1
        if not fits or first.channels > n * n:
            refused.append(
                f"{n}x{n} slots: up to {n * n} maps of {ARRAY // n}x{ARRAY // n} fit; {first.name} makes "
                f"{first.channels} of {rows}x{columns}"
            )
            continue
        together = True
        yield "blocks", n
        yield "macropixels", n
    if not together or first.channels <= FEW:
        yield "serial", 1


def _cuts(net: Network, layout: str, rows: int, sums: str, refused: list[str]) -> Iterator[int]:
    """How many layers run on the array, for each place where that may end."""
    slots = rows * rows
    pooled = 1
    for n, layer in enumerate(net.layers, start=1):
        if isinstance(layer, Conv):
            if n > 1 and (layout == "serial" or (layout == "blocks" and (pooled > 1 or not layer.depthwise))):
                refused.append(f"{layout}: {layer.name} needs macropixels, since its maps meet others")
                return
            if layer.channels > slots and layout != "serial":
                refused.append(f"{layer.name}: {layer.channels} channels; {slots} fit {rows}x{rows} PEs a pixel")
                return
            if layer.padding[0] != layer.padding[1]:
                refused.append(f"{layer.name}: padding {layer.padding}: expected as much on top as on the left")
                return
            pooled *= layer.stride if layout == "blocks" else 1
        elif isinstance(layer, Pool):
            why = _no_pool(layer, layout, rows, pooled)
            if why:
                refused.append(why)
                return
            pooled *= layer.size
        elif isinstance(layer, Dense):
            why = _no_dense(layer, layout, pooled, n == len(net.layers), net.layers[n - 2], sums)
            if why:
                refused.append(why)
            else:
                yield n
            return
        else:
            return
        if all(isinstance(later, (Pool, Counts, Dense)) for later in net.layers[n:]):
            yield n


def _no_pool(layer: Pool, layout: str, rows: int, pooled: int) -> str:
    size = layer.size
    if layout == "serial":
        return f"{layer.name}: serial maps leave one by one and are pooled by the controller"
    if size != layer.stride or size & (size - 1) or size * pooled > ARRAY // rows:
        return (
            f"{layer.name}: windows of {size} with stride {layer.stride}; on the array windows are 2, 4, 8, ... with a "
            "stride of the size"
        )
    return ""


def _no_dense(layer: Dense, layout: str, pooled: int, last: bool, behind: object, sums: str) -> str:
    what = f"{layer.name}: not in the array, since "
    if not last or layer.activation != "none":
        return what + "another layer follows; only the last dense layer can be sums"
    if not layer.integer or abs(layer.weights).max(initial=0) > 1:
        return what + "its weights are not -1, 0 and +1"
    if layer.classes > MOST_CLASSES:
        return what + f"it has {layer.classes} classes; {MOST_CLASSES} fit"
    if layout != "blocks":
        return what + f"{layout} have their slots full of channels, and need the register of its weights; blocks can"
    if pooled < CELL or not isinstance(behind, Pool):
        return what + f"a bit has {pooled}x{pooled} PEs; {CELL}x{CELL} or more are needed, behind a pool"
    code, most = 1 / (2 * lsb_of(pooled, sums)), COARSE * layer.features
    if code > most:
        finer = "; --sums 64 is four times as fine" if sums != "64" and code / 4 <= most else ""
        return what + (
            f"a code of its sums would be {code:.0f} matches of {layer.features:,}, too coarse to decide by{finer}"
        )
    return ""


def _convs(net: Network, layout: str, rows: int, array: int, wish: Wish) -> dict[str, ConvChoice]:
    found = {}
    spacing = 1
    for n, layer in enumerate(net.layers[:array]):
        if isinstance(layer, Conv):
            these = gaps(layer, borders=wish.response is EXACT)
            pool = net.layers[1] if n == 0 and len(net.layers) > 1 and wish.response is not EXACT else None
            lean = leans(layer, these, pool) if isinstance(pool, Pool) else ()
            try:
                if layout == "windows" if n == 0 else not layer.depthwise:
                    taps = (1, 1) if n == 0 else (layer.kernel, spacing)
                    found[layer.name] = _joined(these, rows, *taps, wish, lean)
                else:
                    kind = "blocks" if layout == "blocks" else "macropixels"
                    response = partial(wish.response.first, kind, rows, layer.kernel)
                    found[layer.name] = _alone(these, response, spacing, wish, lean)
            except ProgramError as e:
                raise ProgramError(f"{layer.name}: {e}") from None
        spacing *= 1 if n == 0 and layout == "windows" else layer.stride if isinstance(layer, (Conv, Pool)) else 1
    return found


def _alone(
    these: tuple[Gap, ...], response: Callable[[int, int], Spread], spacing: int, wish: Wish, lean: tuple[float, ...]
) -> ConvChoice:
    """A layer over one map a slot: amplitude and levels. The gain depends on the amplitude, which depends on it."""
    amplitude = wish.amplitude or amplitude_for(these)
    seen = response(amplitude, spacing)
    for _ in range(0 if wish.amplitude else ROUNDS):
        better = amplitude_for(these, gain=seen.gain)
        if better == amplitude:
            break
        amplitude, seen = better, response(better, spacing)
    chosen = levels(these, seen.gain * amplitude, seen.shift, merge=wish.merge, lean=lean)
    return ConvChoice(amplitude, chosen, 0, seen.gain, seen.shift)


def _joined(
    these: tuple[Gap, ...], rows: int, taps: int, spacing: int, wish: Wish, lean: tuple[float, ...]
) -> ConvChoice:
    """A layer over all maps: as many joins are sums as keep the thresholds within the converter."""
    far, joins = largest(these), 2 * (rows.bit_length() - 1)
    amplitude = wish.amplitude or WIDE
    doublings = joins
    while doublings and far * amplitude * 2.0 ** (doublings - joins) > REACH:
        doublings -= 1
    seen = wish.response.joined(rows, taps, amplitude, spacing, doublings)
    unit = seen.gain * amplitude * 2.0 ** (doublings - joins)
    if far * unit + abs(seen.shift) > HIGHEST:
        raise ProgramError(f"thresholds lie up to {far:g} taps from 0, beyond the converter at {unit:g} LSB a tap")
    chosen = levels(these, unit, seen.shift, merge=wish.merge, lean=lean)
    return ConvChoice(amplitude, chosen, doublings, seen.gain, seen.shift)


__all__ = ["Wish", "candidates"]
