"""Write a kernel, run it on a photograph, look at what came out: the whole round trip in one script.

python examples/ten_lines.py [PICTURE] [LEVEL]
"""

import sys
from pathlib import Path

import matplotlib

from scamp_sim import Machine
from scamp_sim.compiler import assemble
from scamp_sim.show import render

SOURCE = """
input image -> PIX;
param level = 20 in 0..127;
kernel find {
    get_image(A);               // PIX -> A, 0 dark .. 127 bright
    subx(B, A, east, A);        // what the right-hand neighbour has more
    abs(C, B);
    sub(C, C, E);
    where(C);                   // FLAG := C > 0
    MOV(R5, FLAG);
    all();                      // FLAG := 1 again
}
program { scamp5_in(E, level); find(); output edges = R5; output step = B; }
"""

picture = sys.argv[1] if len(sys.argv) > 1 else Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")
level = int(sys.argv[2]) if len(sys.argv) > 2 else 20

photo = render.load_image(picture, (256, 256), resize=True)
program = assemble(SOURCE, params={"level": level}, name="ten_lines")
run = Machine().run(program, inputs={"image": photo})

print(program.listing())
print(run.profile)
print(f"{run.outputs['edges'].mean():.1%} of the pixels are edges above {level}")

tiles = [render.Tile("photo", photo), *(render.Tile(name, plane) for name, plane in run.outputs.items())]
(sheet,) = render.write_pictures("out", {"ten-lines.png": render.contact_sheet(tiles, f"edges above {level}")})
print(f"picture: {sheet}")
