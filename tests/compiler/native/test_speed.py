"""By night: how long live programs take, in processor time of the simulator and of what it starts.

Wall time depends on what else the computer does, so that it is bounded loosely.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.chip.program import Program
from scamp_sim.compiler.native import LiveProgram
from scamp_sim.machine.machine import Run
from scamp_sim.user_cache import user_cache

pytestmark = pytest.mark.nightly  # neighbours on the computer make any bound of time fail

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


def child(*command: str, cache: Path | None = None) -> float:
    """Processor seconds of a process, and of what it starts; Python keeps its bytecode, as in an installation.

    cache: our own folder for what is built; Python's bytecode goes beside it.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    if cache is not None:
        environment |= {"SCAMP_SIM_CACHE": str(cache), "PYTHONPYCACHEPREFIX": str(cache.parent / "bytecode")}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def slower() -> float:
    """How many times slower this computer is now than one on which numba is imported in 0.45 s: the bars are of that,
    and neighbours who use the same caches make everything take twice as long."""
    return max(1.0, min(child(sys.executable, "-c", "import numba") for _ in range(2)) / 0.45)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "main.cpp"
    path.write_text(PROGRAM)
    return path


def first_frame(path: Path, cache: Path) -> float:
    """Processor seconds of `scamp-sim run`, compilers and the program among them."""
    return child(sys.executable, "-m", "scamp_sim.cli.main", "run", str(path), "--frames", "1", cache=cache)


def test_build_and_first_frame(program: Path, tmp_path: Path) -> None:
    LiveProgram.build(program).run(Machine(), frames=1)  # the engine's own compiled code is there
    caches = [tmp_path / name / "scamp-sim" for name in ("warm", "cold")]
    own = user_cache()
    for cache in caches:
        cache.mkdir(parents=True, mode=0o700)
        for entry in own.iterdir() if own is not None else ():
            if entry.name != "native":
                (cache / entry.name).symlink_to(entry)
    warm, cold = (cache.parent for cache in caches)
    first_frame(program, warm)  # Python's bytecode is there
    building, cached = first_frame(program, cold), min(first_frame(program, cold) for _ in range(2))
    print(f"build and first frame {building:.2f} s, cached {cached:.2f} s, of a computer {slower():.2f} times slower")
    assert building < 6.0 * slower()  # of two compilers side by side: 5 s by the clock
    assert cached < 1.5 * slower()


def test_a_thousand_frames(program: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)
    machine, built = Machine(), LiveProgram.build(program)
    built.run(machine, [grey], frames=3)
    began, spent = time.monotonic(), time.process_time()
    run = built.run(machine, [grey], frames=1000)
    assert time.process_time() - spent < 5.0
    assert time.monotonic() - began < 60.0
    assert len(run.frames) == 1000
    assert run.frames[-1].profile.words == 97


def test_what_a_frame_takes_beyond_the_simulator(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame with two questions, whose array does nothing: pipes, lines and records alone, beside what the array's own
    work takes in the same run."""
    machine, built = Machine(), LiveProgram.build(program)
    own, given, asked = machine.run, {}, []
    picture = np.zeros((256, 256))

    def at_once(program: Program, **more: Any) -> Run:
        asked.append(program)
        if program not in given:
            given[program] = own(program, **more)
        return given[program]

    monkeypatch.setattr(machine, "run", at_once)
    monkeypatch.setattr(machine, "expose", lambda image: None)

    def spent(frames: int) -> float:
        began = time.thread_time()
        built.run(machine, [picture], frames=frames)
        return time.thread_time() - began

    def alone(frames: int) -> float:
        began = time.thread_time()
        for _ in range(frames):
            Machine.expose(machine, picture)
            for program in asked[-2:]:
                own(program, registers=False)
        return time.thread_time() - began

    spent(3)
    rounds = [(spent(700), spent(200), alone(100)) for _ in range(6)]
    many, few, array = (min(times) for times in zip(*rounds, strict=True))  # each by itself
    beyond, simulator = (many - few) / 500, array / 100
    print(f"beyond the simulator {beyond * 1e6:.1f} us a frame, {beyond / simulator:.1%} of {simulator * 1e6:.1f} us")
    assert beyond < 0.12 * simulator


DRAWING = """#include <scamp5.hpp>
using namespace SCAMP5_PE;
int main() {
    unsigned s = 1;
    while (1) {
        vs_frame_loop_control();
        scamp5_draw_begin(R5);
        for (int i = 0; i < 1000; i++) {
            s = s * 1664525u + 1013904223u;
            scamp5_draw_pixel(s >> 24 & 255, s >> 12 & 255);
        }
        scamp5_draw_end();
    }
}
"""


def test_drawing_at_new_places_is_cheap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of what it takes to make a program of the calls, which is what chips with errors need; the same bits."""
    path = tmp_path / "draw.cpp"
    path.write_text(DRAWING)
    built = LiveProgram.build(path)

    def spent(machine: Machine) -> float:
        built.run(machine, frames=1)
        began = time.thread_time()
        built.run(machine, frames=3)
        return time.thread_time() - began

    machine, slow = Machine(), Machine()
    at_once = min(spent(machine) for _ in range(2))
    monkeypatch.setattr(Machine, "draws_at_once", False)
    assert at_once < spent(slow) / 3
    for register in ("R5", "SELECT", "RECT"):
        np.testing.assert_array_equal(machine.read(register), slow.read(register))
    assert machine.read("R5").sum() > 2000


def test_drawing_at_places_that_come_again(tmp_path: Path) -> None:
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
    assert (spent(10) - spent(2)) / 8 / 2000 < 10e-6 * slower()
