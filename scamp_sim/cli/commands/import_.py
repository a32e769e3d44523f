"""`scamp-sim import`: what of a C++ file for the SDK assembles."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.cli import options
from scamp_sim.cli.output import as_json, print_json, warn
from scamp_sim.cli.programs import parse_settings, sdk_source
from scamp_sim.exceptions import ScampError
from scamp_sim.text import short

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.compiler.front.diagnostics import Diagnostic
    from scamp_sim.compiler.sdk import Block

NAME = "import"
HELP = "Find the kernels of a C++ file that uses the SCAMP-5 SDK, and write them as kernel files."
EXAMPLES = ("scamp-sim import main.cpp --out kernels",)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `import`."""
    parser.add_argument("file", metavar="FILE", help="a C++ file; what it includes from beside it is read too")
    parser.add_argument("--out", metavar="DIR", help="write each kernel, and the whole program, to DIR/NAME.scamp")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="a variable of the program")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`import`: a table of the kernels in a C++ file; 1 if there are none, or none assembles. Raises ScampError."""
    from scamp_sim.compiler.front.diagnostics import CompileError
    from scamp_sim.compiler.sdk import extract_from
    from scamp_sim.compiler.sdk.program import import_program

    path = sdk_source(args.file)
    settings = parse_settings(args.set)
    blocks = extract_from(path)
    program: Program | None = None
    text = ""
    said: tuple[Diagnostic, ...] = ()
    try:
        program, text = import_program(path, settings)
        said = tuple(d for d in program.diagnostics if d.code.startswith("W6"))
    except CompileError as error:
        said = error.diagnostics
    written = _write(Path(args.out), path, blocks, text) if args.out else {}
    good = sum(b.ok for b in blocks)
    if args.format == "json":
        print_json(_document(path, blocks, program, said, written))
    else:
        _print(path, blocks, program, said, written)
    return 0 if good or (program is not None and not blocks) else 1


def _write(folder: Path, path: Path, blocks: list[Block], text: str) -> dict[str, str]:
    """Write the kernel files; name of a block, or "" for the whole program -> file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScampError(f"{folder}: cannot be made: {error.strerror or error}; give another --out") from error
    written: dict[str, str] = {}
    taken: set[str] = set()
    todo = [(b.name, b.name, b.text) for b in blocks if b.ok]
    todo += [("", f"{path.stem}_program", text)] if text else []
    for key, stem, content in todo:
        name, n = stem, 1
        while name.lower() in taken:
            n += 1
            name = f"{stem}_{n}"
        taken.add(name.lower())
        target = folder / f"{name}.scamp"
        target.write_text(content, encoding="utf-8")
        written[key] = str(target)
    return written


def _words(block: Block) -> int | None:
    return None if block.program is None else block.program.stored_words


def _reason(block: Block) -> str:
    first = next((d for d in block.diagnostics if d.severity == "error"), None)
    return "" if first is None else f"{first.line}:{first.column}: {first.message}"


def _print(
    path: Path, blocks: list[Block], program: Program | None, said: tuple[Diagnostic, ...], written: dict[str, str]
) -> None:
    rows = [("name", "line", "kind", "words", "")]
    for block in blocks:
        assumed = ", ".join(f"{n} = {v}" for n, v in block.placeholders.items())
        remark = (f"ok; assumed {assumed}" if assumed else "ok") if block.ok else _reason(block)
        words = _words(block)
        rows.append((block.name, str(block.line), block.kind, "-" if words is None else str(words), short(remark, 90)))
    if blocks:
        wide = [max(len(row[i]) for row in rows) for i in range(4)]
        for row in rows:
            name, line, kind, count, remark = row
            print(f"{name:{wide[0]}}  {line:>{wide[1]}}  {kind:{wide[2]}}  {count:>{wide[3]}}  {remark}".rstrip())
        print()
    warn(said)
    good = sum(b.ok for b in blocks)
    print(f"{path.name}: {good} of {len(blocks)} kernel blocks assemble")
    if program is not None:
        print(f"one pass of the program: {program.launches} launches, {program.words} words")
        for name, value in program.params.items():
            print(f"  --set {name}={value}")
    elif blocks:
        print("the program as a whole does not assemble; see above")
    for file in written.values():
        print(f"wrote {file}")


def _document(
    path: Path, blocks: list[Block], program: Program | None, said: tuple[Diagnostic, ...], written: dict[str, str]
) -> dict[str, Any]:
    return {
        "file": str(path),
        "found": len(blocks),
        "assembled": sum(b.ok for b in blocks),
        "blocks": [
            {
                "name": b.name,
                "line": b.line,
                "kind": b.kind,
                "words": _words(b),
                "ok": b.ok,
                "reason": _reason(b) or None,
                "placeholders": dict(b.placeholders),
                "diagnostics": as_json(b.diagnostics),
                "text": b.text,
                "written": written.get(b.name),
            }
            for b in blocks
        ],
        "program": None
        if program is None
        else {
            "name": program.name,
            "launches": program.launches,
            "words": program.words,
            "params": dict(program.params),
            "written": written.get(""),
        },
        "diagnostics": as_json(said),
    }
