"""`scamp-sim fit`: a chip profile out of measurements of one's own chip, with what it predicts beside what was
measured."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scamp_sim.cli import options
from scamp_sim.cli.output import print_json
from scamp_sim.exceptions import ProgramError

if TYPE_CHECKING:
    from scamp_sim.silicon.profiles import ChipProfile
    from scamp_sim.study.fit.flat import Parts
    from scamp_sim.study.fit.spread import Spread
    from scamp_sim.study.fit.table import Predicted

WORST = 3
"""Rows that a warning names."""

FRESH_CHIPS = (11, 12, 13)
"""Serials that predictions are shown for; no fit uses them."""

NAME = "fit"
HELP = (
    "Fit a chip profile to measurements, and show what it predicts beside what was measured. The formats stand in"
    ' scamp-sim docs errors. Needs SciPy (extra "fit").'
)
EXAMPLES = ("scamp-sim fit --table halve_copy_add.csv --out mychip.json",)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `fit`."""
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
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Fit a profile to a table, to a stack, or to both; the stack last, because it takes off what the table
    explains."""
    from scamp_sim.files import check_file, write_text
    from scamp_sim.silicon.profiles import check_name
    from scamp_sim.silicon.setup import parse_profile
    from scamp_sim.study.fit import flat, measurements, spread, table

    if args.table is None and args.flat is None:
        raise ProgramError("nothing to fit to; give --table FILE.csv, --flat FILE.npz, or both")
    if args.chips < 1:
        raise ProgramError(f"--chips is {args.chips}; it is a number from 1 up")
    if args.table is None and (args.without or args.fixed):
        raise ProgramError(f"{'--without' if args.without else '--fixed'} is for the table; give --table FILE.csv too")
    check_name(args.name, "--name")
    table.free(args.fixed)
    if args.out is not None:
        check_file(args.out, "profile")
    cells = measurements.load_table(args.table, args.without) if args.table else ()
    stack = measurements.load_stack(args.flat) if args.flat else None
    profile = parse_profile(args.base)
    profile = replace(profile, name=args.name, about=f"fitted by scamp-sim fit, from {args.base}")
    if stack is not None and profile.shape not in (None, stack.valid.shape):
        print(
            "scamp-sim: note: {} is for an array of {}x{}, the readouts are {}x{}; what is written stays for the "
            "former".format(args.base, *profile.shape, *stack.valid.shape),
            file=sys.stderr,
        )
    predicted: list[Predicted] = []
    parts: tuple[Parts, Parts] | None = None
    of_table = of_stack = spread.Spread()
    chips = tuple(range(1, args.chips + 1))
    if cells:
        with _progress() as advance:
            profile = table.fit(profile, cells, chips, args.fixed, advance)
    if stack is not None:
        profile = flat.fit(profile, stack)
    if cells:
        predicted = table.predict(profile, cells, FRESH_CHIPS, (256, 256))
        of_table = spread.spread_of_table(profile, cells, chips, args.fixed)
        _warn_of_misfits(predicted)
    if stack is not None:
        parts = flat.parts_of(stack), flat.predict(profile, stack, FRESH_CHIPS)
        of_stack = spread.spread_of_stack(profile, stack, parts[0])
    found = spread.Spread(of_table.knobs | of_stack.knobs, of_table.alike)
    document = as_document(profile)
    if args.out is not None:
        write_text(args.out, json.dumps(document, indent=2) + "\n", "profile")
    if args.format == "json":
        print_json(
            {
                "profile": document, "spread": {k: v if math.isfinite(v) else None for k, v in found.knobs.items()},
                "not_told_apart": found.alike, "table": [_cell(p) for p in predicted], "flat": _parts(parts),
            }
        )  # fmt: skip
        return 0
    print(text(profile, predicted, parts, found))
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


def _warn_of_misfits(predicted: Sequence[Predicted]) -> None:
    """Say on stderr which rows the fitted profile does not give."""
    off = sorted((p for p in predicted if not p.holds), key=lambda p: -max(abs(p.mean_off), abs(p.std_off)))
    if not off:
        return
    worst = []
    for p in off[:WORST]:
        mean = abs(p.mean_off) >= abs(p.std_off)
        what, measured, given = ("mean", p.cell.mean, p.mean) if mean else ("spread", p.cell.std, p.std)
        worst.append(
            f"value {p.cell.value:g} after {p.cell.passes} passes ({what} {measured:.4g}, predicted {given:.4g})"
        )
    print(
        f"scamp-sim: warning: {len(off)} of {len(predicted)} rows are beyond the tolerance: the profile does not "
        f"describe them; worst: {', '.join(worst)}. Look at the measurement, or leave a value out by --without",
        file=sys.stderr,
    )


def as_document(profile: ChipProfile) -> dict[str, Any]:
    """A profile as a file holds it: every knob that is on, so that it depends on no other file."""
    from scamp_sim.silicon.effects import switched_on

    shape = {"shape": list(profile.shape)} if profile.shape else {}
    knobs = {k: v for k, v in switched_on(profile).items() if k not in {*profile.ranges, *profile.lines}}
    more: dict[str, Any] = {"ranges": {k: list(ends) for k, ends in profile.ranges.items()}}
    more["lines"] = {k: {"constant": line.constant, **line.slopes} for k, line in profile.lines.items()}
    more["evidence"] = {
        k: [e.kind, e.to, *([list(e.plausible)] if e.plausible else [])] for k, e in profile.evidence.items()
    }
    more = {entry: what for entry, what in more.items() if what}
    return {"name": profile.name, "about": profile.about, "base": "ideal", **shape, "knobs": knobs, **more}


def text(
    profile: ChipProfile, predicted: Sequence[Predicted], parts: tuple[Parts, Parts] | None, spread: Spread
) -> str:
    """The knobs with their spreads, and predicted beside measured."""
    from scamp_sim.silicon.knobs import KNOBS
    from scamp_sim.study.fit.table import MEAN_TOLERANCE, STD_SHARE, STD_TOLERANCE

    lines = [f"profile {profile.name}"]
    for k in KNOBS.values():
        if profile[k.name] == k.ideal and k.name not in spread.knobs:
            continue
        doubt = spread.knobs.get(k.name)
        shown = "" if doubt is None else f"+- {doubt:.2g}" if math.isfinite(doubt) else "open"
        lines.append(f"  {k.name:22} {profile[k.name]:>9g} {shown:12} {k.measure}".rstrip())
    if spread.knobs:
        lines.append("+-: standard error of what was fitted; open: the measurements do not tell")
    for one, other, correlation in spread.alike:
        lines.append(
            f"{one} and {other} cannot be told apart (correlation {correlation:.3f}); keep one as --base has it: "
            f"--fixed {one} or --fixed {other}"
        )
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
