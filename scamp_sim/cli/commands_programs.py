"""What the commands of the command line do. Each takes the parsed arguments and returns the exit code."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.chip import isa
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.text import plural, short

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.costs.timing import Profile

DEMO_KERNEL = "edges"
DEMO_PHOTO = "grace_hopper.jpg"
DEMO_IMAGE = "photo.png"

CPP = (".cpp", ".cc", ".cxx", ".hpp", ".hxx", ".hh", ".h", ".ino")
"""Files that are taken as C++ for the SDK."""

DEEPEST = 16
"""Dimensions that a table on the command line may have."""


# --- commands -------------------------------------------------------------------------------------------------


def run(args: argparse.Namespace) -> int:
    """`run`: assemble, run every frame, write pictures, show what it cost."""
    from scamp_sim.cli import commands_montecarlo
    from scamp_sim.cli.commands_chips import in_force, note_errors
    from scamp_sim.costs.timeline import timeline, write_trace
    from scamp_sim.files import check_file
    from scamp_sim.show import session
    from scamp_sim.show.dump import parse_line
    from scamp_sim.silicon import load_errors

    timing = _timing(args.timing)
    load_errors(args.errors, args.size, args.chip, args.seed)
    program = load_program(args.file, parse_settings(args.set))
    warn(program.diagnostics)
    if args.dump_after and not args.out:
        raise ProgramError("--dump-after writes pictures; say where with --out DIR")
    dump_after = tuple(dict.fromkeys(parse_line(program, text) for text in args.dump_after))
    if args.trace is not None:
        check_file(args.trace, "trace")
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
    )
    if commands_montecarlo.asked(args):
        return commands_montecarlo.run_program(args, request)
    if args.jobs is not None:
        raise ProgramError("--jobs are for a study over chips; add --chips LIST, or leave it out")
    frames, profile = session.carry_out(request)
    felt = note_errors(args, program, profile.time_us * 1e-6 * len(frames), args.size)
    if args.trace is not None:
        write_trace(timeline(program, timing, args.size), args.trace, program.name)
    if args.format == "json":
        document = {
            "program": program.name,
            "params": program.params,
            "errors": felt,
            "frames": [f.as_dict() for f in frames],
            "profile": profile.as_dict(),
            "warnings": _diagnostics(program.diagnostics),
        }
        if args.trace is not None:
            document["trace"] = args.trace
        print_json(document)
        return 0
    print_profile(profile)
    print(in_force(args), end="")
    for frame in frames:
        print()
        print("\n".join(frame.lines()))
    if args.trace is not None:
        print(f"\ntimeline: {args.trace}, for chrome://tracing or ui.perfetto.dev")
    if not args.out:
        print("\nno pictures written; --out DIR writes them")
    return 0


def check(args: argparse.Namespace) -> int:
    """`check`: errors and warnings of each file; 1 if any file has errors."""
    from scamp_sim.compiler.front.diagnostics import CompileError, render

    settings = parse_settings(args.set)
    if args.files.count("-") > 1:
        raise ProgramError("standard input (-) can be read once; give - once")
    found: list[Any] = []
    failed: list[str] = []
    notes: list[str] = []
    for file in args.files:
        try:
            found += load_program(file, settings).diagnostics
        except CompileError as e:
            if _only_for_include(file, e.diagnostics):
                notes.append(f"{file}: only for include; there is nothing to run in it")
                found += [d for d in e.diagnostics if d.severity != "error"]
            else:
                found += e.diagnostics
        except ScampError as e:
            failed.append(f"{file}: {e}" if str(file) not in str(e) else str(e))
    errors = any(d.severity == "error" for d in found)
    if args.format == "json":
        print_json(
            {"ok": not (errors or failed), "diagnostics": _diagnostics(found), "failures": failed, "notes": notes}
        )
    else:
        print(render(found, color=_colour(sys.stdout)), end="")
        for note in notes:
            print(f"note: {note}")
        for message in failed:
            print(f"scamp-sim: error: {message}", file=sys.stderr)
        if not found and not failed:
            print(f"{plural(len(args.files), 'file')}: no errors, no warnings")
    return 1 if errors or failed else 0


def _only_for_include(file: str, diagnostics: Iterable[Any]) -> bool:
    """Whether a file says by its name, _NAME, that it is for include, and nothing else is wrong with it."""
    errors = [d for d in diagnostics if d.severity == "error"]
    nothing = [d for d in errors if d.code == "S110" and d.message.startswith("there is nothing to run")]
    return Path(file).name.startswith("_") and bool(errors) and nothing == errors


def list_(args: argparse.Namespace) -> int:
    """`list`: a program word by word, or the library."""
    from scamp_sim.chip.host import CHIP
    from scamp_sim.costs.timing import profile
    from scamp_sim.show.listing import as_dict, listing

    timing = _timing(args.timing)
    if args.file is None:
        return _library(args.format)
    program = load_program(args.file, parse_settings(args.set))
    warn(program.diagnostics)
    if args.format == "text":
        print(listing(program, timing), end="")
        return 0
    print_json({**as_dict(program, timing), "profile": profile(program, timing, program.shape or CHIP).as_dict()})
    return 0


def isa_(args: argparse.Namespace) -> int:
    """`isa`: the instruction set, or what one name means; 2 for a name that does not exist."""
    from scamp_sim.show import isa_docs

    found = isa_docs.entries() if args.name is None else isa_docs.find(args.name)
    if not found:
        known = [e.name for e in isa_docs.entries()] + list(isa.MNEMONIC_ALIASES)
        near = isa.did_you_mean(args.name, known) or "; scamp-sim isa lists them"
        report(ProgramError(f"unknown instruction '{args.name}'{near}"), args.format)
        return 2
    if args.format == "json":
        print_json([e.as_dict() for e in found])
    elif args.format == "markdown":
        print(isa_docs.markdown(found), end="")
    elif args.name is None:
        print(isa_docs.index_text(found), end="")
    else:
        print("\n".join(isa_docs.entry_text(e) for e in found), end="")
    return 0


def demo(args: argparse.Namespace) -> int:
    """`demo`: the library's edge kernel on a photograph."""
    from scamp_sim.show import session

    photo = demo_photograph()
    program = load_program(DEMO_KERNEL, {})
    request = session.Request(
        program=program,
        images=(photo,),
        resize=True,
        timing=_timing("scamp5d"),
        out=args.out,
        planes=True,
        keep_image=DEMO_IMAGE,
    )
    frames, profile = session.carry_out(request)
    if args.format == "json":
        print_json({"program": program.name, "frames": [f.as_dict() for f in frames], "profile": profile.as_dict()})
        return 0
    print_profile(profile)
    print()
    print("\n".join(frames[0].lines()))
    print(
        f"\nOpen {frames[0].sheet} to see it all. Then:\n"
        f"  scamp-sim list {DEMO_KERNEL}          what the chip was given, word by word\n"
        f"  scamp-sim run {DEMO_KERNEL} --image YOUR.jpg --resize --out out\n"
        "  scamp-sim list                the other kernels of the library\n"
        "  scamp-sim isa                 every instruction; docs/language.md says how to write a kernel"
    )
    return 0


# --- input ----------------------------------------------------------------------------------------------------


def load_program(file: str, params: dict[str, Any]) -> Program:
    """Assemble a file, standard input (`-`) or a kernel of the library. Raises ScampError."""
    from scamp_sim import kernels
    from scamp_sim.compiler import assemble

    if not file:
        raise ProgramError("the name of the program is empty; give a kernel file or a name that scamp-sim list shows")
    if file == "-":
        if sys.stdin is None:
            raise ProgramError("standard input is closed; give a kernel file instead of -")
        return assemble(_decoded(sys.stdin.buffer.read()), params=params)
    path = Path(file)
    try:
        if not path.exists() and file in kernels.names():
            path = Path(kernels.path(file))
        if not path.exists():
            near = isa.did_you_mean(file, kernels.names())
            raise ProgramError(f"{file}: no such file, and no kernel of the library{near} (scamp-sim list names them)")
        if path.is_dir():
            raise ProgramError(f"{file}: is a folder; give a kernel file")
        return assemble(path, params=params, dialect="sdk" if path.suffix.lower() in CPP else "scamp")
    except OSError as e:
        raise ProgramError(
            f"{short(file, 80)}: cannot be read: {e.strerror or e}; check the path and its permissions"
        ) from e


def _decoded(source: bytes) -> str:
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as e:
        line = source.count(b"\n", 0, e.start) + 1
        raise ProgramError(f"<stdin>:{line}: not UTF-8 text (byte 0x{source[e.start]:02x})") from None


def parse_settings(texts: Iterable[str]) -> dict[str, Any]:
    """`--set` arguments as parameters: name -> int or nested lists of them. Raises ProgramError."""
    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise ProgramError(f"--set {short(text, 80)}: write NAME=VALUE, such as level=30 or weights=@w.json")
        if name in settings:
            raise ProgramError(f"--set {name}: given twice")
        settings[name] = _setting(name, value.strip())
    return settings


def _setting(name: str, value: str) -> Any:
    try:
        setting = _setting_file(name, Path(value[1:])) if value.startswith("@") else _setting_text(name, value)
        depth = _depth(setting)
    except RecursionError:  # nested beyond what this Python reads, or walks
        setting = None
        depth = DEEPEST + 1
    if depth > DEEPEST:
        raise ProgramError(f"--set {name}: the list is nested too deeply; tables have a few dimensions")
    return setting


def _setting_file(name: str, path: Path) -> Any:
    if path.suffix.lower() == ".npy":
        from scamp_sim.show.render import load_array

        try:
            return load_array(path).tolist()
        except ScampError as e:
            raise ProgramError(f"--set {name}: {e}") from e
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise ProgramError(f"--set {name}: cannot read {path}: {e.strerror or e}") from e
    except ValueError as e:
        raise ProgramError(f"--set {name}: {path} is neither JSON nor a .npy array of numbers: {e}") from e


def _setting_text(name: str, value: str) -> Any:
    try:
        return int(value, 0)
    except ValueError:
        pass
    try:
        return json.loads(value)
    except ValueError:
        raise ProgramError(
            f"--set {name}: '{short(value, 80)}' is not a number, a list such as [1,-1], or @FILE.json or @FILE.npy"
        ) from None


def _depth(value: Any) -> int:
    """How many lists lie inside one another; counted no further than one beyond what is allowed."""
    depth, level = 0, [value]
    while depth <= DEEPEST and any(isinstance(v, list) for v in level):
        depth, level = depth + 1, [w for v in level if isinstance(v, list) for w in v]
    return depth


def parse_inputs(texts: Iterable[str]) -> dict[str, str]:
    """`--input` arguments: name -> path. Raises ProgramError."""
    inputs: dict[str, str] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or not name or not path:
            raise ProgramError(f"--input {text}: write NAME=PATH")
        if name in inputs:
            raise ProgramError(f"--input {name}: given twice")
        inputs[name] = path
    return inputs


def _timing(name: str) -> Any:
    from scamp_sim.costs.timing import load_timing

    return load_timing(name)


def demo_photograph() -> str:
    """Path of the photograph of the demo. Raises ScampError if matplotlib is missing."""
    try:
        import matplotlib
    except ImportError:
        raise ScampError(
            'the demo takes its photograph from matplotlib, which is missing: pip install "scamp-sim[demo]" (in a '
            'clone: pip install -e ".[demo]"), or use your own: scamp-sim run edges --image IMG --resize --out out'
        ) from None
    return str(Path(matplotlib.get_data_path()) / "sample_data" / DEMO_PHOTO)


# --- output ---------------------------------------------------------------------------------------------------


def report(error: Exception, style: str = "text") -> None:
    """Show an error on stderr: diagnostics with their source lines, anything else in one line.

    style: with "json", the same goes to stdout as one document.
    """
    from scamp_sim.compiler.front.diagnostics import CompileError, render

    if isinstance(error, CompileError):
        print(render(error.diagnostics, color=_colour(sys.stderr)), end="", file=sys.stderr)
    else:
        print(f"scamp-sim: error: {error}", file=sys.stderr)
    if style == "json":
        if isinstance(error, CompileError):
            print_json({"ok": False, "diagnostics": _diagnostics(error.diagnostics)})
        else:
            print_json({"ok": False, "error": {"type": type(error).__name__, "message": str(error)}})


def warn(diagnostics: Iterable[Any]) -> None:
    """Show the assembler's warnings on stderr."""
    from scamp_sim.compiler.front.diagnostics import render

    print(render(diagnostics, color=_colour(sys.stderr)), end="", file=sys.stderr)


def print_json(document: Any) -> None:
    """One JSON document on stdout; tables of numbers become lists."""
    print(json.dumps(document, indent=2, ensure_ascii=False, default=_plain))


def print_profile(profile: Profile) -> None:
    """The cost table: drawn with rich on a terminal, plain text elsewhere."""
    if not sys.stdout.isatty():
        print(profile.text(), end="")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=profile.title,
        caption=f"prices (range): {profile.note}" if profile.note else None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("item", style="bold")
    table.add_column("amount")
    table.add_column("us", justify="right")
    for section in profile.sections():
        for item, amount, us in section:
            table.add_row(item, amount, us, style="green" if item == "total" else None)
        table.add_section()
    Console().print(table)


def _library(style: str) -> int:
    from scamp_sim import kernels

    about = {name: kernels.summary(name) for name in kernels.names()}
    if style == "json":
        print_json([{"name": n, "path": str(kernels.path(n)), "about": text} for n, text in about.items()])
        return 0
    wide = max(map(len, about), default=0)
    for name, text in about.items():
        print(f"{name:{wide}}  {text}".rstrip())
    print("\nscamp-sim list NAME shows one word by word; scamp-sim run NAME --image IMG --out DIR runs it.")
    return 0


def _diagnostics(diagnostics: Iterable[Any]) -> Any:
    from scamp_sim.compiler.front.diagnostics import to_json

    return json.loads(to_json(diagnostics))


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "items"):
        return dict(value)
    return str(value)


def _colour(stream: Any) -> bool:
    import os

    return bool(stream.isatty()) and "NO_COLOR" not in os.environ
