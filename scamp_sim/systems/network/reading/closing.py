"""A convolution with its threshold, or with one for each step of its activation, as a layer of integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.systems.network.params import Conv
from scamp_sim.systems.network.reading.convolutions import Open, some
from scamp_sim.systems.network.reading.integers import at_least, parities
from scamp_sim.systems.network.reading.steps import Array, Sign, Stairs, refuse
from scamp_sim.systems.network.reading.thresholds import Bools, Condition, back

MOST_STEPS = 15
"""Thresholds a channel: 4 bits."""

FEW = 3
"""Steps all of which are kept: 2 bits."""


@dataclass(frozen=True, eq=False)
class Closed:
    """A convolution with its threshold.

    every: whether each of its pools is an AND (channels,).
    scale, shift: what its bits are worth, each () or one a channel.
    bits: channels of bits that make one of values, one behind the other.
    """

    layer: Conv
    every: list[Bools]
    scale: Array
    shift: Array
    notes: list[str]
    bits: int = 1


@dataclass(eq=False)
class _Rows:
    """One comparison of the sums, for each channel.

    reached: the least sum of at least the threshold that there is: those of +-1 are all odd, or all even.
    known: +1 always, -1 never, 0 where a sum decides; flat: the same before the reach of the sums is looked at.
    tie: a sum that lies on the level, where there is one; rounded: it is one within rounding.
    """

    weights: npt.NDArray[np.int8]
    threshold: npt.NDArray[np.int32]
    reached: npt.NDArray[np.int32]
    turned: Bools
    known: npt.NDArray[np.int8]
    flat: npt.NDArray[np.int8]
    every: list[Bools]
    tie: dict[int, int] = field(default_factory=dict)
    rounded: set[int] = field(default_factory=set)
    never: dict[int, str] = field(default_factory=dict)

    def like(self, other: _Rows) -> bool:
        """Whether it is the same comparison in all channels, for every sum that there is."""
        pairs = ((self.reached, other.reached), (self.known, other.known), (self.turned, other.turned))
        return all(np.array_equal(a, b) for a, b in pairs)


def _rows(open_: Open, compare: str, level: Array) -> _Rows:
    """A comparison of the values as one of the integer sums."""
    conv, channels = open_.step, len(open_.integers)
    found = back(Condition.of(compare, level, channels), open_.chain)
    every = [found.every[n] for n in range(len(open_.pools))]
    turned = ~found.above & (found.known == 0)
    threshold, reached = np.zeros(channels, np.int32), np.zeros(channels, np.int32)
    rows = _Rows(open_.integers.copy(), threshold, reached, turned, found.known, found.known.copy(), every)
    for k in np.flatnonzero(found.known == 0):
        side = -1 if turned[k] else 1
        rows.weights[k] *= side
        at_level, strict = side * float(found.level[k]), bool(found.strict[k])
        taps = int(np.abs(rows.weights[k].astype(int)).sum())
        least, tie, rounded = at_least(min(max(at_level, -taps - 2.0), taps + 2.0), strict)
        at = least - int(strict)
        there = parities(rows.weights[k], conv.padding, open_.pad_value)
        if tie and abs(at) <= taps and at % 2 in there:
            rows.tie[int(k)] = side * at
            rows.rounded |= {int(k)} if rounded else set()
        rows.threshold[k] = least
        rows.reached[k] = least + (least % 2 not in there)
        if least > taps or least <= -taps:
            rows.known[k] = -1 if least > taps else 1
            rows.never[int(k)] = f"channel {k} with threshold {at_level:.4g} of {taps} taps"
    for k in np.flatnonzero(rows.known):
        rows.weights[k], rows.threshold[k], turned[k] = 0, 0 if rows.known[k] > 0 else 1, False
        rows.reached[k] = rows.threshold[k]
    rows.every = [part & (rows.known == 0) for part in every]
    return rows


def closed(open_: Open, step: Sign | Stairs, zero: int | None, name: str) -> Closed:
    """The layer and what its bits are worth.

    zero: what Sign(0) is to be, if that was said.

    Raises ProgramError where Sign would give 0, and for activations of too many values.
    """
    if isinstance(step, Stairs):
        return _stairs(open_, step, name)
    low, high = np.asarray(float(step.low)), np.asarray(float(step.high))
    if step.compare == "sign":
        rows, low, high = _sign(open_, step, zero)
    else:
        rows = _rows(open_, step.compare, step.level)
    layer, notes = _layer(open_, [rows], name)
    return Closed(layer, rows.every, (high - low) / 2, (high + low) / 2, notes)


def _sign(open_: Open, step: Sign, zero: int | None) -> tuple[_Rows, Array, Array]:
    """The sign, which is 0 at 0, as a comparison; and its lower and its higher value."""
    least, more = _rows(open_, ">=", step.level), _rows(open_, ">", step.level)
    # Behind a ReLU it is 0 or 1: nothing lies below 0. That is no tie.
    none_below, none_above = (least.flat > 0) & (more.flat <= 0), (more.flat < 0) & (least.flat == 0)
    for k, tie in least.tie.items():
        if zero is None and not none_above[k]:
            refuse(
                step.node,
                f"Sign gives 0 where the sum is exactly {tie} taps, and a bit holds no 0; say what it is to "
                "be, +1 or -1 (zero, --zero), or train with another sign",
                k,
            )
    strict = none_below | ((zero == -1) & ~none_above)
    rows = least if not strict.any() else more if strict.all() else _chosen(strict, more, least)
    low, high = np.where(none_below, 0.0, -1.0), np.where(none_above, 0.0, 1.0)
    # A constant channel has one value; the other one is that of the rest, so that all have the same two.
    rest = np.flatnonzero(rows.known == 0)
    if rest.size:
        low = np.where(rows.known > 0, low[rest[0]], low)
        high = np.where(rows.known < 0, high[rest[0]], high)
    return rows, _if_one(low), _if_one(high)


def _if_one(values: Array) -> Array:
    return np.asarray(values.flat[0]) if np.all(values == values.flat[0]) else values


def _chosen(where: Bools, one: _Rows, other: _Rows) -> _Rows:
    """The rows of one where that is said, else those of the other."""

    def either(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.where(where.reshape(-1, *[1] * (a.ndim - 1)), a, b).astype(a.dtype)

    found = _Rows(
        either(one.weights, other.weights),
        either(one.threshold, other.threshold),
        either(one.reached, other.reached),
        either(one.turned, other.turned),
        either(one.known, other.known),
        either(one.flat, other.flat),
        [either(a, b) for a, b in zip(one.every, other.every, strict=True)],
    )
    for part in (one, other):
        mine = {int(k) for k in np.flatnonzero(where == (part is one))}
        found.tie |= {k: tie for k, tie in part.tie.items() if k in mine}
        found.rounded |= part.rounded & mine
        found.never |= {k: text for k, text in part.never.items() if k in mine}
    return found


def _stairs(open_: Open, step: Stairs, name: str) -> Closed:
    """Values of a few steps: a channel of bits for each step, all with the same kernel."""
    channels = len(open_.integers)
    values = [np.broadcast_to(value, channels).astype(np.float64) for value in step.values]
    cuts = [(">" if cut.strict else ">=", cut.level) for cut in step.cuts]
    if all(np.all(above <= below) for below, above in pairwise(values)):
        # Values that fall: a bit is +1 for the larger ones, which lie below the cuts.
        cuts = [("<=" if compare == ">" else "<", level) for compare, level in reversed(cuts)]
        values = values[::-1]
    kept: list[_Rows] = []
    # Steps that no sum reaches are left out where they are many, roundings to 8 bits for one. Of a few all are kept:
    # the padding of the next layer may be a value that does not occur.
    few = sum(not np.array_equal(*pair) for pair in pairwise(values)) <= FEW
    pieces: list[Array] = [values[0]]
    last: tuple[_Rows, Array, Array] | None = None
    for (compare, level), below, above in zip(cuts, values[:-1], values[1:], strict=True):
        if np.array_equal(below, above):
            continue
        rows = _rows(open_, compare, level)
        last = rows, below, above
        if kept and rows.like(kept[-1]) and np.any(rows.known == 0):
            pieces[-1] = above
        elif not few and not kept and np.all(rows.known > 0):
            pieces = [above]
        elif not few and np.all(rows.known < 0):
            break
        else:
            kept.append(rows)
            pieces.append(above)
    if last is None:
        refuse(step.node, "gives one value whatever comes; expected two or more")
    if not kept:
        kept, pieces = [last[0]], [last[1], last[2]]
    if len(kept) > MOST_STEPS:
        refuse(
            step.node,
            f"gives {len(pieces)} values, and the array has a threshold for each but one; expected at most "
            f"{MOST_STEPS + 1} (4 bits): train with fewer, such as 2 bits, or put a sign in its place",
        )
    _finite(step, kept, pieces)
    bits = len(kept)
    steps = np.diff(pieces, axis=0).T  # (channels, bits)
    scale = steps.reshape(-1) / 2
    shift = scale + (pieces[0] / bits).repeat(bits)
    layer, notes = _layer(open_, kept, name)
    every = [np.stack([rows.every[n] for rows in kept], axis=1).reshape(-1) for n in range(len(open_.pools))]
    if bits > 1:
        notes.append(
            f"{name} ({open_.step.node}): {bits + 1} values a channel are {bits} bits, each with a threshold of its "
            f"own: channel c of the source is channels {bits}c to {bits}c+{bits - 1}"
        )
    return Closed(layer, every, _if_one(scale), _if_one(shift), notes, bits)


def _finite(step: Stairs, kept: Sequence[_Rows], pieces: list[Array]) -> None:
    """Infinite values out of the way where no sum reaches them. Raises ProgramError where one does."""
    for n, rows in enumerate(kept):
        pieces[n + 1] = np.where((rows.known < 0) & np.isinf(pieces[n + 1]), pieces[n], pieces[n + 1])
    for n in reversed(range(len(kept))):
        pieces[n] = np.where((kept[n].known > 0) & np.isinf(pieces[n]), pieces[n + 1], pieces[n])
    if not np.all(np.isfinite(pieces)):
        refuse(step.node, "rounds values without limits; clip them in front of it, to a few steps")


def _layer(open_: Open, every: Sequence[_Rows], name: str) -> tuple[Conv, list[str]]:
    """The layer of one or several comparisons of each channel, and notes."""
    conv, bits = open_.step, len(every)

    def together(part: str) -> Any:
        parts = np.stack([getattr(rows, part) for rows in every], axis=1)
        return parts.reshape(-1, *parts.shape[2:])

    weights, threshold, turned, known = (together(part) for part in ("weights", "threshold", "turned", "known"))
    depthwise = open_.depthwise
    if depthwise and bits > 1:
        each = np.repeat(np.arange(len(open_.integers)), bits)
        full = np.zeros((len(weights), len(open_.integers), *weights.shape[2:]), np.int8)
        full[np.arange(len(weights)), each] = weights[:, 0]
        weights, depthwise = full, False
    where, notes = f"{name} ({conv.node})", []
    never = [rows.never[k] for k in range(len(open_.integers)) for rows in every if k in rows.never]
    if never:
        notes.append(f"{where}: thresholds that no sum crosses: {some(never)}")
    constant = np.flatnonzero(known)
    if len(constant):
        values = [f"channel {k} is {'+1' if known[k] > 0 else '-1'}" for k in constant]
        notes.append(f"{where}: constant, so their kernels are removed: {some(values)}")
    ties = [str(k) for k in sorted({k for rows in every for k in rows.rounded})]
    if ties:
        notes.append(f"{where}: thresholds within 1e-9 of a sum, rounded to it: channels {some(ties)}")
    if turned.any():
        notes.append(
            f"{where}: kernels turned, since their scale is negative: channels "
            + some([str(k) for k in np.flatnonzero(turned)])
        )
    made = Conv(name, weights, threshold, conv.stride[0], conv.padding, open_.pad_value, depthwise, turned, conv.node)
    return made, notes


__all__ = ["MOST_STEPS", "Closed", "closed"]
