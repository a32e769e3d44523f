"""A photograph through a LeCA sensor: the same few bits from the authors' chip and from a SCAMP-5 program.

python examples/leca.py [PICTURE]
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageOps

from scamp_sim.show import render
from scamp_sim.systems import leca
from scamp_sim.systems.base.records import Hardware
from scamp_sim.systems.leca import circuit, decode, encoder, pictures

source = sys.argv[1] if len(sys.argv) > 1 else Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")
with Image.open(source) as opened:
    rgb = np.asarray(ImageOps.fit(opened.convert("RGB"), (128, 128), Image.Resampling.BOX))
clip = leca.mosaic(rgb)[None]
print(f"4 channels of 4 bits: {leca.compression_ratio(4, 4):g} times fewer bits than the RGB picture")

sheets = {}
charge, linear = decode.basis_params(), decode.basis_params(multiplier="linear")
for name, made in {
    "chip": encoder.CircuitEncoder(charge, circuit.Noise(), Hardware(chip=1)),
    "scamp5": encoder.Scamp5Encoder(linear, encoder.Scamp5Options(), Hardware(errors="scamp5", chip=1)),
}.items():
    codes = made.encode(clip).codes
    decoded = decode.reconstruct(codes, made.params)
    cost = made.cost()
    print(f"{name:7} {cost.readout_bytes:6,} bytes {cost.us:8,.0f} us  {decode.psnr(decoded, rgb / 255):.1f} dB")
    sheets[f"leca-{name}.png"] = pictures.code_sheet(codes, made.params, rgb / 255, decoded)

for path in render.write_pictures("out", sheets):
    print(f"picture: {path}")
