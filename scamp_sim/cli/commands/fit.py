"""`scamp-sim fit`: a chip profile out of measurements of one's own chip, with what it predicts beside what was
measured."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scamp_sim.cli import options
from scamp_sim.cli.output import print_json
from scamp_sim.cli.refusals import of_the_line
from scamp_sim.exceptions import OptionError
from scamp_sim.limits import whole_in

if TYPE_CHECKING:
    from scamp_sim.silicon.profiles import ChipProfile
    from scamp_sim.study.fit.run import Outcome
    from scamp_sim.study.fit.table import Predicted

WORST = 3
"""Rows that a warning names."""

NAME = "fit"
HELP = (
    "Fit a chip profile to measurements, all of them at once, and show what it predicts beside what was measured. The "
    "formats stand in scamp-sim docs errors. Exit code 1: the profile does not describe the measurements; it says how "
    "far off it is."
)
EXAMPLES = (
    "scamp-sim fit --table halve_copy_add.csv --out mychip.json",
    "scamp-sim fit --measured measurement.json --out mychip.json",
)


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `fit`."""
    parser.add_argument("--measured", metavar="JSON", help="what scamp-sim measure read wrote")
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
    parser.add_argument(
        "--chips", metavar="N", type=whole_in(1, 10_000), default=2, help="simulated chips to fit with (default: 2)"
    )
    parser.add_argument(
        "--results", metavar="FILE", help="keep what simulated chips gave there; the same command resumes"
    )
    parser.add_argument("--name", metavar="NAME", default="mychip", help="name of the profile (default: mychip)")
    parser.add_argument("--out", metavar="FILE", help="write the profile there, for --errors FILE.json")
    options.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Fit a profile to all measurements at once; 1 if it does not describe them."""
    from scamp_sim.files import check_file, write_text
    from scamp_sim.silicon.profiles import check_name
    from scamp_sim.silicon.setup import parse_profile
    from scamp_sim.study.fit import measurements
    from scamp_sim.study.fit import run as fitting
    from scamp_sim.study.fit.parameters import free
    from scamp_sim.study.kit.reader import load_measurement

    if args.table is None and args.flat is None and args.measured is None:
        fitting.check_sources((), None, None)
    if args.table is None and args.without:
        raise OptionError("--without is for the table; give --table FILE.csv too")
    if args.table is None and args.measured is None and args.fixed:
        raise OptionError("--fixed is for the table and the kit; give --table FILE.csv or --measured FILE.json too")
    with of_the_line():
        check_name(args.name, "--name")
    if args.results is not None and args.table is None and args.measured is None:
        raise OptionError("--results is for simulated chips; flat readouts alone take none, so leave it out")
    if args.results is not None:
        check_file(args.results, "results")
    if args.out is not None:
        check_file(args.out, "profile")
    cells = measurements.load_table(args.table, args.without) if args.table else ()
    stack = measurements.load_stack(args.flat) if args.flat else None
    kit = load_measurement(args.measured) if args.measured else None
    names = [*(["table"] if cells else []), *({q.series for q in kit.found} if kit else ())]
    if names:
        free(names, args.fixed)
    start = parse_profile(args.base)
    start = replace(start, name=args.name, about=f"fitted by scamp-sim fit, from {args.base}")
    if stack is not None and start.shape not in (None, stack.valid.shape):
        print(
            "scamp-sim: note: {} is for an array of {}x{}, the readouts are {}x{}; what is written stays for the "
            "former".format(args.base, *start.shape, *stack.valid.shape),
            file=sys.stderr,
        )
    for line in measurements.wraps(cells):
        print(f"scamp-sim: note: {args.table}: {line}", file=sys.stderr)
    with _progress() as advance:
        serials = tuple(range(1, args.chips + 1))
        found = fitting.run(start, cells, stack, kit, serials, args.fixed, advance, args.results)
    profile = replace(found.fitted.profile, about=f"{found.fitted.profile.about}: {found.verdict}")
    document = as_document(profile)
    if args.out is not None:
        write_text(args.out, json.dumps(document, indent=2) + "\n", "profile")
    if args.format == "json":
        print_json({**_as_dict(found), "profile": document})
    else:
        print(text(profile, found))
        print(f"profile: {args.out}" if args.out else "\nnot written; --out FILE.json writes the profile")
    _warn(found)
    return 1 if found.poor else 0


@contextmanager
def _progress() -> Iterator[Callable[[float], None]]:
    """Steps as they are made, on a terminal."""
    count = 0

    def advance(cost: float) -> None:
        nonlocal count
        count += 1
        if sys.stderr.isatty():
            print(f"\rstep {count}: off by {cost:.2f} errors, root mean square ", end="", file=sys.stderr)

    yield advance
    if count and sys.stderr.isatty():
        print(file=sys.stderr)


def _warn(found: Outcome) -> None:
    """Say on stderr what the fitted profile does not describe."""
    off = sorted((p for p in found.predicted if not p.holds), key=lambda p: -max(abs(p.mean_off), abs(p.std_off)))
    named = [_misfit(p) for p in off[:WORST]] + [f"{what} ({z:+.1f} errors)" for what, z in found.far[:WORST]]
    if found.parts is not None:
        measured, given = (p.as_dict() for p in found.parts)
        named += [f"flat {n} (measured {measured[n]:.2f}, predicted {given[n]:.2f})" for n in found.parts_off]
    if not named:
        return
    what = "the profile does not describe the measurements" if found.poor else "the profile is close"
    print(
        f"scamp-sim: warning: {what}: {found.verdict}; worst: {', '.join(named)}. Look at the measurement, or leave a "
        "value out by --without",
        file=sys.stderr,
    )


def _misfit(p: Predicted) -> str:
    mean = abs(p.mean_off) >= abs(p.std_off)
    what, measured, given = ("mean", p.cell.mean, p.mean) if mean else ("spread", p.cell.std, p.std)
    return f"value {p.cell.value:g} after {p.cell.passes} passes ({what} {measured:.4g}, predicted {given:.4g})"


def as_document(profile: ChipProfile) -> dict[str, Any]:
    """A profile as a file holds it: every knob that is on, so that it depends on no other file."""
    from scamp_sim.silicon.effects import switched_on

    shape = {"shape": list(profile.shape)} if profile.shape else {}
    knobs = {k: v for k, v in switched_on(profile).items() if k not in {*profile.ranges, *profile.lines}}
    more: dict[str, Any] = {"ranges": {k: list(ends) for k, ends in profile.ranges.items()}}
    more["lines"] = {k: {"constant": line.constant, **line.slopes} for k, line in profile.lines.items()}
    more["evidence"] = {
        k: [e.kind, e.to, *([[float(f"{n:.4g}") for n in e.plausible]] if e.plausible else [])]
        for k, e in profile.evidence.items()
    }
    more = {entry: what for entry, what in more.items() if what}
    return {"name": profile.name, "about": profile.about, "base": "ideal", **shape, "knobs": knobs, **more}


def text(profile: ChipProfile, found: Outcome) -> str:
    """The knobs with their errors, what is open, and predicted beside measured."""
    from scamp_sim.silicon.knobs import KNOBS
    from scamp_sim.study.fit.run import advice

    errors, unknown = found.fitted.errors, found.fitted.open
    lines = [f"profile {profile.name}"]
    for k in KNOBS.values():
        if profile[k.name] == k.ideal and k.name not in errors:
            continue
        shown = f"+- {errors[k.name]:.2g}" if k.name in errors else ""
        state = "not determined" if k.name in unknown else "determined" if k.name in errors else "from the base"
        lines.append(f"  {k.name:22} {profile[k.name]:>9.4g} {shown:12} {state:15} {k.measure}".rstrip())
    if errors:
        lines.append("+-: error at 95 %")
    lines += advice(found.fitted)
    if found.predicted:
        lines += _table(found)
    if found.parts is not None:
        measured, given = (p.as_dict() for p in found.parts)
        lines += ["", "flat readouts, LSB      measured predicted"]
        lines += [f"  {name:18}{measured[name]:12.2f}{given[name]:10.2f}" for name in measured]
    if found.verdict:
        lines += ["", found.verdict]
    return "\n".join(lines)


def _table(found: Outcome) -> list[str]:
    from scamp_sim.study.fit.table import MEAN_TOLERANCE, STD_SHARE, STD_TOLERANCE

    lines = [
        "",
        "halve-copy-add, LSB        mean lost              spread",
        "  value passes   measured predicted   measured predicted",
    ]
    for p in found.predicted:
        c = p.cell
        mean = f"{c.mean:10.2f}{p.mean:10.2f}" if c.mean is not None else " " * 20
        mark = ("" if p.holds else "   off") + (
            "   corrected: the mean of unsigned differences wraps" * bool(c.wrapped)
        )
        lines.append(f"  {c.value:5g} {c.passes:6} {mean} {c.std:10.2f}{p.std:10.2f}{mark}")
    lines.append(
        f"{len(found.predicted) - found.rows_off} of {len(found.predicted)} rows within {MEAN_TOLERANCE:g} LSB of the "
        f"mean and {STD_SHARE:.0%} or {STD_TOLERANCE:g} LSB of the spread"
    )
    return lines


def _as_dict(found: Outcome) -> dict[str, Any]:
    from scamp_sim.study.fit.run import advice

    return {
        "errors": dict(found.fitted.errors),
        "determined": [k for k in found.fitted.errors if k not in found.fitted.open],
        "open": list(found.fitted.open),
        "not_separated": [list(pair) for pair in found.fitted.alike],
        "advice": advice(found.fitted),
        "table": [_cell(p) for p in found.predicted],
        "flat": None
        if found.parts is None
        else dict(zip(("measured", "predicted"), (p.as_dict() for p in found.parts), strict=True)),
        "far": [[what, z] for what, z in found.far],
        "verdict": found.verdict,
        "describes": not found.poor,
    }


def _cell(p: Predicted) -> dict[str, Any]:
    c = p.cell
    return {
        "value": c.value,
        "passes": c.passes,
        "mean": c.mean,
        "predicted_mean": p.mean,
        "std": c.std,
        "predicted_std": p.std,
        "holds": p.holds,
        "mean_as_published": c.wrapped,
    }
