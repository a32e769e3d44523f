"""`scamp-sim system train snn`. Imports torch when it runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from scamp_sim.files import check_file
from scamp_sim.limits import number_in
from scamp_sim.systems.pixels.params import LayerParams
from scamp_sim.systems.pixels.trainer import LayerTrainer

if TYPE_CHECKING:
    from scamp_sim.systems.pixels.data.datasets import Pictures
    from scamp_sim.systems.pixels.train.fit import Epoch, Settings


class SNNTrainer(LayerTrainer):
    """Spikes of one time step, with a Hoyer regulariser and, if there is a teacher, distillation."""

    own = ("mode", "scale", "hoyer", "teacher", "tau", "share")

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        super().arguments(parser)
        add = parser.add_argument
        add("--mode", choices=("cw", "sum", "fixed"), default="cw", help="Hoyer extremum: per channel, over all, or 1")
        add("--scale", metavar="R", type=number_in(above=0), default=1.0, help="of the extremum (default: 1)")
        add(
            "--hoyer",
            metavar="L",
            type=number_in(0),
            default=1e-8,
            help="weight of the Hoyer regulariser (default: 1e-8)",
        )
        add("--keep", metavar="FILE", help="keep the whole network, to be a teacher")
        add("--teacher", metavar="FILE", help="a network that --keep wrote, with channels of its own")
        add("--tau", metavar="T", type=number_in(above=0), default=2.0, help="temperature of distillation (default: 2)")
        add("--share", metavar="A", type=number_in(0, 1), default=0.5, help="of the teacher in the loss (default: 0.5)")

    def network(self, args: argparse.Namespace, data: Pictures) -> Any:
        from scamp_sim.systems.snn.train import HoyerSpike, Network, PixelConv2d

        if args.keep is not None:
            check_file(args.keep, "network")
        sensor = PixelConv2d(
            data.light.shape[1], args.channels, args.kernel, args.stride, pixel=args.pixel, cds=args.cds
        )
        return Network(sensor, len(data.classes), HoyerSpike(args.channels, args.mode, args.scale))

    def train(
        self, net: Any, train: Pictures, test: Pictures, settings: Settings, args: argparse.Namespace
    ) -> list[Epoch]:
        import torch
        from torch.nn import functional as F

        from scamp_sim.systems.pixels.train.fit import fit
        from scamp_sim.systems.snn.train import distillation, load_network, save_network

        teacher = None if args.teacher is None else load_network(args.teacher, train.light.shape[1], len(train.classes))

        def loss(scores: torch.Tensor, labels: torch.Tensor, light: torch.Tensor) -> torch.Tensor:
            if teacher is None:
                value = F.cross_entropy(scores, labels)
            else:
                with torch.no_grad():
                    told = teacher(light)
                value = distillation(scores, labels, told, args.tau, args.share)
            regular: torch.Tensor = value + args.hoyer * net.spike.loss
            return regular

        history = fit(net, train, test, settings, loss=loss, checkpoint=args.checkpoint, note=self.note(args))
        if args.keep is not None:
            save_network(net, args.keep)
        return history

    def results(self, net: Any, train: Pictures, test: Pictures, args: argparse.Namespace) -> dict[str, Any]:
        import torch

        with torch.no_grad():
            rates = net.spikes(torch.from_numpy(test.light[:512])).mean(dim=(0, 2, 3))
        return {
            "firing_rates": [float(r) for r in rates],
            "firing_rate": float(rates.mean()),
            "teacher": args.teacher,
            "v_th": float(net.spike.v_th.detach()),
            "extrema": [float(e) for e in net.spike.running],
        }

    def lines(self, found: dict[str, Any]) -> list[str]:
        rates = " ".join(f"{100 * r:.0f}" for r in found["firing_rates"])
        return [f"spikes   {100 * found['firing_rate']:.1f} % fire; by channel {rates}"]

    def module(self, params: LayerParams | None, **settings: Any) -> Any:
        from scamp_sim.systems.snn.train import Network, PixelConv2d, network_of

        classes = settings.get("classes", 10)
        if params is not None:
            return network_of(params, classes)
        from scamp_sim.systems.pixels.train.fit import seeded

        seeded(settings.get("seed", 0))
        return Network(PixelConv2d(1, 8, 4), classes)

    def params(self, module: Any) -> LayerParams:
        from scamp_sim.systems.snn.train import params_of

        return params_of(module)
