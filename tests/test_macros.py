"""Every macro against its stated effect on random planes, for every coincidence of its operands.

For each way to fill the operands from a small pool that holds the macros' temporaries, one of two things must hold: the
assembler refuses the call, or the planes are what the fact sheet says (sections 3.1-3.5) and nothing else has changed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine, Program
from scamp_sim.chip import isa
from scamp_sim.chip.isa import DIRECTIONS
from scamp_sim.compiler import CompileError, assemble
from scamp_sim.compiler.expand.macro_info import macros

SHAPE = (64, 64)
RNG = np.random.default_rng(11)
State = dict[str, Any]
Operands = Mapping[str, str]
Effect = Callable[[State, Operands], State]

START: State = {r: np.round(RNG.uniform(-60, 60, SHAPE)).astype(np.float32) for r in (*isa.ANALOG, "PIX")}
START |= {r: RNG.random(SHAPE) < 0.5 for r in isa.DIGITAL}
START["FLAG"] = np.ones(SHAPE, bool)

POOLS = {
    "areg": ("A", "B", "NEWS"),
    "areg3": ("A", "B", "C", "NEWS"),
    "asrc": ("A", "B", "C", "NEWS", "PIX"),
    "dreg": ("R5", "R6", "R0"),
    "dsrc": ("R5", "R6", "R0", "R12", "FLAG"),
    "dir": ("north", "east"),
    "back": ("west", "north"),
    "dirs": ("north", "east|south", "north|east|south|west"),
    "edge": ("0", "1"),
    "n": ("1", "3"),
}


@dataclass(frozen=True)
class Case:
    """`operands`: name:pool for each. `effect` gives the registers that change; None marks one left undefined."""

    macro: str
    operands: str
    effect: Effect

    @property
    def names(self) -> list[str]:
        return [o.split(":")[0] for o in self.operands.split()]

    def fillings(self) -> Iterator[dict[str, str]]:
        pools = [POOLS[o.split(":")[1]] for o in self.operands.split()]
        for values in itertools.product(*pools):
            yield dict(zip(self.names, values, strict=True))


def moved(plane: np.ndarray, direction: str, outside: float = 0) -> np.ndarray:
    """Each PE takes its neighbour in that direction."""
    d = DIRECTIONS[direction]
    padded = np.pad(plane, 1, constant_values=outside)
    return padded[1 + d.row : 65 + d.row, 1 + d.column : 65 + d.column]


def formula(function: Callable[..., np.ndarray], *, clobbers: str = "") -> Effect:
    """y := function(operands after y); `clobbers` may hold anything afterwards."""

    def effect(s: State, o: Operands) -> State:
        first, *rest = o
        values = [s.get(o[n], o[n]) for n in rest]
        return {**dict.fromkeys(clobbers.split()), o[first]: function(*values)}

    return effect


def news(function: Callable[..., np.ndarray]) -> Effect:
    return formula(function, clobbers="NEWS")


def halves(s: State, o: Operands) -> State:
    x = s[o.get("x", o["y2"])]
    return {o["y0"]: x / 2, o["y1"]: -x / 2, o["y2"]: x, "NEWS": None}


def diva(s: State, o: Operands) -> State:
    x = s[o["y0"]]
    return {o["y0"]: x / 2, o["y1"]: -x / 2, o["y2"]: -x / 2, "NEWS": None}


def capture(s: State, o: Operands) -> State:
    half = s["PIX"] + 127
    out = {"PIX": np.full(SHAPE, -127, np.float32), "NEWS": -s["PIX"]}
    return out | ({o["y"]: s["PIX"] + half, o["h"]: -s["PIX"]} if "h" in o else {o["y"]: half})


def reset_pix(s: State, o: Operands) -> State:
    level = np.full(SHAPE, -127, np.float32)
    return {"PIX": level} | ({o["y"]: level, "NEWS": -level} if "y" in o else {})


def blurred(x: np.ndarray, n: int, axes: str, s: State) -> np.ndarray:
    """Two resistive-grid steps per round, links south where R1, west where R2 (Q8)."""
    x = x.astype(float)
    for _ in range(2 * n):
        flux = np.zeros(SHAPE)
        if "v" in axes:
            current = np.where(s["R1"][:-1], x[1:] - x[:-1], 0)
            flux[:-1] += current
            flux[1:] -= current
        if "h" in axes:
            current = np.where(s["R2"][:, 1:], x[:, :-1] - x[:, 1:], 0)
            flux[:, 1:] += current
            flux[:, :-1] -= current
        x = x + 0.1 * flux
    return x


def gauss(axes: str) -> Effect:
    return lambda s, o: {"NEWS": None, o["y"]: blurred(s[o["x"]], int(o["n"]), axes, s)}


def newsblur(directions: str) -> Effect:
    def effect(s: State, o: Operands) -> State:
        x = s[o["x"]].astype(float)
        for _ in range(int(o["n"])):
            x = sum(moved(x, d) for d in directions.split()) / len(directions.split())
        return {"NEWS": None, o["y"]: x}

    return effect


def dnews(s: State, o: Operands) -> State:
    edge = int(o.get("edge", 0))
    wanted = o["dirs"].split("|")
    out = {d.gate: np.full(SHAPE, d.name in wanted) for d in DIRECTIONS.values()}
    return out | {o["y"]: np.logical_or.reduce([moved(s[o["x"]], d, edge) for d in wanted])}


def prop(edge: int) -> Effect:
    def effect(s: State, o: Operands) -> State:
        r12 = s["R12"]
        for _ in range(64):
            taken = [s[d.gate] & moved(r12, d.name, edge) for d in DIRECTIONS.values()]
            r12 = r12 | (s["R0"] & np.logical_or.reduce(taken))
        return {"R12": r12}

    return effect


def logic(function: Callable[..., np.ndarray], **leaves: Callable[[State, Operands], np.ndarray]) -> Effect:
    """y := function(sources); `leaves` says what the named registers hold afterwards."""

    def effect(s: State, o: Operands) -> State:
        first, *rest = o
        out = {o.get(r, r): value(s, o) for r, value in leaves.items()}
        return out | {o[first]: function(*(s[o[n]] for n in rest))}

    return effect


def in_place(function: Callable[..., np.ndarray]) -> Effect:
    return lambda s, o: {o["y"]: function(*(s[r] for r in o.values()))}


def inverse(name: str) -> Callable[[State, Operands], np.ndarray]:
    return lambda s, o: ~s[o[name]]


ZERO = np.zeros(SHAPE, np.float32)

CASES = (
    Case("res", "a:areg", lambda s, o: {"NEWS": None, o["a"]: ZERO}),
    Case("res", "a:areg b:areg", lambda s, o: {"NEWS": None, o["a"]: ZERO, o["b"]: ZERO}),
    Case("mov", "y:areg x:asrc", news(lambda x: x)),
    Case("add", "y:areg x0:asrc x1:asrc", news(lambda a, b: a + b)),
    Case("add", "y:areg x0:asrc x1:asrc x2:asrc", news(lambda a, b, c: a + b + c)),
    Case("sub", "y:areg x0:asrc x1:asrc", news(lambda a, b: a - b)),
    Case("neg", "y:areg x:asrc", news(lambda x: -x)),
    Case("abs", "y:areg x:asrc", news(np.abs)),
    Case("divq", "y:areg x:asrc", news(lambda x: x / 2)),
    Case("div", "y0:areg3 y1:areg3 y2:areg3", halves),
    Case("div", "y0:areg3 y1:areg3 y2:areg3 x:asrc", halves),
    Case("diva", "y0:areg3 y1:areg3 y2:areg3", diva),
    Case("movx", "y:areg x:asrc d:dir", news(moved)),
    Case("mov", "y:areg x:asrc d:dir", news(moved)),
    Case("sub", "y:areg x0:asrc d:dir x1:asrc", news(lambda a, d, b: moved(a, d) - b)),
    Case("subx", "y:areg x0:asrc d:dir x1:asrc", news(lambda a, d, b: moved(a, d) - b)),
    Case("addx", "y:areg x0:asrc x1:asrc d:dir", news(lambda a, b, d: moved(a + b, d))),
    Case("mov2x", "y:areg x:asrc d:dir d2:back", news(lambda x, d, e: moved(moved(x, d), e))),
    Case("add2x", "y:areg x0:asrc x1:asrc d:dir d2:back", news(lambda a, b, d, e: moved(moved(a + b, d), e))),
    Case("sub2x", "y:areg x0:asrc d:dir d2:back x1:asrc", news(lambda a, d, e, b: moved(moved(a, d), e) - b)),
    Case("get_image", "y:areg", capture),
    Case("get_image", "y:areg h:areg", capture),
    Case("respix", "", reset_pix),
    Case("respix", "y:areg", reset_pix),
    Case("getpix", "y:areg p:asrc", lambda s, o: {"NEWS": -s["PIX"], o["y"]: s["PIX"] - s[o["p"]]}),
    Case(
        "getpix",
        "y:areg h:areg p:asrc",
        lambda s, o: {"NEWS": -s["PIX"], o["h"]: -s["PIX"], o["y"]: 2 * s["PIX"] - s[o["p"]]},
    ),
    Case("gauss", "y:areg x:asrc n:n", gauss("hv")),
    Case("gaussh", "y:areg x:asrc n:n", gauss("h")),
    Case("gaussv", "y:areg x:asrc n:n", gauss("v")),
    Case("newsblur", "y:areg x:asrc n:n", newsblur("east west north south")),
    Case("newsblurh", "y:areg x:asrc n:n", newsblur("east west")),
    Case("newsblurv", "y:areg x:asrc n:n", newsblur("north south")),
    Case("NOT", "y:dreg", in_place(np.logical_not)),
    Case("OR", "y:dreg x:dsrc", in_place(np.logical_or)),
    Case("NOR", "y:dreg x:dsrc", in_place(lambda a, b: ~(a | b))),
    Case("REFRESH", "y:dreg", in_place(lambda a: a)),
    Case("DNEWS", "y:dreg x:dsrc dirs:dirs", dnews),
    Case("DNEWS", "y:dreg x:dsrc dirs:dirs edge:edge", dnews),
    Case("PROP0", "", prop(0)),
    Case("PROP1", "", prop(1)),
    Case("AND", "y:dreg a:dsrc b:dsrc", logic(np.logical_and, R0=inverse("b"), R12=inverse("a"))),
    Case("NAND", "y:dreg a:dsrc b:dsrc", logic(lambda a, b: ~(a & b), R0=inverse("b"), R12=inverse("a"))),
    Case("ANDX", "y:dreg a:dreg b:dsrc", logic(np.logical_and, R0=inverse("a"), a=inverse("b"))),
    Case("NANDX", "y:dreg a:dreg b:dsrc", logic(lambda a, b: ~(a & b), R0=inverse("a"), a=inverse("b"))),
    Case("IMP", "y:dreg a:dsrc b:dsrc", logic(lambda a, b: a | ~b, R0=inverse("b"))),
    Case("NIMP", "y:dreg a:dsrc b:dsrc", logic(lambda a, b: ~a & b, R0=inverse("b"))),
    Case("XORX", "y:dreg a:dreg b:dsrc", lambda s, o: {"R0": None, o["a"]: None, o["y"]: s[o["a"]] ^ s[o["b"]]}),
    Case("XOR", "y:dreg a:dreg b:dsrc", lambda s, o: {"R0": None, o["a"]: None, o["y"]: s[o["a"]] ^ s[o["b"]]}),
    Case(
        "MUX",
        "y:dreg a:dsrc b:dsrc c:dsrc",
        lambda s, o: {
            "R0": s[o["a"]],
            "R12": np.where(s[o["a"]], s[o["b"]], s[o["c"]]),
            o["y"]: np.where(s[o["a"]], s[o["b"]], s[o["c"]]),
        },
    ),
    Case("CLR_IF", "y:dreg x:dsrc", lambda s, o: {"R0": ~s[o["y"]], o["y"]: s[o["y"]] & ~s[o["x"]]}),
)
# fmt: off
WORDS = {
    ("res", 1): 2, ("res", 2): 3, ("mov", 2): 2, ("add", 3): 2, ("add", 4): 2, ("sub", 3): 2, ("neg", 2): 2,
    ("abs", 2): 6, ("divq", 2): 2, ("div", 3): 5, ("div", 4): 5, ("diva", 3): 5, ("movx", 3): 2, ("mov", 3): 2,
    ("sub", 4): 2, ("subx", 4): 2, ("addx", 4): 2, ("mov2x", 4): 2, ("add2x", 5): 2, ("sub2x", 5): 2,
    ("get_image", 1): 5, ("get_image", 2): 6, ("respix", 0): 3, ("respix", 1): 5, ("getpix", 2): 2, ("getpix", 3): 3,
    ("NOT", 1): 2, ("OR", 2): 2, ("NOR", 2): 2, ("REFRESH", 1): 2, ("DNEWS", 3): 3, ("DNEWS", 4): 3, ("PROP0", 0): 2,
    ("PROP1", 0): 2, ("AND", 3): 4, ("NAND", 3): 4, ("ANDX", 3): 3, ("NANDX", 3): 3, ("IMP", 3): 2, ("NIMP", 3): 2,
    ("XORX", 3): 6, ("XOR", 3): 6, ("MUX", 4): 5, ("CLR_IF", 2): 2,
}
# fmt: on
"""Words per macro and number of operands (sections 3.1-3.5; D MACA, MACD)."""


def words(case: Case, filling: Operands) -> int:
    if "gauss" in case.macro:
        return 1 + 2 * int(filling["n"])
    if "newsblur" in case.macro:
        return 2 * int(filling["n"])
    return WORDS[case.macro, len(filling)]


def attempt(text: str) -> tuple[Program | None, set[str]]:
    """The program, or None and the families of the codes that say why not."""
    try:
        return assemble(text), set()
    except CompileError as e:
        return None, {d.code[:2] for d in e.diagnostics if d.severity == "error"}


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.macro}/{len(c.names)}")
def test_macro_has_its_effect_or_is_refused(case: Case) -> None:
    accepted = 0
    for filling in case.fillings():
        text = f"{case.macro}({', '.join(filling.values())});"
        program, refusals = attempt(text)
        assert refusals <= {"S3"}, f"{text} is refused for something else than a hazard"
        if program is None:
            continue
        accepted += 1
        assert program.words == words(case, filling), text
        m = Machine(SHAPE, engine="fast" if accepted % 2 else "reference")
        for register, plane in START.items():
            m.write(register, plane)
        m.run(program)
        expected = START | case.effect(START, filling)
        for register, plane in expected.items():
            if plane is not None:
                np.testing.assert_allclose(m.read(register), plane, atol=2e-3, err_msg=f"{text} {register}")
    assert accepted


FREE = {
    "mov(A, A);",
    "add(A, A, B);",
    "add(A, B, A);",
    "sub(A, A, B);",
    "movx(A, A, east);",
    "addx(A, A, B, north);",
    "subx(A, A, east, B);",
    "gauss(A, A, 1);",
    "newsblur(A, A, 2);",
    "AND(R5, R5, R6);",
    "AND(R5, R6, R6);",
    "MUX(R5, R5, R6, R7);",
    "CLR_IF(R5, R6);",
}
# fmt: off
FORBIDDEN = {
    "res(NEWS);", "res(A, A);", "mov(NEWS, A);", "mov(A, NEWS);", "add(A, B, B);", "add(A, NEWS, B);", "sub(A, B, A);",
    "neg(A, A);", "abs(A, A);", "divq(A, A);", "div(A, A, B);", "div(A, B, B);", "div(A, B, A);", "div(A, B, C, A);",
    "diva(A, B, A);", "diva(A, B, B);", "subx(A, B, east, A);", "sub2x(A, B, east, east, A);", "AND(R0, R5, R6);",
    "AND(R5, R6, R0);", "AND(R5, R6, R12);", "AND(R5, R0, R6);", "ANDX(R5, R5, R6);", "XORX(R5, R5, R6);",
    "XORX(R5, R6, R5);", "XORX(R5, R6, R6);", "MUX(R5, R12, R6, R7);", "MUX(R5, R6, R0, R7);", "IMP(R0, R5, R6);",
    "IMP(R5, R0, R6);", "CLR_IF(R5, R0);", "DNEWS(R5, R5, east);", "DNEWS(R5, R1, east);",
}
# fmt: on


@pytest.mark.parametrize("text", sorted(FORBIDDEN))
def test_forbidden_coincidences_are_hazards(text: str) -> None:
    with pytest.raises(CompileError) as caught:
        assemble(text)
    assert all(d.code.startswith("S3") for d in caught.value.diagnostics if d.severity == "error")


@pytest.mark.parametrize("text", sorted(FREE))
def test_allowed_coincidences_assemble(text: str) -> None:
    assert assemble(text).words > 0


def test_every_macro_of_the_prelude_is_tested() -> None:
    assert {c.macro for c in CASES} == set(macros())
