"""What an array does to the sums of PixelRNN: the errors of its three stages, and how they are measured.

errors = StageErrors.authors()                            # what the authors trained with
errors = measure(weights, profile="scamp5", chips=2)      # what the compiled kernel does on emulated chips
errors.save("scamp5.json")

Everything is in units of one tap product, as in the golden model. No torch is needed here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kernels.pixelrnn import golden
from scamp_sim import isa
from scamp_sim.errors import profile_names
from scamp_sim.exceptions import ProgramError

if TYPE_CHECKING:
    from kernels.pixelrnn.macropixel import MacropixelMapping
    from kernels.pixelrnn.weights import Weights

STAGES = ("cnn", "forget", "output")
NAMES = ("none", "authors")
"""Errors that are known without a measurement."""


@dataclass(frozen=True)
class Stage:
    """What becomes of a sum: gain * sum + offset + fixed pattern + noise, no larger than `limit` in magnitude.

    temporal: standard deviation of what changes from frame to frame. fixed: of what stays, per PE and chip. common: of
    what stays and is the same for all PEs of a map; offsets of single words add up by the signs of a kernel, so maps
    differ. All in tap products; limit may be infinite. Raises ProgramError.
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
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or np.isnan(value):
                raise ProgramError(f"{name} is {value!r}; it is a number, in tap products")
            if not np.isfinite(value) and name != "limit":
                raise ProgramError(f"{name} is {value}; it is a finite number, in tap products")
            if name in ("temporal", "fixed", "common") and value < 0:
                raise ProgramError(f"{name} is {value:g}; a standard deviation is not negative")
            object.__setattr__(self, name, float(value))
        if self.limit <= 0:
            raise ProgramError(f"limit is {self.limit:g}; it is the largest magnitude of a sum, above 0")


@dataclass(frozen=True)
class StageErrors:
    """Errors of the sums that are compared or read out.

    cnn: of the convolutions, in every layer; forget: of the sum that gives f; output: of o. pooled: the errors of cnn
    are added to the pooled maps, as the authors did, and not to each sum before pooling, where the array has them.
    compiled: thresholds lie where the macropixel mapping puts them, in the middle between two sums that occur, and not
    where they were learned; without errors both give the same bits. name: where the numbers come from.
    """

    cnn: Stage = field(default_factory=Stage)
    forget: Stage = field(default_factory=Stage)
    output: Stage = field(default_factory=Stage)
    pooled: bool = False
    compiled: bool = False
    name: str = "none"

    def __post_init__(self) -> None:
        for stage in STAGES:
            if not isinstance(getattr(self, stage), Stage):
                raise ProgramError(f"{stage} is {getattr(self, stage)!r}; it is a Stage")
        for flag in ("pooled", "compiled"):
            if not isinstance(getattr(self, flag), bool):
                raise ProgramError(f"{flag} is {getattr(self, flag)!r}; it is true or false")

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
        return replace(self, **stages, name=f"{self.name} x {factor:g}")

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
        known = (*STAGES, "pooled", "compiled", "name")
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
            raise ProgramError(
                f"{what}: unknown '{key}'{isa.did_you_mean(str(key), known)}; there are {', '.join(known)}"
            )


def load_errors(source: str | StageErrors, weights: Weights | None = None) -> StageErrors:
    """Stage errors by name: "none", "authors", a JSON file as `save` writes it, or a profile of analog errors, as
    `Machine` takes it (scamp5, scamp5:write_noise=0.5, its file), which is measured with `weights` (random ones unless
    given). Raises ProgramError."""
    if isinstance(source, StageErrors):
        return source
    if source in NAMES:
        return StageErrors.authors() if source == "authors" else StageErrors.none()
    base = source.partition(":")[0] if "=" in source else source
    path = Path(base)
    if path.suffix == ".json" or path.is_file():
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ProgramError(f"noise {source}: no such file") from None
        except (OSError, ValueError) as e:
            raise ProgramError(f"noise {source}: cannot be read as JSON: {e}") from None
        if isinstance(record, Mapping) and "knobs" in record:
            return measure(weights, profile=source)
        try:
            return StageErrors.from_dict(record)
        except ProgramError as e:
            raise ProgramError(f"noise {source}: {e}") from None
    profiles = tuple(profile_names())
    if base not in profiles:
        known = (*NAMES, *profiles)
        raise ProgramError(
            f"unknown noise '{base}'{isa.did_you_mean(base, known)}; there are {', '.join(known)}, or FILE.json"
        )
    return measure(weights, profile=source)


# --- measurement ------------------------------------------------------------------------------------------------


def measure(
    weights: Weights | None = None,
    profile: str = "scamp5",
    mapping: str = "macropixel",
    *,
    chips: int = 2,
    frames: int = 32,
    seed: int = 0,
    advance: Callable[[], None] = lambda: None,
) -> StageErrors:
    """Errors of the stages of the compiled kernel, from runs on emulated chips.

    weights: of one layer; random ones unless given. profile: analog errors, as `Machine` takes them. chips: how many,
    numbers 0, 1, .. ; frames: on each, half of them random bits, half drawn gestures, whose even areas give large
    sums; a multiple of 16. seed: of frames and noise. advance: called after each frame.
    Every stage is compared with exact sums of what the array itself had before it, bits and state, so errors do not
    pass from stage to stage. The mapping is calibrated for the profile, as it is in use. Raises ProgramError.
    """
    from kernels.pixelrnn.encoder import Encoder
    from kernels.pixelrnn.weights import Weights as Network

    if weights is None:
        weights = Network.random(1)
    if mapping != "macropixel" or weights.layers != 1:
        raise ProgramError(
            f"mapping '{mapping}', {weights.layers} layers: errors are measured on the macropixel mapping, one layer; "
            "leave the mapping out, or take weights with one layer"
        )
    for name, value, least in (("chips", chips, 1), ("frames", frames, golden.FRAMES), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ProgramError(f"{name} is {value!r}; it is a whole number from {least} up")
    if frames % golden.FRAMES:
        raise ProgramError(f"frames is {frames}; it is a multiple of {golden.FRAMES}, the frames of a clip")
    pictures = _frames(frames, seed)
    found: dict[str, list[Stage]] = {stage: [] for stage in STAGES}
    for chip in range(chips):
        encoder = Encoder(weights, mapping, errors=profile, chip=chip, seed=seed)
        samples = _look(encoder, pictures, advance)
        for stage in STAGES:
            found[stage].append(_fit(*samples[stage], maps=golden.MAPS if stage == "cnn" else 1))
    stages = {stage: _together(fits) for stage, fits in found.items()}
    cnn, forget, output = stages.values()
    return StageErrors(cnn, forget, output, compiled=True, name=f"{profile}, {mapping}, measured")


def _frames(count: int, seed: int) -> npt.NDArray[np.bool_]:
    from kernels.pixelrnn import gestures

    stream = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, 7])))
    random = stream.integers(0, 2, (count, golden.SIDE, golden.SIDE)).astype(bool)
    clips = count // golden.FRAMES
    drawn = np.concatenate([gestures.clip(n, seed)[0] for n in range(clips)]) > golden.INPUT_LEVEL
    random[1::2] = drawn[1::2]
    return random


Pairs = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def _look(encoder: Any, pictures: npt.NDArray[np.bool_], advance: Callable[[], None]) -> dict[str, Pairs]:
    """Stage -> exact sums and those of the array, (frames, PEs) each, in tap products.

    Of what is compared the array's sum is that which the comparator sees, the constant included, and from there counted
    from the middle between two sums that occur: where a calibration has moved the level, nothing of that is left over.
    """
    from kernels.pixelrnn.macropixel import cut, halves, pooled_halves

    network: MacropixelMapping = encoder.mapping
    machine, weights = encoder.machine, encoder.weights
    kernels, theta1 = weights.layer(0)
    level1, level_r = pooled_halves(theta1) / 2, halves(weights.theta_r, 2) / 2
    if network.calibration is None:  # the converter's whole LSB that are nearest
        level1, level_r = network.map_level / network.unit, network.sum_level / network.gate_unit
    # each launch by itself, under the name of its kernel; o is read in every frame
    programs = {
        first: [s for p in network.programs(start=int(first), read=1) for s in cut(p, {k: k for k in p.kernels})]
        for first in (True, False)
    }
    exact: dict[str, list[Any]] = {stage: [] for stage in STAGES}
    array: dict[str, list[Any]] = {stage: [] for stage in STAGES}
    state = np.ones((golden.SIDE, golden.SIDE), bool)
    for number, frame in enumerate(pictures):
        first = number % golden.FRAMES == 0
        if first:
            state = np.ones_like(state)
        machine.expose(network.picture(frame))
        outputs: dict[str, Any] = {}
        for step in programs[first]:
            outputs |= machine.run(step.program, step.inputs, registers=False).outputs
            if step.title == "pool":
                seen = (machine.read("C") + machine.read("IN")) / network.unit + level1
                array["cnn"].append(golden.untile(seen))
            elif step.title == "update":
                seen = machine.read("NEWS") + machine.read("E") + machine.read("IN")
                array["forget"].append(seen[1::4, 1::4] / network.gate_unit + level_r)
        array["output"].append(network.output(outputs))
        b, _, h = network.look(machine)
        exact["cnn"].append(golden.convolve(frame, kernels))
        f, o = golden.sums(golden.gates(b, state, weights))
        exact["forget"].append(f)
        exact["output"].append(o)
        state = h.copy()
        advance()
    return {
        stage: (
            np.stack(exact[stage]).reshape(len(pictures), -1).astype(np.float32),
            np.stack(array[stage]).reshape(len(pictures), -1).astype(np.float32),
        )
        for stage in STAGES
    }


def _fit(exact: npt.NDArray[np.float32], array: npt.NDArray[np.float32], maps: int = 1) -> Stage:
    """A line through the sums that are not cut off, and what is left: common to a map, constant per PE, or changing.

    exact, array: (frames, PEs); PEs of a map lie side by side.
    """
    limit, slope = _limit(exact, array)
    inside = np.abs(exact) < (0.95 * limit / max(abs(slope), 1e-3))
    x, y = exact[inside].astype(float), array[inside].astype(float)
    spread = x.var()
    gain = float(((x - x.mean()) * (y - y.mean())).mean() / spread) if spread else 1.0
    offset = float(y.mean() - gain * x.mean())
    rest = np.where(inside, array - gain * exact - offset, 0.0)
    counts = np.maximum(inside.sum(axis=0), 1)
    often = inside.sum(axis=0) > 2
    means = rest.sum(axis=0) / counts
    changing = np.where(inside & often, rest - means, 0.0)
    temporal = float((changing**2).sum() / max((counts - 1)[often].sum(), 1))
    levels = np.array(
        [m[o].mean() if o.any() else 0.0 for m, o in zip(_by_map(means, maps), _by_map(often, maps), strict=True)]
    )
    own = (means - np.repeat(levels, means.size // maps))[often]
    # the mean of n frames keeps an n-th of the changing part
    fixed = max(float((own**2).mean()) - temporal * float((1 / counts[often]).mean()), 0.0) if own.size else 0.0
    common = float(levels.std()) if maps > 1 else 0.0
    return Stage(_tidy(temporal**0.5), _tidy(fixed**0.5), gain, offset, limit, _tidy(common))


def _by_map(values: npt.NDArray[Any], maps: int) -> npt.NDArray[Any]:
    return values.reshape(maps, -1)


def _tidy(value: float) -> float:
    """Rounding of float32 is no error of the array."""
    return value if value > 1e-4 else 0.0


def _limit(exact: npt.NDArray[np.float32], array: npt.NDArray[np.float32]) -> tuple[float, float]:
    """The magnitude at which sums are cut off, and the slope of small ones.

    Cut off is where the mean falls short of the line through the small sums by more than one tap product and a tenth.
    The limit is infinite if there is no such sum, or if the small ones fall short themselves: that is no saturation.
    """
    small = np.abs(exact) <= 6
    x, y = exact[small].astype(float), array[small].astype(float)
    spread = x.var()
    slope = float(((x - x.mean()) * (y - y.mean())).mean() / spread) if spread else 1.0
    level = np.abs(np.rint(exact)).astype(int).ravel()
    along = (np.sign(exact) * array).ravel() * (1 if slope >= 0 else -1)
    counts = np.bincount(level)
    means = np.bincount(level, along) / np.maximum(counts, 1)
    size = abs(slope)
    short = [n for n in range(len(counts)) if counts[n] >= 20 and size * n - means[n] > size * (1 + 0.1 * n)]
    limit = max((float(means[n]) for n in short), default=float("inf"))
    return (limit if min(short, default=0) > 6 and limit > 6 * size else float("inf")), slope


def _together(stages: list[Stage]) -> Stage:
    """Mean over chips; of standard deviations the root of the mean square, and of limits the smallest."""

    def square(name: str) -> float:
        return float(np.sqrt(np.mean([getattr(s, name) ** 2 for s in stages])))

    gain, offset = (float(np.mean([getattr(s, name) for s in stages])) for name in ("gain", "offset"))
    limit = min(s.limit for s in stages)
    return Stage(square("temporal"), square("fixed"), gain, offset, limit, square("common"))


__all__ = ["NAMES", "STAGES", "Stage", "StageErrors", "load_errors", "measure"]
