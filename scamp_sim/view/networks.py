"""Networks: an encoder of an in-sensor system encodes a clip, and what it does to its machine becomes the run."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scamp_sim.chip.isa import did_you_mean
from scamp_sim.chip.program import Program
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.machine.tape import Event, Exposed, Ran, recording
from scamp_sim.machine.travel import Course
from scamp_sim.systems.base.options import parse_realisation
from scamp_sim.systems.base.protocol import Clip, Hardware, Realisation, System
from scamp_sim.text import short
from scamp_sim.view.records import Script, Slider, Text, Wish
from scamp_sim.view.scenes import Grey
from scamp_sim.view.scripts import frames_of
from scamp_sim.view.subjects import Subject, others

MOST_EXAMPLE = 99
"""Number of the last example that the page offers."""


class Network(Subject):
    """A network as SCAMP-5 runs it. The words are those for the chip that is chosen; the ideal array beside it carries
    out the same ones."""

    kind = "network"

    def __init__(self, system: System[Any], on: str = "", weights: str = "", clip: str = "") -> None:
        self.system, self.title, self.clip = system, system.name, clip
        self.mappings = [name for name in system.realisations if Realisation(name).on_array]
        if not self.mappings:
            raise ProgramError(f"'{system.name}' does not run on SCAMP-5, so there are no words to see")
        default = system.default_on if system.default_on in self.mappings else self.mappings[0]
        self.on = parse_realisation(on, system.realisations) if on else None
        if self.on is not None and not self.on.on_array:
            raise OptionError(f"--on {on}: expected a realisation on the array: {', '.join(self.mappings)}")
        self.default = default if self.on is None else self.on.name
        # what `system run` runs when it is told nothing else
        self._asked = asked_of(system, self.default, weights)
        self.params = system.parameters(self._asked)
        self._encoders: dict[tuple[Any, ...], Any] = {}

    def script(self, wish: Wish, images: Sequence[tuple[str, Grey]], shape: tuple[int, int]) -> Script:
        name = str(wish.params.get("on", self.default))
        if name not in self.mappings:
            raise ProgramError(f"on is {name!r:.60}; expected one of {', '.join(self.mappings)}")
        encoder = self._encoder(name, wish)
        example = self._number(wish)
        clip = self.read_clip(encoder, example)
        with recording() as tape:
            encoder.encode(clip.array, measurement=wish.seed)
        events = tape.events
        course = Course(events)
        starts, titles = starts_of(events, clip.name)
        sliders = [Slider("on", name, choices=tuple(self.mappings), about="realisation")]
        if not self.clip:
            sliders.append(Slider("example", example, 0, MOST_EXAMPLE, about="which example is encoded"))
        return Script(
            self.system.name,
            course,
            frames_of(course, starts, titles),
            tuple(sliders),
            shape=shape,
            notes=(f"{self.system.title}; {clip.name}",),
        )

    def refuse_unknown(self, params: Mapping[str, Any]) -> None:
        known = ("on",) if self.clip else ("on", "example")
        for name in params:
            if name not in known:
                near = did_you_mean(name, known)
                raise ProgramError(f"{self.title} has no setting '{short(name, 60)}'{near}; it has {', '.join(known)}")

    def _number(self, wish: Wish) -> int:
        value = wish.params.get("example", 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_EXAMPLE:
            raise ProgramError(f"example is {value!r:.40}; expected 0..{MOST_EXAMPLE}")
        return value

    def _encoder(self, name: str, wish: Wish) -> Any:
        chip = wish.chip if wish.errors != "ideal" else 0
        key = name, wish.errors, chip
        if key not in self._encoders:
            if len(self._encoders) > 3:
                self._encoders.clear()
            own = self.on is not None and self.on.name == name
            on = self.on if own else Realisation(name, self.system.realisations[name]())
            assert on is not None
            self._encoders[key] = self.system.build(self.params, on, Hardware(errors=wish.errors, chip=chip))
        return self._encoders[key]

    def read_clip(self, encoder: Any, example: int) -> Clip:
        """The clip of the command line, or an example, drawn by its number as a seed. Raises ScampError."""
        asked = argparse.Namespace(**{**vars(self._asked), "seed": example})
        clip = self.system.read(self.clip or None, encoder.takes, asked)
        return clip if self.clip else replace(clip, name=f"example {example}, {clip.name}")

    def texts(self, wish: Wish, programs: Sequence[Program]) -> tuple[Text, ...]:
        return tuple(others(programs, "", Path(__file__).parent))


def asked_of(system: System[Any], on: str, weights: str) -> argparse.Namespace:
    """The arguments of `system run` with a realisation and weights, and nothing else."""
    parser = argparse.ArgumentParser(prog="view", add_help=False)
    system.arguments("run", parser)
    asked, _ = parser.parse_known_args([])
    asked.on, asked.weights, asked.seed = on, weights or None, 0
    return asked


def starts_of(events: Sequence[Event], clip: str) -> tuple[list[int], list[str]]:
    """(event at which each frame begins, its title): where PIX sees a new picture."""
    starts = [n for n, e in enumerate(events) if isinstance(e, Exposed) or _sees(e)]
    if not starts:
        starts = [0]
    titles = [f"frame {n}" for n in range(1, len(starts) + 1)]
    return starts, titles if len(titles) > 1 else [clip]


def _sees(event: Event) -> bool:
    return isinstance(event, Ran) and any(
        i.register == "PIX" and i.name in (event.inputs or {}) for i in event.program.inputs
    )


__all__ = ["Network", "starts_of"]
