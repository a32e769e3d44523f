"""LeCA through the command line and the protocol."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim.cli.main import main
from scamp_sim.exceptions import ScampError
from scamp_sim.systems import leca
from scamp_sim.systems.base.protocol import Hardware
from scamp_sim.systems.base.records import Frames
from scamp_sim.systems.leca import circuit, costs, decode, encoder
from scamp_sim.systems.leca.params import Params, load_params, random_params
from scamp_sim.systems.leca.system import SYSTEM

CHIP = Frames(1, 448, 448, "bayer")


def smooth(size: int, seed: int = 0) -> Any:
    """A smooth colour picture, (size, size, 3) uint8."""
    y, x = np.mgrid[0:size, 0:size] / size
    waves = [np.sin(7 * x + 3 * y + seed), np.cos(5 * y + seed), np.sin(9 * x * y + seed)]
    return np.clip(128 + 90 * np.stack(waves, axis=-1), 0, 255).astype(np.uint8)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(smooth(301)[:281]).save(path)
    return path


def document(capsys: pytest.CaptureFixture[str], *arguments: Any) -> Any:
    assert main(["system", *map(str, arguments), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_run_shows_ratio_energy_rate_and_pictures(
    capsys: pytest.CaptureFixture[str], photo: Path, tmp_path: Path
) -> None:
    found = document(capsys, "run", "leca", photo, "--channels", 4, "--bits", 4, "--out", tmp_path / "out")
    assert found["compression_ratio"] == 6
    assert found["codes"]["shape"] == [4, 112, 112]
    assert found["energy_uj"]["pixel"] == pytest.approx(2.43, abs=0.01)
    assert found["cost"]["frames_per_second"] == pytest.approx(418.8, abs=0.1)
    assert found["decoded"]["psnr_db"] > 15
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"codes.png", "histograms.png", "energy.png"}
    with Image.open(tmp_path / "out" / "codes.png") as sheet:
        assert sheet.width > 6 * 224


def test_run_on_the_array_is_one_bit_plane_and_golden(capsys: pytest.CaptureFixture[str], photo: Path) -> None:
    found = document(capsys, "run", "leca", photo, "--on", "scamp5", "--weights", "random:3")
    assert found["cost"]["readout_bytes"] == 8192
    assert found["differs_from_golden"]["sums"] == 0
    assert found["differs_from_golden"]["codes"] == found["ties"]


def test_run_on_the_circuit_errs_by_one(capsys: pytest.CaptureFixture[str], photo: Path) -> None:
    """Fig. 8b: codes of 4 bits stay within 1 of the ideal ones."""
    found = document(capsys, "run", "leca", photo, "--on", "circuit")
    assert 0 < found["differs_from_golden"]["codes"] < 0.4 * 50176
    assert next(d for d in found["differences"] if d["stage"] == "codes")["largest"] <= 2
    ideal = document(capsys, "run", "leca", photo, "--on", "circuit:noise=0")
    assert ideal["differs_from_golden"] == {"sums": 0, "codes": 0}


def test_costs_on_the_array_are_the_largest_of_20_draws(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "costs", "leca", "--on", "scamp5", "--channels", 4, "--bits", 4)
    assert found["draws"] == 20
    assert found["words"] <= 380
    assert found["words_setup"] == 33
    assert found["readout_bytes"] == 8192
    assert 30 < found["compute_us"] < 35


def test_costs_without_a_realisation(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "costs", "leca", "--channels", 8, "--bits", 3)["realisations"]
    assert found["circuit"]["energy_uj"] == pytest.approx(9.55, abs=0.01)
    assert found["circuit"]["frames_per_second"] == pytest.approx(209.4, abs=0.1)
    assert found["scamp5"]["planes"] == 2


def test_published(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {r["id"]: r for r in document(capsys, "published", "leca")["rows"]}
    assert rows["cr_4_4"]["published"] == rows["cr_4_4"]["recomputed"] == 6
    assert rows["energy_cnv_over_cr4"]["published"] is None


def test_a_mosaic_of_448_is_encoded_within_2_seconds(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", leca.mosaic(smooth(224)))
    document(capsys, "run", "leca", tmp_path / "m.npy")
    start = time.process_time()
    document(capsys, "run", "leca", tmp_path / "m.npy")
    assert time.process_time() - start < 2


def test_native_size_and_ready_mosaic(capsys: pytest.CaptureFixture[str], photo: Path, tmp_path: Path) -> None:
    assert document(capsys, "run", "leca", photo, "--native")["codes"]["shape"] == [4, 140, 150]
    Image.fromarray(leca.mosaic(smooth(60)).astype(np.uint8)).save(tmp_path / "m.png")
    found = document(capsys, "run", "leca", tmp_path / "m.png", "--mosaic", "--native")
    assert found["codes"]["shape"] == [4, 30, 30]


def test_two_by_two_on_grey(capsys: pytest.CaptureFixture[str], photo: Path) -> None:
    found = document(capsys, "run", "leca", photo, "--on", "scamp5", "--side", 2, "--bits", 1.5)
    assert found["codes"]["shape"] == [4, 128, 128]
    assert found["cost"]["readout_bytes"] == 16384


def test_charge_weights_go_to_the_array_as_their_effective_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], photo: Path
) -> None:
    random_params(5).save(tmp_path / "w.npz")
    found = document(capsys, "run", "leca", photo, "--weights", tmp_path / "w.npz", "--on", "scamp5")
    assert found["multiplier"] == "linear"
    charge, linear = random_params(5), random_params(5).for_array()
    light = leca.mosaic(smooth(64)) / 255
    ratio = charge.sums(light) / charge.limit
    np.testing.assert_allclose(linear.sums(light) / linear.limit, ratio, atol=0.25)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--channels", 0), "channels"),
        (("--bits", 5.5), "1.5"),
        (("--bits", "nan"), "expected a finite number"),
        (("--on", "scamp5", "--channels", 9, "--bits", 4), "up to 12 channels of 1.5 or 2 bits, or 8 of 3 or 4"),
        (("--on", "scamp5", "--bits", 6), "1.5, 2, 3 or 4"),
        (("--on", "scamp5:scale=9"), "scale"),
        (("--on", "circuit:psf=-1"), "psf"),
        (("--weights", "nowhere.npz"), "no such file"),
        (("--weights", "random:x"), "random:SEED"),
        (("--side", 2), "SCAMP-5"),
    ],
)
def test_bad_options_are_named(capsys: pytest.CaptureFixture[str], photo: Path, arguments: Any, says: str) -> None:
    assert main(["system", "run", "leca", str(photo), *map(str, arguments)]) != 0
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((10, 12)), "multiples of 4"),
        (np.full((8, 8), 300.0), "0..255"),
        (np.full((8, 8), np.nan), "0..255"),
        (np.zeros((2, 8, 8)), "expected a mosaic"),
    ],
)
def test_bad_mosaics_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path, array: Any, says: str) -> None:
    np.save(tmp_path / "m.npy", array)
    assert main(["system", "run", "leca", str(tmp_path / "m.npy")]) != 0
    assert says in capsys.readouterr().err


def test_noise_has_a_part_for_the_chip_and_one_for_the_frame() -> None:
    params, light = random_params(2), leca.mosaic(smooth(224)) / 255
    one = circuit.sums(params, light, circuit.Noise(), serial=1, seed=1)
    same = circuit.sums(params, light, circuit.Noise(), serial=1, seed=1)
    frame = circuit.sums(params, light, circuit.Noise(), serial=1, seed=2)
    chip = circuit.sums(params, light, circuit.Noise(), serial=2, seed=1)
    np.testing.assert_array_equal(one, same)
    ideal = params.sums(light)
    temporal, both = (one - frame).std() / 2**0.5, (one - ideal).std()
    assert 0.002 < temporal < both < 0.05
    assert (one - chip).std() > 1.2 * (one - frame).std()


@pytest.mark.parametrize(
    "stage",
    [
        "shot",
        "read",
        "psf_gain",
        "psf_offset",
        "psf",
        "capacitor",
        "scm",
        "fvf_gain",
        "fvf_offset",
        "fvf",
        "adc_offset",
        "adc",
    ],
)
def test_every_stage_errs_in_proportion(stage: str) -> None:
    params, light = random_params(3), leca.mosaic(smooth(64)) / 255
    ideal, off = params.sums(light), {n: 0.0 for n in vars(circuit.Noise()) if n != "noise"}
    small, large = (
        (circuit.sums(params, light, circuit.Noise(**{**off, stage: size}), serial=4, seed=4) - ideal).std()
        for size in (1e-4, 2e-4)
    )
    assert small > 0
    assert large == pytest.approx(2 * small, rel=0.02)


def test_parameters_survive_a_file(tmp_path: Path) -> None:
    params = random_params(7, 3, 1.5)
    params.save(tmp_path / "w.npz")
    back = load_params(tmp_path / "w.npz")
    np.testing.assert_array_equal(back.weights, params.weights)
    assert (back.limit, back.bits, back.kind, back.multiplier) == (params.limit, 1.5, "midrise", "charge")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"limit": 0}, "above 0"),
        ({"limit": float("inf")}, "finite"),
        ({"magnitude": np.full((1, 4, 4), 16)}, r"0\.\.15"),
        ({"magnitude": np.zeros((1, 3, 3))}, "shape"),
        ({"bits": 9}, r"2\.\.8"),
        ({"surprise": 1}, "surprise"),
        ({"sign": None}, "missing sign"),
    ],
)
def test_damaged_weights_are_named(tmp_path: Path, change: Any, says: str) -> None:
    arrays = {"magnitude": np.ones((1, 4, 4)), "sign": np.ones((1, 4, 4)), "limit": 1.0, "bits": 4.0, **change}
    if arrays["magnitude"].shape == (1, 3, 3):
        arrays["sign"] = np.ones((1, 3, 3))
    np.savez(tmp_path / "w.npz", **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(ScampError, match=says):
        load_params(tmp_path / "w.npz")


def test_not_an_archive(tmp_path: Path) -> None:
    (tmp_path / "w.npz").write_bytes(b"nothing")
    with pytest.raises(ScampError, match="cannot be read"):
        load_params(tmp_path / "w.npz")


def test_the_linear_decoder_gets_better_with_channels_and_bits() -> None:
    rgb = smooth(96) / 255
    quality = []
    for channels, bits in ((1, 4), (4, 2), (4, 4), (12, 8)):
        params = decode.basis_params(channels, bits)
        codes = np.moveaxis(params.codes(params.sums(leca.mosaic(rgb))), -1, 0)
        quality.append(decode.psnr(decode.reconstruct(codes, params), rgb))
    assert quality == sorted(quality)
    assert quality[-1] > 25


def test_cost_of_the_chip_adds_up() -> None:
    cost = encoder.chip_cost(CHIP, random_params(1, 8, 3))
    assert cost.uj == pytest.approx(1e6 * sum(leca.energy(448 * 448, 8, 3).values()))
    assert cost.us == pytest.approx(leca.frame_us(448, 8))
    assert cost.readout_bytes == costs.counts(448 * 448, 8, 3).bits / 8


def test_golden_of_linear_weights_has_the_limit_of_the_array() -> None:
    params = random_params(1, multiplier="linear")
    array: Any = SYSTEM.build(params, SYSTEM_ON("scamp5"), Hardware())
    golden: Any = SYSTEM.build(params, SYSTEM_ON("golden"))
    assert array.exact.limit == golden.exact.limit == pytest.approx(params.limit, rel=0.02)


def SYSTEM_ON(name: str) -> Any:
    from scamp_sim.systems.base.options import parse_realisation

    return parse_realisation(name, SYSTEM.realisations)


def test_charge_weights_are_refused_on_the_array_in_python() -> None:
    with pytest.raises(ScampError, match="for_array"):
        SYSTEM.build(random_params(1), SYSTEM_ON("scamp5"))
    assert isinstance(random_params(1).for_array(), Params)
