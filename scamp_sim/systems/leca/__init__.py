"""LeCA: learned compressive acquisition. An image sensor whose columns encode 4x4 photosites into few-bit codes.

`golden` holds the equations, `circuit` the chip with its noise, `costs` time and energy, `published` the paper's
numbers, `encoder` the SCAMP-5 realisation, `train` the trainable twin.
"""

from scamp_sim.systems.leca.baselines import low_resolution, subsample
from scamp_sim.systems.leca.costs import conventional_energy, energy, frame_us
from scamp_sim.systems.leca.golden import (
    compression_ratio,
    convolve,
    convolve_rgb,
    dequantise,
    effective_weights,
    encode,
    flatten,
    mosaic,
    quantise,
    scm,
    scm_volts,
)
from scamp_sim.systems.leca.mapping import inverse

__all__ = [
    "compression_ratio",
    "conventional_energy",
    "convolve",
    "convolve_rgb",
    "dequantise",
    "effective_weights",
    "encode",
    "energy",
    "flatten",
    "frame_us",
    "inverse",
    "low_resolution",
    "mosaic",
    "quantise",
    "scm",
    "scm_volts",
    "subsample",
]
