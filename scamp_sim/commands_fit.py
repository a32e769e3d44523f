"""`scamp-sim fit`: a chip profile out of measurements of one's own chip, with what it predicts beside what was
measured."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scamp_sim import commands
from scamp_sim.exceptions import ProgramError

if TYPE_CHECKING:
    from scamp_sim.errors.profiles import ChipProfile
    from scamp_sim.fit.flat import Parts
    from scamp_sim.fit.table import Predicted

FRESH_CHIPS = (11, 12, 13)
"""Serials that predictions are shown for; no fit uses them."""


def fit(args: argparse.Namespace) -> int:
    """Fit a profile to a table, to a stack, or to both; the stack last, because it takes off what the table
    explains."""
    from scamp_sim.errors.setup import parse_profile
    from scamp_sim.files import check_file, write_text
    from scamp_sim.fit import flat, measurements, table

    if args.table is None and args.flat is None:
        raise ProgramError("nothing to fit to; give --table FILE.csv, --flat FILE.npz, or both")
    if args.chips < 1:
        raise ProgramError(f"--chips is {args.chips}; it is a number from 1 up")
    if args.out is not None:
        check_file(args.out, "profile")
    cells = measurements.load_table(args.table, args.without) if args.table else ()
    stack = measurements.load_stack(args.flat) if args.flat else None
    profile = parse_profile(args.base)
    unknown = [n for n in args.fixed if n not in table.STEPS]
    if unknown:
        raise ProgramError(f"--fixed {unknown[0]}: the table determines {', '.join(table.STEPS)}")
    predicted: list[Predicted] = []
    parts: tuple[Parts, Parts] | None = None
    if cells:
        with _progress() as advance:
            profile = table.fit(profile, cells, tuple(range(1, args.chips + 1)), args.fixed, advance)
    if stack is not None:
        profile = flat.fit(profile, stack)
    if cells:
        predicted = table.predict(profile, cells, FRESH_CHIPS, (256, 256))
    if stack is not None:
        parts = flat.parts_of(stack), flat.predict(profile, stack, FRESH_CHIPS)
    profile = replace(profile, name=args.name)
    document = as_document(profile, args.base, "fitted by scamp-sim fit")
    if args.out is not None:
        write_text(args.out, json.dumps(document, indent=2) + "\n", "profile")
    if args.format == "json":
        commands.print_json({"profile": document, "table": [_cell(p) for p in predicted], "flat": _parts(parts)})
        return 0
    print(text(profile, predicted, parts))
    print(f"profile: {args.out}" if args.out else "\nnot written; --out FILE.json writes the profile")
    return 0


def _progress() -> Any:
    """Trials as they are made, on a terminal."""
    from contextlib import contextmanager

    @contextmanager
    def shown() -> Any:
        count = 0

        def advance(cost: float) -> None:
            nonlocal count
            count += 1
            if sys.stderr.isatty():
                print(f"\rtrial {count}: the worst cell is off by {cost:.2f} tolerances ", end="", file=sys.stderr)

        yield advance
        if sys.stderr.isatty():
            print(file=sys.stderr)

    return shown()


def as_document(profile: ChipProfile, base: str, about: str) -> dict[str, Any]:
    """A profile as a file holds it: every knob, so that it depends on no other file."""
    return {"name": profile.name, "about": f"{about}, from {base}", "base": "ideal", "knobs": dict(profile.knobs)}


def text(profile: ChipProfile, predicted: Sequence[Predicted], parts: tuple[Parts, Parts] | None) -> str:
    """Predicted beside measured."""
    from scamp_sim.errors.knobs import KNOBS
    from scamp_sim.fit.table import MEAN_TOLERANCE, STD_SHARE, STD_TOLERANCE

    lines = [f"profile {profile.name}"]
    lines += [f"  {k.name:22} {profile[k.name]:>9g} {k.unit}" for k in KNOBS.values() if profile[k.name] != k.ideal]
    if predicted:
        lines += [
            "",
            "halve-copy-add, LSB        mean lost              spread",
            "  value passes   measured predicted   measured predicted",
        ]
        for p in predicted:
            c = p.cell
            mean = f"{c.mean:10.2f}{p.mean:10.2f}" if c.mean is not None else " " * 20
            lines.append(f"  {c.value:5g} {c.passes:6} {mean} {c.std:10.2f}{p.std:10.2f}{'' if p.holds else '   off'}")
        good = sum(p.holds for p in predicted)
        lines.append(
            f"{good} of {len(predicted)} rows within {MEAN_TOLERANCE:g} LSB of the mean and {STD_SHARE:.0%} or "
            f"{STD_TOLERANCE:g} LSB of the spread"
        )
    if parts is not None:
        measured, found = (p.as_dict() for p in parts)
        lines += ["", "flat readouts, LSB      measured predicted"]
        lines += [f"  {name:18}{measured[name]:12.2f}{found[name]:10.2f}" for name in measured]
    return "\n".join(lines)


def _cell(p: Predicted) -> dict[str, Any]:
    c = p.cell
    return {
        "value": c.value, "passes": c.passes, "mean": c.mean, "predicted_mean": p.mean, "std": c.std,
        "predicted_std": p.std, "holds": p.holds,
    }  # fmt: skip


def _parts(parts: tuple[Parts, Parts] | None) -> dict[str, Any] | None:
    return None if parts is None else {"measured": parts[0].as_dict(), "predicted": parts[1].as_dict()}


def add_parsers(sub: Any) -> None:
    """Add `fit`."""
    from scamp_sim import cli

    parser = sub.add_parser(
        "fit",
        help="a chip profile out of measurements of your chip",
        description="Fit a chip profile to measurements, and show what it predicts beside what was measured. The "
        "formats stand in docs/errors.md. Needs SciPy: pip install scamp-sim[fit].",
    )
    parser.add_argument(
        "--table", metavar="CSV", help="value, passes, mean_in_minus_out, std_out of the halve-copy-add experiment"
    )
    parser.add_argument("--flat", metavar="FILE", help=".npy or .npz: readouts of a plane set to 0, codes 0..255")
    parser.add_argument(
        "--without", metavar="VALUE", type=float, action="append", default=[], help="leave a value of the table out"
    )
    parser.add_argument(
        "--fixed", metavar="KNOB", action="append", default=[], help="keep a knob as --base has it (may be repeated)"
    )
    parser.add_argument("--base", metavar="PROFILE", default="scamp5", help="where to start from (default: scamp5)")
    parser.add_argument("--chips", metavar="N", type=int, default=4, help="simulated chips to fit with (default: 4)")
    parser.add_argument("--name", metavar="NAME", default="mychip", help="name of the profile (default: mychip)")
    parser.add_argument("--out", metavar="FILE", help="write the profile there, for --errors FILE.json")
    cli._add_format(parser)
    parser.set_defaults(command=fit)
