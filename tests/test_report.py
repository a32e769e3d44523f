"""The profile command: costs by source line, the page, and everything that a user's text could break in it."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scamp_sim import Machine, kernels
from scamp_sim.chip.program import Kernel, Launch, Output, Program, Word
from scamp_sim.cli import main as cli
from scamp_sim.compiler import assemble
from scamp_sim.costs.timeline import timeline
from scamp_sim.costs.timing import load_timing
from scamp_sim.show.report import page as module
from scamp_sim.show.report import source as report_source
from scamp_sim.show.report.annotate import NOWHERE, annotate, annotated_text, as_dict, sources_of
from scamp_sim.show.report.charts import percent, store_strip, time_parts, timeline_svg, us
from scamp_sim.show.report.page import Shot, page
from scamp_sim.show.report.texts import gather_sources
from tests.engine.programs import random_program

TIMING = load_timing()

TEXT = """\
/// Grows what is bright.
input image -> PIX;
param level = 40 in 0..127;
macro twice(y: areg, x: asrc) {
    mov(y, x);
    add(y, y, x);
}
kernel find {
    get_image(A);
    for i in 0..3 {
        twice(B, A);
    }
    sub(B, B, E);
    where(B);
    MOV(R5, FLAG);
    all();
}
dynamic kernel grow(n) {
    for i in 0..n { DNEWS0(R6, R5); OR(R7, R5, R6); MOV(R5, R7); }
}
heap kernel rest { mov(F, A); }
program {
    scamp5_in(E, level);
    find(); rest();
    for r in 0..4 { grow(r % 2 + 1); }
    output events = scamp5_scan_events(R5, 100);
    output grown = R5;
}
"""


class Checker(HTMLParser):
    """Collects tags with their attributes, and fails on tags that do not match."""

    VOID = ("meta", "br", "img", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def report(program: Program, shots: tuple[Shot, ...] = ()) -> str:
    annotation = annotate(program, TIMING)
    return page(annotation, timeline(program, TIMING), TIMING, gather_sources(annotation), shots)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "bright.scamp"
    path.write_text(TEXT)
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(2).integers(0, 256, (256, 256), np.uint8)).save(path)
    return path


# --- costs by line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["edges", "gauss5", "fast16"])
def test_lines_add_up_to_the_run(name: str) -> None:
    annotation = annotate(kernels.load(name), TIMING)
    lines = annotation.lines.values()
    assert sum(c.us for c in lines) == pytest.approx(annotation.profile.time_us, abs=1e-6)
    assert sum(c.words for c in lines) == annotation.profile.words
    assert sum(c.bytes for c in lines) == annotation.profile.readout_bytes
    assert sum(c.launches.total() for c in lines) == annotation.profile.launches
    assert sum(p[2] for p in time_parts(annotation, TIMING)) == pytest.approx(annotation.profile.time_us, abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_words_without_source_are_counted_apart(seed: int) -> None:
    annotation = annotate(random_program(seed, (256, 256), 5, 6), TIMING)
    assert list(annotation.lines) in ([NOWHERE], [])
    if annotation.lines:
        assert annotation.lines[NOWHERE].us == pytest.approx(annotation.profile.time_us, abs=1e-6)
    Checker(page(annotation, timeline(annotation.program, TIMING), TIMING))


def test_a_macro_counts_at_the_line_that_calls_it() -> None:
    annotation = annotate(assemble(TEXT), TIMING)
    line = annotation.lines["<text>", 11]
    assert line.words == 12
    assert annotation.macros["twice"][0] == 12
    ((natives, times),) = line.rounds.items()
    assert (len(natives), times) == (4, 3)
    assert natives[0].macros == ("twice", "mov")
    launch = annotation.lines["<text>", 24]
    assert launch.words == 0
    assert dict(launch.launches) == {"find": 1, "rest": 1}
    assert launch.parts() == ["2 launches"]
    dynamic = annotation.lines["<text>", 25]
    assert dynamic.us == pytest.approx(4 * TIMING["launch.digital"] + (3 + 6) * 2 * TIMING["record.word"])
    assert [place for place, _ in annotation.heaviest(2)] == [("<text>", 27), ("<text>", 26)]


def test_a_round_is_one_time_round_the_loop() -> None:
    annotation = annotate(assemble("for i in 0..3 {\n    mov(C, B); where(C); mov(D, C); all();\n}\n"), TIMING)
    ((natives, times),) = annotation.lines["<text>", 2].rounds.items()
    assert (len(natives), times) == (6, 3)


def test_the_annotated_source() -> None:
    annotation = annotate(assemble(TEXT), TIMING)
    text = annotated_text(annotation, gather_sources(annotation, TEXT))
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.endswith("/// Grows what is bright."))
    assert [line.split()[0] for line in lines[first : first + 3]] == ["1", "2", "3"]
    assert re.search(r"^    \[12\] +\[1\.2\] +4  macro twice", text, re.M)
    assert re.search(r"^      12 +1\.2 +0\.0% +\d+\.\d% +11          twice\(B, A\);$", text, re.M)
    assert re.search(r"27      output grown = R5;   <- 1 output, 8,192 bytes out$", text, re.M)
    assert re.search(rf"^ +{annotation.profile.words} .*total  \d+ runs a second$", text, re.M)
    assert all(len(line) < 160 for line in lines)


def test_json() -> None:
    document = as_dict(annotate(assemble(TEXT), TIMING))
    lines = {row["line"]: row for row in document["lines"]}  # type: ignore[attr-defined]
    assert lines[11]["words"] == 12
    assert lines[11]["source"] == "        twice(B, A);"
    assert sum(row["share"] for row in lines.values()) == pytest.approx(1, abs=1e-4)
    json.dumps(document, default=dict)


def test_included_files_come_with_their_macros() -> None:
    annotation = annotate(kernels.load("edges"), TIMING)
    main, steps = gather_sources(annotation)
    assert Path(main.name).name == "edges.scamp"
    assert Path(steps.name).name == "_steps.scamp"
    assert "sobel_diagonals" in steps.macros.values()
    assert "_steps.scamp" in annotated_text(annotation, [main, steps])


def test_source_that_is_gone_is_shown_as_far_as_it_is_known(source: Path) -> None:
    annotation = annotate(assemble(source), TIMING)
    source.unlink()
    (found,) = gather_sources(annotation)
    assert found == sources_of(annotation)[0]
    assert found.partial
    text = annotated_text(annotation, [found])
    assert "twice(B, A);" in text
    assert "Grows what" not in text
    assert "twice(B, A);" in page(annotation, (), TIMING, [found])


# --- the page ---------------------------------------------------------------------------------------------------


def test_the_page_holds_what_it_should() -> None:
    found = Checker(report(kernels.load("edges")))
    text = " ".join("".join(found.text).split())
    for wanted in (
        "Frames per second",
        "Where the time goes",
        "Kernel store",
        "Timeline",
        "Readouts",
        "Prices",
        "as much as a raw frame",
        "sobel_diagonals(E, B, A, C, D, F);",
        "scamp5_output_image",
        "launch.analog",
        "29 of 1,024 words",
        "P VLSI13",
    ):
        assert wanted in text, wanted
    assert "Planes" not in text


def test_the_page_needs_nothing_from_outside(tmp_path: Path) -> None:
    text = report(assemble(TEXT), (Shot("now", (("R5", np.eye(64, dtype=bool)),)),))
    found = Checker(text)
    assert not [t for t, _ in found.tags if t in ("script", "link", "iframe", "object", "base", "form")]
    for _, attributes in found.tags:
        assert not [a for a in attributes if a.startswith("on")]
        assert (attributes.get("src") or "data:").startswith("data:image/png;base64,") or "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


NASTY = "<script>alert(1)</script>"


def test_what_a_user_writes_is_escaped(tmp_path: Path, image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a'\"<img src=x onerror=alert(1)>&amp;.scamp"
    path.write_text(f"/// {NASTY}\n" + TEXT.replace("get_image(A);", f"get_image(A); // {NASTY} </style> & \"'"))
    out = tmp_path / "report.html"
    assert cli.main(["profile", str(path), "--image", str(image), "--html", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    found = Checker(text)
    assert "script" not in {t for t, _ in found.tags}
    assert sum(t == "style" for t, _ in found.tags) == 1
    assert all("onerror" not in a for _, a in found.tags)
    assert NASTY in "".join(found.text)
    assert "report of a'" in capsys.readouterr().out


def test_names_in_hand_made_programs_are_escaped() -> None:
    kernel = Kernel(NASTY, (Word("nop"),) * 300)
    program = Program(NASTY, {NASTY: kernel}, (Launch(NASTY), Output(NASTY, "A")), params={NASTY: NASTY})
    found = Checker(report(program, (Shot(NASTY, ((NASTY, np.zeros((64, 64), np.float32)),)),)))
    assert "script" not in {t for t, _ in found.tags}


def test_lines_open_to_their_native_words() -> None:
    text = report(assemble(TEXT))
    found = Checker(text)
    assert any(a.get("class") == "line" for t, a in found.tags if t == "details")
    assert "3 times, 4 words:" in text
    assert "twice &gt; mov" in text
    assert "bus(NEWS, B, A)" in text


def test_long_programs_make_short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "for i in 0..500 { add(B, B, A); }"
    program = assemble(f"kernel k {{ {body} }}\nprogram {{ for i in 0..200 {{ k(); }} }}")
    text = report(program)
    assert len(text) < 120_000
    assert "100,000 times, 2 words:" in text or "100000 times, 2 words:" in text
    monkeypatch.setattr(report_source, "MOST_WORDS", 1)
    assert "more rounds, not shown" in report(program)


def test_pictures_stop_where_the_page_would_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(1).uniform(-128, 127, (64, 64)).astype(np.float32)
    shots = (Shot("one", (("A", noise), ("B", noise))), Shot("two", (("C", noise),)))
    assert report(assemble("mov(B, A);"), shots).count("<img") == 3
    monkeypatch.setattr(module, "MOST_PICTURES", 8000)
    text = report(assemble("mov(B, A);"), shots)
    assert text.count("<img") == 1
    assert "2 planes left out" in text


def test_store_strip_marks_storage() -> None:
    strip = store_strip(assemble(TEXT))
    assert strip.count("<i ") == 2  # one static kernel, and room for the longest dynamic one
    assert 's-dynamic" style="flex:0 1 0.5859%" title="dynamic: 6 words"' in strip


def test_an_empty_program_has_a_page() -> None:
    found = Checker(report(Program("nothing", {}, ())))
    assert "nothing leaves the array" in "".join(found.text)


def test_the_timeline_is_drawn_with_few_shapes() -> None:
    kernel = Kernel("k", (Word("nop"),))
    program = Program("p", {"k": kernel}, (Launch("k"),) * 5000)
    svg, cut = timeline_svg(timeline(program, TIMING))
    assert not cut
    assert svg.count("<rect") < 3500
    svg, cut = timeline_svg(timeline(kernels.load("edges"), TIMING))
    assert cut
    places = [float(x) + float(w) for x, w in re.findall(r'x="([\d.]+)" y="\d+" width="([\d.]+)"', svg)]
    assert max(places) <= 1000


@pytest.mark.parametrize(("value", "text"), [(0.1, "0.1"), (9999.94, "9,999.9"), (19126.2, "19,126")])
def test_times(value: float, text: str) -> None:
    assert us(value) == text


@pytest.mark.parametrize(("share", "text"), [(0.0, "0.0 %"), (0.0001, "< 0.1 %"), (0.5, "50.0 %"), (1.0, "100.0 %")])
def test_shares(share: float, text: str) -> None:
    assert percent(share) == text


# --- the command ------------------------------------------------------------------------------------------------


def test_profile_in_the_terminal(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profile", str(source), "--set", "level=50"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("bright: ")
    assert "scamp5_in(E, level);   <- 1 host call" in out


def test_profile_of_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert cli.main(["profile", "-"]) == 0
    assert "1  /// Grows what is bright." in capsys.readouterr().out


def test_profile_as_json(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profile", str(source), "--format", "json", "--html", str(tmp_path / "r.html")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["html"] == str(tmp_path / "r.html")
    assert document["profile"]["time_us"] == pytest.approx(sum(row["us"] for row in document["lines"]))


def test_report_with_planes(source: Path, image: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    assert cli.main(["profile", str(source), "--image", str(image), "--html", str(out)]) == 0
    found = Checker(out.read_text(encoding="utf-8"))
    titles = [t for t in found.text if t.startswith(("after ", "what "))]
    assert titles == [
        "what the array is given",
        "after find",
        "after rest",
        "after grow(1), launch 2 of 2",
        "after grow(2), launch 2 of 2",
        "what the run puts out",
    ]
    assert out.stat().st_size < 3_000_000
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bright.scamp", "photo.png", "r.html"]


@pytest.mark.parametrize(
    ("code", "arguments", "message"),
    [
        (2, ["--image", "IMAGE"], "pictures are for the report; give --html FILE as well"),
        (
            1,
            ["--html", "nowhere/r.html"],
            "to nowhere/r.html: directory nowhere does not exist; create it first",
        ),
        (1, ["--html", "."], "it is a folder; name a file"),
        (1, ["--html", "r.html", "--image", "none.png"], "none.png: no such file"),
        (2, ["--html", "r.html", "--input", "x"], "--input x: write NAME=PATH"),
        (2, ["--timing", "none"], "unknown timing 'none'"),
        (2, ["--set", "level=300"], "level"),
        (2, ["--html", "r.html", "--size", "100x100", "--image", "IMAGE"], "64"),
    ],
)
def test_wrong_use_ends_in_one_message(
    code: int,
    arguments: list[str],
    message: str,
    source: Path,
    image: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [str(image) if a == "IMAGE" else a for a in arguments]
    assert cli.main(["profile", str(source), *given]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert "Traceback" not in captured.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bright.scamp", "photo.png"]


def test_without_a_machine_nothing_is_run(source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Machine, "__init__", lambda *_, **__: pytest.fail("a machine was made"))
    assert cli.main(["profile", str(source), "--html", str(tmp_path / "r.html")]) == 0
