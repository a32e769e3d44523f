"""`scamp-sim import` and `scamp-sim export`, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scamp_sim.cli import main as cli
from scamp_sim.cli.commands.import_ import MARK
from scamp_sim.compiler import assemble

CORPUS = Path(__file__).with_name("corpus")

GOOD = """
int level = 20;
void go(areg_t y) {
    scamp5_in(E, level);
    scamp5_dynamic_kernel_begin(); sub(y, A, E); scamp5_dynamic_kernel_end();
}
int main() { while (1) { vs_frame_loop_control(); go(B); scamp5_kernel_begin(); sharpen(A); scamp5_kernel_end(); } }
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "project.cpp"
    path.write_text(GOOD)
    return path


def test_table(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["import", str(good)]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "name  line  kind     words",
        "go       5  dynamic      2  ok; assumed y = B",
        "main     7  static       -  7:81: 'sharpen' is neither an instruction nor defined here",
        "",
        "project.cpp: 1 of 2 kernel blocks assemble",
        "the host program is not read: scamp-sim run runs it, scamp-sim profile shows what it does in a frame",
    ]
    assert err == ""


def test_files(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out" / "deep"
    assert cli.main(["import", str(good), "--out", str(out)]) == 1
    assert [p.name for p in out.iterdir()] == ["go.scamp"]
    assert [str(w) for w in assemble(out / "go.scamp").kernel_words()] == ["bus(NEWS, A)", "bus(B, NEWS, E)"]
    assert cli.main(["check", str(out / "go.scamp")]) == 0
    assert "wrote" in capsys.readouterr().out


def test_json(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["import", str(good), "--format", "json", "--out", str(tmp_path)]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["found"], document["assembled"]) == (2, 1)
    first, second = document["blocks"]
    assert (first["name"], first["line"], first["kind"], first["words"], first["ok"]) == ("go", 5, "dynamic", 2, True)
    assert first["placeholders"] == {"y": "B"}
    assert Path(first["written"]).read_text() == f"{MARK}\n{first['text']}"
    assert second["reason"].startswith("7:81:")
    assert second["diagnostics"][0]["code"] == "S602"


def test_the_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = CORPUS / "falling_columns.cpp"
    assert cli.main(["import", str(path), "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert " kernel blocks assemble" in out
    for file in tmp_path.glob("*.scamp"):
        assert assemble(file).words


@pytest.mark.parametrize("content", [b"", b"int main() {}", b"scamp5_kernel_begin(); gone(); scamp5_kernel_end();"])
def test_nothing_to_import(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.cpp"
    path.write_bytes(content)
    assert cli.main(["import", str(path)]) == 1
    assert f"0 of {content.count(b'begin')} kernel blocks assemble" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.cpp", "no such file"),
        ("projct.cpp", "did you mean 'project.cpp'"),
        (".", "is a folder"),
        ("image.png", "is not a text file"),
    ],
)
def test_files_that_are_none(
    name: str, message: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    assert cli.main(["import", str(tmp_path / name)]) == 1
    assert message in capsys.readouterr().err


def test_export_to_stdout_and_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["export", "edges"]) == 0
    shown = capsys.readouterr().out
    target = tmp_path / "edges.cpp"
    assert cli.main(["export", "edges", "--to", "sdk", "--out", str(target)]) == 0
    assert target.read_text() == shown
    assert f"wrote {target}" in capsys.readouterr().out
    assert cli.main(["import", str(target)]) == 0
    assert "2 of 2 kernel blocks assemble" in capsys.readouterr().out


def test_export_jss_and_json(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["export", "threshold", "--to", "jss", "--set", "level=9"]) == 0
    assert "s.scamp5_in(E, -9);" in capsys.readouterr().out
    kernel = good.with_name("kernel.cpp")
    kernel.write_text("scamp5_kernel_begin(); sub(B, A, E); scamp5_kernel_end();")
    assert cli.main(["export", str(kernel), "--to", "jss", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert "s.sub(B, A, E);" in document["text"]
    assert document["notes"] == []


def test_export_of_what_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["export", "no_such_kernel"]) == 1
    assert cli.main(["export", str(tmp_path / "gone.cpp")]) == 1
    assert cli.main(["export", "edges", "--out", str(tmp_path)]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_run_takes_cpp_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "main.cpp"
    file.write_text(
        "#include <scamp5.hpp>\nusing namespace SCAMP5_PE;\nint main() {\n  int level = 20;\n"
        '  vs_gui_add_slider("level", 0, 50, level, &level);\n  while (1) {\n    vs_frame_loop_control();\n'
        "    scamp5_kernel_begin(); get_image(A); scamp5_kernel_end();\n"
        "    scamp5_in(B, level);\n    scamp5_output_image(A, 0);\n  }\n}\n"
    )
    assert cli.main(["run", str(file), "--size", "64x64", "--set", "level=30"]) == 0
    assert "readout output_image" in capsys.readouterr().out
    assert cli.main(["check", str(file)]) == 0
