"""The command line, end to end: what it prints, what it writes, how it fails."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import scamp_sim
from scamp_sim import kernels
from scamp_sim.cli import main as cli
from scamp_sim.cli.commands import OWN, Command
from scamp_sim.cli.commands import check as check_command
from scamp_sim.compiler.front.source import CPP, PROGRAMS
from scamp_sim.reading import nearest_file
from scamp_sim.show import session

PROGRAM = """\
/// Bits where the picture changes by more than `level` from left to right.
input image -> PIX;
param level = 40 in 0..127;

kernel find {
    areg change;
    get_image(A);
    subx(change, A, east, A);
    abs(B, change);
    sub(B, B, E);
    where(B);
    MOV(R5, FLAG);
    all();
}
program {
    scamp5_in(E, level);
    find();
    output edges = R5;
    output change = B;
}
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "find.scamp"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    picture = np.zeros((256, 256), np.uint8)
    picture[:, 100:] = 200
    path = tmp_path / "step.png"
    Image.fromarray(picture).save(path)
    return path


def run(*argv: object) -> int:
    return cli.main([str(a) for a in argv])


# --- run ------------------------------------------------------------------------------------------------------


def test_run_writes_planes_and_a_sheet(
    program: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("run", program, "--image", image, "--out", out) == 0
    assert sorted(p.name for p in out.iterdir()) == ["change.png", "contact-sheet.png", "edges.png"]
    edges = np.asarray(Image.open(out / "edges.png"))
    assert edges.shape == (256, 256)
    assert (edges[:, 99] == 255).all()
    assert (edges[:, :99] == 0).all()
    text = capsys.readouterr().out
    assert "find: cost of one run" in text
    assert "edges.png" in text


def test_run_without_out_writes_nothing(
    program: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert run("run", program, "--image", image) == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert "--out DIR" in capsys.readouterr().out


def test_run_as_json_is_one_document(
    program: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", program, "--image", image, "--out", tmp_path / "out", "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["program"] == "find"
    assert document["params"] == {"level": 40}
    edges = document["frames"][0]["outputs"]["edges"]
    assert edges["kind"] == "digital"
    assert Path(edges["file"]).is_file()
    assert document["profile"]["launches"] == 1
    assert document["warnings"] == []


def test_params_reach_the_program(program: Path, image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ones = {}
    for level in (40, "0x7f"):
        assert run("run", program, "--image", image, "--set", f"level={level}", "--format", "json") == 0
        document = json.loads(capsys.readouterr().out)
        ones[document["params"]["level"]] = document["frames"][0]["outputs"]["edges"]["ones"]
    assert sorted(ones) == [40, 127]
    assert ones[127] <= ones[40]


@pytest.mark.parametrize("suffix", ["json", "npy"])
def test_tables_from_files(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "t.scamp"
    source.write_text("param w[3] in {-1, 1};\nkernel k { for i in 0..3 { if w[i] > 0 { SET(R5); } } }\n")
    table = tmp_path / f"w.{suffix}"
    if suffix == "json":
        table.write_text("[1, -1, 1]")
    else:
        np.save(table, np.array([1, -1, 1]))
    assert run("run", source, "--set", f"w=@{table}", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["profile"]["words"] == 2


def test_tables_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "t.scamp"
    source.write_text("param w[3] in {-1, 1};\nkernel k { for i in 0..3 { if w[i] > 0 { SET(R5); } } }\n")
    assert run("run", source, "--set", "w=[1, 1, 1]", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["profile"]["words"] == 3


def test_planes_adds_the_registers(program: Path, image: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("run", program, "--image", image, "--out", out, "--planes") == 0
    assert sorted(p.name for p in out.iterdir()) == ["change.png", "contact-sheet.png", "edges.png", "registers"]
    assert {"A.png", "B.png", "E.png", "R5.png"} <= {p.name for p in (out / "registers").iterdir()}


SWAPPED = """\
input image -> PIX;
kernel k { get_image(A); res(B); }
program { k(); output A = B; output B = A; output Same = A; output same = B; }
"""


def test_outputs_named_like_registers_hide_nothing(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "swapped.scamp", tmp_path / "out"
    source.write_text(SWAPPED)
    assert run("run", source, "--image", image, "--out", out, "--planes", "--format", "json") == 0
    frame = json.loads(capsys.readouterr().out)["frames"][0]
    assert frame["outputs"]["A"]["max"] == 0 == frame["registers"]["B"]["max"]
    assert frame["outputs"]["B"]["max"] == frame["registers"]["A"]["max"] > 90
    for kind in ("outputs", "registers"):
        for record in frame[kind].values():
            assert (np.asarray(Image.open(record["file"])).max() == 128) == (record["max"] == 0), record


def test_file_names_differ_in_more_than_case(image: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "swapped.scamp", tmp_path / "out"
    source.write_text(SWAPPED)
    assert run("run", source, "--image", image, "--out", out) == 0
    names = [p.name.lower() for p in out.iterdir()]
    assert len(names) == len(set(names)) == 5
    assert "same-2.png" in names


def test_values_that_a_chip_compresses_are_named(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "sobel", "--image", image, "--planes") == 0
    assert "beyond 150 LSB, where a chip compresses: edges, registers B" in capsys.readouterr().out
    assert run("run", "threshold", "--image", image) == 0
    assert "compresses" not in capsys.readouterr().out


def test_every_frame_of_an_animation(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = [Image.fromarray(np.full((256, 256), grey, np.uint8)) for grey in (10, 80, 200)]
    path = tmp_path / "moving.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert run("run", program, "--image", path, "--image", path, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)["frames"]
    assert [f["image"] for f in found] == [f"{path}#{n}" for n in (1, 2, 3)] * 2


def test_the_sheet_shows_what_went_in(tmp_path: Path, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scamp_sim.show import render

    titles: list[tuple[str, str]] = []
    sheet = render.contact_sheet

    def spy(tiles: list[render.Tile], *more: Any) -> Image.Image:
        titles.append((tiles[0].title, str(tiles[0].plane.dtype)))
        return sheet(tiles, *more)

    monkeypatch.setattr(render, "contact_sheet", spy)
    for line in ("get_image(B);", "mov(B, A);"):
        (tmp_path / "p.scamp").write_text(line + "\n")
        assert run("run", tmp_path / "p.scamp", "--image", image, "--out", tmp_path / "out") == 0
    (tmp_path / "p.scamp").write_text("input mask -> R5;\nkernel k { MOV(R6, R5); }\n")
    assert run("run", tmp_path / "p.scamp", "--image", image, "--out", tmp_path / "out") == 0
    assert titles == [("image", "uint8"), ("image in A", "float32"), ("image in R5", "bool")]


def test_arrays_for_pix_are_grey(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "grey.npy", np.full((128, 128), 200))
    source = tmp_path / "a.scamp"
    source.write_text("input image -> PIX;\noutput same = A;\nkernel k { get_image(A); }\n")
    argv = ["run", source, "--input", f"image={tmp_path / 'grey.npy'}", "--format", "json"]
    assert run(*argv, "--resize") == 0
    assert outputs(capsys)["same"]["mean"] == pytest.approx(200 * 127 / 255, abs=0.01)
    assert run(*argv, "--size", "128x128") == 0
    assert run(*argv) == 1
    assert "shape (128, 128), but the array of processing elements is 256x256" in capsys.readouterr().err


def test_frames_share_one_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "memory.scamp"
    source.write_text(
        "input image -> PIX;\nkernel k { get_image(A); sub(C, A, B); mov(B, A); }\n"
        "program { k(); output change = C; }\n"
    )
    pictures = []
    for i, grey in enumerate((50, 50, 90)):
        path = tmp_path / f"{i}.png"
        Image.fromarray(np.full((256, 256), grey, np.uint8)).save(path)
        pictures += ["--image", path]
    out = tmp_path / "out"
    assert run("run", source, *pictures, "--out", out, "--format", "json") == 0
    frames = json.loads(capsys.readouterr().out)["frames"]
    means = [f["outputs"]["change"]["mean"] for f in frames]
    assert means[1] == pytest.approx(0, abs=0.01)
    assert means[2] == pytest.approx(40 * 127 / 255, abs=0.01)
    assert sorted(p.name for p in out.iterdir()) == [
        *(f"{n:03}-change.png" for n in (1, 2, 3)),
        "film-strip.png",
        "frames.csv",
    ]


def test_resize(program: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.fromarray(np.zeros((300, 500, 3), np.uint8)).save(path)
    assert run("run", program, "--image", path) == 1
    assert run("run", program, "--image", path, "--resize") == 0


def test_other_sizes(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "small.png"
    Image.fromarray(np.zeros((64, 128), np.uint8)).save(path)
    assert run("run", program, "--image", path, "--size", "64x128", "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["profile"]["shape"] == [64, 128]
    assert document["frames"][0]["outputs"]["edges"]["of"] == 64 * 128


def test_engines_agree(program: Path, image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = []
    for engine in ("fast", "reference"):
        assert run("run", program, "--image", image, "--engine", engine, "--format", "json") == 0
        frames.append(json.loads(capsys.readouterr().out)["frames"])
    assert frames[0] == frames[1]


def test_program_from_standard_input(
    image: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PROGRAM.encode())))
    assert run("run", "-", "--image", image) == 0
    assert "total" in capsys.readouterr().out


def test_warnings_go_to_stderr(tmp_path: Path, image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "trap.scamp"
    source.write_text("get_image(A);\nwhere(A);\nmov(B, A);\n")  # FLAG is left set
    assert run("run", source, "--image", image, "--format", "json") == 0
    captured = capsys.readouterr()
    assert "warning" in captured.err
    assert "^" in captured.err
    assert json.loads(captured.out)["warnings"]


# --- where an image goes --------------------------------------------------------------------------------------


def outputs(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["frames"][0]["outputs"]
    return found


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    path = tmp_path / "grey.png"
    Image.fromarray(np.full((256, 256), 178, np.uint8)).save(path)
    return path


def test_image_to_an_analog_input_is_grey_minus_128(
    tmp_path: Path, grey: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.scamp"
    source.write_text("input picture -> A;\noutput same = B;\nkernel k { mov(B, A); }\n")
    assert run("run", source, "--image", grey, "--format", "json") == 0
    assert outputs(capsys)["same"]["mean"] == 50


def test_image_to_a_bit_input_is_thresholded(tmp_path: Path, grey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.scamp"
    source.write_text("input mask -> R5;\noutput same = R6;\nkernel k { MOV(R6, R5); }\n")
    assert run("run", source, "--image", grey, "--format", "json") == 0
    assert outputs(capsys)["same"]["ones"] == 65536


def test_image_without_declared_input_goes_to_pix(
    tmp_path: Path, grey: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.scamp"
    source.write_text("get_image(B);\n")
    assert run("run", source, "--image", grey, "--format", "json") == 0
    assert outputs(capsys)["B"]["mean"] == pytest.approx(178 * 127 / 255, abs=0.01)


def test_bare_kernel_that_reads_a_register_gets_the_image_there(
    tmp_path: Path, grey: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.scamp"
    source.write_text("mov(B, A);\n")
    assert run("run", source, "--image", grey, "--format", "json") == 0
    assert outputs(capsys)["B"]["mean"] == 50


def test_two_unwritten_registers_need_names(tmp_path: Path, grey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.scamp"
    source.write_text("sub(C, A, B);\n")
    assert run("run", source, "--image", grey) == 1
    assert "--input A=PATH" in capsys.readouterr().err
    array = tmp_path / "b.npy"
    np.save(array, np.full((256, 256), 20.0))
    assert run("run", source, "--input", f"A={grey}", "--input", f"B={array}", "--format", "json") == 0
    assert outputs(capsys)["C"]["mean"] == 30


def test_second_input_by_name(tmp_path: Path, grey: Path, image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "two.scamp"
    source.write_text("input one -> A;\ninput two -> B;\noutput d = C;\nkernel k { sub(C, A, B); }\n")
    assert run("run", source, "--image", grey) == 1
    assert "several inputs (one, two)" in capsys.readouterr().err
    assert run("run", source, "--image", grey, "--input", f"two={grey}", "--format", "json") == 0
    assert outputs(capsys)["d"]["mean"] == 0


# --- the library ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", kernels.names())
def test_library_kernels_list(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = run("list", name)
    captured = capsys.readouterr()
    if code:
        assert "param" in captured.err or "give" in captured.err  # kernels that need a table
    else:
        assert captured.out.startswith(f"program {name}")


def test_library_kernel_by_name(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "sobel", "--image", image) == 0
    assert "sobel: cost of one run" in capsys.readouterr().out


def test_list_without_file_shows_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    text = capsys.readouterr().out
    assert all(name in text for name in kernels.names())


def test_list_as_json(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", program, "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["kernels"][0]["words"][0]["clock"] == "analog"
    assert document["steps"][-1]["words"] == document["profile"]["words"]


# --- check ----------------------------------------------------------------------------------------------------


def test_check_a_good_file(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", program) == 0
    assert capsys.readouterr().out == "1 file: no errors, no warnings\n"


def test_check_shows_several_errors_of_several_files(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.scamp"
    bad.write_text("kernel k {\n    addd(A, B, C);\n    mov(Q, A);\n}\n")
    assert run("check", program, bad) == 1
    text = capsys.readouterr().out
    assert "bad.scamp:2:5" in text
    assert "bad.scamp:3:9" in text
    assert "^^^^" in text


def test_check_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.scamp"
    bad.write_text("addd(A, B, C);\n")
    assert run("check", bad, "--format", "json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert document["diagnostics"][0]["line"] == 1


def test_check_goes_on_after_a_missing_file(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", tmp_path / "absent.scamp", program) == 1
    captured = capsys.readouterr()
    assert "no such file" in captured.err


def test_check_of_a_file_for_include(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    macros = "macro twice(y: areg, x: asrc) { add(y, x, x); }\n"
    for name in ("_steps.scamp", "steps.scamp"):
        (tmp_path / name).write_text(macros)
    assert run("check", tmp_path / "_steps.scamp") == 0
    captured = capsys.readouterr()
    assert "_steps.scamp: only for include" in captured.out
    assert "1 file: no errors, no warnings" in captured.out
    assert run("check", tmp_path / "_steps.scamp", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["notes"]
    assert run("check", tmp_path / "steps.scamp") == 1
    (tmp_path / "_steps.scamp").write_text(macros + "const N = 1 / 0;\n")
    assert run("check", tmp_path / "_steps.scamp") == 1


def test_the_whole_library_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", *sorted(kernels.path("sobel").parent.glob("*.scamp"))) == 0
    text = capsys.readouterr().out
    assert "error" not in text.replace("no errors", "")
    assert "depthwise16.scamp: checked with weights = " in text


# --- isa ------------------------------------------------------------------------------------------------------


def test_isa_lists_everything(capsys: pytest.CaptureFixture[str]) -> None:
    from scamp_sim.chip import isa

    assert run("isa") == 0
    text = capsys.readouterr().out
    for name in (*isa.NATIVE, *isa.HOST, "get_image", "movx"):
        assert f"  {name}(" in text, name


def test_isa_explains_a_native_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("isa", "DNEWS0") == 0
    text = capsys.readouterr().out
    for part in ("DNEWS0(y, x)", "dnews", "R1 R2 R3 R4", "R12 only where R0 = 1", "D = documented by the vendor"):
        assert part in text, part


def test_isa_explains_a_macro(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("isa", "add") == 0
    text = capsys.readouterr().out
    for part in ("expands to", "bus(NEWS", "clobbers", "NEWS"):
        assert part in text, part


def test_isa_explains_a_host_function(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("isa", "scamp5_in") == 0
    text = capsys.readouterr().out
    assert "default NEWS" in text
    assert "2 issued to the array" in text


def test_isa_knows_other_spellings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("isa", "ALL") == 0
    assert "FLAG := 1" in capsys.readouterr().out


def test_isa_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("isa", "DNEWS2") == 2
    assert "did you mean 'DNEWS" in capsys.readouterr().err


def test_isa_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("isa", "--format", "json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {r["kind"] for r in rows} == {"native", "macro", "host"}
    assert all(r["source"] and r["effect"] for r in rows)


# --- demo -----------------------------------------------------------------------------------------------------


def test_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("demo") == 0
    text = capsys.readouterr().out
    sheet = tmp_path / "scamp-demo" / "contact-sheet.png"
    assert np.asarray(Image.open(sheet)).std() > 20
    assert str(Path("scamp-demo") / "contact-sheet.png") in text
    assert "scamp-sim run roberts" in text


def test_demo_without_matplotlib(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run("demo", "--out", tmp_path / "out") == 1
    assert 'pip install -e ".[demo]"' in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# --- bad input ------------------------------------------------------------------------------------------------


def _text(name: str, content: bytes) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        (folder / name).write_bytes(content)
        return [str(folder / name)]

    return make


GOOD = PROGRAM.encode()
BAD: dict[str, tuple[list[str], int, str]] = {
    "missing program": (["run", "{dir}/absent.scamp", "--image", "{image}"], 1, "no such file"),
    "misspelt library kernel": (["run", "sobl", "--image", "{image}"], 1, "did you mean 'sobel'"),
    "folder as program": (["run", "{dir}", "--image", "{image}"], 1, "is a folder"),
    "empty program": (["run", "{empty}", "--image", "{image}"], 1, "empty.scamp"),
    "program not UTF-8": (["run", "{latin}", "--image", "{image}"], 1, "UTF-8"),
    "unknown instruction": (["run", "{addd}", "--image", "{image}"], 1, "did you mean"),
    "unknown register": (["run", "{reg}", "--image", "{image}"], 1, "did you mean"),
    "missing image": (["run", "{prog}", "--image", "{dir}/absent.png"], 1, "no such file"),
    "text as image": (["run", "{prog}", "--image", "{prog}"], 1, "not a picture"),
    "cut image": (["run", "{prog}", "--image", "{cut}"], 1, "cannot be read"),
    "wrong size": (["run", "{prog}", "--image", "{small}"], 1, "--resize"),
    "second image is bad": (["run", "{prog}", "--image", "{image}", "--image", "{small}"], 1, "--resize"),
    "no image": (["run", "{prog}"], 1, "needs input 'image': give --image PATH"),
    "unknown parameter": (["run", "{prog}", "--image", "{image}", "--set", "levl=3"], 2, "did you mean 'level'"),
    "parameter out of range": (["run", "{prog}", "--image", "{image}", "--set", "level=999"], 2, "127"),
    "parameter not a number": (["run", "{prog}", "--image", "{image}", "--set", "level=high"], 2, "not a number"),
    "parameter without value": (["run", "{prog}", "--image", "{image}", "--set", "level"], 2, "NAME=VALUE"),
    "parameter twice": (["run", "{prog}", "--image", "{image}", "--set", "level=1", "--set", "level=2"], 2, "twice"),
    "parameter nested too deeply": (
        ["run", "{prog}", "--set", "level=" + "[" * 3000 + "]" * 3000],
        2,
        "nested too deeply",
    ),
    "table nested too deeply": (["run", "{prog}", "--set", "level=@{deep}"], 1, "nested too deeply"),
    "parameter of many digits": (["run", "{prog}", "--set", "level=" + "9" * 9000], 2, "is not a number"),
    "table of objects": (["run", "{table}", "--set", "w=@{objects}"], 1, "holds Python objects, which are not read"),
    "missing array table": (["run", "{table}", "--set", "w=@{dir}/no.npy"], 1, "no such file"),
    "missing table": (["run", "{prog}", "--image", "{image}", "--set", "level=@{dir}/no.json"], 1, "no such file"),
    "broken table": (
        ["run", "{prog}", "--image", "{image}", "--set", "level=@{prog}"],
        1,
        "Expecting value in line 1",
    ),
    "missing parameter": (["run", "{table}", "--image", "{image}"], 1, "w"),
    "table of the wrong shape": (["run", "{table}", "--set", "w=[1,1]"], 2, "w"),
    "weight that is not +1 or -1": (["run", "{table}", "--set", "w=[1,0,1]"], 2, "w"),
    "unknown input": (["run", "{prog}", "--input", "imagee={image}"], 2, "did you mean 'image'"),
    "input that is no plane": (["run", "{prog}", "--input", "FLAG={image}"], 2, "cannot be set from outside"),
    "input without path": (["run", "{prog}", "--input", "image"], 2, "NAME=PATH"),
    "input twice": (["run", "{prog}", "--input", "A={image}", "--input", "A={image}"], 2, "twice"),
    "image with nowhere to go": (
        ["run", "{prog}", "--image", "{image}", "--input", "image={image}"],
        2,
        "--image cannot be used",
    ),
    "NaN in a plane": (["run", "{prog}", "--image", "{image}", "--input", "C={nan}"], 1, "finite"),
    "array of the wrong shape": (["run", "{prog}", "--image", "{image}", "--input", "C={short}"], 1, "shape"),
    "text as array": (
        ["run", "{prog}", "--image", "{image}", "--input", "C={fake}"],
        1,
        "does not begin as a .npy array",
    ),
    "array of objects": (["run", "{prog}", "--image", "{image}", "--input", "C={objects}"], 1, "holds Python objects"),
    "pickle as array": (["run", "{prog}", "--image", "{image}", "--input", "C={pickle}"], 1, "not a .npy array"),
    "cut array": (["run", "{prog}", "--image", "{image}", "--input", "C={cutarray}"], 1, "its header"),
    "words as array": (["run", "{prog}", "--image", "{image}", "--input", "C={words}"], 1, "plain numeric array"),
    "missing array": (["run", "{prog}", "--image", "{image}", "--input", "C={dir}/no.npy"], 1, "no.npy: no such file"),
    "array as image": (["run", "{prog}", "--image", "{short}"], 1, "crop and scale it with --resize"),
    "size of an array": (["run", "{prog}", "--image", "{image}", "--input", "C={short}"], 1, "--size HxW"),
    "empty output folder": (["run", "{prog}", "--image", "{image}", "--out", ""], 1, "the output folder has no name"),
    "empty program name": (["run", "", "--image", "{image}"], 1, "the name of the program is empty"),
    "endless program name": (["list", "x" * 5000], 1, "no such file, and no kernel of the library"),
    "standard input twice": (["check", "-", "-"], 1, "can be read once"),
    "instruction that is none": (["isa", "nosuch"], 2, "unknown instruction 'nosuch'; scamp-sim isa lists them"),
    "errors before images": (["run", "{prog}", "--image", "{cut}", "--errors", "foo"], 2, "profile 'foo'; known"),
    "prices without rows": (["run", "{prog}", "--timing", "{norows}"], 1, "needs 'name' and 'rows', a list of prices"),
    "output folder is a file": (["run", "{prog}", "--image", "{image}", "--out", "{prog}"], 1, "is a file"),
    "output below a file": (["run", "{prog}", "--image", "{image}", "--out", "{prog}/x"], 1, "is a file"),
    "odd size": (["run", "{prog}", "--image", "{image}", "--size", "100x256"], 2, "multiples of 64"),
    "unknown errors": (["run", "{prog}", "--image", "{image}", "--errors", "idael"], 2, "ideal"),
    "unknown timing": (["run", "{prog}", "--image", "{image}", "--timing", "scamp5"], 2, "did you mean 'scamp5d'"),
    "unknown engine": (["run", "{prog}", "--image", "{image}", "--engine", "quick"], 2, "invalid choice"),
    "size without x": (["run", "{prog}", "--image", "{image}", "--size", "big"], 2, "HxW"),
    "seed is a word": (
        ["run", "{prog}", "--image", "{image}", "--seed", "x"],
        2,
        "expected an integer in 0..4294967295, got 'x'",
    ),
    "unknown command": (["walk"], 2, "unknown command 'walk'"),
    "a kernel as a command": (["edges"], 2, "to run the program: scamp-sim run edges"),
    "a file as a command": (["{prog}"], 2, "to run the program: scamp-sim run "),
    "an option that nothing is like": (["list", "{prog}", "--out", "x"], 2, "unrecognized arguments: --out x\n"),
    "near command": (["chek"], 2, "did you mean 'check'"),
    "unknown option": (["run", "{prog}", "--imge", "{image}"], 2, "unrecognized arguments"),
    "demo into a file": (["demo", "--out", "{prog}"], 1, "is a file"),
    "list of nothing": (["list", "nothing-here"], 1, "no such file"),
}


@pytest.fixture
def things(tmp_path: Path, image: Path) -> dict[str, str]:
    files: dict[str, bytes] = {
        "prog.scamp": GOOD,
        "empty.scamp": b"",
        "latin.scamp": b"// caf\xe9\nmov(A, B);\n",
        "addd.scamp": b"addd(A, B, C);\n",
        "reg.scamp": b"mov(A, R13);\n",
        "table.scamp": b"param w[3] in {-1, 1};\nkernel k { for i in 0..3 { if w[i] > 0 { SET(R5); } } }\n",
        "cut.png": image.read_bytes()[:120],
        "fake.npy": b"no array",
        "pickle.npy": pickle.dumps([1]),
        "norows.json": b'{"name": "mine"}',
        "deep.json": b"[" * 3000 + b"]" * 3000,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    Image.fromarray(np.zeros((20, 10), np.uint8)).save(tmp_path / "small.png")
    np.save(tmp_path / "nan.npy", np.full((256, 256), np.nan))
    np.save(tmp_path / "short.npy", np.zeros((3, 3)))
    np.save(tmp_path / "objects.npy", np.array([{}, None], object), allow_pickle=True)
    np.save(tmp_path / "words.npy", np.array(["a", "b"]))
    (tmp_path / "cutarray.npy").write_bytes((tmp_path / "nan.npy").read_bytes()[:3000])
    found = {p.stem: str(p) for p in tmp_path.iterdir()}
    return {**found, "dir": str(tmp_path), "image": str(image)}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(
    case: str,
    things: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    argv, code, message = BAD[case]
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    argv = [a.format(**things) for a in argv]
    if argv[:1] == ["run"] and "--out" not in argv:
        argv += ["--out", str(tmp_path / "out")]
    assert cli.main(argv) == code
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert "Errno" not in captured.err
    assert "load it unsafely" not in captured.err
    assert len(captured.err) < 3000
    assert sorted(tmp_path.rglob("*")) == before, "nothing may be left behind"


@pytest.mark.parametrize(
    ("argv", "code", "kind"),
    [
        (["run", "{prog}"], 1, "ProgramError"),
        (["run", "{addd}"], 1, None),
        (["run", "{prog}", "--image", "{cut}"], 1, "PlaneError"),
        (["list", "nothing-here"], 1, "ProgramError"),
        (["list", "{addd}"], 1, None),
        (["isa", "nosuch"], 2, "ProgramError"),
        (["check", "-", "-"], 1, "ProgramError"),
        (["demo", "--out", "{prog}"], 1, "ScampError"),
    ],
)
def test_failure_as_json(
    argv: list[str], code: int, kind: str | None, things: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*(a.format(**things) for a in argv), "--format", "json"]) == code
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["ok"] is False
    if kind is None:
        assert document["diagnostics"][0]["code"] == "S201"
    else:
        assert document["error"]["type"] == kind
        assert document["error"]["message"] in captured.err


def test_output_folder_without_permission(
    program: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert run("run", program, "--image", image, "--out", tmp_path / "out") == 1
    assert "no permission" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# --- unexpected ends ------------------------------------------------------------------------------------------


def test_interrupt(
    program: Path, image: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "carry_out", interrupted)
    assert run("run", program, "--image", image) == 130


def test_no_command_shows_help_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {c.name} " in text for c in OWN)
    assert "\nexamples:\n  scamp-sim demo\n" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("command", OWN, ids=lambda c: c.name)
def test_every_command_has_help_and_examples(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([command.name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: scamp-sim {command.name}")
    assert f"\nexamples:\n  scamp-sim {command.name}" in text


def test_help_imports_no_command() -> None:
    code = (
        "import sys; from scamp_sim.cli.main import main; main(['--help']); "
        "print([m for m in sys.modules if m.startswith('scamp_sim.cli.commands.') or m in ('numpy', 'numba')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_internal_error_is_one_line(
    program: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(check_command, "load_program", broken)
    monkeypatch.delenv("SCAMP_SIM_DEBUG", raising=False)
    assert run("check", program) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "ZeroDivisionError" in message
    assert "please report it" in message
    monkeypatch.setenv("SCAMP_SIM_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run("check", program)


# --- as a process ---------------------------------------------------------------------------------------------


def shell(*argv: str, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scamp_sim.cli.main", *argv]
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, **more
    )
    return done


def test_version() -> None:
    done = shell("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "scamp-sim")


def test_reader_that_goes_away() -> None:
    command = f"{sys.executable} -m scamp_sim.cli.main isa | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
@pytest.mark.parametrize("command", ["isa", "list sobel", "run threshold --image {image} --format json"])
def test_closed_output(command: str, closed: str, image: Path) -> None:
    line = f"{sys.executable} -m scamp_sim {command.format(image=image)} {closed}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_closed_input() -> None:
    line = f"{sys.executable} -m scamp_sim run - <&-"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "standard input is closed" in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_full_disk() -> None:
    line = f"{sys.executable} -m scamp_sim isa > /dev/full"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("scamp-sim: error: No space left on device")
    assert done.stderr.count("\n") == 1


def test_module_as_a_program() -> None:
    done = subprocess.run([sys.executable, "-m", "scamp_sim", "--version"], capture_output=True, text=True, check=False)
    assert done.stdout.split()[0] == "scamp-sim"


def test_failure_of_a_process(tmp_path: Path) -> None:
    done = shell("run", "absent.scamp", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("scamp-sim: error: absent.scamp: no such file")
    assert done.stdout == ""


def test_import_stays_light() -> None:
    heavy = ("numba", "PIL", "rich", "lark", "matplotlib")
    code = f"import sys, scamp_sim; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert scamp_sim.__doc__


def test_files_of_another_name_are_not_offered(tmp_path: Path) -> None:
    """What two names have in common must be more than their ending."""
    for name in ("main.cpp", "edges.scamp", "net.npz"):
        (tmp_path / name).write_text("")
    for name, near in (
        ("edgs.scamp", "edges.scamp"),
        ("Edges.scamp", "edges.scamp"),
        ("main", "main.cpp"),
        ("main.cp", "main.cpp"),
        ("net.cpp", ""),
        ("note.scamp", ""),
        ("net", ""),
    ):
        assert nearest_file(tmp_path / name, PROGRAMS) == (f"; did you mean '{near}'?" if near else ""), name
    assert nearest_file(tmp_path / "edgs.cpp", CPP) == ""
    assert nearest_file(tmp_path / "none" / "main.cpp", PROGRAMS) == ""
