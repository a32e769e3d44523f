"""From a kernel as SciPy takes it to the picture that a chip gives: Scharr's operator, found, run, compared.

python examples/filters.py [PICTURE]
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

from scamp_sim import Machine
from scamp_sim.compiler.filters import compile_filter
from scamp_sim.compiler.filters.verify import correlated
from scamp_sim.show import render

picture = sys.argv[1] if len(sys.argv) > 1 else Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")
photo = render.load_image(picture, (256, 256), resize=True)
plane = photo.astype(np.float32) * (80 / 255)  # LSB: room for the sums

scharr = np.array([[3, 0, -3], [10, 0, -10], [3, 0, -3]])
found = compile_filter(scharr, scale=16, offset="zero", seconds=1)  # more seconds, fewer words
print(found.text)
print(f"{found.words} words; no program has fewer than {found.lower_bound}")

tiles = [render.Tile("photo", photo)]
north, south, west, east = found.margin
wanted = correlated(plane, found.kernels["filter"])[north : 256 - south, west : 256 - east]
for errors in ("ideal", "scamp5"):
    machine = Machine(errors=errors)
    result = machine.run(found.program, inputs={"image": plane}).outputs["result"]
    off = result[north : 256 - south, west : 256 - east] - wanted
    print(f"{errors:7} mean {off.mean():+.2f} LSB, rms {off.std():.2f} LSB off the correlation")
    tiles.append(render.Tile(f"Scharr, {errors}", result))
print(f"predicted, readout left out: mean {found.noise['mean']:+.2f} LSB, rms {found.noise['rms']:.2f} LSB at rms 11.5")

(sheet,) = render.write_pictures("out", {"filters.png": render.contact_sheet(tiles, "filters")})
print(f"picture: {sheet}")
