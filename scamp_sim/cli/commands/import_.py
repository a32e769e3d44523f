"""`scamp-sim import`: what of a C++ file for the SDK assembles."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scamp_sim.cli import options
from scamp_sim.cli.output import as_json, print_json
from scamp_sim.cli.programs import sdk_source
from scamp_sim.exceptions import ProgramError
from scamp_sim.files import begins_with
from scamp_sim.show.render import check_folder, write_files
from scamp_sim.text import short

if TYPE_CHECKING:
    from scamp_sim.compiler.sdk import Block

NAME = "import"
HELP = (
    "Find the kernels of a C++ file that uses the SCAMP-5 SDK, or of what a kernel compiler printed, and write them as "
    "kernel files. Nothing is run; with a C++ compiler here its preprocessor expands macros."
)
EXAMPLES = ("scamp-sim import main.cpp --out kernels",)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `import`."""
    parser.add_argument("file", metavar="FILE", help="a C++ file; files that it includes from its folder are read too")
    parser.add_argument("--out", metavar="DIR", help="write each kernel to DIR/NAME.scamp")
    parser.add_argument("--force", action="store_true", help="replace files in DIR that `import` has not written")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """`import`: a table of the kernels in a C++ file; 1 if there are none, or one does not assemble. Raises
    ScampError."""
    from scamp_sim.compiler.sdk import extract_from

    path = sdk_source(args.file)
    if args.out is not None:
        check_folder(args.out)
    blocks = extract_from(path)
    written = _write(args.out, blocks, args.force) if args.out else {}
    if args.format == "json":
        print_json(_document(path, blocks, written))
    else:
        _print(path, blocks, written)
    return 0 if blocks and all(b.ok for b in blocks) else 1


MARK = "// Imported by scamp-sim"
"""How a file begins that `import` has written, and may replace."""


def _write(folder: str, blocks: list[Block], force: bool) -> dict[str, str]:
    """Write the kernel files; name of a block -> file. Raises ProgramError if one of them is somebody's own."""
    texts: dict[str, str] = {}
    names: dict[str, str] = {}
    for block in blocks:
        if not block.ok:
            continue
        name, n = block.name, 1
        while f"{name.lower()}.scamp" in {t.lower() for t in texts}:
            n += 1
            name = f"{block.name}_{n}"
        texts[f"{name}.scamp"] = f"{MARK}\n{block.text}"
        names[block.name] = f"{name}.scamp"
    for file in texts:
        there = Path(folder) / file
        if not force and there.is_file() and not begins_with(there, MARK.encode()):
            raise ProgramError(f"{there}: not written by import; --force replaces it, another --out leaves it alone")
    write_files(folder, {}, texts)
    return {block: str(Path(folder) / file) for block, file in names.items()}


def _words(block: Block) -> int | None:
    return None if block.program is None else block.program.stored_words


def _reason(block: Block) -> str:
    first = next((d for d in block.diagnostics if d.severity == "error"), None)
    return "" if first is None else f"{first.line}:{first.column}: {first.message}"


def _print(path: Path, blocks: list[Block], written: dict[str, str]) -> None:
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
    good = sum(b.ok for b in blocks)
    print(f"{path.name}: {good} of {len(blocks)} kernel blocks assemble")
    if not blocks:
        print("looked for kernels between begin and end marks, kernel objects, and calls of instructions")
    print("the host program is not read: scamp-sim run runs it, scamp-sim profile shows what it does in a frame")
    for file in written.values():
        print(f"wrote {file}")


def _document(path: Path, blocks: list[Block], written: dict[str, str]) -> dict[str, Any]:
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
    }
