"""Moving hands, drawn: nine gesture classes for everyone who has no recorded clips.

frames, label = clip("spread/leftward", seed=1)        # (16, 64, 64) uint8, 3
clips, labels = dataset(10, seed=1)                     # (90, 16, 64, 64), (90,)

Three hand shapes times three motions, as in the Cambridge set: flat hand, spread fingers, V; to the left, to the right,
contracting (flat: to a fist; spread and V: the fingers close). What varies from clip to clip: place, size, turn,
proportions, speed and start of the motion, direction and strength of the light, cast shadow, background, skin, noise.
The hand is synthetic. Accuracy on it says how well a network tells these drawings apart, nothing about cameras.

Geometry is in hand lengths and in parts of the picture's side, so one index shows the same scene at every size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.checks import integer
from scamp_sim.exceptions import ProgramError

SHAPES = ("flat", "spread", "v")
MOTIONS = ("leftward", "rightward", "contract")
CLASSES = tuple(f"{shape}/{motion}" for shape in SHAPES for motion in MOTIONS)
"""Names in the order of the labels: label = 3 * shape + motion."""

FRAMES = 16
SIZES = (64, 256)

Floats = npt.NDArray[np.floating[Any]]


def clip(index_or_class: int | str, seed: int = 0, size: int = 64) -> tuple[npt.NDArray[np.uint8], int]:
    """One clip, (16, size, size) uint8 grey, and its label.

    index_or_class: an index from 0 up, whose label is index mod 9, or one of CLASSES, which stands for the first clip
        of its class. The clip depends on seed and index only, whatever was drawn before.
    size: 64 or 256.

    Raises ProgramError.
    """
    index = _index(index_or_class)
    integer("seed", seed)
    if not np.isscalar(size) or size not in SIZES:
        raise ProgramError(f"size is {size!r:.60}; clips are drawn at 64 or at 256 pixels a side")
    scene_stream, noise_stream = (
        np.random.Generator(np.random.Philox(s)) for s in np.random.SeedSequence([seed, index]).spawn(2)
    )
    label = index % len(CLASSES)
    scene = _scene(scene_stream)
    background = _background(scene, size)
    frames = np.empty((FRAMES, size, size), np.uint8)
    for t in range(FRAMES):
        picture = _draw(scene, _pose(scene, label, t), background, size)
        picture += scene.noise * noise_stream.standard_normal((size, size), np.float32)
        frames[t] = np.clip(np.rint(picture), 0, 255)
    return frames, label


def dataset(n_per_class: int, seed: int = 0, size: int = 64) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Clips 0 .. 9 n - 1 as (9 n, 16, size, size) uint8, and their labels (9 n,) int64: 0, 1, .. 8, 0, 1, ..

    Other clips of the same kind, to test on, come from another seed. Raises ProgramError.
    """
    integer("n_per_class", n_per_class, low=1)
    drawn = [clip(i, seed, size) for i in range(n_per_class * len(CLASSES))]
    return np.stack([frames for frames, _ in drawn]), np.array([label for _, label in drawn], np.int64)


def _index(index_or_class: int | str) -> int:
    if isinstance(index_or_class, str):
        if index_or_class not in CLASSES:
            from scamp_sim.chip.isa import did_you_mean

            near = did_you_mean(index_or_class, CLASSES) or "; there are " + ", ".join(CLASSES)
            raise ProgramError(f"there is no gesture '{index_or_class}'{near}")
        return CLASSES.index(index_or_class)
    return integer("index_or_class", index_or_class)


# --- what is drawn ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Scene:
    """What stays the same for all frames of a clip. Lengths in parts of the picture, angles in radians."""

    scale: float  # from wrist to knuckles
    wrist: tuple[float, float]  # x to the right, y down, at the start
    tilt: float
    lengths: npt.NDArray[np.float64]  # five fingers, from the little one to the thumb, in units of scale
    width: float
    fan: float  # how far fingers spread, about 1
    jitter: npt.NDArray[np.float64]  # of each finger's direction
    start: float  # when the motion starts and how long it takes, in frames
    duration: float
    sweep: float  # how far it goes
    drift: float
    light: tuple[float, float]  # direction from which it comes
    contrast: float
    skin: float
    ground: float
    gradient: float
    shadow: float
    noise: float
    waves: npt.NDArray[np.float64]  # texture: frequencies and phases


def _scene(g: np.random.Generator) -> _Scene:
    angle = g.uniform(0, 2 * np.pi)
    return _Scene(
        scale=g.uniform(0.32, 0.42),
        wrist=(g.uniform(0.44, 0.54), g.uniform(0.86, 0.98)),
        tilt=g.normal(0, 0.06),
        lengths=np.array([0.72, 0.92, 1.0, 0.90, 0.72]) * g.normal(1, 0.04) * g.normal(1, 0.03, 5),
        width=g.uniform(0.92, 1.12),
        fan=g.uniform(0.85, 1.2),
        jitter=g.normal(0, 0.025, 5),
        start=g.uniform(0, 3.5),
        duration=g.uniform(8, 13),
        sweep=g.uniform(0.8, 1.2),
        drift=g.normal(0, 0.02),
        light=(float(np.cos(angle)), float(np.sin(angle))),
        contrast=g.uniform(0.12, 0.35),
        skin=g.uniform(175, 225),
        ground=g.uniform(45, 80),
        gradient=g.uniform(5, 42),
        shadow=g.uniform(0.15, 0.45),
        noise=g.uniform(1.5, 4),
        waves=np.stack([g.normal(0, 1, 12), g.normal(0, 1, 12), g.uniform(0, 2 * np.pi, 12)]),
    )


@dataclass(frozen=True)
class _Pose:
    """The hand in one frame: wrist, turn (0 upright, positive to the right), and each finger's direction and length."""

    wrist: tuple[float, float]
    turn: float
    directions: npt.NDArray[np.float64]
    lengths: npt.NDArray[np.float64]


_CLOSED = np.array([-0.07, -0.03, 0.01, 0.05, 0.62])
_SPREAD = np.array([-0.38, -0.14, 0.08, 0.32, 0.95])
_V = np.array([-0.05, -0.02, -0.20, 0.24, -0.55])
_V_CLOSED = np.array([-0.05, -0.02, 0.0, 0.06, -0.55])
_CURLED = 0.16  # what is left of a finger that is curled, seen from the back of the hand


def _pose(scene: _Scene, label: int, t: int) -> _Pose:
    shape, motion = SHAPES[label // 3], MOTIONS[label % 3]
    raw = float(np.clip((t - scene.start) / scene.duration, 0, 1))
    progress = raw * raw * (3 - 2 * raw)
    lengths = scene.lengths.copy()
    end = {"flat": _CLOSED, "spread": _CLOSED, "v": _V_CLOSED}[shape]
    directions = {"flat": _CLOSED, "spread": _SPREAD * scene.fan, "v": _V * scene.fan}[shape]
    if shape == "v":
        lengths[[0, 1]] *= _CURLED
        lengths[4] *= 0.45
    x, y = scene.wrist
    turn = scene.tilt
    if motion == "contract":
        directions = directions + progress * (end - directions)
        y += 0.5 * scene.drift * progress
        if shape == "flat":
            lengths *= 1 + progress * (np.array([_CURLED] * 4 + [0.5]) - 1)
            directions[4] -= 1.1 * progress  # the thumb folds over
    else:
        # The forearm swings about the elbow, far below the picture, and the wrist bends the same way.
        way = -1 if motion == "leftward" else 1
        x += way * progress * 0.05 * scene.sweep
        y += scene.drift * progress
        turn += way * progress * 0.52 * scene.sweep
    return _Pose((x, y), turn, directions + scene.jitter, lengths)


# --- how it is drawn --------------------------------------------------------------------------------------------


def _grid(size: int) -> tuple[Floats, Floats]:
    """x to the right and y down of the centre of every pixel, 0 .. 1."""
    line = ((np.arange(size) + 0.5) / size).astype(np.float32)
    return line[None, :], line[:, None]


def _texture(scene: _Scene, x: Floats, y: Floats, first: int, last: int, frequency: float) -> Floats:
    """A sum of a few waves, about -1 .. 1."""
    total = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
    for fx, fy, phase in scene.waves[:, first:last].T.astype(np.float32):
        total += np.sin(np.float32(2 * np.pi * frequency) * (fx * x + fy * y) + phase)
    return total * np.float32(0.6 / np.sqrt(last - first))


def _background(scene: _Scene, size: int) -> Floats:
    x, y = _grid(size)
    lit = scene.light[0] * (x - 0.5) + scene.light[1] * (y - 0.5)
    coarse = _texture(scene, x, y, 0, 4, 1.0)
    fine = _texture(scene, x, y, 4, 8, 9.0)
    return np.float32(scene.ground) + np.float32(2 * scene.gradient) * lit + 4 * coarse + 2 * fine


@dataclass(frozen=True)
class _Part:
    """A rounded bar from one point to another, thick at the first end and thinner or thicker at the other."""

    start: tuple[float, float]
    end: tuple[float, float]
    radius: tuple[float, float]
    relief: float  # how round it looks: 0 flat
    creases: bool = False


def _parts(scene: _Scene, pose: _Pose) -> list[_Part]:
    """The hand from back to front, in parts of the picture."""
    s, wide = scene.scale, scene.width
    c, n = float(np.cos(pose.turn)), float(np.sin(pose.turn))

    def at(across: float, along: float) -> tuple[float, float]:
        # Hand coordinates: along from the wrist to the knuckles, across towards the thumb.
        return pose.wrist[0] + s * (c * across + n * along), pose.wrist[1] + s * (n * across - c * along)

    forearm = _Part(at(0.0, 0.05), at(-0.35 * n, -1.6), (0.34 * wide * s, 0.42 * wide * s), 0.5)
    palm = [
        _Part(at(-0.14 * wide, 0.18), at(-0.20 * wide, 0.74), (0.29 * wide * s, 0.28 * wide * s), 0.25),
        _Part(at(0.14 * wide, 0.18), at(0.20 * wide, 0.74), (0.29 * wide * s, 0.28 * wide * s), 0.25),
        _Part(at(0, 0.30), at(0, 0.80), (0.34 * wide * s, 0.30 * wide * s), 0.05),
    ]
    roots = [(-0.36, 0.78), (-0.13, 0.88), (0.11, 0.90), (0.35, 0.82)]
    fingers = []
    for k, (across, along) in enumerate(roots):
        length, angle = pose.lengths[k], pose.directions[k]
        root = at(across * wide, along - 0.04)
        tip = at(across * wide + length * np.sin(angle), along + length * np.cos(angle))
        radius = (0.132 if k else 0.115) * wide * s
        fingers.append(_Part(root, tip, (radius, 0.82 * radius), 0.8, creases=True))
    length, angle = pose.lengths[4], pose.directions[4]
    knuckle = (0.30 + 0.26 * np.sin(angle + 0.2), 0.34 + 0.26 * np.cos(angle))
    thumb = [
        _Part(at(0.28 * wide, 0.22), at(knuckle[0] * wide, knuckle[1]), (0.20 * wide * s, 0.145 * wide * s), 0.4),
        _Part(
            at(knuckle[0] * wide, knuckle[1]),
            at(
                knuckle[0] * wide + 0.62 * length * np.sin(angle - 0.1),
                knuckle[1] + 0.62 * length * np.cos(angle - 0.1),
            ),
            (0.14 * wide * s, 0.10 * wide * s),
            0.8,
        ),
    ]
    # A thumb that is folded lies over the palm; one that sticks out is joined below it.
    folded = angle < 0.2
    return [forearm, *palm, *fingers, *thumb] if folded else [forearm, *thumb, *palm, *fingers]


def _draw(scene: _Scene, pose: _Pose, background: Floats, size: int) -> Floats:
    parts = _parts(scene, pose)
    picture = background.copy()
    # The shadow falls away from the light: the hand once more, displaced, blurred by a wide edge.
    away = (-0.05 * scene.light[0], -0.05 * scene.light[1])
    veil = np.zeros((size, size), np.float32)
    for part in parts:
        at = _footprint(part, size, scene.light, 0.035, away)
        veil[at.window] = np.maximum(veil[at.window], at.inside)
    picture *= 1 - np.float32(scene.shadow) * veil

    x, y = _grid(size)
    lit = np.float32(scene.light[0]) * (x - 0.5) + np.float32(scene.light[1]) * (y - 0.5)
    skin = np.float32(scene.skin) * (1 + np.float32(0.5 * scene.contrast) * lit)
    # Texture that goes with the hand.
    c, n = np.float32(np.cos(pose.turn)), np.float32(np.sin(pose.turn))
    dx, dy = x - np.float32(pose.wrist[0]), y - np.float32(pose.wrist[1])
    skin = skin * (1 + np.float32(0.03) * _texture(scene, c * dx + n * dy, c * dy - n * dx, 8, 12, 12.0))
    for part in parts:
        at = _footprint(part, size, scene.light)
        # Round parts darken towards their edges, more on the side away from the light; near the root they melt into
        # what they grow from.
        melt = np.clip(3 * at.along - 0.25, 0, 1) if part.creases else np.float32(1)
        slope = np.float32(scene.contrast * at.facing) * at.across
        shade = 1 + np.float32(part.relief) * melt * (slope - np.float32(0.30) * at.rim**4)
        if part.creases:
            for joint in (0.45, 0.75):
                shade = shade - np.float32(0.09) * np.exp(-(((at.along - joint) / 0.03) ** 2))
        picture[at.window] += at.inside * (skin[at.window] * shade - picture[at.window])
    return picture


@dataclass(frozen=True)
class _Footprint:
    """Where a part is in the picture, and what each pixel of that window is to it."""

    window: tuple[slice, slice]
    along: Floats  # 0 at the first end .. 1 at the other
    across: Floats  # -1 .. 1 from one edge to the other
    rim: Floats  # 0 on the axis .. 1 at the edge, also around the ends
    inside: Floats  # the share of the pixel that is covered
    facing: float  # how far the side of positive `across` faces the light, -1 .. 1


def _footprint(
    part: _Part, size: int, light: tuple[float, float], blur: float = 0.0, away: tuple[float, float] = (0.0, 0.0)
) -> _Footprint:
    (x0, y0), (x1, y1) = ((p[0] + away[0], p[1] + away[1]) for p in (part.start, part.end))
    thick = max(part.radius) + blur + 1.5 / size
    low = [int(np.clip(np.floor((min(a, b) - thick) * size), 0, size)) for a, b in ((y0, y1), (x0, x1))]
    high = [int(np.clip(np.ceil((max(a, b) + thick) * size), 0, size)) for a, b in ((y0, y1), (x0, x1))]
    window = (slice(low[0], high[0]), slice(low[1], high[1]))
    gx, gy = _grid(size)
    x, y = gx[:, window[1]] - np.float32(x0), gy[window[0]] - np.float32(y0)
    length = max(float(np.hypot(x1 - x0, y1 - y0)), 1e-6)
    ux, uy = np.float32((x1 - x0) / length), np.float32((y1 - y0) / length)
    along = np.clip((x * ux + y * uy) / np.float32(length), np.float32(0), np.float32(1))
    sideways = y * ux - x * uy
    distance = np.hypot(x - along * np.float32(x1 - x0), y - along * np.float32(y1 - y0))
    radius = np.float32(part.radius[0]) + along * np.float32(part.radius[1] - part.radius[0])
    edge = np.float32(max(blur, 1.0 / size))
    inside = np.clip(np.float32(0.5) + (radius - distance) / edge, np.float32(0), np.float32(1))
    across, rim = np.clip(sideways / radius, np.float32(-1), np.float32(1)), np.minimum(distance / radius, 1)
    # Positive `across` is in the direction of (-uy, ux).
    return _Footprint(window, along, across, rim, inside, float(-uy * light[0] + ux * light[1]))


__all__ = ["CLASSES", "FRAMES", "MOTIONS", "SHAPES", "SIZES", "clip", "dataset"]
