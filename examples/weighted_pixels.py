"""One scene through a P2M sensor, through the spiking front end, and through both as SCAMP-5 programs on a chip."""

from pathlib import Path

import numpy as np

from scamp_sim.show.render import Tile, contact_sheet
from scamp_sim.systems.base.options import parse_realisation
from scamp_sim.systems.base.records import Frames, Hardware
from scamp_sim.systems.base.registry import system
from scamp_sim.systems.pixels.data.scenes import scene
from scamp_sim.systems.pixels.params import load_layer

light = scene(seed=3, shape=(256, 256), figure=True).mean(axis=2)  # drawn, grey, 0..1
layer = load_layer("default:4")  # eight oriented edges of 4x4

tiles = [Tile("the scene", light)]
for name, what in (("p2m", "map"), ("snn", "spikes")):
    found = system(name)
    for on, hardware in (("circuit", Hardware()), ("scamp5", Hardware(errors="scamp5", chip=7))):
        realisation = parse_realisation(on, found.realisations)
        encoder = found.build(layer, realisation, hardware, Frames(1, 256, 256))
        codes = encoder.encode(light[None]).codes
        cost = encoder.cost()
        print(
            f"{name} on {realisation}: {encoder.gives}; {cost.us / 1000:.2f} ms a frame, {cost.readout_bytes:,} bytes"
        )
        tiles += [Tile(f"{name}, {on}, {what} {n}", np.asarray(codes[n])) for n in (0, 2)]

Path("weighted_pixels").mkdir(exist_ok=True)
contact_sheet(tiles, "Pixels with weights", stretch=True).save("weighted_pixels/sheet.png")
