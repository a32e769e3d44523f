"""C++ programs from the command line."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import scamp_sim
from scamp_sim.cli.main import main

PROGRAM = """#include <scamp5.hpp>
using namespace SCAMP5_PE;
void work();
int main() {
    vs_init();
    int level = 20; bool saved = false;
    vs_gui_add_slider("level: ", -100, 100, level, &level);
    auto save = vs_gui_add_button("save");
    vs_on_gui_update(save, [&](int32_t) { saved = true; });
    auto edges = vs_gui_add_display("above", 0, 0);
    vs_led_on(VS_LED_1);
    while (1) {
        vs_frame_loop_control();
        work();
        scamp5_in(E, level);
        scamp5_kernel_begin();
            sub(B, A, E);
            where(B);
                MOV(R5, FLAG);
            all();
        scamp5_kernel_end();
        scamp5_output_image(R5, edges);
        if (saved) {
            scamp5_kernel_begin(); NOT(R6, R5); scamp5_kernel_end();
            scamp5_output_image(R6, edges);
            saved = false;
        }
        vs_post_text("level %d\\n", level);
    }
}
"""
WORK = """#include "scamp5.hpp"
using namespace SCAMP5_PE;
void work() { scamp5_kernel_begin(); get_image(A); scamp5_kernel_end(); }
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "main.cpp").write_text(PROGRAM)
    (tmp_path / "work.cpp").write_text(WORK)
    (tmp_path / "other.cpp").write_text("int main() { return 1; }\n")
    (tmp_path / "broken.cpp").write_text("this is no C++\n")
    clip = tmp_path / "clip"
    clip.mkdir()
    for number in range(2):
        grey = np.full((256, 256), 40 + 160 * number, np.uint8)
        Image.fromarray(grey).save(clip / f"f{number}.png")
    return tmp_path


def run(project: Path, *more: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(["run", str(project / "main.cpp"), "--image", str(project / "clip"), *more])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_frames_of_a_folder_with_settings_and_a_button(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(
        project,
        "--frames",
        "4",
        "--set",
        "level=50",
        "--press",
        "save@3",
        "--out",
        str(project / "out"),
        "--format",
        "json",
        capsys=capsys,
    )
    assert code == 0
    found = json.loads(out)
    frames = found["frames"]
    assert [f["image"] for f in frames] == ["f0.png", "f1.png", "f0.png", "f1.png"]
    # grey g gives a half-range picture g * 127 / 255: 20 and 100
    assert [f["displays"]["above"]["mean"] for f in frames] == [0, 1, 0, 1]
    assert [list(f["displays"]) for f in frames] == [["above"], ["above"], ["above", "above-2"], ["above"]]
    assert frames[2]["displays"]["above-2"]["mean"] == 1
    assert [f["texts"] for f in frames] == [["level 50\n"]] * 4
    # get_image 5, scamp5_in 2, sub 2, where 1, MOV 1, all 1; NOT 1 where the button was pressed
    assert [f["profile"]["words"] for f in frames] == [12, 12, 13, 12]
    picture = np.asarray(Image.open(project / "out" / "frame-2" / "above.png"))
    assert (picture == 255).all()
    left = found["left_out"]
    assert left["calls_without_effect"] == {"vs_led_on": 1}
    assert left["buttons_not_pressed"] == []
    assert left["kernels_not_reached"] == []
    assert {n["code"] for n in found["notes"]} == {"W622"}  # broken.cpp does not compile, and is not needed
    assert "broken.cpp" in err


def test_what_was_not_reached_is_listed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(project, capsys=capsys)
    assert code == 0
    line = PROGRAM.splitlines().index(next(x for x in PROGRAM.splitlines() if "NOT(R6" in x)) + 1
    assert f"kernels not reached: main.cpp:{line}" in out
    assert "buttons not pressed: save" in out
    assert "calls without effect on the array: vs_led_on (1)" in out
    assert f"main.cpp:{line}" in err
    assert "sub(B, A, E);" in out
    assert run(project, "--strict", capsys=capsys)[0] == 1


@pytest.mark.parametrize(
    ("code", "options", "says"),
    [
        (2, ["--set", "levle=3"], "did you mean 'level:"),
        (2, ["--set", "level=300"], "goes from -100 to 100"),
        (2, ["--set", "level"], "write LABEL=VALUE"),
        (2, ["--press", "load@1"], "(it has: 'save')"),
        (2, ["--press", "save"], "LABEL@FRAME"),
        (2, ["--frames", "0"], "expected an integer in 1.."),
        (2, ["--timeout", "-1"], "--timeout: expected a finite number"),
        (1, ["-I", "nowhere"], "no such folder"),
        (1, ["--files", "nowhere"], "nowhere"),
        (1, ["--cxx", "no-such-compiler"], "does not run"),
        (2, ["--input", "a=b"], "--input is for kernel files"),
        (2, ["--size", "512x512"], "8 bits"),
    ],
)
def test_bad_requests(
    code: int, project: Path, options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, out, err = run(project, *options, capsys=capsys)
    assert found == code
    assert says in err
    assert "Traceback" not in err
    assert "words" not in out


def test_two_mains_are_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(project / "main.cpp"), str(project / "other.cpp")]) == 1
    assert "a main in" in capsys.readouterr().err


def test_options_of_cpp_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "edges", "--press", "record@3"]) == 2
    assert "--press is for C++ programs" in capsys.readouterr().err


def test_no_compiler_says_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from scamp_sim.compiler.native.toolchain import compilers

    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(compilers, "_zig", lambda: ())
    code, out, err = run(project, capsys=capsys)
    assert code == 1
    assert "install g++ or clang++" in err
    assert 'pip install "scamp-sim[cxx]"' in err
    assert out == ""


def test_building_alone_runs_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(project, "--no-run", capsys=capsys)
    assert code == 0
    assert "built with" in out
    assert "not run" in out


def test_hostile_labels_stay_in_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "main.cpp"
    path.write_text(
        "#include <scamp5.hpp>\nusing namespace SCAMP5_PE;\nint main() {\n"
        'auto d = vs_gui_add_display("../../x/y", 0, 0);\n'
        "vs_frame_loop_control(); scamp5_output_image(A, d); scamp5_output_image(A, 99); scamp5_output_image(A); }\n"
    )
    assert main(["run", str(path), "--out", str(tmp_path / "out")]) == 0
    written = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.png")}
    assert written == {"out/x_y.png", "out/display_99.png", "out/output_image.png", "out/contact-sheet.png"}
    assert "there is no display 99" in capsys.readouterr().err


def test_nothing_that_was_read_is_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = (project / "main.cpp").read_text()
    code, _, err = run(project, "--trace", str(project / "main.cpp"), capsys=capsys)
    assert code == 1
    assert "this command has read that file" in err
    assert (project / "main.cpp").read_text() == source
    photo = project / "above.png"
    Image.fromarray(np.full((256, 256), 9, np.uint8)).save(photo)
    before = photo.read_bytes()
    assert main(["run", str(project / "main.cpp"), "--image", str(photo), "--out", str(project)]) == 1
    assert "this command has read that file" in capsys.readouterr().err
    assert photo.read_bytes() == before


def test_a_file_without_main_is_no_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "kernels.cpp"
    path.write_text(
        "#include <scamp5.hpp>\nusing namespace SCAMP5_PE;\n"
        "void f() { scamp5_kernel_begin(); res(A); scamp5_kernel_end(); }\n"
    )
    for command in ("run", "profile", "ranges", "export"):
        assert main([command, str(path)]) == 1
        said = capsys.readouterr()
        assert "holds functions of C++" in said.err
        assert said.out == ""
    assert main(["list", str(path)]) == 0
    assert "bus(A, NEWS)" in capsys.readouterr().out


def test_pictures_that_nobody_gave_are_missed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(project / "main.cpp")]) == 0
    assert "the array saw darkness" in capsys.readouterr().err


FILM = """\
#include <scamp5.hpp>
using namespace SCAMP5_PE;
int main() {
    vs_init();
    auto grey = vs_gui_add_display("grey", 0, 0);
    auto dots = vs_gui_add_display("dots", 0, 1);
    auto box = vs_gui_add_display("box", 0, 2);
    while (1) {
        vs_frame_loop_control();
        scamp5_in(E, 30);
        scamp5_kernel_begin(); get_image(A); sub(B, A, E); where(B); MOV(R5, FLAG); all(); scamp5_kernel_end();
        scamp5_output_image(A, grey);
        scamp5_output_events(R5, dots, 10);
        scamp5_output_boundingbox(R5, box);
    }
}
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that shows a picture, a list and a box, run on a square that moves; what it left behind."""
    folder = tmp_path_factory.mktemp("film")
    (folder / "film.cpp").write_text(FILM)
    frames = np.zeros((3, 64, 64), np.float32)
    for n in range(3):
        frames[n, 20:30, 8 * n : 8 * n + 8] = 200
    np.save(folder / "clip.npy", frames)
    argv = ["run", folder / "film.cpp", "--image", folder / "clip.npy", "--size", "64x64", "--fps", "10", "--planes"]
    argv += ["--out", folder / "out", "--video", folder / "o.gif", "--trace", folder / "t.json"]
    assert main([str(a) for a in argv]) == 0
    return folder


def test_frames_of_a_program_leave_a_strip_tables_and_a_trace(film: Path) -> None:
    out = film / "out"
    assert {p.name for p in out.iterdir()} == {
        *(f"frame-{n}" for n in (1, 2, 3)),
        "film-strip.png",
        "frames.csv",
        "events.csv",
    }
    # of the registers, those that it writes
    assert {p.name for p in (out / "frame-2").iterdir()} == {
        *(f"{name}.png" for name in ("A", "B", "E", "R5", "grey", "contact-sheet")),
        "values.json",
    }
    rows = list(csv.DictReader((out / "frames.csv").read_text().splitlines()))
    assert [row["frame"] for row in rows] == ["1", "2", "3"]
    assert [row["image"] for row in rows] == ["clip.npy#1", "clip.npy#2", "clip.npy#3"]
    # chip columns count from the right: the left side of the picture has the larger number
    assert [(r["box.top"], r["box.left"], r["box.bottom"], r["box.right"]) for r in rows] == [
        ("20", str(63 - 8 * n), "29", str(56 - 8 * n)) for n in range(3)
    ]
    events = list(csv.DictReader((out / "events.csv").read_text().splitlines()))
    assert [e["frame"] for e in events] == [n for n in "123" for _ in range(10)]
    assert all(20 <= int(e["row"]) < 30 and e["output"] == "dots" for e in events)
    spans = [e for e in json.loads((film / "t.json").read_text())["traceEvents"] if e["ph"] == "X"]
    assert {e["args"]["frame"] for e in spans} == {1, 2, 3}


def test_a_video_of_a_program_shows_what_it_saw_and_its_displays(film: Path) -> None:
    found = scamp_sim.frames(film / "o.gif")
    assert found.fps == pytest.approx(10)
    frames = list(found)
    assert len(frames) == 3
    assert frames[0].shape == (64, 64 + 8 + 64)
    for n, frame in enumerate(frames):
        assert frame[25, 8 * n + 4] == pytest.approx(200, abs=1)
        assert frame[50, 40] == 0
        assert frame[25, 72 + 8 * n + 4] == pytest.approx(128 + 100, abs=2)


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ("gry", "no such picture; did you mean 'grey'? (pictures of frame 1: image, grey, sheet)"),
        ("A", "A is a register; --planes adds those that the program writes"),
        ("dots", "no such picture (pictures"),
    ],
)
def test_pictures_that_a_video_of_a_program_cannot_have(
    of: str, said: str, film: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(film)
    argv = ["run", "film.cpp", "--image", "clip.npy", "--size", "64x64", "--video", "none.gif", "--video-of", of]
    assert main(argv) == 2
    assert said in capsys.readouterr().err
    assert not Path("none.gif").exists()
