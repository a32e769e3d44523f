"""`scamp-sim compare`: published in-sensor encoders side by side, as their authors' chips and as SCAMP-5 programs."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scamp_sim.cli.options import Given
from scamp_sim.cli.refusals import refuse, spelt
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.limits import MOST_EPOCHS, number_in, whole_in

if TYPE_CHECKING:
    from scamp_sim.compare.counts import On
    from scamp_sim.compare.table import Table
    from scamp_sim.compare.task.robust import Robustness
    from scamp_sim.compare.task.study import Study

NAME = "compare"
HELP = (
    "Put published in-sensor encoders side by side: values, bits, time and energy of a decision, each as its authors' "
    "chip and as SCAMP-5 programs, beside a raw frame and plain baselines. Nothing is trained without --task. "
    "scamp-sim docs compare says what the columns mean."
)
EXAMPLES = (
    "scamp-sim compare",
    "scamp-sim compare --rows raw,p2m,leca_4_4 --on circuit --constants published",
    "scamp-sim compare --rows leca_4_4 --on scamp5 --steps leca_4_4",
    "scamp-sim compare --link-pj-per-bit 3 --format json",
    "scamp-sim compare --row my_encoder.json --out comparison",
    "scamp-sim compare --task gestures --frames 1,4 --out gestures",
)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `compare`."""
    add = parser.add_argument
    add("--rows", metavar="LIST", help="rows, with commas between (default: all; an unknown one lists them)")
    add("--row", metavar="FILE", action="append", default=[], help="a row of yours: counts and prices as one JSON file")
    add("--on", metavar="SIDES", default="circuit,scamp5", help="circuit, scamp5 or both (default: circuit,scamp5)")
    add(
        "--sites",
        metavar="N",
        type=whole_in(16, 4096),
        default=256,
        help="photosites along a side of the scene; SCAMP-5 has 256 (default: 256)",
    )
    add(
        "--frames",
        metavar="LIST",
        default="1",
        help="frames of a decision, PixelRNN's left at 16; several with --task, such as 1,4 (default: 1)",
    )
    prices = parser.add_argument_group("prices")
    add = prices.add_argument
    add(
        "--constants",
        metavar="SET",
        default="common",
        help="common (one set for all own-chip rows), published (each paper's own) or a file NAME.json "
        "(default: common)",
    )
    add("--link-pj-per-bit", metavar="X", type=number_in(0), help="one price per bit for every link")
    add("--converter", choices=("levels", "bits", "calibrated"), help="law of the common converter (default: levels)")
    add("--factor", metavar="NAME=X", action="append", default=[], help="one constant times X; as often as needed")
    shown = parser.add_argument_group("what is shown")
    add = shown.add_argument
    add("--steps", metavar="ROW", action="append", default=[], help="a SCAMP-5 row step by step")
    add(
        "--width",
        metavar="N",
        type=whole_in(80),
        help="columns of the text, 80 or more; all of it from 120 (default: yours)",
    )
    parser.add_argument("--format", choices=("text", "json", "markdown", "html"), default="text", help="default: text")
    tasks = parser.add_argument_group('a task: all rows trained on the same data (needs the extra "torch")')
    add = tasks.add_argument
    add("--task", metavar="NAME", help="gestures, shapes, digits or photographs")
    add(
        "--heads",
        action=Given,
        metavar="LIST",
        help="linear, small, frozen (default: linear,small; of photographs frozen)",
    )
    add(
        "--seeds",
        action=Given,
        metavar="N",
        default="3",
        help="of training: how many, or which: 0-4; at least 3 (default: 3)",
    )
    add(
        "--train",
        action=Given,
        metavar="N",
        type=whole_in(1),
        default=40,
        help="clips of each class to train on (default: 40)",
    )
    add(
        "--test",
        action=Given,
        metavar="N",
        type=whole_in(1),
        default=20,
        help="clips of each class for the test (default: 20)",
    )
    add(
        "--epochs",
        action=Given,
        metavar="N",
        type=whole_in(1, MOST_EPOCHS),
        default=20,
        help="of every training (default: 20)",
    )
    add(
        "--light",
        action=Given,
        choices=("even", "uneven"),
        default="uneven",
        help="uneven: each clip in its own (default: uneven)",
    )
    add(
        "--robust",
        action="store_true",
        help="in place of accuracy over bits: the same light for all rows, own errors scaled 0 to 4, trained without "
        "and with them, five chips",
    )
    add(
        "--electrons",
        action=Given,
        metavar="N",
        type=number_in(low=0),
        default=2000.0,
        help="of a white photosite, with --robust; 0: light without noise (default: 2000)",
    )
    add("--out", metavar="DIR", help="keeps results and clips, and resumes from them; figures and pages go there, too")
    add("--results", metavar="FILE", help="show the results in a file of an earlier --out, and train nothing")
    add("--jobs", action=Given, metavar="N", type=whole_in(1), help="trainings at a time (default: one per core)")
    add(
        "--cluster",
        metavar="ADDRESS",
        nargs="?",
        const="",
        help='train on Dask: the scheduler at ADDRESS, or alone one of this machine (needs the extra "cluster")',
    )


def run(args: argparse.Namespace) -> int:
    """Show the table."""
    from scamp_sim.cli.output import print_json
    from scamp_sim.compare.task.robust import Robustness
    from scamp_sim.compare.task.study import Study

    width = args.width or max(80, min(160, shutil.get_terminal_size((80, 24)).columns))
    _refuse(args)
    table = made(args)
    for name in args.steps:  # what is wrong is said before hours of training
        table.steps(name)
    study = task(args)
    found = Shown(table, study if isinstance(study, Study) else None, study if isinstance(study, Robustness) else None)
    shown = {
        "text": lambda: found.text(width, args.steps),
        "json": lambda: json.dumps(found.document(), indent=2, ensure_ascii=False) + "\n",
        "markdown": found.markdown,
        "html": found.html,
    }
    if args.out is not None:
        _write(args.out, {name: shown[name] for name in ("json", "markdown", "html")})
    if args.format == "json":
        print_json(found.document())
    else:
        print(shown[args.format](), end="")
    return 0


OF_TASKS = ("heads", "seeds", "train", "test", "epochs", "light", "electrons", "jobs")
"""Options that say how a task is trained."""


def _refuse(args: argparse.Namespace) -> None:
    """Raise OptionError for an option that would be ignored."""
    asked: frozenset[str] = getattr(args, "given", frozenset())
    if args.results is not None:
        why = "--results shows what was trained before; leave {option} out, or train with --task and without --results"
        refuse(args, ("task", "cluster"), why)
    else:
        why = "{option} is for training; add --task NAME, or leave it out"
    if args.task is None or args.results is not None:
        for name in OF_TASKS:
            if name in asked:
                raise OptionError(why.format(option=spelt(name)))
        refuse(args, ("cluster",), why)
    elif args.robust and "heads" in asked:
        raise OptionError("--heads cannot be used with --robust, which has the small head; leave one of them out")
    elif not args.robust and "electrons" in asked:
        raise OptionError("--electrons are for --robust; add it, or leave --electrons out")


FILES = {"json": "compare.json", "markdown": "compare.md", "html": "compare.html"}
"""What --out writes."""


@dataclass(frozen=True)
class Shown:
    """A comparison, and what was trained for it."""

    table: Table
    study: Study | None
    errors: Robustness | None

    def text(self, width: int, steps: list[str]) -> str:
        """For a terminal."""
        from scamp_sim.compare.task import results, robust

        parts = [self.table.text(width), *(self.table.steps(name) for name in steps)]
        parts += [] if self.study is None else [results.text(self.study, width)]
        parts += [] if self.errors is None else [robust.text(self.errors, width)]
        return "\n".join(parts)

    def document(self) -> dict[str, Any]:
        """For JSON."""
        from scamp_sim.compare.task import results, robust

        return {
            **self.table.as_dict(),
            **({} if self.study is None else {"task": results.as_dict(self.study)}),
            **({} if self.errors is None else {"robustness": robust.as_dict(self.errors)}),
        }

    def markdown(self) -> str:
        """For a paper."""
        from scamp_sim.compare import markdown

        more = [] if self.study is None else [markdown.task(self.study)]
        more += [] if self.errors is None else [markdown.robustness(self.errors)]
        return markdown.text(self.table, "\n".join(more))

    def html(self) -> str:
        """One page."""
        from scamp_sim.compare import html

        return html.page(self.table, self.study, self.errors)


def _write(out: str, shown: Mapping[str, Callable[[], str]]) -> None:
    """The comparison as files in a folder. Raises ScampError."""
    from scamp_sim.files import check_file, make_folder, write_text

    folder = make_folder(out, "--out")
    for name in shown:
        check_file(folder / FILES[name], "comparison")
    for name, text in shown.items():
        write_text(folder / FILES[name], text(), "comparison")


def made(args: argparse.Namespace) -> Table:
    """The table that was asked for. Raises ScampError."""
    from scamp_sim.compare.brought import load_row
    from scamp_sim.compare.constants import load_constants
    from scamp_sim.compare.counts import Scene
    from scamp_sim.compare.rows import chosen
    from scamp_sim.compare.table import Table

    frames = _numbers("--frames", args.frames)
    if len(frames) > 1 and args.task is None:
        raise OptionError(f"--frames {args.frames}: one number without --task, such as {frames[0]}")
    scene = Scene(args.sites, frames[0])
    constants = load_constants(args.constants)
    if args.converter:
        constants = constants.with_converter(args.converter)
    if args.link_pj_per_bit is not None:
        constants = constants.with_link(args.link_pj_per_bit)
    for text in args.factor:
        name, equals, value = text.partition("=")
        try:
            factor = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise OptionError(f"--factor {text:.60}: expected NAME=X, such as link=0.5")
        constants = constants.scaled(name, factor)
    brought = [load_row(path) for path in args.row]
    constants = constants.changed(*(c for row in brought for c in row.constants))
    names = None if args.rows is None else args.rows.split(",")
    found = chosen(scene, names, _sides(args.on), brought)
    return Table(scene, found, constants)


def _sides(text: str) -> tuple[On, ...]:
    from scamp_sim.compare.counts import SIDES

    listed = [part.strip() for part in text.split(",") if part.strip()]
    if not listed or any(part not in SIDES for part in listed):
        raise OptionError(f"--on {text:.60}: expected circuit, scamp5 or circuit,scamp5")
    return tuple(side for side in SIDES if side in listed)


def task(args: argparse.Namespace) -> Study | Robustness | None:
    """The task that was asked for, trained or read. Raises ScampError."""
    from scamp_sim.compare.task import robust
    from scamp_sim.compare.task import study as tasks

    if args.results is not None:
        return robust.read(args.results) if args.robust else tasks.read(args.results)
    if args.task is None:
        if args.robust:
            raise OptionError("--robust needs a task; add --task shapes, or --results FILE")
        return None
    from scamp_sim.compare.rows import checked_names
    from scamp_sim.compare.task.settings import Budget
    from scamp_sim.study.grid import parse_seeds

    budget = Budget(args.train, args.test, args.epochs, light=args.light)
    rows = None if args.rows is None else list(checked_names(args.rows.split(",")))
    with ExitStack() as stack:
        if args.robust:
            return robust.robustness(
                args.task,
                budget,
                rows=rows,
                electrons=args.electrons,
                seeds=parse_seeds(args.seeds),
                out=args.out,
                jobs=args.jobs,
                cluster=args.cluster,
                told=_bar(stack),
            )
        return tasks.study(
            args.task,
            budget,
            rows=rows,
            frames=_numbers("--frames", args.frames),
            heads=_heads(args),
            seeds=parse_seeds(args.seeds),
            out=args.out,
            jobs=args.jobs,
            cluster=args.cluster,
            told=_bar(stack),
        )


def _heads(args: argparse.Namespace) -> list[str]:
    usual = "frozen" if args.task == "photographs" else "linear,small"
    return [h.strip() for h in (args.heads or usual).split(",") if h.strip()]


def _bar(stack: ExitStack) -> Callable[[int, int], None]:
    """What shows how many trainings are done."""
    from scamp_sim.show.progress import progress

    advance: Callable[[], None] | None = None

    def told(done: int, of: int) -> None:
        nonlocal advance
        if advance is None:
            advance = stack.enter_context(progress(of, "trainings"))
            for _ in range(done):
                advance()
        else:
            advance()

    return told


def _numbers(option: str, text: str) -> tuple[int, ...]:
    listed = [part.strip() for part in str(text).split(",") if part.strip()]
    if not listed or not all(part.isascii() and part.isdecimal() and len(part) < 6 for part in listed):
        raise ProgramError(f"{option} {text:.60}: expected whole numbers with commas between, such as 1,4")
    return tuple(dict.fromkeys(int(part) for part in listed))
