"""`scamp-sim profile`: what every source line costs, in the terminal or as one page to open in a browser."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from scamp_sim.cli import options
from scamp_sim.cli.fitting import columns
from scamp_sim.cli.output import coloured, print_json, warn
from scamp_sim.cli.programs import load_program, parse_inputs, parse_settings, standard_input

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.chip.trace import Moment
    from scamp_sim.show.report.page import Shot
    from scamp_sim.show.session import Request

MOST_SHOTS = 24
"""Kernels whose planes the report shows."""

NAME = "profile"
HELP = (
    "Show the words, the microseconds and the share of every source line of one run. With --html, write a page "
    "with all of it: source, timeline, kernel store, readouts and, with --image, the planes."
)
EXAMPLES = ("scamp-sim profile mine.scamp --image photo.png --html report.html",)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `profile`."""
    parser.add_argument("file", metavar="FILE", help=options.FILE_HELP)
    parser.add_argument("--html", metavar="REPORT", help="write the report there, one file that needs no network")
    parser.add_argument(
        "--image", metavar="IMG", action="append", default=[], help="a picture to run on, for the report; as in run"
    )
    parser.add_argument(
        "--input", metavar="NAME=PATH", action="append", default=[], help="a named input, for the report; as in run"
    )
    parser.add_argument("--resize", action="store_true", help="crop and scale pictures to the array")
    parser.add_argument(
        "--size",
        metavar="HxW",
        type=options.size,
        help="rows x columns (default: as declared by the program, else 256x256)",
    )
    options.add_set(parser)
    options.add_timing(parser)
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`profile`: the annotated source, or, with --html, the report."""
    from scamp_sim.chip.planes import check_shape
    from scamp_sim.costs.timeline import timeline
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.exceptions import ProgramError
    from scamp_sim.files import check_file, write_text
    from scamp_sim.machine.machine import check_program
    from scamp_sim.show.report import annotate
    from scamp_sim.show.report.texts import gather_sources
    from scamp_sim.show.session import Request, bind

    timing = load_timing(args.timing)
    if args.html is not None:
        check_file(args.html, "report")
    elif args.image or args.input or args.resize:
        raise ProgramError(
            "pictures are for the report; give --html FILE as well, or leave --image, --input and --resize out"
        )
    if len(args.image or ()) > 1:
        raise ProgramError("the report shows one picture; give one --image")
    text = standard_input() if args.file == "-" else None
    settings = parse_settings(args.set)
    program = load_program(args.file, settings, runs=True) if text is None else _assembled(text, settings)
    warn(program.diagnostics)
    shape = check_shape(args.size or program.shape or (256, 256))
    check_program(program, shape)
    annotation = annotate.annotate(program, timing, shape)
    sources = gather_sources(annotation, text)
    page = None
    if args.html is not None:
        from scamp_sim.show.report import page as report

        shots: list[Shot] = []
        if args.image or args.input:
            request = Request(
                program=program,
                timing=timing,
                images=tuple(args.image or ()),
                shape=shape,
                resize=args.resize,
                inputs=parse_inputs(args.input),
            )
            bind(request)
            shots = shots_of(request)
        spans = timeline(program, timing, shape)
        page = write_text(args.html, report.page(annotation, spans, timing, sources, shots), "report")
    if args.format == "json":
        print_json({**annotate.as_dict(annotation, sources), "html": str(page) if page else None})
    elif page is not None:
        cost = annotation.profile
        print(f"{page}: report of {program.name}, {cost.words:,} words, {cost.time_us:,.1f} us; open it in a browser")
    else:
        print(annotate.annotated_text(annotation, sources, columns(sys.stdout), coloured(sys.stdout)), end="")
    return 0


def _assembled(text: str, settings: dict[str, Any]) -> Program:
    from scamp_sim.compiler import assemble

    return assemble(text, params=settings)


# --- pictures ---------------------------------------------------------------------------------------------------


def shots_of(request: Request) -> list[Shot]:
    """The planes that each kernel has written when its last launch ends, after what the array was given."""
    from scamp_sim.chip.program import Launch
    from scamp_sim.chip.readout import stack_bits
    from scamp_sim.show import results, session
    from scamp_sim.show.dump import SHOWN, walk
    from scamp_sim.show.report.page import Shot

    bound = session.bind(request)
    machine = session.make_machine(request)
    image = bound.images[-1] if bound.images else None
    given, fed = session.feed(machine, request.program, bound, image)
    shots = [] if fed is None else [Shot("what the array is given", ((fed.title, fed.plane),))]
    program = request.program
    launches: dict[str, list[int]] = {}
    for number, step in enumerate(program.steps):
        if isinstance(step, Launch):
            launches.setdefault(step.kernel, []).append(number)
    last = {numbers[-1]: name for name, numbers in launches.items()}

    def see(done: Moment, coming: Moment | None, planes: set[str]) -> None:
        ended = done.kernel and (coming is None or coming.step != done.step)
        if not ended or done.step not in last or len(shots) > MOST_SHOTS:
            return
        written = {r for word in program.kernels[done.kernel].words for r in word.writes} - {"NEWS", "FLAG"}
        times = len(launches[done.kernel])
        title = f"after {done.kernel}" + (f", launch {times} of {times}" if times > 1 else "")
        shots.append(Shot(title, tuple((r, machine.read(r)) for r in SHOWN if r in written)))

    run = walk(machine, program, given, see)
    kinds = results.kinds(program)
    bits = stack_bits(program)
    pictures = [
        (name, results.drawable(value, bits.get(name, 0)))
        for name, value in run.outputs.items()
        if name in kinds and results.is_picture(kinds[name])
    ]
    return [*shots, Shot("what the run puts out", tuple(pictures))] if pictures else shots
