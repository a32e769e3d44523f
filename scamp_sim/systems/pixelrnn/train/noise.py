"""What an array does to the sums of PixelRNN: the errors of its three stages, by name and in files.

errors = StageErrors.authors()          # what the authors trained with
errors = load_errors("scamp5")          # measured: what the compiled kernel does on emulated chips
errors.save("scamp5.json")

Everything is in units of one tap product, as in the golden model. No torch is needed here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.chip import isa
from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.reading import is_there, read_json
from scamp_sim.silicon import profile_names
from scamp_sim.silicon.setup import parse_profile
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.text import short

if TYPE_CHECKING:
    from scamp_sim.systems.pixelrnn.params import Weights

STAGES = ("cnn", "forget", "output")
NAMES = ("none", "authors")
"""Errors that are known without a measurement."""


@dataclass(frozen=True)
class Stage:
    """What becomes of a sum: gain * sum + offset + fixed pattern + noise, no larger than `limit` in magnitude.

    temporal: standard deviation of what changes from frame to frame.
    fixed: of what stays, per PE and chip.
    common: of what stays and is the same for all PEs of a map; offsets of single words add up by the signs of a kernel,
        so maps differ. All in tap products; limit may be infinite.

    Raises ProgramError.
    """

    temporal: float = 0.0
    fixed: float = 0.0
    gain: float = 1.0
    offset: float = 0.0
    limit: float = float("inf")
    common: float = 0.0

    def __post_init__(self) -> None:
        for name in ("temporal", "fixed", "gain", "offset", "limit", "common"):
            value = getattr(self, name)
            number = value
            if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 1000:
                number = float(value)
            if not isinstance(number, (float, np.integer, np.floating)) or np.isnan(number):
                raise ProgramError(f"{name} must be a number, in tap products, got {value!r:.60}")
            if not np.isfinite(number) and name != "limit":
                raise ProgramError(f"{name} must be a finite number, in tap products, got {value!r:.60}")
            if name in ("temporal", "fixed", "common") and value < 0:
                raise ProgramError(f"{name} must be at least 0 (a standard deviation), got {value:g}")
            object.__setattr__(self, name, float(value))
        if self.limit <= 0:
            raise ProgramError(f"limit must be the largest magnitude of a sum, above 0, got {self.limit:g}")


@dataclass(frozen=True)
class StageErrors:
    """Errors of the sums that are compared or read out.

    cnn: of the convolutions, in every layer.
    forget: of the sum that gives f.
    output: of o.
    pooled: the errors of cnn are added to the pooled maps, as the authors did, and not to each sum before pooling,
        where the array has them.
    compiled: thresholds lie where the macropixel mapping puts them, in the middle between two sums that occur, and not
        where they were learned; without errors both give the same bits.
    name: where the numbers come from.
    measured: what they were measured on, see `measurement.origin`; empty if they were not.
    """

    cnn: Stage = field(default_factory=Stage)
    forget: Stage = field(default_factory=Stage)
    output: Stage = field(default_factory=Stage)
    pooled: bool = False
    compiled: bool = False
    name: str = "none"
    measured: str = ""

    def __post_init__(self) -> None:
        for stage in STAGES:
            if not isinstance(getattr(self, stage), Stage):
                raise ProgramError(f"{stage} must be a Stage, got {getattr(self, stage)!r:.60}")
        for flag in ("pooled", "compiled"):
            if not isinstance(getattr(self, flag), bool):
                raise ProgramError(f"{flag} must be true or false, got {getattr(self, flag)!r:.60}")
        for text in ("name", "measured"):
            if not isinstance(getattr(self, text), str):
                raise ProgramError(f"{text} must be text, got {getattr(self, text)!r:.60}")

    @classmethod
    def none(cls) -> StageErrors:
        """Exact sums."""
        return cls()

    @classmethod
    def authors(cls) -> StageErrors:
        """Gaussian noise of 0.6, 0.6 and 1.0 on pooled maps, forget sum and output: what the authors trained with.

        Source: their public model; `golden.TRAINING_NOISE`.
        """
        cnn, forget, output = (Stage(temporal=sd) for sd in golden.TRAINING_NOISE)
        return cls(cnn, forget, output, pooled=True, name="authors")

    @property
    def any(self) -> bool:
        """Whether there is any error at all."""
        return any(getattr(self, stage) != Stage() for stage in STAGES)

    def scaled(self, factor: float) -> StageErrors:
        """The same with noise and fixed pattern so many times as large."""
        stages = {
            name: replace(s, temporal=s.temporal * factor, fixed=s.fixed * factor, common=s.common * factor)
            for name, s in ((name, getattr(self, name)) for name in STAGES)
        }
        return replace(self, **stages, name=f"{self.name} x {factor:g}", measured="")

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON; an infinite limit is None."""
        record = asdict(self)
        for stage in STAGES:
            if record[stage]["limit"] == float("inf"):
                record[stage]["limit"] = None
        return record

    @classmethod
    def from_dict(cls, record: Any) -> StageErrors:
        """The inverse of `as_dict`; what is left out has its default. Raises ProgramError."""
        known = (*STAGES, "pooled", "compiled", "name", "measured")
        _check_keys("stage errors", record, known)
        stages = {}
        for stage in STAGES:
            numbers = record.get(stage, {})
            _check_keys(stage, numbers, tuple(Stage.__dataclass_fields__))
            stages[stage] = Stage(**{k: v for k, v in numbers.items() if v is not None})
        cnn, forget, output = stages.values()
        return cls(cnn, forget, output, **{k: record[k] for k in known if k in record and k not in STAGES})

    def save(self, path: str | Path) -> None:
        """Write them as JSON, for `load_errors`. Raises ScampError if that cannot be."""
        from scamp_sim.files import write_text

        write_text(path, json.dumps(self.as_dict(), indent=1) + "\n", "stage errors")

    def text(self) -> str:
        """A table, a row a stage."""
        lines = [f"errors of a sum, {self.name}, in tap products", ""]
        lines.append("stage    temporal sd  fixed sd  common sd    gain  offset   limit")
        for stage in STAGES:
            s: Stage = getattr(self, stage)
            limit = "-" if s.limit == float("inf") else f"{s.limit:.1f}"
            spreads = f"{s.temporal:>11.3f} {s.fixed:>9.3f} {s.common:>10.3f}"
            lines.append(f"{stage:<8} {spreads} {s.gain:>7.3f} {s.offset:>7.3f} {limit:>7}")
        where = "on pooled maps" if self.pooled else "on every sum before pooling"
        return "\n".join([*lines, "", f"cnn: {where}"]) + "\n"


def _check_keys(what: str, record: Any, known: tuple[str, ...]) -> None:
    if not isinstance(record, Mapping):
        raise ProgramError(f"{what}: expected names with values, {', '.join(known)}, not {record!r:.60}")
    for key in record:
        if key not in known:
            near = isa.did_you_mean(str(key), known)
            raise ProgramError(f"{what}: unknown '{short(str(key), 60)}'{near}; there are {', '.join(known)}")


def load_errors(
    source: str | StageErrors, weights: Weights | None = None, mapping: str = "macropixel", front_end: bool = False
) -> StageErrors:
    """Stage errors by name: "none", "authors", a JSON file as `save` writes it, or a profile of analog errors, as
    `Machine` takes it (scamp5, scamp5:write_noise=0.5, its file), which is measured with `weights` (random ones unless
    given), under `mapping` and with a front end or without. Raises ProgramError."""
    from scamp_sim.systems.pixelrnn.train.measurement import measure

    found = known_errors(source)
    return measure(weights, str(source), mapping, front_end=front_end) if found is None else found


def known_errors(source: str | StageErrors) -> StageErrors | None:
    """Stage errors by name as `load_errors` has them, if they need no measurement; None for a profile, which is looked
    at. Raises ProgramError."""
    if isinstance(source, StageErrors):
        return source
    if source in NAMES:
        return StageErrors.authors() if source == "authors" else StageErrors.none()
    base = source.partition(":")[0] if "=" in source else source
    path = Path(base)
    if path.suffix == ".json" or (is_there(path) and path.is_file()):
        record = read_json(path, "noise", ProgramError)
        if not (isinstance(record, Mapping) and "knobs" in record):
            try:
                return StageErrors.from_dict(record)
            except ProgramError as e:
                raise ProgramError(f"noise {source}: {e}") from None
    elif base not in (profiles := tuple(profile_names())):
        known = (*NAMES, *profiles)
        raise OptionError(
            f"unknown noise '{base}'{isa.did_you_mean(base, known)}; there are {', '.join(known)}, or FILE.json"
        )
    parse_profile(source)
    return None


__all__ = ["NAMES", "STAGES", "Stage", "StageErrors", "known_errors", "load_errors"]
