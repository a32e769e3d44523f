"""What goes to a terminal: widths, colours, and commands at 80 columns."""

from __future__ import annotations

import io
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scamp_sim.cli import fitting
from scamp_sim.cli.commands import OWN
from scamp_sim.cli.main import main

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
SMOKE = runpy.run_path(str(Path(__file__).parent.parent / ".ci" / "smoke.py"))

# --- fitting ------------------------------------------------------------------------------------------------------


def test_lines_that_fit_are_left_alone() -> None:
    text = "a  b\n" + "-" * 80 + "\n\n  last line without an end"
    assert fitting.fit(text, 80) == text


def test_a_line_goes_on_under_its_text() -> None:
    line = "golden   " + "differs from what the model gives " * 4
    found = fitting.fit(line, 80).split("\n")
    assert max(map(len, found)) <= 80
    assert all(part.startswith(" " * 9) for part in found[1:])
    assert " ".join(" ".join(found).split()) == line.replace("  ", " ").replace("  ", " ").replace("  ", " ").strip()


def test_a_table_narrows_its_words_first() -> None:
    about = "words that can be wrapped " * 4
    wide = len(about)
    rows = [f"name  {'about':{wide}}       us", "-" * (wide + 15), f"x     {about}  1,234.5"]
    table = "\n".join([*rows, f"y     {'few':{wide}}      7.0"])
    found = fitting.fit(table, 80).split("\n")
    assert max(map(len, found)) <= 80
    assert found[1] == "-" * 80
    assert found[2].endswith("1,234.5")
    assert found[-1].endswith("    7.0")
    assert "".join(found).count("wrapped") == 4


def test_columns_that_stand_out_follow_below() -> None:
    names = [f"column{n}" for n in range(12)]
    head = "row  " + "  ".join(names)
    table = "\n".join([head, "-" * len(head), "a    " + "  ".join(f"{n:7}" for n in range(12))])
    found = fitting.fit(table, 80)
    assert max(map(len, found.split("\n"))) <= 80
    assert found.count("row ") == 2
    assert all(name in found for name in names)


def test_source_lines_and_carets_stay() -> None:
    text = "12 | " + "x" * 100 + "\n   | " + " " * 90 + "^^^"
    assert fitting.fit(text, 80) == text


def test_colours_take_no_room() -> None:
    text = "\x1b[1m" + "word " * 15 + "\x1b[0m"
    assert fitting.fit(text, 80) == text


def test_words_longer_than_the_terminal_are_split() -> None:
    assert fitting.fit("y" * 200, 80).split("\n") == ["y" * 80, "  " + "y" * 78, "  " + "y" * 42]


def test_what_acts_on_a_terminal_is_shown() -> None:
    acting = "\x1b[2J \x1b]0;title\x07 \r \x9b2J \u202e \x1b[8m"
    assert fitting.harmless(acting) == r"\x1b[2J \x1b]0;title\x07 \x0d \x9b2J \u202e \x1b[8m"
    for text in ("\x1b[1;31merror\x1b[0m \x1b[36mhint\x1b[0m", "plain\n\ttabs, \u00b5s \u2212 \u65e5\u672c"):
        assert fitting.harmless(text) == text


def test_names_and_comments_do_not_act_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    name = "a\x1b[2Jb.scamp"
    Path(name).write_text("get_image(A); // \x1b]0;title\x07\x1b[8m hidden\nfoo(A); // \u202e\n")
    for line in (
        ["check", name],
        ["profile", name],
        ["run", "no\x1b[2J\x07.scamp"],
        ["run", "edges", "--image", name],
    ):
        assert main(line) == 1
        said = capsys.readouterr()
        assert not re.search(r"\x1b(?!\[[0-9;]*m)|[\x07\r\u202e]|\x1b\[8m", said.out + said.err)
        assert r"\x1b" in said.out + said.err


@pytest.mark.parametrize(("columns", "wide"), [("80", 80), ("132", 132), ("20", 80), ("0", None), ("x", None)])
def test_columns(columns: str, wide: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with open("/dev/null") as stream:
        assert fitting.columns(stream) == wide


def test_pipes_get_whole_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert main(["list"]) == 0
    assert max(map(len, capsys.readouterr().out.split("\n"))) > 80


def test_documents_are_not_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], things: Path
) -> None:
    texts = []
    for columns in ("80", "400"):
        monkeypatch.setenv("COLUMNS", columns)
        for line in ("isa --format markdown", "system list --format json", "export mine.scamp"):
            assert main(line.split()) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


# --- commands -----------------------------------------------------------------------------------------------------

LONG = (
    "bench",
    "filter 1,2",
    "fit --table",
    "run pixelrnn",
    "network run",
    "network validate",
    "network finetune",
    "validate",
    "train",
    "report",
    "compare",
    "system costs p",
)
"""Calls that take long; others of the same commands are there for every day."""

MORE = (
    "list",
    "list fast16",
    "list depthwise16",
    "isa",
    "isa scamp5_scan_events",
    "chips",
    "chips imperial",
    "chips scamp5 --serial 7",
    "docs costs",
    "docs isa",
    "explain",
    "ranges fast16",
    "ranges edges --errors scamp5",
    "run roberts --image demo/photo.png --errors scamp5 --chip 7 --beside ideal",
    "run roberts --image demo/photo.png --beside edges",
    "profile fast16",
    "filter error",
    "system",
    "system costs",
    "system published p2m",
    "system published snn",
    "system published pixelrnn --item memory",
    "system validate p2m --clips example:1",
    "system run p2m demo/photo.png --errors scamp5",
    "fit --table none.csv",
    "completion bash",
    "bench none",
    "compare none",
    "validate pixelrnn",
    "train none",
    "report none",
    "list edges --tim x",
    "run mine.scamp --image demo/photo.png demo/photo.png --frames 6",
    "run none.scamp",
)


EVERY_DAY = ("train none", "report none", "validate pixelrnn", "bench none", "compare none")


def lines() -> list[str]:
    """Every command with its help, and every variety of its output."""
    helps = ["--help", *(f"{command.name} --help" for command in OWN)]
    return list(dict.fromkeys([*helps, *SMOKE["CALLS"], *SMOKE["TORCH"], *MORE]))


def parameters() -> list[Any]:
    return [
        pytest.param(line, marks=pytest.mark.nightly)
        if line.startswith(LONG) and line not in EVERY_DAY and "--help" not in line
        else line
        for line in lines()
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("terminal")
    (found / "mine.scamp").write_text(SMOKE["PROGRAM"])
    (found / "main.cpp").write_text(SMOKE["CPP"])
    (found / "table.csv").write_text(SMOKE["TABLE"])
    SMOKE["_write_network"](found / "mine.npz")
    return found


@pytest.fixture
def things(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def test_every_command_is_tried() -> None:
    assert {c.name for c in OWN} <= {line.split()[0] for line in lines()}


@pytest.mark.parametrize("line", parameters())
def test_no_line_is_wider_than_the_terminal(
    line: str, things: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    main(line.split())  # its code does not matter: messages are tried, too
    captured = capsys.readouterr()
    if "--format json" in line or line.startswith(("export", "completion")):
        return
    wide = [part for part in (captured.out + captured.err).split("\n") if len(ESCAPE.sub("", part)) > 80]
    assert not wide, f"{len(wide)} lines, such as: {wide[0]}"


# --- colours ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["list", "profile"])
def test_colours_can_be_forced_and_forbidden(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    texts = []
    for environment in ({}, {"FORCE_COLOR": "1"}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, {"FORCE_COLOR": "0"}):
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            assert main([command, "edges"]) == 0
        texts.append(capsys.readouterr().out)
    plain, forced, forbidden, zero = texts
    assert "\x1b[" not in plain
    assert plain == forbidden == zero
    assert ESCAPE.search(forced)
    assert [s.rstrip() for s in ESCAPE.sub("", forced).split("\n")] == plain.split("\n")


# --- manners ------------------------------------------------------------------------------------------------------


def test_help_says_what_exit_codes_mean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    for text in ("  130  interrupted", "NO_COLOR", "COLUMNS"):
        assert text in shown


def test_options_are_not_abbreviated(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["list", "edges", "--tim", "scamp5d"], ["system", "run", "p2m", "x.png", "--err", "scamp5"]):
        assert main(argv) == 2
        assert "did you mean '--" in capsys.readouterr().err


def test_the_nearest_file_is_named(things: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("mien.scamp", "mine", "mine.scam"):
        assert main(["check", name]) == 1
        assert "did you mean 'mine.scamp'?" in capsys.readouterr().err


def test_a_folder_does_not_hide_a_kernel_of_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`run edges --out edges` can be said twice."""
    monkeypatch.chdir(tmp_path)
    for name in ("edges", "pixelrnn", "mine"):
        Path(name).mkdir()
    for line in ("check edges", "list edges", "profile edges", "view edges --size 64x64 --save page.html"):
        assert main(line.split()) == 0
    assert main(["profile", "pixelrnn", "--on", "nonsense"]) == 2  # the network, whose realisations are listed
    assert main(["list", "mine"]) == 1
    assert "mine: is a folder" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "suffix"), [("kernel", ".scamp"), ("state", ".scamp"), ("cpp", ".cpp")])
def test_new_programs_are_clean(
    kind: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "mine", "--kind", kind]) == 0
    assert main(["check", f"mine{suffix}"]) == 0
    assert "no errors, no warnings" in capsys.readouterr().out
    text = Path(f"mine{suffix}").read_text()
    assert main(["new", "mine", "--kind", kind]) == 1
    assert "exists; choose another name" in capsys.readouterr().err
    assert Path(f"mine{suffix}").read_text() == text


def test_names_that_no_new_program_can_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("../1 x", "/", ".", "..", ""):
        assert main(["new", name]) == 1
        assert "a program's name has letters, digits and _, and begins with no digit" in capsys.readouterr().err
    assert main(["new", str(tmp_path / "mine.cpp")]) == 2
    assert "--kind kernel writes a file .scamp; add --kind cpp" in capsys.readouterr().err
    assert main(["new", str(tmp_path / "mine.scamp"), "--kind", "cpp"]) == 2
    assert "--kind cpp writes a file .cpp; leave --kind cpp out" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_watching_checks_again_on_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.scamp"
    path.write_text("get_image(A);\n")
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            path.write_text("get_image(nothing);\n")
        if len(looks) > 4:
            raise KeyboardInterrupt

    monkeypatch.setattr("scamp_sim.cli.commands.check.time.sleep", sleep)
    assert main(["check", str(path), "--watch"]) == 1
    shown = capsys.readouterr().out
    assert shown.count(f"watching {path} and what is included") == 2
    assert shown.index("no errors") < shown.index("nothing")
    assert main(["check", "-", "--watch"]) == 2


def test_watching_sees_included_files_of_other_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "steps").mkdir()
    inner, path = tmp_path / "steps" / "one.scamp", tmp_path / "a.scamp"
    inner.write_text("macro take(y: areg) { get_image(y); }\n")
    path.write_text('include "steps/one.scamp";\nparam n = 1 in 0..9;\ntake(A);\nfor i in 0..n { take(B); }\n')
    (tmp_path / "n.json").write_text("2")
    looks = iter(
        (
            lambda: inner.write_text("macro take(y: areg) { get_image(nothing); }\n"),
            lambda: inner.write_text("macro take(y: areg) { get_image(y, F); }\n"),
            lambda: (tmp_path / "n.json").write_text("99"),
        )
    )

    def sleep(seconds: float) -> None:
        for change in looks:
            change()
            return
        raise KeyboardInterrupt

    monkeypatch.setattr("scamp_sim.cli.commands.check.time.sleep", sleep)
    assert main(["check", str(path), "--watch", "--set", f"n=@{tmp_path / 'n.json'}"]) == 1
    shown = capsys.readouterr().out
    assert shown.count("watching ") == 4
    assert shown.count("unknown register or name 'nothing'") == 1
    assert shown.index("'nothing'") < shown.index("99 is not in 0..9")


def test_an_option_of_another_action_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["system", "run", "p2m", "--chips", "1-2"]) == 2
    assert "unrecognized arguments: --chips 1-2; --chips belongs to validate\n" in capsys.readouterr().err
    assert main(["system", "run", "p2m", "--chip", "1", "--eror", "x"]) == 2
    assert "did you mean '--errors'?" in capsys.readouterr().err


def test_completion_knows_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("shtab")
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    for command in OWN:
        assert command.name in script
    assert "--video-of" in script


# --- exit codes and messages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("run mine.scamp --chip x", 2, "invalid chip serial 'x'"),
        ("run mine.scamp --frames 0", 2, "--frames: expected an integer in 1..1000000"),
        ("run mine.scamp --fps -3", 2, "--fps: expected a finite number"),
        ("run mine.scamp --size 10x10", 2, "multiples of 64"),
        ("run mine.scamp --engine quick", 2, "invalid choice: 'quick'"),
        ("run mine.scamp --errors scamp9", 2, "did you mean 'scamp5'?"),
        ("run mine.scamp --errors scamp5:gain_los=1", 2, "did you mean 'gain_loss'?"),
        ("run mine.scamp --timing foo", 2, "unknown timing 'foo'"),
        ("run mine.scamp --chips 5-2", 2, "runs backwards"),
        ("run mine.scamp --set lvel=3", 2, "--set lvel: mine.scamp has no such parameter"),
        ("run mine.scamp --set lvel", 2, "write NAME=VALUE"),
        ("run", 2, "run needs a program"),
        ("run mine.scamp pic.png", 2, "pictures and clips go behind --image"),
        ("run mine.scamp --imag pic.png", 2, "did you mean '--image'?"),
        ("docs cost", 2, "did you mean 'costs'?"),
        ("system run p2n", 2, "did you mean 'p2m'?"),
        ("system run p2m --on scam5", 2, "unknown realisation 'scam5'"),
        ("isa mvx", 2, "did you mean 'movx'?"),
        ("explain W5O3", 2, "unknown code"),
        ("bench --limit x", 2, "unrecognized arguments"),
        (
            "run mine.scamp --image http://a.org/b.png",
            1,
            "image http://a.org/b.png: addresses are not read; download it",
        ),
        ("run https://a.org/b.scamp", 1, "https://a.org/b.scamp: addresses are not read"),
        ("run mine.scamp --image cut.png", 1, "it is damaged or cut off"),
        ("run mine.scamp --image pix.png", 1, "did you mean 'pic.png'?"),
        ("run pic.png", 1, "it is a PNG picture, no program"),
        ("view pic.png", 1, "a run takes it with --image pic.png"),
        ("run mime.scamp", 1, "did you mean 'mine.scamp'?"),
        ("run mine.scamp --errors none.json", 1, "none.json: no such file"),
        ("run mine.scamp --set t=@none.json", 1, "no such file"),
    ],
)
def test_what_is_wrong_with_a_line(
    line: str, code: int, said: str, things: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(picture, "PNG")
    Path("pic.png").write_bytes(picture.getvalue())
    Path("cut.png").write_bytes(picture.getvalue()[:1500])
    assert main(line.split()) == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert "error" in captured.err.splitlines()[0] or "note" in captured.err.splitlines()[0]
    assert len(captured.err.splitlines()) <= 5


def test_names_of_other_endings_are_not_taken_for_near_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("b.scamp").write_text("res(A);\n")
    Path("notes.txt").write_text("hello\n")
    for name in ("a.scamp", "xyz.scamp", "note.png"):
        assert main(["run", name]) == 1
        assert "did you mean" not in capsys.readouterr().err


# --- the manual page ----------------------------------------------------------------------------------------------


def test_the_manual_page_has_every_command_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "--man"]) == 0
    page = capsys.readouterr().out
    plain = page.replace("\\-", "-")
    assert page.startswith(".TH SCAMP")
    for command in OWN:
        assert f"\n.SS {command.name}\n" in plain
    for part in (".SH EXIT STATUS", ".SH ENVIRONMENT", "--video-of", "network finetune", "NO_COLOR"):
        assert part in plain
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=page, text=True, capture_output=True)
        assert (done.returncode, done.stderr) == (0, "")
    assert main(["docs", "costs", "--man"]) == 2
