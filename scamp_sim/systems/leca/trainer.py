"""`scamp-sim system train leca`: soft, hard and noisy training, sweeps, and what they are compared with. Imports torch
when it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.exceptions import OptionError, ScampError
from scamp_sim.files import check_file
from scamp_sim.limits import MANY, MOST_EPOCHS, number_in, whole_in
from scamp_sim.show import plots
from scamp_sim.systems.base.protocol import Report
from scamp_sim.systems.leca import inputs
from scamp_sim.systems.leca.params import Params

if TYPE_CHECKING:
    import argparse

MODES = ("soft", "hard", "noisy")
TEST_SEED, BACKBONE_SEED = 1_000_003, 1_000_033
"""Seeds of drawn pictures to test on, and of those that the classifier learns; far from those of training."""
BACKBONE_PICTURES = 4000


class LecaTrainer:
    """See `scamp_sim.systems.base.protocol.Trainer`."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """The options of the command."""
        add = parser.add_argument
        add("--data", default="shapes", help="shapes (drawn), digits, photographs, or FILE.npz with images and labels")
        add("--count", type=whole_in(1, MANY), default=1000, help="pictures to train on (default: 1000)")
        add("--test", type=whole_in(1, MANY), default=400, help="pictures to test on (default: 400)")
        add("--channels", default="4", help="kernels; several, as 2,4,8, are a sweep (default: 4)")
        add("--bits", default="3", help="of a code: 1.5 or 2..8; several are a sweep (default: 3)")
        add("--modes", default="soft,hard,noisy", help="in this order, each from the one before (default: all three)")
        add("--array", action="store_true", help="train for SCAMP-5: linear products, and its measured errors as noise")
        add("--noise", type=number_in(0, 1000), default=2.0, help="factor on the chosen noise of the chip (default: 2)")
        add(
            "--start-epochs",
            type=whole_in(0, MOST_EPOCHS),
            default=8,
            help="at 8 bits, before those at fewer (default: 8)",
        )
        add("--epochs", type=whole_in(0, MOST_EPOCHS), default=8, help="at the bits of the codes (default: 8)")
        add("--rate", type=number_in(above=0, high=1000), default=2e-3, help="of Adam (default: 0.002)")
        add("--layers", type=whole_in(0, 1000), default=3, help="of the decoder; 15 in the paper (default: 3)")
        add("--filters", type=whole_in(1, 4096), default=16, help="of the decoder; 64 in the paper (default: 16)")
        add(
            "--backbone",
            default="small",
            help="small (trained here on raw pictures), efficientnet, or a TorchScript file",
        )
        add("--agree", action="store_true", help="no labels: train towards the backbone's own answers on raw pictures")
        add("--seed", type=whole_in(0, 2**32 - 1), default=0)
        add("--out", metavar="FILE.npz", help="keep the parameters of the last mode there")
        add("--checkpoint", metavar="FILE", help="keep each epoch there, and go on from it")
        add("--figure", metavar="FILE.png", help="accuracy over compression")

    def run(self, args: argparse.Namespace) -> Report:
        """Train each combination of channels and bits in the modes that were asked for."""
        from scamp_sim import training

        training.require()
        from scamp_sim.systems.leca.train import study

        modes = _several(args.modes, "--modes", str)
        if unknown := [m for m in modes if m not in MODES]:
            raise OptionError(f"--modes: expected some of {', '.join(MODES)}, got {unknown[0]}")
        channels = _several(args.channels, "--channels", int)
        if not all(1 <= n <= 4096 for n in channels):
            raise OptionError(f"--channels {args.channels:.60}: expected integers in 1..4096")
        bits = [inputs.resolution(b) for b in _several(args.bits, "--bits", float)]
        for path, what in ((args.out, "weights"), (args.checkpoint, "checkpoint")):
            if path is not None:
                check_file(path, what)
        if args.figure is not None:
            plots.check(args.figure)
        if len(channels) * len(bits) > 1 and (args.out or args.checkpoint):
            raise OptionError("--out and --checkpoint are for a single network; leave them out of a sweep")
        task = study.task(args.data, args.count, args.test, args.backbone, args.seed, agree=args.agree)
        rows = []
        for n in channels:
            for b in bits:
                rows.append(study.trained(task, n, b, modes, args))
        if args.out is not None:
            rows[-1].params.save(args.out)
        if args.figure is not None:
            plots.save(args.figure, lambda: study.figure(task, rows), 120)
        return _report(task, rows, args)

    def module(self, params: Params | None, **settings: Any) -> Any:
        """A torch encoder in the hard mode."""
        from scamp_sim.systems.leca.train.modules import Encoder

        if params is not None:
            return Encoder.of(params)
        chosen = {"channels": 4, "bits": 4, "mode": "hard", **settings}
        return Encoder(chosen.pop("channels"), chosen.pop("bits"), chosen.pop("mode"), **chosen)

    def params(self, module: Any) -> Params:
        """The parameters of an encoder."""
        return module.params()  # type: ignore[no-any-return]

    def losses(self, module: Any, steps: int, seed: int = 0) -> Sequence[float]:
        """Losses of a few steps on drawn shapes."""
        from scamp_sim.systems.leca import data
        from scamp_sim.systems.leca.train import loop
        from scamp_sim.systems.leca.train.modules import Decoder, Network

        pictures = data.shapes(64, seed)
        backbone = loop.train_backbone(data.shapes(256, seed + 1), epochs=2, seed=seed)
        import torch

        torch.manual_seed(seed)
        net = Network(module, Decoder(module.channels, residual=True), backbone)
        loop.begin(net, pictures)
        epochs = loop.train(net, pictures, loop.Settings(0, steps, 64, seed=seed, agree=True))
        return [epoch.loss for epoch in epochs]


def _several(text: str, option: str, kind: type) -> list[Any]:
    try:
        found = [kind(part) for part in str(text).split(",") if part.strip()]
    except ValueError:
        raise ScampError(f"{option} {text:.40}: expected values such as 2,4,8") from None
    if not found:
        raise ScampError(f"{option}: expected at least one value")
    return found


def _report(task: Any, rows: Sequence[Any], args: argparse.Namespace) -> Report:
    document = {
        "data": task.train.source,
        "classes": list(task.train.classes),
        "backbone": task.backbone_name,
        "measure": "agreement" if args.agree else "accuracy",
        "raw": task.raw,
        "baselines": [asdict(b) for b in task.baselines],
        "networks": [r.as_dict() for r in rows],
        **({"weights": str(args.out)} if args.out else {}),
        **({"figure": str(args.figure)} if args.figure else {}),
    }
    measure = "in agreement with the backbone" if args.agree else "right"
    lines = [
        f"{task.train.source}; classifier {task.backbone_name}, {100 * task.raw:.1f} % {measure} on raw pictures",
        *(f"{b.name:9s} ratio {b.ratio:.3g}: {100 * b.accuracy:.1f} %" for b in task.baselines),
    ]
    for r in rows:
        shares = ", ".join(f"{name} {100 * value:.1f} %" for name, value in r.scores.items())
        lines.append(f"leca {r.channels} x {r.bits:g} bit, ratio {r.ratio:.3g}, {measure}: {shares}")
    lines.append("these figures are of small, mostly drawn data and say nothing of ImageNet")
    if rows[-1].array_scale:
        lines.append(f"on the array at --on scamp5:scale={rows[-1].array_scale}")
    if args.out:
        lines.append(f"parameters: {Path(args.out)}; scamp-sim system run leca PICTURE --weights {Path(args.out)}")
    if args.figure:
        lines.append(f"figure: {Path(args.figure)}")
    return Report(document, tuple(lines))
