"""`scamp-sim filter`: from convolution kernels to the shortest words."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from scamp_sim.cli import options
from scamp_sim.cli.output import print_json
from scamp_sim.cli.refusals import refuse_others
from scamp_sim.exceptions import ProgramError
from scamp_sim.files import check_file, write_text
from scamp_sim.limits import number_in, whole_in
from scamp_sim.reading import read_standard_input, utf8

NAME = "filter"
HELP = (
    "Find short words for convolution kernels: prints a kernel file with its contract (weights, proof or lower bound, "
    "offset and noise on a chip, range, border). Several kernels are made together."
)
EXAMPLES = (
    'scamp-sim filter "1 2 1; 2 4 2; 1 2 1" --scale 16',
    'scamp-sim filter "1 0 -1; 2 0 -2; 1 0 -1" --mean 64 -o sobel.scamp',
    'scamp-sim filter "1 1 1; 1 -1 1; 1 1 1" --planes',
    "scamp-sim filter --list",
)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `filter`."""
    parser.add_argument(
        "kernel",
        metavar="KERNEL",
        nargs="*",
        help="rows separated by ';', weights by spaces or commas, as NAME=ROWS for a name; or a file: JSON (rows, or "
        "an object of kernels, or the input of Cain), .npy, or text (default: standard input)",
    )
    parser.add_argument("--scale", metavar="N", default="1", help="weights are divided by it (default: 1)")
    parser.add_argument(
        "--tolerance", metavar="E", type=number_in(0), help="largest error of a weight (default: 0, exact weights)"
    )
    parser.add_argument(
        "--depth", metavar="D", type=whole_in(0, 12), help="weights become integers over up to 2^D (default: 12)"
    )
    parser.add_argument(
        "--offset",
        choices=("any", "zero", "macros"),
        default="zero",
        help="of the result, in transfers of about 20 LSB: zero, any (reported), or macros: pairs of words only "
        "(default: zero)",
    )
    parser.add_argument(
        "--halving",
        choices=("single", "macro", "exact", "none"),
        default="single",
        help="one word; two, as divq; five, free of split mismatch, as div; or none (default: single)",
    )
    parser.add_argument(
        "--objective",
        choices=("words", "noise", "words,noise"),
        default="words",
        help="fewest words, least predicted noise, or both as a list (default: words)",
    )
    parser.add_argument("--pareto", action="store_true", help="list programs that trade words for noise")
    parser.add_argument("--in", dest="input", metavar="R", help="register of the picture (default: A)")
    parser.add_argument("--out", metavar="R,...", help="registers of the results (default: any)")
    parser.add_argument("--keep-input", action="store_true", help="the picture stays in its register")
    parser.add_argument("--registers", metavar="R,...", help="registers at hand (default: A,B,C,D,E,F)")
    parser.add_argument(
        "--limit", metavar="LSB", type=number_in(above=0), help="no value may leave +-LSB (default: no limit)"
    )
    parser.add_argument(
        "--amplitude",
        metavar="LSB",
        type=number_in(above=0),
        default=127,
        help="of the picture, for --limit (default: 127)",
    )
    parser.add_argument(
        "--mean",
        metavar="LSB",
        type=number_in(),
        default=0,
        help="of the picture: what is left of it counts as noise, and no value leaves the limit (150 if none is given) "
        "for a flat picture of this level (default: 0, not looked at)",
    )
    parser.add_argument("--sign", choices=("exact", "either"), default="exact", help="either: negated is accepted too")
    parser.add_argument("--errors", metavar="PROFILE", default="scamp5", help="profile for the noise (default: scamp5)")
    parser.add_argument(
        "--seconds",
        metavar="S",
        type=number_in(above=0),
        help="budget, as an estimate: it becomes a number of states that is the same everywhere (default: 20)",
    )
    parser.add_argument("--states", metavar="N", type=whole_in(1), help="the budget itself, in place of --seconds")
    parser.add_argument(
        "--seed", metavar="N", type=whole_in(0, 2**31 - 1), default=0, help="of the random choices (default: 0)"
    )
    parser.add_argument("--name", metavar="NAME", help="of the kernel in the text")
    parser.add_argument(
        "--planes",
        action="store_true",
        help="weights of -1, 0, 1 on a bit plane (--in R5): a count of agreeing taps by adders of OR and NOR words, "
        "exact, and whether analog registers would suit better",
    )
    parser.add_argument("--list", action="store_true", help="classic filters with words, bounds, offset and noise")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the kernel file there")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print the program for some kernels."""
    if args.list:
        refuse_others(args, register, ("list", "format"), "{option} changes nothing of --list; leave one of them out")
        return _list(args)
    from scamp_sim.compiler.filters import compile_filter

    given = read_kernels(args.kernel)
    if args.planes:
        kept = ("planes", "format", "kernel", "input", "name", "output")
        refuse_others(args, register, kept, "{option} is for analog kernels; leave it or --planes out")
        return _planes(args, given)
    settings = {**given.settings}
    for option, name in (("tolerance", "tolerance"), ("depth", "depth"), ("seconds", "seconds"), ("input", "input")):
        if getattr(args, option) is not None:
            settings[name] = getattr(args, option)
    for option, name in (("out", "outputs"), ("registers", "registers")):
        if getattr(args, option) is not None:
            settings[name] = tuple(r for r in getattr(args, option).replace(",", " ").split())
            if name == "registers" and len(settings[name]) == 1 and len(settings[name][0]) > 1:
                settings[name] = tuple(settings[name][0])
    _check_output(args)
    with Line(sys.stderr, _announced(args.states, settings.get("seconds", 20))) as line:
        found = compile_filter(
            given,
            scale=args.scale,
            offset=args.offset,
            halving=args.halving,
            seed=args.seed,
            states=args.states,
            objective=args.objective,
            pareto=args.pareto,
            keep_input=args.keep_input,
            limit=args.limit,
            amplitude=args.amplitude,
            mean=args.mean,
            sign=args.sign,
            profile=args.errors,
            name=args.name,
            tick=line.tick,
            **settings,
        )
    for note in found.notes:
        print(f"scamp-sim: note: {note}", file=sys.stderr)
    if found.interrupted:
        print("scamp-sim: note: interrupted; this is the best so far", file=sys.stderr)
    if args.output is not None:
        write_text(args.output, found.text, "kernel")
    if args.format == "json":
        print_json(found.as_dict())
    else:
        print(found.text, end="")
        if found.pareto:
            print("\n/* words against noise:")
            print("".join(f"   {w:3} words  rms {rms:.2f} LSB\n" for w, rms, _ in found.pareto) + "*/")
    return 130 if found.interrupted else 0


def _announced(states: int | None, seconds: Any) -> bool:
    """Say that the search is compiled first, where it has not been before; whether that was said."""
    from scamp_sim.compiler.filters.generate import LEAST_WORK, RATE

    work = states if states is not None else seconds * RATE if isinstance(seconds, (int, float)) else 0
    return work >= LEAST_WORK and _said_compiling("exact")


def _said_compiling(part: str) -> bool:
    from scamp_sim.compiler.filters.search.compiled import is_compiled

    first = not is_compiled(part)
    if first:
        print(
            "scamp-sim: note: compiling the search, once per installation (about half a minute); Ctrl-C gives the best "
            "so far, --seconds 1 a first program at once",
            file=sys.stderr,
        )
    return first


def _check_output(args: argparse.Namespace) -> None:
    if args.output is None:
        return
    check_file(args.output, "kernel")


def read_kernels(texts: list[str]) -> Any:
    """Kernels of the command line, `NAME=ROWS` or files; standard input if there are none. Raises ProgramError."""
    from scamp_sim.compiler.filters.read import MOST_FILE, Given, from_file, from_text

    if not texts or texts == ["-"]:
        what = "kernel"
        return from_text(utf8(read_standard_input(what, ProgramError, MOST_FILE), f"{what} <stdin>", ProgramError))
    found = [from_file(t) if _is_file(t) else _named(t) for t in texts]
    if len(found) == 1:
        return found[0]
    whole = Given({})
    for k, some in enumerate(found):
        for name, rows in some.kernels.items():
            name = f"out{k + 1}" if name == "filter" else name
            if name in whole.kernels:
                raise ProgramError(f"two kernels are called '{name}'; write NAME=ROWS")
            whole.kernels[name] = rows
        whole.settings |= some.settings
        whole.notes += some.notes
    return whole


def _is_file(text: str) -> bool:
    return os.path.isfile(text) or text.endswith((".json", ".npy"))


def _named(text: str) -> Any:
    from scamp_sim.compiler.filters.read import from_text

    name, equals, rows = text.partition("=")
    if not equals or not name.strip().isidentifier():
        return from_text(text)
    found = from_text(rows)
    found.kernels = {name.strip(): array for array in found.kernels.values()}
    return found


class Line:
    """Rewritten in place on a terminal; silent elsewhere."""

    def __init__(self, stream: Any, said: bool = True) -> None:
        """said: nothing more is to be said of compiling."""
        self.stream = getattr(stream, "raw", stream)  # it moves the cursor on purpose
        self.shown = bool(stream.isatty())
        self.said = said

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def tick(self, what: str, words: int) -> None:
        """What is going on, and the words of the best program so far."""
        from scamp_sim.compiler.filters.evolving import EVOLUTION

        if what == EVOLUTION and not self.said:
            self.said = True
            _said_compiling("evolve")  # most kernels need no evolution
        if self.shown:
            self.stream.write(f"\r\x1b[K{what}: {words} words so far")
            self.stream.flush()


def _planes(args: argparse.Namespace, given: Any) -> int:
    from scamp_sim.compiler.filters.planes import compile_planes

    _check_output(args)
    found = compile_planes(given, args.input or "R5", args.name)
    if args.output is not None:
        write_text(args.output, found.text, "kernel")
    if args.format == "json":
        print_json(found.as_dict())
    else:
        print(found.text, end="")
    return 0


def _list(args: argparse.Namespace) -> int:
    from scamp_sim.compiler.filters.classic import as_dicts, table

    if args.format == "json":
        print_json(as_dicts())
    else:
        print(table(), end="")
    return 0
