"""Networks where `profile` and `run --trace` take a program: what an encoder does on the array, frame by frame."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.reading import is_taken

if TYPE_CHECKING:
    from pathlib import Path

    from scamp_sim.chip.program import Program
    from scamp_sim.costs.timeline import Span
    from scamp_sim.costs.timing import Timing
    from scamp_sim.machine.tape import Event
    from scamp_sim.show.report.page import Shot

MOST_SPANS = 200_000
"""Spans of a trace of several frames."""

ARRAY = (256, 256)
"""Rows and columns of the chips that encoders are built for."""


@dataclass(frozen=True)
class Recorded:
    """What an encoder did for one clip.

    frames: the programs of each frame as one program; what comes before the first frame belongs to it.
    stages: the planes of each stage, for the report.
    """

    name: str
    frames: tuple[Program, ...]
    stages: tuple[Shot, ...]


def is_network(file: str) -> bool:
    """Whether a name is that of a network, and of no file: a file of that name is ./NAME."""
    from scamp_sim.systems.base import registry

    return file in registry.names() and not is_taken(file)


def recorded(args: argparse.Namespace) -> Recorded:
    """Encode one clip as the command line says and write down what the array carried out. Raises ScampError.

    args: file, on, weights, clip, errors, chip, seed; html for the planes of all stages, else of the last alone.
    """
    from scamp_sim.machine.tape import recording
    from scamp_sim.show.report.page import Shot
    from scamp_sim.systems.base import registry
    from scamp_sim.systems.base.clips import planes_of
    from scamp_sim.systems.base.protocol import Hardware, Realisation
    from scamp_sim.view.networks import Network

    system = registry.system(args.file)
    network = Network(system, args.on or "", args.weights or "", args.clip or "")
    on = network.on or Realisation(network.default, system.realisations[network.default]())
    encoder = system.build(
        network.params, on, Hardware(errors=args.errors, chip=args.chip if args.errors != "ideal" else 0)
    )
    clip = network.read_clip(encoder, 0)
    with recording() as tape:
        encoded = encoder.encode(clip.array, measurement=args.seed)
    if args.html is not None:  # apart: a look at stages runs some steps again
        encoded = encoder.encode(clip.array, measurement=args.seed, keep=[s.name for s in system.stages[:-1]])
    frames = frames_in(tape.events, clip.name, system.name)
    stages = tuple(
        Shot(
            f"stage {name}",
            tuple((f"{name} {i + 1}" if n > 1 else name, plane) for i, plane, n in planes_of(array)),
        )
        for name, array in encoded.planes(system.stages).items()
    )
    return Recorded(f"{system.name} on {network.default}", frames, stages)


def frames_in(events: Sequence[Event], clip: str, name: str) -> tuple[Program, ...]:
    """What an encoder did for a clip, the programs of each frame as one. Raises ProgramError."""
    from scamp_sim.machine.travel import Course
    from scamp_sim.view.exports import merged
    from scamp_sim.view.networks import starts_of
    from scamp_sim.view.scripts import frames_of

    starts, titles = starts_of(events, clip)
    return tuple(
        replace(merged(frame, name), name=f"{name}: {frame.title}")
        for frame in frames_of(Course(list(events)), starts, titles)
    )


def frame_of(found: Recorded, number: int) -> Program:
    """A frame, counted from 1. Raises ProgramError."""
    if not 1 <= number <= len(found.frames):
        raise OptionError(f"--frame {number}: {found.name} has frames 1 to {len(found.frames)} for this clip")
    return found.frames[number - 1]


def trace_of(frames: Sequence[Program], timing: Timing, shape: tuple[int, int], path: str | Path, name: str) -> Path:
    """Write the timeline of frames, one program each, one after another. Raises ScampError."""
    from scamp_sim.costs.timeline import timeline, write_trace

    spans = {program: timeline(program, timing, shape) for program in dict.fromkeys(frames)}
    return write_trace(following([spans[program] for program in frames]), path, name)


def check_trace(program: Program, frames: int, timing: Timing, shape: tuple[int, int]) -> None:
    """Raise ProgramError, before anything runs, if a trace of so many frames of a program would hold too many spans."""
    from scamp_sim.costs.timeline import timeline

    check_spans(frames * len(timeline(program, timing, shape)), frames)


def check_spans(spans: int, frames: int) -> None:
    """Raise ProgramError if a trace of so many frames would hold too many spans."""
    if spans > MOST_SPANS:
        raise ProgramError(
            f"a trace of {frames:,} frames would hold {spans:,} spans, and at most {MOST_SPANS:,} are written; give "
            "fewer --frames"
        )


def following(parts: Sequence[Sequence[Span]]) -> list[Span]:
    """The spans of several frames, one after another in time. Raises ProgramError if they are too many."""
    check_spans(sum(map(len, parts)), len(parts))
    spans: list[Span] = []
    now = 0.0
    for number, part in enumerate(parts, 1):
        more: dict[str, Any] = {"frame": number} if len(parts) > 1 else {}
        spans += [replace(s, start_us=s.start_us + now, args={**s.args, **more}) for s in part]
        now += max((s.end_us for s in part), default=0.0)
    return spans


__all__ = [
    "ARRAY",
    "Recorded",
    "check_spans",
    "check_trace",
    "following",
    "frame_of",
    "frames_in",
    "is_network",
    "recorded",
    "trace_of",
]
