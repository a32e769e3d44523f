"""Two runs in one table: a program on a chip beside the ideal array, or beside another program, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scamp_sim.costs.timing import Profile
from scamp_sim.show import results, session
from scamp_sim.text import plural, table

if TYPE_CHECKING:
    from scamp_sim.show.session import Request


@dataclass
class Tally:
    """What one output was in both runs, over all frames, and where they differed.

    first, second: sums of what is compared: bits that are set, LSB, or numbers. texts: of the last frame.
    """

    kind: str
    frames: int = 0
    unequal: int = 0
    elements: int = 0
    differing: int = 0
    squares: float = 0.0
    worst: float = 0.0
    first: float = 0.0
    second: float = 0.0
    digital: bool = False
    texts: tuple[str, str] = ("", "")

    def add(self, kind: str, one: Any, other: Any) -> None:
        """One more frame."""
        self.frames += 1
        a, b = np.asarray(one), np.asarray(other)
        self.unequal += not np.array_equal(a, b)
        self.texts = (results.text(kind, one), results.text(kind, other))
        if not results.is_picture(kind) or a.shape != b.shape or a.dtype != b.dtype:
            return
        self.digital = a.dtype == bool
        self.elements += a.size
        self.differing += int(np.count_nonzero(a != b))
        self.first += float(a.sum(dtype=np.float64))
        self.second += float(b.sum(dtype=np.float64))
        if not self.digital:
            away = a.astype(np.float64) - b
            self.squares += float(np.square(away).sum())
            self.worst = max(self.worst, float(np.abs(away).max()))

    def cells(self) -> tuple[str, str, str]:
        """Both runs and their difference, as they are shown."""
        if not self.elements:
            equal = "equal" if not self.unequal else f"differ in {self.unequal} of {plural(self.frames, 'frame')}"
            return (*self.texts, equal)
        if self.digital:
            one, other = (f"{100 * n / self.elements:.2f} % set" for n in (self.first, self.second))
            return one, other, f"{100 * self.differing / self.elements:.2f} % of PEs" if self.differing else "equal"
        one, other = (f"mean {n / self.elements:.4g}" for n in (self.first, self.second))
        rms = (self.squares / self.elements) ** 0.5
        return one, other, f"rms {rms:.3g}, at most {self.worst:.3g}" if self.differing else "equal"

    def as_dict(self) -> dict[str, Any]:
        """The same as plain numbers."""
        if not self.elements:
            return {"kind": self.kind, "frames": self.frames, "unequal_frames": self.unequal}
        found: dict[str, Any] = {"kind": self.kind, "frames": self.frames, "unequal_frames": self.unequal}
        found |= {"elements": self.elements, "differing": self.differing}
        found |= {"mean": [self.first / self.elements, self.second / self.elements]}
        if not self.digital:
            found |= {"rms": (self.squares / self.elements) ** 0.5, "worst": self.worst}
        return found


@dataclass
class Beside:
    """The run that goes beside another one. `also` is called with each frame's image and outputs.

    request: what is run here. title: what it is called. kinds: of the outputs of the other run, as `results.kinds`.
    """

    request: Request
    title: str
    kinds: Mapping[str, str]
    frames: int = 0
    profile: Profile | None = None
    tallies: dict[str, Tally] = field(default_factory=dict)
    alone: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    """Outputs that only the first, and only the second, run has."""

    def __post_init__(self) -> None:
        self._bound = session.bind(self.request, decode=False)
        self._machine = session.make_machine(self.request)
        self._own = results.kinds(self.request.program)

    def also(self, image: npt.NDArray[Any] | None, outputs: Mapping[str, Any]) -> None:
        """Run one frame here, too, and compare what both gave.

        outputs: of the other run; registers where it declares none.
        """
        program = self.request.program
        given, _ = session.feed(self._machine, program, self._bound, image)
        run = self._machine.run(program, inputs=given)
        self.frames += 1
        self.profile = run.profile
        self.alone = ([n for n in outputs if n not in run.outputs], [n for n in run.outputs if n not in outputs])
        for name, value in outputs.items():
            kind = self.kinds.get(name, "plane")
            if name in run.outputs and kind == self._own.get(name, "plane"):
                self.tallies.setdefault(name, Tally(kind)).add(kind, value, run.outputs[name])

    def text(self, own: str, profile: Profile, costs: bool) -> str:
        """The table. own: what the first run is called. costs: whether the two programs cost different things."""
        rows: list[tuple[str, str, str, str]] = []
        if costs and self.profile is not None:
            rows += [_cost(name, one, other) for name, one, other in _costs(profile, self.profile)]
        rules = [len(rows)] if rows else []
        rows += [(name, *tally.cells()) for name, tally in self.tallies.items()]
        rows += [(name, "yes", "-", "") for name in self.alone[0]] + [(name, "-", "yes", "") for name in self.alone[1]]
        about = f"{self.frames:,} frames: " if self.frames > 1 else ""
        return table((f"{about}{own} beside {self.title}", own, self.title, "difference"), rows, "<<<<", rules)

    def as_dict(self, profile: Profile) -> dict[str, Any]:
        """The table as plain values."""
        other = self.profile
        costs = {} if other is None else {name: [one, two] for name, one, two in _costs(profile, other)}
        return {
            "with": self.title,
            "frames": self.frames,
            "outputs": {name: tally.as_dict() for name, tally in self.tallies.items()},
            "only_here": self.alone[0],
            "only_there": self.alone[1],
            "costs": costs,
        }


def _costs(one: Profile, other: Profile) -> list[tuple[str, float, float]]:
    return [
        ("words", one.words, other.words),
        ("words stored", one.stored_words, other.stored_words),
        ("launches", one.launches, other.launches),
        ("us without readout", one.compute_us, other.compute_us),
        ("us", one.time_us, other.time_us),
        ("uJ in the array", one.energy_uj, other.energy_uj),
    ]


def _cost(name: str, one: float, other: float) -> tuple[str, str, str, str]:
    def shown(value: float) -> str:
        return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}" if value < 100 else f"{value:,.1f}"

    away = one - other
    if not away:
        return name, shown(one), shown(other), "equal"
    share = f" ({100 * away / other:+.1f} %)" if other else ""
    return name, shown(one), shown(other), f"{'+' if away > 0 else '-'}{shown(abs(away))}{share}"


__all__ = ["Beside", "Tally"]
