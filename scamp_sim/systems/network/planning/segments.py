"""The program of a network in stretches, a layer each: their words and times add up to the program's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from scamp_sim.kernels.network.pieces import Piece

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program, Step
    from scamp_sim.machine.machine import Machine

INPUT, READOUT = "input", "readout"


@dataclass(frozen=True)
class Segment:
    """A stretch of the program that belongs to one layer.

    layer: its name, "input" or "readout". program: the stretch, with the kernels of the whole.
    """

    layer: str
    program: Program


@dataclass(frozen=True)
class Stage:
    """Where a stage stands behind a layer.

    layer: behind whose last segment. take: the stage (channels, rows, columns) of the machine.
    """

    layer: str
    name: str
    take: Callable[[Machine], npt.NDArray[Any]]


def cut(program: Program, pieces: Sequence[tuple[str, Piece]], title: str, leaves: bool) -> tuple[Segment, ...]:
    """A program of these pieces, each with its layer, in stretches. leaves: whether bits leave behind the last one."""
    from scamp_sim.chip.program import HostCall, Launch, Output, Program

    layers = [layer for layer, p in pieces for part in p.parts if part.lines]
    found: list[tuple[str, list[Step]]] = []
    waiting: list[Step] = []
    number = 0
    for step in program.steps:
        if isinstance(step, Launch):
            layer = layers[number]
            number += 1
            if not found or found[-1][0] != layer:
                found.append((layer, []))
            found[-1][1].extend([*waiting, step])
            waiting = []
        elif isinstance(step, Output) or (isinstance(step, HostCall) and step.reads_out):
            if leaves and found[-1][0] != READOUT:
                found.append((READOUT, []))
            found[-1][1].append(step)
        else:
            waiting.append(step)
    found[-1][1].extend(waiting)
    given = {i.name: i for i in program.inputs}
    out = []
    for n, (layer, steps) in enumerate(found):
        inputs = tuple(given.values()) if n == 0 else ()
        out.append(
            Segment(layer, Program(f"{title}: {layer}", program.kernels, tuple(steps), inputs, shape=program.shape))
        )
    return tuple(out)


__all__ = ["INPUT", "READOUT", "Segment", "Stage", "cut"]
