"""Systems by name: those of this package and those that other packages bring by an entry point.

An installed package adds one with

[project.entry-points."scamp_sim.systems"]
mine = "my_package.system:SYSTEM"
"""

from __future__ import annotations

from importlib import import_module, metadata
from typing import Any

from scamp_sim.chip.isa import did_you_mean
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.systems.base.protocol import System
from scamp_sim.text import short

GROUP = "scamp_sim.systems"

SYSTEMS: dict[str, str] = {
    "pixelrnn": "scamp_sim.systems.pixelrnn.system:SYSTEM",
    "p2m": "scamp_sim.systems.p2m.system:SYSTEM",
    "leca": "scamp_sim.systems.leca.system:SYSTEM",
    "snn": "scamp_sim.systems.snn.system:SYSTEM",
    "network": "scamp_sim.systems.network.system:SYSTEM",
}
"""Name -> "module:ATTRIBUTE" of a `System`; imported when it is asked for."""


def names() -> tuple[str, ...]:
    """The names of all systems, own ones first. Raises ProgramError if two systems have one name."""
    return tuple(_targets())


def system(name: str) -> System[Any]:
    """The system of that name. Raises ProgramError."""
    targets = _targets()
    if name not in targets:
        known = tuple(targets)
        there = f"expected {', '.join(known)}" if known else "there are none"
        raise OptionError(f"unknown system '{short(str(name), 60)}'{did_you_mean(str(name), known)}; {there}")
    module, _, attribute = targets[name].partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as e:
        raise ProgramError(f"system '{name}' cannot be loaded from {targets[name]}: {e}") from e
    if not isinstance(found, System):
        raise ProgramError(f"system '{name}': expected {targets[name]} to be a System, got {type(found).__name__}")
    if found.name != name:
        raise ProgramError(f"system '{name}': {targets[name]} calls itself '{found.name}'; the names must agree")
    return found


def _targets() -> dict[str, str]:
    found = dict(SYSTEMS)
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        if found.get(point.name, point.value) != point.value:
            raise ProgramError(
                f"two systems are called '{point.name}': {found[point.name]} and {point.value}; rename the entry point "
                f"in group {GROUP}, or uninstall one of the packages"
            )
        found[point.name] = point.value
    return found


__all__ = ["GROUP", "SYSTEMS", "names", "system"]
