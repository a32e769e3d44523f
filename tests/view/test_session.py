"""What the page is told, without a server: runs, moments, moves, costs, and all that can be wrong with a wish."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine, ProgramError, assemble
from scamp_sim.compiler.native import has_compiler
from scamp_sim.costs.timing import load_timing
from scamp_sim.exceptions import ScampError
from scamp_sim.view.networks import asked_of
from scamp_sim.view.opening import subject_of
from scamp_sim.view.pictures import Pictures
from scamp_sim.view.records import Wish
from scamp_sim.view.scenes import PERIOD, SCENES, scene
from scamp_sim.view.session import Session, StaleError
from scamp_sim.view.wishes import wish_of
from tests.view.programs import EDGES, HOSTILE, SHAPE, long_text, session, written

CHIP = Wish(errors="scamp5", chip=7, seed=2)


def looked(s: Session, revision: str, to: Any, have: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what is said, planes by name) of a moment, however long the way."""
    while True:
        said, data = s.look(revision, to, have)
        if not said.get("pending"):
            break
        to = said["n"]
    body, planes = b"".join(data), {}
    for row in said["planes"]:
        if "offset" in row:
            raw = np.frombuffer(body, row["type"], row["bytes"] // np.dtype(row["type"]).itemsize, row["offset"])
            planes[row["name"]] = raw.reshape(row["shape"])
    return said, planes


def test_a_run_tells_all_that_the_page_shows(tmp_path: Path) -> None:
    found = session(written(tmp_path)).run(Wish(frames=3))
    assert found["ok"]
    assert found["title"] == "mine"
    assert [f["title"] for f in found["frames"]] == ["scene 1", "scene 2", "scene 3"]
    assert found["frames"][0]["start"] == 0
    assert found["frames"][-1]["end"] == found["length"] == 3 * found["frames"][0]["end"]
    assert [(p["name"], p["value"], p["low"], p["high"], p["choices"]) for p in found["sliders"]] == [
        ("level", 12, 0, 127, ()),
        ("mode", 1, None, None, (0, 1, 2)),
    ]
    (text,) = found["texts"]
    assert text["editable"]
    assert text["text"] == EDGES
    assert found["registers"] == ["A", "B", "E", "F", "NEWS", "PIX", "R5", "FLAG"]
    assert found["outputs"] == {"edges": "R5", "total": "B"}


def test_costs_beside_the_lines_are_those_of_profile(tmp_path: Path) -> None:
    path = written(tmp_path)
    found = session(path).run(Wish())["account"]
    lines = found["lines"][str(path)]
    assert lines[7][:2] == [5, pytest.approx(0.5)]  # get_image is five words of 0.1 us
    run = Machine(SHAPE).run(assemble(path), {"image": scene(SHAPE)})
    assert found["words"] == run.profile.words == sum(row[0] for row in lines.values())
    assert found["us"] == pytest.approx(run.profile.time_us)
    assert sum(row[1] for row in lines.values()) == pytest.approx(run.profile.time_us)
    assert sum(part[2] for part in found["parts"]) == pytest.approx(run.profile.time_us)
    assert max(start + us for _, _, start, us, _ in found["spans"]) == pytest.approx(run.profile.time_us)
    assert found["stored"] == 14
    assert [(k["name"], k["words"], k["launches"]) for k in found["kernels"]] == [("find", 14, 1)]


@pytest.mark.parametrize("wish", [Wish(frames=2), Wish(frames=2, errors="scamp5", chip=7, seed=2)])
def test_every_moment_shows_what_a_debugger_shows(tmp_path: Path, wish: Wish) -> None:
    path = written(tmp_path)
    s = session(path)
    found = s.run(wish)
    station = "chip" if wish.errors != "ideal" else "ideal"
    m = Machine(SHAPE, wish.errors, chip=wish.chip, seed=wish.seed)
    program, moment = assemble(path), 0
    for frame in range(2):
        m.load(program, {"image": scene(SHAPE, frame)})
        while True:
            moment += 1
            _, planes = looked(s, found["revision"], moment)
            for register in found["registers"]:
                assert np.array_equal(planes[f"{station}/{register}"], m.read(register)), (moment, register)
            if m.step() is None:
                break
            assert not m.finished or frame == 0 or moment <= found["length"]
    assert moment == found["length"]


def test_backwards_the_planes_are_those_of_forwards(tmp_path: Path) -> None:
    s = session(written(tmp_path))
    found = s.run(CHIP)
    forwards = [looked(s, found["revision"], n)[1] for n in range(found["length"] + 1)]
    for n in range(found["length"], -1, -1):
        _, planes = looked(s, found["revision"], n)
        assert planes.keys() == forwards[n].keys()
        for name, plane in planes.items():
            assert np.array_equal(plane, forwards[n][name]), (n, name)


def test_planes_that_the_page_has_are_not_sent_again(tmp_path: Path) -> None:
    s = session(written(tmp_path))
    revision = s.run(Wish())["revision"]
    said, _ = looked(s, revision, 6)
    have = {row["name"]: row["mark"] for row in said["planes"]}
    said, planes = looked(s, revision, 7, have)
    assert 0 < len(planes) <= 2  # what one word writes
    assert looked(s, revision, 7, {r["name"]: r["mark"] for r in said["planes"]})[1] == {}


def test_a_moment_is_told_in_words(tmp_path: Path) -> None:
    path = written(tmp_path)
    s = session(path)
    found = s.run(CHIP)
    said, _ = looked(s, found["revision"], 0)
    assert (said["done"], said["next"]) == ("", "mine is loaded, image to PIX")
    said, _ = looked(s, found["revision"], 1)
    assert said["done"] == "mine is loaded, image to PIX"
    assert said["next"] == "scamp5_in(E, 13, NEWS)"
    said, _ = looked(s, found["revision"], 2)
    assert said["at"][:2] == [str(path), 16]
    said, _ = looked(s, found["revision"], 3)
    assert (said["kernel"], said["kernel_word"], said["macros"]) == ("find", 1, ["get_image"])
    assert said["at"][:2] == [str(path), 7]
    said, _ = looked(s, found["revision"], found["length"])
    assert said["next"] == ""
    assert said["us"] == pytest.approx(found["account"]["us"])
    assert [(station, name) for station, name, _ in said["results"]] == [("ideal", "total"), ("chip", "total")]


def test_moves_by_line(tmp_path: Path) -> None:
    path = written(tmp_path)
    s = session(path)
    found = s.run(Wish(frames=2))
    revision, length = found["revision"], found["length"]
    stops = [0]
    lines = []
    while stops[-1] < length:
        said, _ = looked(s, revision, {"from": stops[-1], "move": "line"})
        stops.append(said["n"])
        lines.append(said["coming"][1] if said["coming"] else 0)
    one = [16, 7, 8, 9, 10, 11, 12, 13, 18, 19, 0]
    assert lines == one * 2  # 0: between frames, and at the end
    back = [length]
    while back[-1] > 0:
        back.append(looked(s, revision, {"from": back[-1], "move": "back"})[0]["n"])
    assert back == stops[::-1]
    said, _ = looked(s, revision, {"from": 0, "move": "at", "at": [str(path), 9]})
    assert said["at"][1] == 9
    assert said["coming"][1] == 10
    again, _ = looked(s, revision, {"from": said["n"], "move": "at", "at": [str(path), 9]})
    assert again["n"] > said["n"]  # that of the second frame
    with pytest.raises(ProgramError, match="does nothing"):
        looked(s, revision, {"from": 0, "move": "at", "at": [str(path), 1]})


def test_a_slider_runs_again_and_nonsense_is_refused(tmp_path: Path) -> None:
    s = session(written(tmp_path))
    first = s.run(Wish())
    second = s.run(Wish(params={"level": 60}))
    assert second["revision"] != first["revision"]
    assert second["sliders"][0]["value"] == 60
    with pytest.raises(StaleError):
        s.look(first["revision"], 3)
    for value in (500, "x", [1, 2], None, 1.5, {"a": 1}, True, 10**400, -1):
        refused = s.run(Wish(params={"level": value}))
        assert not refused["ok"] or value is True, value
        assert refused["error"] or refused["diagnostics"] or value is True
    assert s.run(Wish())["revision"] == first["revision"]


def test_a_parameter_that_the_text_has_no_more_is_left_out(tmp_path: Path) -> None:
    s = session(written(tmp_path))
    shorter = EDGES.replace("param mode = 1 in {0, 1, 2};\n", "").replace(" + mode", "")
    found = s.run(Wish(text=shorter, params={"level": 20, "mode": 2}))
    assert found["ok"], found
    assert [p["name"] for p in found["sliders"]] == ["level"]


def test_what_the_user_types_is_assembled_or_explained(tmp_path: Path) -> None:
    path = written(tmp_path)
    s = session(path)
    good = s.run(Wish(text=EDGES.replace("sub(B, A, left)", "add(B, A, left)")))
    assert good["ok"]
    bad = s.run(Wish(text=EDGES.replace("sub(B, A, left)", "subb(B, A, left)")))
    assert not bad["ok"]
    (told,) = bad["diagnostics"]
    assert (told["line"], told["code"], told["file"]) == (9, "S201", str(path))
    assert bad["texts"][0]["text"].count("subb") == 1
    looked(s, good["revision"], 3)  # what ran before is still there
    assert path.read_text() == EDGES
    for text in ("", "\0", "kernel", "{" * 3000, "\u202e\ud7ff", "a" * 100_000):
        assert not s.run(Wish(text=text))["ok"]
    assert "at most" in s.run(Wish(text="a" * 2_000_000))["error"] or not s.run(Wish(text="a" * 2_000_000))["ok"]


def test_nothing_outside_the_folder_is_included_or_shown(tmp_path: Path) -> None:
    (tmp_path / "secret.scamp").write_text("kernel hidden_name { mov(A, B); }\n")
    folder = tmp_path / "own"
    folder.mkdir()
    s = session(written(folder))
    for name in ("../secret.scamp", str(tmp_path / "secret.scamp"), "/etc/passwd", "/dev/zero", "\\\\host\\share"):
        found = s.run(Wish(text=f'include "{name}";\n{EDGES}'))
        assert not found["ok"], name
        assert "hidden_name" not in repr(found)
        assert "root:" not in repr(found)


def test_wishes_from_json_are_looked_at() -> None:
    assert wish_of({"errors": "scamp5", "chip": 3}) == Wish(errors="scamp5", chip=3)
    for document, says in (
        ([], "object"),
        ({"texts": ""}, "texts"),
        ({"text": 3}, "text"),
        ({"params": [1]}, "params"),
        ({"chip": "7"}, "chip"),
        ({"text": "\ud800"}, "surrogate"),
    ):
        with pytest.raises(ProgramError, match=says):
            wish_of(document)


def test_what_no_page_asks_is_refused(tmp_path: Path) -> None:
    s = session(written(tmp_path))
    for wish in (
        Wish(errors="/etc/passwd"),
        Wish(errors="../x.json"),
        Wish(errors="nonsense"),
        Wish(errors="scamp5:nonsense=1"),
        Wish(errors="scamp5:write_noise=nan"),
        Wish(chip=-1),
        Wish(seed=1 << 40),
        Wish(picture="given"),
        Wish(picture="../../etc/passwd"),
        Wish(frames=0),
        Wish(frames=10**9),
    ):
        found = s.run(wish)
        assert not found["ok"], wish
        assert found["error"], wish
    revision = s.run(Wish())["revision"]
    for to in (
        "x",
        None,
        [1],
        {"from": 1},
        {"from": "1", "move": "line"},
        {"from": 1, "move": "at", "at": 3},
        True,
        1.5,
    ):
        with pytest.raises(ScampError):
            s.look(revision, to)
    assert looked(s, revision, -5)[0]["n"] == 0
    assert looked(s, revision, 10**9)[0]["n"] == s.run(Wish())["length"]
    with pytest.raises(ProgramError, match="frame"):
        s.costs(revision, 9)


def test_a_chip_that_cannot_be_made_leaves_the_run_that_is_there(tmp_path: Path) -> None:
    profile = tmp_path / "own.json"
    profile.write_text('{"name": "own", "shape": [128, 128], "knobs": {"write_noise": 1}}', encoding="utf-8")
    s = Session(subject_of(str(written(tmp_path)), {}), Pictures(()), load_timing("scamp5d"), (str(profile),), SHAPE)
    found = s.run(Wish())
    _, before = looked(s, found["revision"], found["length"])
    refused = s.run(Wish(errors=str(profile)))
    assert "array of 128x128" in refused["error"]
    said, after = looked(s, found["revision"], found["length"])
    assert said["n"] == found["length"]
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert before["ideal/A"].any()


def test_a_long_way_is_gone_in_parts(tmp_path: Path) -> None:
    s = session(written(tmp_path, long_text(70, 3)))
    found = s.run(CHIP)
    assert found["length"] > 2_500
    said, data = s.look(found["revision"], found["length"], patience=0.01)
    assert said["pending"]
    assert 0 <= said["at"] < found["length"]
    assert data == []
    looked(s, found["revision"], found["length"])


def test_hostile_texts_are_only_texts(tmp_path: Path) -> None:
    path = written(tmp_path, HOSTILE, '<img src=x onerror="alert(1)">.scamp'.replace("/", ""))
    found = session(path).run(Wish())
    assert found["ok"]
    assert found["texts"][0]["text"] == HOSTILE


def test_a_file_that_changes_goes_or_becomes_unreadable(tmp_path: Path) -> None:
    path = written(tmp_path)
    s = session(path)
    first, stamp = s.run(Wish()), s.subject.stamp()
    path.write_text(EDGES.replace("level = 12", "level = 33"))
    assert s.subject.stamp() not in (stamp, "")
    assert s.run(Wish())["sliders"][0]["value"] == 33
    path.write_bytes(b"\xff\xfe\x00 not text")
    assert "not UTF-8" in s.run(Wish())["diagnostics"][0]["message"]
    path.unlink()
    assert s.subject.stamp() == ""
    gone = s.run(Wish())
    assert not gone["ok"]
    assert s.run(Wish(text=EDGES))["ok"]  # what the page holds still runs
    assert first["ok"]


def test_an_included_file_that_changes_is_assembled_again(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    inner = tmp_path / "steps" / "one.scamp"
    inner.write_text("const LEVEL = 5;\n")
    path = written(tmp_path, 'include "steps/one.scamp";\nprogram { scamp5_in(E, LEVEL); output e = E; }\n')
    s = session(path)

    def level() -> float:
        found = s.run(Wish())
        assert s.run(Wish())["revision"] == found["revision"]
        assert found["around"] == s.subject.around()
        _, planes = looked(s, found["revision"], found["length"])
        return float(planes["ideal/E"][0, 0])

    assert level() == 5
    before = s.subject.around()
    inner.write_text("const LEVEL = 50;\n")
    assert s.subject.around() != before
    assert level() == 50
    inner.unlink()
    refused = s.run(Wish())
    assert not refused["ok"]
    assert "one.scamp" in refused["diagnostics"][0]["message"]
    inner.write_text("const LEVEL = 7;\n")
    assert level() == 7


def test_exports_draw_the_ideal_array_and_the_chip_on_one_scale(tmp_path: Path) -> None:
    """So that what differs in grey differs in value, as on the page."""
    from scamp_sim.view import exports

    s = session(written(tmp_path))
    found = s.run(Wish(errors="scamp5", chip=7))
    page = exports.state(s, found["revision"], found["length"])
    of_ideal, of_chip, _ = page.split('<div class="shots">')[1:4]
    for name in ("A", "B", "E"):
        scales = [
            re.search(rf"<b>{name}</b><br>[^<]*<br>(black [^<,]*, white [^<,]*)", part) for part in (of_ideal, of_chip)
        ]
        assert scales[0] is not None
        assert scales[1] is not None
        assert scales[0][1] == scales[1][1], name
    assert exports.sheet(s, found["revision"], found["length"]).startswith(b"\x89PNG")


def test_a_header_that_changes_is_built_again(tmp_path: Path) -> None:
    from scamp_sim.view.live import LiveSubject

    (tmp_path / "main.cpp").write_text('#include "level.h"\nint main() {}\n')
    (tmp_path / "level.h").write_text("#define LEVEL 3\n")
    subject = LiveSubject(tmp_path / "main.cpp")
    stamp, around = subject.stamp(), subject.around()
    (tmp_path / "level.h").write_text("#define LEVEL 30\n")
    assert subject.stamp() == stamp
    assert subject.around() != around


def test_saving_writes_the_file_unless_somebody_else_did(tmp_path: Path) -> None:
    path = written(tmp_path)
    s = session(path)
    stamp = s.subject.stamp()
    stamp = s.subject.save(EDGES + "// more\n", stamp)
    assert path.read_text() == EDGES + "// more\n"
    path.write_text("// theirs\n")
    with pytest.raises(ProgramError, match="changed on the disk"):
        s.subject.save(EDGES, stamp)
    assert path.read_text() == "// theirs\n"
    library = session("edges")
    with pytest.raises(ProgramError, match="cannot be written"):
        library.subject.save("x", library.subject.stamp())


@pytest.mark.parametrize("name", ["edges", "depthwise16", "frame_difference"])
def test_kernels_of_the_library(name: str) -> None:
    s = session(name, size=None)
    found = s.run(Wish())
    assert found["ok"], found
    said, planes = looked(s, found["revision"], found["frames"][0]["end"])
    assert said["n"] == found["length"]
    assert planes


def test_plain_calls_of_the_sdk_are_edited_like_texts(tmp_path: Path) -> None:
    text = "scamp5_kernel_begin();\n  get_image(A);\n  movx(B, A, east);\nscamp5_kernel_end();\n"
    s = session(written(tmp_path, text, "calls.hpp"))
    found = s.run(Wish())
    assert found["ok"], found
    assert found["texts"][0]["editable"]
    assert found["account"]["lines"][found["texts"][0]["name"]]
    assert not s.run(Wish(text=text.replace("movx", "mooovx")))["ok"]


CPP = """\
#include <scamp5.hpp>
using namespace SCAMP5_PE;
int main() {
    vs_init();
    auto display = vs_gui_add_display("edges", 0, 0);
    int level = 10;
    vs_gui_add_slider("level", 0, 100, 10, &level);
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin(); get_image(A); movx(B, A, east); sub(C, A, B); scamp5_kernel_end();
        scamp5_in(D, level);
        scamp5_output_image(C, display);
        scamp5_output_image(D);
    }
}
"""


@pytest.mark.skipif(not has_compiler(), reason="no C++ compiler here")
def test_cpp_programs(tmp_path: Path) -> None:
    s = session(written(tmp_path, CPP, "main.cpp"))
    found = s.run(Wish(frames=2))
    assert found["ok"], found
    assert len(found["frames"]) == 2
    assert [(p["name"], p["value"], p["low"], p["high"]) for p in found["sliders"]] == [("level", 10, 0, 100)]
    assert not found["texts"][0]["editable"]
    assert "scamp5_frame" not in found["texts"][0]["text"]
    assert found["outputs"] == {"edges": "C", "output_image": "D"}  # the display has its label
    assert "main is loaded" in [looked(s, found["revision"], n)[0]["next"] for n in range(3)]
    end = found["frames"][1]["end"]
    said, planes = looked(s, found["revision"], end)
    assert said["frame"] == 1
    m = Machine(SHAPE)
    m.run(assemble("get_image(A); movx(B, A, east); sub(C, A, B);"), {})
    m.expose(scene(SHAPE, 1))
    m.run(assemble("get_image(A); movx(B, A, east); sub(C, A, B);"))
    assert np.allclose(planes["ideal/C"], m.read("C"), atol=1e-3)
    moved = s.run(Wish(frames=2, params={"level": 77}))
    assert moved["ok"], moved
    _, planes = looked(s, moved["revision"], moved["frames"][1]["end"])
    assert (planes["ideal/D"] == 77).all()
    assert (planes["ideal/>output_image"] == 128 + 77).all()
    assert "ideal/>edges" in planes
    refused = s.run(Wish(text=CPP))
    assert "from the disk" in refused["error"]
    broken = written(tmp_path, CPP.replace("vs_init();", "vs_init()"), "main.cpp")
    found = s.run(Wish())
    assert not found["ok"]
    assert found["diagnostics"][0]["file"].endswith(broken.name)


@pytest.mark.parametrize("name", ["snn", "p2m"])
def test_networks(name: str) -> None:
    s = session(name, size=None)
    errors = "scamp5" if name == "snn" else "ideal"
    found = s.run(Wish(errors=errors, chip=3))
    assert found["ok"], found
    assert found["sliders"][0]["name"] == "on"
    end = found["frames"][0]["end"]
    said, planes = looked(s, found["revision"], end)
    assert {n.partition("/")[0] for n in planes} == ({"ideal", "chip"} if name == "snn" else {"ideal"})
    assert said["us"] == pytest.approx(found["account"]["us"])
    assert any(found["account"]["lines"].values())
    other = s.run(Wish(errors=errors, chip=3, params={"example": 4}))
    assert other["ok"]
    assert other["revision"] != found["revision"]
    for params in ({"example": -1}, {"example": "x"}, {"on": "golden"}, {"on": 3}):
        assert s.run(Wish(params=params))["error"]


def test_a_network_shows_what_its_encoder_made() -> None:
    from scamp_sim.systems.base.protocol import Hardware, Realisation
    from scamp_sim.systems.base.registry import system

    snn = system("snn")
    on = Realisation(snn.default_on, snn.realisations[snn.default_on]()) if "scamp5" in snn.default_on else None
    on = on or next(Realisation(n, snn.realisations[n]()) for n in snn.realisations if n.startswith("scamp5"))
    args = asked_of(snn, on.name, "")
    encoder: Any = snn.build(snn.parameters(args), on, Hardware())
    args.seed = 2
    codes = encoder.encode(snn.read(None, encoder.takes, args).array, measurement=5).codes
    s = session("snn", size=None)
    found = s.run(Wish(seed=5, params={"example": 2, "on": on.name}))
    _, planes = looked(s, found["revision"], found["length"])
    shown = planes["ideal/>spikes"].astype(bool)
    assert np.array_equal(encoder.mapping.layout.gather(shown), codes)


def test_what_cannot_be_viewed_says_so(tmp_path: Path) -> None:
    written(tmp_path, name="mine.scamp")
    for file, says in (
        ("edgess", "did you mean 'edges'"),
        ("pixelrn", "did you mean 'pixelrnn'"),
        (str(tmp_path / "mine"), "did you mean 'mine.scamp'"),
        (str(tmp_path / "mien.scamp"), "did you mean 'mine.scamp'"),
        (str(tmp_path), "is a folder"),
        ("-", "shows files"),
        (str(tmp_path / "none.scamp"), "no such file"),
        ("x" * 5000, "no such file"),
        ("a\0b", "no such file"),
    ):
        with pytest.raises(ScampError, match=says):
            subject_of(file, {})
    with pytest.raises(ScampError, match="for networks"):
        subject_of("edges", {}, on="scamp5")
    binary = tmp_path / "binary.scamp"
    binary.write_bytes(struct.pack("<8d", *range(8)) + b"\xff\xfe")
    with pytest.raises(ScampError, match="UTF-8"):
        subject_of(str(binary), {})


@pytest.mark.parametrize("name", sorted(SCENES))
def test_scenes_are_the_same_every_time_and_move(name: str) -> None:
    picture = SCENES[name](SHAPE, 3)
    assert picture.shape == SHAPE
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, SCENES[name](SHAPE, 3))
    if name == "scene":
        assert not np.array_equal(picture, scene(SHAPE, 4))
        assert np.array_equal(scene(SHAPE, 0)[:32], scene(SHAPE, PERIOD)[:32])
        assert picture.min() < 30
        assert picture.max() > 220
