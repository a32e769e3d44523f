"""P2M and the spiking front end on chips with errors: residuals and flips. Bars 12 of P2M and 11 of the SNN.

Kernels: the eight oriented ones that are shipped, and seeded random ternary ones. Photograph: grace_hopper.jpg of
matplotlib, centre square, 256x256. Chips 1 to 4 of a frozen profile, and of the shipped population.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim import Machine
from scamp_sim.compiler import assemble
from scamp_sim.exceptions import ScampError
from scamp_sim.kernels.macropixels import Mapping
from scamp_sim.kernels.macropixels.program import random_weights
from scamp_sim.systems.base.options import parse_realisation
from scamp_sim.systems.base.records import Frames, Hardware
from scamp_sim.systems.p2m.system import SYSTEM as P2M
from scamp_sim.systems.pixels.array import quantised
from scamp_sim.systems.pixels.inputs import read_light, resized
from scamp_sim.systems.pixels.params import LayerParams, load_layer, oriented
from scamp_sim.systems.snn.system import SYSTEM as SNN

FROZEN = str(Path(__file__).parent / "data" / "frozen_chip.json")
CHIPS = (1, 2, 3, 4)


@pytest.fixture(scope="module")
def photograph() -> npt.NDArray[Any]:
    cbook = pytest.importorskip("matplotlib.cbook")
    light, _ = read_light(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)), 1)
    return resized(light, 256, 256)[..., 0]


def residual(weights: Any, light: Any, errors: Any) -> float:
    """sd of what an affine fit of each channel leaves over the sd of the channel, mean over channels and chips."""
    mapping = Mapping(weights)
    program = assemble(mapping.text("sums", readout="    output d = D;\n"))
    exact = mapping.sums(light)
    left = []
    for chip in CHIPS:
        machine = Machine(errors=errors, chip=chip, seed=1)
        got = mapping.layout.gather(machine.run(program, inputs={"picture": 255 * light}).outputs["d"])
        for a, b in zip(exact, got, strict=True):
            slope, offset = np.polyfit(a.ravel(), b.ravel(), 1)
            left.append((b - slope * a - offset).std() / a.std())
    return float(np.mean(left))


@pytest.mark.parametrize("errors", [FROZEN, "scamp5"], ids=["frozen", "scamp5"])
@pytest.mark.parametrize("kind", ["oriented", "random"])
def test_p2m_bar_12_residual_is_below_a_quarter_of_the_signal(
    kind: str, errors: Any, photograph: npt.NDArray[Any]
) -> None:
    weights = oriented(4) if kind == "oriented" else random_weights(8, 4, 1, seed=1)
    assert residual(weights, photograph, errors) < 0.25


@pytest.mark.parametrize("errors", [FROZEN, "scamp5"], ids=["frozen", "scamp5"])
def test_snn_bar_11_flips_at_the_chosen_exponent(errors: Any, photograph: npt.NDArray[Any]) -> None:
    base = load_layer("default:4")
    clip = photograph[None]
    golden = SNN.build(base, parse_realisation("golden", SNN.realisations), takes=Frames(1, 256, 256))
    n = golden.encode(clip, keep=["potentials"]).stages["potentials"]
    params = replace(base, extremum=np.quantile(n, 0.8, axis=(1, 2)))  # a fifth of each channel fires
    on = parse_realisation("scamp5", SNN.realisations)
    exact = SNN.models(params, on, clip, Frames(1, 256, 256))
    assert np.mean(exact["golden"].codes) == pytest.approx(0.2, abs=0.001)
    assert np.mean(exact["array"].codes != exact["golden"].codes) < 0.02  # thresholds of whole LSB
    flips = []
    for chip in CHIPS:
        encoder: Any = SNN.build(params, on, Hardware(errors=errors, chip=chip))
        assert encoder.mapping.g == 1
        flips.append(np.mean(encoder.encode(clip, measurement=1).codes != exact["golden"].codes))
    assert np.mean(flips) <= 0.14
    plain = parse_realisation("scamp5:calibrate=false", SNN.realisations)
    uncalibrated = [
        np.mean(SNN.build(params, plain, Hardware(errors=errors, chip=c)).encode(clip).codes != exact["golden"].codes)
        for c in CHIPS
    ]
    assert np.mean(flips) < np.mean(uncalibrated) <= 0.14


MODELS = [(P2M, "default:4"), (SNN, "default:4"), (P2M, "default:2"), (SNN, "default:8")]


@pytest.mark.parametrize(("system", "weights"), MODELS)
def test_the_array_equals_its_own_model(system: Any, weights: Any, photograph: npt.NDArray[Any]) -> None:
    params = load_layer(weights)
    on = parse_realisation("scamp5", system.realisations)
    takes = Frames(1, 256, 256)
    models = system.models(params, on, photograph[None], takes)
    got = system.build(params, on, takes=takes).encode(photograph[None])
    assert np.mean(got.codes != models["array"].codes) < 1e-3  # what lies on a threshold or between two codes
    away = np.abs(np.asarray(got.codes, float) - np.asarray(models["golden"].codes, float))
    assert np.mean(away > 0.1) < 0.02


@pytest.mark.parametrize(("mapping", "factor"), [("macropixel", 0.8), ("dense", 0.98)])
def test_calibration_brings_maps_nearer_to_the_golden_model(
    mapping: str, factor: float, photograph: npt.NDArray[Any]
) -> None:
    params = load_layer("default:4" if mapping == "macropixel" else "default:5")
    rms = {}
    for calibrate in ("true", "false"):
        on = parse_realisation(f"scamp5:{mapping},calibrate={calibrate}", P2M.realisations)
        golden = P2M.models(params, on, photograph[None], Frames(1, 256, 256))["golden"].codes
        got = P2M.build(params, on, Hardware(errors="scamp5", chip=2)).encode(photograph[None]).codes
        rms[calibrate] = np.sqrt(np.mean((got - golden) ** 2))
    assert rms["true"] < factor * rms["false"]


@pytest.mark.parametrize("stride", [5, 3])
def test_the_dense_walk_equals_its_own_model(stride: int, photograph: npt.NDArray[Any]) -> None:
    params = replace(load_layer("default:5"), stride=stride)
    on = parse_realisation("scamp5:dense", P2M.realisations)
    models = P2M.models(params, on, photograph[None], Frames(1, 256, 256))
    got = P2M.build(params, on).encode(photograph[None]).codes
    assert np.mean(got != models["array"].codes) < 1e-3
    assert np.mean(np.abs(got - models["golden"].codes) > 0.5) < 0.02


def test_negative_and_zero_scales_on_the_array(photograph: npt.NDArray[Any]) -> None:
    base = load_layer("default:4")
    norm = replace(base.norm, gamma=np.array([1.0, -1.0, 0.0, 2.0, -0.5, 1, 1, 1]), beta=np.full(8, 0.3))
    params = replace(base, norm=norm)
    takes = Frames(1, 256, 256)
    # Pictures of little contrast stay within the converter.
    clip = 0.5 + 0.2 * (photograph[None] - 0.5)
    for system in (P2M, SNN):
        on = parse_realisation("scamp5:exponent=0", system.realisations)
        golden = system.models(params, on, clip, takes)["golden"].codes
        got = system.build(params, on, takes=takes).encode(clip).codes
        if system is P2M:
            np.testing.assert_allclose(got, golden, atol=0.25)  # an LSB is 0.2 where gamma is 2
            assert np.all(got[2] == pytest.approx(0.3))
        else:
            # Thresholds are whole LSB, of which this picture has few; the array's own model has them too.
            models = system.models(params, on, clip, takes)
            assert np.mean(got != models["array"].codes) < 1e-3
            assert np.all(got[2] == golden[2])


def test_steps_on_the_array_equal_the_golden_membrane(photograph: npt.NDArray[Any]) -> None:
    params = load_layer("default:4")
    for options in ("steps=4,leak=0.5,reset=subtract", "steps=3,leak=1,reset=zero"):
        on = parse_realisation(f"scamp5:{options}", SNN.realisations)
        takes = Frames(1, 256, 256)
        models = SNN.models(params, on, photograph[None], takes)
        got = SNN.build(params, on, takes=takes).encode(photograph[None]).codes
        assert got.shape == models["golden"].codes.shape
        assert np.mean(got != models["array"].codes) < 1e-3
        assert np.mean(got != models["golden"].codes) < 0.03


def test_weights_become_whole_numbers() -> None:
    rng = np.random.default_rng(0)
    w = rng.normal(size=(3, 4, 4))
    whole, steps = quantised(w, 7)
    assert np.abs(whole * steps[:, None, None] - w).max() <= np.abs(w).max() / 254 + 1e-12
    ternary, _ = quantised(w, 1)
    assert set(np.unique(ternary)) == {-1, 0, 1}
    exact, step = quantised(0.275 * oriented(4).astype(float), 1)
    np.testing.assert_array_equal(exact, oriented(4))
    np.testing.assert_allclose(step, 0.275)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (LayerParams.of(np.ones((2, 3, 4, 4))), "no colour filter"),
        (LayerParams.of(np.ones((2, 4, 4)), stride=2), "does not tile"),
        (LayerParams.of(np.ones((2, 5, 5))), "kernel = stride = 2, 4 or 8"),
        (LayerParams.of(np.ones((17, 4, 4))), r"room for 1\.\.16"),
    ],
)
def test_layers_that_do_not_fit_are_refused(params: Any, message: str) -> None:
    for system in (P2M, SNN):
        with pytest.raises(ScampError, match=message):
            system.build(params, parse_realisation("scamp5", system.realisations))


def test_shifts_and_thresholds_outside_of_the_converter_are_refused() -> None:
    far = LayerParams.of(oriented(4), beta=50.0, extremum=90.0)
    for system in (P2M, SNN):
        encoder = system.build(far, parse_realisation("scamp5:exponent=2", system.realisations))
        with pytest.raises(ScampError, match="outside of the converter"):
            encoder.programs()


def test_a_membrane_that_would_add_its_shift_is_refused() -> None:
    on = parse_realisation("scamp5:steps=2", SNN.realisations)
    with pytest.raises(ScampError, match=r"add .* LSB to its membrane in every step"):
        SNN.build(LayerParams.of(np.ones((1, 4, 4))), on)


def test_other_chips_share_what_was_measured(photograph: npt.NDArray[Any]) -> None:
    params, takes = load_layer("default:4"), Frames(1, 256, 256)
    for system in (P2M, SNN):
        on = parse_realisation("scamp5", system.realisations)
        first = system.build(params, on, Hardware(errors="scamp5", chip=1))
        shared = system.on_chip(first, params, on, Hardware(errors="scamp5", chip=2), takes)
        anew = system.build(params, on, Hardware(errors="scamp5", chip=2))
        np.testing.assert_array_equal(shared.encode(photograph[None]).codes, anew.encode(photograph[None]).codes)
