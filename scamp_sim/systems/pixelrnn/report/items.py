"""Figures, tables and accounts of PixelRNN that are not rows: `system published pixelrnn --item NAME`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from scamp_sim.exceptions import OptionError
from scamp_sim.limits import MOST_EPOCHS, whole_in
from scamp_sim.show.progress import kept

if TYPE_CHECKING:
    import argparse

    from scamp_sim.systems.pixelrnn.paper.figures import Figure, Point


def report_costs(args: argparse.Namespace) -> tuple[str, Any]:
    """Costs of all mappings, and the bandwidth."""
    from scamp_sim.systems.pixelrnn.data.sources import RANDOM, describe_weights, load_weights
    from scamp_sim.systems.pixelrnn.report import bandwidth
    from scamp_sim.systems.pixelrnn.report import costs as report

    if args.plot is not None:
        from scamp_sim.show.plots import check
        from scamp_sim.systems.pixelrnn.report import plots

        check(args.plot)
    source = args.weights or RANDOM
    weights = load_weights(source)
    found = report.costs(weights, args.timing, source=describe_weights(source), front_end=args.front_end)
    if args.plot is not None:
        plots.write(args.plot, found)
    text = report.text(found) + "\n" + bandwidth.text()
    document = {**report.as_dict(found), "bandwidth": bandwidth.as_dict(), "plot": args.plot}
    return text + (f"\nplot: {args.plot}\n" if args.plot is not None else ""), document


def report_memory(args: argparse.Namespace) -> tuple[str, Any]:
    """What lies where in the registers."""
    given = [name for name in ("weights", "front_end", "plot") if getattr(args, name)]
    given += ["timing"] if args.timing != "scamp5d" else []
    if given:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise OptionError(
            f"the memory is reported for all mappings, whatever weights and prices, and not drawn; leave out {options}"
        )
    from scamp_sim.systems.pixelrnn.report import memory

    return memory.memory_text(), memory.memory_report()


def report_figure(args: argparse.Namespace, number: int) -> tuple[str, Any]:
    """Figure 2 or 3 of the paper, on synthetic gestures, as text and as a document."""
    from scamp_sim import training as st

    if args.weights is not None:
        raise OptionError(f"figure{number} trains its own networks; leave --weights out")
    st.require()
    from scamp_sim.show import plots
    from scamp_sim.systems.pixelrnn.paper import figures

    study = figures.Study(**_chosen(args, ("seeds", "epochs", "clips", "tests", "threads")))
    if args.plot is not None:
        plots.check(args.plot)

    def done(point: Point) -> None:
        print(f"    {100 * point.mean:.1f} % accuracy", file=sys.stderr, flush=True)

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
    """Table 3 of the paper, on synthetic gestures and the authors' clips where present, as text and as a document."""
    from scamp_sim import training as st

    if args.weights is not None:
        raise OptionError("table3 compares two kinds of networks; name them with --plain and --trained, not --weights")
    given = args.plain is not None or args.trained is not None
    if given:
        for name in ("seeds", "epochs", "clips", "noise"):
            if getattr(args, name) is not None:
                raise OptionError(
                    f"{OPTIONS[name][0]} is for networks that are trained here; leave it out, or --plain and --trained"
                )
    st.require()
    from scamp_sim.show import plots
    from scamp_sim.study.grid import parse_chips
    from scamp_sim.systems.pixelrnn.paper import table3

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
            raise OptionError(f"{OPTIONS[name][0]} is {value}; it is a whole number from 1 up")
    return chosen


def refuse(args: argparse.Namespace) -> None:
    """Raises ProgramError if a report is given an option of others."""
    for name, (option, kinds) in OPTIONS.items():
        if getattr(args, name) is not None and args.item not in kinds:
            raise OptionError(f"{option} is for {listed(kinds)}, not for {args.item}; leave it out")


_ALL, _TABLE = ("figure2", "figure3", "table3"), ("table3",)

OPTIONS = {
    "seeds": ("--seeds", _ALL),
    "epochs": ("--epochs", _ALL),
    "clips": ("--train-clips", _ALL),
    "tests": ("--tests", _ALL),
    "threads": ("--threads", _ALL),
    "results": ("--results", _ALL),
    "plain": ("--plain", _TABLE),
    "trained": ("--trained", _TABLE),
    "errors": ("--errors", _TABLE),
    "chips": ("--chips", _TABLE),
    "mapping": ("--mapping", _TABLE),
    "refits": ("--refit-clips", _TABLE),
    "noise": ("--noise", _TABLE),
    "jobs": ("--jobs", _TABLE),
}
"""Options of the reports that train: name -> the option, and the reports that have it."""


def listed(kinds: tuple[str, ...]) -> str:
    """'figure2, figure3 and table3'."""
    return " and ".join(filter(None, (", ".join(kinds[:-1]), kinds[-1])))


ITEMS: Mapping[str, Callable[[argparse.Namespace], tuple[str, Any]]] = {
    "costs": report_costs,
    "memory": report_memory,
    "figure2": lambda args: report_figure(args, 2),
    "figure3": lambda args: report_figure(args, 3),
    "table3": report_table3,
}
"""Item -> what gives it, as text and as a document."""


def run(args: argparse.Namespace) -> tuple[str, Any]:
    """The item `args.item`, as text and as a document. Raises ProgramError."""
    refuse(args)
    return ITEMS[args.item](args)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of all items."""
    parser.add_argument(
        "--front-end",
        action="store_true",
        help="the array also scales the frames from 256x256 and copies them; without it the host does",
    )
    parser.add_argument("--plot", metavar="FILE", help="write the plot to FILE, as PNG, PDF or SVG")
    parser.add_argument(
        "--timing", metavar="NAME", default="scamp5d", help="price table, by name or path (default: scamp5d)"
    )
    figures = parser.add_argument_group("figure2, figure3, table3: networks are trained for them")
    figures.add_argument("--seeds", metavar="N", type=whole_in(1), help="networks per point or kind (default: 1)")
    figures.add_argument(
        "--epochs", metavar="N", type=whole_in(1, MOST_EPOCHS), help="passes over the clips (default: 8; 10 for table3)"
    )
    figures.add_argument(
        "--train-clips",
        dest="clips",
        metavar="N",
        type=whole_in(1),
        help="clips per class (default: 20; 40 for table3)",
    )
    figures.add_argument(
        "--tests", metavar="N", type=whole_in(1), help="test clips per class (default: 20; 10 for table3)"
    )
    figures.add_argument("--threads", metavar="N", type=whole_in(1, 1024), help="threads of PyTorch (default: 2)")
    figures.add_argument("--results", metavar="FILE", help="keep finished results there; the same command resumes")
    chips = parser.add_argument_group("table3: accuracy on emulated chips")
    chips.add_argument("--plain", metavar="W", nargs="+", help="networks trained without errors (default: train them)")
    chips.add_argument("--trained", metavar="W", nargs="+", help="networks trained with errors, likewise")
    chips.add_argument("--errors", metavar="NAME", help="a profile of analog errors (default: scamp5)")
    chips.add_argument("--chips", metavar="LIST", help="serials, such as 1-20 or 1,4,7-9 (default: 1-10)")
    chips.add_argument(
        "--mapping",
        metavar="NAME",
        help="macropixel (default), macropixel:raw, which is not fitted to noise, blocks, or blocks:lean",
    )
    chips.add_argument(
        "--refit-clips",
        dest="refits",
        metavar="N",
        type=whole_in(1),
        help="clips per class for re-fitting decoders on the chip (default: 10)",
    )
    chips.add_argument(
        "--noise", metavar="NAME", help="errors to train with, as in `train` (default: those of the chips)"
    )
    chips.add_argument("--jobs", metavar="N", type=whole_in(1), help="clips at a time (default: one per core)")


__all__ = ["ITEMS", "arguments", "run"]
