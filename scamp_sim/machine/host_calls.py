"""The host functions as methods, under the SDK's names without their prefix: `scamp5_in` is `in_`.

Each method carries out the one host call that its name says, exactly as a program would; the table in
`scamp_sim.chip.routines` has the effect and the source of every one. Registers go by name. Row and column are chip
addresses: row 0 is the top, column 0 the right-hand side. What a scan gives is in the order of the SDK's buffers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.routines import MASK_ALL

Bytes = npt.NDArray[np.uint8]
Addresses = npt.NDArray[np.int64]


class HostCalls(ABC):
    """Host functions in terms of `call(name, *operands)`. All raise ProgramError for operands that do not fit."""

    @abstractmethod
    def call(self, name: str, *operands: Any) -> Any:
        """Carry out the host function of that name in the SDK; what it gives."""

    # --- constants and analog planes ---

    def in_(self, a: str, v: int, temp: str = "NEWS") -> None:
        """a := v in -128..127, error-corrected, where FLAG = 1; temp is clobbered."""
        self.call("scamp5_in", a, v, temp)

    def load_in(self, *operands: str | int) -> None:
        """load_in(a, v, temp="NEWS"): as `in_` without correction; load_in(v): set IN for kernels that read it."""
        self.call("scamp5_load_in", *operands)

    def load_dac(self, *operands: str | int) -> None:
        """load_dac(a, code, temp="NEWS") or load_dac(code): as `load_in` with a raw code 0..4095."""
        self.call("scamp5_load_dac", *operands)

    def set_dac(self, code: int) -> None:
        """IN := a raw code of the converter, 0..4095."""
        self.call("vs_scamp5_set_dac", code)

    def get_image(self, yf: str, yh: str, gain: int = 1) -> None:
        """yf := image, full range; yh := half range 0..127; PIX is reset. gain 1..5 multiplies by 2^(gain - 1)."""
        self.call("scamp5_get_image", yf, yh, gain)

    def shift(self, x: str, h: int, v: int, boundary: int | None = None, refresh: int | None = None) -> None:
        """Move a plane h PEs to the east and v to the north; for bits also boundary (0) and refresh (2)."""
        more = () if boundary is None and refresh is None else (boundary or 0, 2 if refresh is None else refresh)
        self.call("scamp5_shift", x, h, v, *more)

    def diffuse(self, a: str, n: int, vert: int = 1, horiz: int = 1, t0: str = "NEWS") -> None:
        """n rounds of blur; clobbers R1, R2 and t0."""
        self.call("scamp5_diffuse", a, n, vert, horiz, t0)

    # --- planes of bits ---

    def load_point(self, d: str, r: int, c: int) -> None:
        """d := 1 at one PE, 0 elsewhere."""
        self.call("scamp5_load_point", d, r, c)

    def load_rect(self, d: str, r0: int, c0: int, r1: int, c1: int) -> None:
        """d := 1 from top-right (r0, c0) to bottom-left (r1, c1), both included, 0 elsewhere."""
        self.call("scamp5_load_rect", d, r0, c0, r1, c1)

    def load_region(self, d: str, r0: int, c0: int, r1: int, c1: int) -> None:
        """Newer name of `load_rect`."""
        self.call("scamp5_load_region", d, r0, c0, r1, c1)

    def load_pattern(self, d: str, r: int, c: int, rx: int, cx: int) -> None:
        """d := 1 where the address equals (r, c) outside the bits set in (rx, cx), 0 elsewhere."""
        self.call("scamp5_load_pattern", d, r, c, rx, cx)

    def select_point(self, r: int, c: int) -> None:
        """SELECT, RECT := one PE."""
        self.call("scamp5_select_point", r, c)

    def select_rect(self, r0: int, c0: int, r1: int, c1: int) -> None:
        """RECT, SELECT := a rectangle, corners as in `load_rect`."""
        self.call("scamp5_select_rect", r0, c0, r1, c1)

    def select_pattern(self, r: int, c: int, rx: int, cx: int) -> None:
        """SELECT, RECT := address match as in `load_pattern`."""
        self.call("scamp5_select_pattern", r, c, rx, cx)

    def select_row(self, r: int) -> None:
        """SELECT, RECT := one row."""
        self.call("scamp5_select_row", r)

    def select_col(self, c: int) -> None:
        """SELECT, RECT := one column."""
        self.call("scamp5_select_col", c)

    def select_rowx(self, r: int, rx: int) -> None:
        """SELECT, RECT := rows that match r outside the bits set in rx."""
        self.call("scamp5_select_rowx", r, rx)

    def select_colx(self, c: int, cx: int) -> None:
        """SELECT, RECT := columns that match c outside the bits set in cx."""
        self.call("scamp5_select_colx", c, cx)

    def draw_begin(self, d: str) -> None:
        """What is drawn until `draw_end` goes to d, which keeps its contents."""
        self.call("scamp5_draw_begin", d)

    def draw_pixel(self, r: int, c: int) -> None:
        """Set one PE; addresses wrap round."""
        self.call("scamp5_draw_pixel", r, c)

    def draw_point(self, r: int, c: int) -> bool:
        """Set one PE if it is inside the array; whether it is."""
        return bool(self.call("scamp5_draw_point", r, c))

    def draw_line(self, r0: int, c0: int, r1: int, c1: int, repeat: int = 1) -> None:
        """Set the PEs on a straight line, ends included; beyond the edge it wraps round, or is cut off (repeat 0)."""
        self.call("scamp5_draw_line", r0, c0, r1, c1, repeat)

    def draw_rect(self, r0: int, c0: int, r1: int, c1: int) -> None:
        """Set a filled rectangle, corners as in `load_rect`."""
        self.call("scamp5_draw_rect", r0, c0, r1, c1)

    def draw_circle(self, r: int, c: int, radius: int, repeat: int = 1) -> None:
        """Set the PEs on a circle; beyond the edge it wraps round, or is cut off (repeat 0)."""
        self.call("scamp5_draw_circle", r, c, radius, repeat)

    def draw_negate(self) -> None:
        """Invert the plane that is drawn in."""
        self.call("scamp5_draw_negate")

    def draw_end(self) -> None:
        """End the drawing."""
        self.call("scamp5_draw_end")

    def flood(self, target: str, mask: str, boundary: int, iterations: int = 5, use_local: int = 0) -> None:
        """target spreads inside mask, where R1..R4 allow with use_local, else all ways; clobbers R0, R12, R1..R4."""
        self.call("scamp5_flood", target, mask, boundary, iterations, use_local)

    # --- sums and tests ---

    def global_or(self, d: str, r: int = 0, c: int = 0, rx: int = MASK_ALL, cx: int = MASK_ALL) -> int:
        """1 if d is 1 in any PE whose address matches, else 0."""
        return int(self.call("scamp5_global_or", d, r, c, rx, cx))

    def global_sum_16(self, a: str, each: int = 0) -> Any:
        """The total, 0..4080, of 16 samples; with each = 1 the samples, uint8 (16,)."""
        return self.call("scamp5_global_sum_16", a, each)

    def global_sum_64(self, a: str, each: int = 0) -> Any:
        """The total, 0..16320, of 64 samples; with each = 1 the samples, uint8 (64,)."""
        return self.call("scamp5_global_sum_64", a, each)

    def global_sum_fast(self, a: str) -> int:
        """One sample of the whole plane, 0..255."""
        return int(self.call("scamp5_global_sum_fast", a))

    def global_sum_sparse(self, a: str, r: int = 2, c: int = 2, rx: int = MASK_ALL - 1, cx: int = MASK_ALL - 1) -> int:
        """One sample of the PEs whose address matches, 0..255; by default a quarter of them."""
        return int(self.call("scamp5_global_sum_sparse", a, r, c, rx, cx))

    def global_sum_region(self, a: str, r0: int, c0: int, r1: int, c1: int) -> int:
        """One sample of a rectangle, 0..255: 128 + sum/4096."""
        return int(self.call("scamp5_global_sum_region", a, r0, c0, r1, c1))

    def global_count(self, d: str, temp: str, opt: int = 0) -> int:
        """The share of ones, about, 0..4095, through 16 (opt 0) or 64 (1) samples of temp, which is clobbered."""
        return int(self.call("scamp5_global_count", d, temp, opt))

    # --- readout ---

    def read_areg(self, a: str, r: int, c: int) -> int:
        """One PE's value, 0..255 = value + 128."""
        return int(self.call("scamp5_read_areg", a, r, c))

    def scan_areg(self, a: str, r0: int, c0: int, r1: int, c1: int, rs: int = 1, cs: int = 1) -> Bytes:
        """Values of every rs-th row and cs-th column of a rectangle, uint8, column after column from the top right."""
        return self.call("scamp5_scan_areg", a, r0, c0, r1, c1, rs, cs)  # type: ignore[no-any-return]

    def scan_areg_8x8(self, a: str) -> Bytes:
        """64 values, one from the top right of each of 8x8 blocks, column after column from the top right."""
        return self.call("scamp5_scan_areg_8x8", a)  # type: ignore[no-any-return]

    def scan_areg_mean_8x8(self, a: str) -> Bytes:
        """Means of 8x8 blocks, uint8 (64,), column after column from the top right."""
        return self.call("scamp5_scan_areg_mean_8x8", a)  # type: ignore[no-any-return]

    def scan_dreg(self, d: str, r0: int = 0, r1: int = MASK_ALL) -> Bytes:
        """Rows r0..r1 of bits, 8 PEs a byte, lowest column first."""
        return self.call("scamp5_scan_dreg", d, r0, r1)  # type: ignore[no-any-return]

    def scan_events(self, d: str, max: int = 1000, h_dir: int = 0, v_dir: int = 0) -> Addresses:
        """(column, row) of PEs that are 1: (max, 2), unused slots (0, 0). Its time depends on max alone."""
        return self.call("scamp5_scan_events", d, max, h_dir, v_dir)  # type: ignore[no-any-return]

    def scan_events_cr(self, d: str, max: int = 1000, h_dir: int = 0, v_dir: int = 0) -> Addresses:
        """As `scan_events`."""
        return self.call("scamp5_scan_events_cr", d, max, h_dir, v_dir)  # type: ignore[no-any-return]

    def scan_events_rc(self, d: str, max: int = 1000, h_dir: int = 0, v_dir: int = 0) -> Addresses:
        """As `scan_events`, but (row, column)."""
        return self.call("scamp5_scan_events_rc", d, max, h_dir, v_dir)  # type: ignore[no-any-return]

    def scan_boundingbox(self, d: str) -> Addresses:
        """(r_min, c_min, r_max, c_max) of the PEs that are 1; of none it is upside down."""
        return self.call("scamp5_scan_boundingbox", d)  # type: ignore[no-any-return]

    def output_image(self, x: str) -> npt.NDArray[Any]:
        """A plane, upright: uint8 = value + 128 of an analog register, bool of a bit."""
        return self.call("scamp5_output_image", x)  # type: ignore[no-any-return]

    def output_areg(self, a: str, s: int = 1, r0: int = 0, c0: int = 0) -> Bytes:
        """Every s-th row and column from (r0, c0) on, upright, uint8."""
        return self.call("scamp5_output_areg", a, s, r0, c0)  # type: ignore[no-any-return]

    def output_events(self, d: str, max: int = 1000, h_dir: int = 0, v_dir: int = 0) -> Addresses:
        """As `scan_events`, sent on with headers."""
        return self.call("scamp5_output_events", d, max, h_dir, v_dir)  # type: ignore[no-any-return]

    def output_boundingbox(self, d: str) -> Addresses:
        """As `scan_boundingbox`, sent on with headers."""
        return self.call("scamp5_output_boundingbox", d)  # type: ignore[no-any-return]

    def output_bitstack_begin(self, n: int) -> None:
        """The next n planes given to `output_bitstack_bit` are one picture."""
        self.call("scamp5_output_bitstack_begin", n)

    def output_bitstack_bit(self, d: str) -> None:
        """Send one plane of the picture, highest bit first."""
        self.call("scamp5_output_bitstack_bit", d)

    def output_bitstack_end(self) -> npt.NDArray[Any]:
        """The picture, upright, n bits a PE: uint8, or uint16 beyond 8 bits."""
        return self.call("scamp5_output_bitstack_end")  # type: ignore[no-any-return]

    # --- the rest ---

    def kernel_all(self) -> None:
        """FLAG := 1 in all PEs."""
        self.call("scamp5_kernel_all")

    def kernel_refresh_dreg(self) -> None:
        """Refresh R0..R12."""
        self.call("scamp5_kernel_refresh_dreg")

    def rest(self) -> None:
        """Low power until the next activity."""
        self.call("vs_scamp5_rest")

    def reset_exposure(self) -> None:
        """PIX := its reset level."""
        self.call("vs_vision_chip_reset_exposure")
