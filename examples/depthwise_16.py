"""Sixteen different 5x5 kernels of +1/-1 weights in one pass: the array as a 4x4 grid of 64x64 blocks, a kernel each.

python examples/depthwise_16.py
"""

from pathlib import Path

import matplotlib
import numpy as np

from scamp_sim import Machine
from scamp_sim.kernels.depthwise import blocks, depthwise16, tile
from scamp_sim.show import render

rng = np.random.default_rng(7)
weights = rng.choice([-1, 1], (16, 5, 5))

# Every block sees the same picture, so that its result differs by its weights alone.
photo = render.load_image(Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg"), (64, 64), resize=True)
run = Machine().run(depthwise16(weights), inputs={"image": tile(photo)})
print(run.profile)


def correlate(image, kernel):
    """The same in NumPy: every pixel gets the weighted sum of its 5x5 neighbourhood, zeros outside."""
    padded = np.pad(image, 2)
    return sum(kernel[i, j] * padded[i : i + 64, j : j + 64] for i in range(5) for j in range(5))


maps = blocks(run.outputs["maps"])
seen = photo * (127 / 255)  # what get_image makes of the picture
worst = max(np.abs(maps[k] - correlate(seen, weights[k])).max() for k in range(16))
print(f"largest difference to NumPy in 16 blocks: {worst:.4f} of values up to {np.abs(maps).max():.0f}")

tiles = [render.Tile(f"kernel {k}", block) for k, block in enumerate(maps)]
sheet = render.contact_sheet(tiles, "sixteen 5x5 kernels at once", stretch=True)
(file,) = render.write_pictures("out", {"depthwise-16.png": sheet})
print(f"picture: {file}")
