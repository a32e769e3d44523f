"""The training command of both systems: its options, and what is the same in both. Imports torch when it runs."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.exceptions import OptionError
from scamp_sim.files import check_file
from scamp_sim.limits import MANY, MOST_BATCH, MOST_EPOCHS, number_in, whole_in
from scamp_sim.systems.base.protocol import Report
from scamp_sim.systems.pixels.params import LayerParams

if TYPE_CHECKING:
    from scamp_sim.systems.pixels.data.datasets import Pictures
    from scamp_sim.systems.pixels.train.fit import Epoch, Settings


class LayerTrainer(ABC):
    """Trains a sensor layer and a small network behind it."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Options of `system train`."""
        add = parser.add_argument
        add("--data", default="shapes", help="digits, shapes, figures or animals:WHEEL (default: shapes, drawn)")
        add(
            "--size",
            metavar="N",
            type=whole_in(1, 4096),
            default=40,
            help="rows and columns of the pictures (default: 40)",
        )
        add("--count", metavar="N", type=whole_in(1, MANY), help="pictures (default: all, of drawn data 4000)")
        add("--test", metavar="N", type=whole_in(1, MANY), help="of them for the test (default: a quarter)")
        add("--channels", metavar="N", type=whole_in(1, 4096), default=8, help="maps of the sensor (default: 8)")
        add("--kernel", metavar="K", type=whole_in(1, 4096), default=5, help="window of the sensor (default: 5)")
        add("--stride", metavar="S", type=whole_in(1, 65536), help="default: the kernel size")
        add("--pixel", choices=("curve", "ideal"), default="curve", help="default: curve, as released")
        add("--cds", choices=("two-phase", "signed"), default="two-phase", help="default: two-phase, as in the circuit")
        add(
            "--noise",
            metavar="SD",
            default="0",
            help="added to every sum in training: a number, or scamp5 for what an "
            "affine fit leaves on two chips of that profile",
        )
        add("--epochs", metavar="N", type=whole_in(1, MOST_EPOCHS), default=15)
        add("--batch", metavar="N", type=whole_in(2, MOST_BATCH), default=64)
        add(
            "--rate",
            metavar="R",
            type=number_in(above=0, high=1000),
            default=3e-3,
            help="of Adam, with a cosine decay (default: 0.003)",
        )
        add("--seed", metavar="N", type=whole_in(0, 2**32 - 1), default=0)
        add("--checkpoint", metavar="FILE", help="written after every epoch, and resumed from if it is there")
        add("--out", metavar="FILE.npz", help="the sensor's parameters, for `system run --weights`")

    def run(self, args: argparse.Namespace) -> Report:
        """Train, keep, report. Raises ScampError."""
        from scamp_sim.training import require

        require()
        for path, what in ((args.out, "parameters"), (args.checkpoint, "checkpoint")):
            if path is not None:
                check_file(path, what)
        if args.out is not None and Path(args.out).suffix.lower() != ".npz":
            raise OptionError(f"--out {args.out}: expected a file that ends in .npz")
        from scamp_sim.systems.pixels.data.datasets import load
        from scamp_sim.systems.pixels.train.fit import Settings, seeded

        data = load(args.data, args.size, args.count, args.seed)
        train, test = data.split(args.test or max(1, len(data.labels) // 4))
        settings = Settings(args.epochs, args.batch, args.rate, args.seed)
        seeded(args.seed)
        net = self.network(args, train)
        self.disturb(net, args)
        history = self.train(net, train, test, settings, args)
        found = self.results(net, train, test, args)
        params = self.params(net)
        if args.out is not None:
            params.save(args.out)
        last = history[-1]
        document: dict[str, Any] = {
            "data": data.source,
            "size": args.size,
            "train": len(train.labels),
            "test": len(test.labels),
            "classes": list(data.classes),
            "settings": asdict(settings),
            "history": [asdict(e) for e in history],
            "accuracy": last.accuracy,
            "out": args.out,
            **found,
        }
        lines = [
            f"data     {data.source}, {args.size}x{args.size}: {len(train.labels):,} for training, "
            f"{len(test.labels):,} for the test, {len(data.classes)} classes",
            f"test     accuracy {100 * last.accuracy:.1f} % after {len(history)} epoch(s), loss {last.loss:.3f}",
            *self.lines(found),
        ]
        if args.out is not None:
            lines.append(f"written  {args.out}")
        return Report(document, tuple(lines))

    def disturb(self, net: Any, args: argparse.Namespace) -> None:
        """Noise of the sums in training. Raises ScampError."""
        import torch

        if args.noise == "scamp5":
            from scamp_sim.systems.pixels.train.noise import array_noise

            net.sensor.noise = torch.from_numpy(array_noise(self.params(net)))
            return
        try:
            sd = float(args.noise)
        except ValueError:
            sd = -1.0
        if not 0 <= sd < 1e6:
            raise OptionError(f"--noise {args.noise}: expected scamp5, or a standard deviation of 0 or more")
        net.sensor.noise = torch.tensor(sd, dtype=torch.float64)

    def train(
        self, net: Any, train: Pictures, test: Pictures, settings: Settings, args: argparse.Namespace
    ) -> list[Epoch]:
        """The loop with this system's loss."""
        from scamp_sim.systems.pixels.train.fit import fit

        return fit(net, train, test, settings, checkpoint=args.checkpoint, note=self.note(args))

    def note(self, args: argparse.Namespace) -> str:
        """What a checkpoint belongs to beside data and settings."""
        names = ("channels", "kernel", "stride", "pixel", "cds", "noise", *self.own)
        return " ".join(f"{name}={getattr(args, name)}" for name in names)

    own: tuple[str, ...] = ()
    """Further options that change the training."""

    @abstractmethod
    def network(self, args: argparse.Namespace, data: Pictures) -> Any:
        """A fresh network."""

    def results(self, net: Any, train: Pictures, test: Pictures, args: argparse.Namespace) -> dict[str, Any]:
        """What else is measured after training."""
        return {}

    def lines(self, found: dict[str, Any]) -> list[str]:
        """The same as text."""
        return []

    @abstractmethod
    def module(self, params: LayerParams | None, **settings: Any) -> Any:
        """A network with these parameters, or with fresh ones.

        settings: classes.
        """

    @abstractmethod
    def params(self, module: Any) -> LayerParams:
        """The sensor's parameters of a network."""

    def losses(self, module: Any, steps: int, seed: int = 0) -> Sequence[float]:
        """Losses of a few steps on drawn shapes, one batch over and over."""
        from scamp_sim.systems.pixels.train.fit import few_losses

        return few_losses(module, steps, seed)
