"""`scamp-sim profile`: what every source line costs, in the terminal or as one page to open in a browser."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from scamp_sim.cli import networks, options
from scamp_sim.cli.fitting import columns
from scamp_sim.cli.output import coloured, print_json, warn
from scamp_sim.cli.programs import load_program, parse_inputs, parse_settings, standard_input
from scamp_sim.cli.refusals import refuse
from scamp_sim.limits import whole_in

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.chip.trace import Moment
    from scamp_sim.machine.machine import Run
    from scamp_sim.show.report.page import Shot
    from scamp_sim.show.session import Request

MOST_FRAMES = 12
"""Frames before the last whose pictures the report shows."""

MOST_SHOTS = 24
"""Kernels whose planes the report shows."""

STAGES = "What the encoder makes of the clip, stage by stage, its frames or channels one after another."
"""About the planes of a network."""

NAME = "profile"
HELP = (
    "Show the words, the microseconds and the share of every source line of one run. With --html, write a page "
    "with all of it: source, timeline, kernel store, readouts and, with --image, the planes; with --errors those of a "
    "chip. A network is shown with the programs that it runs on that chip."
)
EXAMPLES = (
    "scamp-sim profile mine.scamp --image photo.png --html report.html",
    "scamp-sim profile mine.scamp --image clip/ --errors scamp5 --chip 7 --html report.html",
    "scamp-sim profile pixelrnn --errors scamp5 --trace trace.json",
)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `profile`."""
    parser.add_argument("file", metavar="FILE", help=options.FILE_HELP)
    parser.add_argument("--html", metavar="REPORT", help="write the report there, one file that needs no network")
    parser.add_argument("--trace", metavar="FILE", help="write the timeline there, for chrome://tracing or Perfetto")
    options.add_frames(parser)
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
    options.add_errors(parser)
    network = parser.add_argument_group("a network: profile NAME, of scamp-sim system list")
    network.add_argument("--on", metavar="REALISATION", help="as in system run")
    network.add_argument("--weights", metavar="FILE", help="as in system run")
    network.add_argument("--clip", metavar="CLIP", help="what it encodes (default: its example)")
    network.add_argument("--frame", metavar="N", type=whole_in(1), help="which frame (default: 1)")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`profile`: the annotated source, or, with --html, the report."""
    from scamp_sim.chip.planes import check_shape
    from scamp_sim.costs.timeline import timeline
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.exceptions import OptionError
    from scamp_sim.files import check_file, write_text
    from scamp_sim.machine.calls import check_program
    from scamp_sim.show.report import annotate
    from scamp_sim.show.report.texts import gather_sources
    from scamp_sim.show.session import Request
    from scamp_sim.silicon import load_errors

    timing = load_timing(args.timing)
    if args.html is not None:
        check_file(args.html, "report")
    elif args.image or args.input or args.resize:
        raise OptionError(
            "pictures are for the report; give --html FILE as well, or leave --image, --input and --resize out"
        )
    if not args.image:
        refuse(args, ("fps",), "{option} is for pictures and videos; give --image as well")
        if args.trace is None and not networks.is_network(args.file):
            refuse(args, ("frames",), "{option} repeats pictures, or frames of a --trace; give one of them as well")
    if args.trace is not None:
        check_file(args.trace, "trace")
    network = None
    text = None
    if networks.is_network(args.file):
        network = networks.recorded(_network_only(args))
        number = 1 if args.frame is None else args.frame
        program = networks.frame_of(network, number)
    else:
        _program_only(args)
        text = standard_input() if args.file == "-" else None
        settings = parse_settings(args.set)
        program = load_program(args.file, settings, runs=True) if text is None else _assembled(text, settings)
        warn(program.diagnostics)
    shape = check_shape(args.size or program.shape or (256, 256))
    check_program(program, shape)
    load_errors(args.errors, shape, args.chip, args.seed)  # what is wrong with them is told, whether pictures feel them
    annotation = annotate.annotate(program, timing, shape)
    sources = gather_sources(annotation, text)
    page = None
    if args.html is not None:
        from scamp_sim.show.report import page as report

        shots: list[Shot] = list(network.stages) if network is not None else []
        if args.image or args.input:
            request = Request(
                program=program,
                timing=timing,
                images=tuple(args.image or ()),
                shape=shape,
                resize=args.resize,
                inputs=parse_inputs(args.input),
                errors=args.errors,
                chip=args.chip,
                seed=args.seed,
                fps=args.fps,
                frames=args.frames,
            )
            shots = shots_of(request)
        spans = timeline(program, timing, shape)
        about = {} if network is None else {"about_shots": STAGES}
        page = write_text(args.html, report.page(annotation, spans, timing, sources, shots, **about), "report")
    if args.trace is not None:
        frames = network.frames if network is not None else (program,) * (args.frames or 1)
        networks.trace_of(frames, timing, shape, args.trace, program.name)
    if args.format == "json":
        print_json({**annotate.as_dict(annotation, sources), "html": str(page) if page else None, "trace": args.trace})
    elif page is not None:
        cost = annotation.profile
        if args.trace is not None:
            print(f"timeline: {args.trace}, for chrome://tracing or ui.perfetto.dev")
        print(f"{page}: report of {program.name}, {cost.words:,} words, {cost.time_us:,.1f} us; open it in a browser")
    else:
        print(annotate.annotated_text(annotation, sources, columns(sys.stdout), coloured(sys.stdout)), end="")
        if network is not None:
            print(f"\n{network.name}: frame {number} of {len(network.frames)} of a clip; --frame N shows another")
        elif args.errors != "ideal":
            print("\na kernel costs the same on every chip; --html with --image shows what a chip makes of it")
        if args.trace is not None:
            print(f"timeline: {args.trace}, for chrome://tracing or ui.perfetto.dev")
    return 0


def _network_only(args: argparse.Namespace) -> argparse.Namespace:
    options = ("image", "input", "set", "resize", "size", "fps", "frames")
    refuse(args, options, f"{{option}} is for programs; {args.file} takes --clip, --on and --weights")
    return args


def _program_only(args: argparse.Namespace) -> None:
    refuse(args, ("on", "weights", "clip", "frame"), "{option} is for networks, which scamp-sim system list names")


def _assembled(text: str, settings: dict[str, Any]) -> Program:
    from scamp_sim.compiler import assemble

    return assemble(text, params=settings)


# --- pictures ---------------------------------------------------------------------------------------------------


def shots_of(request: Request) -> list[Shot]:
    """The planes that each kernel has written when its last launch ends, after what the array was given."""
    from scamp_sim.chip.program import Launch
    from scamp_sim.show import session
    from scamp_sim.show.dump import SHOWN, walk
    from scamp_sim.show.report.page import Shot

    bound = session.bind(request)
    machine = session.make_machine(request)
    program = request.program
    shots = []
    for number, before_it in enumerate(bound.images[:-1], 1):  # what they leave is part of the last one
        given, fed = session.feed(machine, program, bound, before_it)
        earlier = _pictures(program, machine.run(program, inputs=given))
        if number <= MOST_FRAMES and fed is not None:
            shots.append(Shot(f"frame {number}: {bound.names[number - 1]}", ((fed.title, fed.plane), *earlier)))
    image = bound.images[-1] if bound.images else None
    given, fed = session.feed(machine, request.program, bound, image)
    number = len(bound.images)
    title = "what the array is given" + (f" in frame {number}, the last" if number > 1 else "")
    if fed is not None:
        shots.append(Shot(title, ((fed.title, fed.plane),)))
    before = len(shots)
    launches: dict[str, list[int]] = {}
    for number, step in enumerate(program.steps):
        if isinstance(step, Launch):
            launches.setdefault(step.kernel, []).append(number)
    last = {numbers[-1]: name for name, numbers in launches.items()}

    def see(done: Moment, coming: Moment | None, planes: set[str]) -> None:
        ended = done.kernel and (coming is None or coming.step != done.step)
        if not ended or done.step not in last or len(shots) - before > MOST_SHOTS:
            return
        written = {r for word in program.kernels[done.kernel].words for r in word.writes} - {"NEWS", "FLAG"}
        times = len(launches[done.kernel])
        title = f"after {done.kernel}" + (f", launch {times} of {times}" if times > 1 else "")
        shots.append(Shot(title, tuple((r, machine.read(r)) for r in SHOWN if r in written)))

    run = walk(machine, program, given, see)
    pictures = _pictures(program, run)
    return [*shots, Shot("what the run puts out", pictures)] if pictures else shots


def _pictures(program: Program, run: Run) -> tuple[tuple[str, Any], ...]:
    from scamp_sim.chip.readout import stack_bits
    from scamp_sim.show import results

    kinds, bits = results.kinds(program), stack_bits(program)
    return tuple(
        (name, results.drawable(value, bits.get(name, 0)))
        for name, value in run.outputs.items()
        if name in kinds and results.is_picture(kinds[name])
    )
