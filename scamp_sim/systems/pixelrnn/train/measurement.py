"""The errors of the stages as they are: the compiled kernel on emulated chips, beside exact sums.

errors = measure(weights, profile="scamp5", chips=2)
errors.save("scamp5.json")

Everything is in units of one tap product, as in the golden model. No torch is needed here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import integer
from scamp_sim.exceptions import ProgramError
from scamp_sim.study import chips as kinds
from scamp_sim.study.results_store import digest
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.params import GATES, Weights
from scamp_sim.systems.pixelrnn.study import make_encoder
from scamp_sim.systems.pixelrnn.train.noise import STAGES, Stage, StageErrors

if TYPE_CHECKING:
    from scamp_sim.kernels.pixelrnn.macropixel import MacropixelMapping

MAPPINGS = ("macropixel", "macropixel:raw")
"""Whose sums can be looked at."""

CHIPS, FRAMES = 2, 32
"""Chips that are measured, and frames on each, by default."""


def measure(
    weights: Weights | None = None,
    profile: str = "scamp5",
    mapping: str = "macropixel",
    *,
    front_end: bool = False,
    chips: int = CHIPS,
    frames: int = FRAMES,
    seed: int = 0,
    advance: Callable[[], None] = lambda: None,
) -> StageErrors:
    """Errors of the stages of the compiled kernel, from runs on emulated chips.

    weights: of one layer; random ones unless given.
    profile: analog errors, as `Machine` takes them.
    mapping: "macropixel" or "macropixel:raw".
    front_end: whether the array scales the frames.
    chips: how many, numbers 0, 1, ..
    frames: on each, half of them random bits, half synthetic gestures, whose even areas give large sums; a multiple of
        16.
    seed: of frames and noise.
    advance: called after each frame. `forget` and `output` are compared with exact sums of what the array itself had
        before them, maps and state, so errors do not pass from stage to stage. `cnn` is compared with those of the
        frame that was meant: bits that flip when the array binarises it are errors of `cnn`, for a network in training
        has no other place for them. Unless it is raw, the mapping is calibrated for the profile, as it is in use.

    Raises ProgramError.
    """
    if weights is None:
        weights = Weights.random(1)
    if mapping not in MAPPINGS or weights.layers != 1:
        raise ProgramError(
            f"mapping '{mapping}', {weights.layers} layers: errors are measured on the macropixel mapping, one layer; "
            "leave the mapping out, or take weights with one layer"
        )
    for name, value, low in (("chips", chips, 1), ("frames", frames, golden.FRAMES), ("seed", seed, 0)):
        integer(name, value, low)
    if frames % golden.FRAMES:
        raise ProgramError(f"frames must be a multiple of {golden.FRAMES}, the frames of a clip, got {frames}")
    pictures = _frames(frames, seed)
    found: dict[str, list[Stage]] = {stage: [] for stage in STAGES}
    for chip in range(chips):
        encoder = make_encoder(weights, mapping, profile, seed, chip=chip, front_end=front_end)
        samples = _look(encoder, pictures, advance)
        for stage in STAGES:
            found[stage].append(_fit(*samples[stage], maps=golden.MAPS if stage == "cnn" else 1))
    stages = {stage: _together(fits) for stage, fits in found.items()}
    cnn, forget, output = stages.values()
    measured = origin(profile, weights, mapping, front_end=front_end, chips=chips, frames=frames, seed=seed)
    name = f"{profile}, {mapping}{' with its front end' if front_end else ''}, measured"
    return StageErrors(cnn, forget, output, compiled=True, name=name, measured=measured)


def origin(
    profile: str = "scamp5",
    weights: Weights | None = None,
    mapping: str = "macropixel",
    *,
    front_end: bool = False,
    chips: int = CHIPS,
    frames: int = FRAMES,
    seed: int = 0,
) -> str:
    """What tells a measurement from others, as a digest: all that `measure` depends on, the profile's knobs and not its
    name. Raises ProgramError."""
    weights = weights or Weights.random(1)
    learned = [weights.cnn, *(getattr(weights, gate) for gate in GATES), np.array([*weights.theta1, weights.theta_r])]
    return digest(
        [json.dumps(kinds.key(kinds.portable(profile))), *learned, mapping, f"{front_end} {chips} {frames} {seed}"]
    )[:16]


def _frames(count: int, seed: int) -> npt.NDArray[np.bool_]:
    from scamp_sim.systems.pixelrnn.data import gestures

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
    from scamp_sim.kernels.pixelrnn.macropixel import cut, halves, pooled_halves

    network: MacropixelMapping = encoder.mapping
    machine, weights = encoder.machine, encoder.weights
    kernels, theta1 = weights.layer(0)
    unit, gate_unit = network.options.unit, network.options.gate_unit
    level1, level_r = pooled_halves(theta1) / 2, halves(weights.theta_r, 2) / 2
    if network.calibration is None:  # the converter's whole LSB that are nearest
        level1, level_r = network.map_level / unit, network.sum_level / gate_unit
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
                array["cnn"].append(golden.untile(network.compared("pool", machine) / unit + level1))
            elif step.title == "update":
                array["forget"].append(network.compared("update", machine) / gate_unit + level_r)
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


__all__ = ["measure", "origin"]
