"""Motion between frames: the array keeps the last frame in its own registers, so only one frame goes in at a time.

python examples/frame_difference.py
"""

from pathlib import Path

import matplotlib
import numpy as np

from scamp_sim import Machine, kernels
from scamp_sim.show import render

photo = render.load_image(Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg"), (256, 256), resize=True)

# A bright ball crosses the scene, 12 pixels a frame.
rows, columns = np.mgrid[:256, :256]
frames = []
for step in range(4):
    frame = photo.copy()
    frame[(rows - 200 + 20 * step) ** 2 + (columns - 60 - 40 * step) ** 2 < 18**2] = 250
    frames.append(frame)

program = kernels.load("frame_difference")
machine = Machine()
tiles = []
for number, frame in enumerate(frames):
    run = machine.run(program, inputs={"image": frame})
    moved = run.outputs["moved"]
    tiles += [render.Tile(f"frame {number}", frame), render.Tile("moved", moved)]
    note = "  (a new machine remembers black)" if number == 0 else ""
    print(f"frame {number}: {moved.sum():6} pixels changed, {run.profile.time_us:.1f} us on the chip{note}")

sheet = render.contact_sheet(tiles, "what changed since the last frame")
print(f"picture: {render.write_pictures('out', {'frame-difference.png': sheet})[0]}")
