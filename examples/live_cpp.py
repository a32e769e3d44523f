"""A program in C++ for the SDK, as it would be written for the chip, on three frames: an automatic threshold.

Needs a C++ compiler: g++, clang++, or the extra "cxx".
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from scamp_sim import Machine
from scamp_sim.compiler.native import LiveProgram, has_compiler
from scamp_sim.show import render

SOURCE = """
#include <scamp5.hpp>
using namespace SCAMP5_PE;

int main() {
    vs_init();
    int threshold = 100;
    auto bright = vs_gui_add_display("bright", 0, 0);
    while (1) {
        vs_frame_loop_control();
        scamp5_in(E, threshold);
        scamp5_kernel_begin();
            get_image(A);
            sub(B, A, E);
            where(B);
                MOV(R5, FLAG);
            all();
        scamp5_kernel_end();
        int share = scamp5_global_count(R5, F);  // 0..4095
        vs_post_text("threshold %d, share %d\\n", threshold, share);
        scamp5_output_image(R5, bright);
        threshold += share > 1024 ? 10 : -20;
    }
}
"""


def main() -> None:
    if not has_compiler():
        print("no C++ compiler here")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "auto_threshold.cpp"
        path.write_text(SOURCE)
        picture = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
        run = LiveProgram.build(path).run(Machine(), [picture], frames=3)
    for frame in run.frames:
        print(f"frame {frame.number}: {frame.profile.words} words, {frame.pictures['bright'].mean():.0%} bright")
        print("".join(frame.texts), end="")
    tiles = [render.Tile(f"frame {frame.number}", frame.pictures["bright"]) for frame in run.frames]
    sheet = render.contact_sheet([render.Tile("what the array sees", picture), *tiles], "automatic threshold")
    (file,) = render.write_pictures("out", {"live-cpp.png": sheet})
    print(f"pictures: {file}")


if __name__ == "__main__":
    main()
