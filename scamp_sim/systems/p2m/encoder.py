"""P2M as encoders: the golden layer, the circuit, and programs of the array."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from scamp_sim.exceptions import OptionError
from scamp_sim.kernels.macropixels import Mapping as Macropixels
from scamp_sim.study import chips as kinds
from scamp_sim.systems.base.cost import Cost, Part
from scamp_sim.systems.base.records import Array, Codes, Encoded, Frames, Hardware
from scamp_sim.systems.p2m.adc import Integers, authors_quantise
from scamp_sim.systems.p2m.circuit import Variation, sense_sums
from scamp_sim.systems.p2m.costs import baseline_counts, counts, energy, times
from scamp_sim.systems.p2m.fusion import Fused, fuse
from scamp_sim.systems.p2m.golden import Conversion
from scamp_sim.systems.pixels.array import ArrayLayer, ArrayOptions, DenseOptions
from scamp_sim.systems.pixels.calibration import Response
from scamp_sim.systems.pixels.config import SensorConfig
from scamp_sim.systems.pixels.costs import array_cost
from scamp_sim.systems.pixels.curve import Floats, digest_of, pixel_from
from scamp_sim.systems.pixels.inputs import frames_light
from scamp_sim.systems.pixels.params import LayerParams
from scamp_sim.systems.pixels.windows import Sums, window_sums

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program
    from scamp_sim.machine.machine import Machine


@dataclass(frozen=True)
class CircuitOptions:
    """Options of the authors' sensor.

    pixel: "curve" as released, "ideal" (the product), or a file; see `pixel_from`. cds: "two-phase" as in the circuit,
    "signed" as in the code. rounding: of the converter. fusion: where the scale of the batch norm goes. quantiser:
    "converter", or "authors": one quantisation of the whole signed tensor, batch norm behind it. weight_bits: steps per
    sign of the widths, 0 for none. width_spread, read_noise, comparator_offset, ramp_gain: chosen, not published; see
    `Variation`.
    """

    pixel: str = "curve"
    cds: Literal["two-phase", "signed"] = "two-phase"
    rounding: Literal["ceil", "floor", "round"] = "ceil"
    fusion: Literal["ramp", "widths", "digital"] = "ramp"
    quantiser: Literal["converter", "authors"] = "converter"
    weight_bits: int = 0
    width_spread: float = 0.0
    read_noise: float = 0.0
    comparator_offset: float = 0.0
    ramp_gain: float = 0.0

    @property
    def variation(self) -> Variation:
        return Variation(self.width_spread, self.read_noise, self.comparator_offset, self.ramp_gain)


def config_of(params: LayerParams, takes: Frames) -> SensorConfig:
    """The sensor that these parameters and frames describe."""
    return SensorConfig(
        takes.rows, takes.columns, params.colours, params.kernel, params.stride, 0, params.channels, params.bits
    )


class _OwnChip:
    """What golden model and circuit share."""

    def __init__(self, params: LayerParams, takes: Frames) -> None:
        self.params, self.takes = params, takes
        self.config = config_of(params, takes)
        shape = (params.channels, self.config.out_rows, self.config.out_columns)
        self.gives = Codes(shape, params.bits, "batch-norm output")

    def cost(self) -> Cost:
        return sensor_cost(self.config)

    def programs(self) -> tuple[Program, ...]:
        return ()

    def light(self, clip: Array) -> Floats:
        planes: Floats = frames_light(clip, self.takes, self.params.colours)[0]
        return planes


def sensor_cost(config: SensorConfig) -> Cost:
    """The authors' sensor: time and energy of a frame, the ordinary sensor of the same picture as figures."""
    t, e, n = times(config), energy(config), counts(config)
    note = f"{n.phases:,} phases, {n.ramps:,} ramps, {n.results:,} values, {n.bits:,} bits"
    parts = (
        Part("sensing", "sense", us=t.sensing * 1e3, uj=e.sensing, source="inferred", note=note),
        Part(
            "conversion",
            "readout",
            us=t.conversion * 1e3,
            uj=e.conversion,
            bytes=-(-n.bits // 8),
            source="inferred",
            note="cycles of the counter at 2 GHz; prices of Table 4",
        ),
        Part("link", "link", uj=e.link, source="published", note="900 pJ a value (Table 4)"),
    )
    base = baseline_counts(config)
    figures = {
        "frames_per_second": t.frames_per_second,
        "power_mw_without_link": e.sensor * t.frames_per_second * 1e-3,
        "bandwidth_reduction": config.bandwidth(),
        "phases": n.phases,
        "ramps": n.ramps,
        "values": n.results,
        "bits": n.bits,
        "width_sets": config.width_sets,
        "ordinary_sensor_bits": base.bits,
        "ordinary_sensor_ramps": base.ramps,
    }
    return Cost(1, parts, figures=figures)


class Golden(_OwnChip):
    """Product, batch norm and ReLU in floating point (Eq. 1)."""

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        p = self.params
        up, down = window_sums(self.light(clip), p.weights, p.stride, "ideal")
        maps = np.maximum(0.0, p.norm(up - down))
        return Encoded(maps, _kept({"up": up, "down": down}, keep))

    def depends_on(self) -> Mapping[str, str]:
        return {"weights": self.params.digest, "model": "golden"}


class Circuit(_OwnChip):
    """Pixels, phases, ramps and counter; see `CircuitOptions`."""

    def __init__(self, params: LayerParams, takes: Frames, options: CircuitOptions, hardware: Hardware) -> None:
        super().__init__(params, takes)
        self.options, self.chip = options, hardware.chip
        self.pixel = pixel_from(options.pixel)
        if options.quantiser == "authors" and options.cds != "signed":
            raise OptionError("the authors' quantiser works on signed sums: add cds=signed")
        if options.cds == "signed" and not options.variation.none:
            raise OptionError("spreads belong to the circuit, which works in two phases; leave out cds=signed")
        w = params.weights
        self.weights = authors_quantise(w, options.weight_bits) if options.weight_bits else w

    def fused(self, sums: Sums) -> Fused:
        """The batch norm in ramps, widths or the next layer; full scale from the parameters or from these sums."""
        o, p = self.options, self.params
        full = p.full_scale if o.fusion == "ramp" else None
        return fuse(self.weights, p.norm, o.fusion, sums=sums, bits=p.bits, full_scale=full)

    def convert(self, light: Floats, measurement: int = 0) -> tuple[Conversion, Fused]:
        """Sums, counts and codes of light (C, rows, columns)."""
        o, p = self.options, self.params
        theta = self.weights * p.norm.scale[:, None, None, None] if o.fusion == "widths" else self.weights
        fused = self.fused(window_sums(light, theta, p.stride, self.pixel, o.cds))
        found = sense_sums(
            light,
            fused.weights,
            stride=p.stride,
            pixel=self.pixel,
            cds=o.cds,
            bits=p.bits,
            full_scale=fused.full_scale,
            preset=fused.preset,
            rounding=o.rounding,
            variation=o.variation,
            chip=self.chip,
            measurement=measurement,
        )
        return found, fused

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        light, p = self.light(clip), self.params
        if self.options.quantiser == "authors":
            z = window_sums(light, self.weights, p.stride, self.pixel, "signed").up
            maps = np.maximum(0.0, p.norm(authors_quantise(z, p.bits)))
            return Encoded(maps, _kept({"up": z}, keep))
        found, fused = self.convert(light, measurement)
        maps = found.y * fused.unit[:, None, None]
        stages = {"up": found.up, "down": found.down, "count": found.count}
        return Encoded(maps, _kept(stages, keep))

    def clipped(self, clip: Array, measurement: int = 0) -> dict[str, float]:
        """Shares of sums that end at full scale, of counts below 0 (which the ReLU takes) and of counts at the top."""
        found, fused = self.convert(self.light(clip), measurement)
        full = fused.full_scale[:, None, None]
        sums = np.concatenate([(found.up > full).ravel(), (found.down > full).ravel()])
        top = 2**self.params.bits - 1
        return {
            "sums_above_full_scale": float(sums.mean()),
            "counts_below_0": float(np.mean(found.count < 0)),
            "counts_at_the_top": float(np.mean(found.count >= top)),
        }

    def depends_on(self) -> Mapping[str, str]:
        return {
            "weights": self.params.digest,
            "model": "circuit",
            "options": repr(self.options),
            "pixel": digest_of(self.pixel),
        }


def _kept(stages: Mapping[str, Array], keep: Iterable[str]) -> dict[str, Array]:
    return {name: stages[name] for name in keep if name in stages}


class OnArray:
    """SCAMP-5 programs, on macropixels or by the dense walk: few-level weights, shift and ReLU on the array."""

    def __init__(self, params: LayerParams, options: ArrayOptions | DenseOptions, hardware: Hardware) -> None:
        self.params, self.options, self.hardware = params, options, hardware
        a, b = params.norm.scale, params.norm.shift
        size = np.where(a == 0, 1.0, np.abs(a))

        def constants(gain: float, steps: Floats, sums: Floats) -> Floats:
            return np.asarray(np.where(a == 0, 0.0, gain * (254 * b / (size * steps) + 127 * sums)))

        self.layer = ArrayLayer(params, options, constants)
        self.mapping = self.layer.mapping
        self.takes = Frames(1, 256, 256)
        side = self.mapping.side
        self.gives = Codes((params.channels, side, side), 8, "batch-norm output")
        self.unit = self.layer.per_lsb * size

    @property
    def shift(self) -> Integers:
        """Constants of the channels in LSB, rounded."""
        r = self.response
        return np.rint(r.gain * self.layer.exact_constants - r.offset).astype(np.int64)

    @cached_property
    def response(self) -> Response:
        """What this kind of chip makes of the sums."""
        return self.layer.response(self.hardware.errors)

    @cached_property
    def setup(self) -> Program | None:
        """What runs before the first frame: the shifts, where they have slots of their own."""
        from scamp_sim.kernels import p2m

        return p2m.shifts(self.mapping, self.shift.tolist()) if isinstance(self.mapping, Macropixels) else None

    @cached_property
    def frame(self) -> Program:
        from scamp_sim.kernels import p2m

        m = self.mapping
        return p2m.frame(m) if isinstance(m, Macropixels) else m.program(self.shift.tolist())

    @cached_property
    def machine(self) -> Machine:
        from scamp_sim.machine.machine import Machine

        h = self.hardware
        return Machine(errors=h.errors, chip=h.chip, engine=h.engine, timing=h.timing)

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        light = frames_light(clip, self.takes, 1)[0, 0]
        self.machine.renew(measurement)
        if self.setup is not None:
            self.machine.run(self.setup)
        run = self.machine.run(self.frame, inputs={"picture": 255.0 * light})
        samples = [found for name, found in run.outputs.items() if name.startswith("maps")]
        lsb = self.mapping.from_samples(samples).astype(np.float64) - 128
        return Encoded(self.maps(lsb))

    def maps(self, lsb: Floats) -> Floats:
        """Batch-norm outputs from what the converter gives."""
        norm = self.params.norm
        flat = np.maximum(0.0, norm.shift)[:, None, None]
        return np.where((norm.scale == 0)[:, None, None], flat, lsb * (self.unit / self.response.gain)[:, None, None])

    def model(self, clip: Array) -> Encoded:
        """What the array gives free of errors: whole weights, rounded shifts, the converter's steps and ends."""
        light = frames_light(clip, self.takes, 1)[0, 0]
        lsb = np.maximum(0.0, self.mapping.sums(light) + self.shift[:, None, None])
        return Encoded(self.maps(np.clip(np.rint(lsb), 0, 127)))

    def cost(self) -> Cost:
        return array_cost(self.frame, self.setup, self.hardware.timing)

    def programs(self) -> tuple[Program, ...]:
        return (self.frame,) if self.setup is None else (self.setup, self.frame)

    def depends_on(self) -> Mapping[str, str]:
        m = self.mapping
        return {
            "weights": self.params.digest,
            "model": type(m).__name__,
            "gain": str(m.gain()),
            "options": repr(self.options),
            "errors": kinds.named(self.hardware.errors),
        }


__all__ = ["Circuit", "CircuitOptions", "Golden", "OnArray", "config_of", "sensor_cost"]
