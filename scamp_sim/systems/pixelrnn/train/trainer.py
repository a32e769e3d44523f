"""PixelRNN's trainable twin behind the protocol: options of `system train`, and the steps of the conformance suite."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.limits import MOST_BATCH, MOST_EPOCHS, number_in, whole_in
from scamp_sim.show.progress import kept, progress
from scamp_sim.systems.base.protocol import Report
from scamp_sim.systems.pixelrnn.data.sources import TEST_SEED, TRAIN_SEED
from scamp_sim.systems.pixelrnn.params import Weights

if TYPE_CHECKING:
    import argparse

    from scamp_sim.systems.pixelrnn.train.loop import Epoch

CLIPS, TEST = f"synthetic:40:{TRAIN_SEED}", f"synthetic:20:{TEST_SEED}"
"""Synthetic gestures that the network is trained on, and those that it is tested on."""


class PixelRNNTrainer:
    """Trains `Weights`; its methods import torch."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """The options of `system train pixelrnn`."""
        parser.add_argument(
            "--clips",
            metavar="CLIPS",
            default=CLIPS,
            help=f"labelled clips, as `validate` takes them (default: {CLIPS})",
        )
        parser.add_argument(
            "--test", metavar="CLIPS", default=TEST, help=f"test clips, evaluated after every epoch (default: {TEST})"
        )
        parser.add_argument(
            "--noise",
            metavar="NAME",
            default="none",
            help="errors of the forward pass: none (default), authors, a profile of analog errors such as scamp5, "
            "which is measured on emulated chips first, or FILE.json with a measurement",
        )
        parser.add_argument(
            "--noise-scale", metavar="X", type=number_in(0, 1000), help="scale noise and fixed pattern by X"
        )
        parser.add_argument("--save-noise", metavar="FILE", help="keep the errors there, as JSON, for --noise FILE")
        parser.add_argument(
            "--epochs",
            metavar="N",
            type=whole_in(1, MOST_EPOCHS),
            default=20,
            help="passes over the clips (default: 20)",
        )
        parser.add_argument(
            "--batch", metavar="N", type=whole_in(2, MOST_BATCH), default=16, help="clips per step (default: 16)"
        )
        parser.add_argument(
            "--rate",
            metavar="X",
            type=number_in(above=0, high=1000),
            default=0.01,
            help="learning rate of the encoder (default: 0.01)",
        )
        parser.add_argument(
            "--layers", metavar="N", type=whole_in(1, 2), default=1, help="layers of convolutions, 1 or 2 (default: 1)"
        )
        parser.add_argument(
            "--surrogate", metavar="NAME", default="tanh", help="gradient of a sign: tanh (default) or straight-through"
        )
        parser.add_argument(
            "--seed", metavar="N", type=whole_in(0, 2**32 - 1), default=0, help="fixes every result (default: 0)"
        )
        parser.add_argument(
            "--threads", metavar="N", type=whole_in(1, 1024), default=2, help="threads of PyTorch (default: 2)"
        )
        parser.add_argument("--out", metavar="FILE", help="write the weights there, .npz")
        parser.add_argument("--checkpoint", metavar="FILE", help="keep the state there after each epoch")

    def run(self, args: argparse.Namespace) -> Report:
        """Train, on clips, with the errors of an array or without; the epochs are printed as they are done."""
        from scamp_sim import training as st

        st.require()
        from scamp_sim.files import check_file
        from scamp_sim.systems.pixelrnn.train import loop as training
        from scamp_sim.systems.pixelrnn.train.noise import known_errors, load_errors
        from scamp_sim.training import labels

        for path, what in ((args.out, "weights"), (args.checkpoint, "checkpoint"), (args.save_noise, "stage errors")):
            if path is not None:
                check_file(path, what)
        if args.out is not None and not str(args.out).endswith(".npz"):
            raise OptionError(f"--out {args.out}: weights are saved as .npz; name it so")
        chosen: dict[str, Any] = {
            "epochs": args.epochs,
            "batch": args.batch,
            "rate": args.rate,
            "seed": args.seed,
            "layers": args.layers,
            "surrogate": args.surrogate,
            "threads": args.threads,
        }
        training.Settings(**chosen)  # what is wrong with them is said before anything is measured or drawn
        known_errors(args.noise)
        if args.noise_scale is not None and not args.noise_scale >= 0:
            raise OptionError(f"--noise-scale is {args.noise_scale}; it is a factor from 0 up")
        clips = _labelled(args.clips)
        classes = labels.count(clips[1], f"clips {args.clips}")
        test = _labelled(args.test)
        labels.within(test[1], classes, f"clips {args.test}", f"the training on {args.clips}")
        noise = load_errors(args.noise)
        if args.noise_scale is not None:
            noise = noise.scaled(args.noise_scale)
        if args.save_noise is not None:
            noise.save(args.save_noise)
        settings = training.Settings(**chosen, noise=noise)

        text = args.format == "text"
        started = time.monotonic()
        steps = settings.epochs * -(-len(clips[1]) // settings.batch)
        with progress(steps, "steps") as advance:

            def begun() -> None:
                if text:
                    print(f"{len(clips[1])} clips of {args.clips}, tested on {len(test[1])} of {args.test}; ", end="")
                    print(f"noise: {noise.name}\n\nepoch    loss  train, %  test, %", flush=True)

            def log(epoch: Epoch) -> None:
                if text:
                    tried = 100 * (epoch.test or 0.0)
                    print(f"{epoch.number:>5} {epoch.loss:>7.3f} {100 * epoch.right:>9.1f} {tried:>8.1f}", flush=True)

            with kept(args.checkpoint):
                trained = training.train(
                    *clips, settings, test=test, checkpoint=args.checkpoint, begun=begun, advance=advance, log=log
                )
        seconds = time.monotonic() - started
        weights = trained.net.to_weights()
        record: dict[str, Any] = {
            "settings": {**chosen, "noise": noise.as_dict()},
            "clips": args.clips,
            "test": args.test,
            "history": [vars(epoch) for epoch in trained.history],
            "accuracy": trained.history[-1].test,
            "accuracy_with_errors": None,
            "parameters": weights.parameters,
            "theta1": list(weights.theta1),
            "theta_r": weights.theta_r,
            "seconds": seconds,
            "out": args.out,
            "checkpoint": args.checkpoint,
        }
        if noise.any:
            import torch

            with training.threads(settings.threads):
                generator = torch.Generator().manual_seed(settings.seed)
                stored = trained.net.store(test[0])
                record["accuracy_with_errors"] = training.accuracy(trained.net, stored, test[1], generator)
        if args.out is not None:
            weights.save(args.out)
        lines = [f"\naccuracy   {100 * record['accuracy']:.1f} % on the test clips, without errors"]
        if noise.any:
            lines.append(f"           {100 * record['accuracy_with_errors']:.1f} % with the errors of {noise.name}")
        thetas = ", ".join(f"{t:.3f}" for t in weights.theta1)
        learned = f"{weights.parameters} weights and thresholds; theta1 {thetas}, theta_r {weights.theta_r:.3f}"
        lines.append(f"learned    {learned}")
        if args.out is not None:
            command = f"scamp-sim system validate pixelrnn --weights {args.out} --clips {args.test}"
            lines.append(f"weights    {args.out}: {command}")
        lines.append(f"took       {seconds:.0f} s")
        return Report(record, tuple(lines))

    def module(self, params: Weights | None, **settings: Any) -> Any:
        """A `PixelRNN` module with these weights, or fresh ones with nine classes."""
        from scamp_sim.systems.pixelrnn.train.module import PixelRNN

        return PixelRNN(9, **settings) if params is None else PixelRNN.from_weights(params, **settings)

    def params(self, module: Any) -> Weights:
        """The weights of a module."""
        weights: Weights = module.to_weights()
        return weights

    def losses(self, module: Any, steps: int, seed: int = 0) -> Sequence[float]:
        """The losses of full passes over nine synthetic gestures."""
        from scamp_sim.systems.pixelrnn.data import gestures
        from scamp_sim.systems.pixelrnn.train import loop

        clips, labels = gestures.dataset(1, seed=seed)
        trained = loop.train(clips, labels, loop.Settings(epochs=steps, batch=9, seed=seed), net=module)
        return [epoch.loss for epoch in trained.history]


def _labelled(source: str) -> tuple[Any, Any]:
    from scamp_sim.systems.pixelrnn.data.clips import read_clips

    found = read_clips(source)
    if found.labels is None:
        raise ProgramError(f"clips {source}: they have no labels; training needs the array 'label', (clips,)")
    return found.input, found.labels


__all__ = ["CLIPS", "TEST", "PixelRNNTrainer"]
