"""Speed of the fast engine, word by word and kernel by kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine
from scamp_sim.chip.program import HostCall, Kernel, Launch, Program, Word
from scamp_sim.compiler import assemble

pytestmark = pytest.mark.benchmark

REPEAT = 200
RNG = np.random.default_rng(0)
PLANES = [RNG.uniform(-50, 50, (256, 256)).astype(np.float32) for _ in range(3)]
PACKED = [RNG.integers(0, 2**63, 1024).astype(np.uint64) for _ in range(3)]


def numpy_add() -> None:
    np.add(PLANES[0], PLANES[1], out=PLANES[2])


def numpy_or() -> None:
    np.bitwise_or(PACKED[0], PACKED[1], out=PACKED[2])


def machine() -> Machine:
    m = Machine()
    for register, plane in zip("ABC", PLANES, strict=True):
        m.write(register, plane)
    for register in ("R5", "R6", "R7"):
        m.write(register, RNG.random((256, 256)) < 0.5)
    return m


def repeated(text: str, times: int = REPEAT) -> Program:
    """The kernel of `text`, launched many times in one run; it must use what it makes, or the engine leaves it out."""
    program = assemble(text)
    return Program("repeated", program.kernels, program.steps * times)


ANALOG = {
    "add(A, B, C)": (" ".join(("add(A, B, C);", "add(B, C, A);", "add(C, A, B);")), "0.9"),
    "sub(A, B, C)": (" ".join(("sub(A, B, C);", "sub(B, C, A);", "sub(C, A, B);")), ""),
    "movx(A, B, east)": (" ".join(("movx(A, B, east);", "movx(C, A, east);", "movx(B, C, east);")), "1.2"),
    "movx(A, B, north)": (" ".join(("movx(A, B, north);", "movx(C, A, north);", "movx(B, C, north);")), "1.2"),
    "movx(A, A, north)": ("movx(A, A, north); " * 3, "1.2"),
    "divq and add": (
        " ".join(("divq(A, B); add(B, A, C);", "divq(A, C); add(C, A, B);", "divq(C, B); add(B, A, C);")),
        "",
    ),
    "abs(A, B)": (" ".join(("abs(A, B);", "abs(C, A);", "abs(B, C);")), ""),
}
"""Macro -> it three times, each result an operand of the next (unread results are left out), and its goal."""


@pytest.mark.parametrize("name", ANALOG)
def test_analog_macros(name: str, benchmark: Any, compare: Callable[..., None]) -> None:
    text, goal = ANALOG[name]
    m, program = machine(), repeated(text)
    benchmark(m.run, program)
    compare(name, lambda: m.run(program), 3 * REPEAT, "numpy.add", numpy_add, goal)


NOISY = {
    "bus, two sources": "bus(A, B, C); bus(B, C, A); bus(C, A, B);",
    "bus, one source": "bus(A, B); bus(B, C); bus(C, A);",
    "add and sub": "sub(A, B, C); add(B, A, C); sub(C, B, A);",
    "mov": "mov(A, B); mov(B, C); mov(C, A);",
    "movx east": "movx(A, B, east); movx(C, A, east); movx(B, C, east);",
    "movx north": "movx(A, B, north); movx(C, A, north); movx(B, C, north);",
    "add and sub under FLAG": "where(A); sub(A, B, C); add(B, A, C); sub(C, B, A); all();",
}
"""Analog words whose values stay within the linear range, errors on against errors off."""


@pytest.mark.parametrize("name", NOISY)
def test_errors_on_against_errors_off(name: str, benchmark: Any, compare: Callable[..., None]) -> None:
    program = repeated(NOISY[name], 50)
    quiet, noisy = (
        Machine(errors=errors) for errors in ("ideal", "scamp5:analog_drift=0,analog_drift_spread=0,register_offset=0")
    )

    def run(m: Machine) -> None:
        for register, plane in zip("ABC", PLANES, strict=True):
            m.write(register, plane * np.float32(0.5))
        m.run(program, registers=False)

    benchmark(run, noisy)
    compare(f"errors on: {name}", lambda: run(noisy), 1, "errors off", lambda: run(quiet), "3.5")


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("OR(R5, R6, R7);", "0.35 and 0.15 us"),
        ("NOR(R5, R6, R7);", "0.35 and 0.15 us"),
        ("MOV(R5, R6);", ""),
        ("AND(R5, R6, R7);", ""),
        *((f"DNEWS(R5, R6, {d});", "2") for d in ("north", "east", "south", "west")),
    ],
)
def test_digital_words(text: str, goal: str, benchmark: Any, compare: Callable[..., None]) -> None:
    m, program = machine(), repeated(text, 1000)
    benchmark(m.run, program)
    compare(text, lambda: m.run(program), 1000, "numpy.bitwise_or", numpy_or, goal)


def test_gauss5(benchmark: Any, compare: Callable[..., None]) -> None:
    kernels = pytest.importorskip("kernels")
    program = kernels.load("gauss5")
    only = Program("gauss5", program.kernels, (Launch("gauss5"),) * 20)
    words = only.words // 20
    m = machine()
    benchmark(m.run, only)
    compare(f"gauss5, {words} words", lambda: m.run(only), 20, "numpy.add", numpy_add, "30")


def test_launch(benchmark: Any, compare: Callable[..., None]) -> None:
    """What a launch and a whole run cost beyond the words."""
    m = machine()
    nop = Kernel("nop", (Word("nop"),))
    once = Program("once", {"nop": nop}, (Launch("nop"),))
    many = Program("many", {"nop": nop}, (Launch("nop"),) * 1000)
    benchmark(m.run, once)
    compare("m.run of one launch", lambda: m.run(once), 1, "numpy.add", numpy_add, "5 us")
    compare("a launch inside a run", lambda: m.run(many), 1000, "numpy.add", numpy_add, "5 us")


def test_flood(benchmark: Any, compare: Callable[..., None]) -> None:
    m = machine()
    text = "SET(R1, R2, R3, R4); SET(R0); CLR(R12); PROP1(); PROP1();"
    program = assemble(text)
    benchmark(m.run, program)
    compare("flood of the whole plane, two PROP1", lambda: m.run(program), 1, "numpy.add", numpy_add, "200 us")


HOST_CALLS: dict[str, tuple[Callable[[Machine], object], str, str]] = {
    "shift(A, 64, 0)": (lambda m: m.shift("A", 64, 0), "numpy.add", "64"),
    "shift(A, 0, 64)": (lambda m: m.shift("A", 0, 64), "numpy.add", "64"),
    "shift(R5, 64, 0)": (lambda m: m.shift("R5", 64, 0), "numpy.add", ""),
    "flood(R6, R7, 0), mask all ones": (lambda m: m.flood("R6", "R7", 0), "numpy.add", "200 us"),
    "scan_events(R5, 1000)": (lambda m: m.scan_events("R5", 1000), "numpy.add", "100 us"),
    "scan_boundingbox(R5)": (lambda m: m.scan_boundingbox("R5"), "numpy.add", ""),
    "global_sum_16(A)": (lambda m: m.global_sum_16("A"), "numpy.add", ""),
    "global_or(R5)": (lambda m: m.global_or("R5"), "numpy.add", ""),
    "output_image(A)": (lambda m: m.output_image("A"), "numpy.add", ""),
    "load_pattern(R8, ...)": (lambda m: m.load_pattern("R8", 3, 3, 192, 192), "numpy.add", ""),
}
"""Host function -> the call as a user makes it, its baseline, its goal."""


@pytest.mark.parametrize("name", HOST_CALLS)
def test_host_functions(name: str, benchmark: Any, compare: Callable[..., None]) -> None:
    call, label, goal = HOST_CALLS[name]
    m = machine()
    m.write("R5", RNG.random((256, 256)) < 0.1)
    m.load_point("R6", 0, 0)
    m.write("R7", True)
    m.load_point("R9", 0, 0)

    def once() -> None:
        if name.startswith("flood"):
            m._engine.write("R6", CORNER)  # as far to go every time
        call(m)

    benchmark(once)
    compare(name, once, 1, label, numpy_add, goal)


CORNER = np.zeros((256, 256), bool)
CORNER[0, 255] = True


def test_mixed_words(benchmark: Any, compare: Callable[..., None]) -> None:
    """20,000 words of many kinds in one run."""
    m = machine()
    kernel = assemble(
        "add(A, B, C); movx(D, A, east); subx(E, D, south, A); abs(F, E); where(F); MOV(R5, FLAG); all();"
        "DNEWS(R6, R5, north); AND(R7, R5, R6); WHERE(R7); mov(B, F); all(); OR(R8, R7, R5); NOT(R9, R8);"
    )
    rounds = 20_000 // kernel.words
    program = Program("mixed", kernel.kernels, (HostCall("scamp5_load_in", (5,)), *kernel.steps * rounds))
    benchmark(m.run, program)
    compare(
        "20,000 mixed words, per word", lambda: m.run(program), kernel.words * rounds, "numpy.add", numpy_add, "6.7 us"
    )
