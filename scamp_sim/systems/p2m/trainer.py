"""`scamp-sim system train p2m`. Imports torch when it runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.exceptions import OptionError
from scamp_sim.show import plots
from scamp_sim.systems.pixels.figures.plots import codes
from scamp_sim.systems.pixels.params import LayerParams
from scamp_sim.systems.pixels.trainer import LayerTrainer

if TYPE_CHECKING:
    from scamp_sim.systems.pixels.data.datasets import Pictures


class P2MTrainer(LayerTrainer):
    """Float training, then codes of several depths."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        super().arguments(parser)
        parser.add_argument(
            "--bits", metavar="B,B,...", default="8,6,4", help="depths to try after training (default: 8,6,4)"
        )
        parser.add_argument("--plot", metavar="FILE", help="a figure of the accuracy over these depths")

    def network(self, args: argparse.Namespace, data: Pictures) -> Any:
        from scamp_sim.systems.p2m.train import Network, P2MConv2d

        depths(args.bits)
        if args.plot is not None:
            plots.check(args.plot)
        sensor = P2MConv2d(data.light.shape[1], args.channels, args.kernel, args.stride, pixel=args.pixel, cds=args.cds)
        return Network(sensor, len(data.classes))

    def results(self, net: Any, train: Pictures, test: Pictures, args: argparse.Namespace) -> dict[str, Any]:
        import torch

        from scamp_sim.systems.p2m.train import Quantised
        from scamp_sim.systems.pixels.train.fit import accuracy

        light = torch.from_numpy(train.light[:512])
        rows = [
            {
                "bits": b,
                "phases": accuracy(Quantised(net, light, b, "phases"), test),
                "output": accuracy(Quantised(net, light, b, "output"), test),
            }
            for b in depths(args.bits)
        ]
        net.extra = {"full_scale": Quantised(net, light, 8, "phases").fused.unit[0] * 2.0**8, "bits": 8}
        if args.plot is not None:
            what = f"{test.source}, {args.size}x{args.size}, {len(test.labels):,} test pictures"
            codes(rows, accuracy(net, test), Path(args.plot), what)
        return {"codes": rows}

    def lines(self, found: dict[str, Any]) -> list[str]:
        return [
            f"{row['bits']:2d} bit   {100 * row['phases']:.1f} % with both phases converted (the circuit), "
            f"{100 * row['output']:.1f} % with one conversion of the output"
            for row in found["codes"]
        ]

    def module(self, params: LayerParams | None, **settings: Any) -> Any:
        from scamp_sim.systems.p2m.train import Network, P2MConv2d, network_of

        classes = settings.get("classes", 10)
        if params is not None:
            return network_of(params, classes)
        from scamp_sim.systems.pixels.train.fit import seeded

        seeded(settings.get("seed", 0))
        return Network(P2MConv2d(1, 8, 4), classes)

    def params(self, module: Any) -> LayerParams:
        from scamp_sim.systems.p2m.train import params_of

        return params_of(module)


def depths(text: str) -> list[int]:
    """Bits of --bits. Raises ScampError."""
    parts = text.split(",")
    if not all(p.strip().isdecimal() and 1 <= int(p) <= 16 for p in parts):
        raise OptionError(f"--bits {text}: expected depths of 1..16, such as 8,6,4")
    return [int(p) for p in parts]
