"""`run` of C++ programs: build, run frames, write what went to the displays, show costs and what was left out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.cli import live_frames, live_results
from scamp_sim.cli.output import print_json, warn
from scamp_sim.cli.refusals import refuse
from scamp_sim.compiler.front.source import CPP_SOURCES
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.limits import number_in
from scamp_sim.text import plural, short

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.compiler.native import LiveProgram, LiveRun
    from scamp_sim.machine.machine import Machine

RIGHTS = (
    "a C++ program runs as a process of its own, with your rights: run only what you would compile and run yourself "
    "(said once)"
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `run` takes for C++ programs."""
    group = parser.add_argument_group("C++ programs for the SDK: built, and run as a process of their own")
    group.add_argument(
        "more", metavar="MORE.cpp", nargs="*", help="further C++ files; those in its folder are included anyway"
    )
    group.add_argument("-I", dest="include", metavar="DIR", action="append", default=[], help="a folder of headers")
    group.add_argument("-D", dest="define", metavar="NAME[=VALUE]", action="append", default=[], help="a macro")
    group.add_argument(
        "--press", metavar="BUTTON@FRAME", action="append", default=[], help="press a button; frames count from 1"
    )
    group.add_argument(
        "--files", metavar="PATH", action="append", default=[], help="files and folders that the program may read"
    )
    group.add_argument(
        "--timeout",
        metavar="S",
        type=number_in(above=0, high=86_400),
        help="seconds that the program may compute per frame (default: 20)",
    )
    group.add_argument("--no-run", action="store_true", help="build only")
    group.add_argument("--strict", action="store_true", help="notes are errors: exit code 1 for each of them")
    group.add_argument("--std", metavar="STANDARD", help="language standard (default: c++17)")
    group.add_argument("--cxx", metavar="COMMAND", help="the compiler, or zig (default: $CXX, g++, clang++, zig)")


OPTIONS = ("more", "include", "define", "press", "files", "timeout", "no_run", "strict", "std", "cxx")


def is_program(file: str) -> bool:
    """Whether a file is C++ with a main."""
    if Path(file).suffix.lower() not in CPP_SOURCES:
        return False
    from scamp_sim.compiler.native.toolchain import scan  # which takes a while

    return scan.is_program(file)


def asked(args: argparse.Namespace) -> bool:
    """Whether the command line names a C++ program."""
    return is_program(args.file) or any(is_program(m) for m in args.more)


def refuse_elsewhere(args: argparse.Namespace) -> None:
    """Raises ProgramError for options that only C++ programs have."""
    if args.more:
        hint = "" if args.more[0].lower().endswith(CPP_SOURCES) else "; pictures and clips go behind --image"
        raise OptionError(
            f"{short(args.more[0], 200)}: run takes one file, or the files of one C++ program with a main{hint}"
        )
    file = short(args.file, 60).replace("{", "{{").replace("}", "}}")
    refuse(args, OPTIONS, f"{{option}} is for C++ programs with a main; leave it out for {file}")


# --- run ----------------------------------------------------------------------------------------------------------


def run(args: argparse.Namespace) -> int:
    """Build and run a C++ program; 1 if something of it could not be carried out. Raises ScampError."""
    from scamp_sim.cli.networks import trace_of
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.files import check_file
    from scamp_sim.show.frames.write import check_video
    from scamp_sim.show.render import check_folder

    if args.trace is not None:
        check_file(args.trace, "trace")
    if args.out is not None:
        check_folder(args.out)
    if args.video is not None:
        check_video(args.video)
    timing = load_timing(args.timing)
    if max(args.size) > 256:
        raise OptionError(f"--size {args.size[0]}x{args.size[1]}: the board's addresses have 8 bits; up to 256x256")
    with ThreadPoolExecutor(max_workers=1) as beside:
        building = beside.submit(copy_context().run, built, args.file, args)
        if args.engine == "fast" and not args.no_run:
            import scamp_sim.engine.fast  # noqa: F401 - takes a while, in which the compiler is at work
        program = building.result()
    if args.no_run:
        return _built_only(program, args.format)
    settings = settings_of(args.set)
    images, fps = live_frames.images_of(args)
    machine = machine_of(args)
    tell_rights()
    result = carry_out(program, machine, images, args, settings)
    files = live_results.write(args.out, result, args.stretch) if args.out else {}
    kept = live_frames.keep(result, args, images, fps)
    if args.trace is not None:
        trace_of([frame.program for frame in result.shown], timing, args.size, args.trace, program.name)
    bad = not result.whole or (args.strict and bool(result.notes))
    if args.format == "json":
        print_json(
            {
                **live_results.document(result, files),
                "ok": not bad,
                "trace": args.trace,
                "files": [str(p) for p in kept],
            }
        )
    else:
        live_results.show(result, files)
        if kept:
            print(f"of all frames: {', '.join(str(path) for path in kept)}")
        if args.trace is not None:
            print(f"\ntimeline: {args.trace}, for chrome://tracing or ui.perfetto.dev")
        if not args.out and args.video is None:
            print("\nno pictures written; --out DIR writes them")
    warn(result.notes)
    if bad and result.whole:
        print(f"scamp-sim: error: {plural(len(result.notes), 'note')}, which --strict takes as errors", file=sys.stderr)
    elif bad:
        print("scamp-sim: error: the program was not carried out as a whole; see above", file=sys.stderr)
    return 1 if bad else 0


def built(file: str, args: argparse.Namespace) -> LiveProgram:
    """The program of the command line, built."""
    from scamp_sim.compiler.native import LiveProgram
    from scamp_sim.compiler.native.toolchain.build import STANDARD

    return LiveProgram.build(
        [file, *args.more], include=args.include, define=args.define, standard=args.std or STANDARD, compiler=args.cxx
    )


def carry_out(
    program: LiveProgram, machine: Machine, images: Sequence[Any], args: argparse.Namespace, settings: Mapping[str, int]
) -> LiveRun:
    """Run the program as the command line asks; its planes are those that it has written by then."""
    from scamp_sim.chip import isa

    planes = [r for r in (*isa.ANALOG, *isa.DIGITAL) if r != "NEWS"] if args.planes else []
    result = program.run(
        machine,
        images,
        set=settings,
        press=args.press,
        frames=args.frames,
        files=args.files,
        timeout=20.0 if args.timeout is None else args.timeout,
        planes=planes,
    )
    if not planes:
        return result
    written = {r for frame in (result.setup, *result.frames) for r in frame.program.written}
    frames = [replace(f, planes={r: p for r, p in f.planes.items() if r in written}) for f in result.frames]
    return replace(result, frames=tuple(frames))


def machine_of(args: argparse.Namespace) -> Machine:
    """The machine of the command line."""
    from scamp_sim import Machine
    from scamp_sim.show.session import announce_compilation

    if args.engine == "fast":
        announce_compilation(args.errors)
    return Machine(
        shape=args.size,
        errors=args.errors,
        timing=args.timing,
        engine=args.engine,
        seed=args.seed,
        chip=args.chip,
    )


def tell_rights() -> None:
    """Say once for each user whose code it is that runs."""
    from scamp_sim.compiler.native.toolchain.build import cache_folder

    told = cache_folder() / "told"
    if told.exists():
        return
    print(f"scamp-sim: note: {RIGHTS}", file=sys.stderr)
    try:
        told.parent.mkdir(parents=True, exist_ok=True)
        told.touch()
    except OSError:  # then it is said again
        return


def _built_only(program: LiveProgram, style: str) -> int:
    from scamp_sim.compiler.native.toolchain.scan import kernel_marks

    known = program.built
    marks = kernel_marks(dict.fromkeys((*known.sources, *known.read)))
    if style == "json":
        print_json(
            {
                "ok": True,
                "program": program.name,
                "sources": [str(s) for s in known.sources],
                "compiler": known.compiler.name,
                "kernels": [{"file": m.file, "line": m.line} for m in marks],
                "left_out": {str(p): why for p, why in known.left_out.items()},
            }
        )
        return 0
    print(f"{program.name}: built with {known.compiler.name} from {', '.join(s.name for s in known.sources)}")
    print(f"{plural(len(marks), 'kernel')} between marks; not run")
    for path, why in known.left_out.items():
        print(f"left out: {path}: {why}")
    return 0


def settings_of(texts: Iterable[str]) -> dict[str, int]:
    """`--set "LABEL=VALUE"` of sliders and switches. Raises ProgramError."""
    found: dict[str, int] = {}
    for text in texts:
        label, equals, value = text.rpartition("=")
        label, value = label.strip(), value.strip().lower()
        value = {"true": "1", "on": "1", "false": "0", "off": "0"}.get(value, value)
        if not equals or not label:
            raise OptionError(f"--set {short(text, 80)}: write LABEL=VALUE, such as --set 'threshold=30'")
        if label in found:
            raise OptionError(f"--set {label}: given twice")
        try:
            found[label] = int(value, 0)
        except ValueError:
            raise OptionError(f"--set {label}: '{short(value, 40)}' is not an integer") from None
    return found


def checked(file: str) -> str:
    """Build a C++ program without running it; what it was built from. Raises CompileError with what is wrong."""
    from scamp_sim.compiler.native import LiveProgram

    known = LiveProgram.build(file).built
    return f"{file}: builds with {known.compiler.name} from {', '.join(s.name for s in known.sources)}; not run"


# --- the recorded frame -------------------------------------------------------------------------------------------


def recorded(file: str, settings: Mapping[str, int] | None = None) -> Program:
    """A frame of a C++ program as an ordinary program, for commands that show one, on a ramp of greys. The program is
    built and run for it. Raises ScampError."""
    import numpy as np

    from scamp_sim import Machine
    from scamp_sim.compiler.native import LiveProgram

    program = LiveProgram.build(file)
    tell_rights()
    ramp = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    return _last_frame(file, program.run(Machine(), [ramp], set=settings or {}))


def frame_of(args: argparse.Namespace) -> Program:
    """The last frame of a C++ program on the pictures of the command line, on a chip without errors: what a study
    repeats on many chips. Raises ScampError."""
    from scamp_sim import Machine

    program = built(args.file, args)
    settings = settings_of(args.set)
    images, _ = live_frames.images_of(args)
    tell_rights()
    result = carry_out(program, Machine(args.size, timing=args.timing), images, args, settings)
    print(
        f"scamp-sim: note: the study repeats frame {result.shown[-1].number}, whose branches are as the run without "
        "errors decided them",
        file=sys.stderr,
    )
    if args.strict and result.notes:
        warn(result.notes)
        raise ProgramError(f"{args.file}: {plural(len(result.notes), 'note')}, which --strict takes as errors")
    return _last_frame(args.file, result)


def _last_frame(file: str, result: LiveRun) -> Program:
    warn(result.notes)
    if not result.whole:
        raise ProgramError(f"{file}: not carried out as a whole, so there is no frame to show; see above")
    return result.shown[-1].program
