"""What sensors with weighted pixels share: pixel curves, windows, the two phases of a channel, batch norm, pictures.

Processing-in-pixel-in-memory and the in-sensor spiking network have the same pixels. They differ in what follows the
column line: a ramp converter there, a comparator here.
"""

from scamp_sim.systems.pixels.curve import IDEAL, RELEASED, Pixel, PolynomialPixel, TablePixel, pixel_of
from scamp_sim.systems.pixels.norm import BatchNorm
from scamp_sim.systems.pixels.windows import Sums, check_light, check_weights, out_size, window_sums

__all__ = [
    "IDEAL",
    "RELEASED",
    "BatchNorm",
    "Pixel",
    "PolynomialPixel",
    "Sums",
    "TablePixel",
    "check_light",
    "check_weights",
    "out_size",
    "pixel_of",
    "window_sums",
]
