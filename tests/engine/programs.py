"""Random legal programs from a source of choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from scamp_sim.chip import isa
from scamp_sim.chip.operand_checks import faults
from scamp_sim.chip.planes import bit_plane
from scamp_sim.chip.program import HostCall, Kernel, Launch, Output, Program, Step, Word

Pick = Callable[[int], int]
"""pick(n): a number from 0 to n - 1."""

CELLS = isa.ANALOG[:6]
NEWS_CELLS = ("NEWS", *isa.PORTS)


def one(pick: Pick, items: Sequence[str]) -> str:
    return items[pick(len(items))]


def some(pick: Pick, items: Sequence[str], least: int, most: int) -> tuple[str, ...]:
    """Distinct items in random order."""
    pool = list(items)
    count = least + pick(min(most, len(pool)) - least + 1)
    return tuple(pool.pop(pick(len(pool))) for _ in range(count))


def bus(pick: Pick) -> list[Word]:
    """Any bus word without a hazard: a cell is not both source and destination."""
    pool = list(isa.ANALOG_SOURCES)
    dst = some(pick, isa.ANALOG + isa.PORTS, 1, 1 if pick(3) else 4)
    taken = set(dst) | (set(NEWS_CELLS) if set(dst) & set(NEWS_CELLS) else set())
    src = some(pick, [r for r in pool if r not in taken], 0, 4)
    return [Word("bus", dst, src)]


def through_news(pick: Pick) -> list[Word]:
    """The shape of nearly every analog macro: a value passes through NEWS or a neighbour's NEWS."""
    first = one(pick, NEWS_CELLS) if pick(2) else "NEWS"
    inner = some(pick, (*CELLS, "PIX", "IN"), 0, 3)
    y = one(pick, CELLS)
    rest = some(pick, [r for r in CELLS if r != y], 0, 1) if pick(2) else ()
    second = one(pick, NEWS_CELLS) if pick(4) == 0 else "NEWS"
    return [Word("bus", (first,), inner), Word("bus", (y,), (second, *rest))]


def halve(pick: Pick) -> list[Word]:
    y, x = some(pick, CELLS, 2, 2)
    return [Word("bus2", (y, "NEWS"), (x,)), Word("bus", (y,), ("NEWS",))]


def flag(pick: Pick) -> list[Word]:
    match pick(4):
        case 0:
            return [Word("where", (), some(pick, isa.ANALOG_SOURCES, 1, 3))]
        case 1:
            return [Word("WHERE", (), some(pick, isa.DIGITAL_SOURCES, 1, 3))]
    return [Word("all")]


def logic(pick: Pick) -> list[Word]:
    d = one(pick, isa.DIGITAL)
    others = [r for r in isa.DIGITAL_SOURCES if r != d]
    match pick(6):
        case 0:
            return [Word(("SET", "CLR")[pick(2)], some(pick, isa.DIGITAL, 1, 4))]
        case 1:
            dst = some(pick, isa.DIGITAL, 1, 3)
            return [Word(("MOV", "NOT")[pick(2)], dst, (one(pick, [r for r in isa.DIGITAL_SOURCES if r not in dst]),))]
        case 2 | 3:
            return [Word(("OR", "NOR")[pick(2)], (d,), some(pick, others, 2, 4))]
        case 4:
            half = ("REFRESH_R", "NOT_R")[pick(2)]
            return [Word(half, (), (d,)), Word("REFRESH_L", (d,))]
    half = ("OR_R", "NOR_R")[pick(2)]
    return [Word(half, (), (d, one(pick, others))), Word("REFRESH_L", (d,))]


def spread(pick: Pick) -> list[Word]:
    d = one(pick, isa.DIGITAL)
    if pick(3):
        s = one(pick, [r for r in isa.DIGITAL_SOURCES if r != d])
        return [Word(("DNEWS0", "DNEWS1")[pick(2)], (d,), (s,))]
    return [Word("PROP_R"), Word(("PROP_0", "PROP_1")[pick(2)])]


def rare(pick: Pick) -> list[Word]:
    match pick(3):
        case 0:
            return [Word("rpix")]
        case 1:
            return [Word("nop"), Word("blurset")]
    name = ("blur", "blurh", "blurv")[pick(3)]
    dst, src = some(pick, (*CELLS, "NEWS"), 2, 2)
    return [Word(name, (dst,), (src,))]


CHUNKS = (bus, bus, through_news, through_news, through_news, halve, flag, logic, logic, spread, rare)


FORMS = [form for forms in isa.HOST.values() for form in forms if "bitstack" not in form.name]
SMALL = {"n": 3, "iterations": 2, "max": 20, "gain": 5, "rs": 3, "cs": 3, "s": 4, "radius": 20, "code": 4096}
"""Bounds of the integers that are not flags or addresses."""


def host_call(pick: Pick, shape: tuple[int, int]) -> HostCall:
    """Any host function of the table with sound operands."""
    form = FORMS[pick(len(FORMS))]

    def operand(o: isa.Operand) -> str | int:
        if o.kind in isa.OPERAND_KINDS:
            return one(pick, [r for r in isa.OPERAND_KINDS[o.kind] if r not in isa.PORTS])
        if o.kind in ("row", "column"):
            return pick(shape[o.kind == "column"])
        if o.kind == "address":
            return pick(256)
        if o.name in ("h", "v") and form.name == "scamp5_shift":
            return pick(15) - 7
        if o.name == "v":
            return pick(256) - 128
        if o.name in ("r", "c", "r0", "c0", "r1", "c1"):
            return pick(300) - 100
        return pick(SMALL.get(o.name, 2)) + (o.name in ("iterations", "max", "gain", "rs", "cs", "s"))

    while True:
        call = HostCall(form.name, tuple(operand(o) for o in form.operands), result="r" if form.result else "")
        if not any(f.code.startswith("S") for f in faults(call)):
            return call


def random_program(seed: int, shape: tuple[int, int], chunks: int, steps_taken: int) -> Program:
    """Two kernels of that many macro-like chunks, launched in any order with host calls and outputs between.

    A shorter program of the same seed is a prefix of a longer one, so that failures can be shrunk.
    """

    def kernel(name: str, stream: int) -> Kernel:
        rng = np.random.default_rng((seed, stream))
        pick: Pick = lambda n: int(rng.integers(n))  # noqa: E731
        return Kernel(name, tuple(w for _ in range(chunks) for w in CHUNKS[pick(len(CHUNKS))](pick)))

    kernels = {"k0": kernel("k0", 0), "k1": kernel("k1", 1)}
    rng = np.random.default_rng((seed, 2))
    pick: Pick = lambda n: int(rng.integers(n))  # noqa: E731
    steps: list[Step] = []
    for i in range(steps_taken):
        match pick(5):
            case 0:
                call = host_call(pick, shape)
                steps.append(replace(call, result=f"r{i}" if call.result else ""))
            case 1:
                steps.append(Output(f"o{i}", one(pick, isa.PLANES)))
            case _:
                steps.append(Launch(("k0", "k1")[pick(2)]))
    return Program("random", kernels, tuple(steps))


def random_state(seed: int, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """A plane for every register that can be set. FLAG is all ones half of the time."""
    rng = np.random.default_rng(seed)
    state: dict[str, np.ndarray] = {
        r: np.round(rng.uniform(-128, 127, shape) * 8).astype(np.float32) / 8 for r in (*isa.ANALOG, "PIX")
    }
    for r in isa.DIGITAL:
        state[r] = bit_plane(rng.random(shape) < rng.choice([0.1, 0.5, 0.9]), shape)
    state["FLAG"] = np.ones(shape, bool) if seed % 2 else rng.random(shape) < 0.5
    return state
