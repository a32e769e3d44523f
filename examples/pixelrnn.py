"""A recurrent network in the sensor, from weights to pictures: run it, look inside, validate it, see what it costs.

python examples/pixelrnn.py
"""

from pathlib import Path

import numpy as np

from scamp_sim.kernels import pixelrnn
from scamp_sim.show import render
from scamp_sim.systems.pixelrnn import study
from scamp_sim.systems.pixelrnn.data import clips
from scamp_sim.systems.pixelrnn.encoder import Encoder
from scamp_sim.systems.pixelrnn.report import bandwidth, plots
from scamp_sim.systems.pixelrnn.report import costs as report
from scamp_sim.systems.pixelrnn.report import pictures as show

out = Path("out")
out.mkdir(exist_ok=True)

# No trained weights come with this project. These are randomly initialised.
weights = pixelrnn.Weights.random(seed=1)
frames, label = pixelrnn.gestures.clip("spread/leftward", seed=1)

# 1. One clip under two mappings. What leaves the chip is the same; what it costs is not.
for name, options in (("blocks", {"version": "lean"}), ("macropixel", {})):
    result = Encoder(weights, name, **options).run(frames)
    cost = result.frame_profile
    print(f"{name:10}  {cost.words:5,} words, {cost.time_us:5.1f} us a frame; o has {result.o.size:,} values")

print(f"read once in 16 frames: {result.profile.readout_bytes:,} bytes, 1/{result.profile.readout_ratio:.0f} of raw")

# 2. Its planes over time. The golden model says the same, bit for bit.
golden = pixelrnn.golden.encode(frames, weights)
same = all(np.array_equal(getattr(result, stage), getattr(golden, stage)) for stage in "bfho")
print(f"the array equals the golden model: {same}")
planes = {"frame": frames, "x": result.x, "b": result.b, "f": result.f, "h": result.h}
notes = [f"{cost.words:,} words, {cost.time_us:.1f} us a frame (modelled)", "equal to the golden model" * same]
sheet = show.sheet(planes, result.o, "PixelRNN: a spread hand to the left, random weights", notes)

# 3. Many clips, in parallel, compared plane by plane.
drawn = clips.read_clips("synthetic:2:5")
found = study.validate(weights, drawn, jobs=2)
print(f"\n{len(found.records)} clips\n{found.text()}")

# 4. Random kernels are features too: a decoder fitted to them, by ridge regression on o, tells gestures apart.
train, known = pixelrnn.gestures.dataset(12, seed=9)
test, answer = pixelrnn.gestures.dataset(4, seed=10)
seen, unseen = (np.stack([pixelrnn.golden.encode(c, weights).o.ravel() / 25 for c in part]) for part in (train, test))
middle = seen.mean(axis=0)
kernel = (seen - middle) @ (seen - middle).T
scores = (unseen - middle) @ (seen - middle).T @ np.linalg.solve(kernel + 200 * np.eye(len(seen)), np.eye(9)[known])
right = (scores.argmax(axis=1) == answer).mean()
print(f"right with a decoder fitted to {len(train)} other clips: {100 * right:.0f} % of {len(test)} (chance: 11 %)\n")

# 5. Where the time goes, and what leaves the sensor.
costs = report.costs(weights)
print(report.side_by_side(costs))
print(bandwidth.text())
plot = plots.write(out / "pixelrnn-costs.png", costs)
(picture,) = render.write_pictures(out, {"pixelrnn.png": sheet})
print(f"pictures: {picture}, {plot}")
