"""Every row of the instruction set, of the macros and of the host functions: the header tells what `assemble` makes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Launch, Program, Word
from scamp_sim.compiler import assemble
from scamp_sim.compiler.native import LiveProgram
from scamp_sim.compiler.native.toolchain import header

ANALOG, SOURCES = ("B", "C", "D", "E"), ("A", "F", "PIX", "IN")
BITS, MORE_BITS = ("R5", "R6", "R7", "R8"), ("R9", "R10", "R11", "FLAG")


def operands(kinds: tuple[str, ...]) -> list[str]:
    """Operands of these classes, no register twice."""
    pools = {"areg": iter(ANALOG), "asrc": iter(SOURCES), "dreg": iter(BITS), "dsrc": iter(MORE_BITS)}
    directions = iter(("north", "east"))
    given = []
    for kind in kinds:
        if kind in pools:
            given.append(next(pools[kind]))
        elif kind == "dir":
            given.append(next(directions))
        else:
            given.append("south|west" if kind == "dirs" else "1")
    return given


def calls() -> dict[str, str]:
    """Call in C++ -> the same in our language, one for each form of each row."""
    found: dict[str, str] = {}
    for row in isa.NATIVE.values():
        for kinds in header.native_forms(row):
            text = f"{row.name}({', '.join(operands(kinds))});"
            found[text] = text
    for name, kinds in header.macro_forms():
        text = f"{name}({', '.join(operands(kinds))});"
        found[text] = text
    found["ALL();"] = "all();"
    found["bus({A, B}, {C, D, E});"] = "bus({A, B}, {C, D, E});"
    found["MOV({R5, R6}, R7);"] = "MOV({R5, R6}, R7);"
    found["NOT({R5, R6}, R7);"] = "NOT({R5, R6}, R7);"
    return found


HALVES = ("REFRESH_R", "NOT_R", "OR_R", "NOR_R", "REFRESH_L")


def expected(text: str) -> list[Word]:
    """The words that the assembler makes. A half of a word in place stands with its other half there."""
    name = text.partition("(")[0]
    if name == "REFRESH_L":
        register = text[text.index("(") + 1 : text.index(")")]
        return [*assemble(f"REFRESH_R({register}); {text}").kernel_words()][1:]
    if name in HALVES:
        register = text[text.index("(") + 1 : -2].split(",")[0]
        target = register if register in isa.DIGITAL else "R5"
        return [*assemble(f"{text} REFRESH_L({target});").kernel_words()][:1]
    return list(assemble(text).kernel_words())


@cache
def recorded(folder: Path) -> dict[str, tuple[Word, ...]]:
    """The words of every call, out of one program that has a kernel for each."""
    texts = list(calls())
    lines = ["#include <scamp5.hpp>", "using namespace SCAMP5_PE;", "int main() { vs_init();"]
    lines += [
        f"scamp5_kernel k{n}([]{{ using namespace scamp5_kernel_api; {t} }}); k{n}.move_to_heap(); k{n}();"
        for n, t in enumerate(texts)
    ]
    path = folder / "rows.cpp"
    path.write_text("\n".join([*lines, "return 0; }"]), encoding="utf-8")
    run = LiveProgram.build(path).run(Machine((64, 64)))
    assert not [n for n in run.notes if n.severity == "error"]
    steps = [s for s in run.setup.program.steps if isinstance(s, Launch)]
    return {t: run.setup.program.kernels[s.kernel].words for t, s in zip(texts, steps, strict=True)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows")


@pytest.mark.parametrize("text", calls())
def test_an_instruction_issues_what_assemble_makes(text: str, folder: Path) -> None:
    assert [str(w) for w in recorded(folder)[text]] == [str(w) for w in expected(calls()[text])]


def test_every_row_is_covered() -> None:
    names = {t.partition("(")[0] for t in calls()}
    assert names >= {*isa.NATIVE} | {n for n, _ in header.macro_forms()}
    assert {t.partition("(")[0] for t in host_calls()} == {*isa.HOST}


# --- host functions -------------------------------------------------------------------------------------------

# fmt: off
NUMBERS = {
    "v": 7, "code": 100, "gain": 2, "h": 3, "n": 2, "r": 9, "c": 8, "r0": 5, "c0": 6, "r1": 20, "c1": 30, "rx": 252,
    "cx": 192, "rs": 2, "cs": 4, "max": 12, "h_dir": 1, "v_dir": 0, "s": 4, "opt": 1, "repeat": 0, "radius": 6,
    "boundary": 1, "iterations": 4, "use_local": 0, "vert": 1, "horiz": 0, "refresh": 3,
}
# fmt: on


def host_calls() -> dict[str, tuple[str, tuple[str | int | None, ...]]]:
    """Call in C++ -> the host call that it stands for, one for each form and number of operands."""
    found = {}
    for name, forms in isa.HOST.items():
        for form in forms:
            sdk = header.sdk_operands(form)
            least = sum(o.default is None for o in sdk)
            for count in range(least, len(sdk) + 1):
                given = [_operand(o.name, o.kind, name) for o in sdk[:count]]
                rest = [header.SDK_DEFAULTS.get(o.name, o.default) for o in form.operands[count:]]
                full = (*given, *("R11" if r == isa.DRAWING else r for r in rest))
                for text in _texts(name, form, [str(g) for g in given]):
                    each = form.operands and form.operands[-1].name == "each"
                    found[text] = name, (*full[:-1], int("memory" in text)) if each else full
    return found


def _operand(name: str, kind: str, function: str) -> str | int:
    pools = {
        "areg": "B" if name in ("yh", "temp", "t0") else "A",
        "acell": "A",
        "plane": "A",
        "dreg": "R6",
        "dsrc": "R7",
    }
    if kind in pools:
        return "E" if name == "temp" else pools[kind]
    return 1 if (name, function) == ("n", "scamp5_output_bitstack_begin") else NUMBERS[name]


def _texts(name: str, form: isa.HostFunction, given: list[str]) -> list[str]:
    """How the SDK has the call: displays first in bit stacks, after the register elsewhere."""
    if name == "scamp5_output_bitstack_begin":
        return [f"{name}({', '.join(['shown', *given])});"]
    if name in ("scamp5_output_bitstack_bit", "scamp5_output_bitstack_end"):
        return [f"{name}({', '.join(given)});"]
    if header.is_output(name):
        return [f"{name}({', '.join([given[0], 'shown', *given[1:]])});"]
    if header.is_number(form):
        return [f"{name}({', '.join(given)});"] + (
            [f"{name}({', '.join([*given, 'memory'])});"] if form.buffer >= 0 else []
        )
    if form.result:
        return [f"{name}({', '.join([given[0], 'memory', *given[1:]])});"]
    return [f"{name}({', '.join(given)});"]


@cache
def told(folder: Path) -> Program:
    lines = [
        "#include <scamp5.hpp>",
        "using namespace SCAMP5_PE;",
        "uint8_t memory[70000];",
        "int main() { vs_init();",
        'auto shown = vs_gui_add_display("x", 0, 0);',
        "scamp5_draw_begin(R11);",
    ]
    for text in host_calls():
        if "_bitstack_bit" in text:
            lines.append("scamp5_output_bitstack_begin(shown, 1);")
        elif "_bitstack_end" in text:
            lines += ["scamp5_output_bitstack_begin(shown, 1);", "scamp5_output_bitstack_bit(R7);"]
        elif "bitstack" not in text:
            lines.append("scamp5_draw_begin(R11);")
        lines.append(f"vs_wait(0); {text}")
    path = folder / "host.cpp"
    path.write_text("\n".join([*lines, "return 0; }"]), encoding="utf-8")
    run = LiveProgram.build(path).run(Machine((64, 64)), [np.zeros((64, 64), np.uint8)])
    assert not [n for n in run.notes if n.severity == "error"]
    return run.setup.program


@pytest.mark.parametrize("text", host_calls())
def test_a_host_function_is_told_as_it_is(text: str, folder: Path) -> None:
    lines = (folder / "host.cpp").read_text().splitlines() if (folder / "host.cpp").exists() else []
    program = told(folder)
    lines = lines or (folder / "host.cpp").read_text().splitlines()
    line = lines.index(f"vs_wait(0); {text}") + 1
    (step,) = [s for s in program.steps if isinstance(s, HostCall) and s.origin is not None and s.origin.line == line]
    name, args = host_calls()[text]
    assert (step.name, step.args) == (name, args)
