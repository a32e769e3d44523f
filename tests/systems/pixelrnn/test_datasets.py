"""The loaders, on small folders of the same shape as the data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.data import datasets
from scamp_sim.systems.pixelrnn.params import Weights


def write(path: Path, grey: int, shape: tuple[int, int] = (24, 32)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, grey, np.uint8)).save(path)


def sequence(folder: Path, frames: int, first: int = 0, form: str = "frame-{:04d}.png") -> None:
    """Frame t is grey `first` + t all over."""
    for t in range(frames):
        write(folder / form.format(t), first + t)


def greys(clip: np.ndarray) -> list[int]:
    assert (clip == clip[:, :1, :1]).all()
    return cast("list[int]", clip[:, 0, 0].tolist())


# --- resampling -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("available", [1, 2, 15, 16, 17, 31, 75, 200])
def test_picked_frames(available: int) -> None:
    picked = datasets.picked(available)
    assert len(picked) == 16
    assert len(picked) == 16
    assert picked[0] == 0
    assert picked[-1] == available - 1
    assert (np.diff(picked) >= 0).all()
    steps = np.diff(picked)
    assert steps.max() - steps.min() <= 1
    if available == 16:
        assert picked.tolist() == list(range(16))


def test_resample_scales_by_area() -> None:
    clip = np.random.default_rng(0).integers(0, 256, (16, 256, 256)).astype(np.uint8)
    want = clip.reshape(16, 64, 4, 64, 4).mean((2, 4))
    assert np.abs(datasets.resample(clip) - want).max() <= 1
    np.testing.assert_array_equal(datasets.resample(clip, 256), clip)


def test_resample_crops_the_middle_or_keeps_all() -> None:
    clip = np.zeros((1, 64, 128), np.uint8)
    clip[:, :, :32], clip[:, :, 96:] = 255, 255
    assert (datasets.resample(clip) == 0).all()
    squashed = datasets.resample(clip, fit="squash")
    assert (squashed[:, :, :16] == 255).all()
    assert (squashed[:, :, 16:48] == 0).all()


def test_what_comes_out_goes_into_the_network() -> None:
    clip = np.random.default_rng(0).integers(0, 256, (40, 75, 100)).astype(np.uint8)
    assert golden.encode(datasets.resample(clip), Weights.random(0)).o.shape == (64, 64)


@pytest.mark.parametrize(
    ("clip", "options", "error", "message"),
    [
        ([], {}, PlaneError, "no frames"),
        (np.zeros((3, 8, 8)), {}, PlaneError, "frame 0 has shape .* and type float64"),
        (np.zeros((3, 8, 8, 3), np.uint8), {}, PlaneError, r"frame 0 has shape \(8, 8, 3\)"),
        (np.zeros((3, 8, 8), np.uint8), {"fit": "fill"}, ProgramError, "fit must be .*, got 'fill'"),
        (np.zeros((3, 8, 8), np.uint8), {"size": 0}, ProgramError, "size must be .*, got 0"),
        (np.zeros((3, 8, 8), np.uint8), {"frames": 2.5}, ProgramError, "frames must be .*, got 2.5"),
    ],
)
def test_resample_refuses(clip: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        datasets.resample(clip, **options)


# --- Cambridge --------------------------------------------------------------------------------------------------


def test_cambridge(tmp_path: Path) -> None:
    for number in (1, 2):
        for label in range(9):
            sequence(tmp_path / f"Set{number}" / f"{label:04d}" / "0000", 31, 100 * (number - 1) + 10 * label)
    sequence(tmp_path / "Set2" / "0004" / "0001", 16, 50)
    got = datasets.cambridge(tmp_path)
    assert got.clips.shape == (19, 16, 64, 64)
    assert got.clips.dtype == np.uint8
    assert got.labels.tolist() == [*range(9), 0, 1, 2, 3, 4, 4, 5, 6, 7, 8]
    assert got.names[0] == "Set1/0000/0000"
    assert got.names[14] == "Set2/0004/0001"
    assert got.classes[got.labels[3]] == "spread/leftward"
    assert greys(got.clips[1]) == [10 + 2 * t for t in range(16)]
    assert greys(got.clips[14]) == list(range(50, 66))
    some = datasets.cambridge(tmp_path, sets=(2,), size=32)
    assert some.clips.shape == (10, 16, 32, 32)
    assert all(name.startswith("Set2/") for name in some.names)


def test_cambridge_unpacked_into_a_folder_of_its_own_name(tmp_path: Path) -> None:
    sequence(tmp_path / "Set3" / "Set3" / "0002" / "0007", 3)
    got = datasets.cambridge(tmp_path)
    assert got.names == ("Set3/Set3/0002/0007",)
    assert got.labels.tolist() == [2]


def test_frames_are_ordered_by_number(tmp_path: Path) -> None:
    """frame2 comes before frame10; hidden files and files of other kinds are no frames."""
    home = tmp_path / "Set1" / "0000" / "0000"
    sequence(home, 16, form="frame{}.jpg")
    (home / "._frame3.jpg").write_bytes(b"what a Mac leaves in archives")
    (home / "Thumbs9.db").write_bytes(b"")
    write(home / "cover.png", 255)
    assert greys(datasets.cambridge(tmp_path).clips[0]) == list(range(16))


def test_cambridge_not_found(tmp_path: Path) -> None:
    with pytest.raises(PlaneError, match=r"looked for Set1 .. Set5 / 0000 .. 0008 / clip folder .* there is nothing"):
        datasets.cambridge(tmp_path)
    sequence(tmp_path / "gestures" / "flat", 3)
    with pytest.raises(PlaneError, match="there is gestures/"):
        datasets.cambridge(tmp_path)
    with pytest.raises(PlaneError, match=r"is not there; give the folder"):
        datasets.cambridge(tmp_path / "absent")
    (tmp_path / "archive.zip").touch()
    with pytest.raises(PlaneError, match="is a file; give the folder"):
        datasets.cambridge(tmp_path / "archive.zip")


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    home = tmp_path / "Set1" / "0000" / "0000"
    sequence(home, 16)
    (home / "frame-0005.png").write_bytes(b"not a picture")
    with pytest.raises(PlaneError, match=r"frame-0005\.png"):
        datasets.cambridge(tmp_path)


# --- Tulips1 ----------------------------------------------------------------------------------------------------


def test_tulips_in_folders(tmp_path: Path) -> None:
    for who in ("anna", "bert"):
        for digit in range(1, 5):
            sequence(tmp_path / who / f"{who}{digit}2", 7, 10 * digit, form="{:03d}.pgm")
    got = datasets.tulips(tmp_path)
    assert got.clips.shape == (8, 16, 64, 64)
    assert got.labels.tolist() == [0, 1, 2, 3] * 2
    assert got.names[5] == "bert/bert22"
    assert got.classes == ("one", "two", "three", "four")
    assert greys(got.clips[0])[0] == 10
    assert greys(got.clips[0])[-1] == 16


def test_tulips_told_apart_by_file_names(tmp_path: Path) -> None:
    for utterance in ("anna_1_2", "anna_3_1", "bert_four_1"):
        sequence(tmp_path, 12, form=utterance + ".{:03d}.pgm")
    got = datasets.tulips(tmp_path)
    assert got.names == ("anna_1_2", "anna_3_1", "bert_four_1")
    assert got.labels.tolist() == [0, 2, 3]
    assert greys(got.clips[2])[-1] == 11


def test_tulips_by_word(tmp_path: Path) -> None:
    sequence(tmp_path / "cy" / "three" / "2", 9)
    sequence(tmp_path / "Cy-Two" / "take", 9)
    assert sorted(datasets.tulips(tmp_path).labels.tolist()) == [1, 2]


def test_tulips_with_a_label_of_ones_own(tmp_path: Path) -> None:
    sequence(tmp_path / "s07" / "b", 4)
    with pytest.raises(PlaneError, match=r"utterance 's07/b' is cannot be told .* give label="):
        datasets.tulips(tmp_path)
    got = datasets.tulips(tmp_path, label=lambda name: "abcd".index(name[-1]))
    assert got.labels.tolist() == [1]
    with pytest.raises(PlaneError, match=r"label\('s07/b'\) must be .*, got 7"):
        datasets.tulips(tmp_path, label=lambda name: 7)


def test_tulips_not_found(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").touch()
    with pytest.raises(PlaneError, match=r"looked for folders of numbered pictures .* there is readme.txt"):
        datasets.tulips(tmp_path)
