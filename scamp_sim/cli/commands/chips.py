"""`scamp-sim chips`: the chip profiles, the knobs of one, and what one serial of a population drew."""

from __future__ import annotations

import argparse
import sys
import textwrap
from typing import Any

from scamp_sim.cli import options
from scamp_sim.cli.fitting import columns
from scamp_sim.cli.output import print_json
from scamp_sim.exceptions import OptionError
from scamp_sim.show.isa_docs import source_legend
from scamp_sim.silicon.effects import switched_on
from scamp_sim.silicon.knobs import KNOBS, Knob
from scamp_sim.silicon.population import Evidence
from scamp_sim.silicon.profiles import ChipProfile, load_profile, profile_names
from scamp_sim.silicon.setup import parse_profile

FAMILIES = {
    "fixed": "Fixed: drawn once for each chip, the same in every run",
    "temporal": "Temporal: redrawn each time, from the seed",
    "decay": "Decay: grows with the time since a cell was written",
}
"""Family of knobs -> its heading."""

MEASURED = ("scamp5", "imperial", "stanford")
"""Profiles with a column of their own in the documentation."""

_WIDTH = 100
"""Columns of the text where there is no terminal."""

NAME = "chips"
HELP = (
    "Without NAME: the chip profiles. With NAME: every knob of one, with its value, its unit, the plausible range, the "
    "value that switches it off, the source of the fact, and the evidence: fitted to a measurement, tied to other "
    "knobs by one, bounded by one, given by a document, or assumed. --serial N shows what one chip of a population "
    "drew."
)
EXAMPLES = ("scamp-sim chips", "scamp-sim chips scamp5", "scamp-sim chips scamp5 --serial 7")


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `chips`."""
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="a profile or a file NAME.json, either followed by :knob=value,..."
    )
    parser.add_argument("--serial", metavar="N", type=options.serial, help="the values of chip N of a population")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="default: text")


def run(args: argparse.Namespace) -> int:
    """`chips`: the profiles; with a name, the knobs of one."""
    if args.name is None:
        return _profiles(args.format)
    profile = parse_profile(args.name)
    if args.serial is not None:
        if not profile.ranges:
            raise OptionError(
                f"--serial {args.serial}: profile '{profile.name}' has no ranges to draw from; its chips differ in "
                "their patterns alone"
            )
        profile = profile.drawn(args.serial)
    if args.format == "json":
        print_json(as_dict(profile))
    elif args.format == "markdown":
        print(markdown(profile))
    else:
        print(text(profile, min(_WIDTH, columns(sys.stdout) or _WIDTH)), end="")
    return 0


def _profiles(style: str) -> int:
    found = [load_profile(name) for name in profile_names()]
    if style == "markdown":
        print(markdown(*(load_profile(name) for name in MEASURED)))
    elif style == "json":
        print_json([_summary(p) for p in found])
    else:
        wide = max(len(p.name) for p in found)
        for p in found:
            print(f"{p.name:{wide}}  {len(switched_on(p)):2} of {len(KNOBS)} knobs on  {p.about}".rstrip())
        print(
            "\nscamp-sim chips NAME shows the knobs of one; scamp-sim run FILE --errors NAME --chip 7 --seed 3 uses it."
        )
    return 0


def _summary(profile: ChipProfile) -> dict[str, Any]:
    on = len(switched_on(profile))
    return {"name": profile.name, "about": profile.about, "knobs_on": on, "knobs_in_all": len(KNOBS)}


def as_dict(profile: ChipProfile) -> dict[str, Any]:
    """A profile with the table of its knobs, ready for JSON."""
    base = profile.base or profile
    return {
        **_summary(profile),
        "shape": list(profile.shape) if profile.shape else None,
        "compared_with": base.name,
        "knobs": [
            {
                "name": k.name,
                "family": k.family,
                "value": profile[k.name],
                "unit": k.unit,
                "ideal": k.ideal,
                "low": k.low,
                "high": k.high,
                "range": span(profile, k),
                "drawn": k.name in _open(profile),
                "line": profile.lines[k.name].text if k.name in profile.lines else None,
                "effect": k.effect,
                "source": k.source,
                "evidence": evidence(profile, k).kind,
                "fitted_to": evidence(profile, k).to,
                "on": profile[k.name] != k.ideal,
                "changed": k.name in _changed(profile),
            }
            for k in KNOBS.values()
        ],
    }


def evidence(profile: ChipProfile, knob: Knob) -> Evidence:
    """Why a knob of a profile has its value."""
    if knob.name in profile.evidence:
        return profile.evidence[knob.name]
    if knob.name in profile.chosen:
        return Evidence("assumed", "set by hand")
    if profile[knob.name] == knob.ideal:
        return Evidence("assumed", f"off: {knob.fitted}")
    return Evidence("assumed", f"nothing is said; what would determine it: {knob.fitted}")


def span(profile: ChipProfile, knob: Knob) -> list[float] | None:
    """[lowest, highest] plausible value of a knob: what chips of the kind draw from, or what the evidence leaves."""
    whole = profile.population or profile
    low, high = whole.range(knob.name)
    plausible = evidence(profile, knob).plausible
    return [low, high] if low < high else list(plausible) if plausible else None


def _open(profile: ChipProfile) -> set[str]:
    """Knobs that differ from chip to chip."""
    whole = profile.population or profile
    return {*whole.ranges, *whole.lines} if whole.ranges else set()


def _changed(profile: ChipProfile) -> set[str]:
    """Knobs that differ from those of the base."""
    base = profile.base or profile
    return {n for n in KNOBS if profile.range(n) != base.range(n)} if profile.population is None else {*profile.chosen}


def text(profile: ChipProfile, width: int = _WIDTH) -> str:
    """All knobs of a profile by family: value, range, unit, what it does, ideal value, source, evidence."""
    base = profile.base or profile
    size = f", for an array of {profile.shape[0]}x{profile.shape[1]}" if profile.shape else ""
    lines = [f"{profile.name}: {profile.about}{size}".rstrip(": ")]
    if profile.ranges:
        lines.append("values: the middle of the range; --serial N shows what chip N drew")
    wide = max(map(len, KNOBS))
    changed = _changed(profile)
    for family, title in FAMILIES.items():
        lines += ["", title, ""]
        for k in (k for k in KNOBS.values() if k.family == family):
            value = profile[k.name]
            mark = "*" if k.name in changed else " "
            shown = k.shown(float(f"{value:.4g}")) + ("" if value != k.ideal or k.name in _open(profile) else ", off")
            head = f"{mark} {k.name:{wide}}  {shown:16}  "
            ends, why = span(profile, k), evidence(profile, k)
            between = f"{ends[0]:.4g} .. {ends[1]:.4g}; " if ends else ""
            about = f"{between}{k.effect} (ideal {k.ideal:g}; {k.source}; {why.kind}: {why.to})"
            lines += textwrap.wrap(
                about, width, initial_indent=head, subsequent_indent=" " * min(len(head), width // 2)
            )
    lines += ["", f"* differs from {base.name}" if base is not profile else "all of it off"]
    lines += textwrap.wrap(
        f"Sources: {source_legend(' '.join(k.source for k in KNOBS.values()))}.", width, subsequent_indent="  "
    )
    return "\n".join(lines) + "\n"


def _cell(profile: ChipProfile, knob: Knob) -> str:
    """A value as a table has it: the range of what chips draw."""
    low, high = profile.range(knob.name)
    return f"{low:.4g}" if low == high else f"{low:.4g} .. {high:.4g}"


def markdown(*profiles: ChipProfile) -> str:
    """The knobs of profiles as tables, with the evidence of the first."""
    lines = []
    heads = " | ".join(f"`{p.name}`" for p in profiles)
    for family, title in FAMILIES.items():
        lines += [
            f"**{title}**",
            "",
            f"| knob | {heads} | ideal | allowed | unit | what it does | source | evidence |",
        ]
        lines.append("|---|" + "---|" * (len(profiles) + 6))
        for k in (k for k in KNOBS.values() if k.family == family):
            values = " | ".join(_cell(p, k) for p in profiles)
            why = evidence(profiles[0], k)
            numbers = f"{values} | {k.ideal:g} | {k.low:g} .. {k.high:g} | {k.measure}"
            lines.append(f"| `{k.name}` | {numbers} | {k.effect} | {k.source} | {why.kind}: {why.to} |")
        lines.append("")
    return "\n".join(lines).rstrip()
