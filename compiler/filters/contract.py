"""The contract of a program: what it computes, what is proven of it, and what it is worth on a chip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from scamp_sim.compiler.filters.choice import LINEAR, Picture
from scamp_sim.compiler.filters.emit import fraction_text, rows_text
from scamp_sim.compiler.filters.noise import Noise
from scamp_sim.compiler.filters.pool import Search
from scamp_sim.compiler.filters.task import Candidate, Task


def written(c: Candidate) -> set[str]:
    return {c.places[r] for w in c.steps.words for r in w.registers}


def contract_of(
    c: Candidate,
    task: Task,
    found: Search,
    noise: Sequence[Noise],
    errors: Mapping[str, Fraction],
    signs: Mapping[str, int],
    margin: Sequence[int],
    chip: Any,
    work: int,
    seed: int,
    places: Mapping[str, str],
    kept: str,
    names: Sequence[str],
    picture: Picture,
    room: float,
) -> list[str]:
    bound = min(found.lower_bound, c.words)
    proof = "shortest" if c.words == bound else f"at least {bound}"
    if bound < found.without_halving <= c.words:
        proof += f", {found.without_halving} if no word halves"
    if any(errors.values()):
        proof += " for these weights"
    what = f"{len(task.names)} convolution kernels" if len(task.names) > 1 else "A convolution kernel"
    lines = [f"{what} in {c.words} words ({proof}).", ""]
    for k, n in enumerate(task.names):
        exact = "exact" if not errors[n] else f"largest error of a weight {float(errors[n]):.4g}"
        sign = "" if signs[n] > 0 else ", NEGATED"
        lines.append(f"{names[k]} = {places[n]}: correlation with ({exact}{sign})")
        lines += [f"    {row}" for row in rows_text(c.outputs[k].taps)]
        v = c.outputs[k]
        lines += [
            f"    offset {fraction_text(v.o)} transfers; on {chip.name}, for a picture of {_about(picture)}: "
            f"mean {noise[k].mean:+.1f}, rms {noise[k].rms:.2f} LSB,",
            f"    gain {noise[k].gain:.3f}; a flat picture is off by {100 * noise[k].leak:+.1f} % of its level",
        ]
    lines += [
        "",
        f"in:         image -> {c.places[0]}, {kept}",
        f"range:      linear to {LINEAR} LSB for |image| <= {room / float(c.largest):.0f} (largest value: "
        f"{float(c.largest):g} x image), of a flat picture <= {room / float(c.flat):.0f} ({float(c.flat):g} x)",
        f"border:     zero-padded correlation inside {_margin_text(margin)}",
        f"registers:  {', '.join(sorted(written(c)))}, NEWS overwritten; FLAG all ones",
        f"words:      {c.words}; options: offset {task.offset}, halving {task.halving}, objective {task.objective}",
        f"search:     budget {work} states, seed {seed}",
    ]
    return lines


def _about(picture: Picture) -> str:
    return (f"mean {picture.mean:g} and " if picture.mean else "") + f"rms {picture.rms:.1f} LSB"


def _margin_text(margin: Sequence[int]) -> str:
    if not any(margin):
        return "the whole array"
    return "a margin of " + ", ".join(
        f"{m} {side}" for m, side in zip(margin, ("north", "south", "west", "east"), strict=True)
    )
