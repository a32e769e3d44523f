"""What the analysis of a program finds: ranges, values beyond the limits, registers that hold for too long."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scamp_sim.chip import isa
from scamp_sim.chip.host import CHIP, DEFAULT
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.planes import GREY_TO_PIX
from scamp_sim.chip.program import Input, Origin, Program
from scamp_sim.chip.trace import described
from scamp_sim.costs.timing import Timing, load_timing
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.ranges.ages import Ages, Item, Wait
from scamp_sim.ranges.forms import Interval
from scamp_sim.ranges.invariants import GUESSES, Starts, left_behind, settled, tightened
from scamp_sim.ranges.limits import Limits
from scamp_sim.ranges.state import TRUE
from scamp_sim.ranges.walk import Spot, Walk

MOST_RUNS = 6
"""Runs over which a program is followed when it is repeated, before limits of what still grows are guessed."""


@dataclass(frozen=True)
class Excess:
    """A place where a value leaves its limits. All values in LSB.

    kind: "saturation" for a write beyond what a register takes linearly, "clip" for a readout beyond the converter.
    item: the word or call that is worst there.
    register: what it writes or reads out.
    low, high: the range of that.
    factor: by how much its inputs would have to be multiplied to stay inside.
    times: how often the place is passed beyond the limits.
    first: what leaves them first.
    word: its number in the run.
    operands: what goes into it, with ranges.
    roots: the inputs and constants that the worst value comes from, the largest contribution first.
    """

    kind: str
    item: Item
    register: str
    low: float
    high: float
    factor: float
    times: int
    first: Item
    word: int
    operands: tuple[tuple[str, Interval], ...]
    roots: tuple[str, ...]

    @property
    def origin(self) -> Origin | None:
        return self.item.origin

    @property
    def scale(self) -> int:
        """n, where 1/n is the largest power of two that keeps the value inside."""
        return 1 << max(math.ceil(-math.log2(self.factor)), 0)


@dataclass(frozen=True)
class Hold:
    """The longest time that a register holds something that is still read.

    us: that time, infinite if nothing ever rewrites the register in all PEs.
    drift: LSB by which an analog register may have moved by then, None for bits.
    written, read: what wrote and read it; None for the caller's input.
    carried: whether it is held from one run to the next.
    partly: whether the program writes the register, but not in all PEs.
    """

    register: str
    us: float
    drift: float | None
    written: Item | None
    read: Item
    carried: bool
    partly: bool
    too_long: bool


@dataclass(frozen=True)
class Register:
    """An analog register: all values that it is ever given, those that it can hold at the end, in LSB; its longest
    hold. `run` is None for one that the program only reads, and that holds 0."""

    name: str
    run: Interval | None
    end: Interval
    hold: Hold | None


@dataclass(frozen=True)
class Analysis:
    """Ranges and holds of one run of a program, or, with fps, of as many runs a second.

    assumed: analog registers that are read before anything writes them, and were taken to hold 0.
    period_us: from the start of one run to that of the next, None for a single run.
    grows: analog registers whose range does not settle from run to run.
    """

    program: Program
    limits: Limits
    shape: tuple[int, int]
    words: int
    time_us: float
    fps: float | None
    period_us: float | None
    start: Mapping[str, tuple[Interval, str]]
    registers: tuple[Register, ...]
    holds: tuple[Hold, ...]
    excesses: tuple[Excess, ...]
    outputs: Mapping[str, Interval]
    assumed: tuple[str, ...]
    grows: tuple[str, ...]

    @cached_property
    def findings(self) -> tuple[Excess | Hold, ...]:
        """Everything worth a message: places beyond the limits, and registers that hold for too long."""
        return (*self.excesses, *(h for h in self.holds if h.too_long))

    def range(self, register: str) -> Interval:
        """The values that an analog register can hold at the end. Raises ProgramError for one that is not in it."""
        for r in self.registers:
            if r.name == register:
                return r.end
        return self.start[register][0] if register in self.start else (0.0, 0.0)


def analyse(
    program: Program,
    timing: Timing | None = None,
    shape: tuple[int, int] | None = None,
    options: ArrayOptions = DEFAULT,
    limits: Limits | None = None,
    ranges: Mapping[str, Interval] | None = None,
    fps: float | None = None,
) -> Analysis:
    """Bound every analog value of a run of `program`, and the time that every register has to hold.

    timing: prices, by default those of the chip.
    shape: rows and columns, by default what the program is for.
    ranges: what inputs and registers can hold at the start, by name: for an input in the units in which it is given
        (grey 0..255 on PIX, LSB else), for a register in LSB. Inputs without a range take their full one, PIX a full
        exposure, other registers 0, as in a machine that was just made.
    fps: the program runs so many times a second, and what it leaves behind is what it finds.

    The arithmetic is ideal: ranges are what the values of an ideal array lie in. Raises ProgramError for a range that
    fits no input or register, and for fps that is not above 0.
    """
    if fps is not None and not (fps > 0 and math.isfinite(fps)):
        raise ProgramError(f"fps must be greater than 0, got {fps}")
    timing, limits = timing or load_timing(), limits or Limits()
    shape = shape or program.shape or CHIP
    begun, flag_open = _start(program, options, ranges or {}, limits.far)
    given = frozenset(i.register for i in program.inputs)
    grows: set[str] = set()
    runs = guesses = 0
    followed: list[Starts] = []
    start: Starts = begun
    first = start

    def walked(start: Starts, flag_open: bool) -> Walk:
        walk = Walk(program, timing, shape, options, limits, start, given, flag_open)
        walk.run()
        return walk

    while True:
        walk = walked(start, flag_open)
        runs += 1
        if fps is None:
            break
        changed = left_behind(walk, start, given)
        left_open = flag_open and walk.state.flag == TRUE
        if not changed and left_open == flag_open:
            break
        followed.append(start)
        if runs >= MOST_RUNS and len(followed) > 1:
            ends = settled(changed, start, followed[-2], limits.far) if guesses < GUESSES else {}
            grows |= changed.keys() - ends.keys()
            changed = {r: (ends.get(r, (-limits.far, limits.far)), root) for r, (_, root) in changed.items()}
            guesses += 1
            followed.clear()
        start, flag_open = {**start, **changed}, left_open
    if guesses:
        free = start.keys() - grows - given
        start, walk = tightened(first, start, walk, free, lambda tried: walked(tried, flag_open))
    seen = walk.ages.carried.keys() | given | (ranges or {}).keys() | {"PIX"}
    start = {name: begun for name, begun in start.items() if name in seen}
    period = max(1e6 / fps, walk.us) if fps is not None else None
    holds = tuple(_holds(walk.ages, limits, period))
    return Analysis(
        program=program,
        limits=limits,
        shape=shape,
        words=walk.words,
        time_us=walk.us,
        fps=fps,
        period_us=period,
        start=start,
        registers=tuple(_registers(walk, holds, start)),
        holds=holds,
        excesses=tuple(_excesses(walk, limits)),
        outputs=walk.outputs,
        assumed=tuple(r for r in isa.ANALOG if r in walk.ages.carried and r not in start),
        grows=tuple(r for r in isa.ANALOG if r in grows & start.keys()),
    )


# --- what a run starts with -------------------------------------------------------------------------------------


def _start(
    program: Program, options: ArrayOptions, ranges: Mapping[str, Interval], far: float
) -> tuple[dict[str, tuple[Interval, str]], bool]:
    """Register -> range and where it is from; and whether FLAG is known to be 1 everywhere."""
    dark = float(options.pix_reset)
    light = (dark, dark + 255 * GREY_TO_PIX)
    start: dict[str, tuple[Interval, str]] = {"PIX": (light, "PIX")}
    for i in program.inputs:
        if i.register == "PIX" or i.register in isa.ANALOG:
            start[i.register] = (light if i.register == "PIX" else (-128.0, 127.0), _title(i))
    inputs = {i.name: i for i in program.inputs}
    names = (*isa.ANALOG, *isa.ANALOG_INPUTS, "FLAG")
    for name, (low, high) in ranges.items():
        if max(abs(low), abs(high)) > far:
            raise OptionError(
                f"range of {name}: {low:g}..{high:g} goes beyond {far:g}, the most that a register can hold"
            )
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise OptionError(f"range of {name}: {low:g}..{high:g} is not lowest..highest, two finite numbers")
        given = inputs.get(name)
        register = given.register if given is not None else isa.ALIASES.get(name, name)
        if register not in names:
            known = [*(n for n, i in inputs.items() if i.register in names), *names[:-1]]
            near = isa.did_you_mean(name, known) or f"; known: {', '.join(known)}"
            raise OptionError(f"range of {name}: the program has no analog input or register of that name{near}")
        if given is not None and register == "PIX":
            low, high = (v * GREY_TO_PIX + dark for v in (low, high))
        start[register] = ((low, high), _title(given) if given is not None else register)
    return start, start.pop("FLAG", None) is None


def _title(i: Input) -> str:
    return f"{i.name} ({i.register})" if i.name != i.register else i.name


# --- what a run has found ---------------------------------------------------------------------------------------


def _registers(walk: Walk, holds: tuple[Hold, ...], start: Mapping[str, tuple[Interval, str]]) -> list[Register]:
    longest = {h.register: h for h in holds}
    found = []
    for name in (*isa.ANALOG, "PIX"):
        used = name in walk.ranges or name in walk.ages.carried or name in longest or name in walk.read
        if used:
            values = [known for known in (walk.ranges.get(name), start[name][0] if name in start else None) if known]
            run = (min(v[0] for v in values), max(v[1] for v in values)) if values else None
            found.append(Register(name, run, walk.state.range(walk.state.analog[name]), longest.get(name)))
    return found


def _excesses(walk: Walk, limits: Limits) -> list[Excess]:
    low, high = limits.converter

    def made(kind: str, spot: Spot, floor: float, ceiling: float) -> Excess:
        factor = min(
            (ceiling / spot.high if spot.high > ceiling else 1.0), (floor / spot.low if spot.low < floor else 1.0)
        )
        return Excess(
            kind,
            spot.item,
            spot.register,
            spot.low,
            spot.high,
            factor,
            spot.times,
            spot.first,
            spot.word,
            spot.operands,
            spot.roots,
        )

    found = [made("saturation", s, -limits.linear, limits.linear) for s in walk.saturations.values()]
    return found + [made("clip", s, low, high) for s in walk.clips.values()]


def _holds(ages: Ages, limits: Limits, period: float | None) -> list[Hold]:
    found = []
    for register in (*isa.ANALOG, *isa.DIGITAL):
        inside, carried = ages.longest.get(register), ages.carried.get(register)
        candidates = [] if inside is None else [_hold(register, inside, inside.us, limits, False, False)]
        if carried is not None and period is not None:
            last = ages.whole.get(register)
            us = math.inf if last is None else period - last.us + carried.read.us
            wait = Wait(last, carried.read)
            candidates.append(_hold(register, wait, us, limits, True, last is None and ages.partly(register)))
        if candidates:
            found.append(max(candidates, key=lambda h: h.us))
    return found


def _hold(register: str, wait: Wait, us: float, limits: Limits, carried: bool, partly: bool) -> Hold:
    drift = us * 1e-6 * limits.drift if register in isa.ANALOG else None
    too_long = us > limits.retention * 1e6 if drift is None else drift > limits.drift_limit
    assert wait.read.item is not None
    written = wait.written.item if wait.written is not None else None
    return Hold(register, us, drift, written, wait.read.item, carried, partly, too_long)


def place(item: Item | None) -> str:
    """'line 7', or what it is if it comes from no text."""
    if item is None:
        return "the input"
    return f"line {item.origin.line}" if item.origin is not None else f"'{described(item)}'"


def as_dict(analysis: Analysis) -> dict[str, Any]:
    """Everything that was found, ready for JSON: times in us, values in LSB; None for a time without end."""

    def item(i: Item | None) -> dict[str, Any] | None:
        if i is None:
            return None
        at = {"file": i.origin.file, "line": i.origin.line, "column": i.origin.column} if i.origin is not None else {}
        return {"what": described(i), **at}

    def hold(h: Hold) -> dict[str, Any]:
        us = round(h.us, 3) if math.isfinite(h.us) else None
        drift = round(h.drift, 6) if h.drift is not None and math.isfinite(h.drift) else None
        return {
            "register": h.register,
            "us": us,
            "drift": drift,
            "written": item(h.written),
            "read": item(h.read),
            "carried": h.carried,
            "partly": h.partly,
            "too_long": h.too_long,
        }

    limits = analysis.limits
    return {
        "program": analysis.program.name,
        "params": analysis.program.params,
        "shape": list(analysis.shape),
        "words": analysis.words,
        "time_us": round(analysis.time_us, 3),
        "period_us": None if analysis.period_us is None else round(analysis.period_us, 3),
        "limits": {
            "linear": limits.linear,
            "converter": list(limits.converter),
            "drift_per_s": limits.drift,
            "drift_limit": limits.drift_limit,
            "retention_s": limits.retention,
        },
        "start": {name: {"range": list(interval), "from": root} for name, (interval, root) in analysis.start.items()},
        "registers": [
            {"name": r.name, "run": None if r.run is None else list(r.run), "end": list(r.end)}
            for r in analysis.registers
        ],
        "outputs": {name: list(interval) for name, interval in analysis.outputs.items()},
        "excesses": [
            {
                "kind": e.kind,
                "register": e.register,
                "range": [e.low, e.high],
                "factor": round(e.factor, 6),
                "scale": f"1/{e.scale}",
                "times": e.times,
                "first": item(e.first),
                "word": e.word,
                "at": item(e.item),
                "operands": [{"register": n, "range": list(i)} for n, i in e.operands],
                "from": list(e.roots),
            }
            for e in analysis.excesses
        ],
        "holds": [hold(h) for h in analysis.holds],
        "assumed": list(analysis.assumed),
        "grows": list(analysis.grows),
    }
