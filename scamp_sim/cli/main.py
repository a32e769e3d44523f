"""The command line: `scamp-sim run | check | list | profile | isa | demo`.

Exit codes: 0 done, 1 the program or the data is wrong, 2 the command line is wrong. What a user can get wrong ends in
one message on stderr, never in a traceback; with `--format json` it is on stdout too, as a document.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from scamp_sim import __version__
from scamp_sim.cli import (
    commands_chips,
    commands_costs,
    commands_fit,
    commands_pixelrnn,
    commands_ranges,
    commands_report,
    commands_sdk,
    commands_torch,
)
from scamp_sim.cli import commands_programs as commands
from scamp_sim.exceptions import ScampError
from scamp_sim.text import short

DESCRIPTION = "Cycle-level simulator, assembler and kernels for the SCAMP-5 pixel-processor array."
FILE_HELP = (
    "a kernel file, a C++ file for the SDK (.cpp, .h ...), - for standard input, or the name of a library kernel "
    "(scamp-sim list shows them)"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    _open_closed_streams()
    parser = build_parser()
    try:
        args = parser.parse_args(argv)
    except SystemExit as e:  # argparse has printed its message
        return e.code if isinstance(e.code, int) else 2
    try:
        try:
            code = int(args.command(args))
        except ScampError as e:
            commands.report(e, args.format)
            code = 1
        except MemoryError:
            commands.report(ScampError("not enough memory; try a smaller --size or fewer pictures"), args.format)
            code = 1
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has gone (`| head`)
        _drop_output()
        return 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except OSError as e:
        where = f"{e.filename}: " if e.filename else ""
        what = f"{where}{e.strerror or e or type(e).__name__}; check paths, permissions and the space on the disk"
        print(f"scamp-sim: error: {what}", file=sys.stderr)
        _drop_output()
        return 1
    except Exception as e:
        if os.environ.get("SCAMP_SIM_DEBUG"):
            raise
        bug = ScampError(
            f"internal: {type(e).__name__}: {e}. This is a bug: please report it, with the output of the same command "
            "under SCAMP_SIM_DEBUG=1"
        )
        commands.report(bug, args.format)
        return 1
    return code


def _open_closed_streams() -> None:
    """Python has None for a stream that was closed before it started (`>&-`); what goes there is dropped."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _drop_output() -> None:
    """Keep the interpreter from complaining when it flushes, at exit, what nobody can take any more."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; `args.command` is the function to call."""
    parser = argparse.ArgumentParser(prog="scamp-sim", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"scamp-sim {__version__}")
    sub = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = sub.add_parser(
        "run",
        help="assemble a program and run it on images",
        description="Assemble a program and run it. The image goes to the program's input: to PIX as grey 0..255, to "
        "an analog register as grey - 128, in LSB (the inverse of the readout), to a bit register as grey >= 128. "
        "Without declared inputs it is exposed to PIX; if the program never reads PIX, it is written to the analog "
        "register that is read before it is written.",
    )
    run.add_argument("file", metavar="FILE", help=FILE_HELP)
    run.add_argument(
        "--image", metavar="IMG", action="append", default=[],
        help="PNG, JPEG or another picture; several are frames: run one after another on the same machine, state kept",
    )  # fmt: skip
    run.add_argument(
        "--input", metavar="NAME=PATH", action="append", default=[],
        help="picture or .npy array for a named input or a register. Pictures are taken as --image takes them. Arrays: "
        "grey 0..255 for PIX, LSB for an analog register, 0 and 1 for bits",
    )  # fmt: skip
    run.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[],
        help="a parameter: a number, a list such as [1,-1], or @FILE.json or @FILE.npy",
    )  # fmt: skip
    run.add_argument("--out", metavar="DIR", help="write every output and a contact sheet there, as PNG")
    run.add_argument(
        "--planes", action="store_true", help="also write every register that the program writes, to DIR/registers"
    )
    run.add_argument(
        "--trace", metavar="FILE", help="write the timeline of one run there, for chrome://tracing or Perfetto"
    )
    run.add_argument(
        "--dump-after", metavar="LINE", action="append", default=[],
        help="write all planes touched so far to DIR/after-line-LINE each time that the line is left; also FILE:LINE",
    )  # fmt: skip
    run.add_argument("--stretch", action="store_true", help="draw analog planes from their minimum to their maximum")
    _add_machine(run)
    run.add_argument("--engine", default="fast", choices=("fast", "reference"), help="default: fast")
    _add_format(run)
    run.set_defaults(command=commands.run)

    check = sub.add_parser(
        "check", help="show errors and warnings of kernel files", description="Show errors and warnings."
    )
    check.add_argument("files", metavar="FILE", nargs="+", help=FILE_HELP)
    _add_set(check)
    _add_format(check)
    check.set_defaults(command=commands.check)

    listing = sub.add_parser(
        "list",
        help="show what a program becomes, word by word; without FILE: the library",
        description="Show source lines, their words, clock classes and running cost. Without FILE: the library.",
    )
    listing.add_argument("file", metavar="FILE", nargs="?", help=FILE_HELP)
    _add_set(listing)
    _add_timing(listing)
    _add_format(listing)
    listing.set_defaults(command=commands.list_)

    isa = sub.add_parser(
        "isa", help="explain the instruction set", description="The instruction set, or one entry of it."
    )
    isa.add_argument("name", metavar="NAME", nargs="?", help="a native word, macro or host function")
    isa.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="default: text")
    isa.set_defaults(command=commands.isa_)

    commands_report.add_parsers(sub)
    commands_ranges.add_parsers(sub)
    commands_chips.add_parsers(sub)
    commands_costs.add_parsers(sub)
    commands_sdk.add_parsers(sub)
    commands_fit.add_parsers(sub)
    commands_pixelrnn.add_parsers(sub)
    commands_torch.add_parsers(sub)

    demo = sub.add_parser(
        "demo",
        help="a photograph through an edge kernel",
        description="Run the library's edge kernel on a photograph and write what came out as pictures.",
    )
    demo.add_argument("--out", metavar="DIR", default="scamp-demo", help="default: scamp-demo")
    _add_format(demo)
    demo.set_defaults(command=commands.demo)
    return parser


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def _add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="a parameter, as in run")


def _add_timing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timing", metavar="NAME", default="scamp5d", help="price table, by name or path (default: scamp5d)"
    )


def _add_machine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--resize", action="store_true", help="crop and scale pictures to the array")
    parser.add_argument(
        "--size",
        metavar="HxW",
        type=_size,
        default=(256, 256),
        help="rows x columns of the array, multiples of 64 (default: 256x256)",
    )
    _add_timing(parser)
    _add_errors(parser)


def _add_errors(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--errors", metavar="PROFILE", default="ideal",
        help="errors of silicon: the name of a chip profile (scamp-sim chips lists them) or a file NAME.json, either "
        "with :knob=value,... behind it, such as scamp5:write_noise=0.5 (default: ideal, none)",
    )  # fmt: skip
    parser.add_argument(
        "--chip", metavar="N", type=_serial, default=0, action=_Given,
        help="serial of the chip: fixes its pattern (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, action=_Given, help="seed of the noise (default: 0)"
    )


class _Given(argparse.Action):
    """Stores a value, and in `given` that it was asked for: the default may be asked for, too."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object, option: str | None = None
    ) -> None:
        setattr(namespace, self.dest, values)
        namespace.given = getattr(namespace, "given", frozenset()) | {self.dest}


def _serial(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not int(text[:20]) <= HIGHEST_SERIAL:
        shown = short(text, 80)
        raise argparse.ArgumentTypeError(
            f"'{shown}' is no serial of a chip: give an integer from 0 to {HIGHEST_SERIAL}"
        )
    return int(text)


HIGHEST_SERIAL = 2**32 - 1


def _size(text: str) -> tuple[int, int]:
    try:
        rows, columns = (int(n) for n in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not HxW, such as 256x256") from None
    return rows, columns


if __name__ == "__main__":
    sys.exit(main())
