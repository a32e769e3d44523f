"""The timeline: complete, nested, as long as the profile says; the trace file that viewers open."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import ScampError, kernels
from scamp_sim.chip.program import HostCall, Kernel, Launch, Program, Word
from scamp_sim.compiler import assemble
from scamp_sim.costs import timeline as module
from scamp_sim.costs.timeline import TRACKS, Span, timeline, trace, write_trace
from scamp_sim.costs.timing import load_timing, profile
from tests.engine.programs import random_program

TIMING = load_timing()

TEXT = """\
input image -> PIX;
dynamic kernel grow(n) {
    get_image(A);
    for i in 0..n {
        add(B, B, A);
    }
    mov(C, B); mov(D, C);
}
program {
    scamp5_in(E, 3);
    for k in 1..3 { grow(k); }
    output any = scamp5_global_or(R5);
    output c = C;
}
"""


def checked(program: Program) -> tuple[Span, ...]:
    """The timeline, after a look at what holds for every one."""
    spans = timeline(program, TIMING)
    cost = profile(program, TIMING)
    assert max((s.end_us for s in spans), default=0.0) == pytest.approx(cost.time_us, abs=1e-6)
    outer = [s for s in spans if s.category != "statement"]
    assert sum(s.us for s in outer) == pytest.approx(cost.time_us, abs=1e-6)
    assert [s.start_us for s in spans] == sorted(s.start_us for s in spans)
    for a, b in itertools.pairwise(outer):
        assert b.start_us == pytest.approx(a.end_us, abs=1e-6)
    for i, s in enumerate(spans):
        assert s.track in TRACKS
        if s.category == "kernel":
            inside = []
            for t in spans[i + 1 :]:
                if t.category != "statement":
                    break
                inside.append(t)
            if "statements" not in s.args and inside:
                assert sum(t.args["words"] for t in inside) == s.args["words"]
                assert inside[-1].end_us == pytest.approx(s.end_us, abs=1e-6)
    nested(trace(spans))
    return spans


def nested(document: dict[str, Any]) -> None:
    """Perfetto takes perfectly nested slices only, in whole ns."""
    for thread in range(1, len(TRACKS) + 1):
        open_ends: list[int] = []
        for e in (e for e in document["traceEvents"] if e["ph"] == "X" and e["tid"] == thread):
            start, end = round(e["ts"] * 1000), round((e["ts"] + e["dur"]) * 1000)
            assert end >= start
            while open_ends and open_ends[-1] <= start:
                open_ends.pop()
            assert not open_ends or end <= open_ends[-1], e
            open_ends.append(end)


@pytest.mark.parametrize("name", ["edges", "gauss5", "fast16", "frame_difference"])
def test_library_kernels(name: str) -> None:
    checked(kernels.load(name))


def test_the_largest_kernel() -> None:
    checked(kernels.load("depthwise16", weights=np.random.default_rng(7).choice([-1, 1], (16, 5, 5))))


@pytest.mark.parametrize("seed", range(20))
def test_random_programs(seed: int) -> None:
    checked(random_program(seed, (256, 256), 6, 8))


def test_everything_in_its_place() -> None:
    spans = checked(assemble(TEXT))
    found = [(s.track, s.category, s.name) for s in spans]
    assert found[0] == ("controller", "host call", "scamp5_in")
    assert found[1:8] == [
        ("controller", "recording", "record grow(1)"),
        ("controller", "launch", "launch grow(1)"),
        ("array", "kernel", "grow(1)"),
        ("array", "statement", "get_image(A)"),
        ("array", "statement", "add(B, B, A)"),
        ("array", "statement", "mov(C, B)"),
        ("array", "statement", "mov(D, C)"),
    ]
    assert found[-2:] == [("readout", "readout", "any"), ("readout", "readout", "c")]
    record = spans[1]
    assert record.us == pytest.approx(TIMING["record.word"] * (5 + 2 + 4))
    assert spans[-1].args == {
        "call": "output c = C",
        "kind": "areg image",
        "bytes": 65536,
        "file": "<text>",
        "line": 13,
    }
    assert spans[-1].us == pytest.approx(TIMING["adc.fixed"] + 65536 * TIMING["adc.sample"])


def test_equal_neighbours_are_one_span() -> None:
    spans = checked(assemble("for i in 0..40 {\n    add(B, B, A);\n}\nmov(C, B);\n"))
    loop = [s for s in spans if s.category == "statement"]
    assert [s.args for s in loop] == [
        {"words": 80, "times": 40, "file": "<text>", "line": 2},
        {"words": 2, "file": "<text>", "line": 4},
    ]
    assert loop[0].us == pytest.approx(8.0)


def test_statements_are_left_out_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_STATEMENTS", 10)
    spans = checked(assemble(TEXT))
    kept = [s for s in spans if s.category == "statement"]
    assert len(kept) == 8
    words = Kernel("k", (Word("nop"),) * 6)
    spans = checked(Program("p", {"k": words}, (Launch("k"), Launch("k"))))
    first, second = [s for s in spans if s.category == "kernel"]
    assert "statements" not in first.args
    assert second.args["statements"] == "left out: the timeline holds 10"


def test_words_without_source_stand_for_themselves() -> None:
    spans = checked(Program("p", {"k": Kernel("k", (Word("nop"), Word("rpix")))}, (Launch("k"),)))
    assert [s.name for s in spans if s.category == "statement"] == ["nop()", "rpix()"]


def test_an_empty_program_takes_no_time() -> None:
    assert checked(Program("p", {}, ())) == ()
    assert checked(Program("p", {"k": Kernel("k", ())}, (Launch("k"),)))[0].category == "launch"


def test_readout_functions_are_on_the_readout_track() -> None:
    call = HostCall("scamp5_scan_events", ("R5", 100, 0, 0), result="corners")
    (span,) = checked(Program("p", {}, (call,)))
    assert (span.track, span.name) == ("readout", "corners")
    assert span.args == {"call": "corners = scamp5_scan_events(R5, 100, 0, 0)", "kind": "events", "bytes": 200}


# --- the file ---------------------------------------------------------------------------------------------------


def test_the_trace_file(tmp_path: Path) -> None:
    spans = timeline(assemble(TEXT), TIMING)
    path = write_trace(spans, tmp_path / "trace.json", "grow")
    document = json.loads(path.read_text(encoding="utf-8"))
    events = document["traceEvents"]
    named = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert named == {1: "array", 2: "controller", 3: "readout"}
    assert [e["args"]["sort_index"] for e in events if e["name"] == "thread_sort_index"] == [1, 2, 3]
    assert next(e for e in events if e["name"] == "process_name")["args"] == {"name": "grow"}
    slices = [e for e in events if e["ph"] == "X"]
    assert len(slices) == len(spans)
    assert slices[0]["ts"] == 0
    assert slices[0]["dur"] == pytest.approx(TIMING["call.scamp5_in"])
    assert [p.name for p in tmp_path.iterdir()] == ["trace.json"]
    assert path.stat().st_mode & 0o777 == (tmp_path / "trace.json").stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "cannot write the trace to '': it is a folder; name a file"),
        (".", "it is a folder; name a file"),
        ("nowhere/trace.json", "directory nowhere does not exist; create it first"),
    ],
)
def test_where_no_trace_can_go(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScampError, match=message):
        write_trace((), name)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_trace_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "trace.json"
    path.write_text("before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ScampError, match="No space left on device; free some disk space"):
        write_trace((), path)
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["trace.json"]
