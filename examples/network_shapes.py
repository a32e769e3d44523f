"""Networks of one's own on the array: a strided ternary one, two layers, and AnalogNet's shape, planned and run.

python examples/network_shapes.py

Weights are drawn here; yours come from `network.read("net.onnx")`. Each network is planned (which layer goes where, at
what price), run on an ideal array, where every bit equals the integer model, and on an emulated chip.
"""

import numpy as np

from scamp_sim.show.render import write_pictures
from scamp_sim.systems import network
from scamp_sim.systems.base.clips import stage_sheet
from scamp_sim.systems.base.records import Clip, Encoded
from scamp_sim.systems.network import Conv, Counts, Dense, Input, Network, Pool, forward
from scamp_sim.systems.network.system import SYSTEM

rng = np.random.default_rng(3)


def signs(*shape):
    return rng.choice([-1, 1], shape)


# Windows of 4x4 that do not overlap, weights -1, 0, +1: the pixels of a 256x256 picture are the PEs of a window.
strided = Network(
    Input(256, 256),
    (Conv("conv1", rng.integers(-1, 2, (16, 1, 4, 4)), rng.integers(-2, 4, 16), stride=4), Pool("pool1", 4, 4)),
)

# Two binary layers, the second over all sixteen maps of the first.
two_layers = Network(
    Input(64, 64),
    (
        Conv("conv1", signs(16, 1, 5, 5), rng.integers(3, 8, 16), padding=(2, 2, 2, 2)),
        Pool("pool1", 2, 2),
        Conv("conv2", signs(16, 16, 3, 3), rng.integers(-3, 4, 16), padding=(1, 1, 1, 1)),
        Pool("pool2", 4, 4),
    ),
)

# AnalogNet (Wong et al., 2020): three kernels of a few bits, counts over windows, a small dense part on the controller.
analognet = Network(
    Input(28, 28),
    (
        Conv("conv1", rng.integers(-4, 5, (3, 1, 3, 3)), rng.integers(2, 9, 3)),
        Counts("counts1", 9, 8),
        Dense("dense1", rng.normal(size=(50, 27)), np.full(50, 0.05), np.zeros(50), "relu"),
        Dense("dense2", rng.normal(size=(10, 50)), np.ones(10), np.zeros(10)),
    ),
)


def blobs(rows, columns):
    y, x = np.mgrid[:rows, :columns]
    found = np.zeros((rows, columns))
    for _ in range(5):
        row, column, radius = rng.random(3) * (rows, columns, rows / 6) + (0, 0, rows / 16)
        found += np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * radius**2))
    return np.asarray(255 * found / found.max(), np.uint8)


for name, net in (("strided", strided), ("two-layers", two_layers), ("analognet", analognet)):
    plan = network.plan(net)
    print(f"{name}\n{plan}")
    picture = blobs(net.input.rows, net.input.columns)
    golden = forward(net, picture, keep="all")
    kept = [stage.name for stage in SYSTEM.stages]
    ideal = plan.build().run(picture, keep=kept)
    chip = plan.build(errors="scamp5", chip=7).run(picture, keep=kept)
    for stage in sorted(s for s in ideal.stages if s.endswith("bits")):
        exact = golden.stages[stage][0]
        wrong = [100 * np.mean(found.stages[stage] != exact) for found in (ideal, chip)]
        print(f"{stage}: {wrong[0]:.2f} % wrong on an ideal array, {wrong[1]:.1f} % on chip 7")
    shown = [s for s in SYSTEM.stages if s.name.endswith("bits") and s.name in chip.stages]
    last = Encoded(chip.stages[shown[-1].name], chip.stages)
    sheet = stage_sheet(name, shown, Clip(picture[None], name), last)
    print(f"wrote {write_pictures('out', {f'network-{name}.png': sheet})[0]}\n")
