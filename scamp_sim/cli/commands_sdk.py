"""The commands that take C++ in and give it out: `import` and `export`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.cli.commands_programs import CPP, load_program, parse_settings, print_json, warn
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.text import short

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.compiler.front.diagnostics import Diagnostic
    from scamp_sim.compiler.sdk import Block

EXPORTED = (*CPP, ".c", ".jss")
"""Endings of files that are C++."""


def add_parsers(sub: Any) -> None:
    """Add `import` and `export` to the subparsers of the command line."""
    parser = sub.add_parser(
        "import",
        help="show what of a C++ file for the SDK assembles",
        description="Find the kernels of a C++ file that uses the SCAMP-5 SDK, and write them as kernel files.",
    )
    parser.add_argument("file", metavar="FILE", help="a C++ file; what it includes from beside it is read too")
    parser.add_argument("--out", metavar="DIR", help="write each kernel, and the whole program, to DIR/NAME.scamp")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="a variable of the program")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.set_defaults(command=import_)

    parser = sub.add_parser(
        "export",
        help="write a program as C++ for the SDK",
        description="Write a program as C++ for the SDK, or as the plain calls that JSS takes.",
    )
    parser.add_argument(
        "file", metavar="FILE", help="a kernel file, - for standard input, the name of a library kernel, or a C++ file"
    )
    parser.add_argument("--to", choices=("sdk", "jss"), default="sdk", help="default: sdk")
    parser.add_argument("--out", metavar="FILE", help="where to write it (default: standard output)")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="a parameter, as in run")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.set_defaults(command=export)


# --- import ---------------------------------------------------------------------------------------------------


def import_(args: argparse.Namespace) -> int:
    """`import`: a table of the kernels in a C++ file; 1 if there are none, or none assembles. Raises ScampError."""
    from scamp_sim.compiler.front.diagnostics import CompileError
    from scamp_sim.compiler.sdk import extract_from
    from scamp_sim.compiler.sdk.program import import_program

    path = _source(args.file)
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


def _source(file: str) -> Path:
    from scamp_sim.chip.isa import did_you_mean

    path = Path(file)
    if not file or not path.exists():
        parent = path.parent if file and path.parent.is_dir() else None
        near = did_you_mean(path.name, [p.name for p in parent.iterdir()][:1000]) if parent else ""
        raise ProgramError(f"{short(file, 80)}: no such file{near}; give a C++ file")
    if path.is_dir():
        raise ProgramError(f"{file}: is a folder; give a C++ file")
    if b"\0" in path.read_bytes()[:8192] and not path.read_bytes().startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ProgramError(f"{file}: is no text; give a C++ file")
    return path


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
                "diagnostics": _listed(b.diagnostics),
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
        "diagnostics": _listed(said),
    }


def _listed(diagnostics: tuple[Diagnostic, ...]) -> Any:
    import json

    from scamp_sim.compiler.front.diagnostics import to_json

    return json.loads(to_json(diagnostics))


# --- export ---------------------------------------------------------------------------------------------------


def export(args: argparse.Namespace) -> int:
    """`export`: a program as C++. Raises ScampError."""
    from scamp_sim.compiler.export import export as exported

    settings = parse_settings(args.set)
    if Path(args.file).suffix.lower() in EXPORTED:
        from scamp_sim.compiler import assemble

        program = assemble(_source(args.file), params=settings, dialect="sdk")
    else:
        program = load_program(args.file, settings)
    warn(program.diagnostics)
    result = exported(program, args.to)
    if args.out:
        Path(args.out).write_text(result.text, encoding="utf-8")
    if args.format == "json":
        print_json({"program": program.name, "to": args.to, "text": result.text, "notes": list(result.notes)})
        return 0
    import sys

    for note in result.notes:
        print(f"scamp-sim: note: {note}", file=sys.stderr)
    if args.out:
        print(f"wrote {args.out}: {len(program.kernels)} kernels, {program.stored_words} words")
    else:
        print(result.text, end="")
    return 0
