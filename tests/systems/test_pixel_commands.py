"""`scamp-sim system ... p2m` and `snn`: pictures of every kind, costs, published numbers, sweeps, bad input."""

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim.cli.main import main
from scamp_sim.exceptions import ScampError
from scamp_sim.systems.pixels.data.datasets import load, plain_array
from scamp_sim.systems.pixels.data.scenes import scene
from scamp_sim.systems.pixels.params import load_layer


def run(capsys: pytest.CaptureFixture[str], *args: Any) -> Any:
    assert main(["system", *map(str, args), "--format", "json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *args: Any, code: int = 1) -> str:
    assert main(["system", *map(str, args)]) == code
    err = capsys.readouterr().err
    assert "Traceback" not in err
    return err


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray((255 * scene(3, (120, 160), True)).astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize("system", ["p2m", "snn"])
@pytest.mark.parametrize("on", ["golden", "circuit", "scamp5"])
def test_run_writes_pictures(
    system: str, on: str, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    found = run(capsys, "run", system, photo, "--on", on, "--out", out)
    side = [8, 64, 64] if on == "scamp5" else [8, 24, 32]
    assert found["codes"]["shape"] == side
    assert found["cost"]["frames_per_second"] > 10
    sheet = {"p2m": "maps.png", "snn": "spikes.png"}[system]
    assert (out / sheet).stat().st_size > 1000
    assert (out / "errors.png").exists() == (on != "golden")


def test_run_on_errors_tells_how_many_bits_flip(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dense = run(capsys, "run", "p2m", photo, "--on", "scamp5:dense")
    assert dense["codes"]["shape"] == [8, 51, 51]
    found = run(capsys, "run", "snn", photo, "--on", "scamp5", "--errors", "scamp5", "--chip", "2")
    assert 0 < found["flips"] < 0.3
    assert found["firing_rate"] > 0


def test_circuit_reports_what_ends_at_the_converter(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, "run", "p2m", photo)
    assert found["clipped"]["sums_above_full_scale"] == 0
    assert 0.2 < found["clipped"]["counts_below_0"] < 0.8
    for more in ("fusion=widths", "fusion=digital", "cds=signed,quantiser=authors", "pixel=ideal", "width_spread=0.02"):
        run(capsys, "run", "p2m", photo, "--on", f"circuit:{more}")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "CMYK", "I;16"])
def test_pictures_of_every_kind(mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / ("p.tif" if mode == "CMYK" else "p.png")
    if mode == "I;16":
        Image.fromarray((np.arange(40 * 52).reshape(40, 52) * 31).astype(np.uint16)).save(path)
    else:
        Image.fromarray(np.arange(40 * 52 * 3).reshape(40, 52, 3).astype(np.uint8)).convert(mode).save(path)
    assert run(capsys, "run", "p2m", path)["codes"]["shape"] == [8, 8, 10]
    assert run(capsys, "run", "snn", path, "--on", "scamp5")["codes"]["shape"] == [8, 64, 64]


def test_a_560x560_picture_takes_less_than_two_seconds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import time

    Image.fromarray((255 * scene(5, (560, 560), True)).astype(np.uint8)).save(tmp_path / "p.png")
    run(capsys, "run", "p2m", tmp_path / "p.png")  # what is imported, is imported
    start = time.process_time()
    run(capsys, "run", "p2m", tmp_path / "p.png")
    assert time.process_time() - start < 2


def test_rows_that_are_in_no_window_are_mentioned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.zeros((43, 41), np.uint8)).save(tmp_path / "p.png")
    assert run(capsys, "run", "p2m", tmp_path / "p.png")["ignored"] == [3, 1]


def test_sixteen_bits_are_not_thrown_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "a.npy", np.full((10, 10), 30000, np.uint16))
    np.save(tmp_path / "b.npy", np.full((10, 10), 30000 / 65535))
    both = [run(capsys, "run", "p2m", tmp_path / f"{n}.npy", "--on", "golden")["codes"] for n in "ab"]
    assert both[0] == both[1]


def test_linear_undoes_the_gamma(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, linear = (run(capsys, "run", "p2m", photo, "--on", "golden", *more)["codes"] for more in ((), ("--linear",)))
    assert plain["mean"] != linear["mean"]


@pytest.mark.parametrize(
    ("bits", "channels", "words", "nbytes"),
    [("ternary", 8, 267, 32768), ("3", 8, 523, 32768), ("ternary", 16, 496, 65536), ("1", 5, 180, 20480)],
)
def test_costs_on_the_array(
    bits: str, channels: int, words: int, nbytes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(capsys, "costs", "p2m", "--on", "scamp5", "--channels", channels, "--weight-bits", bits)
    assert 50 < found["words"] <= words
    assert found["readout_bytes"] == nbytes
    assert 20 < found["compute_us"] < 120
    spikes = run(capsys, "costs", "snn", "--on", "scamp5", "--channels", channels, "--weight-bits", bits)
    assert spikes["words"] == found["words"] + 3
    assert spikes["readout_bytes"] == 8192


def test_validate(capsys: pytest.CaptureFixture[str]) -> None:
    for system in ("p2m", "snn"):
        found = run(capsys, "validate", system, "--clips", "example:2")
        assert found
        found = run(capsys, "validate", system, "--on", "scamp5", "--errors", "scamp5", "--clips", "example:1")
        assert found
        chips = ("--errors", "scamp5", "--chips", "1-2", "--clips", "example:1")
        assert run(capsys, "validate", system, "--on", "scamp5", *chips)


def test_costs_of_the_dense_walk(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, "costs", "p2m", "--on", "scamp5:dense", "--kernel", 5, "--stride", 5)
    assert 400 < found["words"] < 520
    assert found["readout_bytes"] == 20_808


def test_costs_of_the_sensor_follow_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    plain = run(capsys, "costs", "p2m", "--on", "circuit")
    assert plain["time_us"] == pytest.approx(36069.4, abs=1)
    assert plain["bandwidth_reduction"] == pytest.approx(18.75)
    assert plain["sequential_ms"] == pytest.approx(45.44, abs=0.01)
    assert plain["total_uj"] == pytest.approx(543.7, rel=1e-3)
    for change in (("--kernel", 3), ("--stride", 4), ("--channels", 4), ("--bits", 6), ("--image", 225)):
        other = run(capsys, "costs", "p2m", "--on", "circuit", *change)
        assert (other["time_us"], other["bits"]) != (plain["time_us"], plain["bits"])
    assert run(capsys, "costs", "snn", "--on", "circuit", "--channels", 64, "--kernel", 4)["bandwidth_reduction"] == 12


IDS = {
    "p2m": "bandwidth t_adc_p2m t_adc_baseline t_sens_p2m t_sens_baseline energy_p2m energy_baseline energy_ratio "
    "madds_560_baseline madds_560_p2m memory_560_baseline memory_560_p2m edp_ratio",
    "snn": "bandwidth_64 bandwidth_8 share_back_end_232 share_back_end_356",
}


@pytest.mark.parametrize("system", IDS)
def test_published_has_the_ids_that_stay(system: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["id"]: row for row in run(capsys, "published", system)["rows"]}
    assert set(IDS[system].split()) <= rows.keys()
    for row in rows.values():
        assert {"id", "what", "published", "recomputed", "unit", "kind", "why"} <= row.keys()
        assert row["kind"] in ("published", "recomputed", "inferred", "assumed")
    assert main(["system", "published", system]) == 0
    assert "recomputed" in capsys.readouterr().out


def test_sweep_and_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure = tmp_path / "sweep.png"
    sweep = ["--sweep", "kernel=3,5,7", "stride=k", "bits=4,8", "--plot", figure]
    rows = run(capsys, "published", "p2m", *sweep)["rows"]
    by_id = {row["id"]: row["recomputed"] for row in rows}
    assert by_id["bandwidth_k5_s5_c8_b8_i560"] == pytest.approx(18.75)
    assert by_id["bandwidth_k5_s5_c8_b4_i560"] == pytest.approx(37.5)
    assert len(rows) == 6 * 6
    assert figure.stat().st_size > 10_000
    assert run(capsys, "published", "snn", "--sweep", "channels=8,64", "kernel=4")["rows"][0]["recomputed"] == 96
    assert main(["system", "published", "snn", "--plot", str(tmp_path / "snn.png")]) == 0


def test_calculator_of_shares(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, "published", "snn", "--shares", 2.32, "--sensor-share", 0.3)
    rows = {row["id"]: row["recomputed"] for row in found["rows"]}
    assert rows["share_back_end"] == pytest.approx(0.460, abs=2e-3)
    assert rows["share_sensor"] + rows["share_link"] + rows["share_back_end"] == pytest.approx(1)
    assert "no admissible shares" in refused(
        capsys,
        "published",
        "snn",
        "--shares",
        2.32,
        "--sensor-share",
        0.95,
        code=2,
    )


def test_bad_input_is_refused(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, arrays, message in (
        ("none", {"w": np.ones(3)}, "expected an array 'weights'"),
        ("shape", {"weights": np.ones((2, 3, 4, 5))}, "expected weights of shape"),
        ("nan", {"weights": np.full((2, 3, 4, 4), np.nan)}, "weights must be finite"),
        ("norm", {"weights": np.ones((2, 3, 4, 4)), "gamma": np.full(2, np.inf)}, "'gamma' of channel 0 is inf"),
        ("extra", {"weights": np.ones((2, 3, 4, 4)), "momentum": np.ones(1)}, "unknown array(s) momentum"),
        ("v_th", {"weights": np.ones((2, 3, 4, 4)), "v_th": np.zeros(2)}, "'v_th' of channel 0 is 0"),
        ("pickled", {"weights": np.array([{}], dtype=object)}, "cannot be read"),
        ("big", {"weights": np.ones((1, 3, 200, 200))}, "kernel needs"),
    ):
        path = tmp_path / f"{name}.npz"
        np.savez(path, **arrays)
        assert message in refused(capsys, "run", "p2m", photo, "--weights", path), name
    assert "no such file" in refused(capsys, "run", "p2m", tmp_path / "nothing.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nxx")
    assert "image" in refused(capsys, "run", "snn", tmp_path / "broken.png")
    assert "17 channels do not fit" in refused(capsys, "costs", "p2m", "--on", "scamp5", "--channels", 17, code=2)
    assert "--weight-bits 9" in refused(capsys, "costs", "p2m", "--on", "scamp5", "--weight-bits", 9, code=2)
    assert "does not tile" in refused(capsys, "costs", "snn", "--on", "scamp5", "--stride", 3, code=2)
    assert "spreads are options" in refused(
        capsys,
        "run",
        "p2m",
        photo,
        "--on",
        "circuit",
        "--errors",
        "scamp5",
        code=2,
    )
    assert "cds=signed" in refused(capsys, "run", "p2m", photo, "--on", "circuit:quantiser=authors", code=2)
    assert "--sweep size=3" in refused(capsys, "published", "p2m", "--sweep", "size=3", code=2)
    assert "name it .png, .pdf or .svg" in refused(capsys, "published", "p2m", "--plot", tmp_path / "x.txt", code=2)


def test_light_outside_and_odd_curves(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "bright.npy", np.full((20, 20), 1.5))
    assert "light of 1.5" in refused(capsys, "run", "p2m", tmp_path / "bright.npy")
    falling = {"offset": [0.5, -0.2], "gain": [0.3, 0.1]}
    (tmp_path / "falling.json").write_text(json.dumps(falling))
    found = run(capsys, "run", "p2m", photo, "--on", f"circuit:pixel={tmp_path / 'falling.json'}")
    assert "falls with light" in found["warnings"][0]
    table: dict[str, Any] = {
        "widths": np.array([0.0, 1.0]),
        "lights": np.array([0.0, 1.0]),
        "values": np.array([[0.0, 0.1], [0.2, 0.6]]),
    }
    np.savez(tmp_path / "table.npz", **table)
    found = run(capsys, "run", "snn", photo, "--on", f"circuit:pixel={tmp_path / 'table.npz'}")
    assert found["codes"]["bits"] == 1
    (tmp_path / "broken.json").write_text('{"offset": [1]}')
    assert "expected offset, gain and perhaps centre" in refused(
        capsys, "run", "p2m", photo, "--on", f"circuit:pixel={tmp_path / 'broken.json'}"
    )
    assert "expected curve, ideal" in refused(capsys, "run", "p2m", photo, "--on", "circuit:pixel=cubic", code=2)


def test_constant_channels_are_mentioned(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = np.random.default_rng(0).normal(size=(2, 3, 5, 5))
    np.savez(tmp_path / "w.npz", weights=weights, gamma=np.array([0.0, 1.0]), beta=np.array([0.5, 0.0]))
    for system in ("p2m", "snn"):
        found = run(capsys, "run", system, photo, "--weights", tmp_path / "w.npz")
        assert "channel(s) 0" in found["notes"][0]


def test_weights_survive_a_file(tmp_path: Path) -> None:
    params = load_layer("random:3")
    params.save(tmp_path / "w.npz")
    assert load_layer(str(tmp_path / "w.npz")).digest == params.digest
    with pytest.raises(ScampError, match=r"expected FILE\.npz"):
        load_layer("weights.txt")


# --- data -----------------------------------------------------------------------------------------------------


def test_a_scene_is_the_same_at_every_resolution() -> None:
    fine, coarse = scene(4, (240, 240), True), scene(4, (60, 60), True)
    small = fine.reshape(60, 4, 60, 4, 3).mean(axis=(1, 3))
    assert np.abs(small - coarse).mean() < 0.02
    without = scene(4, (60, 60), False)
    differs = np.abs(coarse - without).max(axis=2) > 0.02
    assert 0.01 < differs.mean() < 0.4


def test_drawn_data_are_seeded_and_labelled() -> None:
    for name, classes in (("shapes", 10), ("figures", 2)):
        one, again, other = load(name, 24, 40, 0), load(name, 24, 40, 0), load(name, 24, 40, 1)
        np.testing.assert_array_equal(one.light, again.light)
        assert np.any(one.light != other.light)
        assert len(one.classes) == classes
        assert one.light.min() >= 0
        assert one.light.max() <= 1
        assert np.bincount(one.labels).min() >= 40 // classes - 1
        assert "drawn" in one.source


def test_pickles_are_read_off_or_refused(tmp_path: Path) -> None:
    # The form of the wheel: protocol 4, the array's own reduction.
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    np.testing.assert_array_equal(plain_array(pickle.dumps(array, protocol=4), "data"), array)
    labels = np.arange(5, dtype=np.int64)
    np.testing.assert_array_equal(plain_array(pickle.dumps(labels, protocol=4), "labels"), labels)

    class Runs:
        def __reduce__(self) -> Any:
            return print, ("this must not run",)

    for harmful in (Runs(), [array, Runs()], {"a": array}, "text"):
        with pytest.raises(ScampError):
            plain_array(pickle.dumps(harmful, protocol=4), "data")
    with pytest.raises(ScampError, match=r"not a pickled array|more than a plain array|not one plain array"):
        plain_array(b"\x80\x04garbage", "data")
    with zipfile.ZipFile(tmp_path / "animal_mnist-0.4.whl", "w") as wheel:
        wheel.writestr("something.txt", "else")
    with pytest.raises(ScampError, match=r"not a wheel of animal-mnist 0\.4"):
        load(f"animals:{tmp_path}")
    with pytest.raises(ScampError, match="unknown data"):
        load("vww")
