"""`scamp-sim train pixelrnn`, `report figure2 | figure3 | table3`: training, from the command line."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from scamp_sim.cli import options
from scamp_sim.cli import pixelrnn_options as common
from scamp_sim.cli.output import print_json
from scamp_sim.cli.studies import kept
from scamp_sim.exceptions import ProgramError

if TYPE_CHECKING:
    from scamp_sim.systems.pixelrnn.paper.figures import Figure, Point
    from scamp_sim.systems.pixelrnn.train.loop import Epoch

CLIPS, TEST = "made-up:40:0", "made-up:20:1000"
"""Drawn gestures that the network is trained on, and those that it is tried on."""


# --- train ------------------------------------------------------------------------------------------------------


def train(args: argparse.Namespace) -> int:
    """`train`: the network, on clips, with the errors of an array or without."""
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
        raise ProgramError(f"--out {args.out}: weights are saved as .npz; name it so")
    chosen: dict[str, Any] = {
        "epochs": args.epochs, "batch": args.batch, "rate": args.rate, "seed": args.seed, "layers": args.layers,
        "surrogate": args.surrogate, "threads": args.threads,
    }  # fmt: skip
    training.Settings(**chosen)  # what is wrong with them is said before anything is measured or drawn
    known_errors(args.noise)
    if args.noise_scale is not None and not args.noise_scale >= 0:
        raise ProgramError(f"--noise-scale is {args.noise_scale}; it is a factor from 0 up")
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
    with _bar(steps, "steps") as advance:

        def begun() -> None:
            if text:
                print(f"{len(clips[1])} clips of {args.clips}, tried on {len(test[1])} of {args.test}; ", end="")
                print(f"noise: {noise.name}\n\nepoch    loss  right, %  test, %", flush=True)

        def log(epoch: Epoch) -> None:
            if text:
                tried = 100 * (epoch.test or 0.0)
                print(f"{epoch.number:>5} {epoch.loss:>7.3f} {100 * epoch.right:>9.1f} {tried:>8.1f}", flush=True)

        with kept(args.checkpoint):
            trained = training.train(
                *clips, settings, test=test, checkpoint=args.checkpoint, begun=begun, advance=advance, log=log
            )  # fmt: skip
    seconds = time.monotonic() - started
    weights = trained.net.to_weights()
    record: dict[str, Any] = {
        "settings": {**chosen, "noise": noise.as_dict()},
        "clips": args.clips, "test": args.test,
        "history": [vars(epoch) for epoch in trained.history],
        "right": trained.history[-1].test, "right_with_errors": None,
        "parameters": weights.parameters, "theta1": list(weights.theta1), "theta_r": weights.theta_r,
        "seconds": seconds, "out": args.out, "checkpoint": args.checkpoint,
    }  # fmt: skip
    if noise.any:
        import torch

        with training.threads(settings.threads):
            generator = torch.Generator().manual_seed(settings.seed)
            stored = trained.net.store(test[0])
            record["right_with_errors"] = training.accuracy(trained.net, stored, test[1], generator)
    if args.out is not None:
        weights.save(args.out)
    if not text:
        print_json(record)
        return 0
    print(f"\nright      {100 * record['right']:.1f} % of the test clips, without errors")
    if noise.any:
        print(f"           {100 * record['right_with_errors']:.1f} % with the errors of {noise.name}")
    thetas = ", ".join(f"{t:.3f}" for t in weights.theta1)
    print(f"learned    {weights.parameters} weights and thresholds; theta1 {thetas}, theta_r {weights.theta_r:.3f}")
    if args.out is not None:
        print(f"weights    {args.out}: scamp-sim validate pixelrnn --weights {args.out} --clips {args.test}")
    print(f"took       {seconds:.0f} s")
    return 0


def _labelled(source: str) -> tuple[Any, Any]:
    from scamp_sim.systems.pixelrnn.data.clips import read_clips

    found = read_clips(source)
    if found.labels is None:
        raise ProgramError(f"clips {source}: they have no labels; training needs the array 'label', (clips,)")
    return found.input, found.labels


@contextmanager
def _bar(total: int, unit: str) -> Iterator[Callable[[], None]]:
    """A bar on the terminal; calls of the yielded function advance it."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (unit, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(unit, total=total)
        yield lambda: bar.advance(task)


# --- reports ----------------------------------------------------------------------------------------------------


def report_figure(args: argparse.Namespace, number: int) -> tuple[str, Any]:
    """Figure 2 or 3 of the paper, on drawn gestures, as text and as a document."""
    from scamp_sim import training as st

    if args.weights is not None:
        raise ProgramError(f"figure{number} trains its own networks; leave --weights out")
    st.require()
    from scamp_sim.systems.pixelrnn.paper import figures
    from scamp_sim.systems.pixelrnn.report import plots

    study = figures.Study(**_chosen(args, ("seeds", "epochs", "clips", "tests", "threads")))
    if args.plot is not None:
        plots.check(args.plot)

    def done(point: Point) -> None:
        print(f"    {100 * point.mean:.1f} % right", file=sys.stderr, flush=True)

    def say(what: str) -> None:
        print(what, file=sys.stderr, flush=True)

    make: Callable[..., Figure] = figures.figure2 if number == 2 else figures.figure3
    with kept(args.results):
        found = make(study, results=args.results, done=done, say=say)
    text = found.text()
    if args.plot is not None:
        figures.plot(found, args.plot)
        text += f"\nplot: {args.plot}\n"
    return text, {**found.as_dict(), "plot": args.plot}


def report_table3(args: argparse.Namespace) -> tuple[str, Any]:
    """Table 3 of the paper, on drawn gestures and, where they are, on the authors' clips, as text and as a document."""
    from scamp_sim import training as st

    if args.weights is not None:
        raise ProgramError("table3 compares two kinds of networks; name them with --plain and --trained, not --weights")
    given = args.plain is not None or args.trained is not None
    if given:
        for name in ("seeds", "epochs", "clips", "noise"):
            if getattr(args, name) is not None:
                raise ProgramError(
                    f"{OPTIONS[name][0]} is for networks that are trained here; leave it out, or --plain and --trained"
                )
    st.require()
    from scamp_sim.study.grid import parse_chips
    from scamp_sim.systems.pixelrnn.paper import table3
    from scamp_sim.systems.pixelrnn.report import plots

    names = ("errors", "mapping", "tests", "refits", "seeds", "epochs", "clips", "noise", "threads", "jobs")
    chosen = _chosen(args, names)
    if args.chips is not None:
        chosen["chips"] = parse_chips(args.chips)
    study = table3.Study(**chosen, front_end=args.front_end)
    if args.plot is not None:
        plots.check(args.plot)

    def say(what: str) -> None:
        print(what, file=sys.stderr, flush=True)

    with kept(args.results):
        found = table3.table3(study, plain=args.plain, trained=args.trained, results=args.results, say=say)
    text = found.text()
    if args.plot is not None:
        table3.plot(found, args.plot)
        text += f"\nplot: {args.plot}\n"
    return text, {**found.as_dict(), "plot": args.plot}


def _chosen(args: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Options that are given, by name. Raises ProgramError for a number below 1, by the name of its option."""
    chosen = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    for name, value in chosen.items():
        if isinstance(value, int) and value < 1:
            raise ProgramError(f"{OPTIONS[name][0]} is {value}; it is a whole number from 1 up")
    return chosen


def refuse(args: argparse.Namespace) -> None:
    """Raises ProgramError if a report is given an option of others."""
    for name, (option, kinds) in OPTIONS.items():
        if getattr(args, name) is not None and args.kind not in kinds:
            raise ProgramError(f"{option} is for {listed(kinds)}, not for {args.kind}; leave it out")


REPORTS: Mapping[str, Callable[[argparse.Namespace], tuple[str, Any]]] = {
    "figure2": lambda args: report_figure(args, 2),
    "figure3": lambda args: report_figure(args, 3),
    "table3": report_table3,
}
"""Kind of report -> what gives it, as text and as a document."""

_ALL, _TABLE = tuple(REPORTS), ("table3",)

OPTIONS = {
    "seeds": ("--seeds", _ALL), "epochs": ("--epochs", _ALL), "clips": ("--train-clips", _ALL),
    "tests": ("--tests", _ALL), "threads": ("--threads", _ALL), "results": ("--results", _ALL),
    "plain": ("--plain", _TABLE), "trained": ("--trained", _TABLE), "errors": ("--errors", _TABLE),
    "chips": ("--chips", _TABLE), "mapping": ("--mapping", _TABLE), "refits": ("--refit-clips", _TABLE),
    "noise": ("--noise", _TABLE), "jobs": ("--jobs", _TABLE),
}  # fmt: skip
"""Options of the reports that train: name -> the option, and the reports that have it."""


def listed(kinds: tuple[str, ...]) -> str:
    """'figure2, figure3 and table3'."""
    return " and ".join(filter(None, (", ".join(kinds[:-1]), kinds[-1])))


# --- parsers ----------------------------------------------------------------------------------------------------


def register_train(parser: argparse.ArgumentParser) -> None:
    """The arguments of `train`."""
    parser.add_argument("what", metavar="pixelrnn", choices=("pixelrnn",), help="the network")
    parser.add_argument(
        "--clips", metavar="CLIPS", default=CLIPS, help=f"labelled clips, as `validate` takes them (default: {CLIPS})"
    )
    parser.add_argument(
        "--test", metavar="CLIPS", default=TEST, help=f"clips on which every epoch is tried (default: {TEST})"
    )
    parser.add_argument(
        "--noise", metavar="NAME", default="none",
        help="errors of the forward pass: none (default), authors, a profile of analog errors such as scamp5, which is "
        "measured on emulated chips first, or FILE.json with a measurement",
    )  # fmt: skip
    parser.add_argument("--noise-scale", metavar="X", type=float, help="so many times that noise and fixed pattern")
    parser.add_argument("--save-noise", metavar="FILE", help="keep the errors there, as JSON, for --noise FILE")
    parser.add_argument("--epochs", metavar="N", type=int, default=20, help="passes over the clips (default: 20)")
    parser.add_argument("--batch", metavar="N", type=int, default=16, help="clips of a step (default: 16)")
    parser.add_argument("--rate", metavar="X", type=float, default=0.01, help="rate of the encoder (default: 0.01)")
    parser.add_argument(
        "--layers", metavar="N", type=int, default=1, help="layers of convolutions, 1 or 2 (default: 1)"
    )
    parser.add_argument(
        "--surrogate", metavar="NAME", default="tanh", help="gradient of a sign: tanh (default) or straight-through"
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="fixes every result (default: 0)")
    parser.add_argument("--threads", metavar="N", type=int, default=2, help="threads of PyTorch (default: 2)")
    parser.add_argument("--out", metavar="FILE", help="write the weights there, .npz")
    parser.add_argument("--checkpoint", metavar="FILE", help="keep the state there after each epoch")
    options.add_format(parser)


def add_figures(parser: argparse.ArgumentParser) -> None:
    """Add the options of figures and tables to `report`."""
    figures = parser.add_argument_group("figure2, figure3, table3: networks are trained for them")
    figures.add_argument("--seeds", metavar="N", type=int, help="networks a point, or of each kind (default: 1)")
    figures.add_argument(
        "--epochs", metavar="N", type=int, help="passes over the clips (default: 8; 10 for table3)"
    )  # fmt: skip
    figures.add_argument(
        "--train-clips", dest="clips", metavar="N", type=int, help="clips a class (default: 20; 40 for table3)"
    )  # fmt: skip
    figures.add_argument(
        "--tests", metavar="N", type=int, help="clips a class to try on (default: 20; 10 for table3)"
    )  # fmt: skip
    figures.add_argument("--threads", metavar="N", type=int, help="threads of PyTorch (default: 2)")
    figures.add_argument("--results", metavar="FILE", help="keep what is done there; the same command goes on")
    chips = parser.add_argument_group("table3: accuracy on emulated chips")
    chips.add_argument(
        "--plain", metavar="W", nargs="+", help="networks trained without errors (default: they are trained)"
    )  # fmt: skip
    chips.add_argument("--trained", metavar="W", nargs="+", help="networks trained with errors, likewise")
    chips.add_argument("--errors", metavar="NAME", help="a profile of analog errors (default: scamp5)")
    chips.add_argument("--chips", metavar="LIST", help="serials, such as 1-20 or 1,4,7-9 (default: 1-10)")
    common.add_mapping(chips, None)
    chips.add_argument(
        "--refit-clips", dest="refits", metavar="N", type=int,
        help="clips a class that decoders are re-fitted on, on the chip (default: 10)",
    )  # fmt: skip
    chips.add_argument(
        "--noise", metavar="NAME", help="errors to train with, as `train` has them (default: those of the chips)"
    )  # fmt: skip
    chips.add_argument("--jobs", metavar="N", type=int, help="clips at a time (default: one for each core)")
