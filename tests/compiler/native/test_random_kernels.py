"""Random kernels as C++ through the header, as text of our language, and as Program objects: the same words."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from scamp_sim import Machine
from scamp_sim.chip import isa
from scamp_sim.chip.program import Launch, Program, Word, straight_line
from scamp_sim.compiler import assemble
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.front.diagnostics import CompileError
from scamp_sim.compiler.native import LiveProgram

A_PROGRAM = 250
"""Kernels in one C++ file."""


def call(choose: random.Random) -> str:
    """One call with operands of the right kinds, which may be a hazard."""
    name = choose.choice([*prelude.declarations(), *isa.NATIVE])
    forms = prelude.declarations().get(name)
    if forms:
        kinds = [f.kind for f in choose.choice(forms).formals]
    else:
        row = isa.NATIVE[name]
        kinds = [s.kind for s in (row.dst, row.src) if s for _ in range(choose.randint(s.least, s.most))]
    registers = {
        k: choose.sample(isa.OPERAND_KINDS[k], len(isa.OPERAND_KINDS[k])) for k in kinds if k in isa.OPERAND_KINDS
    }
    args = []
    for kind in kinds:
        if kind in registers:
            args.append(registers[kind].pop())
        elif kind == "int":
            args.append(str(choose.randint(0, 1)))
        else:
            args.append("|".join(choose.sample(sorted(isa.DIRECTIONS), choose.randint(1, 3) if kind == "dirs" else 1)))
    return f"{name}({', '.join(args)});"


def kernels(seed: int, count: int) -> Iterator[tuple[str, Program]]:
    """Texts of kernels that the assembler takes, with their programs."""
    choose = random.Random(seed)
    while count:
        text = " ".join(call(choose) for _ in range(choose.randint(1, 6)))
        try:
            program = assemble(text)
        except CompileError:  # a hazard
            continue
        count -= 1
        yield text, program


def shape_of(word: Word) -> tuple[str, frozenset[str], frozenset[str]]:
    """A word as the chip has it: operands are bits."""
    return word.op, frozenset(word.dst), frozenset(word.src)


def compare(seed: int, count: int, folder: Path) -> None:
    made = list(kernels(seed, count))
    lines = ["#include <scamp5.hpp>", "using namespace SCAMP5_PE;", "int main() { vs_init();"]
    lines += [f"scamp5_dynamic_kernel_begin(); {text} scamp5_dynamic_kernel_end();" for text, _ in made]
    path = folder / f"kernels{seed}.cpp"
    path.write_text("\n".join([*lines, "return 0; }"]), encoding="utf-8")
    live = LiveProgram.build(path).run(Machine((64, 64))).setup.program
    launched = [live.kernels[s.kernel].words for s in live.steps if isinstance(s, Launch)]
    for (text, program), words in zip(made, launched, strict=True):
        own = list(program.kernel_words())
        by_hand = straight_line("k", [Word(w.op, w.dst, w.src) for w in own])
        assert [shape_of(w) for w in words] == [shape_of(w) for w in own], text
        assert list(by_hand.kernel_words()) == own


def test_random_kernels(tmp_path: Path) -> None:
    compare(1, 40, tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 140))
def test_ten_thousand_random_kernels(seed: int, tmp_path: Path) -> None:
    compare(seed, A_PROGRAM, tmp_path)
