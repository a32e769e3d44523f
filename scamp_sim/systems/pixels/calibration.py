"""What chips of a profile make of the sums on the array: gain, offset and noise of each channel.

Measured on other chips than the one that is run, so that it says what a designer can know of a kind of chip.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scamp_sim.kernels.macropixels import Mapping
from scamp_sim.silicon.setup import Errors
from scamp_sim.study import chips as kinds
from scamp_sim.systems.pixels.curve import Floats

if TYPE_CHECKING:
    from scamp_sim.kernels.densewalk import DenseMapping

CHIPS = (4_000_000_001, 4_000_000_002, 4_000_000_003)
"""Serials that are measured."""

SCENES = (0, 1)
"""Drawn pictures that they are shown."""

ENDS = 120.0
"""LSB beyond which a reading says little of gain and offset: cells compress, the converter ends."""


@dataclass(frozen=True, eq=False)
class Response:
    """Readings are gain * exact + offset, each (O,), with a residual of sd `noise`, referred to the exact sums, all in
    LSB."""

    gain: Floats
    offset: Floats
    noise: Floats

    @classmethod
    def exact(cls, channels: int) -> Response:
        """Of an array without errors."""
        return cls(np.ones(channels), np.zeros(channels), np.zeros(channels))


def free_of_errors(errors: Errors) -> bool:
    """Whether every chip is exact."""
    return kinds.is_ideal(kinds.portable(errors))


def response(mapping: Mapping | DenseMapping, errors: Errors, chips: tuple[int, ...] = CHIPS) -> Response:
    """Fit gain and offset of every channel over chips and drawn pictures. Raises ScampError."""
    from scamp_sim.kernels import p2m
    from scamp_sim.machine.machine import Machine
    from scamp_sim.systems.pixels.data.scenes import scene

    program = p2m.frame(mapping, activation=False) if isinstance(mapping, Mapping) else mapping.program()
    lights = [scene(seed, (256, 256), figure=True).mean(axis=2) for seed in SCENES]
    readings = []
    for chip in chips:
        machine = Machine(errors=kinds.portable(errors), chip=chip)
        for number, light in enumerate(lights):
            machine.renew(number)
            run = machine.run(program, inputs={"picture": 255.0 * light})
            if isinstance(mapping, Mapping):
                got = mapping.layout.gather(machine.read("D")).astype(np.float64)
            else:
                got = mapping.from_samples(list(run.outputs.values())).astype(np.float64) - 128
            readings.append((mapping.sums(light), got))
    exact, got = (np.concatenate([r[n].reshape(len(r[n]), -1) for r in readings], axis=1) for n in (0, 1))
    rows = [_fit(a, b) for a, b in zip(exact, got, strict=True)]
    gain, offset, noise = (np.array(column) for column in zip(*rows, strict=True))
    return Response(gain, offset, noise)


def _fit(exact: Floats, got: Floats) -> tuple[float, float, float]:
    """(gain, offset, residual sd) of one channel."""
    inside = np.abs(got) < ENDS
    a, b = exact[inside], got[inside]
    if len(a) < 8 or np.ptp(a) < 1:
        return 1.0, float(np.mean(got - exact)), float(np.std(got - exact))
    gain, offset = np.polyfit(a, b, 1)
    gain = float(np.clip(gain, 0.5, 1.5))
    return gain, float(offset), float((b - gain * a - offset).std() / gain)
