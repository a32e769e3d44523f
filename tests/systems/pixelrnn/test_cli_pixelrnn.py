"""The network from the command line: run, validate, report, and everything that can be wrong with a request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim.cli import main as cli
from scamp_sim.systems.base.protocol import Encoded
from scamp_sim.systems.base.study import work
from scamp_sim.systems.pixelrnn import golden, study
from scamp_sim.systems.pixelrnn.data import gestures
from scamp_sim.systems.pixelrnn.data.clips import read_clip, read_clips
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.report import plots
from scamp_sim.systems.pixelrnn.system import PixelRNN


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "w.npz"
    Weights.random(5, classes=9).save(path)
    return path


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    return gestures.clip("v/contract", seed=2)[0]


def run(*argv: object) -> int:
    return cli.main([str(a) for a in argv])


# --- run ----------------------------------------------------------------------------------------------------------


def test_run_writes_pictures_and_numbers(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run("run", "pixelrnn", "--weights", weights, "--clip", "spread/leftward", "--seed", 1, "--out", out) == 0
    text = capsys.readouterr().out
    assert "pixelrnn, macropixel: 16 frames of spread/leftward, drawn with seed 1" in text
    assert "4,096 values once in 16 frames, 4,096 bytes: 1/256 of the raw frames" in text
    assert "b, f, h and o equal the golden model" in text
    assert "labelled" in text
    assert sorted(p.name for p in out.iterdir()) == ["contact-sheet.png", "o.png"]
    assert np.asarray(Image.open(out / "o.png")).shape == (64, 64)
    assert np.asarray(Image.open(out / "contact-sheet.png")).shape[1] > 2000


def test_run_as_json(weights: Path, clip: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "clip.npy", clip)
    argv = ("run", "pixelrnn", "--weights", weights, "--clip", tmp_path / "clip.npy", "--format", "json")
    assert run(*argv, "--mapping", "blocks:lean") == 0
    document = json.loads(capsys.readouterr().out)
    expected = golden.encode(clip, Weights.load(weights))
    assert document["differs_from_golden"] == {"b": 0, "f": 0, "h": 0, "o": 0}
    assert document["output"]["values"] == document["output"]["bytes"] == 4096
    assert document["output"]["ratio_to_raw"] == 256
    assert document["output"]["max"] == expected.o.max()
    decoder = Weights.load(weights).decoder
    assert decoder is not None
    assert document["decoder"]["class"] == decoder.classify(expected.o)
    assert sum(s["words"] for s in document["steps"]) == document["frame"]["words"]
    assert document["weights"]["parameters"] == 501


def test_run_shows_what_the_published_mapping_does_otherwise(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "pixelrnn", "--weights", weights, "--clip", "flat/leftward", "--mapping", "blocks") == 0
    assert "values that differ from the golden model: " in capsys.readouterr().out


@pytest.mark.parametrize("mapping", ["macropixel", "blocks:lean"])
def test_run_with_the_front_end(
    mapping: str, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Full frames from an array, a drawing and an animation; small ones too; the scaling is a step of its own."""
    full = gestures.clip("v/contract", seed=2, size=256)[0]
    np.save(tmp_path / "full.npy", full)
    np.save(tmp_path / "small.npy", full[:, ::4, ::4])
    first, *others = [Image.fromarray(frame) for frame in full]
    first.save(tmp_path / "full.webp", save_all=True, append_images=others, lossless=True)
    argv = ("run", "pixelrnn", "--weights", weights, "--mapping", mapping, "--front-end", "--format", "json")
    outputs = []
    for clip in (tmp_path / "full.npy", tmp_path / "full.webp", "v/contract", tmp_path / "small.npy"):
        assert run(*argv, "--clip", clip, "--seed", 2) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["front_end"]
        assert document["steps"][0]["title"] == "front end"
        assert not any(document["differs_from_golden"].values())
        outputs.append(document["output"]["mean"])
    assert outputs[0] == outputs[2]
    assert read_clip(str(tmp_path / "full.webp"), front_end=True).array.shape == (16, 256, 256)
    assert run(*argv[:-2], "--clip", "v/contract", "--out", tmp_path / "out") == 0
    assert "front end: a step of its own, since the published 3.5 ms leave it out" in capsys.readouterr().out
    assert (tmp_path / "out" / "contact-sheet.png").exists()


def test_full_frames_without_the_front_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv: tuple[Any, ...]
    full = np.zeros((1, 16, 256, 256), np.uint8)
    np.save(tmp_path / "full.npy", full[0])
    np.savez(tmp_path / "full.npz", input=full)
    for argv in (("run", "pixelrnn", "--clip", "full.npy"), ("validate", "pixelrnn", "--clips", "full.npz")):
        assert run(*argv[:-1], tmp_path / argv[-1], "--weights", "random") == 1
        error = capsys.readouterr().err
        assert "the frames are 256x256" in error
        assert "--front-end" in error
    np.save(tmp_path / "odd.npy", np.zeros((16, 128, 128), np.uint8))
    argv = ("run", "pixelrnn", "--weights", "random", "--clip", tmp_path / "odd.npy")
    for more in ((), ("--front-end",)):
        assert run(*argv, *more) == 1
        assert "the frames are 128x128" in capsys.readouterr().err


def test_labels_beyond_the_decoder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Weights.random(1, classes=4).save(tmp_path / "four.npz")
    argv = ("run", "pixelrnn", "--weights", tmp_path / "four.npz", "--clip")
    assert run(*argv, "v/contract") == 1
    assert "the label of clip v/contract is 8, but the decoder of these weights has 4" in capsys.readouterr().err
    assert run(*argv, "flat/leftward") == 0
    assert "decoder  class " in capsys.readouterr().out


def test_bits_that_are_given_as_grey(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A note before the run, once, and no warning of the library in between."""
    bits = np.random.default_rng(1).random((2, 16, 64, 64)) < 0.5
    np.save(tmp_path / "clip.npy", bits[0].astype(np.uint8))
    np.savez(tmp_path / "clips.npz", input=bits.astype(np.uint8))
    for argv, name in (
        (("run", "pixelrnn", "--clip", tmp_path / "clip.npy"), "clip clip:"),
        (("validate", "pixelrnn", "--clips", tmp_path / "clips.npz", "--jobs", 2), "clip 0 (and 1 more of 2):"),
    ):
        assert run(*argv, "--weights", "random", "--format", "json") == 0
        captured = capsys.readouterr()
        note, alias = captured.err.splitlines()
        assert f"write: scamp-sim system {argv[0]} pixelrnn" in alias
        assert note == f"scamp-sim: note: {name} {golden.LOOKS_BINARY}"
        assert json.loads(captured.out)["notes"] == [f"{name} {golden.LOOKS_BINARY}"]
    np.save(tmp_path / "clip.npy", bits[0])
    assert run("run", "pixelrnn", "--weights", "random", "--clip", tmp_path / "clip.npy") == 0
    assert "0 and 1" not in capsys.readouterr().err


def test_folders_are_tried_before_the_run(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A disk that is read only has all permissions and takes no file."""

    def never(*args: object, **options: object) -> None:
        raise AssertionError("it runs")

    monkeypatch.setattr(study, "validate", never)
    monkeypatch.setattr(study, "make_encoder", never)
    clips = ("validate", "pixelrnn", "--weights", weights, "--clips", "synthetic:1")
    clip = ("run", "pixelrnn", "--weights", weights, "--clip", "v/contract")
    (tmp_path / "o.png").mkdir()
    assert run(*clip, "--out", tmp_path) == 1
    assert "o.png: it is a folder" in capsys.readouterr().err

    def read_only(**options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", read_only)
    for argv, option in (
        ((*clips, "--pictures", tmp_path / "new"), "--pictures"),
        ((*clip, "--out", tmp_path / "new"), "--out"),
        ((*clips, "--out", tmp_path / "r.json"), "choose another file"),
    ):
        assert run(*argv) == 1
        error = capsys.readouterr().err
        assert "read-only file system in" in error
        assert option in error
    assert [p.name for p in tmp_path.iterdir()] == ["o.png"]


def test_library_programs_run_as_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.full((256, 256), 90, np.uint8)).save(tmp_path / "grey.png")
    assert run("run", "threshold", "--image", tmp_path / "grey.png") == 0
    assert "threshold: cost of one run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "argv", "said"),
    [
        (2, ("threshold", "--weights", "w.npz"), "--weights belongs to the network"),
        (2, ("threshold", "--front-end"), "--front-end belongs to the network"),
        (2, ("pixelrnn", "--weights", "random:", "--clip", "v/leftward"), "write random:SEED"),
        (2, ("pixelrnn",), "pixelrnn needs --weights W.npz"),
        (2, ("pixelrnn", "--weights", "random"), "pixelrnn needs --clip CLIP"),
        (
            2,
            ("pixelrnn", "--weights", "random", "--clip", "v/leftward", "--image", "a.png"),
            "--image cannot be used with",
        ),
        (
            2,
            ("pixelrnn", "--weights", "random", "--clip", "v/leftward", "--dump-after", "3"),
            "--dump-after cannot be used with",
        ),
        (
            2,
            ("pixelrnn", "--weights", "random", "--clip", "v/leftward", "--size", "64x64"),
            "--size cannot be used with",
        ),
        (2, ("pixelrnn", "--weights", "random:x", "--clip", "v/leftward"), "write random:SEED"),
        (1, ("pixelrnn", "--weights", ".", "--clip", "v/leftward"), "weights .: is a folder"),
        (1, ("pixelrnn", "--weights", "none.npz", "--clip", "v/leftward"), "none.npz: no such file"),
        (1, ("pixelrnn", "--weights", "random", "--clip", "v/leftwards"), "did you mean 'v/leftward'"),
        (1, ("pixelrnn", "--weights", "random", "--clip", "nothing.npy"), "nothing.npy: no such file"),
        (1, ("pixelrnn", "--weights", "random", "--clip", ""), "the name of the clip is empty"),
        (2, ("pixelrnn", "--weights", "random", "--clip", "v/leftward", "--mapping", "block"), "did you mean 'blocks'"),
        (
            1,
            ("pixelrnn", "--weights", "random", "--clip", "v/leftward", "--mapping", "blocks:x"),
            "unknown version 'x'",
        ),
        (2, ("pixelrnn", "--weights", "random", "--clip", "v/leftward", "--errors", "idea"), "did you mean 'ideal'"),
        (
            2,
            ("pixelrnn", "--weights", "random", "--clip", "v/leftward", "--seed", "-1"),
            "expected an integer in 0..4294967295, got '-1'",
        ),
        (2, ("pixelrnn", "--weights", "random", "--clip", "v/leftward", "--timing", "x"), "price table"),
    ],
)
def test_run_says_what_is_wrong(
    code: int,
    argv: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("run", *argv, "--out", "out") == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") in (1, 3)  # a message, or one with the usage
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


def bad_weights(path: Path, change: Any) -> None:
    Weights.random(1, classes=9).save(path)
    with np.load(path) as archive:
        arrays = {key: archive[key] for key in archive.files}
    change(arrays)
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: a.update({"cnn_model.conv1.weight": np.ones((16, 1, 4, 4))}), "got (16, 1, 4, 4)"),
        (lambda a: a["rnn_model.ConvGates_i.weight"].__setitem__((0, 0, 1, 2), 0.5), "w_f[0][0][1][2] is 0.5"),
        (lambda a: a.pop("rnn_model.ConvGates_h.weight"), "looked for rnn_model.ConvGates_h.weight"),
        (lambda a: a.update({"fc.weight": np.ones((9, 1024), np.float32)}), "got (9, 1024)"),
    ],
)
def test_weights_that_are_wrong(change: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "w.npz"
    bad_weights(path, change)
    for command in (("run", "pixelrnn", "--clip", "v/leftward"), ("validate", "pixelrnn", "--clips", "synthetic")):
        assert run(*command, "--weights", path, "--out", tmp_path / "out") == 1
        captured = capsys.readouterr()
        assert said in captured.err
        assert "Traceback" not in captured.err
    assert [p.name for p in tmp_path.iterdir()] == ["w.npz"]


# --- clips --------------------------------------------------------------------------------------------------------


def test_clips_come_in_many_forms(clip: np.ndarray, tmp_path: Path) -> None:
    pictures = [Image.fromarray(frame) for frame in clip]
    first, *others = pictures
    for name in ("clip.gif", "clip.png", "clip.webp", "clip.tif"):
        options: dict[str, Any] = {"lossless": True} if "webp" in name else {}
        first.save(tmp_path / name, save_all=True, append_images=others, **options)
    (tmp_path / "frames").mkdir()
    for n, picture in enumerate(pictures):
        picture.save(tmp_path / "frames" / f"{n}.png")
    np.save(tmp_path / "clip.npy", clip)
    np.savez(tmp_path / "clips.npz", input=np.stack([clip // 2, clip]), label=[3, 5])
    for name in ("clip.gif", "clip.png", "clip.webp", "clip.tif", "frames", "clip.npy", "clips.npz:1"):
        found = read_clip(str(tmp_path / name))
        assert found.array.shape == (16, 64, 64)
        assert np.abs(found.array.astype(int) - clip).max() <= (1 if name == "clip.webp" else 0), name
    assert found.label == 5
    assert read_clip("v/contract", seed=2).label == 8
    np.save(tmp_path / "bits.npy", clip > 100)
    assert read_clip(str(tmp_path / "bits.npy")).array.dtype == bool


def test_longer_and_larger_videos_are_brought_to_size(tmp_path: Path) -> None:
    frames = gestures.clip("flat/leftward", size=256)[0].repeat(2, axis=0)
    first, *others = [Image.fromarray(f[:200]).convert("RGB") for f in frames]
    first.save(tmp_path / "long.webp", save_all=True, append_images=others)
    assert read_clip(str(tmp_path / "long.webp")).array.shape == (16, 64, 64)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((12, 64, 64), np.uint8), "the clip has 12 frames"),
        (np.zeros((16, 32, 32), np.uint8), "the frames are 32x32"),
        (np.zeros((16, 64, 64), np.float32), "of type float32"),
        (np.zeros((64, 64), np.uint8), "got (64, 64)"),
    ],
)
def test_arrays_that_do_not_fit(
    array: np.ndarray, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "clip.npy", array)
    assert run("run", "pixelrnn", "--weights", "random", "--clip", tmp_path / "clip.npy") == 1
    assert said in capsys.readouterr().err
    np.savez(tmp_path / "clips.npz", input=array[None])
    assert run("validate", "pixelrnn", "--weights", "random", "--clips", tmp_path / "clips.npz") == 1
    assert "clips.npz" in capsys.readouterr().err


def test_videos_that_cannot_be_used(clip: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, *others = [Image.fromarray(f) for f in clip[:7]]
    first.save(tmp_path / "short.gif", save_all=True, append_images=others)
    (tmp_path / "text.gif").write_text("no picture")
    (tmp_path / "empty").mkdir()
    (tmp_path / "film.mp4").write_bytes(b"no film")
    for name, said in {
        "short.gif": "it has 7 frames; the network takes 16",
        "text.gif": "neither an array, a video nor an animation",
        "empty": "no numbered pictures in it; there is nothing",
        "film.mp4": "PyAV",
        "none.gif": "no such file",
    }.items():
        assert run("run", "pixelrnn", "--weights", "random", "--clip", tmp_path / name) == 1
        error = capsys.readouterr().err
        assert said in error, name
        assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"frames": np.zeros((1, 16, 64, 64), np.uint8)}, "no array 'input'"),
        ({"input": np.zeros((0, 16, 64, 64), np.uint8)}, "got (0, 16, 64, 64)"),
        ({"input": np.zeros((2, 16, 64, 64), np.uint8), "label": np.zeros(3, int)}, "there are 2 clips"),
        ({"input": np.zeros((2, 16, 64, 64), np.uint8), "label": np.array([0.5, 1])}, "whole numbers"),
        ({"input": np.zeros((2, 16, 64, 64), np.uint8), "label": np.array([1, 9])}, "labels go up to 9"),
    ],
)
def test_archives_that_do_not_fit(
    arrays: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "clips.npz", **arrays)
    out = tmp_path / "r.json"
    assert run("validate", "pixelrnn", "--weights", "random", "--clips", tmp_path / "clips.npz", "--out", out) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_sources_of_many_clips() -> None:
    drawn = read_clips("synthetic:1:7")
    assert drawn.input.shape == (9, 16, 64, 64)
    assert drawn.names[3] == "spread/leftward:0"
    np.testing.assert_array_equal(drawn.input, gestures.dataset(1, 7)[0])
    for text in ("synthetic:x", "synthetic:1:2:3", "synthetic:"):
        with pytest.raises(ValueError, match="write synthetic:CLIPS_PER_CLASS:SEED"):
            read_clips(text)
    with pytest.raises(ValueError, match="synthetic:0: expected 1 to 2,000 clips of each class, got 0"):
        read_clips("synthetic:0")
    with pytest.raises(ValueError, match=r"give FILE\.npz, the folder of a data set, or synthetic"):
        read_clips("nowhere")


# --- validate -----------------------------------------------------------------------------------------------------


def test_validate(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ("validate", "pixelrnn", "--weights", weights, "--clips", "synthetic:1", "--limit", 2, "--jobs", 2)
    results, pictures = tmp_path / "r.json", tmp_path / "worst"
    assert run(*argv, "--out", results, "--pictures", pictures) == 0
    captured = capsys.readouterr()
    assert "validation of pixelrnn, macropixel: 2 clips of synthetic:1, 32 frames" in captured.out
    assert "array and golden say the same class: 2 of 2 (100.00 %, 95 % interval 34 .. 100 %)" in captured.out
    assert "one chip" not in captured.err, "without errors all chips are the same"
    assert sorted(p.stem for p in pictures.iterdir()) == [f"worst-{s}" for s in "bfhox"]
    assert run(*argv, "--out", results, "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["equal"]
    assert document["frames"] == 32
    assert document["stages"]["golden"]["h"] == {"differ": 0, "of": 131072, "share": 0.0, "worst_clip": None}
    assert json.loads(results.read_text())["summary"]["equal"]


def test_validate_with_the_front_end(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Frames of 256x256 that are drawn, and of 64x64 from a file; against G, and "blocks" against H."""
    argv = ("validate", "pixelrnn", "--weights", weights, "--front-end", "--limit", 1, "--format", "json")
    results = tmp_path / "r.json"
    assert run(*argv, "--clips", "synthetic:1", "--out", results, "--pictures", tmp_path / "worst") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["equal"]
    assert document["front_end"]
    assert document["stages"]["golden"]["x"]["of"] == 16 * 64 * 64
    np.savez(tmp_path / "small.npz", input=gestures.clip(3)[0][None])
    assert run(*argv, "--clips", tmp_path / "small.npz", "--mapping", "blocks") == 0
    stages = json.loads(capsys.readouterr().out)["stages"]
    assert not any(stage["differ"] for stage in stages["own golden"].values())
    assert stages["golden"]["b"]["differ"]
    without = [a for a in argv if a != "--front-end"]
    assert run(*without, "--clips", "synthetic:1", "--out", results) == 1
    error = capsys.readouterr().err
    assert "results made with other clips, other options" in error


def test_validate_shows_the_worst_planes(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Against two models, one of them wrong in one frame of h."""

    true = PixelRNN.models

    def models(self: Any, *args: Any) -> Any:
        found = true(self, *args)["golden"]
        h = found.stages["h"].copy()
        h[6, 20:40, 20:40] ^= True
        return {"golden": Encoded(found.codes, {**found.stages, "h": h}), "own golden": found}

    monkeypatch.setattr(PixelRNN, "models", models)
    argv = ("validate", "pixelrnn", "--weights", weights, "--clips", "synthetic:1", "--limit", 1)
    assert run(*argv, "--pictures", tmp_path) == 0
    text = capsys.readouterr().out
    assert "array against the golden model (G)" in text
    assert "array against the golden model with the edges and ties of this mapping (H)" in text
    assert len(list(tmp_path.iterdir())) == 10
    # the third picture of three is where they differ: 400 of 4,096 values, four by four dots each
    shown = {name: np.asarray(Image.open(tmp_path / name))[:, -280:] for name in ("worst-h.png", "worst-h-own.png")}
    assert 6400 <= (shown["worst-h.png"] == 255).sum() < 7000
    assert (shown["worst-h-own.png"] == 255).sum() < 100


def test_errors_in_force_are_shown(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given, line = (
        ("--errors", "scamp5:write_noise=0.3", "--chip", 7, "--seed", 2),
        "\nerrors of scamp5:write_noise=0.3, chip 7, seed 2\n",
    )
    argv: tuple[Any, ...] = ("--weights", weights)
    assert run("run", "pixelrnn", *argv, "--clip", "flat/leftward", *given) == 0
    assert line in capsys.readouterr().out
    argv = ("validate", "pixelrnn", *argv, "--clips", "synthetic:1", "--limit", 1)
    assert run(*argv, *given) == 0
    text = capsys.readouterr().out
    assert line in text
    assert "rms difference " in text
    assert "cost of a frame: " in text
    assert "without errors another program would do: " in text
    assert "one chip and one seed are too little" in text
    assert "95 % interval" in text
    assert run(*argv) == 0
    text = capsys.readouterr().out
    assert "errors of" not in text
    assert "one chip and one seed" not in text


def test_rounding_is_no_difference(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Behind an offset of 20 LSB that is taken back, o is the golden model's but for the last digits of float32."""
    argv = ("validate", "pixelrnn", "--weights", weights, "--clips", "synthetic:1", "--limit", 1)
    assert run(*argv, "--errors", "ideal:transfer_offset=20", "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    stage = document["stages"]["golden"]["o"]
    assert stage["differ"] < 0.05 * stage["of"]  # large values, which registers compress
    assert document["cost_of_a_frame"]["words"] > 600


def test_a_drawn_clip_has_a_seed_of_its_own(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ("run", "pixelrnn", "--weights", weights, "--format", "json", "--seed", 5)
    names = []
    for clip in ("flat/leftward:3", "flat/leftward"):
        assert run(*argv, "--clip", clip) == 0
        names.append(json.loads(capsys.readouterr().out)["clip"]["name"])
    assert names == ["flat/leftward, drawn with seed 3", "flat/leftward, drawn with seed 5"]
    np.testing.assert_array_equal(read_clip("flat/leftward:3", 5).array, read_clip("flat/leftward", 3).array)
    for wrong in ("flat/leftward:x", "flat/leftward:", "flat/leftward:-1"):
        assert run(*argv, "--clip", wrong) == 1
        assert "write flat/leftward:SEED, such as flat/leftward:3" in capsys.readouterr().err
    assert run(*argv, "--clip", "flat/leftwrd:3") == 1
    assert "no gesture; did you mean 'flat/leftward'" in capsys.readouterr().err


def test_an_interrupt_leaves_a_file_to_go_on_with(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    noise_seed, results = work.noise_seed, tmp_path / "r.json"

    def stop(seed: int, number: int) -> Any:
        if number == 1:
            raise KeyboardInterrupt
        return noise_seed(seed, number)

    monkeypatch.setattr(work, "noise_seed", stop)
    argv = ("validate", "pixelrnn", "--weights", weights, "--clips", "synthetic:1", "--limit", 2, "--out", results)
    assert run(*argv, "--jobs", 1) == 130
    assert "the same command resumes there" in capsys.readouterr().err
    assert len(json.loads(results.read_text())["units"]) == 1
    monkeypatch.setattr(work, "noise_seed", noise_seed)
    assert run(*argv) == 0
    assert len(json.loads(results.read_text())["units"]) == 2
    assert run(*argv, "--errors", "ideal", "--seed", 3) == 1
    assert "results made with other options; choose another file, or remove it" in capsys.readouterr().err


def test_validate_refuses_before_it_starts(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ("validate", "pixelrnn", "--weights", weights, "--clips", "synthetic:1")
    for more, code, said in (
        (("--out", tmp_path / "no" / "r.json"), 1, "does not exist; create it first"),
        (("--jobs", 0), 2, "--jobs: expected an integer of at least 1, got '0'"),
        (("--limit", 0), 2, "--limit: expected an integer of at least 1, got '0'"),
        (("--mapping", "pixels"), 2, "unknown mapping 'pixels'"),
    ):
        assert run(*argv, *more) == code
        assert said in capsys.readouterr().err
    assert run("validate", "sobel") == 2


# --- report -------------------------------------------------------------------------------------------------------


def test_report(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(plots, "write", lambda path, costs: drawn.append(path))
    plot = tmp_path / "p.png"
    assert run("report", "pixelrnn", "--weights", weights, "--plot", plot, "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["mappings"]) == {"macropixel", "blocks", "blocks:lean"}
    assert document["bandwidth"][-1]["measured_bytes"] == 4096
    assert document["plot"] == str(plot)
    assert document["weights"] == str(weights)
    assert drawn == [str(plot)]
    assert run("report", "pixelrnn", "--plot", tmp_path / "none" / "p.png") == 1
    assert "does not exist; create it first" in capsys.readouterr().err


def test_report_says_whose_weights_and_has_the_front_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", "pixelrnn") == 0
    text = capsys.readouterr().out
    assert text.splitlines()[1] == "weights: random (seed 1)"
    assert "front end" not in text
    assert run("report", "pixelrnn", "--weights", "random:7", "--front-end") == 0
    text = capsys.readouterr().out
    assert text.splitlines()[1] == "weights: random (seed 7)"
    assert "since the published 3.5 ms leave it out" in text
    assert run("report", "pixelrnn", "--front-end", "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["weights"], document["front_end"]) == ("random (seed 1)", True)
    assert all(m["steps"][0]["stage"] == "front end" for m in document["mappings"].values())


def test_report_of_the_memory(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", "memory") == 0
    assert "macropixel" in capsys.readouterr().out
    assert run("report", "memory", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)
    assert run("report", "memory", "--plot", "p.png") == 2
    assert "not drawn; leave out --plot" in capsys.readouterr().err
    assert run("report", "memory", "--timing", "nosuch") == 2
    assert "leave out --timing" in capsys.readouterr().err
    assert run("report", "memory", "--front-end", "--weights", "random") == 2
    assert "leave out --weights, --front-end" in capsys.readouterr().err


def test_unknown_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", "pixelrnn", "--timing", "nosuch") == 2
    assert capsys.readouterr().err.count("nosuch") == 1
    assert run("report", "pixelrn") == 2
    assert "invalid choice" in capsys.readouterr().err


def test_the_network_on_a_chip_with_errors(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ("run", "pixelrnn", "--weights", weights, "--clip", "v/leftward", "--seed", 2, "--errors")

    def record(chip: int) -> Any:
        assert run(*argv, "scamp5:load_spread=3,pix_shot=1", "--chip", chip, "--format", "json") == 0
        return json.loads(capsys.readouterr().out)

    first, again, other = record(1), record(1), record(2)
    assert first == again
    assert first["differs_from_golden"] != other["differs_from_golden"]
    errors = first["errors"]
    assert (errors["profile"], errors["chip"], errors["seed"]) == ("scamp5", 1, 2)
    assert errors["knobs"]["pix_shot"] == 1
    assert "pix_shot" not in errors["without_effect"]
    assert run(*argv, "ideal:write_noise=1,bit_retention=100") == 0
    assert "without effect on this program: bit_retention (needs more time" in capsys.readouterr().err


def test_validate_keeps_the_results_of_one_chip(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv: tuple[Any, ...] = (
        "validate",
        "pixelrnn",
        "--weights",
        weights,
        "--clips",
        "synthetic:1",
        "--limit",
        1,
        "--format",
        "json",
    )
    argv = (*argv, "--errors", "scamp5:bit_retention=100", "--out", tmp_path / "r.json")
    assert run(*argv, "--chip", 3) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert (document["errors"], document["chip"]) == ("scamp5:bit_retention=100", 3)
    assert "bit_retention" in document["without_effect"]
    assert "bit_retention (needs more time" in captured.err
    assert run(*argv, "--chip", 4) == 1
    assert "results made with other options" in capsys.readouterr().err
    assert run(*argv, "--chip", 3) == 0


def test_costs_price_the_program_that_survives_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("system", "costs", "pixelrnn", "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)["realisations"]
    plain, chip = found["scamp5:macropixel"], found["scamp5:macropixel, on chips of scamp5"]
    assert 1.1 < chip["words"] / plain["words"] < 1.4
    assert chip["time_us"] > plain["time_us"]
