"""The walk along a run finds facts as records; their texts are made elsewhere."""

from __future__ import annotations

from typing import get_args

import pytest

from scamp_sim.compiler import assemble
from scamp_sim.compiler.checks import facts
from scamp_sim.compiler.checks.facts import Fact
from scamp_sim.compiler.checks.source_facts import SourceFacts
from scamp_sim.compiler.checks.traps import run_diagnostics
from scamp_sim.compiler.checks.walk import run_facts
from scamp_sim.compiler.front.codes import CODES

KINDS = get_args(Fact)


def found(text: str) -> list[Fact]:
    """The facts about the words alone, without what the source says about its names."""
    return run_facts(assemble(text), SourceFacts())


def test_a_read_before_any_write_names_word_and_register() -> None:
    (fact,) = found("mov(C, A);")
    assert isinstance(fact, facts.Unwritten)
    assert (str(fact.word), fact.source, fact.written_later) == ("bus(NEWS, A)", "A", False)


def test_a_register_that_the_program_writes_later_may_be_state() -> None:
    (fact,) = found("bus(B, A); bus(A, B);")
    assert isinstance(fact, facts.Unwritten)
    assert fact.written_later


def test_a_condition_that_outlives_its_kernel() -> None:
    (fact,) = found("input a -> A;\nwhere(A);\nres(A);")
    assert isinstance(fact, facts.LeftRestricted)
    assert (str(fact.condition), fact.kernel, fact.into) == ("where(A)", "text", None)


def test_what_overwrote_a_register_and_who_had_written_it() -> None:
    (fact,) = found("input a -> A;\nbus(NEWS, A);\nadd(C, A, PIX);\nbus(D, XE);")
    assert isinstance(fact, facts.Overwritten)
    assert fact.writer.text == "add(C, A, PIX)"
    assert not fact.writer.own
    assert fact.writer.mine_before is not None
    assert fact.writer.mine_before.line == 2


def test_a_fact_about_a_kernel_comes_once_however_often_it_is_launched() -> None:
    once = "kernel k { blur(B, PIX); }\nprogram { k(); }"
    often = once.replace("k(); }", "k(); k(); k(); }")
    assert [f.code for f in found(once)] == [f.code for f in found(often)] == ["W507", "W507", "W508"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_every_kind_of_fact_has_a_code_of_the_catalogue(kind: type) -> None:
    assert kind.code in CODES  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        "mov(C, A);",
        "input a -> A;\nwhere(A);\nres(A);",
        "SET(R12);",
        "kernel k { where(A); }\nprogram { k(); scamp5_in(B, 3); }",
        "program { output a = A; }\nkernel k { res(B); }",
    ],
)
def test_each_fact_becomes_one_message_of_its_code(text: str) -> None:
    program = assemble(text)
    said = run_diagnostics(program, SourceFacts())
    assert [d.code for d in said] == [f.code for f in found(text)]
    assert all(d.message and d.hint for d in said)
    assert said
