"""`scamp-sim validate pixelrnn`: clips through the array, every plane against the golden model."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.cli import options, studies
from scamp_sim.cli import pixelrnn_options as common
from scamp_sim.cli.chip_notes import in_force, note_errors
from scamp_sim.cli.output import print_json
from scamp_sim.exceptions import OptionError
from scamp_sim.limits import whole_in
from scamp_sim.text import plural

if TYPE_CHECKING:
    from scamp_sim.systems.pixelrnn.encoder import Encoder
    from scamp_sim.systems.pixelrnn.params import Weights

NAME = "validate"
HELP = (
    "Run clips through the simulated array and compare every plane of every frame with the golden model. With "
    "--out the results are kept as clips finish, and an interrupted run resumes."
)
EXAMPLES = ("scamp-sim validate pixelrnn --weights W.npz --clips CLIPS.npz",)

NETWORK = "pixelrnn"
"""What is validated."""


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `validate`."""
    parser.add_argument("what", metavar=NETWORK, choices=(NETWORK,), help="the network")
    common.add_weights(parser, required=True)
    parser.add_argument(
        "--clips",
        metavar="CLIPS",
        required=True,
        help="FILE.npz with input (n, 16, 64, 64) and, optionally label; the folder of the Cambridge gestures or "
        "of Tulips1; or synthetic[:CLIPS_PER_CLASS[:SEED]]; with --front-end also 256x256",
    )
    common.add_mapping(parser)
    common.add_front_end(parser)
    options.add_errors(parser)
    parser.add_argument("--jobs", metavar="N", type=whole_in(1), help="clips at a time (default: one per core)")
    parser.add_argument("--limit", metavar="N", type=whole_in(1), help="only the first N clips")
    parser.add_argument("--out", metavar="FILE", help="keep the results in FILE, as JSON; finished clips are not rerun")
    parser.add_argument("--pictures", metavar="DIR", help="write the worst plane of each stage there")
    options.add_study(parser)
    parser.add_argument("--plot", metavar="FILE", help="write a plot of the study to FILE, as PNG, PDF or SVG")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`validate`: an alias of `system validate pixelrnn`."""
    code = _validate(args)
    common.moved(
        "validate pixelrnn",
        f"system validate pixelrnn --weights {args.weights} --clips {args.clips}{common.on(args)}",
    )
    return code


def _validate(args: argparse.Namespace) -> int:
    """Every clip through the array and the golden model. Differences are not an error of the command."""
    from scamp_sim.files import check_file
    from scamp_sim.show.progress import kept, progress
    from scamp_sim.show.render import check_folder
    from scamp_sim.show.session import announce_compilation
    from scamp_sim.study.chips import is_ideal, portable
    from scamp_sim.systems.pixelrnn import study
    from scamp_sim.systems.pixelrnn.data.clips import read_clips
    from scamp_sim.systems.pixelrnn.data.sources import load_weights

    if args.out is not None:
        check_file(args.out, "results")
    if args.pictures is not None:
        check_folder(args.pictures, option="--pictures")
    weights = load_weights(args.weights)
    # what is wrong with them is said at once
    encoder = study.make_encoder(
        weights, args.mapping, args.errors, common.seed(args), chip=args.chip, front_end=args.front_end
    )
    clips = read_clips(args.clips, front_end=args.front_end)
    if studies.asked(args):
        return studies.validate(args, weights, clips)
    if args.plot is not None:
        raise OptionError("--plot draws a study over chips; add --chips LIST, or leave it out")
    clip_us = encoder.frame_profile.time_us * clips.input.shape[1]
    felt = note_errors(args, encoder.programs, clip_us * 1e-6, encoder.machine.shape)
    wanted = min(len(clips), args.limit or len(clips))
    notes = common.notes(clips.input[:wanted], clips.names)
    announce_compilation(args.errors)
    started = time.monotonic()
    with common.muted_warnings(), kept(args.out), progress(wanted * clips.input.shape[1]) as advance:

        def clip_done() -> None:
            for _ in range(clips.input.shape[1]):
                advance()

        found = study.validate(
            weights,
            clips,
            mapping=args.mapping,
            errors=args.errors,
            seed=common.seed(args),
            jobs=args.jobs,
            out=args.out,
            limit=args.limit,
            advance=clip_done,
            front_end=args.front_end,
            chip=args.chip,
        )
    seconds = time.monotonic() - started
    with common.muted_warnings():
        files = [] if args.pictures is None else _worst(args, weights, clips, found)
    if args.format == "json":
        pictures = [str(path) for path in files]
        more = {"results": args.out, "pictures": pictures, "notes": notes, "without_effect": felt["without_effect"]}
        frame = encoder.frame_profile
        cost = {"words": frame.words, "us": frame.time_us, "energy_uj": frame.energy_uj, "clip_us": clip_us}
        more["cost_of_a_frame"] = cost
        print_json({**found.as_dict(), **more})
        return 0
    frames = len(found.records) * clips.input.shape[1]
    done = plural(len(found.records), "clip")
    print(f"validation of {NETWORK}, {args.mapping}: {done} of {clips.source}, {frames:,} frames\n{in_force(args)}")
    print(found.text())
    print(_cost_line(args, weights, encoder))
    if not is_ideal(portable(args.errors)):
        print(ONE_CHIP)
    if args.out is not None:
        print(f"results: {args.out}")
    if files:
        print(f"pictures: {', '.join(str(path) for path in files)}")
    fresh = found.ran * clips.input.shape[1]
    print(
        f"took {seconds:.1f} s, {seconds / fresh * 1e3:.1f} ms a frame"
        if fresh
        else f"all {done} were already in the results"
    )
    return 0


ONE_CHIP = (
    "one chip and one seed are too little to say what chips of this kind do: the interval is that of so many clips on\n"
    "this chip alone. --chips 1-20 --seeds 3 measures how chips and measurements differ"
)


def _cost_line(args: argparse.Namespace, weights: Weights, encoder: Encoder) -> str:
    """What a frame of what was run costs, and without errors, where its program is another."""
    from scamp_sim.systems.pixelrnn import study

    frame = encoder.frame_profile
    line = f"cost of a frame: {frame.words:,} words, {frame.time_us:,.1f} us, {frame.energy_uj:,.1f} uJ"
    plain = study.make_encoder(weights, args.mapping, "ideal", 0, front_end=args.front_end).frame_profile
    if plain.words != frame.words:
        line += f" (without errors another program would do: {plain.words:,} words, {plain.time_us:,.1f} us)"
    return line


def _worst(args: argparse.Namespace, weights: Weights, clips: Any, found: Any) -> list[Path]:
    """Of each stage the plane that differs most, beside that of the golden model."""
    from scamp_sim.show.render import write_pictures
    from scamp_sim.systems.base.protocol import Hardware
    from scamp_sim.systems.base.study.worst import worst
    from scamp_sim.systems.pixelrnn.study import realisation
    from scamp_sim.systems.pixelrnn.system import SYSTEM

    on = realisation(args.mapping, front_end=args.front_end)
    hardware = Hardware(args.errors, args.chip)
    return write_pictures(args.pictures, worst(SYSTEM, weights, clips, on, hardware, common.seed(args), found))


__all__ = ["EXAMPLES", "HELP", "NAME", "register", "run"]
