"""`scamp-sim network validate`: how many decisions of a network survive on emulated chips, stage by stage."""

from __future__ import annotations

import argparse
import time

from scamp_sim.cli import options
from scamp_sim.cli.network.planned import add_plan, options_of, plan_of
from scamp_sim.cli.network.sources import read_network
from scamp_sim.cli.output import print_json
from scamp_sim.exceptions import OptionError
from scamp_sim.limits import whole_in
from scamp_sim.text import plural

ABOUT = "run labelled pictures on many emulated chips: decisions with intervals, bits that differ stage by stage"


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `network validate`."""
    add_plan(parser)
    parser.add_argument(
        "--data",
        metavar="DATA",
        required=True,
        help="a folder with a folder of pictures for each class, FILE.npz with x and perhaps y, digits, or mnist",
    )
    parser.add_argument("--limit", metavar="N", type=whole_in(1), help="only the first N pictures")
    parser.add_argument(
        "--out", metavar="FILE", help="keep the results in FILE, as JSON; what is done is not run again"
    )
    parser.add_argument("--plot", metavar="FILE", help="write a plot of the study to FILE, as PNG, PDF or SVG")
    options.add_errors(parser)
    parser.add_argument("--engine", default="fast", choices=("fast", "reference"), help="default: fast")
    options.add_study(parser, jobs=True)
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`network validate NET --data DATA --chips LIST`. Raises ScampError."""
    from scamp_sim.cli.chip_notes import note_ideal
    from scamp_sim.cli.studies import chosen
    from scamp_sim.files import check_file
    from scamp_sim.show import plots
    from scamp_sim.show.progress import kept, progress
    from scamp_sim.show.session import announce_compilation
    from scamp_sim.study.grid import heading, make_grid
    from scamp_sim.systems.base.protocol import hardware_of
    from scamp_sim.systems.base.records import Realisation
    from scamp_sim.systems.base.study import plot
    from scamp_sim.systems.base.study.run import measure
    from scamp_sim.systems.network.planning.show import margin_table
    from scamp_sim.systems.network.study import clips_of, flips, told
    from scamp_sim.systems.network.system import SYSTEM

    if args.plan is not None:
        raise OptionError("--plan is for one array; a validation plans for its chips: give the options of the plan")
    if args.out is not None:
        check_file(args.out, "results")
    if args.plot is not None:
        plots.check(args.plot)
    net = read_network(args)
    clips = clips_of(net, args.data, args.limit)
    plan = plan_of(args, net)
    on = Realisation("scamp5", options_of(args))
    grid = make_grid(*chosen(args), len(clips))
    note_ideal(args.errors)
    if args.engine == "fast":
        announce_compilation(args.errors)
    started = time.monotonic()
    with kept(args.out), progress(len(grid), "pictures") as advance:
        found = measure(
            SYSTEM,
            net,
            clips,
            on,
            hardware_of(args),
            chips=grid.chips,
            seeds=grid.seeds,
            jobs=args.jobs,
            cluster=args.cluster,
            out=args.out,
            advance=advance,
        )
    if args.plot is not None:
        plot.write(args.plot, found)
    margins, seen = plan.margins(), flips(found)
    if args.format == "json":
        shown = [{**m.as_dict(), "seen": seen.get((m.layer, m.channel))} for m in margins]
        print_json({**found.as_dict(), "margins": shown, "results": args.out, "plot": args.plot})
        return 0
    what = f"{heading(grid)} x {plural(grid.items, 'picture')} of {clips.source}, errors {found.about['errors']}"
    print(f"{what}\n{told(net, plan, clips)}\n{found.text()}")
    print(f"bits of a background that will be wrong, and bits that were\n{margin_table(margins, seen)}", end="")
    for warning in plan.warnings():
        print(f"warning: {warning}")
    if args.out is not None:
        print(f"results: {args.out}")
    seconds = time.monotonic() - started
    each = f"took {seconds:.1f} s, {1e3 * seconds / found.ran:.1f} ms each" if found.ran else "all were in the results"
    print(f"{plural(found.ran, 'picture')} run; {each}")
    return 0


__all__ = ["ABOUT", "register", "run"]
