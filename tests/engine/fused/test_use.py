"""When fused code is made, kept and used."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim import Machine, assemble
from scamp_sim.engine.fused import build, runner, store

TEXT = "movx(B, A, east); add(B, B, A); divq(C, B); movx(D, C, north); sub(A, D, C);"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of code, and a process that has made none."""
    monkeypatch.setattr(build, "folder", lambda: tmp_path)
    monkeypatch.setattr(build, "_loaded", {})
    monkeypatch.setattr(store, "_made", {})
    monkeypatch.setattr(runner, "trouble", [])
    monkeypatch.delenv("SCAMP_SIM_FUSE", raising=False)
    yield tmp_path
    finish()


def finish() -> None:
    """Wait for code that is being made."""
    for thread in threading.enumerate():
        if thread.name == runner.THREAD:
            thread.join()


def machine() -> Machine:
    m = Machine((64, 64))
    m.write("A", np.arange(64 * 64).reshape(64, 64) % 97 - 40)
    return m


def test_a_program_that_runs_once_makes_nothing(folder: Path) -> None:
    m, program = machine(), assemble(TEXT)
    m.run(program)
    finish()
    assert not list(folder.iterdir())
    assert m._engine.rows(program)[1] == 0  # type: ignore[attr-defined]


def test_code_is_made_once_it_pays_and_then_used(folder: Path) -> None:
    m, other, program = machine(), machine(), assemble(TEXT)
    other_program = assemble(TEXT)
    hot = m._engine._hot(program)  # type: ignore[attr-defined]
    m.run(program)
    hot._spent = 10.0  # as if the walk had spent that long
    m.run(program)
    finish()
    assert m._engine.rows(program) == (0, 1)  # type: ignore[attr-defined]
    assert {p.suffix for p in folder.iterdir()} == {".o", ".plan"}
    m.run(program)
    for _ in range(3):
        other.run(other_program)
    assert np.array_equal(m.read("A"), other.read("A"))


@pytest.mark.parametrize(("walked", "kept"), [(1e-9, False), (10.0, True)])
def test_code_that_is_slower_than_the_walk_is_not_used_for_long(folder: Path, walked: float, kept: bool) -> None:
    m, program = machine(), assemble(TEXT)
    hot = m._engine._hot(program)  # type: ignore[attr-defined]
    m.run(program)
    hot._spent = 10.0
    m.run(program)
    finish()
    hot._walked = walked  # as if the walk had taken that long
    for _ in range(runner.TRIALS - 1):
        m.run(program)
        assert hot.made is not None
    for _ in range(3):
        m.run(program)
        assert (hot.made is not None) == kept
    finish()


def made(program_text: str = TEXT) -> tuple[int, int]:
    """Rows walked and stretches fused by a machine that has code made before its first run."""
    m, program = machine(), assemble(program_text)
    m.run(program)
    rows: tuple[int, int] = m._engine.rows(program)  # type: ignore[attr-defined]
    return rows


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process."""
    monkeypatch.setattr(build, "_loaded", {})
    monkeypatch.setattr(store, "_made", {})


def test_another_process_finds_the_code(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAMP_SIM_FUSE", "now")
    assert made() == (0, 1)
    forget(monkeypatch)
    monkeypatch.setattr(build, "compile_text", lambda *_: pytest.fail("it is there"))
    assert made() == (0, 1)


@pytest.mark.parametrize("suffix", [".o", ".plan"])
@pytest.mark.parametrize("contents", [b"", b"\x7fELF nonsense", b"[{}]", b"{"])
def test_a_damaged_file_is_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, contents: bytes
) -> None:
    monkeypatch.setenv("SCAMP_SIM_FUSE", "now")
    made()
    (file,) = folder.glob(f"*{suffix}")
    whole = file.read_bytes()
    file.write_bytes(contents)
    forget(monkeypatch)
    assert made() == (0, 1)
    assert file.read_bytes() == whole


def test_a_truncated_object_is_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAMP_SIM_FUSE", "now")
    made()
    (file,) = folder.glob("*.o")
    whole = file.read_bytes()
    for size in range(0, len(whole), 97):
        file.write_bytes(whole[:size])
        forget(monkeypatch)
        assert made() == (0, 1)
        assert file.read_bytes() == whole


def test_a_folder_that_cannot_be_written_is_no_obstacle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAMP_SIM_FUSE", "now")
    (folder / "file").write_bytes(b"")
    monkeypatch.setattr(build, "folder", lambda: folder / "file" / "below")
    assert made() == (0, 1)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no users here")
def test_code_of_another_user_is_not_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAMP_SIM_FUSE", "now")
    made()
    forget(monkeypatch)
    compiled: list[str] = []
    compile_text = build.compile_text

    def noted(name: str, text: str) -> build.Code:
        compiled.append(name)
        return compile_text(name, text)

    monkeypatch.setattr(build, "compile_text", noted)
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    assert made() == (0, 1)
    assert len(compiled) == 1


def test_without_llvm_the_walk_does_everything(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAMP_SIM_FUSE", "now")

    def missing() -> None:
        raise ImportError("no llvmlite here")

    monkeypatch.setattr(build, "_llvm", missing)
    assert made()[1] == 0
    assert runner.trouble == ["ImportError: no llvmlite here"]
    assert made()[1] == 0
    assert len(runner.trouble) == 1


def test_the_switch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAMP_SIM_FUSE", "0")
    m, program = machine(), assemble(TEXT)
    m.run(program)
    m._engine._hot(program)._spent = 10.0  # type: ignore[attr-defined]
    m.run(program)
    finish()
    assert not list(folder.iterdir())


def test_a_process_that_ends_does_not_wait_for_code() -> None:
    text = (
        "from scamp_sim import Machine, assemble\n"
        "m = Machine((64, 64))\n"
        "for n in range(30):\n"
        "    p = assemble('movx(B, A, east); add(B, B, A); divq(C, B);' + 'add(A, B, C);' * n)\n"
        "    m.run(p); m._engine._hot(p)._spent = 10.0; m.run(p)\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("errors", ["ideal", "scamp5"])
def test_two_threads_give_what_one_gives(folder: Path, monkeypatch: pytest.MonkeyPatch, errors: str) -> None:
    """Machines share machine code, not what it works on."""
    monkeypatch.setenv("SCAMP_SIM_FUSE", "now")
    texts = [TEXT, TEXT + "where(A); mov(B, A); all();", "movx(A, A, south); " * 5 + TEXT]

    def work(chip: int) -> list[npt.NDArray[Any]]:
        m = Machine((64, 64), errors=errors, chip=chip)
        m.write("A", np.arange(64 * 64).reshape(64, 64) % 97 - 40)
        programs = [assemble(text) for text in texts]
        for _ in range(5):
            for program in programs:
                m.run(program)
        return [m.read(register) for register in "ABCD"]

    alone = [work(chip) for chip in range(4)]
    forget(monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(work, range(4)))
    assert not runner.trouble
    for one, two in zip(alone, together, strict=True):
        for a, b in zip(one, two, strict=True):
            assert np.array_equal(a, b)


def test_a_plan_of_one_chip_serves_another(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chips of a population share plans; the rows that stay with the walk have numbers of their own chip."""
    words = (
        "movx(B, A, east); add(B, B, A); where(B); add(C, A, B); mov(D, C); all(); movx(E, D, north); sub(F, E, A); "
    )
    program = assemble(words * 3)

    def planes(switch: str, chip: int) -> list[npt.NDArray[Any]]:
        monkeypatch.setenv("SCAMP_SIM_FUSE", switch)
        m = Machine((64, 64), errors="scamp5", chip=chip)
        m.write("A", np.arange(64 * 64).reshape(64, 64) % 97 - 40)
        for _ in range(3):
            m.run(program)
        return [m.read(register) for register in "ABCDEF"]

    for chip in (3, 6, 8, 11):
        for walked, fused in zip(planes("0", chip), planes("now", chip), strict=True):
            assert np.array_equal(walked, fused), chip
    assert not runner.trouble


def test_walked_rows_are_those_of_the_chip_at_hand() -> None:
    """The segment that a plan is used with gives the walked rows, not the one that it was made for."""
    from scamp_sim.engine.fused.frame import ready
    from scamp_sim.engine.fused.plan import Walked
    from scamp_sim.engine.lower import Segment

    order = np.arange(3)
    runs: Any = np.zeros((1, 2), np.int32)
    first, second = (Segment(np.full((4, 16), n, np.int32), runs, order, True, ()) for n in (1, 2))
    (step,) = ready((Walked.of(first, 0, 4, True),), second, np.zeros(4, np.float32))
    assert isinstance(step, Walked)
    assert (step.code == 2).all()


def test_code_that_nobody_uses_is_given_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every piece takes mappings of memory, of which a process has only so many."""
    monkeypatch.setenv("SCAMP_SIM_FUSE", "now")
    monkeypatch.setattr(build, "MOST", 3)
    programs = [assemble("add(F, F, A);" * n + TEXT) for n in range(6)]
    m, gone = machine(), machine()
    libraries: dict[str, weakref.ref[Any]] = {}
    for program in programs:
        m.run(program)
        libraries |= {name: weakref.ref(code.library) for name, code in build._loaded.items()}  # type: ignore[attr-defined]
    assert len(build._loaded) == len(store._made) == 3
    assert all(m._engine.rows(program)[1] for program in programs)  # type: ignore[attr-defined]
    m.write("A", gone.read("A"))
    for each in (m, gone):  # the first code was dropped: one machine holds it, the other finds it in its file
        each.run(programs[0])
    assert np.array_equal(m.read("C"), gone.read("C"))
    del m, program, programs, gone, each
    gc.collect()
    assert len(libraries) == 6
    assert sum(library() is not None for library in libraries.values()) <= 3
    assert not runner.trouble
