"""Drawings that are carried out at once give what a program of the same calls gives, on the fast and slow way alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.compiler.native import LiveProgram, LiveRun

PROGRAM = """#include <scamp5.hpp>
using namespace SCAMP5_PE;
int main() {
    vs_init();
    unsigned s = 7;
    int d = vs_gui_add_display("drawn", 0, 0);
    while (1) {
        vs_frame_loop_control();
        scamp5_draw_begin(R5);
        for (int i = 0; i < 48; i++) {
            s = s * 1664525u + 1013904223u;
            int a = s >> 24, b = s >> 16 & 255, c = s >> 8 & 255, e = s >> 4 & 255;
            switch (i % 6) {
                case 0: scamp5_draw_rect(a, b, c, e); break;
                case 1: scamp5_draw_line(a - 60, b - 60, c + 60, e, i % 4 == 1); break;
                case 2: scamp5_draw_circle(a, b, c / 4, i % 3 == 1); break;
                case 3: scamp5_draw_pixel(a - 300, b + 300); break;
                case 4: scamp5_draw_point(a + 100, b - 100); break;
                case 5: if (i == 17) scamp5_draw_negate();
            }
            if (i == 20) { scamp5_draw_end(); scamp5_draw_begin(R6); }
            if (i == 30) {
                scamp5_draw_end();
                scamp5_kernel_begin(); SET(R0); CLR(R12); scamp5_kernel_end();
                scamp5_draw_begin(R12);
            }
        }
        scamp5_draw_end();
        scamp5_kernel_begin(); MOV(R7, SELECT); MOV(R8, RECT); scamp5_kernel_end();
        scamp5_output_image(R5, d);
        vs_post_text("%d", (int)scamp5_global_or(R6));
    }
}
"""


@pytest.mark.parametrize(("shape", "engine"), [((256, 256), "fast"), ((64, 128), "reference")])
def test_drawing_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], engine: str) -> None:
    path = tmp_path / "draw.cpp"
    path.write_text(PROGRAM)
    program = LiveProgram.build(path)

    def run() -> tuple[LiveRun, Machine]:
        machine = Machine(shape, engine=engine)
        return program.run(machine, frames=3, planes=["R5", "R6", "R7", "R8", "R12"]), machine

    at_once, machine = run()
    monkeypatch.setattr(Machine, "draws_at_once", False)
    one_by_one, other = run()
    for frame, wanted in zip(at_once.frames, one_by_one.frames, strict=True):
        for register, plane in wanted.planes.items():
            np.testing.assert_array_equal(frame.planes[register], plane, register)
        np.testing.assert_array_equal(frame.pictures["drawn"], wanted.pictures["drawn"])
        assert (frame.texts, frame.profile, frame.lines) == (wanted.texts, wanted.profile, wanted.lines)
        assert frame.program.steps == wanted.program.steps
    assert at_once.notes == one_by_one.notes
    assert machine.spent.words == other.spent.words
    assert machine.spent.time_us == pytest.approx(other.spent.time_us)
