"""`run` of C++ programs: build, run frames, write what went to the displays, show costs and what was left out."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.cli import live_frames
from scamp_sim.cli.output import as_json, plain, print_json, print_profile, warn
from scamp_sim.cli.refusals import refuse
from scamp_sim.compiler.front.source import CPP_SOURCES
from scamp_sim.exceptions import ProgramError
from scamp_sim.text import plural, short

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.compiler.native import LiveFrame, LiveProgram, LiveRun
    from scamp_sim.machine.machine import Machine

RIGHTS = (
    "a C++ program runs as a process of its own, with your rights: run only what you would compile and run yourself "
    "(said once)"
)
VALUES, TEXTS, SHEET = "values.json", "texts.txt", "contact-sheet.png"
MOST_LINES = 40
"""Source lines that the table shows."""


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
        "--timeout", metavar="S", type=float, help="seconds that the program may compute per frame (default: 20)"
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
        raise ProgramError(f"{args.more[0]}: run takes one file, or the files of one C++ program with a main")
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
        raise ProgramError(f"--size {args.size[0]}x{args.size[1]}: the board's addresses have 8 bits; up to 256x256")
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
    files = write(args.out, result, args.stretch) if args.out else {}
    kept = live_frames.keep(result, args, fps)
    if args.trace is not None:
        trace_of([frame.program for frame in result.shown], timing, args.size, args.trace, program.name)
    bad = not result.whole or (args.strict and bool(result.notes))
    if args.format == "json":
        print_json({**document(result, files), "ok": not bad, "trace": args.trace, "files": [str(p) for p in kept]})
    else:
        show(result, files)
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
    """Run the program as the command line asks."""
    from scamp_sim.chip import isa

    planes = [r for r in (*isa.ANALOG, *isa.DIGITAL) if r != "NEWS"] if args.planes else []
    return program.run(
        machine,
        images,
        set=settings,
        press=args.press,
        frames=args.frames,
        files=args.files,
        timeout=20.0 if args.timeout is None else args.timeout,
        planes=planes,
    )


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
            raise ProgramError(f"--set {short(text, 80)}: write LABEL=VALUE, such as --set 'threshold=30'")
        if label in found:
            raise ProgramError(f"--set {label}: given twice")
        try:
            found[label] = int(value, 0)
        except ValueError:
            raise ProgramError(f"--set {label}: '{short(value, 40)}' is not an integer") from None
    return found


# --- results out --------------------------------------------------------------------------------------------------


def safe(label: str) -> str:
    """A label as the name of a file."""
    return re.sub(r"[^\w.-]+", "_", label).strip("._") or "display"


def write(folder: str, result: LiveRun, stretch: bool) -> dict[int, dict[str, str]]:
    """Pictures, values and texts of each frame, in folders of their own if there are several."""
    from scamp_sim.show import render

    pictures: dict[str, Any] = {}
    texts: dict[str, str] = {}
    where: dict[int, dict[str, str]] = {}
    wide = len(str(len(result.frames)))
    for frame in result.shown:
        prefix = f"frame-{frame.number:0{wide}}/" if len(result.shown) > 1 else ""
        files: dict[str, str] = {}
        values: dict[str, Any] = {}
        tiles = []
        for label, value in (*frame.pictures.items(), *frame.planes.items()):
            name = f"{prefix}{safe(label)}"
            number = 1
            while f"{name}.png" in pictures or f"{name}.png" == f"{prefix}{SHEET}":
                number += 1
                name = f"{prefix}{safe(label)}-{number}"
            if drawn(value) is None:
                values[label] = plain(value)
            else:
                pictures[f"{name}.png"] = render.picture_of(drawn(value), stretch)
                tiles.append(render.Tile(label, drawn(value)))
                files[label] = f"{name}.png"
        if tiles and len({t.plane.shape for t in tiles}) == 1:
            pictures[f"{prefix}{SHEET}"] = render.contact_sheet(
                tiles, f"{result.program}: frame {frame.number}", stretch
            )
        if values:
            texts[f"{prefix}{VALUES}"] = json.dumps(values, indent=1)
            files.update(dict.fromkeys(values, f"{prefix}{VALUES}"))
        if frame.texts:
            texts[f"{prefix}{TEXTS}"] = "".join(t if t.endswith("\n") else f"{t}\n" for t in frame.texts)
        where[frame.number] = {label: str(Path(folder) / file) for label, file in files.items()}
    render.write_files(folder, pictures, texts)
    return where


def drawn(value: Any) -> Any:
    """A result as a plane to draw, None for lists and boxes."""
    import numpy as np

    if getattr(value, "ndim", 0) != 2 or value.dtype == np.int64:
        return None
    return value.astype(np.float32) / 257 - 128 if value.dtype == np.uint16 else value


def document(result: LiveRun, files: Mapping[int, Mapping[str, str]]) -> dict[str, Any]:
    """Everything that a run gave, in names and numbers."""
    return {
        "program": result.program,
        "ended": result.ended,
        "setup": _frame_record(result.setup, {}) if result.frames else None,
        "frames": [_frame_record(f, files.get(f.number, {})) for f in result.shown],
        "kernels": [vars(k) for k in result.kernels],
        "items": [vars(i) for i in result.items],
        "left_out": {
            "notes": as_json([n for n in result.notes if n.severity == "error"]),
            "kernels_not_reached": [{"file": o.file, "line": o.line} for o in result.unreached],
            "buttons_not_pressed": list(result.unpressed),
            "calls_without_effect": dict(result.calls_without_effect),
        },
        "notes": as_json(result.notes),
        "printed": result.printed,
    }


def _frame_record(frame: LiveFrame, files: Mapping[str, str]) -> dict[str, Any]:
    import numpy as np

    shown = {}
    for label, value in frame.pictures.items():
        record: dict[str, Any] = {"shape": list(np.shape(value)), "file": files.get(label)}
        if drawn(value) is None:
            record["values"] = plain(value)
        else:
            record |= {"minimum": int(value.min()), "maximum": int(value.max()), "mean": float(value.mean())}
        shown[label] = record
    return {
        "number": frame.number,
        "image": frame.image or None,
        "displays": shown,
        "texts": list(frame.texts),
        "posted": [{"channel": c, "values": list(v)} for c, v in frame.posted],
        "profile": frame.profile.as_dict(),
        "lines": [vars(line) for line in frame.lines],
        "stored_words": frame.stored,
    }


def show(result: LiveRun, files: Mapping[int, Mapping[str, str]]) -> None:
    """The run in words and numbers."""
    import numpy as np

    last = result.shown[-1]
    print_profile(last.profile)
    print(f"\nsource lines of {'frame ' + str(last.number) if last.number else 'the program'}, by time")
    rows = sorted(last.lines, key=lambda r: -r.us)
    for row in rows[:MOST_LINES]:
        where = f"{Path(row.file).name}:{row.line}"
        print(
            f"  {where:24} {row.launches:6,} launches {row.words:8,} words {row.us:12,.1f} us {row.bytes:9,} B  "
            f"{short(row.text, 60)}"
        )
    if len(rows) > MOST_LINES:
        print(f"  ... and {len(rows) - MOST_LINES} more lines")
    for frame in result.shown:
        image = f" on {frame.image}" if frame.image else ""
        title = f"frame {frame.number}{image}" if frame.number else f"the program{image}"
        cost = frame.profile
        print(
            f"\n{title}: {cost.words:,} words, {cost.time_us:,.1f} us, {cost.readout_bytes:,} bytes, "
            f"{frame.stored} words stored"
        )
        for label, value in frame.pictures.items():
            plane = drawn(value)
            about = f"{np.shape(value)[0]} values" if plane is None else f"mean {float(np.mean(value)):.4g}"
            file = files.get(frame.number, {}).get(label, "")
            print(f"  {label}: {'x'.join(map(str, np.shape(value)))}, {about}  {file}".rstrip())
        for text in frame.texts[:20]:
            print(f"  | {short(text.rstrip(), 110)}")
        if len(frame.texts) > 20:
            print(f"  | ... and {len(frame.texts) - 20} more texts")
    if result.frames and result.setup.profile.words:
        print(f"\nbefore the first frame: {result.setup.profile.words:,} words, {result.setup.profile.time_us:,.1f} us")
    print(f"\n{left_out(result)}")
    if result.printed:
        print(f"printed: {short(result.printed.strip(), 400)}")


def left_out(result: LiveRun) -> str:
    """What the run has not carried out, or not come by, in one paragraph."""
    lines = []
    missing = [n for n in result.notes if n.severity == "error"]
    if missing:
        lines.append(f"not carried out: {plural(len(missing), 'kind')} of calls; see the errors")
    if result.unreached:
        places = ", ".join(f"{Path(o.file).name}:{o.line}" for o in result.unreached[:8])
        lines.append(f"kernels not reached: {places}{' ...' if len(result.unreached) > 8 else ''}")
    if result.unpressed:
        lines.append(f"buttons not pressed: {', '.join(result.unpressed)}")
    if result.calls_without_effect:
        calls = ", ".join(f"{n} ({t:,})" for n, t in sorted(result.calls_without_effect.items()))
        lines.append(f"calls without effect on the array: {calls}")
    return "\n".join(lines or ["nothing was left out"])


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
