"""How messages look: carets under the user's own text, order, merging, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from scamp_sim.chip.program import Origin
from scamp_sim.compiler.front.diagnostics import CompileError, Diagnostic, arranged, excerpt, render, summary, to_json


def at(text: str, culprit: str, line: int = 3, severity: str = "error", **more: object) -> Diagnostic:
    """A message about `culprit` inside the source line `text`."""
    column = text.index(culprit) + 1
    origin = Origin("edges.scamp", line, column, line, column + len(culprit), text)
    code = more.pop("code", "S301" if severity == "error" else "W502")
    message = more.pop("message", "something is wrong")
    return Diagnostic.at(origin, str(code), severity, str(message), **more)


def carets(rendered: str) -> str:
    """The part of the source line that the carets of the first message point at."""
    lines = rendered.splitlines()
    marks = lines[2]
    return lines[1][marks.index("^") : marks.rindex("^") + 1]


def test_carets_stand_under_the_span() -> None:
    text = "    sub(A, B, A);"
    assert render([at(text, "sub(A, B, A)", hint="take another register")]) == (
        "edges.scamp:3:5: error[S301]: something is wrong\n"
        "3 |     sub(A, B, A);\n"
        "  |     ^^^^^^^^^^^^\n"
        "  = hint: take another register\n"
        "\n"
        "1 error\n"
    )


def test_nothing_to_say_renders_as_nothing() -> None:
    assert render([]) == ""
    assert summary([]) == ""
    assert json.loads(to_json([])) == []


def test_gutter_is_as_wide_as_the_line_number() -> None:
    rendered = render([at("mov(A, B);", "B", line=1024)])
    assert rendered.splitlines()[1:3] == ["1024 | mov(A, B);", "     |        ^"]


@pytest.mark.parametrize("text", ["\tmov(A, B);", "  \tmov(A, B);", "\t\tmov(A,\tB);", "mov(A,\tB);"])
def test_tabs_keep_carets_in_place(text: str) -> None:
    rendered = render([at(text, "B")])
    assert "\t" not in rendered
    assert carets(rendered) == "B"


def test_wide_characters_count_two_cells() -> None:
    shown, start, width = excerpt("/* 画像 */ mov(A, B);", 10, 19)
    assert (shown, start, width) == ("/* 画像 */ mov(A, B);", 11, 9)


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in render([at("mov(A, \x1b[31mB);", "B")])


def test_several_lines_are_marked_to_the_end_of_the_first() -> None:
    d = replace(at("  add(A,   // first", "add(A,"), end_line=5, end=4)
    assert carets(render([d])) == "add(A,   // first"


def test_empty_span_shows_one_caret() -> None:
    text = "mov(A, B)"
    d = replace(at(text, "mov"), column=len(text) + 1, end=len(text) + 1)
    assert render([d]).splitlines()[2] == "  |          ^"


@pytest.mark.parametrize("position", [0, 60, 400, 3990])
def test_long_lines_are_cut_to_a_window(position: int) -> None:
    text = "x" * position + "CULPRIT" + "y" * (4000 - position)
    rendered = render([at(text, "CULPRIT")])
    assert carets(rendered) == "CULPRIT"
    assert max(map(len, rendered.splitlines())) < 120
    assert ("..." in rendered.splitlines()[1][:10]) == (position > 100)


def test_long_span_on_a_long_line() -> None:
    rendered = render([at("SET({" + "R1, " * 500 + "R1});", "SET({" + "R1, " * 500 + "R1})")])
    assert rendered.splitlines()[1].startswith("3 | SET({R1, ")
    assert max(map(len, rendered.splitlines())) < 120


def test_without_source_line_only_the_message_is_shown() -> None:
    d = Diagnostic("S401", "error", "not UTF-8 text", "x.scamp", 1, 1, 1, 1, hint="save it as UTF-8")
    assert render([d]) == "x.scamp:1:1: error[S401]: not UTF-8 text\n  = hint: save it as UTF-8\n\n1 error\n"


def test_notes_and_hints_of_several_lines_hang() -> None:
    d = at("mov(A, B);", "mov", notes=("one\ntwo",), hint="this\nthat")
    assert render([d]).splitlines()[3:7] == ["  = note: one", "          two", "  = hint: this", "          that"]


def test_messages_come_by_place_errors_first() -> None:
    found = [
        at("mov(A, B);", "B", line=9),
        at("mov(A, B);", "mov", line=2, severity="warning"),
        at("mov(A, B);", "mov", line=2),
    ]
    assert [(d.line, d.severity) for d in arranged(found)] == [(2, "error"), (2, "warning"), (9, "error")]
    assert render(found).endswith("\n\n2 errors, 1 warning\n")


def test_repetition_is_merged() -> None:
    d = at("mov(A, B);", "B")
    other = at("mov(A, B);", "B", message="another matter")
    merged = arranged([d, other, d, d])
    assert [m.notes for m in merged] == [(), ("said 3 times: here in a loop or macro",)]
    assert summary(merged) == "2 errors"


def test_colours_only_when_asked_for() -> None:
    d = at("mov(A, B);", "B", hint="h")
    assert "\x1b[" not in render([d])
    assert "\x1b[1;31m^\x1b[0m" in render([d], color=True)


def test_json_is_for_editors() -> None:
    d = at("mov(A, B);", "B", hint="h", notes=("n",))
    assert json.loads(to_json([d])) == [
        {
            "code": "S301",
            "severity": "error",
            "message": "something is wrong",
            "file": "edges.scamp",
            "line": 3,
            "column": 8,
            "end_line": 3,
            "end": 9,
            "hint": "h",
            "notes": ["n"],
        }
    ]


def test_compile_error_names_every_place() -> None:
    error = CompileError((at("mov(A, B);", "B"), at("mov(A, B);", "mov", line=4, severity="warning")))
    assert str(error) == ("edges.scamp:3:8: error: something is wrong\nedges.scamp:4:1: warning: something is wrong")


def test_golden_page(golden: Callable[[str, str], None]) -> None:
    long = "    for i in 0..9 { " + "add(A, A, B); " * 20 + "sub(A, B, A); " + "add(A, A, B); " * 20 + "}"
    found = [
        at("\tsub(A, B, A);", "sub(A, B, A)", hint="take another register"),
        at(long, "sub(A, B, A)", line=12, notes=("expanded from twice > sub",)),
        at("MOV(R12, R5);", "MOV(R12, R5)", line=7, severity="warning", code="W501", hint="SET(R0) first"),
        at("MOV(R12, R5);", "MOV(R12, R5)", line=7, severity="warning", code="W501", hint="SET(R0) first"),
    ]
    golden("diagnostics/page.txt", render(found))
