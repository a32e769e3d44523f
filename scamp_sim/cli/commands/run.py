"""`scamp-sim run`: assemble a program and run it on images."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scamp_sim.cli import live, options, refusals
from scamp_sim.cli import pixelrnn_run as network
from scamp_sim.cli.output import as_json, print_json, print_profile, warn
from scamp_sim.cli.programs import load_program, parse_inputs, parse_settings
from scamp_sim.compiler.front.source import CPP_SOURCES
from scamp_sim.exceptions import OptionError

if TYPE_CHECKING:
    from scamp_sim.show.beside import Beside
    from scamp_sim.show.session import Request

NAME = "run"
HELP = (
    "Assemble a program and run it. The image goes to the program's input: to PIX as grey 0..255, to an analog "
    "register as grey - 128, in LSB (the inverse of the readout), to a bit register as grey >= 128. Without declared "
    "inputs it is exposed to PIX; if the program never reads PIX, it is written to the analog register that is read "
    "before it is written."
)
EXAMPLES = (
    "scamp-sim run edges --image photo.png --resize --out out",
    "scamp-sim run mine.scamp --image photo.png --errors scamp5 --chip 7 --out out",
    "scamp-sim run roberts --image photo.png --errors scamp5 --chip 7 --beside ideal",
    "scamp-sim run edges --image ball.mp4 --resize --video edges.mp4 --video-of image,edges",
    "scamp-sim run main.cpp --image clip/ --frames 16 --set 'threshold=30' --press 'record@3' --out out",
)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `run`."""
    parser.add_argument("file", metavar="FILE", nargs="?", help=options.FILE_HELP)
    options.add_frames(parser)
    parser.add_argument(
        "--input",
        metavar="NAME=PATH",
        action="append",
        default=[],
        help="picture or .npy array for a named input or a register. Pictures are taken as --image takes them. Arrays: "
        "grey 0..255 for PIX, LSB for an analog register, 0 and 1 for bits",
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a parameter: a number, a list such as [1,-1], or @FILE.json or @FILE.npy",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="write every output there, as PNG, with a contact sheet; of several frames a film strip, and frames.csv "
        "and events.csv with what each gave",
    )
    parser.add_argument(
        "--video", metavar="FILE", help="write a video of all frames, .mp4, .mov, .mkv, .webm (extra video) or .gif"
    )
    parser.add_argument(
        "--video-of",
        metavar="NAME,...",
        type=lambda text: tuple(n.strip() for n in text.split(",") if n.strip()),
        default=(),
        help="its pictures, side by side: image, outputs, registers; or sheet (default: the image and every output)",
    )
    parser.add_argument(
        "--planes", action="store_true", help="also write every register that the program writes, to DIR/registers"
    )
    parser.add_argument(
        "--trace", metavar="FILE", help="write the timeline of all frames there, for chrome://tracing or Perfetto"
    )
    parser.add_argument(
        "--dump-after",
        metavar="LINE",
        action="append",
        default=[],
        help="write all planes touched so far to DIR/after-line-LINE each time that the line is left; also FILE:LINE",
    )
    parser.add_argument(
        "--beside",
        metavar="WHAT",
        help="run another thing on the same frames and show both in one table, with their difference: ideal, the array "
        "without errors, or another program, such as another version of this one",
    )
    parser.add_argument("--stretch", action="store_true", help="draw analog planes from their minimum to their maximum")
    options.add_machine(parser)
    parser.add_argument("--engine", default="fast", choices=("fast", "reference"), help="default: fast")
    options.add_format(parser)
    network.add_network(parser)
    options.add_study(parser, jobs=True)
    live.add_options(parser)


PROGRAMS = (".scamp", *CPP_SOURCES)
"""Endings of what is a program behind `--image`, which takes as many names as follow it."""


def _sort_names(args: argparse.Namespace) -> None:
    """`run --image a.png edges` has its program behind the pictures; C++ files there are further sources."""
    images: list[str] = args.image
    misplaced = [name for name in images if name.lower().endswith(PROGRAMS)]
    if args.file is None and misplaced:
        args.file = misplaced.pop(0)
        images.remove(args.file)
    elif args.file is None and len(images) > 1 and not Path(images[-1]).exists():
        args.file = images.pop()
    if args.file is None:
        raise OptionError("run needs a program: scamp-sim run FILE --image IMG; scamp-sim list names the library")
    if args.file.lower().endswith(CPP_SOURCES):
        for name in [name for name in misplaced if name.lower().endswith(CPP_SOURCES)]:
            images.remove(name)
            args.more.append(name)


def run(args: argparse.Namespace) -> int:
    """`run`: assemble, run every frame, write pictures, show what it cost."""
    _sort_names(args)
    if args.file == network.PROGRAM:
        return network.run(args)
    network.refuse_elsewhere(args)
    if args.video_of and args.video is None:
        raise OptionError("--video-of chooses the pictures of a video; say where it goes with --video FILE")
    from scamp_sim.cli import studies

    own, study = live.asked(args), studies.asked(args)
    if not own:
        live.refuse_elsewhere(args)
    refusals.of_run(args, own, study)
    if own and not study:
        return live.run(args)
    from scamp_sim.cli.chip_notes import in_force, note_errors
    from scamp_sim.cli.networks import check_trace, trace_of
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.files import check_file
    from scamp_sim.show import session
    from scamp_sim.show.dump import parse_line
    from scamp_sim.silicon import load_errors

    timing = load_timing(args.timing)
    load_errors(args.errors, args.size, args.chip, args.seed)
    program = live.frame_of(args) if own else load_program(args.file, parse_settings(args.set), runs=True)
    warn(program.diagnostics)
    dump_after = tuple(dict.fromkeys(parse_line(program, text) for text in args.dump_after))
    if args.trace is not None:
        check_file(args.trace, "trace")
        check_trace(program, args.frames or 1, timing, args.size)
    request = session.Request(
        program=program,
        images=tuple(args.image),
        inputs=parse_inputs(args.input),
        shape=args.size,
        resize=args.resize,
        errors=args.errors,
        timing=timing,
        engine=args.engine,
        chip=args.chip,
        seed=args.seed,
        out=args.out,
        planes=args.planes,
        stretch=args.stretch,
        dump_after=dump_after,
        fps=args.fps,
        frames=args.frames,
        video=args.video,
        video_of=args.video_of,
    )
    if study:
        return studies.run_program(args, request)
    beside = None if args.beside is None else _beside(args, request)
    carried = session.carry_out(request, None if beside is None else beside.also)
    frames, profile, kept = carried.frames, carried.profile, carried.kept
    felt = note_errors(args, program, profile.time_us * 1e-6 * len(frames), args.size)
    if args.trace is not None:
        trace_of([program] * len(frames), timing, args.size, args.trace, program.name)
    if args.format == "json":
        document = {
            "program": program.name,
            "params": program.params,
            "errors": felt,
            "frames": [f.as_dict() for f in frames],
            "profile": profile.as_dict(),
            "warnings": as_json(program.diagnostics),
        }
        if len(frames) > 1:
            document["fps"] = carried.film.fps if carried.film is not None else args.fps
        if kept.files:
            document["files"] = [str(path) for path in kept.files]
        if args.trace is not None:
            document["trace"] = args.trace
        if beside is not None:
            document["beside"] = beside.as_dict(profile)
        print_json(document)
        return 0
    print_profile(profile)
    print(in_force(args), end="")
    if len(frames) <= MOST_SHOWN:
        for frame in frames:
            print()
            print("\n".join(frame.lines()))
    else:
        print(f"\n{session.spans_text(carried)}", end="")
    if beside is not None:
        title = f"chip {args.chip}" if args.beside == IDEAL else program.name
        print(f"\n{beside.text(title, profile, costs=args.beside != IDEAL)}", end="")
    for path in kept.files:
        print(f"{KEPT.get(path.name, 'video')}: {path}")
    if args.trace is not None:
        print(f"\ntimeline: {args.trace}, for chrome://tracing or ui.perfetto.dev")
    if not args.out and args.video is None:
        print("\nno pictures written; --out DIR writes them")
    return 0


IDEAL = "ideal"
"""What `--beside` calls the array without errors."""


def _beside(args: argparse.Namespace, request: Request) -> Beside:
    """The run that goes beside: of the same program on the ideal array, or of another program as this one is run."""
    from scamp_sim.show.beside import Beside
    from scamp_sim.show.results import kinds

    own = kinds(request.program)
    alone = replace(request, out=None, video=None, video_of=(), planes=False, dump_after=())
    if args.beside == IDEAL:
        if args.errors == IDEAL:
            raise OptionError("--beside ideal shows a chip beside the ideal array; say which with --errors PROFILE")
        return Beside(replace(alone, errors=IDEAL), IDEAL, own)
    other = load_program(args.beside, {}, runs=True)
    warn(other.diagnostics)
    title = other.name if other.name != request.program.name else f"{other.name} of {Path(args.beside).parent}/"
    return Beside(replace(alone, program=other), title, own)


MOST_SHOWN = 4
"""Frames that are shown one by one; of more, the spans of every number."""

KEPT = {
    "film-strip.png": "film strip",
    "frames.csv": "each frame in numbers",
    "events.csv": "events of each frame",
}
"""Files of all frames together -> what they hold."""
