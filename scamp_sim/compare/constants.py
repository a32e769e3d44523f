"""Prices: sets of constants, each with its unit, the letter of its source and what the source says.

A set is a JSON file:

    {"format": "scamp-sim constants 1", "name": "mine", "extends": "common",
     "constants": [{"name": "link", "part": "link", "per": "bits_wire", "value": 3.0, "unit": "pJ/bit",
                    "letter": "A", "source": "MIPI D-PHY at 22 nm"}]}

`extends` takes the constants of another set, and one of the same name replaces it. `per` is an activity that rows
count (`counts.ACTIVITIES`), `part` the column of the bar that it belongs to, and `rows`, if given, the rows or systems
that it is for: where a part has a constant of the row's own, the general ones of that part do not apply to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scamp_sim.checks import finite
from scamp_sim.compare.counts import LETTERS, Counts, known_activity
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.reading import read_json
from scamp_sim.text import short

FORMAT = "scamp-sim constants 1"
FOLDER = Path(__file__).with_name("data")
SETS = ("published", "common")
"""Sets of this package that a user chooses from by name."""

UNITS = {"pJ/": "energy", "us/": "time"}
"""What a unit begins with -> what it is a price in."""

KEYS = ("name", "part", "per", "value", "unit", "letter", "source")
CONVERTERS = {
    "levels": (0.140625, "conversion_levels", "pJ/level", "36 pJ at 8 bit, doubling per bit"),
    "bits": (4.5, "conversion_bits", "pJ/bit", "36 pJ at 8 bit, in proportion to the bits"),
}
"""Laws of the common converter: value, activity, unit, source; "calibrated" takes LeCA's prices by depth."""


@dataclass(frozen=True)
class Constant:
    """One price: fields as in the module's description; `rows` empty for all."""

    name: str
    part: str
    per: str
    value: float
    unit: str
    letter: str
    source: str
    rows: tuple[str, ...] = ()

    @property
    def quantity(self) -> str:
        """ "energy" (pJ) or "time" (us)."""
        return UNITS[self.unit[:3]]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**{key: getattr(self, key) for key in KEYS}, **({"rows": list(self.rows)} if self.rows else {})}


@dataclass(frozen=True)
class Constants:
    """A set of prices, by name."""

    name: str
    about: str
    constants: Mapping[str, Constant]

    def of(self, counts: Counts, quantity: str) -> list[Constant]:
        """The prices in `quantity` ("energy", "time") that hold for a row."""
        own, general = [], []
        matched = {counts.system, counts.name} if counts.on == "circuit" else {counts.system}
        for c in self.constants.values():
            if c.quantity != quantity:
                continue
            if matched & set(c.rows):
                own.append(c)
            elif not c.rows and counts.on == "circuit" and counts.system not in ("scamp5", "released"):
                general.append(c)
        parts = {c.part for c in own}
        return own + [c for c in general if c.part not in parts]

    def changed(self, *others: Constant) -> Constants:
        """With constants added, or replaced where one of the name is there."""
        return replace(self, constants={**self.constants, **{c.name: c for c in others}})

    def with_link(self, pj_per_bit: float) -> Constants:
        """With one price per bit for every link. Raises ProgramError."""
        price = _at_least_0("link-pj-per-bit", pj_per_bit)
        new = {
            name: replace(
                c, value=price, per="bits_wire", unit="pJ/bit", letter="A", source="--link-pj-per-bit, as asked for"
            )
            if c.part == "link"
            else c
            for name, c in self.constants.items()
        }
        return replace(self, constants=new)

    def with_converter(self, law: str) -> Constants:
        """With another law of the common converter: "levels", "bits" or "calibrated". Raises ProgramError."""
        if "conversion" not in self.constants:
            raise OptionError(
                f"--converter: the set '{self.name}' has no general price of a conversion; take --constants common"
            )
        if law in CONVERTERS:
            value, per, unit, source = CONVERTERS[law]
            return self.changed(Constant("conversion", "conversion", per, value, unit, "A", source))
        if law != "calibrated":
            raise OptionError(f"--converter {law!s:.40}: expected levels, bits or calibrated")
        prices = [
            replace(c, name=f"conversion.{c.per}", rows=())
            for c in load_constants("published").constants.values()
            if c.per.startswith("conversions_")
        ]
        kept = {name: c for name, c in self.constants.items() if name != "conversion"}
        return replace(self, constants=kept).changed(*prices)

    def scaled(self, name: str, factor: float) -> Constants:
        """With one constant times a factor. Raises ProgramError."""
        from scamp_sim.chip.isa import did_you_mean

        factor = _at_least_0(f"factor {name}", factor)
        if name not in self.constants:
            near = did_you_mean(name, tuple(self.constants)) or f"; there are {', '.join(self.constants)}"
            raise OptionError(f"--factor: the set '{self.name}' has no constant '{short(name, 60)}'{near}")
        old = self.constants[name]
        source = f"{old.source}; times {factor:g}, as asked for"
        return self.changed(replace(old, value=old.value * factor, letter="A", source=source))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {"name": self.name, "about": self.about, "constants": [c.as_dict() for c in self.constants.values()]}


def load_constants(source: str | Path) -> Constants:
    """A set by name ("published", "common") or from a file.

    Raises:
        ProgramError: no such set or file, constants without a unit or a source, activities that are not counted.
    """
    name = str(source)
    if name in SETS:
        return _read(FOLDER / f"{name}.json", ())
    if Path(name).suffix.lower() != ".json":
        from scamp_sim.chip.isa import did_you_mean

        near = did_you_mean(name, SETS) or ""
        raise ProgramError(f"constants '{short(name, 80)}'{near}: expected published, common or a file NAME.json")
    return _read(Path(name), ())


def _read(path: Path, above: tuple[str, ...]) -> Constants:
    document = read_json(path, "constants", ProgramError)
    where = f"constants {short(str(path), 120)}"
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise ProgramError(f'{where}: expected an object with "format": "{FORMAT}"')
    if unknown := sorted(set(document) - {"format", "name", "about", "extends", "constants"}):
        raise ProgramError(f"{where}: unknown key '{short(unknown[0], 60)}'; expected name, about, extends, constants")
    listed = document.get("constants")
    if not isinstance(listed, list):
        raise ProgramError(f'{where}: expected "constants" to be a list of objects')
    own: dict[str, Constant] = {}
    for number, row in enumerate(listed, 1):
        constant = parsed(row, f"{where}, constant {number}")
        if constant.name in own:
            raise ProgramError(f"{where}: the constant '{constant.name}' is given twice; keep one")
        own[constant.name] = constant
    found: dict[str, Constant] = {}
    base = document.get("extends")
    if base is not None:
        known = ("shared", *SETS)
        if base not in known or base in above:
            raise ProgramError(f"{where}: extends '{base!s:.60}': expected one of {', '.join(known)}")
        found = dict(_read(FOLDER / f"{base}.json", (*above, str(base))).constants)
    name = document.get("name", path.stem)
    return Constants(short(str(name), 60), short(str(document.get("about", "")), 300), {**found, **own})


def parsed(row: object, where: str) -> Constant:
    """One constant of a document. Raises ProgramError that says what is missing."""
    if not isinstance(row, Mapping):
        raise ProgramError(f"{where}: expected an object with {', '.join(KEYS)}")
    named = f"{where} '{row['name']!s:.60}'" if row.get("name") else where
    remedies = {
        "unit": "give one, such as pJ/bit or us/row",
        "source": "say where the number comes from",
        "letter": f"give the kind of its source: {', '.join(f'{k} ({v})' for k, v in LETTERS.items())}",
    }
    for key in KEYS:
        if row.get(key) in (None, ""):
            raise ProgramError(f"{named}: has no {key}; {remedies.get(key, 'every constant needs one')}")
    if unknown := sorted(set(row) - {*KEYS, "rows"}):
        raise ProgramError(f"{named}: unknown key '{short(str(unknown[0]), 60)}'; expected {', '.join(KEYS)}, rows")
    unit, letter = str(row["unit"]), str(row["letter"])
    if unit[:3] not in UNITS or len(unit) < 4:
        raise ProgramError(f"{named}: the unit '{short(unit, 40)}' is not pJ/... or us/..., such as pJ/bit")
    if letter not in LETTERS:
        raise ProgramError(f"{named}: the letter '{short(letter, 20)}': expected one of {', '.join(LETTERS)}")
    rows = row.get("rows", [])
    if not isinstance(rows, list) or not all(isinstance(r, str) for r in rows):
        raise ProgramError(f"{named}: expected rows to be a list of names of rows or systems")
    value = _at_least_0(f"{named}: value", row["value"])
    per = known_activity(row["per"], named)
    return Constant(str(row["name"]), str(row["part"]), per, value, unit, letter, str(row["source"]), tuple(rows))


def _at_least_0(name: str, value: object) -> float:
    number = finite(name, value)
    if number < 0:
        raise ProgramError(f"{name} must be 0 or more, got {number:g}")
    return number


__all__ = ["CONVERTERS", "FORMAT", "SETS", "Constant", "Constants", "load_constants", "parsed"]
