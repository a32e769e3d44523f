"""Two edge kernels of the library on one photograph, side by side, with what each costs.

python examples/edges.py [PICTURE]
"""

import sys
from pathlib import Path

import matplotlib

from scamp_sim import Machine, kernels
from scamp_sim.show import render

picture = sys.argv[1] if len(sys.argv) > 1 else Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")
photo = render.load_image(picture, (256, 256), resize=True)
tiles = [render.Tile("photo", photo)]

print(f"{'kernel':12} {'words':>6} {'us':>6}  outputs")
for name in ("sobel", "edges", "laplacian"):
    program = kernels.load(name)
    run = Machine().run(program, inputs={program.inputs[0].name: photo})
    print(f"{name:12} {run.profile.words:6} {run.profile.time_us:6.1f}  {', '.join(run.outputs)}")
    tiles += [render.Tile(f"{name}: {output}", plane) for output, plane in run.outputs.items()]

(sheet,) = render.write_pictures("out", {"edges.png": render.contact_sheet(tiles, "edges")})
print(f"picture: {sheet}")
