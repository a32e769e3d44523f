"""Ctrl-C at any moment: one line and exit code 130, or the command was done; no traceback, nothing half-written."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import scamp_sim
from scamp_sim.systems.network.store import save
from tests.fuzz.newer_kinds import small_network
from tests.processes import heeding

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(scamp_sim.__file__).parents[1])}

BEST = "scamp-sim: note: interrupted; this is the best so far"
"""Of `filter`, whose search gives what it has."""

EARLIEST = 0.06
"""Seconds; before that Python itself may not have started."""

LINES = (
    "",
    "isa movx",
    "list fast16",
    "calibration",
    "run edges --image photo.png --out out",
    "run edges --image photo.png --errors scamp5 --chips 1-3 --out study",
    "view edges --image photo.png --no-browser --save page.html",
    "profile edges --image photo.png --html report.html",
    "check edges",
    "explain S101",
    "ranges edges",
    "filter 1,2,1;2,4,2;1,2,1 --scale 16 -o g.scamp",
    "chips scamp5 --serial 3",
    "measure write kit",
    "fit --table table.csv --out mine.json",
    "export edges --out edges.cpp",
    "import main.cpp --out kernels",
    "run main.cpp --image photo.png --out live",
    "system list",
    "system costs p2m",
    "system run leca --out leca",
    "system validate p2m --clips example:2 --out p2m.json",
    "compare",
    "validate pixelrnn --weights random:1 --clips synthetic:1 --out r.json",
    "system train p2m --data shapes --count 40 --size 20 --epochs 1 --out sensor.npz",
    "train pixelrnn --clips synthetic:1 --test synthetic:1:9 --epochs 1 --threads 1 --out w.npz",
    "report memory",
    "network read net.npz",
    "network plan net.npz --out plan.json",
    "network costs net.npz",
    "network run net.npz --image small.png --out shown",
    "network validate net.npz --data pictures.npz --errors scamp5 --chips 1-2 --jobs 1 --out net.json",
    "network finetune net.npz --data pictures.npz --pictures 4 --epochs 2 --out tuned.npz",
    "network export net.npz --to exported",
    "compare --task shapes --rows raw --heads linear --train 2 --test 2 --epochs 1 --jobs 1 --out task",
    "run edges --image film.gif --fps 5 --frames 6 --video edges.gif --out frames",
    "docs promises",
    "demo --out demo",
    "bench --only one-word",
    "completion bash",
    "lsp",
    "new fresh",
)
"""A line of every command; what a machine lacks ends in its message at any moment too."""


def start(line: str, folder: Path) -> subprocess.Popen[str]:
    return heeding([sys.executable, "-m", "scamp_sim", *line.split()], cwd=folder, env=ENVIRONMENT)


def interrupt(line: str, folder: Path, times: int, seed: int) -> None:
    began = time.monotonic()
    first = start(line, folder)
    first.communicate(timeout=600)
    usual, whole = first.returncode, time.monotonic() - began
    assert usual in (0, 1), "the line itself is wrong"  # 1: an extra or a compiler that this machine lacks
    draw = random.Random(seed)
    for _ in range(times):
        running = start(line, folder)
        time.sleep(EARLIEST + draw.random() * whole)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
        if "init_import_site" in err:  # on a busy machine Python itself has not started by then
            continue
        assert "Traceback" not in err, err
        # 1: what an earlier time has written is not written over
        assert running.returncode in (usual, 1, 130), (line, out, err)
        if running.returncode == 130:
            assert err.splitlines()[-1] in ("interrupted", BEST)
        left = [p for p in folder.rglob("*") if p.name.startswith(".scamp-")]
        assert left == []


def noise(count: int) -> np.ndarray:
    """Pictures for the network."""
    return np.random.default_rng(0).integers(0, 256, (count, 64, 64)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(np.zeros((256, 256), np.uint8)).save(tmp_path / "photo.png")
    rows = "".join(f"{v},{n},{v * 0.1:.2f},{1 + n / 10:.2f}\n" for v in (10, 50, 90) for n in (1, 5, 10))
    (tmp_path / "table.csv").write_text("value,passes,mean_in_minus_out,std_out\n" + rows)
    frames = [Image.fromarray(np.full((256, 256), 20 * n, np.uint8)) for n in range(6)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:], duration=100)
    Image.fromarray(noise(1)[0]).save(tmp_path / "small.png")
    save(small_network(), tmp_path / "net.npz")
    np.savez(tmp_path / "pictures.npz", x=noise(20), y=np.arange(20) % 10)
    shutil.copy(Path(__file__).parent / "compiler/native/programs/captures.cpp", tmp_path / "main.cpp")
    return tmp_path


def test_a_line_of_every_command() -> None:
    from scamp_sim.cli.commands import commands

    assert {line.split()[0] for line in LINES if line} == set(commands())


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("line", ["isa movx", "run edges --image photo.png --out out"])
def test_interrupted_at_a_few_moments(line: str, folder: Path) -> None:
    interrupt(line, folder, times=4, seed=1)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_ended_leaves_nothing_half_written(number: int, folder: Path) -> None:
    """By `timeout`, a queue of jobs, or a terminal that is closed."""
    running = start("run edges --image film.gif --frames 100000 --video edges.gif --out frames", folder)
    for _ in range(3000):
        if any(folder.glob(".scamp-*")):
            break
        time.sleep(0.01)
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 128 + number, err
    assert "Traceback" not in err
    assert not [p for p in folder.rglob("*") if p.name.startswith(".scamp-")]
    assert not (folder / "edges.gif").exists()


@pytest.mark.nightly
@pytest.mark.parametrize("line", LINES)
def test_interrupted_at_twenty_moments(line: str, folder: Path) -> None:
    interrupt(line, folder, times=20, seed=2)


AT_IMPORT = """
import signal, sys
from scamp_sim.__main__ import entry

loaded = []

class Cut:  # an interrupt while torch is imported, whose C++ imports modules where no exception may pass
    def find_spec(self, name, path=None, target=None):
        if name == "torch.distributed" and not loaded:
            loaded.append(name)
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                print("an exception passes")
                raise

import scamp_sim.cli.main
def main(interrupted):
    sys.meta_path.insert(0, Cut())
    import torch
    return 0
scamp_sim.cli.main.main = main
sys.exit(entry())
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interrupt_while_torch_is_imported(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    running = heeding([sys.executable, "-c", AT_IMPORT], cwd=tmp_path, env=ENVIRONMENT)
    assert (*running.communicate(timeout=120), running.returncode) == ("", "interrupted\n", 130)


LATE = """
import signal, sys, threading
import scamp_sim.cli.main
from scamp_sim.__main__ import entry

class Last:
    def __del__(self):
        print("ready", flush=True)
        signal.raise_signal(signal.SIGINT)
        for _ in range(1000):
            pass

def main(interrupted):
    {begin}
    Last()  # what is raised in there is dropped
    {wait}
    return 0

scamp_sim.cli.main.main = main
sys.exit(entry())
"""
"""An interrupt that comes in a callback, before a wait that only a signal to the main thread ends."""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("begin", "wait"),
    [
        ("lock = threading.Lock(); lock.acquire()", "lock.acquire()"),
        ("import os; reader, _ = os.pipe()", "os.read(reader, 1)"),
        ("import time", "time.sleep(60)"),
    ],
)
def test_an_interrupt_in_a_callback_ends_a_wait(begin: str, wait: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LATE.format(begin=begin, wait=wait)]
    running = heeding(command, cwd=tmp_path, env=ENVIRONMENT)
    try:
        out, err = running.communicate(timeout=20)
    finally:
        running.kill()
    assert (out, err, running.returncode) == ("ready\n", "interrupted\n", 130)
