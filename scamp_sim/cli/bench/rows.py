"""What is measured: one row a figure, in groups, each with the limit that stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scamp_sim.chip.program import Launch, Program
from scamp_sim.cli.bench.measure import SHAPE, Rates, best, fused

RUNS, ONE, WORDS, CHIPS, FRAMES, BEFORE, STUDY = (
    "programs",
    "one-word",
    "long-programs",
    "chips",
    "pixelrnn",
    "preparation",
    "study",
)
TITLES = {
    RUNS: "Programs as a user calls them: `machine.run(program)`, once their code has been made",
    ONE: "A run of one word or host function",
    WORDS: "A word in a long program, in the walk",
    CHIPS: "Words on a chip with errors, in the walk: values within the linear range and beyond",
    FRAMES: "PixelRNN, a whole frame, planes looked at",
    BEFORE: "What comes before: assembly, machine code, a new chip",
    STUDY: "A study over 100 chips, one thread",
}
LIMITS = {
    RUNS: "every plane that the code names moved once through the second-level cache",
    ONE: "a run of `nop`",
    WORDS: "its planes read and written in the first-level cache, sums within limits",
    CHIPS: "its planes, those of its errors among them, in the first-level cache",
    FRAMES: "what the chip itself takes, as modelled",
}


@dataclass(frozen=True)
class Row:
    """us: of processor time.
    adds: the same in `numpy.add` of a plane, taken in the same run.
    limit: us; 0: none.
    """

    group: str
    name: str
    us: float
    adds: float
    limit: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def only(name: str, kernel: str = "") -> Program:
    """A kernel of the library without the capture before it."""
    from scamp_sim import kernels

    found = kernels.load(name)
    return Program(kernel or name, found.kernels, (Launch(kernel or name),))


_BOX = "".join(
    f"movx(B, A, {d}); movx(C, A, {o}); add(A, A, B, C); movx(B, B, {d}); movx(C, C, {o}); add(A, A, B, C);"
    for d, o in (("east", "west"), ("south", "north"))
)
_TEXTS = {
    "box 3x3, 42 words": "diva(A, B, C);" * 6
    + "".join(f"movx(B, A, {d}); movx(C, A, {o}); add(A, A, B, C);" for d, o in (("east", "west"), ("north", "south"))),
    "one axis, horizontal, 8 words": "movx(B, A, north); addx(C, A, B, south); addx(D, B, C, west);"
    "sub2x(A, D, east, east, D);",
    "one axis, vertical, 8 words": "movx(B, A, east); addx(C, A, B, west); addx(D, B, C, north);"
    "sub2x(A, D, south, south, D);",
    "two Sobels, 18 words": "movx(B, A, south); addx(C, A, B, west); add(D, A, B, C); movx(E, D, north);"
    "movx(F, E, east); sub(F, F, D); subx(B, D, east, E); add(C, F, B); sub(D, B, F);",
    "local threshold, 61 words": f"{'diva(A, B, C);' * 6} {_BOX} sub(D, D, A); sub(D, D, E); where(D);"
    "MOV(R5, FLAG); all();",
    "motion, 16 words": "sub(C, A, B); abs(D, C); sub(D, D, E); where(D); MOV(R5, FLAG); all(); mov(B, A);NOT(R6, R5);",
}


def programs() -> dict[str, Program]:
    """The short programs that a peer publishes as its examples, or the same work in as many words."""
    from scamp_sim.compiler import assemble

    made = {name: assemble(text) for name, text in _TEXTS.items()}
    first = {"box 3x3, 42 words": made.pop("box 3x3, 42 words")}
    return {**first, "gauss3, 24 words": only("gauss3"), "gauss5, 64 words": only("gauss5"), **made}


def _machine(errors: str = "ideal", scale: float = 1.0) -> Any:
    from scamp_sim import Machine

    rng = np.random.default_rng(0)
    m = Machine(SHAPE, errors=errors)
    for register in "ABCDE":
        m.write(register, (rng.uniform(-30, 30, SHAPE) * scale).astype(np.float32))
    for register in ("R5", "R6", "R7"):
        m.write(register, rng.random(SHAPE) < 0.5)
    return m


def planes_moved(machine: Any, program: Program) -> int:
    """Analog planes that the fused code of a program names; 0 if there is none."""
    from scamp_sim.engine.fused.frame import Ready

    made = machine._engine._hot(program).made
    if made is None:
        return 0
    return sum(step.coded.analog for steps in made for step in steps if isinstance(step, Ready))


def runs(r: Rates) -> Iterator[Row]:
    """The short programs, noise-free and on the shipped profile with everything on."""
    for errors in ("ideal", "scamp5"):
        for name, program in programs().items():
            m = _machine(errors)
            us = best(lambda m=m, program=program: m.run(program))  # type: ignore[misc]
            yield Row(RUNS, f"{name}, {errors}", us, us / r.add, planes_moved(m, program) * r.far)


def one(r: Rates) -> Iterator[Row]:
    """Runs of a single word."""
    from scamp_sim.compiler import assemble

    m = _machine()
    nothing = assemble("nop();")
    least = best(lambda: m.run(nothing))
    for text in ("MOV(R6, R5);", "NOT(R6, R5);", "OR(R7, R5, R6);", "WHERE(R5);", "where(A);", "all();"):
        program = assemble(text)
        us = best(lambda program=program: m.run(program))  # type: ignore[misc]
        yield Row(ONE, f"`{text.rstrip(';')}`", us, us / r.add, least)
    us = best(lambda: m.global_or("R5"))
    yield Row(ONE, '`machine.global_or("R5")`', us, us / r.add, least)


_LONG: dict[str, tuple[str, int, float]] = {
    "add(A, B, C)": ("add(A, B, C); add(B, C, A); add(C, A, B);", 3, 3),
    "sub(A, B, C)": ("sub(A, B, C); sub(B, C, A); sub(C, A, B);", 3, 3),
    "bus(A, B, C)": ("bus(A, B, C); bus(B, C, A); bus(C, A, B);", 3, 3),
    "movx(A, B, east)": ("movx(A, B, east); movx(C, A, east); movx(B, C, east);", 3, 2),
    "movx(A, B, north)": ("movx(A, B, north); movx(C, A, north); movx(B, C, north);", 3, 2),
    "NOR(R5, R6, R7)": ("NOR(R5, R6, R7);", 1, -1),
    "DNEWS(R5, R6, east)": ("DNEWS(R5, R6, east);", 1, -1),
}
"""Word or macro -> (it, so often that each result is used; how often; planes that it moves, -1: packed bits)."""


def _repeated(text: str, times: int) -> Program:
    from scamp_sim.compiler import assemble

    program = assemble(text)
    return Program("repeated", program.kernels, program.steps * times)


def _limit(planes: float, r: Rates) -> float:
    """us for a word that moves so many planes."""
    return r.bits if planes < 0 else r.clipped if planes == 3 else planes * r.near


def words(r: Rates) -> Iterator[Row]:
    """Words in programs so long that nothing else counts."""
    for name, (text, count, planes) in _LONG.items():
        times = 200 if planes > 0 else 1000
        m, program = _machine(), _repeated(text, times)
        us = best(lambda m=m, program=program: m.run(program, registers=False)) / (count * times)  # type: ignore[misc]
        yield Row(WORDS, f"`{name}`", us, us / r.add, _limit(planes, r))


_QUIET = "scamp5:analog_drift=0,analog_drift_spread=0,register_offset=0,transfer_offset=0"
_NOISY = {
    "`bus`, two sources": ("bus(A, B, C); bus(B, C, A); bus(C, A, B);", 6),
    "`add` and `sub`": ("sub(A, B, C); add(B, A, C); sub(C, B, A);", 8),
    "`add` and `sub` under FLAG": ("where(A); sub(A, B, C); add(B, A, C); sub(C, B, A); all();", 9),
}


def chips(r: Rates) -> Iterator[Row]:
    """Writes with errors, within the linear range and saturated."""
    for name, (text, planes) in _NOISY.items():
        for state, scale in (("", 0.5), (", saturated", 20.0)):
            m, program = _machine(_QUIET, scale), _repeated(text, 20)
            start = {register: m.read(register) for register in "ABC"}

            def load(m: Any = m, start: dict[str, Any] = start) -> None:
                for register, plane in start.items():
                    m._engine.write(register, plane)

            def run(m: Any = m, program: Program = program, load: Callable[[], None] = load) -> None:
                load()
                m.run(program, registers=False)

            us = (best(run) - best(load)) / 60
            yield Row(CHIPS, name + state, us, us / r.add, planes * r.near)


def frames(r: Rates) -> Iterator[Row]:
    """PixelRNN under both mappings, noise-free and on a chip."""
    from scamp_sim.systems.pixelrnn import Weights, gestures
    from scamp_sim.systems.pixelrnn.encoder import Encoder

    clip, _ = gestures.clip("spread/leftward", seed=1)
    for mapping in ("macropixel", "blocks"):
        for errors in ("ideal", "scamp5"):
            encoder = Encoder(Weights.random(1), mapping, errors=errors, chip=1)
            chip_us = encoder.run(clip).frame_profile.time_us
            us = best(lambda encoder=encoder: encoder.run(clip), 1.0, 8) / 16  # type: ignore[misc]
            yield Row(FRAMES, f"{mapping}, {errors}", us, us / r.add, chip_us)


def before(r: Rates) -> Iterator[Row]:
    """What a program takes before it runs for the first time."""
    from scamp_sim import Machine, kernels
    from scamp_sim.cli.bench.code import compiling, loading

    us = best(lambda: kernels.load("gauss5"))
    yield Row(BEFORE, "assembly of gauss5, a word", us / 64, us / 64 / r.add)
    us = best(lambda: Machine(SHAPE).run(programs()["gauss3, 24 words"]), 0.3)
    yield Row(BEFORE, "a new machine, gauss3 assembled and run once", us, us / r.add)
    for errors in ("ideal", "scamp5"):
        us = compiling(only("gauss3"), errors)
        yield Row(BEFORE, f"machine code of gauss3, {errors}", us, us / r.add)
    us = loading(only("gauss3"))
    yield Row(BEFORE, "the same from the folder, ideal", us, us / r.add)


def study(r: Rates) -> Iterator[Row]:
    """A clip on each of 100 chips, as `validate --chips 0-99` carries it out; and what the first clip on a new chip
    takes beyond the clip."""
    from time import process_time_ns

    from scamp_sim.systems.pixelrnn import Weights, gestures
    from scamp_sim.systems.pixelrnn.encoder import Encoder

    clip, _ = gestures.clip("spread/leftward", seed=1)
    weights = Weights.random(1)
    Encoder(weights, errors="scamp5", chip=1000).run(clip)  # assembled, compiled and calibrated
    started = process_time_ns()
    for chip in range(100):
        encoder = Encoder(weights, errors="scamp5", chip=chip)
        encoder.run(clip)
    each = (process_time_ns() - started) / 1e5
    again = best(lambda: encoder.run(clip), 0.5, 5)
    yield Row(STUDY, "a chip and its clip of 16 frames", each, each / r.add)
    yield Row(STUDY, "of that the new chip", each - again, (each - again) / r.add)


MEASURED: dict[str, tuple[str, Callable[[Rates], Iterator[Row]]]] = {
    RUNS: ("now", runs),
    ONE: ("now", one),
    WORDS: ("0", words),
    CHIPS: ("0", chips),
    FRAMES: ("now", frames),
    BEFORE: ("0", before),
    STUDY: ("now", study),
}
"""Group -> (how fused code is made, what measures it)."""


def measure(groups: tuple[str, ...], rates: Callable[[], Rates], told: Callable[[str], None]) -> Iterator[Row]:
    """The rows of some groups.

    rates: measured before each group.
    told: is given the name of a group that begins.
    """
    for group in groups:
        told(group)
        mode, rows = MEASURED[group]
        with fused(mode):
            yield from rows(rates())


__all__ = ["LIMITS", "MEASURED", "TITLES", "Row", "measure", "planes_moved", "programs"]
