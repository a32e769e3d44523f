"""Rows by name: those of this package, those that other packages bring, and those that a user brings as a file.

An installed package adds one with

[project.entry-points."scamp_sim.compare"]
mine = "my_package.rows:mine"

where `mine(scene)` returns `Counts`, or raises ScampError with the reason why there is no such row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata

from scamp_sim.compare import circuit, gates, kept
from scamp_sim.compare.counts import SIDES, Counts, On, Scene
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.text import short

GROUP = "scamp_sim.compare"

Make = Callable[[Scene], Counts]

CIRCUIT: Mapping[str, Make] = {
    "raw": circuit.raw,
    **{name: partial(circuit.subsampled, name=name) for name in circuit.SD},
    **{name: partial(circuit.low_resolution, name=name) for name in circuit.LR},
    "difference": circuit.difference,
    "skip_4": partial(circuit.skipped, name="skip_4"),
    "skip_16": partial(circuit.skipped, name="skip_16"),
    "pixelrnn": circuit.pixelrnn_chip,
    "p2m": circuit.p2m_chip,
    **{name: partial(circuit.leca_chip, name=name) for name in circuit.LECA},
    "snn": circuit.snn_chip,
}
"""Rows that are shown by default, in order."""

MORE_CIRCUIT: Mapping[str, Make] = {"raw_p2m": circuit.raw_p2m}
"""Rows that are shown when asked for."""

MORE_ARRAY = ("pixelrnn_blocks", "p2m_5", "snn_4", "leca_8_2")
"""The same on SCAMP-5: the published mapping, windows of fewer photosites, a setting of 2 bits."""

NAMES = tuple(CIRCUIT)


@dataclass(frozen=True)
class LeftOut:
    """A row that is not shown, and why."""

    name: str
    on: On
    reason: str


@dataclass(frozen=True)
class Chosen:
    """The rows of a table, what was left out of it, and all checks of published numbers that were made."""

    rows: tuple[Counts, ...]
    left_out: tuple[LeftOut, ...]
    checks: tuple[gates.Check, ...]


def known(on: On | None = None) -> tuple[str, ...]:
    """Names of all rows."""
    more = {"circuit": tuple(MORE_CIRCUIT), "scamp5": MORE_ARRAY}
    extra = more[on] if on else (*more["circuit"], *more["scamp5"])
    skips = ("skip_2", "skip_8")
    return tuple(dict.fromkeys((*NAMES, *skips, *extra, *sorted(others()))))


def others() -> dict[str, Make]:
    """Rows of other packages. Raises ProgramError for a name that is taken or a package that does not load."""
    found: dict[str, Make] = {}
    for point in metadata.entry_points(group=GROUP):
        if point.name in found or point.name in (*CIRCUIT, *MORE_CIRCUIT, *MORE_ARRAY):
            raise ProgramError(f"two rows are called '{point.name}'; rename the one of {point.value}, or uninstall it")
        try:
            found[point.name] = point.load()
        except (ImportError, AttributeError) as e:
            raise ProgramError(f"row '{point.name}' cannot be loaded from {point.value}: {e}") from e
    return found


def checked_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names of rows, each once. Raises ProgramError with the nearest name for one that does not exist."""
    from scamp_sim.chip.isa import did_you_mean

    there = known()
    listed = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    for name in listed:
        if name not in there and not _skip(name):
            near = did_you_mean(name, there) or f"; there are {', '.join(there)}, and skip_T for any T"
            raise ProgramError(f"no row is called '{short(name, 60)}'{near}")
    if not listed:
        raise ProgramError(f"no rows: expected some of {', '.join(there)}")
    return listed


def _skip(name: str) -> bool:
    head, _, tail = name.partition("_")
    return head == "skip" and tail.isdecimal() and 2 <= int(tail[:9]) <= 1024


def chosen(
    scene: Scene,
    names: Sequence[str] | None = None,
    on: Sequence[On] = SIDES,
    brought: Sequence[Callable[[Scene], Counts]] = (),
) -> Chosen:
    """Rows of a scene.

    names: None for all that are shown by default.
    on: "circuit", "scamp5" or both.
    brought: rows of the user's own, at the end.

    A row whose published numbers are not reproduced, or that does not fit the scene, is left out with the reason.
    Raises ProgramError for names that do not exist, or where nothing is left.
    """
    wanted = NAMES if names is None else checked_names(names)
    package = others()
    rows: list[Counts] = []
    left: list[LeftOut] = []
    checks: list[gates.Check] = []
    for side in on:
        for name in (*wanted, *(() if names is not None else sorted(package))):
            if name in package and side == "scamp5":
                continue
            made = gates.checks(name, side)
            checks += made
            try:
                failed = [c for c in made if not c.holds]
                if failed:
                    raise ProgramError(f"published numbers are not reproduced: {'; '.join(map(str, failed))}")
                rows.append(_row(name, side, scene, package))
            except ScampError as e:
                left.append(LeftOut(name, side, str(e)))
    for make in brought:
        counts = make(scene)
        if any((r.name, r.on) == (counts.name, counts.on) for r in rows):
            raise ProgramError(f"the row '{counts.name}' on {counts.on} is there already; give yours another name")
        rows.append(counts)
    if not rows:
        raise ProgramError(f"no row is left; {left[0].name} on {left[0].on}: {left[0].reason}")
    return Chosen(tuple(rows), tuple(left), tuple(dict.fromkeys(checks)))


def _row(name: str, on: On, scene: Scene, package: Mapping[str, Make]) -> Counts:
    if on == "scamp5":
        if name in MORE_CIRCUIT:
            from scamp_sim.compare.array import NOT_TILED

            raise ProgramError(f"row {name} is not on SCAMP-5: {NOT_TILED[name]}")
        return kept.built(name, scene).counts(scene)
    if name in MORE_ARRAY:
        raise ProgramError(f"row {name} is a SCAMP-5 program: take --on scamp5")
    if name in package:
        return package[name](scene)
    if _skip(name):
        return circuit.skipped(scene, name)
    return {**CIRCUIT, **MORE_CIRCUIT}[name](scene)
