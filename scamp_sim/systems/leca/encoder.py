"""The realisations of an encoder: the equations, the authors' chip, and SCAMP-5."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.kernels.leca import mapping
from scamp_sim.systems.base.cost import Cost, Part
from scamp_sim.systems.base.records import IDEAL, Array, Codes, Encoded, Frames, Hardware
from scamp_sim.systems.leca import circuit, costs, golden
from scamp_sim.systems.leca.inputs import TERNARY, Floats, Integers
from scamp_sim.systems.leca.params import LINEAR_UNIT, Params

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program

SUMS = "sums"
ARRAY = Frames(1, mapping.ROWS, mapping.COLUMNS, "bayer")
LARGEST_SIDE = 4096


@dataclass(frozen=True)
class GoldenOptions:
    """scale: of the array that linear weights are for, and so what clamp limits there are; 0: the finest that fits."""

    scale: int = 0


@dataclass(frozen=True)
class Scamp5Options:
    """scale: sums are S / 2^scale LSB, 6..8 for blocks of 4x4 and 5..6 for 2x2; 0: the finest at which no picture takes
    a sum beyond what registers hold, and at which the clamp limit can be loaded."""

    scale: int = 0


def on_array(params: Params, scale: int = 0) -> tuple[Params, mapping.Form]:
    """Linear parameters with the clamp limit that the array will have, and the form of the program.

    Raises:
        ProgramError: parameters for the charge multiplier, or more than fits on the array.
    """
    if params.multiplier != "linear":
        raise ProgramError("these weights are for LeCA's charge multiplier; use Params.for_array() for SCAMP-5")
    if params.bits != TERNARY and params.kind != "midrise":
        raise ProgramError(f"kind: the array's converter is midrise, got {params.kind}")
    if (params.psf_gain, params.psf_offset, params.fvf_gain, params.fvf_offset) != (1, 0, 1, 0):
        raise ProgramError("buffers: the array has none; expected gains of 1 and offsets of 0")
    mapping.Form(params.channels, params.side, params.bits, mapping.SCALES[params.side][-1])  # says what does not fit
    scale = scale or _scale(params)
    lsb = LINEAR_UNIT * mapping.WHITE / (1 << scale)
    level, lifts = mapping.level_of(params.limit * lsb)
    form = mapping.Form(params.channels, params.side, params.bits, scale, level, lifts)
    return replace(params, limit=form.limit / lsb), form


def _scale(params: Params) -> int:
    finest = mapping.finest_scale(params.weights, params.side)
    limit = params.limit * LINEAR_UNIT * mapping.WHITE
    fitting = [s for s in mapping.SCALES[params.side] if s >= finest and limit / (1 << s) <= mapping.LIMITS[1]]
    return fitting[0] if fitting else mapping.SCALES[params.side][-1]


class _Base:
    """What the realisations share: the shapes, and turning a clip into brightness."""

    def __init__(self, params: Params, takes: Frames | None) -> None:
        self.takes = replace(takes or ARRAY, colour="bayer" if params.side == 4 else "grey")
        self.params = params
        rows, columns = self.takes.rows, self.takes.columns
        if self.takes.count != 1 or rows % params.side or columns % params.side or not rows or not columns:
            raise PlaneError(
                f"mosaic: expected one frame with sides that are multiples of {params.side}, got {self.takes}"
            )
        if max(rows, columns) > LARGEST_SIDE:
            raise PlaneError(f"mosaic: expected sides of at most {LARGEST_SIDE}, got {rows}x{columns}; scale it down")
        bits = 2 if params.bits == TERNARY else int(params.bits)
        self.gives = Codes((params.channels, rows // params.side, columns // params.side), bits, "code")

    def brightness(self, clip: Array) -> Floats:
        """(R, C) brightness 0..1 of a clip (1, R, C) of grey 0..255. Raises PlaneError."""
        array = np.asarray(clip)
        if array.shape != self.takes.shape:
            raise PlaneError(f"expected a clip of shape {self.takes.shape} ({self.takes}), got {array.shape}")
        values = array[0].astype(np.float64)
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 255:
            raise PlaneError("mosaic: expected grey values 0..255")
        return np.asarray(values / 255)

    def identity(self) -> dict[str, str]:
        """What results depend on, as far as the parameters go."""
        digest = hashlib.sha256()
        p = self.params
        for array in (p.magnitude, p.sign):
            digest.update(np.ascontiguousarray(array, dtype=np.int64).tobytes())
        scalars = (p.limit, p.bits, p.kind, p.multiplier, p.ratio, p.psf_gain, p.psf_offset, p.fvf_gain, p.fvf_offset)
        digest.update(repr(scalars).encode())
        return {"weights": digest.hexdigest()[:16]}


def _first(sums_or_codes: Array) -> Array:
    """Channels first."""
    return np.ascontiguousarray(np.moveaxis(sums_or_codes, -1, 0))


def chip_cost(takes: Frames, params: Params) -> Cost:
    """A frame on LeCA's own chip."""
    n = costs.counts(takes.sites, params.channels, params.bits)
    joules = costs.energy(takes.sites, params.channels, params.bits)
    us = costs.time_parts(takes.rows, params.channels)
    letters = "P published, C computed from published figures, A assumed or calibrated"
    parts = (
        Part(
            "row read-out",
            "sense",
            0,
            us["row read-out"],
            1e6 * joules["pixel"],
            source="inferred",
            note=f"pixel 12.1 pJ a read-out (P), row 5.0 us (C); {letters}",
        ),
        Part(
            "multiply-accumulate",
            "compute",
            0,
            us["multiply-accumulate"],
            1e6 * joules["pe"],
            source="assumed",
            note="0.135 pJ a multiply-accumulate (A), 280 ns a row (P)",
        ),
        Part(
            "conversion",
            "readout",
            0,
            us["conversion"],
            1e6 * joules["adc"],
            int(np.ceil(n.bits_wire / 8)),
            source="assumed",
            note="7.1 pJ at 3 bits and 36 pJ at 8 (A: calibrated), 200 ns for 4 rows (P)",
        ),
        Part(
            "link", "link", 0, None, 1e6 * joules["link"], source="assumed", note="12.5 pJ a bit (A); no rate is known"
        ),
    )
    figures = {
        "ratio_paper": round(n.ratio_rgb, 6),
        "ratio_bits": round(n.ratio_bits, 6),
        "ratio_wire": round(n.ratio_wire, 6),
        "energy_conventional_uj": 1e6 * sum(costs.conventional_energy(takes.sites).values()),
        "frames_per_second": 1e6 / costs.frame_us(takes.rows, params.channels),
    }
    return Cost(1, parts, figures=figures)


class GoldenEncoder(_Base):
    """The equations, free of noise: Eq. 3 for charge parameters, plain products for linear ones."""

    def __init__(self, params: Params, options: GoldenOptions, takes: Frames | None = None) -> None:
        super().__init__(params, takes)
        self.exact = params
        if params.multiplier == "linear" and params.bits <= 4:
            with suppress(ProgramError):  # linear weights that the array does not hold keep their limit
                self.exact = on_array(params, options.scale)[0]

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        """See the protocol; `sums` are in the unit of the clamp limit."""
        sums = self.exact.sums(self.brightness(clip))
        codes = _first(self.exact.codes(sums))
        return Encoded(codes, {SUMS: _first(sums)} if SUMS in set(keep) else {})

    def cost(self) -> Cost:
        """Of LeCA's own chip."""
        return chip_cost(self.takes, self.params)

    def programs(self) -> tuple[Program, ...]:
        """None."""
        return ()

    def depends_on(self) -> Mapping[str, str]:
        """See the protocol."""
        return self.identity()


class CircuitEncoder(_Base):
    """The authors' chip: every stage with mismatch by serial and noise by seed and measurement."""

    def __init__(self, params: Params, noise: circuit.Noise, hardware: Hardware, takes: Frames | None = None) -> None:
        super().__init__(params, takes)
        if params.side != golden.BLOCK:
            raise ProgramError("LeCA's chip has kernels of 4x4 photosites; blocks of 2x2 are for SCAMP-5")
        self.noise, self.hardware = noise, hardware

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        """See the protocol."""
        light = self.brightness(clip)
        sums = circuit.sums(self.params, light, self.noise, serial=self.hardware.chip, seed=measurement)
        return Encoded(_first(self.params.codes(sums)), {SUMS: _first(sums)} if SUMS in set(keep) else {})

    def cost(self) -> Cost:
        """Of LeCA's own chip."""
        return chip_cost(self.takes, self.params)

    def programs(self) -> tuple[Program, ...]:
        """None."""
        return ()

    def depends_on(self) -> Mapping[str, str]:
        """See the protocol."""
        return {**self.identity(), "noise": repr(asdict(self.noise))}


class Scamp5Encoder(_Base):
    """The program of `scamp_sim.kernels.leca` on an emulated array."""

    def __init__(
        self, params: Params, options: Scamp5Options, hardware: Hardware = IDEAL, takes: Frames | None = None
    ) -> None:
        if takes is not None and (takes.rows, takes.columns) != (mapping.ROWS, mapping.COLUMNS):
            raise PlaneError(f"mosaic: the array sees {mapping.ROWS}x{mapping.COLUMNS} sites, got {takes}")
        super().__init__(params, takes)
        self.exact, self.form = on_array(params, options.scale)
        self.hardware = hardware
        weights = params.weights
        self.setup = mapping.program(weights, self.form, setup=True, frame=False)
        self.frame = mapping.program(weights, self.form)
        self._machine: Any = None

    @property
    def machine(self) -> Any:
        """The emulated chip, made when it is first needed."""
        if self._machine is None:
            from scamp_sim import Machine

            h = self.hardware
            self._machine = Machine(errors=h.errors, chip=h.chip, timing=h.timing, engine=h.engine)
        return self._machine

    def _prepared(self, clip: Array, measurement: int) -> Any:
        plane = 255 * self.brightness(clip)
        machine = self.machine
        machine.renew(measurement)
        machine.run(self.setup, registers=False)
        machine.expose(plane)
        return machine

    def encode(self, clip: Array, *, measurement: int = 0, keep: Iterable[str] = ()) -> Encoded:
        """See the protocol; `sums` are taken from the registers, in the unit of the clamp limit."""
        outputs = self._prepared(clip, measurement).run(self.frame).outputs
        codes = mapping.codes_of([outputs[f"codes{n}"] for n in range(self.form.planes)], self.form)
        return Encoded(codes, {SUMS: self.sums(clip, measurement)} if SUMS in set(keep) else {})

    def sums(self, clip: Array, measurement: int = 0, *, converted: bool = False) -> Floats:
        """The sums (channels, rows, columns) before they are compared, in the unit of the clamp limit, as the register
        holds them, or as the converter shows them: of the PE that makes the first bit."""
        unit = LINEAR_UNIT * mapping.WHITE / (1 << self.form.scale)
        found = []
        for group in range(self.form.groups):
            machine = self._prepared(clip, measurement)
            machine.run(mapping.program(self.params.weights, self.form, group=group), registers=False)
            register = self.form.register
            if converted:
                plane = machine.call("scamp5_output_image", register).astype(np.float64) - 128
            else:
                plane = machine.read(register)
            found.append(mapping.sums_of(plane, self.form, group)[..., 0])
        return np.asarray(np.concatenate(found) / unit)

    def cost(self) -> Cost:
        """Counted from the programs; the set-up, done once after power-up, is apart."""
        from scamp_sim.costs.timing import load_timing, profile

        timing = load_timing(self.hardware.timing)
        shape = (mapping.ROWS, mapping.COLUMNS)
        once = profile(self.setup, timing, shape)
        cost = Cost.of_profile(profile(self.frame, timing, shape))
        note = "address planes and the constant, once after power-up"
        part = Part("set-up", "setup", once.words, once.compute_us, once.energy_uj, source="modelled", note=note)
        raw = mapping.ROWS * mapping.COLUMNS
        figures = {
            "planes": self.form.planes,
            "ratio_bits": raw * 8 / (self.gives.values * (self.params.bits)),
            "ratio_wire": raw / cost.readout_bytes,
            "stored_words": profile(self.frame, timing, shape).stored_words + once.stored_words,
        }
        return replace(cost, parts=(part, *cost.parts), figures=figures)

    def programs(self) -> tuple[Program, ...]:
        """The set-up and the frame."""
        return (self.setup, self.frame)

    def depends_on(self) -> Mapping[str, str]:
        """See the protocol."""
        return {**self.identity(), "form": repr(self.form), "errors": str(self.hardware.errors)}


def expected_codes(params: Params, brightness: Any, scale: int = 0) -> Integers:
    """Codes (channels, rows, columns) that the array gives without errors, from the mid-rise model."""
    exact, _ = on_array(params, scale)
    return _first(exact.codes(exact.sums(brightness)))


def ties(encoded: Encoded, reference: Encoded, ours: Any) -> int:
    """Codes that differ from the golden model's where its sum is a threshold, but for rounding: the array adds in
    float32 and gives such a sum to either side."""
    params: Params = ours.exact
    differ = encoded.codes != reference.codes
    step = params.limit / (1 if params.bits == TERNARY else 2 ** (int(params.bits) - 1))
    off = reference.stages[SUMS] / step - (0.5 if params.bits == TERNARY else 0)
    return int((differ & (np.abs(off - np.rint(off)) < 1e-5)).sum())
