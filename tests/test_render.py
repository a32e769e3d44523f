"""Pictures: what grey a value becomes, what a caption says, what happens to files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim.exceptions import PlaneError, ScampError
from scamp_sim.show import render


def plane(*values: float) -> np.ndarray:
    return np.array([values], np.float32)


# --- planes to grey -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "grey"), [(-128, 0), (-129, 0), (0, 128), (127, 255), (300, 255), (-0.4, 128), (0.6, 129), (-127.6, 0)]
)
def test_readout_scale(value: float, grey: int) -> None:
    assert render.grey_levels(plane(value))[0, 0] == grey


def test_bits_are_black_and_white() -> None:
    assert render.grey_levels(np.array([[True, False]])).tolist() == [[255, 0]]


def test_planes_that_are_compared_share_a_scale() -> None:
    ideal, chip = np.full((2, 2), 12, np.float32), np.array([[9.8, 14.4], [-1, 12]], np.float32)
    assert render.tile_scale(ideal) == (0, 127)
    assert render.common_scale([ideal, chip]) == pytest.approx((-1, 14.4))
    assert render.common_scale([ideal, np.full((2, 2), 90, np.float32)]) == (0, 127)
    assert render.common_scale([ideal, -90 * ideal]) == render.READOUT
    assert render.common_scale([ideal, np.full((2, 2), 90, np.float32)], stretch=True) == (12, 90)
    assert render.common_scale([np.zeros((2, 2), np.bool_)]) is None


def test_images_stay_as_they_are() -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (render.grey_levels(image) == image).all()


def test_stretched_scale() -> None:
    assert render.grey_levels(plane(-3, 0, 7), (-3, 7)).tolist() == [[0, 76, 255]]


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ((-100, 100), (-128, 127)),
        ((0, 100), (0, 127)),
        ((-500, 500), (-128, 127)),
        ((3, 9), (3, 9)),
        ((5, 5), (0, 127)),
        ((-5, -5), (-128, 0)),
        ((-100, 0), (-128, 0)),
    ],
)
def test_scale_of_a_tile(values: tuple[float, ...], scale: tuple[float, float]) -> None:
    assert render.tile_scale(plane(*values)) == scale


def test_stretch_uses_the_range_of_the_plane() -> None:
    assert render.tile_scale(plane(-100, 50), stretch=True) == (-100, 50)
    assert render.tile_scale(plane(7, 7), stretch=True) == (0, 127)


@pytest.mark.parametrize(
    ("values", "scale", "text"),
    [
        ((-100, 100), (-128, 127), "black -128, white 127"),
        ((-500, 100), (-128, 127), "black -128, white 127, clipped"),
        ((3, 9), (3, 9), "black 3, white 9"),
    ],
)
def test_caption_states_the_scale(values: tuple[float, ...], scale: tuple[float, float], text: str) -> None:
    assert render.scale_text(plane(*values), scale) == text


def test_summaries() -> None:
    assert render.summary_text(np.array([[True, False], [False, False]])) == "1 of 4 set (25.0 %)"
    assert render.summary_text(plane(-1, 2)) == "-1 .. 2, mean 0.5"
    assert render.plane_summary(plane(-1, 2)) == {"kind": "analog", "min": -1, "max": 2, "mean": 0.5}
    assert render.plane_summary(np.ones((2, 2), bool)) == {"kind": "digital", "ones": 4, "of": 4}


def test_a_tile_can_have_a_scale_of_its_own() -> None:
    """A plane of small values, one of which is large, is not black."""
    plane = np.full((64, 64), 2, np.float32)
    plane[0, 0] = 60
    dark, bright = (
        np.asarray(render.contact_sheet([render.Tile("sd", plane, scale)]))[100, 100] for scale in (None, (0.0, 4.0))
    )
    assert (dark, bright) == (4, 128)
    assert render.scale_text(plane, (0.0, 4.0)) == "black 0, white 4, clipped"


# --- contact sheet --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "across", "down"), [(1, 1, 1), (4, 4, 1), (5, 3, 2), (9, 3, 3), (10, 4, 3)])
def test_sheet_holds_every_tile(count: int, across: int, down: int) -> None:
    tiles = [render.Tile(f"R{i}", np.full((256, 256), True)) for i in range(count)]
    sheet = np.asarray(render.contact_sheet(tiles, "a heading"))
    assert sheet.shape[1] == 2 * render.MARGIN + across * 256 + (across - 1) * render.GAP
    assert sheet.shape[0] > down * 256
    assert (sheet == 255).sum() == count * 65536


def test_sheet_shows_the_plane_itself() -> None:
    image = np.random.default_rng(1).integers(0, 256, (256, 256), dtype=np.uint8)
    sheet = np.asarray(render.contact_sheet([render.Tile("image", image)]))
    m = render.MARGIN
    assert (sheet[m : m + 256, m : m + 256] == image).all()


def test_small_planes_are_enlarged() -> None:
    sheet = render.contact_sheet([render.Tile("A", np.zeros((64, 64), np.float32))])
    assert sheet.width == 256 + 2 * render.MARGIN


def test_narrow_planes_leave_room_for_their_captions(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    fitting = render._fitting

    def spy(text: str, *more: Any) -> str:
        lines.append(fitting(text, *more))
        return lines[-1]

    monkeypatch.setattr(render, "_fitting", spy)
    heading = "threshold: 12 words, 10.9 us on the chip (modelled)"
    sheet = render.contact_sheet([render.Tile("edges = R5", np.full((1024, 64), True))], heading)
    assert lines == [heading, "edges = R5", "65,536 of 65,536 set (100.0 %)", "white = 1"]
    assert (np.asarray(sheet) == 255).sum() >= 65536


def test_what_a_chip_compresses() -> None:
    assert render.beyond_chip(plane(0, -151))
    assert not render.beyond_chip(plane(150, -150))
    assert not render.beyond_chip(np.array([[255]], np.uint8))


def test_long_titles_are_cut() -> None:
    render.contact_sheet([render.Tile("x" * 300, np.zeros((64, 64), bool))], "y" * 300)


def test_empty_sheet_is_an_error() -> None:
    with pytest.raises(ScampError, match="at least one plane"):
        render.contact_sheet([])


# --- in -------------------------------------------------------------------------------------------------------


def save(path: Path, array: np.ndarray, **options: Any) -> Path:
    Image.fromarray(array).save(path, **options)
    return path


def test_grey_png_comes_back_exactly(tmp_path: Path) -> None:
    image = np.random.default_rng(2).integers(0, 256, (64, 128), dtype=np.uint8)
    assert (render.load_image(save(tmp_path / "i.png", image)) == image).all()


def test_colour_becomes_luma(tmp_path: Path) -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    image[..., 1] = 255
    assert render.load_image(save(tmp_path / "i.png", image))[0, 0] == 150  # 0.587 of green


def test_sixteen_bit_grey_keeps_the_upper_byte(tmp_path: Path) -> None:
    image = np.array([[0, 256, 65535]], np.uint16)
    assert render.load_image(save(tmp_path / "i.png", image)).tolist() == [[0, 1, 255]]


def test_transparent_parts_are_black(tmp_path: Path) -> None:
    image = np.full((2, 2, 4), 255, np.uint8)
    image[0, 0, 3] = 0
    assert render.load_image(save(tmp_path / "i.png", image)).tolist() == [[0, 255], [255, 255]]


def test_photographs_are_turned_upright(tmp_path: Path) -> None:
    image = np.zeros((2, 4), np.uint8)
    image[0, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it turned 90 degrees clockwise
    assert render.load_image(save(tmp_path / "i.png", image, exif=exif)).shape == (4, 2)


def test_resize_crops_the_centre(tmp_path: Path) -> None:
    image = np.zeros((64, 192), np.uint8)
    image[:, 64:128] = 200
    assert (render.load_image(save(tmp_path / "i.png", image), (64, 64), resize=True) == 200).all()


def test_wrong_size_names_the_remedy(tmp_path: Path) -> None:
    path = save(tmp_path / "i.png", np.zeros((10, 20), np.uint8))
    with pytest.raises(PlaneError, match=r"10x20 \(rows x columns\), but the array is 256x256; .*--resize"):
        render.load_image(path, (256, 256))


def test_unreadable_images(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.png", np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8))
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:300])
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "empty.png").write_bytes(b"")
    for name, message in {
        "cut.png": "cannot be read",
        "text.png": "not a picture",
        "empty.png": "not a picture",
        "absent.png": "no such file",
        ".": "is a folder",
    }.items():
        with pytest.raises(PlaneError, match=message):
            render.load_image(tmp_path / name)


# --- out ------------------------------------------------------------------------------------------------------


def test_pictures_are_written_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    files = render.write_pictures(out, {"a.png": render.picture_of(plane(1, 2)), "b.png": render.picture_of(plane(3))})
    assert [f.name for f in files] == ["a.png", "b.png"]
    assert sorted(p.name for p in out.iterdir()) == ["a.png", "b.png"]
    assert np.asarray(Image.open(out / "a.png")).tolist() == [[129, 130]]


def test_pictures_in_subfolders(tmp_path: Path) -> None:
    files = render.write_pictures(
        tmp_path / "out", {"A.png": render.picture_of(plane(1)), "registers/A.png": render.picture_of(plane(2))}
    )
    assert [np.asarray(Image.open(f)).tolist() for f in files] == [[[129]], [[130]]]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["A.png", "registers"]


def test_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = render.picture_of(plane(1))
    bad = render.picture_of(plane(1))

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bad, "save", full, raising=False)
    with pytest.raises(ScampError, match="No space left on device"):
        render.write_pictures(tmp_path, {"a.png": good, "b.png": bad})
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScampError, match=r"file is a file; give another folder with --out"):
        render.check_folder(tmp_path / "file" / "out")


def test_check_folder_creates_nothing(tmp_path: Path) -> None:
    assert render.check_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert list(tmp_path.iterdir()) == []


def test_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ScampError, match="no permission"):
        render.check_folder(tmp_path)


def test_stretched_picture() -> None:
    assert np.asarray(render.picture_of(plane(1, 2), stretch=True)).tolist() == [[0, 255]]


def test_a_disk_that_takes_no_file_is_found_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All permissions are there; whoever is the superuser has them in /proc too."""

    def read_only(**options: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", read_only)
    with pytest.raises(ScampError, match=r"read-only file system in .*; give another folder with --pictures"):
        render.check_folder(tmp_path / "new", option="--pictures")


def test_names_that_are_folders_are_found_first(tmp_path: Path) -> None:
    (tmp_path / "o.png").mkdir()
    with pytest.raises(ScampError, match=r"o\.png: it is a folder"):
        render.check_folder(tmp_path, ("o.png",))
