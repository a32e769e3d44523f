"""SCAMP-5 rows: programs of the baselines against NumPy, and counts of all rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim import Machine
from scamp_sim.compare import kept
from scamp_sim.compare.array import build
from scamp_sim.compare.counts import Scene
from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels import baselines
from scamp_sim.systems.leca.baselines import cell_means, low_resolution

Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def mosaic() -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(5)
    coarse = np.kron(rng.integers(0, 256, (64, 64)), np.ones((4, 4)))
    return np.asarray(0.6 * coarse + 0.4 * rng.integers(0, 256, (256, 256))).astype(np.uint8)


def colours(mosaic: npt.NDArray[np.uint8]) -> Floats:
    """(128, 128, 3) in 0..1 of a mosaic with red in the corner, greens averaged."""
    light = mosaic / 255.0
    green = (light[0::2, 1::2] + light[1::2, 0::2]) / 2
    return np.stack([light[0::2, 0::2], green, light[1::2, 1::2]], axis=2)


@pytest.mark.parametrize("columns", [2, 4])
def test_means_equal_those_of_the_model(mosaic: npt.NDArray[np.uint8], columns: int) -> None:
    run = Machine().run(baselines.subsampled(columns), inputs={"image": mosaic})
    wanted = 127 * cell_means(colours(mosaic), (2, columns))
    for n, name in enumerate(("red", "green", "blue")):
        grey = run.outputs[name].astype(float).reshape(128 // columns, 64).T[:, ::-1] - 128
        assert np.abs(grey - wanted[..., n]).max() < 0.51


@pytest.mark.parametrize("columns", [2, 4])
def test_means_have_no_offset_on_a_chip(mosaic: npt.NDArray[np.uint8], columns: int) -> None:
    """A transfer adds some 24 LSB there: as many have to be taken away."""
    ideal, chip = (
        Machine(errors=errors).run(baselines.subsampled(columns), inputs={"image": mosaic}).outputs
        for errors in ("ideal", "scamp5")
    )
    for colour in ("red", "green", "blue"):
        away = chip[colour].astype(float) - ideal[colour]
        assert abs(away.mean()) < 1.5
        assert away.std() < 4


@pytest.mark.parametrize("bits", [1, 2])
def test_low_bits_equal_those_of_the_model(mosaic: npt.NDArray[np.uint8], bits: int) -> None:
    out = Machine().run(baselines.low_bits(bits), inputs={"image": mosaic}).outputs
    codes = out["high"].astype(bool).astype(int)
    if bits == 2:
        codes = 2 * codes + out["low"].astype(bool)
    wanted = np.rint(low_resolution(colours(mosaic), bits) * (2**bits - 1))
    got = np.stack([codes[0::2, 0::2], codes[0::2, 1::2], codes[1::2, 1::2]], axis=2)
    # levels of the comparator are whole LSB: values within half of one of a level may go to either side
    near = np.abs(127 * colours(mosaic)[..., None] - 127 * (np.arange(2**bits - 1) + 0.5) / (2**bits - 1)) < 0.51
    assert np.array_equal(got[~near.any(axis=3)], wanted[~near.any(axis=3)])
    assert near.any(axis=3).mean() < 0.05


def test_changes_are_those_of_the_frames(mosaic: npt.NDArray[np.uint8]) -> None:
    machine = Machine()
    second = np.roll(mosaic, 1, axis=1)
    machine.run(baselines.change(first=True), inputs={"image": mosaic})
    moved = machine.run(baselines.change(level=12), inputs={"image": second}).outputs["moved"].astype(bool)
    away = 127 / 255 * np.abs(second.astype(float) - mosaic)
    assert np.array_equal(moved[np.abs(away - 12) > 0.01], (away > 12)[np.abs(away - 12) > 0.01])


# words of a decision, bytes, and the ratio by payload bits
COUNTED = {
    "raw": (5, 65536, 1),
    "sd_2x2": (12, 12288, 16 / 3),
    "sd_2x4": (16, 6144, 32 / 3),
    "lr_2": (30, 16384, 16 / 3),
    "lr_1": (17, 8192, 32 / 3),
    "difference": (29, 8192, 16),
    "skip_4": (20, 262144, 4),
    "pixelrnn": (10351, 4096, 256),
    "p2m": (2100, 5000, 13.1072),
    "leca_8_3": (576, 16384, 16 / 3),
    "leca_4_4": (297, 8192, 8),
    "leca_4_3": (286, 8192, 32 / 3),
    "snn": (703, 8192, 64),
}


@pytest.mark.parametrize("name", sorted(COUNTED))
def test_words_bytes_and_ratios(name: str) -> None:
    words, sent, ratio = COUNTED[name]
    row = kept.built(name, Scene()).counts(Scene())
    assert row.amounts["words"] == words
    assert row.bits_wire == 8 * sent
    assert 8 * row.sites * row.frames / row.bits == pytest.approx(ratio)
    assert sum(step.words for step in row.steps) == words
    assert sum(step.us or 0 for step in row.steps) == pytest.approx(row.amounts["host_us"] + row.amounts["readout_us"])


def test_rows_that_the_array_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProgramError, match="address patterns of the array are powers of two"):
        build("sd_2x3", Scene())
    with pytest.raises(ProgramError, match="--on circuit, or --sites 256"):
        kept.built("raw", Scene()).counts(Scene(512))
    monkeypatch.setattr(kept, "build", lambda *_: pytest.fail("built for a scene that the array does not have"))
    kept._read.cache_clear()
    monkeypatch.setattr(kept, "_file", lambda: None)
    with pytest.raises(ProgramError, match="--on circuit, or --sites 256"):
        kept.built("raw", Scene(512))
    kept._read.cache_clear()


def test_a_program_whose_values_are_wrong_is_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    from scamp_sim.kernels.macropixels import Mapping

    right = Mapping.sums
    monkeypatch.setattr(Mapping, "sums", lambda self, light: -right(self, light))
    with pytest.raises(ProgramError, match="values differ from its model; it is not shown"):
        build("snn", Scene())


def test_kept_counts_are_counted_again_when_the_file_is_of_other_sources(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    from pathlib import Path

    file = Path(str(tmp_path)) / "counts.json"
    monkeypatch.setattr(kept, "_file", lambda: file)
    kept._read.cache_clear()
    try:
        first = kept.built("raw", Scene())
        kept._read.cache_clear()
        monkeypatch.setattr(kept, "build", lambda *_: pytest.fail("counted again"))
        assert kept.built("raw", Scene()) == first
        monkeypatch.setattr(kept, "_stamp", lambda: "another")
        monkeypatch.setattr(kept, "build", lambda *_: first)
        kept._read.cache_clear()
        assert kept._read() == {}
        file.write_text("{damaged", encoding="utf-8")
        kept._read.cache_clear()
        assert kept.built("raw", Scene()) == first
    finally:
        kept._read.cache_clear()
