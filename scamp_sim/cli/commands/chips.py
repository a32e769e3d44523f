"""`scamp-sim chips`: the chip profiles, and the knobs of one."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

from scamp_sim.cli.output import print_json
from scamp_sim.show.isa_docs import source_legend
from scamp_sim.silicon.effects import switched_on
from scamp_sim.silicon.knobs import KNOBS
from scamp_sim.silicon.profiles import ChipProfile, load_profile, profile_names
from scamp_sim.silicon.setup import parse_profile

FAMILIES = {
    "fixed": "Fixed: drawn once for each chip, the same in every run",
    "temporal": "Temporal: drawn anew each time, from the seed",
    "decay": "Decay: grows with the time since a cell was written",
}
"""Family of knobs -> its heading."""

_WIDTH = 100

NAME = "chips"
HELP = (
    "Without NAME: the chip profiles. With NAME: every knob of one, with its value, its unit, the value that "
    "switches it off, the source of the fact, and the measurement that the value was fitted to."
)
EXAMPLES = ("scamp-sim chips", "scamp-sim chips scamp5")


def register(parser: argparse.ArgumentParser) -> None:
    """The arguments of `chips`."""
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="a profile or a file NAME.json, either with :knob=value,... behind it"
    )
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="default: text")


def run(args: argparse.Namespace) -> int:
    """`chips`: the profiles; with a name, the knobs of one."""
    if args.name is None:
        return _profiles(args.format)
    profile = parse_profile(args.name)
    if args.format == "json":
        print_json(as_dict(profile))
    elif args.format == "markdown":
        print(markdown(profile))
    else:
        print(text(profile), end="")
    return 0


def _profiles(style: str) -> int:
    found = [load_profile(name) for name in profile_names()]
    if style == "markdown":
        print(markdown(load_profile("scamp5")))
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
                "name": k.name, "family": k.family, "value": profile[k.name], "unit": k.unit, "ideal": k.ideal,
                "low": k.low, "high": k.high, "effect": k.effect, "source": k.source, "fitted_to": k.fitted,
                "on": profile[k.name] != k.ideal, "changed": profile[k.name] != base[k.name],
            }
            for k in KNOBS.values()
        ],
    }  # fmt: skip


def text(profile: ChipProfile) -> str:
    """All knobs of a profile by family: value, unit, what it does, ideal value, source, what it was fitted to."""
    base = profile.base or profile
    size = f", for an array of {profile.shape[0]}x{profile.shape[1]}" if profile.shape else ""
    lines = [f"{profile.name}: {profile.about}{size}".rstrip(": ")]
    wide = max(map(len, KNOBS))
    for family, title in FAMILIES.items():
        lines += ["", title, ""]
        for k in (k for k in KNOBS.values() if k.family == family):
            value = profile[k.name]
            mark = "*" if value != base[k.name] else " "
            shown = k.shown(value) + ("" if value != k.ideal else ", off")
            head = f"{mark} {k.name:{wide}}  {shown:16}  "
            about = f"{k.effect} (ideal {k.ideal:g}; {k.source}; {k.fitted})"
            lines += textwrap.wrap(about, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
    lines += ["", f"* differs from {base.name}" if base is not profile else "all of it off"]
    lines += textwrap.wrap(
        f"Sources: {source_legend(' '.join(k.source for k in KNOBS.values()))}.", _WIDTH, subsequent_indent="  "
    )
    return "\n".join(lines) + "\n"


def markdown(profile: ChipProfile) -> str:
    """The knobs of a profile as tables; those of `scamp5` are in docs/errors.md."""
    lines = []
    for family, title in FAMILIES.items():
        lines += [
            f"**{title}**",
            "",
            f"| knob | `{profile.name}` | ideal | range | unit | what it does | source | fitted to |",
        ]
        lines.append("|---|---|---|---|---|---|---|---|")
        for k in (k for k in KNOBS.values() if k.family == family):
            numbers = f"{profile[k.name]:g} | {k.ideal:g} | {k.low:g} .. {k.high:g} | {k.measure}"
            lines.append(f"| `{k.name}` | {numbers} | {k.effect} | {k.source} | {k.fitted} |")
        lines.append("")
    return "\n".join(lines).rstrip()
