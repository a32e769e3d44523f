"""The command line: `scamp-sim COMMAND ...`.

Exit codes: those of EXIT_CODES. What a user can
get wrong ends in one message on stderr, never in a traceback; with `--format json` it is on stdout too, as a document.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from types import ModuleType

from scamp_sim import __version__
from scamp_sim.cli import output
from scamp_sim.cli.commands import Command, commands
from scamp_sim.cli.fitting import fitted
from scamp_sim.cli.parsing import Parser
from scamp_sim.exceptions import ScampError
from scamp_sim.reading import tracking
from scamp_sim.text import short

DESCRIPTION = "Cycle-level simulator, assembler and kernels for the SCAMP-5 pixel-processor array."

EXIT_CODES = {
    0: "done",
    1: "a program, a file or its data is wrong or missing, or was not carried out",
    2: "the command line is wrong: a command, an option, a value or a name",
    130: "interrupted",
    143: "ended by SIGTERM (129: SIGHUP); nothing is left half-written",
}
"""Exit code -> what it means."""

ENVIRONMENT = {
    "COLUMNS": "width of tables where there is no terminal; without it pipes get whole lines",
    "NO_COLOR": "set: no colours",
    "FORCE_COLOR": "1: colours in pipes, too",
    "SCAMP_SIM_CACHE": "folder for compiled code, in place of the user's cache folder",
    "SCAMP_SIM_DEBUG": "1: a traceback for what is a bug of scamp-sim",
}
"""Variable -> what it does."""

EXAMPLES = (
    "scamp-sim demo",
    "scamp-sim run edges --image photo.png --resize --out out",
    "scamp-sim isa movx",
)


def main(argv: Sequence[str] | None = None, interrupted: Callable[[], bool] = lambda: False) -> int:
    """Run one command; returns the exit code.

    argv: without the program's name; default: sys.argv[1:].
    interrupted: whether Ctrl-C was pressed; what fails after that, such as an import that it cut off, is an interrupt.
    """
    _open_closed_streams()
    given = list(sys.argv[1:] if argv is None else argv)
    style = "text"
    try:
        try:
            try:
                with fitted():
                    args = parse(given)
                style = getattr(args, "format", "text")
                with tracking(), fitted(style == "text" and given[0] not in VERBATIM):
                    try:
                        code = int(args.command(args))
                    except ScampError as e:
                        if interrupted():
                            raise
                        _report(e, style)
                        code = 2 if e.of_the_line else 1
            except BaseException:
                if interrupted():
                    raise KeyboardInterrupt from None
                raise
        except SystemExit as e:  # argparse has printed its message
            return e.code if isinstance(e.code, int) else 2
        except ScampError as e:
            _report(e, style)
            code = 1
        except MemoryError:
            _report(ScampError("not enough memory; try a smaller --size or fewer pictures"), style)
            code = 1
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has gone (`| head`)
        _drop_output()
        return 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except OSError as e:
        where = f"{short(str(e.filename), 200)}: " if e.filename else ""
        what = f"{where}{e.strerror or e or type(e).__name__}; check paths, permissions and the space on the disk"
        if isinstance(e, PermissionError):
            what = f"{where or 'a file: '}no permission; see that you may read it and look into its folders"
        with suppress(OSError):
            _report(ScampError(what), style)
        _drop_output()
        return 1
    except Exception as e:
        if os.environ.get("SCAMP_SIM_DEBUG"):
            raise
        bug = ScampError(
            f"internal: {type(e).__name__}: {e}. This is a bug: please report it, with the output of the same command "
            "under SCAMP_SIM_DEBUG=1"
        )
        _report(bug, style)
        return 1
    return code


VERBATIM = ("export",)
"""Commands whose text is a document of its own."""


def _report(error: ScampError, style: str) -> None:
    output.report(error, style)


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


# --- parsers ----------------------------------------------------------------------------------------------------


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of one command; `args.command` is the function to call. Only its module is imported.

    Raises SystemExit when argparse, or the help, has said all there is to say.
    """
    table = commands()
    if argv and argv[0] == "help":
        argv = [*argv[1:2], "--help"]
    if not argv or argv[0] in ("-h", "--help"):
        print(overview(), end="")
        raise SystemExit(0)
    if argv[0] == "--version":
        print(f"scamp-sim {__version__}")
        raise SystemExit(0)
    if argv[0] not in table:
        from scamp_sim.chip.isa import did_you_mean

        what = "option" if argv[0].startswith("-") else "command"
        near = did_you_mean(argv[0], tuple(table)) or _as_program(argv[0]) or "; scamp-sim --help lists the commands"
        print(f"scamp-sim: error: unknown {what} '{argv[0][:80]}'{near}", file=sys.stderr)
        raise SystemExit(2)
    output.begin(argv[0])
    return parser_of(table[argv[0]]).parse_args(list(argv[1:]))


def _as_program(name: str) -> str:
    """A tail for the message that a command is unknown, if the name is that of a program."""
    from scamp_sim import kernels
    from scamp_sim.compiler.front.source import PROGRAMS
    from scamp_sim.reading import is_taken

    program = name in kernels.names() or (name.lower().endswith(PROGRAMS) and is_taken(name))
    return f"; to run the program: scamp-sim run {short(name, 80)}" if program else ""


def parser_of(command: Command) -> argparse.ArgumentParser:
    """The parser of one command, with its examples below."""
    module: ModuleType = import_module(command.module)
    parser = Parser(
        prog=f"scamp-sim {command.name}",
        description=module.HELP,
        epilog="examples:\n" + "\n".join(f"  {line}" for line in module.EXAMPLES),
        formatter_class=_Formatter,
    )
    parser.set_defaults(command=module.run)
    module.register(parser)
    return parser


class _Formatter(argparse.HelpFormatter):
    """Fills the description and options as argparse does, and leaves the lines of the examples as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("examples:\n"):
            return text
        return super()._fill_text(text, width, indent)


def overview() -> str:
    """The help of all commands, by job."""
    table = commands()
    wide = max(map(len, table))
    lines = ["usage: scamp-sim COMMAND ...", "", DESCRIPTION]
    for job in dict.fromkeys(c.job for c in table.values()):
        lines += ["", f"{job}:"]
        lines += [f"  {c.name:{wide}}  {c.about}" for c in table.values() if c.job == job]
    lines += ["", "examples:", *(f"  {e}" for e in EXAMPLES)]
    lines += [
        "",
        "scamp-sim COMMAND --help shows the options of one; scamp-sim --version the version.",
        "",
        "exit codes:",
    ]
    lines += [f"  {code:3}  {meaning}" for code, meaning in EXIT_CODES.items()]
    lines += ["", "environment:"]
    lines += [f"  {name:15}  {meaning}" for name, meaning in ENVIRONMENT.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
