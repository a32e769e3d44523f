"""Every macro of the prelude against the fact sheet: its words, their number, what it overwrites."""

from __future__ import annotations

import pytest

from scamp_sim.chip import isa
from scamp_sim.compiler import assemble
from scamp_sim.compiler.expand.macro_info import macros
from scamp_sim.compiler.expand.prelude import declarations

HALVES = ["bus2(A, B, C)", "bus(NEWS, C, B)", "bus(C, NEWS, A)", "bus2(A, B, C)", "bus(A, B)"]
CAPTURE = ["rpix()", "rpix()", "nop()"]
XORX = ["NOT(R0, R7)", "NOR(R5, R6, R0)", "NOT(R0, R6)", "NOR(R6, R7, R0)", "OR_R(R5, R6)", "REFRESH_L(R5)"]
CLEAR = "CLR(R1, R2, R3, R4)"

EXPANSIONS = {
    # section 3.1
    "res(A)": ["bus(NEWS)", "bus(A, NEWS)"],
    "res(A, B)": ["bus(NEWS)", "bus(A, NEWS)", "bus(B, NEWS)"],
    "mov(A, B)": ["bus(NEWS, B)", "bus(A, NEWS)"],
    "add(A, B, C)": ["bus(NEWS, B, C)", "bus(A, NEWS)"],
    "add(A, B, C, D)": ["bus(NEWS, B, C, D)", "bus(A, NEWS)"],
    "sub(A, B, C)": ["bus(NEWS, B)", "bus(A, NEWS, C)"],
    "neg(A, B)": ["bus(NEWS)", "bus(A, NEWS, B)"],
    "abs(A, B)": ["bus(NEWS)", "bus(A, NEWS, B)", "bus(NEWS, B)", "where(B)", "bus(A, NEWS)", "all()"],
    "divq(A, B)": ["bus2(A, NEWS, B)", "bus(A, NEWS)"],
    "div(A, B, C)": HALVES,
    "div(A, B, C, D)": ["bus2(A, B, D)", "bus(NEWS, D, B)", *HALVES[2:]],
    "diva(A, B, C)": ["bus2(B, C, A)", "bus(NEWS, B, A)", "bus(A, NEWS, C)", "bus2(B, C, A)", "bus(A, B)"],
    # section 3.2
    "movx(A, B, north)": ["bus(XS, B)", "bus(A, NEWS)"],
    "movx(A, B, east)": ["bus(XW, B)", "bus(A, NEWS)"],
    "movx(A, B, south)": ["bus(XN, B)", "bus(A, NEWS)"],
    "movx(A, B, west)": ["bus(XE, B)", "bus(A, NEWS)"],
    "mov(A, B, west)": ["bus(XE, B)", "bus(A, NEWS)"],
    "sub(A, B, east, C)": ["bus(NEWS, B)", "bus(A, XE, C)"],
    "subx(A, B, east, C)": ["bus(XW, B)", "bus(A, NEWS, C)"],
    "addx(A, B, C, south)": ["bus(XN, B, C)", "bus(A, NEWS)"],
    "mov2x(A, B, north, east)": ["bus(XS, B)", "bus(A, XE)"],
    "add2x(A, B, C, west, west)": ["bus(XE, B, C)", "bus(A, XW)"],
    "sub2x(A, B, south, north, C)": ["bus(XN, B)", "bus(A, XN, C)"],
    # section 3.3
    "get_image(A)": ["bus(NEWS, PIX)", *CAPTURE, "bus(A, NEWS, PIX)"],
    "get_image(A, B)": ["bus(NEWS, PIX)", "bus(B, PIX)", *CAPTURE, "bus(A, B, NEWS, PIX)"],
    "respix()": CAPTURE,
    "respix(A)": [*CAPTURE, "bus(NEWS, PIX)", "bus(A, NEWS)"],
    "getpix(A, B)": ["bus(NEWS, PIX)", "bus(A, NEWS, B)"],
    "getpix(A, B, C)": ["bus(B, PIX)", "bus(NEWS, PIX)", "bus(A, B, NEWS, C)"],
    # section 3.4
    "gauss(A, B)": ["blurset()", "blur(NEWS, B)", "blur(A, NEWS)", *["blur(NEWS, A)", "blur(A, NEWS)"] * 2],
    "gauss(A, A, 1)": ["blurset()", "blur(NEWS, A)", "blur(A, NEWS)"],
    "gaussh(A, B)": ["blurset()", "blurh(NEWS, B)", "blurh(A, NEWS)", *["blurh(NEWS, A)", "blurh(A, NEWS)"] * 2],
    "gaussv(A, B, 2)": ["blurset()", "blurv(NEWS, B)", "blurv(A, NEWS)", "blurv(NEWS, A)", "blurv(A, NEWS)"],
    "newsblur(A, B)": ["bus(NEWS, B)", "bus(A, XE, XW, XN, XS)"],
    "newsblur(A, B, 2)": ["bus(NEWS, B)", "bus(A, XE, XW, XN, XS)", "bus(NEWS, A)", "bus(A, XE, XW, XN, XS)"],
    "newsblurh(A, A)": ["bus(NEWS, A)", "bus(A, XE, XW)"],
    "newsblurv(A, B)": ["bus(NEWS, B)", "bus(A, XN, XS)"],
    # section 3.5
    "NOT(R5)": ["NOT_R(R5)", "REFRESH_L(R5)"],
    "OR(R5, R6)": ["OR_R(R5, R6)", "REFRESH_L(R5)"],
    "NOR(R5, R6)": ["NOR_R(R5, R6)", "REFRESH_L(R5)"],
    "REFRESH(R5)": ["REFRESH_R(R5)", "REFRESH_L(R5)"],
    "DNEWS(R5, R6, north)": [CLEAR, "SET(R3)", "DNEWS0(R5, R6)"],
    "DNEWS(R5, R6, west|south, 1)": [CLEAR, "SET(R1, R2)", "DNEWS1(R5, R6)"],
    "DNEWS(R5, R5, east|west|north|south)": None,
    "DNEWS(R5, R6, north|east|south|west, 0)": [CLEAR, "SET(R1, R2, R3, R4)", "DNEWS0(R5, R6)"],
    "PROP0()": ["PROP_R()", "PROP_0()"],
    "PROP1()": ["PROP_R()", "PROP_1()"],
    "AND(R5, R6, R7)": ["SET(R0)", "NOT(R12, R6)", "NOT(R0, R7)", "NOR(R5, R0, R12)"],
    "NAND(R5, R6, R7)": ["SET(R0)", "NOT(R12, R6)", "NOT(R0, R7)", "OR(R5, R0, R12)"],
    "ANDX(R5, R6, R7)": ["NOT(R0, R6)", "NOT(R6, R7)", "NOR(R5, R0, R6)"],
    "NANDX(R5, R6, R7)": ["NOT(R0, R6)", "NOT(R6, R7)", "OR(R5, R0, R6)"],
    "IMP(R5, R6, R7)": ["NOT(R0, R7)", "OR(R5, R6, R0)"],
    "NIMP(R5, R6, R7)": ["NOT(R0, R7)", "NOR(R5, R6, R0)"],
    "XORX(R5, R6, R7)": XORX,
    "XOR(R5, R6, R7)": XORX,
    "MUX(R5, R6, R7, R8)": ["SET(R0)", "MOV(R12, R8)", "MOV(R0, R6)", "MOV(R12, R7)", "MOV(R5, R12)"],
    "CLR_IF(R5, R6)": ["NOT(R0, R5)", "NOR(R5, R0, R6)"],
}
EXPANSIONS = {call: words for call, words in EXPANSIONS.items() if words is not None}

COUNTS = {
    ("res", 1): 2,
    ("res", 2): 3,
    ("mov", 2): 2,
    ("add", 3): 2,
    ("add", 4): 2,
    ("sub", 3): 2,
    ("neg", 2): 2,
    ("abs", 2): 6,
    ("divq", 2): 2,
    ("div", 3): 5,
    ("div", 4): 5,
    ("diva", 3): 5,
    ("movx", 3): 2,
    ("mov", 3): 2,
    ("sub", 4): 2,
    ("subx", 4): 2,
    ("addx", 4): 2,
    ("mov2x", 4): 2,
    ("add2x", 5): 2,
    ("sub2x", 5): 2,
    ("get_image", 1): 5,
    ("get_image", 2): 6,
    ("respix", 0): 3,
    ("respix", 1): 5,
    ("getpix", 2): 2,
    ("getpix", 3): 3,
    ("gauss", 3): 7,
    ("gaussh", 3): 7,
    ("gaussv", 3): 7,
    ("newsblur", 3): 2,
    ("newsblurh", 3): 2,
    ("newsblurv", 3): 2,
    ("NOT", 1): 2,
    ("OR", 2): 2,
    ("NOR", 2): 2,
    ("REFRESH", 1): 2,
    ("DNEWS", 4): 3,
    ("PROP0", 0): 2,
    ("PROP1", 0): 2,
    ("AND", 3): 4,
    ("NAND", 3): 4,
    ("ANDX", 3): 3,
    ("NANDX", 3): 3,
    ("IMP", 3): 2,
    ("NIMP", 3): 2,
    ("XORX", 3): 6,
    ("XOR", 3): 6,
    ("MUX", 4): 5,
    ("CLR_IF", 2): 2,
}
"""(macro, operands with those that have defaults) -> words, sections 3.1 to 3.5; n of the blurs at its default."""

CLOBBERS = {
    "abs": ("NEWS", "FLAG"),
    "mov": ("NEWS",),
    "div": ("NEWS",),
    "diva": ("NEWS",),
    "get_image": ("NEWS", "PIX"),
    "movx": ("NEWS",),
    "AND": ("R0", "R12"),
    "NAND": ("R0", "R12"),
    "ANDX": ("R0",),
    "IMP": ("R0",),
    "MUX": ("R0", "R12"),
    "XORX": ("R0",),
    "CLR_IF": ("R0",),
    "DNEWS": ("R1", "R2", "R3", "R4"),
    "PROP0": ("R12",),
    "REFRESH": (),
    "NOT": (),
    "newsblur": ("NEWS",),
}

FORMS = [(name, form) for name, forms in macros().items() for form in forms]


def words(text: str) -> list[str]:
    (kernel,) = assemble(text).kernels.values()
    return [str(w) for w in kernel.words]


@pytest.mark.parametrize("call", EXPANSIONS)
def test_expansion(call: str) -> None:
    assert words(call + ";") == EXPANSIONS[call]


def test_every_form_has_an_expansion_and_a_count() -> None:
    forms = {(name, len(form.operands)) for name, form in FORMS}
    assert forms == set(COUNTS)
    assert {call.split("(")[0] for call in EXPANSIONS} == set(macros())


@pytest.mark.parametrize(("name", "form"), FORMS, ids=lambda v: getattr(v, "signature", v))
def test_info(name: str, form: object) -> None:
    from scamp_sim.compiler.expand.macro_info import MacroInfo

    assert isinstance(form, MacroInfo)
    assert form.words == len(form.expansion) == COUNTS[name, len(form.operands)]
    assert form.effect
    assert form.source.split()[0] in ("D", "M", "P", "I", "R")
    assert form.source.split()[1].rstrip(";") in isa.SOURCES


@pytest.mark.parametrize("name", CLOBBERS)
def test_clobbers(name: str) -> None:
    assert macros()[name][-1].clobbers == CLOBBERS[name]


def test_info_keeps_directions_open() -> None:
    (form,) = macros()["sub2x"]
    assert form.expansion == ("bus(port(opposite(dir)), x0)", "bus(y, port(dir2), x1)")
    assert form.operands[2] == ("dir", "dir", "")
    (form,) = macros()["DNEWS"]
    assert form.signature == "DNEWS(y, x, dirs, boundary=0)"
    assert form.expansion[1] == "SET(gates(dirs))"


def test_macros_and_words_share_names_only_in_place() -> None:
    shared = {name for name in declarations() if name in isa.NATIVE}
    assert shared == {"NOT", "OR", "NOR"}
