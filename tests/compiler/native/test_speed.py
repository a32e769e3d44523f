"""How long live programs take, in processor time of the simulator and of what it starts.

Wall time depends on what else the computer does, so that it is bounded loosely.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.compiler.native import LiveProgram
from scamp_sim.user_cache import user_cache

PROGRAM = """#include <scamp5.hpp>
using namespace SCAMP5_PE;
int main() {
    vs_init();
    int t = 20;
    vs_gui_add_slider("t", 0, 100, t, &t);
    while (1) {
        vs_frame_loop_control();
        scamp5_kernel_begin();
            get_image(A);
            for (int i = 0; i < 11; i++) { movx(B, A, north); add(A, A, B); divq(C, A); mov(A, C); }
            where(A); MOV(R5, FLAG); all();
        scamp5_kernel_end();
        if (scamp5_global_or(R5)) { scamp5_kernel_begin(); NOT(R6, R5); scamp5_kernel_end(); }
        vs_post_text("%d", scamp5_global_sum_fast(A));
    }
}
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "main.cpp"
    path.write_text(PROGRAM)
    return path


def processor(path: Path, cache: Path) -> float:
    """Processor seconds of `scamp-sim run`, compilers and the program among them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "scamp_sim.cli.main", "run", str(path), "--frames", "1"]
    done = subprocess.run(command, env={**os.environ, "SCAMP_SIM_CACHE": str(cache)}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_build_and_first_frame(program: Path, tmp_path: Path) -> None:
    LiveProgram.build(program).run(Machine(), frames=1)  # the engine's own compiled code is there
    cache = tmp_path / "cache" / "scamp-sim"
    cache.mkdir(parents=True, mode=0o700)
    own = user_cache()
    for entry in own.iterdir() if own is not None else ():
        if entry.name != "native":
            (cache / entry.name).symlink_to(entry)
    assert processor(program, cache.parent) < 5.0
    assert processor(program, cache.parent) < 1.5


def test_a_thousand_frames(program: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)
    machine, built = Machine(), LiveProgram.build(program)
    built.run(machine, [grey], frames=3)
    began, spent = time.monotonic(), time.process_time()
    run = built.run(machine, [grey], frames=1000)
    assert time.process_time() - spent < 5.0
    assert time.monotonic() - began < 30.0
    assert len(run.frames) == 1000
    assert run.frames[-1].profile.words == 97


def test_what_a_frame_takes_beyond_the_simulator(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame with two questions costs our own code less than 0.1 ms, pipes among it, whatever the array does."""
    grey = np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)
    machine, built = Machine(), LiveProgram.build(program)
    built.run(machine, [grey], frames=3)
    inside = 0.0

    def timed(name: str) -> None:
        own = getattr(machine, name)

        def call(*args: object, **more: object) -> object:
            nonlocal inside
            began = time.thread_time()
            result = own(*args, **more)
            inside += time.thread_time() - began
            return result

        monkeypatch.setattr(machine, name, call)

    timed("run")
    timed("expose")
    began = time.thread_time()
    built.run(machine, [grey], frames=500)
    beyond = (time.thread_time() - began - inside) / 500
    assert beyond < 100e-6


def test_drawing_is_cheap(tmp_path: Path) -> None:
    """A drawing call at a place where none was before: less than 30 us (it was 100), and less than 10 us again."""
    path = tmp_path / "draw.cpp"
    path.write_text(
        "#include <scamp5.hpp>\nusing namespace SCAMP5_PE;\nint main() { while (1) { vs_frame_loop_control();\n"
        "scamp5_draw_begin(R5);\nfor (int i = 0; i < 2000; i++) scamp5_draw_pixel((i * 7) % 256, (i * 13) % 256);\n"
        "scamp5_draw_end(); } }\n"
    )
    machine, built = Machine(), LiveProgram.build(path)

    def spent(frames: int) -> float:
        began = time.thread_time()
        built.run(machine, frames=frames)
        return time.thread_time() - began

    spent(1)
    once, often = spent(1), spent(9)
    assert once / 2000 < 30e-6
    assert (often - once) / 8 / 2000 < 10e-6
