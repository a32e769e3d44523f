"""What leaves the chip: the values that a readout gives, in the chip's order, and how much that is.

Scans and sums go to the microcontroller's memory, outputs on to the computer behind it, in packets with headers.
Pictures are upright arrays; what a scan gives is in the order of the SDK's buffers: column after column from the top
right corner, rows of bits from the top, lists of (column, row) in chip addresses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip import isa
from scamp_sim.chip.host import SetAddress, address_mask
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.program import BITSTACK, HostCall, Output, Program

Plane = npt.NDArray[Any]
Result = npt.NDArray[Any] | int

PACKET_HEADER = 8
"""Bytes: signature 3, type 1, length of the payload 3, checksum 1 (D, host interface)."""
DATA_HEADER = 16
"""Bytes: loop counter 4, type 1, version 1, three sizes of 2, channel 4 (D, host interface)."""
PES_PER_RANGE = 4096
"""PEs whose sum spans the converter's range in the sums of fixed gain: a 64x64 region maps -128..127 to 0..255
(D APIA)."""


@dataclass(frozen=True)
class Volume:
    """How much one readout moves.

    `bits`: of one element.
    `samples`: conversions of the ADC.
    `slots`: entries of an event list.
    `sent`: whether it goes on to the computer, with headers.
    """

    kind: str
    elements: int
    bits: int
    samples: int = 0
    slots: int = 0
    sent: bool = False

    @property
    def bytes(self) -> int:
        """Payload in bytes."""
        return math.ceil(self.elements * self.bits / 8)

    @property
    def bytes_with_headers(self) -> int:
        """Payload and, if it is sent, the headers of its packet."""
        return self.bytes + (PACKET_HEADER + DATA_HEADER if self.sent else 0)


def adc(values: Any) -> npt.NDArray[np.uint8]:
    """LSB as the converter gives them: 0..255 = value + 128, rounded (to even) and clipped."""
    return np.clip(np.rint(np.asarray(values, np.float64) + 128), 0, 255).astype(np.uint8)


# --- how much ---------------------------------------------------------------------------------------------------


def volume(step: HostCall | Output, shape: tuple[int, int]) -> Volume | None:
    """How much a step moves out of an array of `shape` PEs, None if it is no readout."""
    if isinstance(step, Output):
        return _plane_volume(step.register, *shape)
    named = dict(zip((o.name for o in step.form.operands), step.args, strict=True))
    n = {name: value for name, value in named.items() if isinstance(value, int)}
    rows, columns = shape
    match step.name.removeprefix("scamp5_"):
        case "global_or":
            return Volume("bit", 1, 1)
        case "global_sum_16" | "global_sum_64" as name:
            samples = int(name[-2:])
            return Volume("sum", samples if n["each"] else 1, 8 if n["each"] else 16, samples)
        case "global_sum_fast" | "global_sum_sparse" | "global_sum_region":
            return Volume("sum", 1, 8, 1)
        case "global_count":
            return Volume("sum", 1, 16, 64 if n["opt"] else 16)
        case "read_areg":
            return Volume("pixel", 1, 8, 1)
        case "scan_areg":
            count = len(_range(n["r0"], n["r1"], n["rs"], rows)) * len(_range(n["c0"], n["c1"], n["cs"], columns))
            return Volume("samples", count, 8, count)
        case "scan_areg_8x8" | "scan_areg_mean_8x8":
            return Volume("samples", 64, 8, 64)
        case "scan_dreg":
            return Volume("bit rows", len(_range(n["r0"], n["r1"], 1, rows)) * columns, 1)
        case "scan_events" | "scan_events_cr" | "scan_events_rc" | "output_events" as name:
            size = 8 * address_type(shape).itemsize
            return Volume("events", 2 * n["max"], size, slots=n["max"], sent=name == "output_events")
        case "scan_boundingbox" | "output_boundingbox" as name:
            return Volume("bounding box", 4, 8 * address_type(shape).itemsize, sent=name == "output_boundingbox")
        case "output_image":
            return _plane_volume(str(named["x"]), rows, columns)
        case "output_areg":
            count = len(range(n["r0"], rows, n["s"])) * len(range(n["c0"], columns, n["s"]))
            return Volume("areg image", count, 8, count, sent=True)
        case "output_bitstack_bit":
            return Volume("dreg image", rows * columns, 1, sent=True)
    return None


def _plane_volume(register: str, rows: int, columns: int) -> Volume:
    pixels = rows * columns
    if register in isa.DIGITAL_SOURCES:
        return Volume("dreg image", pixels, 1, sent=True)
    return Volume("areg image", pixels, 8, pixels, sent=True)


def _range(first: int, last: int, step: int, size: int) -> range:
    """Addresses first..last, both included, of which only those inside the array count."""
    return range(first, min(last, size - 1) + 1, step)


def address_type(shape: tuple[int, int]) -> np.dtype[Any]:
    """One byte an address on the chip's 256x256, two on larger arrays."""
    return np.dtype(np.uint8 if max(shape) <= 256 else np.uint16)


_BY_ELEMENT = ("read_areg", "scan_areg", "scan_areg_8x8", "output_image", "output_areg")


def by_element(call: HostCall) -> bool:
    """Whether a readout converts PEs one by one, so that each shows the pattern of the readout; sums do not."""
    return call.name.removeprefix("scamp5_") in _BY_ELEMENT


# --- what -------------------------------------------------------------------------------------------------------


def result(call: HostCall, plane: Plane, shape: tuple[int, int], options: ArrayOptions) -> Result:
    """What a host function gives, from the plane that it took."""
    return _READERS[call.name.removeprefix("scamp5_").replace("output_events", "scan_events")](
        plane, call.args[1:], shape, options
    )


def _chip(plane: Plane) -> Plane:
    """A plane with its columns as the chip counts them, from the right."""
    return plane[:, ::-1]


def _global_or(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> int:
    return int((plane & address_mask(SetAddress("pattern", *args), shape)).any())


def _sum_grid(n: int) -> Callable[..., Result]:
    def read(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> Result:
        samples = grid_samples(plane, n, options)
        return samples.reshape(-1) if args[0] else int(samples.sum(dtype=np.int64))

    return read


def grid_samples(plane: Plane, n: int, options: ArrayOptions) -> npt.NDArray[np.uint8]:
    """The n x n samples of a global sum, in 0..255: sample (i, j) is that of the PEs with row mod n = i and chip column
    mod n = j (Q13), or of the blocks in row i and column j."""
    rows, columns = plane.shape
    if options.sum_grid == "sparse":
        means = _chip(plane).reshape(rows // n, n, columns // n, n).mean(axis=0, dtype=np.float64).mean(axis=1)
    else:
        means = block_means(plane, n)
    floor, span = (options.sum16_floor, options.sum16_span) if n == 4 else (options.sum64_floor, options.sum64_span)
    level = (means - options.areg_min) / (options.areg_max - options.areg_min)
    return np.asarray(np.clip(np.rint((floor + span * level) / (n * n)), 0, 255), np.uint8)


def block_means(plane: Plane, n: int) -> npt.NDArray[np.float64]:
    """Means of n x n blocks, by rows and chip columns."""
    rows, columns = plane.shape
    chip = _chip(plane).reshape(n, rows // n, n, columns // n)
    return np.asarray(chip.mean(axis=1, dtype=np.float64).mean(axis=2))


def _sum_fast(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> int:
    return int(adc(plane.mean(dtype=np.float64)))


def _sum_where(kind: str) -> Callable[..., Result]:
    def read(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> int:
        mask = address_mask(SetAddress(kind, *args), shape)
        return int(adc(plane.sum(where=mask, dtype=np.float64) / PES_PER_RANGE))

    return read


def _count(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> int:
    _, opt = args
    n = 8 if opt else 4
    floor, span = (options.sum64_floor, options.sum64_span) if opt else (options.sum16_floor, options.sum16_span)
    total = float(grid_samples(plane, n, options).sum(dtype=np.int64))
    return int(np.clip(np.rint((total - floor) / span * 4095), 0, 4095))


def _read_areg(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> int:
    r, c = args
    return int(adc(_chip(plane)[r, c]))


def _scan_areg(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> Result:
    r0, c0, r1, c1, rs, cs = args
    return adc(_chip(plane)[r0 : r1 + 1 : rs, c0 : c1 + 1 : cs]).T.reshape(-1)


def _scan_8x8(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> Result:
    return adc(_chip(plane)[:: shape[0] // 8, :: shape[1] // 8]).T.reshape(-1)


def _mean_8x8(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> Result:
    return adc(block_means(plane, 8)).T.reshape(-1)


def _scan_dreg(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> Result:
    r0, r1 = args
    rows = _chip(plane)[r0 : r1 + 1]
    order = "little" if options.dreg_bit_order == "lsb" else "big"
    return np.packbits(rows, axis=1, bitorder=order).reshape(-1)  # type: ignore[call-overload, no-any-return]


def _events(column_first: bool) -> Callable[..., Result]:
    def read(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> Result:
        most, h_dir, v_dir = args
        # the scan starts at its own corner: turn the plane so that this is the first element
        seen = plane[:: -1 if v_dir else 1, :: 1 if h_dir else -1]
        by_rows = options.event_order == "rows"
        found = np.flatnonzero(seen if by_rows else seen.T)[:most]
        r, c = np.divmod(found, shape[1]) if by_rows else np.divmod(found, shape[0])[::-1]
        if v_dir:
            r = shape[0] - 1 - r
        if h_dir:
            c = shape[1] - 1 - c
        slots = np.zeros((most, 2), np.int64)  # users calculate with addresses: bytes would wrap round
        slots[: found.size] = np.stack((c, r) if column_first else (r, c), axis=1)
        return slots

    return read


def _bounding_box(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> Result:
    rows = np.flatnonzero(plane.any(axis=1))
    columns = np.flatnonzero(_chip(plane).any(axis=0))
    # nothing is known of an empty plane; upside down it is empty for the routines that take rectangles, too (R)
    box = (rows[0], columns[0], rows[-1], columns[-1]) if rows.size else (shape[0] - 1, shape[1] - 1, 0, 0)
    return np.array(box, np.int64)


def _image(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> Result:
    return plane if plane.dtype == np.bool_ else adc(plane)


def _output_areg(plane: Plane, args: Sequence[Any], shape: tuple[int, int], options: ArrayOptions) -> Result:
    s, r0, c0 = args
    return adc(np.ascontiguousarray(_chip(_chip(plane)[r0::s, c0::s])))


_READERS: dict[str, Callable[..., Result]] = {
    "global_or": _global_or,
    "global_sum_16": _sum_grid(4),
    "global_sum_64": _sum_grid(8),
    "global_sum_fast": _sum_fast,
    "global_sum_sparse": _sum_where("pattern"),
    "global_sum_region": _sum_where("rect"),
    "global_count": _count,
    "read_areg": _read_areg,
    "scan_areg": _scan_areg,
    "scan_areg_8x8": _scan_8x8,
    "scan_areg_mean_8x8": _mean_8x8,
    "scan_dreg": _scan_dreg,
    "scan_events": _events(True),
    "scan_events_cr": _events(True),
    "scan_events_rc": _events(False),
    "scan_boundingbox": _bounding_box,
    "output_boundingbox": _bounding_box,
    "output_image": _image,
    "output_areg": _output_areg,
}


def bit_stack(planes: Sequence[Plane]) -> Result:
    """The picture that planes sent highest bit first make: upright, as many bits a PE as there are planes."""
    kind = np.uint8 if len(planes) <= 8 else np.uint16
    value = np.zeros(planes[0].shape, kind)
    for plane in planes:
        value = (value << 1) | plane.astype(kind)
    return value


def stack_bits(program: Program) -> dict[str, int]:
    """Name -> number of planes of each bit stack."""
    found, planes = {}, 8
    for step in program.readouts:
        if isinstance(step, HostCall) and step.name == f"{BITSTACK}begin":
            planes = int(step.args[0])
        elif isinstance(step, HostCall) and step.form.result == "bit stack":
            found[step.result] = planes
    return found


def payload(
    step: HostCall | Output, value: Result, shape: tuple[int, int], options: ArrayOptions | None = None, bits: int = 8
) -> bytes:
    """The bytes of one result as they leave the chip, without headers.

    Pictures of analog registers go column after column from the top right, bits row after row as in
    `scamp5_scan_dreg` (Q11), the planes of a bit stack one after another, `bits` of them; lists and samples as they
    are.
    """
    order = (options or ArrayOptions()).dreg_bit_order
    if isinstance(value, int):
        moved = volume(step, shape)
        return value.to_bytes(moved.bytes if moved else 1, "little")
    if isinstance(step, HostCall) and step.name == "scamp5_output_bitstack_end":
        planes = [(value >> n & 1).astype(np.bool_) for n in reversed(range(bits))]
        return b"".join(payload(Output("", "R0"), plane, shape, options) for plane in planes)
    if isinstance(step, HostCall) and step.form.result in ("events", "bounding box"):
        return value.astype(address_type(shape)).tobytes()
    if isinstance(step, HostCall) and not step.name.startswith("scamp5_output_"):
        return value.tobytes()
    if value.ndim == 2 and value.dtype == np.bool_:
        return np.packbits(_chip(value), axis=1, bitorder="little" if order == "lsb" else "big").tobytes()
    if isinstance(step, Output) or step.form.result == "image":
        grey = adc(value) if value.dtype == np.float32 else value
        return _chip(grey).T.tobytes()
    return value.tobytes()
