"""Hazard and trap checks on records made by hand, so that they hold whatever the parser does."""

from __future__ import annotations

import re

import pytest

from scamp_sim.chip.isa import DRAWING, HOST, NATIVE, OPERAND_KINDS
from scamp_sim.chip.program import HostCall, Input, Kernel, Launch, Origin, Output, Program, Step, Word
from scamp_sim.compiler.checks.check import call_hazards, program_diagnostics
from scamp_sim.compiler.checks.source_facts import SourceFacts
from scamp_sim.compiler.checks.walk import clobbers
from scamp_sim.compiler.expand.hazards import word_hazards
from scamp_sim.compiler.front.codes import CODES
from scamp_sim.compiler.front.diagnostics import Diagnostic


def native(text: str, line: int = 1, call: str = "", macros: tuple[str, ...] = ()) -> Word:
    """A word from its listing form: `bus(NEWS, A, B)` or `bus({A, B}, {C})`. `call`: the statement it stands in."""
    op, inside = re.fullmatch(r"(\w+)\((.*)\)", text).groups()  # type: ignore[union-attr]
    row = NATIVE[op]
    lists = [tuple(re.findall(r"\w+", part)) for part in re.findall(r"\{(.*?)\}", inside)]
    if len(lists) == 2:
        dst, src = lists
    else:
        operands = tuple(re.findall(r"\w+", inside))
        most = row.dst.most if row.dst else 0
        dst, src = operands[:most], operands[most:]
    shown = call or text
    return Word(op, dst, src, Origin("t.scamp", line, 1, line, len(shown) + 1, shown + ";", macros))


def words(text: str) -> tuple[Word, ...]:
    """Words one after the other, each on a line of its own; `call = word, word` for the expansion of a macro."""
    out: list[Word] = []
    for number, line in enumerate(filter(None, (part.strip() for part in text.split(";"))), 1):
        call, _, body = line.rpartition(" = ")
        macros = (call.split("(")[0],) if call else ()
        out += [native(w, number, call, macros) for w in re.findall(r"\w+\([^)]*\)", body)]
    return tuple(out)


def named(kernel: str, listed: tuple[Word, ...]) -> dict[tuple[str, int], frozenset[str]]:
    """What the assembler tells about each word: the registers in the user's call."""
    return {
        (kernel, i): frozenset(
            re.findall(r"\b(?:R\d+|[A-F]|NEWS|X[NESW]|SELECT|RECT)\b", w.origin.text if w.origin else "")
        )
        for i, w in enumerate(listed)
    }


def check(
    text: str,
    inputs: str = "A B C D R5 R6 R7",
    before: tuple[Step, ...] = (),
    after: tuple[Step, ...] = (),
    launches: int = 1,
) -> list[Diagnostic]:
    listed = words(text)
    program = Program(
        "t",
        {"k": Kernel("k", listed)},
        (*before, *[Launch("k")] * launches, *after),
        inputs=tuple(Input(r.lower(), r) for r in inputs.split()),
    )
    return program_diagnostics(program, SourceFacts(named("k", listed)))


def codes(found: list[Diagnostic]) -> list[str]:
    return [d.code for d in found]


# --- words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "code", "message", "hint"),
    [
        ("bus(A, A)", "S301", "'bus(A, A)' reads and writes A at once", "copy the source first"),
        ("bus(NEWS, A, XE)", "S301", "reads XE and writes NEWS at once, and both are NEWS cells", "another register"),
        ("bus(XE, XE)", "S301", "reads and writes XE at once", "another register"),
        ("bus(XE, NEWS)", "S301", "reads NEWS and writes XE at once", "another register"),
        ("bus2(A, B, C, B)", "S301", "reads and writes B at once", "another register"),
        ("bus3(A, B, C, C)", "S301", "reads and writes C at once", "another register"),
        ("blur(NEWS, NEWS)", "S301", "reads and writes NEWS at once", "another register"),
        ("MOV(R5, R5)", "S301", "reads and writes R5 at once", "another register"),
        ("NOT(R5, R5)", "S301", "reads and writes R5 at once", "in place there is a form of two words: NOT(R5)"),
        ("OR(R5, R6, R5)", "S301", "reads and writes R5 at once", "OR(R5, R6)"),
        ("NOR(R5, R5, R6)", "S301", "reads and writes R5 at once", "NOR(R5, R6)"),
        ("DNEWS0(R5, R5)", "S301", "reads and writes R5 at once", "MOV it back"),
        ("DNEWS0(R3, R5)", "S301", "writes R3, which DNEWS0 reads as one of its directions", "MOV it back"),
        ("bus(A, B, B)", "S302", "names B twice as a source, but it is selected once", "mov(F, B)"),
        ("where(A, A)", "S302", "names A twice as a source", "mov(F, A)"),
        ("bus({C}, {A, B, A})", "S302", "names A twice", "mov(F, A)"),
        ("bus2(A, A, B)", "S303", "names A twice as a destination", "name A once"),
        ("bus3(A, B, A, C)", "S303", "names A twice as a destination", "name A once"),
        ("bus2(XE, NEWS, B)", "S303", "drives every NEWS cell twice, as XE and NEWS", "each direction"),
        ("OR(R5, R6, R6)", "W515", "names R6 twice as a source", "MOV(R5, R6) is equivalent"),
        ("NOR(R5, R6, R6)", "W515", "names R6 twice as a source", "NOT(R5, R6) is equivalent"),
        ("NOR_R(R6, R6)", "W515", "names R6 twice as a source", "NOT(R6) is equivalent"),
        ("OR(R5, R6, R6, R7)", "W515", "names R6 twice as a source", "name it once"),
        ("WHERE(R5, R5)", "W515", "names R5 twice as a source", "name it once"),
        ("SET(R5, R5)", "W515", "names R5 twice as a destination", "name it once"),
        ("CLR(R5, R6, R5)", "W515", "names R5 twice as a destination", "name it once"),
        ("WHERE(FLAG, R5)", "W516", "reads FLAG while it writes it", "MOV(R6, FLAG)"),
        ("OR(R5, SELECT, RECT)", "S308", "two views of the same address lines", "MOV(R6, SELECT)"),
        ("bus(A, XE, XW)", "W506", "reads XE and XW in one word", "newsblur"),
        ("bus(A, NEWS, XN)", "W506", "NEWS feeds this bus and the neighbour's", "newsblur"),
        ("where(XE, XN, NEWS)", "W506", "reads XE, XN and NEWS in one word", "newsblur"),
    ],
)
def test_word_hazards(word: str, code: str, message: str, hint: str) -> None:
    (found,) = word_hazards(native(word))
    assert found.code == code
    assert found.severity == ("error" if code.startswith("S") else "warning")
    assert message in found.message
    assert hint in found.hint


@pytest.mark.parametrize(
    "word",
    [
        "bus(A)",
        "bus(A, B, C, D, E)",
        "bus(XE, A)",
        "bus(A, XE)",
        "bus({A, B}, {C, D})",
        "where(A, B, C)",
        "all()",
        "MOV(R5, FLAG)",
        "WHERE(R5, R6)",
        "DNEWS0(R5, R6)",
        "PROP_R()",
        "PROP_0()",
        "PROP_1()",
        "blurset()",
        "blur(NEWS, A)",
        "OR_R(R5, R6)",
        "REFRESH_R(R5)",
        "REFRESH_L(R5)",
        "SET(R1, R2, R3, R4)",
        "rpix()",
        "nop()",
    ],
)
def test_sound_words_pass(word: str) -> None:
    assert word_hazards(native(word)) == []


def test_the_users_call_comes_first() -> None:
    (found,) = word_hazards(native("bus(A, NEWS, A)", call="sub(A, B, A)", macros=("sub",)))
    assert found.message == "sub(A, B, A): its word 'bus(A, NEWS, A)' reads and writes A at once"
    assert (found.line, found.column, found.end) == (1, 1, 13)


def test_a_chain_of_macros_is_a_note() -> None:
    (found,) = word_hazards(native("bus(A, NEWS, A)", call="halve(A)", macros=("halve", "sub")))
    assert found.notes == ("expanded from halve > sub",)


def test_macros_given_their_own_temporary() -> None:
    (found,) = word_hazards(native("bus(NEWS, NEWS)", call="mov(A, NEWS)", macros=("mov",)))
    assert "macros work through NEWS" in found.hint


def test_newsblur_may_mix_neighbours() -> None:
    blurred = native("bus(A, XE, XW, XN, XS)", call="newsblur(A, B)", macros=("newsblur",))
    assert word_hazards(blurred) == []


def test_words_without_origin_have_messages_too() -> None:
    (found,) = word_hazards(Word("bus", ("A",), ("A",)))
    assert "bus(A, A)" in found.message


# --- traps ----------------------------------------------------------------------------------------------------

TRAPS = [
    # R12 behind R0
    ("SET(R12)", "W501", 1, "'SET(R12)' writes R12 only where R0 = 1, and R0 has not been initialised"),
    ("SET(R0); MOV(R0, R5); MOV(R12, R6)", "W501", 3, "R0 comes from 'MOV(R0, R5)' on line 2"),
    (
        "AND(R5, R6, R7) = SET(R0), NOT(R12, R6), NOT(R0, R7), NOR(R5, R0, R12); MOV(R12, R5)",
        "W501",
        2,
        "R0 comes from 'AND(R5, R6, R7)' on line 1",
    ),
    ("CLR(R0); NOT(R12) = NOT_R(R12), REFRESH_L(R12)", "W502", 2, "'NOT(R12)' reads R12 before anything wrote it"),
    ("CLR(R0); SET(R12)", "W501", 2, "R0 comes from 'CLR(R0)' on line 1"),
    # unwritten registers
    ("mov(B, E) = bus(NEWS, E), bus(B, NEWS)", "W502", 1, "'mov(B, E)' reads E before anything wrote it"),
    ("OR(R5, R6, R8)", "W502", 1, "reads R8 before anything wrote it"),
    ("bus(B, IN)", "W502", 1, "reads IN before anything wrote it"),
    ("MOV(R5, SELECT)", "W502", 1, "reads SELECT before anything wrote it"),
    ("MOV(R5, RECT)", "W502", 1, "reads RECT before anything wrote it"),
    ("bus(B, NEWS)", "W502", 1, "reads NEWS before anything wrote it"),
    ("bus(B, XE)", "W502", 1, "reads XE, a neighbour's NEWS, before anything wrote it"),
    # clobbered registers
    (
        "bus(NEWS, A); mov(B, C) = bus(NEWS, C), bus(B, NEWS); bus(D, NEWS)",
        "W503",
        3,
        "'bus(D, NEWS)' reads NEWS, but what line 1 put there was overwritten by 'mov(B, C)' on line 2",
    ),
    (
        "mov(B, C) = bus(NEWS, C), bus(B, NEWS); bus(D, XE)",
        "W503",
        2,
        "'bus(D, XE)' reads XE, which holds what 'mov(B, C)' on line 1 left there",
    ),
    (
        "SET(R1); DNEWS(R5, R6, north) = CLR(R1, R2, R3, R4), SET(R3), DNEWS0(R5, R6); MOV(R7, R1)",
        "W503",
        3,
        "what line 1 put there was overwritten by 'DNEWS(R5, R6, north)' on line 2",
    ),
    (
        "MOV(R0, R5); CLR_IF(R6, R7) = NOT(R0, R6), NOR(R6, R0, R7); MOV(R8, R0)",
        "W503",
        3,
        "what line 1 put there was overwritten by 'CLR_IF(R6, R7)' on line 2",
    ),
    # FLAG
    ("where(A); bus(XE, B); all()", "W504", 2, "while 'where(A)' on line 1 restricts FLAG"),
    (
        "WHERE(R5); mov2x(B, A, north, east) = bus(XS, A), bus(B, XE); all()",
        "W504",
        2,
        "moves two steps while 'WHERE(R5)' on line 1 restricts FLAG",
    ),
    ("where(A); bus(C, B)", "W505", 1, "still restricts FLAG when the program ends: kernel 'k' ends without all()"),
    ("where(A); MOV(R8, FLAG)", "W505", 1, "'where(A)' still restricts FLAG"),
    ("where(A); all()", "W514", 1, "'where(A)' has no effect"),
    ("where(A); SET(R8); WHERE(R5); bus(B, A); all()", "W514", 1, "'where(A)' has no effect"),
    # order of words
    ("MOV(R8, R5); REFRESH_L(R8)", "S304", 2, "writes back what no read half put on the bit bus"),
    ("REFRESH_R(R5); MOV(R8, R6); REFRESH_L(R5)", "S304", 3, "writes back"),
    ("SET(R0, R1); SET(R12); PROP_0()", "W509", 3, "'PROP_0()' does not directly follow PROP_R()"),
    # directions and links
    ("DNEWS0(R8, R5)", "W510", 1, "takes its directions from R1..R4, which nothing has written"),
    ("SET(R0); SET(R12); PROP0() = PROP_R(), PROP_0()", "W510", 3, "PROP_0"),
    ("SET(R1); blurset(); blur(B, A)", "W507", 3, "blurs through the horizontal links in R2, which nothing"),
    ("SET(R1, R2); CLR(R2); blurset(); blurh(B, A)", "W507", 4, "which 'CLR(R2)' on line 2 left 0 everywhere"),
    ("SET(R1, R2); blur(B, A); blur(C, B)", "W508", 2, "has no blurset before it in kernel 'k'"),
]


@pytest.mark.parametrize(("text", "code", "line", "message"), TRAPS)
def test_traps(text: str, code: str, line: int, message: str) -> None:
    found = check(text)
    hits = [d for d in found if d.code == code]
    assert len(hits) == 1, found
    assert message in hits[0].message
    assert hits[0].line == line
    assert hits[0].hint
    assert all(d.code in (code, "W501") for d in found), found


CLEAN = [
    "SET(R0); SET(R12)",
    "SET(R0); MOV(R12, R5); MOV(R8, R12)",
    "SET(R0); MOV(R8, R0); CLR(R0); MOV(R0, R8); SET(R12)",
    "CLR(R0); NOT(R0) = NOT_R(R0), REFRESH_L(R0); SET(R12)",
    "SET(R0); REFRESH(R0) = REFRESH_R(R0), REFRESH_L(R0); SET(R12)",
    "all(); MOV(R0, FLAG); SET(R12)",
    "SET(R0); SET(R0, R12); MOV(R0, R5); REFRESH(R12) = REFRESH_R(R12), REFRESH_L(R12)",
    "AND(R8, R5, R6) = SET(R0), NOT(R12, R5), NOT(R0, R6), NOR(R8, R0, R12)",
    "MUX(R8, R5, R6, R7) = SET(R0), MOV(R12, R7), MOV(R0, R5), MOV(R12, R6), MOV(R8, R12)",
    "mov(B, A) = bus(NEWS, A), bus(B, NEWS); bus(NEWS, C); bus(D, XE)",
    "bus(XE, A); bus(B, XW)",
    "abs(B, A) = bus(NEWS), bus(B, NEWS, A), bus(NEWS, A), where(A), bus(B, NEWS), all(); bus(XE, B)",
    "where(A); bus(B, C); all()",
    "where(A); MOV(R8, FLAG); all(); bus(XE, A)",
    "SET(R8); WHERE(R8); bus(XE, A)",
    "get_image(E) = bus(NEWS, PIX), rpix(), rpix(), nop(), bus(E, NEWS, PIX)",
    "REFRESH(R11) = REFRESH_R(R11), REFRESH_L(R11)",
    "SET(R1); CLR(R2, R3, R4); DNEWS0(R8, R5)",
    "SET(R0, R1, R2, R3); SET(R12); PROP0() = PROP_R(), PROP_0(); MOV(R8, R12)",
    "DNEWS(R8, R5, south) = CLR(R1, R2, R3, R4), SET(R1), DNEWS0(R8, R5); blurset(); blurv(E, A)",
    "SET(R1, R2); gauss(B, A) = blurset(), blur(NEWS, A), blur(B, NEWS)",
    "newsblur(B, A) = bus(NEWS, A), bus(B, XE, XW, XN, XS)",
    "XORX(R8, R5, R6) = NOT(R0, R6), NOR(R8, R5, R0), NOT(R0, R5), NOR(R5, R6, R0), OR_R(R8, R5), REFRESH_L(R8)",
]


@pytest.mark.parametrize("text", CLEAN)
def test_sound_programs_are_silent(text: str) -> None:
    assert check(text) == []


def test_a_kernel_speaks_once_however_often_it_is_launched() -> None:
    assert codes(check("where(A); bus(XE, B); MOV(R5, R8)", launches=5)) == ["W504", "W502", "W505"]


def test_one_message_for_each_unwritten_register() -> None:
    assert codes(check("bus(B, E); bus(C, E); bus(D, F)")) == ["W502", "W502"]


def test_hint_says_how_to_declare_an_input() -> None:
    (found,) = check("bus(B, A)", inputs="")
    assert found.hint == "declare 'input name -> A;' or load it first"


def test_flag_may_be_cleaned_up_by_the_host_or_by_the_next_kernel() -> None:
    left = "where(A); MOV(R8, FLAG); bus(B, C)"
    assert check(left, after=(HostCall("scamp5_kernel_all"),)) == []
    first, second, third = words(left), words("all(); bus(B, A)"), words("bus(B, A); all()")
    inputs = (Input("a", "A"), Input("c", "C"))
    tidy = Program("t", {"k": Kernel("k", first), "l": Kernel("l", second)}, (Launch("k"), Launch("l")), inputs)
    assert program_diagnostics(tidy) == []
    late = Program("t", {"k": Kernel("k", first), "l": Kernel("l", third)}, (Launch("k"), Launch("l")), inputs)
    (found,) = program_diagnostics(late)
    assert "still restricts FLAG when kernel 'l' starts to write" in found.message


def test_a_constant_loaded_under_a_condition() -> None:
    listed, ending = words("where(A)"), words("all()")
    program = Program(
        "t",
        {"k": Kernel("k", listed), "l": Kernel("l", ending)},
        (Launch("k"), HostCall("scamp5_in", ("B", 30, "NEWS")), Launch("l")),
        (Input("a", "A"),),
    )
    (found,) = program_diagnostics(program)
    assert (found.code, found.severity) == ("W505", "warning")
    assert "loads its constant only where FLAG = 1, and 'where(A)' on line 1 still restricts FLAG" in found.message
    steps = (Launch("k"), HostCall("scamp5_kernel_all"), HostCall("scamp5_in", ("B", 30, "NEWS")), Launch("l"))
    assert "W505" not in codes(program_diagnostics(Program("t", program.kernels, steps, program.inputs)))


def test_host_calls_write() -> None:
    loaded = (
        HostCall("scamp5_load_in", (30,)),
        HostCall("scamp5_load_rect", ("R9", 0, 0, 9, 9)),
        HostCall("scamp5_select_point", (3, 4)),
        HostCall("scamp5_in", ("E", 10, "NEWS")),
    )
    assert check("bus(B, IN); MOV(R8, SELECT); MOV(R8, RECT); MOV(R8, R9); bus(B, E)", before=loaded) == []


def test_host_temporary_is_a_clobber() -> None:
    origin = Origin("t.scamp", 9, 1, 9, 16, "scamp5_in(E, 1);")
    first, second = words("bus(NEWS, A)"), words("bus(B, NEWS)")
    program = Program(
        "t",
        {"k": Kernel("k", first), "l": Kernel("l", second)},
        (Launch("k"), HostCall("scamp5_in", ("E", 1, "NEWS"), origin), Launch("l")),
        (Input("a", "A"),),
    )
    (found,) = program_diagnostics(program)
    assert found.code == "W503"
    assert "overwritten by 'scamp5_in(E, 1)' on line 9" in found.message


def test_outputs_need_a_writer() -> None:
    (found,) = check("bus(B, A)", after=(Output("edges", "E"),))
    assert (found.code, found.severity) == ("W502", "warning")
    assert "declare 'state E;'" in found.hint
    assert found.message == "output 'edges' takes E, which nothing has written by then"
    assert check("bus(B, A)", after=(Output("b", "B"), Output("a", "A"), Output("pixels", "PIX"))) == []


def test_an_earlier_program_may_have_left_an_output() -> None:
    kernels = {"k": Kernel("k", words("bus(B, A)"))}
    program = Program("t", kernels, (Launch("k"), Output("e", "E")), (Input("a", "A"),))
    place = Origin("t.scamp", 1, 7, 1, 8, "state E;")
    assert codes(program_diagnostics(program)) == ["W502"]
    assert program_diagnostics(program, SourceFacts(state={"E": place})) == []


def test_loading_a_plane_loses_the_selection() -> None:
    origin = Origin("t.scamp", 9, 1, 9, 32, "scamp5_select_rect(0, 0, 9, 9);")
    select = HostCall("scamp5_select_rect", (0, 0, 9, 9), origin)
    load = HostCall("scamp5_load_pattern", ("R9", 0, 0, 1, 1))
    for view in ("SELECT", "RECT"):
        (found,) = check(f"MOV(R8, {view})", before=(select, load))
        assert found.code == "W503"
        assert found.hint == "a plane is loaded by way of the address lines: load first, select afterwards"
        # the pattern itself may be what is meant
        assert check(f"MOV(R8, {view})", before=(load,)) == []
        assert check(f"MOV(R8, {view})", before=(load, select)) == []


BLUR = "gauss(B, A) = blurset(), blur(NEWS, A), blur(B, NEWS), blur(NEWS, B), blur(B, NEWS)"


def test_one_message_for_each_link_of_a_blur() -> None:
    found = check(BLUR)
    assert codes(found) == ["W507", "W507"]
    assert ["vertical" in d.message for d in found] == [True, False]


DNEWS = "DNEWS(R9, R5, north) = CLR(R1, R2, R3, R4), SET(R3), DNEWS0(R9, R5)"


@pytest.mark.parametrize(
    ("text", "line", "register"),
    [
        (f"SET(R1); {DNEWS}; DNEWS0(R7, R5)", 3, "R1"),
        (f"SET(R1, R2); {DNEWS}; {BLUR}", 3, "R1"),
        (f"SET(R0, R1); SET(R12); {DNEWS}; PROP0() = PROP_R(), PROP_0()", 4, "R1"),
        (
            "SET(R0, R1, R2, R3, R4); SET(R12); CLR_IF(R6, R7) = NOT(R0, R6), NOR(R6, R0, R7); "
            "PROP0() = PROP_R(), PROP_0()",
            4,
            "R0",
        ),
    ],
)
def test_registers_that_a_word_reads_without_naming_them(text: str, line: int, register: str) -> None:
    found = [d for d in check(text) if d.code == "W503"]
    assert found[0].line == line
    assert f"reads {register}, but what line 1 put there was overwritten by" in found[0].message
    assert found[0].hint == f"macros use {register} as a temporary: set it again before this"


@pytest.mark.parametrize(
    "text",
    [
        f"SET(R1); {DNEWS}; {DNEWS}",
        f"{DNEWS}; DNEWS0(R7, R5)",
        f"SET(R1, R2); {DNEWS}; SET(R2); gaussh(B, A) = blurset(), blurh(NEWS, A), blurh(B, NEWS)",
        # the directions are what they were
        f"SET(R3); CLR(R1, R2, R4); {DNEWS}; DNEWS0(R7, R5)",
        f"SET(R1); {DNEWS}; SET(R1); CLR(R2, R3, R4); DNEWS0(R7, R5)",
        "SET(R0, R1); SET(R12); PROP0() = PROP_R(), PROP_0(); PROP0() = PROP_R(), PROP_0()",
    ],
)
def test_a_macro_reads_what_it_has_set(text: str) -> None:
    assert check(text) == []


ABS = "abs(B, A) = bus(NEWS), bus(B, NEWS, A), bus(NEWS, A), where(A), bus(B, NEWS), all()"


@pytest.mark.parametrize("after", ["bus(D, A)", "mov(D, A) = bus(NEWS, A), bus(D, NEWS)", ABS])
def test_a_macro_ends_the_condition_around_it(after: str) -> None:
    (found,) = check(f"where(A); bus(C, A); {ABS}; {after}; bus(E, A); all()")
    assert (found.code, found.line) == ("W518", 4)
    assert "is no longer gated by 'where(A)' on line 1: 'abs(B, A)' on line 3 sets FLAG to 1" in found.message


def test_a_macro_of_the_text_ends_the_condition_around_it() -> None:
    (found,) = check("where(A); bus(C, A); step() = where(B), bus(C, B), all(); bus(D, A)")
    assert (found.code, found.line) == ("W518", 4)


@pytest.mark.parametrize(
    "text",
    [
        f"{ABS}; {ABS}; bus(D, A)",
        f"where(A); bus(C, A); {ABS}; all(); bus(D, A)",
        f"where(A); bus(C, A); {ABS}; SET(R5); where(C); bus(D, A); all()",
        f"SET(R8); WHERE(R8); {ABS}; bus(D, A)",
        "begin() = where(A); bus(C, A); finish() = all(); bus(D, A)",
        "begin() = where(A); bus(C, A); step() = where(B), bus(C, B), all(); bus(D, A)",
    ],
)
def test_conditions_that_end_where_they_should(text: str) -> None:
    assert check(text) == []


NEWSBLUR = "newsblur(B, A) = bus(NEWS, A), bus(B, XE, XW, XN, XS)"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"where(A); {NEWSBLUR}; all()", 2),
        (f"bus(NEWS, C); where(A); {NEWSBLUR}; all()", 3),
        ("where(A); bus(NEWS, C); all(); bus(B, XE)", 4),
        ("where(A); bus(NEWS, C); bus(B, XE); all()", 3),
        ("where(A); bus(NEWS, C); bus(NEWS, D); all(); bus(B, XE); bus(F, XW)", 5),
    ],
)
def test_neighbours_that_wrote_nothing(text: str, line: int) -> None:
    found = [d for d in check(text) if d.code == "W504"]
    assert found[0].line == line
    assert "NEWS was written while 'where(A)'" in found[0].message


@pytest.mark.parametrize(
    "text",
    [
        "bus(NEWS, A); where(A); bus(B, XE); all()",
        # zero where the condition holds, then look around
        "bus(NEWS, A); where(A); bus(NEWS); all(); bus(B, XE)",
        # one value here, another one there
        "where(A); bus(NEWS, B); WHERE(R5); bus(NEWS, C); all(); bus(D, XE)",
        "where(A); bus(NEWS, B); bus(D, NEWS); all(); bus(NEWS, A); bus(C, XE)",
        f"where(A); bus(B, C); all(); {NEWSBLUR}",
        f"SET(R8); WHERE(R8); {NEWSBLUR}",
    ],
)
def test_neighbours_that_wrote_in_time(text: str) -> None:
    assert check(text) == []


def test_clobbers_come_from_the_macros_themselves() -> None:
    assert clobbers("abs") == {"NEWS", "FLAG"}
    assert clobbers("DNEWS") == {"R1", "R2", "R3", "R4"}
    assert clobbers("MUX") == {"R0", "R12"}
    assert clobbers("get_image") == {"NEWS", "PIX"}
    assert not clobbers("REFRESH")
    assert not clobbers("no_such_macro")
    # what a flood has spread is its result
    assert check("SET(R0, R1); SET(R12); PROP0() = PROP_R(), PROP_0(); MOV(R8, R12)") == []


def test_macro_bodies_may_use_what_they_set() -> None:
    # the user's own macro writes R1 by name: nothing the SDK clobbers behind the author's back
    assert check("mine(R5) = SET(R1), MOV(R5, R1); MOV(R6, R1)") == []


def test_unused_declarations() -> None:
    place = Origin("t.scamp", 2, 7, 2, 8, "const N = 3;")
    program = Program("t", {"k": Kernel("k", ())}, (Launch("k"),))
    kinds = ("const", "param", "macro", "kernel", "input", "areg", "dreg")
    found = program_diagnostics(program, SourceFacts(unused=tuple((k, "N", place) for k in kinds)))
    assert [d.message for d in found][:4] == [
        "const 'N' is never used",
        "param 'N' is never used",
        "macro 'N' is never called",
        "kernel 'N' is never launched",
    ]
    assert {d.code for d in found} == {"W513"}


# --- host calls -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        (("scamp5_in", ("E", 128, "NEWS")), "S306", "the constant 128 is outside -128..127"),
        (("scamp5_load_in", (-129,)), "S306", "the constant -129 is outside -128..127"),
        (("scamp5_load_in", ("A", 121, "NEWS")), "W511", "the constant 121 is close to the rails"),
        (("scamp5_in", ("A", -128, "NEWS")), "W511", "the constant -128 is close to the rails"),
        (("scamp5_load_point", ("R5", 1024, 0)), "S307", "r = 1024 is not an address"),
        (("scamp5_select_pattern", (0, -1, 255, 255)), "S307", "c = -1 is not an address"),
        (("scamp5_load_rect", ("R5", 9, 0, 3, 9)), "W512", "no PE lies from (9, 0) to (3, 9)"),
        (("scamp5_in", ("NEWS", 3, "NEWS")), "S301", "its operands a and temp are both NEWS, and temp is NEWS unless"),
        (("scamp5_load_in", ("B", 3, "B")), "S301", "its operands a and temp are both B"),
        (("scamp5_in", ("XE", 3, "NEWS")), "S301", "its operand a is XE, a neighbour's NEWS"),
        (("scamp5_load_in", ("A", 3, "XS")), "S301", "its operand temp is XS, a neighbour's NEWS"),
        (("scamp5_select_rect", (0, 9, 9, 3)), "W512", "the rectangle is treated as empty"),
    ],
)
def test_host_call_operands(call: tuple[str, tuple[str | int, ...]], code: str, message: str) -> None:
    (found,) = call_hazards(HostCall(*call))
    assert found.code == code
    assert message in found.message


@pytest.mark.parametrize(
    "call",
    [
        ("scamp5_in", ("E", 120, "NEWS")),
        ("scamp5_in", ("NEWS", 3, "B")),
        ("scamp5_load_in", (-120,)),
        ("scamp5_load_rect", ("R5", 0, 0, 255, 255)),
        ("scamp5_load_rect", ("R5", 3, 3, 3, 3)),
        ("scamp5_kernel_all", ()),
    ],
)
def test_sound_host_calls_pass(call: tuple[str, tuple[str | int, ...]]) -> None:
    assert call_hazards(HostCall(*call)) == []


def test_r12_loaded_behind_r0() -> None:
    (found,) = check("SET(R5)", before=(HostCall("scamp5_load_point", ("R12", 3, 4)),))
    assert found.code == "W501"


def test_every_host_function_is_understood() -> None:
    analog, bits = "ABCDEF", ("R5", "R6")
    for forms in HOST.values():
        for form in forms:
            args: list[str | int] = []
            for n, operand in enumerate(form.operands):
                kinds = {"a": analog[n % 6], "p": analog[n % 6], "d": bits[n % 2]}
                given = kinds[operand.kind[0]] if operand.kind in OPERAND_KINDS else 1
                args.append(
                    "R7" if operand.default == DRAWING else given if operand.default is None else operand.default
                )
            assert call_hazards(HostCall(form.name, tuple(args))) == [], form.name


def test_codes_are_in_the_catalogue() -> None:
    assert {code for _, code, _, _ in TRAPS} <= set(CODES)
