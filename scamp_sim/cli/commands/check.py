"""`scamp-sim check`: errors and warnings of kernel files."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from scamp_sim.cli import live, options
from scamp_sim.cli.output import as_json, coloured, print_json
from scamp_sim.cli.programs import assumed, load_program, parse_settings
from scamp_sim.compiler import CompileError
from scamp_sim.compiler.front.source import CPP
from scamp_sim.exceptions import OptionError, ProgramError, ScampError
from scamp_sim.reading import files_read, is_taken
from scamp_sim.text import plural

NAME = "check"
HELP = "Show errors and warnings."
EXAMPLES = ("scamp-sim check mine.scamp", "scamp-sim check mine.scamp --watch")


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `check`."""
    parser.add_argument("files", metavar="FILE", nargs="+", help=options.FILE_HELP)
    parser.add_argument("--watch", action="store_true", help="check again whenever a file changes, until Ctrl-C")
    options.add_set(parser)
    options.add_format(parser)


PAUSE = 0.25
"""Seconds between looks at the files that are watched."""


def run(args: argparse.Namespace) -> int:
    """`check`: errors and warnings of each file; 1 if any file has errors."""
    return _watch(args) if args.watch else _check(args)


def _watch(args: argparse.Namespace) -> int:
    """Check now, and whenever one of the files, or of those that they include, is another. Returns the last code."""
    if "-" in args.files:
        raise OptionError("--watch looks at files; standard input (-) cannot change")
    if args.format != "text":
        raise OptionError("--watch shows text as files change; leave --format out")
    code = 0
    try:
        while True:
            code = _check(args)
            seen = _stamps(args.files)
            print(f"watching {', '.join(args.files)} and what is included; Ctrl-C ends\n", flush=True)
            while _stamps(args.files) == seen:
                time.sleep(PAUSE)
    except KeyboardInterrupt:
        return code


def _stamps(files: Iterable[str]) -> dict[str, tuple[int, int]]:
    """File -> when it was changed, and its size: those named, what was read for them, such as included files and
    values of --set, and those beside them that could be included once they are there."""
    from scamp_sim import kernels

    found: dict[str, tuple[int, int]] = {}
    for file in files:
        path = Path(file)
        if file in kernels.names() and not is_taken(path):
            path = Path(kernels.path(file))
        endings = CPP if path.suffix.lower() in CPP else (".scamp",) if path.suffix == ".scamp" else ()
        beside = [p for p in path.parent.iterdir() if p.suffix.lower() in endings] if path.parent.is_dir() else []
        for one in (path, *beside, *map(Path, files_read())):
            with suppress(OSError):
                status = one.stat()
                found[str(one)] = (status.st_mtime_ns, status.st_size)
    return found


def _check(args: argparse.Namespace) -> int:
    from scamp_sim.compiler.front.diagnostics import render

    settings = parse_settings(args.set)
    if args.files.count("-") > 1:
        raise ProgramError("standard input (-) can be read once; give - once")
    found: list[Any] = []
    failed: list[str] = []
    notes: list[str] = []
    for file in args.files:
        try:
            if live.is_program(file):
                notes.append(live.checked(file))
            else:
                program = load_program(file, settings, placeholders=True)
                found += program.diagnostics
                notes += assumed(file, program, settings)
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
        print_json({"ok": not (errors or failed), "diagnostics": as_json(found), "failures": failed, "notes": notes})
    else:
        print(render(found, color=coloured(sys.stdout)), end="")
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
    return Path(file).name.startswith("_") and bool(errors) and all(d.code == "S111" for d in errors)
