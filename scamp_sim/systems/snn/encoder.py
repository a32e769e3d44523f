"""The spiking front end as encoders: the golden layer, the circuit, and programs of the array."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from scamp_sim.exceptions import ScampError
from scamp_sim.study import chips as kinds
from scamp_sim.systems.base.cost import Cost, Part
from scamp_sim.systems.base.records import Array, Codes, Encoded, Frames, Hardware
from scamp_sim.systems.pixels.array import ArrayLayer, ArrayOptions, Integers
from scamp_sim.systems.pixels.calibration import Response
from scamp_sim.systems.pixels.config import SensorConfig
from scamp_sim.systems.pixels.costs import array_cost
from scamp_sim.systems.pixels.curve import Floats, digest_of, pixel_from
from scamp_sim.systems.pixels.inputs import frames_light
from scamp_sim.systems.pixels.params import LayerParams
from scamp_sim.systems.pixels.prices import price
from scamp_sim.systems.pixels.windows import window_sums
from scamp_sim.systems.snn.circuit import Variation, comparator, compare
from scamp_sim.systems.snn.costs import counts, sensing_ms
from scamp_sim.systems.snn.golden import Bits, membrane

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.machine.machine import Machine

Reset = Literal["subtract", "zero", "none"]
MOST_STEPS = 64


@dataclass(frozen=True)
class Steps:
    """Options of the golden model: time steps of the same picture, and the membrane between them.

    steps: 1 as published. leak: share of the membrane that stays. reset: what a spike does to it.
    """

    steps: int = 1
    leak: float = 1.0
    reset: Reset = "subtract"


@dataclass(frozen=True)
class CircuitOptions:
    """Options of the authors' sensor, which has one time step.

    pixel: "curve", "ideal" or a file; see `pixel_from`. comparator_offset, cds_noise: sd in the unit of the sums,
    chosen, not published.
    """

    pixel: str = "curve"
    comparator_offset: float = 0.0
    cds_noise: float = 0.0


@dataclass(frozen=True)
class SpikeArrayOptions(ArrayOptions):
    """Options of the macropixel mapping; with more than one step the membrane is in a register.

    leak: 1, 0.5 or 0.25. reset: "subtract", "zero" or "none".
    """

    steps: int = 1
    leak: float = 1.0
    reset: Reset = "subtract"


def check_steps(steps: int) -> int:
    """Raises ScampError unless steps are 1..64."""
    if not 1 <= steps <= MOST_STEPS:
        raise ScampError(f"expected 1..{MOST_STEPS} time steps, got {steps}")
    return steps


def config_of(params: LayerParams, takes: Frames) -> SensorConfig:
    """The sensor that these parameters and frames describe, one bit a value."""
    return SensorConfig(takes.rows, takes.columns, params.colours, params.kernel, params.stride, 0, params.channels, 1)


def sensor_cost(config: SensorConfig) -> Cost:
    """The authors' sensor. No delay and no energy of it is published: both are extrapolated from P2M's prices."""
    n = counts(config)
    parts = (
        Part(
            "sensing",
            "sense",
            us=sensing_ms(config) * 1e3,
            source="assumed",
            note="P2M's 40 us for both phases of an output row and channel; none is published",
        ),
        Part(
            "spikes",
            "readout",
            uj=price("snn.e_out") * n.compares * 1e-6,
            bytes=-(-n.bits // 8),
            source="inferred",
            note="22.5 pJ an output, what the published factor leaves of P2M's prices; not the paper's",
        ),
        Part("link", "link", uj=price("e_bit") * n.bits * 1e-6, source="inferred", note="75 pJ a bit, P2M's price"),
    )
    figures = {
        "bandwidth_reduction": config.bandwidth(),
        "phases": n.phases,
        "compares": n.compares,
        "bits": n.bits,
        "ramps": 0,
        "frames_per_second": 1e3 / sensing_ms(config),
        "width_sets": config.width_sets,
    }
    return Cost(1, parts, figures=figures)


class _OwnChip:
    """What golden model and circuit share."""

    steps = 1

    def __init__(self, params: LayerParams, takes: Frames) -> None:
        self.params, self.takes = params, takes
        self.config = config_of(params, takes)
        shape = (params.channels, self.config.out_rows, self.config.out_columns)
        self.gives = Codes(shape, 1, "spike")

    def cost(self) -> Cost:
        return sensor_cost(self.config)

    def programs(self) -> tuple[Program, ...]:
        return ()

    def light(self, clip: Array) -> Floats:
        planes: Floats = frames_light(clip, self.takes, self.params.colours)[0]
        return planes


class Golden(_OwnChip):
    """Product, batch norm, threshold; with more steps a membrane."""

    def __init__(self, params: LayerParams, takes: Frames, options: Steps) -> None:
        super().__init__(params, takes)
        self.options = options
        if check_steps(options.steps) > 1:
            self.gives = Codes((options.steps, *self.gives.shape), 1, "spike")

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        p, o = self.params, self.options
        up, down = window_sums(self.light(clip), p.weights, p.stride, "ideal")
        n = p.norm(up - down)
        level = p.level[:, None, None]
        if o.steps == 1:
            spikes = n >= level
        else:
            spikes = membrane(np.broadcast_to(n, (o.steps, *n.shape)), o.leak, level, o.reset)
        shown = o.steps == 1 and "potentials" in keep
        return Encoded(spikes, {"potentials": n} if shown else {})

    def depends_on(self) -> Mapping[str, str]:
        return {"weights": self.params.digest, "model": "golden", "options": repr(self.options)}


class Circuit(_OwnChip):
    """Pixels, phases, analog CDS, comparators."""

    def __init__(self, params: LayerParams, takes: Frames, options: CircuitOptions, hardware: Hardware) -> None:
        super().__init__(params, takes)
        self.options, self.chip = options, hardware.chip
        self.pixel = pixel_from(options.pixel)
        self.variation = Variation(options.comparator_offset, options.cds_noise)

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        p = self.params
        up, down = window_sums(self.light(clip), p.weights, p.stride, self.pixel)
        fused = comparator(p.norm, p.v_th, p.extremum)
        spikes = compare(up - down, fused, self.variation, self.chip, measurement)
        return Encoded(spikes, {"potentials": p.norm(up - down)} if "potentials" in keep else {})

    def depends_on(self) -> Mapping[str, str]:
        return {
            "weights": self.params.digest,
            "model": "circuit",
            "options": repr(self.options),
            "pixel": digest_of(self.pixel),
        }


class OnArray:
    """SCAMP-5 programs on macropixels: one compare against a threshold plane, spikes as one bit plane."""

    def __init__(self, params: LayerParams, options: SpikeArrayOptions, hardware: Hardware) -> None:
        self.params, self.options, self.hardware = params, options, hardware
        a, b, level = params.norm.scale, params.norm.shift, params.level
        self.size = np.where(a == 0, 1.0, np.abs(a))
        fires = np.where(b >= level, -1.0, 1.0)

        def constants(gain: float, steps: Floats, sums: Floats) -> Floats:
            return np.asarray(np.where(a == 0, fires, gain * (254 * (level - b) / (self.size * steps) - 127 * sums)))

        self.layer = ArrayLayer(params, options, constants)
        self.mapping = self.layer.tiles
        self.takes = Frames(1, 256, 256)
        side = self.mapping.layout.side
        shape: tuple[int, ...] = (params.channels, side, side)
        if check_steps(options.steps) > 1:
            shape = (options.steps, *shape)
            self._check_membrane()
        self.gives = Codes(shape, 1, "spike")

    def _check_membrane(self) -> None:
        """The membrane adds up sums alone: what even mid grey adds in each step must be less than half an LSB."""
        whole, steps = self.layer.whole
        a, b, gain = self.params.norm.scale, self.params.norm.shift, self.mapping.gain()
        added = gain * (254 * b / (self.size * steps) + 127 * whole.sum(axis=(1, 2)))
        if np.any(np.abs(added) >= 0.5) or np.any(a == 0):
            o = int(np.argmax(np.abs(added)))
            raise ScampError(
                f"channel {o} would add {added[o]:.1f} LSB to its membrane in every step, for which the array has no "
                "register left: steps above 1 take kernels whose weights add up to 0, and batch norms without shift"
            )

    @property
    def thresholds(self) -> Integers:
        """LSB that a result must be above, one a channel, rounded. What no result can reach stays out of reach."""
        r = self.response
        exact = r.gain * self.layer.exact_constants + r.offset
        if self.mapping.bound() <= 127:
            exact = np.clip(exact, -127, 128)
        return np.rint(exact).astype(np.int64)

    @cached_property
    def response(self) -> Response:
        """What this kind of chip makes of the sums."""
        return self.layer.response(self.hardware.errors)

    @cached_property
    def setup(self) -> Program:
        from scamp_sim.kernels import snn

        return snn.thresholds(self.mapping, self.thresholds.tolist(), membrane=self.options.steps > 1)

    @cached_property
    def frame(self) -> Program:
        from scamp_sim.kernels import snn

        o = self.options
        return snn.frame(self.mapping) if o.steps == 1 else snn.lif_step(self.mapping, leak=o.leak, reset=o.reset)

    @cached_property
    def machine(self) -> Machine:
        from scamp_sim.machine.machine import Machine

        h = self.hardware
        return Machine(errors=h.errors, chip=h.chip, engine=h.engine, timing=h.timing)

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        picture = 255.0 * frames_light(clip, self.takes, 1)[0, 0]
        self.machine.renew(measurement)
        self.machine.run(self.setup)
        gather = self.mapping.layout.gather
        found = []
        for _ in range(self.options.steps):
            run = self.machine.run(self.frame, inputs={"picture": picture})
            found.append(gather(run.outputs["spikes"]))
        stages: dict[str, Array] = {}
        if "potentials" in keep and self.options.steps == 1:
            r = self.response
            held = gather(self.machine.read("D")).astype(np.float64)
            lsb = (held - r.offset[:, None, None]) / r.gain[:, None, None]
            z = self.layer.sums_of(lsb)
            stages["potentials"] = self.params.norm(z)
        return Encoded(found[0] if self.options.steps == 1 else np.stack(found), stages)

    def model(self, clip: Array) -> Encoded:
        """What the array gives free of errors: whole weights and thresholds."""
        light = frames_light(clip, self.takes, 1)[0, 0]
        lsb = self.mapping.sums(light)
        above = self.thresholds[:, None, None]
        o = self.options
        if o.steps == 1:
            return Encoded(lsb > above, {"potentials": self.params.norm(self.layer.sums_of(lsb))})
        return Encoded(membrane(np.broadcast_to(lsb, (o.steps, *lsb.shape)), o.leak, above, o.reset, strict=True))

    def cost(self) -> Cost:
        return array_cost(self.frame, self.setup, self.hardware.timing, self.options.steps)

    def programs(self) -> tuple[Program, ...]:
        return (self.setup, self.frame)

    def depends_on(self) -> Mapping[str, str]:
        m = self.mapping
        return {
            "weights": self.params.digest,
            "model": "scamp5:macropixel",
            "options": repr(self.options),
            "exponent": str(m.g),
            "errors": kinds.named(self.hardware.errors),
        }


__all__ = ["Bits", "Circuit", "CircuitOptions", "Golden", "OnArray", "SpikeArrayOptions", "Steps", "sensor_cost"]
