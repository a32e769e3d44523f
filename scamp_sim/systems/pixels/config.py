"""Size and shape of a sensor with weighted pixels, and what follows from them: windows, values, bits, bandwidth."""

from __future__ import annotations

from dataclasses import dataclass, fields

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.pixels.prices import price
from scamp_sim.systems.pixels.windows import check_integer, out_size

PHASES = 2
"""Positive and negative weights, one after the other."""

BAYER = 4 / 3
"""Sites of a Bayer mosaic per value of an RGB picture with a quarter as many pixels."""

LIMITS = {
    "rows": (1, 1 << 16),
    "columns": (1, 1 << 16),
    "colours": (1, 16),
    "kernel": (1, 1 << 10),
    "stride": (1, 1 << 10),
    "padding": (0, 1 << 10),
    "channels": (1, 1 << 12),
    "bits": (1, 32),
}


@dataclass(frozen=True)
class SensorConfig:
    """A sensor; the defaults are those of the P2M paper (Table 1).

    rows, columns: of the picture.
    colours: 3, or 1 for a grey sensor.
    kernel, stride, padding: of the in-pixel layer.
    channels: maps.
    bits: per value that leaves.

    Raises ScampError.
    """

    rows: int = 560
    columns: int = 560
    colours: int = 3
    kernel: int = 5
    stride: int = 5
    padding: int = 0
    channels: int = 8
    bits: int = 8

    def __post_init__(self) -> None:
        for f in fields(self):
            check_integer(f.name, getattr(self, f.name), *LIMITS[f.name])
        if self.padding >= self.kernel:
            raise ScampError(f"expected padding below the kernel size {self.kernel}, got {self.padding}")
        _ = self.out_rows, self.out_columns

    @property
    def out_rows(self) -> int:
        return out_size(self.rows, self.kernel, self.stride, self.padding)

    @property
    def out_columns(self) -> int:
        return out_size(self.columns, self.kernel, self.stride, self.padding)

    @property
    def ignored(self) -> tuple[int, int]:
        """Rows at the bottom and columns on the right that no window reaches."""
        sides = ((self.rows, self.out_rows), (self.columns, self.out_columns))
        rows, columns = (max(0, size + self.padding - (self.stride * (n - 1) + self.kernel)) for size, n in sides)
        return rows, columns

    @property
    def inputs(self) -> int:
        """Values of the picture (I of P2M, Eq. 3)."""
        return self.rows * self.columns * self.colours

    @property
    def values(self) -> int:
        """Values that leave the sensor (O of P2M, Eq. 3)."""
        return self.out_rows * self.out_columns * self.channels

    @property
    def output_bits(self) -> int:
        return self.values * self.bits

    @property
    def taps(self) -> int:
        return self.kernel**2 * self.colours

    @property
    def mosaic(self) -> float:
        """Photosites per value of the picture: 4/3 for colour, 1 for grey."""
        return BAYER if self.colours == 3 else 1.0

    @property
    def sensor_rows(self) -> int:
        """Rows that the ordinary sensor of the same picture reads: two Bayer rows for each row of a colour picture."""
        return self.rows * (2 if self.colours == 3 else 1)

    @property
    def width_sets(self) -> int:
        """Weight transistors per pixel and channel: one for each place that a pixel takes in overlapping windows."""
        return int(-(-self.kernel // self.stride)) ** 2

    def bandwidth(self) -> float:
        """(I/O) (4/3) (12/N_b): P2M's Eq. 2 the right way up; the paper prints O/I."""
        return self.inputs / self.values * self.mosaic * price("sensor.bits") / self.bits

    def bandwidth_bits(self) -> float:
        """Bits of the ordinary sensor's mosaic over bits that leave this one; equals `bandwidth`."""
        return self.inputs * self.mosaic * price("sensor.bits") / self.output_bits
