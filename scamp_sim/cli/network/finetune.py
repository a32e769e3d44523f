"""`scamp-sim network finetune`: train a network on under the noise of a chip, and compare before and after."""

from __future__ import annotations

import argparse
import sys

from scamp_sim.cli import options
from scamp_sim.cli.network.sources import add_network, read_network
from scamp_sim.cli.output import print_json
from scamp_sim.exceptions import OptionError
from scamp_sim.files import check_file
from scamp_sim.limits import MOST_BATCH, MOST_EPOCHS, number_in, whole_in
from scamp_sim.text import labelled

ABOUT = "train a network on under the noise of a chip: golden, ideal array and chips, before and after"

TEST_CHIPS = "1-3"


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `network finetune`."""
    from scamp_sim.systems.network.noise import MEASURED_ON

    add_network(parser)
    add = parser.add_argument
    add(
        "--data",
        metavar="D",
        required=True,
        help="labelled pictures: a folder with one folder a class, FILE.npz with x and y, digits or mnist",
    )
    add("--test", metavar="D", help="pictures to compare on (default: a part of --data that training does not see)")
    add(
        "--share",
        metavar="S",
        type=number_in(above=0, below=1),
        default=0.2,
        help="of --data to compare on without --test (default: 0.2)",
    )
    add("--pictures", metavar="N", type=whole_in(1), default=500, help="at most so many are compared on (default: 500)")
    add("--out", metavar="FILE", help="save the trained network to FILE.npz")
    add("--checkpoint", metavar="FILE", help="keep each epoch there, and go on from it")
    add("--errors", metavar="PROFILE", default="scamp5", help="the chip profile (default: scamp5)")
    add(
        "--measure",
        metavar="LIST",
        default=f"{MEASURED_ON[0]}-{MEASURED_ON[-1]}",
        help=f"serials of the chips that noise is measured on (default: {MEASURED_ON[0]}-{MEASURED_ON[-1]})",
    )
    add("--chips", metavar="LIST", default=TEST_CHIPS, help=f"serials to compare on (default: {TEST_CHIPS})")
    add("--refit", action="store_true", help="fit only the last layer, to the bits of the measured chips, instead")
    group = parser.add_argument_group("training")
    add = group.add_argument
    add("--epochs", metavar="N", type=whole_in(0, MOST_EPOCHS), default=20, help="default: 20")
    add("--batch", metavar="N", type=whole_in(2, MOST_BATCH), default=64, help="default: 64")
    add("--rate", metavar="R", type=number_in(0, 1000), default=2e-3, help="default: 0.002")
    add(
        "--strength",
        metavar="S",
        type=number_in(0, 100),
        default=1.2,
        help="most noise, in units of what was measured (1.2)",
    )
    add(
        "--limit",
        metavar="T",
        type=number_in(0, 1e6),
        default=6.0,
        help="taps that thresholds are pulled within (default: 6)",
    )
    add("--shift", metavar="N", type=whole_in(0, 64), default=0, help="move pictures by up to N pixels (default: 0)")
    add("--seed", metavar="N", type=whole_in(0, 2**32 - 1), default=0, help="of everything drawn (default: 0)")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`network finetune NET`."""
    from scamp_sim.show.progress import kept
    from scamp_sim.study.grid import parse_chips
    from scamp_sim.systems.network import accuracy, tuning
    from scamp_sim.systems.network.data import fits, load
    from scamp_sim.systems.network.store import check_target
    from scamp_sim.training import require

    require()
    net = read_network(args)
    measured, compared = parse_chips(args.measure, "--measure"), parse_chips(args.chips)
    if set(measured) & set(compared):
        both = ", ".join(map(str, sorted(set(measured) & set(compared))))
        raise OptionError(f"chips {both}: noise is measured on them, so they cannot be compared on; choose others")
    if args.out is not None:
        check_target(args.out)
    if args.checkpoint is not None:
        check_file(args.checkpoint, "checkpoint")
    data = load(args.data, net)
    fits(data, net)
    train, test = (data, load(args.test, net)) if args.test is not None else data.split(args.share, args.seed)
    test = test.some(slice(args.pictures))
    with kept(args.checkpoint):
        done = tuning.tune(
            net,
            train,
            test,
            args.errors,
            measured=measured,
            compared=compared,
            refit=args.refit,
            told=None if args.format == "json" or not sys.stderr.isatty() else _told,
            epochs=args.epochs,
            batch=args.batch,
            rate=args.rate,
            strength=args.strength,
            limit=args.limit,
            shift=args.shift,
            seed=args.seed,
            checkpoint=args.checkpoint,
        )
    if args.out is not None:
        done.net.save(args.out)
    if args.format == "json":
        print_json(
            {
                "errors": args.errors,
                "measured_on": list(measured),
                "noise": [n.as_dict() for n in done.noise.values()],
                "epochs": [{"loss": e.loss, "right": e.right} for e in done.epochs],
                "before": accuracy.document(done.before),
                "after": accuracy.document(done.after),
                "out": args.out,
            }
        )
        return 0
    for noise in done.noise.values():
        print(labelled("noise", f"{noise.layer}: {noise.text()} on chips {args.measure}"))
    if done.epochs:
        first, last = done.epochs[0], done.epochs[-1]
        print(f"training {len(done.epochs)} epochs, loss {first.loss:.3f} to {last.loss:.3f}")
    print()
    print(accuracy.text({"before": done.before, "after": done.after}), end="")
    if args.out is not None:
        print(f"\nsaved    {args.out}")
    return 0


def _told(number: int, loss: float, right: float) -> None:
    print(f"\repoch {number + 1}: loss {loss:.3f}, {100 * right:.1f} % right under noise", end="\n", file=sys.stderr)


__all__ = ["ABOUT", "register", "run"]
