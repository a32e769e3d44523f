"""The plan of a network: what goes where, what it costs, how near thresholds are, and the programs that it is.

plan = network.plan(net, by="us")
print(plan)
plan.cost().us, plan.margins(), plan.programs()
encoder = plan.build(errors="scamp5", chip=1)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scamp_sim.chip.isa import did_you_mean
from scamp_sim.costs.timing import load_timing
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.silicon.setup import Errors
from scamp_sim.study import chips as kinds
from scamp_sim.systems.base.cost import Cost
from scamp_sim.systems.network.params import Network
from scamp_sim.systems.network.planning import show
from scamp_sim.systems.network.planning.built import Built
from scamp_sim.systems.network.planning.candidates import Wish, candidates
from scamp_sim.systems.network.planning.choice import Choice
from scamp_sim.systems.network.planning.levels import merged
from scamp_sim.systems.network.planning.margins import EXACT, Margin, Response, margins
from scamp_sim.systems.network.planning.placing import placed
from scamp_sim.systems.network.planning.pricing import SHAPE, cost_of
from scamp_sim.systems.network.planning.profiles import offset_of, response_of
from scamp_sim.systems.network.store import net_digest
from scamp_sim.text import plural

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.systems.network.encoder import OnArray

FAINT = 3.0
"""LSB a tap of a layer over all maps below which a plan warns: of random kernels on `scamp5`, 0.8 LSB a tap leave 6 %
of the bits wrong, 7.3 LSB 2 %."""

BY = ("us", "words", "energy", "noise")
WISHES = ("layout", "sums", "events", "amplitude", "controller")
"""What of a wish a file of a plan keeps; the rest follows from the profile."""


@dataclass(frozen=True)
class Alternative:
    """A choice that was not taken: what it is, and what it would cost."""

    what: str
    words: int
    us: float


@dataclass(frozen=True, eq=False)
class Plan:
    """A network on the array; made by `plan`.

    net: as it runs, with levels merged if that was asked for. asked: as it was given. errors: what the plan is for.
    by: what was minimised. timing: name of the price table. wish: what was asked for. most_levels: how many levels were
    to be left, None for all. alternatives: what was not taken. refused: what did not fit, and why. notes: what merging
    levels changed.
    """

    net: Network
    asked: Network
    built: Built
    errors: Errors
    by: str
    timing: str
    wish: Wish
    alternatives: tuple[Alternative, ...] = ()
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    most_levels: int | None = None

    @property
    def choice(self) -> Choice:
        """What was decided, as data."""
        return self.built.choice

    def programs(self) -> tuple[Program, ...]:
        """The program of a frame."""
        return (self.built.program,)

    @cached_property
    def _cost(self) -> Cost:
        return cost_of(self.built, self.timing)

    def cost(self) -> Cost:
        """What a frame costs, layer by layer."""
        return self._cost

    def margins(self) -> tuple[Margin, ...]:
        """How near the threshold of every channel is to a background, and what that does on chips of the profile."""
        return self._margins

    @cached_property
    def _margins(self) -> tuple[Margin, ...]:
        return margins(self.net, self.choice, response_of(self.errors))

    def build(self, errors: Errors | None = None, chip: int = 0, *, engine: str = "fast") -> OnArray:
        """The network on a chip.

        errors: a profile, by default that of the plan. On a profile whose offset of a transfer is another one, the plan
        is made again for it. Raises ScampError.
        """
        from scamp_sim.systems.base.records import Hardware
        from scamp_sim.systems.network.encoder import OnArray

        kind = self.errors if errors is None else errors
        own = self if offset_of(kind) == self.choice.offset else again(self, kind)
        return OnArray(own, Hardware(errors=kind, chip=chip, engine=engine, timing=self.timing))

    # --- as data and for people -------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> tuple[Mapping[str, Any], ...]:
        """A row a layer: name, where, words, us, margin (the smallest, in taps)."""
        return show.rows(self)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON: `layers` and totals, the choice that runs, margins, alternatives."""
        cost = self.cost()
        return {
            "layers": [dict(row) for row in self.rows],
            "words": cost.words,
            "us": round(cost.us or 0.0, 4),
            "bytes": cost.readout_bytes,
            "uj": cost.uj,
            "by": self.by,
            "errors": kinds.named(self.errors),
            "timing": self.timing,
            "stored_words": self.built.program.stored_words,
            "network": net_digest(self.asked),
            "wish": {**{name: getattr(self.wish, name) for name in WISHES}, "levels": self.most_levels},
            "choice": self.choice.as_dict(),
            "margins": [m.as_dict() for m in self.margins()],
            "alternatives": [vars(a) for a in self.alternatives],
            "refused": list(self.refused),
            "notes": list(self.notes),
            "warnings": list(self.warnings()),
        }

    def warnings(self) -> tuple[str, ...]:
        """What a user should know before anything runs."""
        found = list(self.net.warnings())
        flagged = [m for m in self.margins() if m.flagged]
        for layer in dict.fromkeys(m.layer for m in flagged):
            those = [m for m in flagged if m.layer == layer]
            worst = max(those, key=lambda m: m.wrong)
            lie = f"{plural(len(those), 'channel')} {'lies' if len(those) == 1 else 'lie'}"
            near = f"{worst.background}{', at its padded border,' if worst.border else ''}"
            found.append(
                f"{layer}: {lie} too near to a background; channel {worst.channel}, "
                f"{worst.distance:.2g} taps from {near} at {worst.sigma:.2g} taps of noise, will have "
                f"{100 * worst.wrong:.0f} % of its bits wrong: train with noise (`network finetune`)"
            )
        found += self._faint()
        spent = sum(us for name, us in self._calls().items() if name in ("scamp5_in", "scamp5_load_in"))
        whole = self.cost().us or 1.0
        levels = max((len({v for v in c.levels if isinstance(v, int)}) for c in self.choice.convs.values()), default=0)
        if spent > 0.4 * whole and levels > 3:
            found.append(f"constants are {100 * spent / whole:.0f} % of the time: fewer levels (--levels N) save it")
        return tuple(found)

    def _faint(self) -> list[str]:
        """Layers over all maps that one large threshold leaves few LSB a tap, where chips are off by several."""
        found = []
        for layer in self.net.convs:
            chosen = self.choice.convs.get(layer.name)
            if chosen is None or layer.depthwise or layer is self.net.layers[0] or self.wish.response is EXACT:
                continue
            unit = chosen.gain * chosen.amplitude * 2.0 ** (chosen.doublings - 2 * (self.choice.rows.bit_length() - 1))
            if unit < FAINT:
                channel = int(abs(layer.threshold).argmax())
                found.append(
                    f"{layer.name}: a threshold of {layer.threshold[channel]} taps (channel {channel}) leaves "
                    f"{unit:.1f} LSB a tap to all channels, where chips are off by several: bound the thresholds in "
                    "training (`network finetune --limit`)"
                )
        return found

    def _calls(self) -> Mapping[str, float]:
        from scamp_sim.costs.timing import profile

        return profile(self.built.program, load_timing(self.timing), SHAPE).call_times

    def text(self) -> str:
        """The plan as a table of at most 80 columns."""
        return show.text(self)

    def __str__(self) -> str:
        return self.text()


def plan(
    net: Network,
    by: str = "us",
    *,
    chip: Errors = "ideal",
    levels: int | None = None,
    layout: str = "",
    sums: str = "16",
    events: int = 0,
    amplitude: int | None = None,
    controller: bool = False,
    timing: str = "scamp5d",
) -> Plan:
    """The cheapest way of a network over layouts, places of layers and forms of readout.

    by: "us", "words", "energy" or "noise" (the predicted share of wrong bits, then us).
    chip: a profile of errors; the program makes up for the offset that its transfers add.
    levels: at most so many different thresholds a layer, the medians of groups; None for all.
    layout: only "blocks", "macropixels", "windows" or "serial".
    sums: of a dense layer on the array: "16", "64" (four times as fine), "sparse" (one call a class).
    events: let maps leave as at most so many events, 0 for exactly.
    amplitude: LSB of a tap, None for what the thresholds allow.
    controller: dense layers are the controller's.

    Raises ProgramError, which says what would fit.
    """
    if by not in BY:
        raise ProgramError(f"by '{by}'{did_you_mean(str(by), BY)}: expected one of {', '.join(BY)}")
    if amplitude is not None and not 1 <= amplitude <= 120:
        raise ProgramError(f"amplitude {amplitude}: expected 1..120 LSB a tap, which the converter can hold")
    if layout and layout not in ("blocks", "macropixels", "windows", "serial"):
        raise ProgramError(f"layout '{layout}': expected blocks, macropixels, windows or serial")
    if sums not in ("16", "64", "sparse"):
        raise ProgramError(f"sums '{sums}': expected 16, 64 or sparse")
    load_timing(timing)  # a name that is none is no matter of what fits
    own, notes = (net, ()) if levels is None else merged(net, levels)
    response = response_of(chip)
    merge = by != "noise" and response is EXACT  # on chips every level belongs into the middle of its gap
    wish = Wish(offset_of(chip), sums, events, layout, amplitude, merge, controller, response)
    refused: list[str] = []
    found: list[tuple[tuple[float, ...], Built, Cost]] = []
    for choice in candidates(own, wish, refused):
        built = Built(own, placed(own, choice, response, levels is None) if by == "noise" else choice)
        try:
            cost = cost_of(built, timing, draft=True)
        except ScampError as e:
            refused.append(f"{choice.layout}: {e}")
            continue
        found.append((_rank(by, cost, own, built.choice, response), built, cost))
    if not found:
        reasons = "; ".join(dict.fromkeys(refused)) or "nothing of it can run on the array"
        raise ProgramError(f"this network does not fit the array: {reasons}")
    found.sort(key=lambda f: f[0])
    best = found[0][1] if by == "noise" else Built(own, placed(own, found[0][1].choice, response, levels is None))
    others, seen = [], {_label(best)}
    for _, built, cost in found[1:]:
        if _label(built) not in seen:
            seen.add(_label(built))
            others.append(Alternative(_label(built), cost.words, cost.us or 0.0))
    return Plan(own, net, best, chip, by, timing, wish, tuple(others), tuple(dict.fromkeys(refused)), notes, levels)


def again(one: Plan, chip: Errors) -> Plan:
    """The same wishes for another profile. Raises ProgramError."""
    w = one.wish
    return replace(
        plan(
            one.net,
            one.by,
            chip=chip,
            layout=w.layout or one.choice.layout,
            sums=w.sums,
            events=w.events,
            amplitude=w.amplitude,
            controller=w.controller,
            timing=one.timing,
        ),
        asked=one.asked,
        notes=one.notes,
        most_levels=one.most_levels,
    )


def _label(built: Built) -> str:
    c = built.choice
    cut = c.array < len(built.net.layers)
    where = f", {built.net.layers[c.array].name} on the controller" if cut else ""
    return f"{c.layout} {c.rows}x{c.rows}{where}"


def _rank(by: str, cost: Cost, net: Network, choice: Choice, response: Response) -> tuple[float, ...]:
    us, words, uj = cost.us or 0.0, float(cost.words), cost.uj or 0.0
    if by == "words":
        return words, us
    if by == "energy":
        return uj, us
    if by == "noise":
        seen = margins(net, choice, response)
        return sum(m.wrong for m in seen), us
    return us, words


__all__ = ["BY", "WISHES", "Alternative", "Plan", "again", "plan"]
