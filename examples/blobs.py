"""Bright blobs, one after another: a loop that depends on data, written against the machine's host functions.

python examples/blobs.py

The array marks what is bright. The controller asks for an event, floods the blob around it, reads the blob's bounding
box, takes it out of the plane, and goes on until no bit is left. Four numbers a blob leave the chip, not a picture.
"""

import numpy as np

from scamp_sim import Machine
from scamp_sim.compiler import assemble
from scamp_sim.show import render

# Coins on a table, drawn here: discs of several sizes on a slope of light.
rng = np.random.default_rng(4)
rows, columns = np.mgrid[:256, :256]
scene = 40 + 40 * columns / 255
for row, column, radius in ((40, 50, 18), (60, 170, 25), (130, 90, 12), (190, 200, 30), (200, 60, 22)):
    scene[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = 210
scene = np.clip(scene + rng.normal(0, 4, scene.shape), 0, 255)

mark = assemble("""
    kernel bright { get_image(A); sub(B, A, E); where(B); MOV(R5, FLAG); all(); }
    program { scamp5_in(E, 75); bright(); }
""")
take_out = assemble("state R5; state R6; kernel k { CLR_IF(R5, R6); }")

machine = Machine()
paper = Machine()  # where the boxes are drawn, for the picture
paper.draw_begin("R9")
machine.expose(scene)
machine.run(mark)
everything = machine.read("R5")  # a look behind the scenes, for the picture; the chip sends nothing here

while machine.global_or("R5"):
    column, row = (int(n) for n in machine.scan_events("R5", 1)[0])
    machine.load_point("R6", row, column)
    machine.flood("R6", "R5", 0, iterations=2)
    top, right, bottom, left = (int(n) for n in machine.scan_boundingbox("R6"))
    machine.run(take_out)
    if bottom - top > 5:  # single PEs are noise
        print(f"blob: rows {top}..{bottom}, chip columns {right}..{left}")
        for corners in ((top, right, top, left), (bottom, right, bottom, left)):
            paper.draw_line(*corners)
        for corners in ((top, right, bottom, right), (top, left, bottom, left)):
            paper.draw_line(*corners)

cost = machine.spent
print(f"{cost.time_us:,.0f} us on the chip (modelled), {cost.readout_bytes} bytes read out, {cost.launches} launches")
tiles = [
    render.Tile("scene", scene.astype(np.uint8)),
    render.Tile("bright", everything),
    render.Tile("boxes", paper.read("R9")),
]
sheet = render.contact_sheet(tiles, "blobs and their bounding boxes")
print(f"picture: {render.write_pictures('out', {'blobs.png': sheet})[0]}")
