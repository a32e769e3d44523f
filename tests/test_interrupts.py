"""Ctrl-C at any moment: one line and exit code 130, or the command was done; no traceback, nothing half-written."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import scamp_sim

ROOT = Path(scamp_sim.__file__).parents[1]

EARLIEST = 0.06
"""Seconds; before that Python itself may not have started."""

LINES = (
    "isa movx",
    "list fast16",
    "calibration",
    "run edges --image photo.png --out out",
    "profile edges --image photo.png --html report.html",
    "check edges",
    "ranges edges",
    "export edges --out edges.cpp",
    "system costs p2m",
)


def start(line: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scamp_sim", *line.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupt(line: str, folder: Path, times: int, seed: int) -> None:
    began = time.monotonic()
    start(line, folder).communicate()
    whole = time.monotonic() - began
    draw = random.Random(seed)
    for _ in range(times):
        running = start(line, folder)
        time.sleep(EARLIEST + draw.random() * whole)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
        assert "Traceback" not in err, err
        assert running.returncode in (0, 130), (out, err)
        if running.returncode == 130:
            assert err.splitlines()[-1] == "interrupted"
        left = [p for p in folder.rglob("*") if p.name.startswith(".scamp-")]
        assert left == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(np.zeros((256, 256), np.uint8)).save(tmp_path / "photo.png")
    return tmp_path


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("line", ["isa movx", "run edges --image photo.png --out out"])
def test_interrupted_at_a_few_moments(line: str, folder: Path) -> None:
    interrupt(line, folder, times=4, seed=1)


@pytest.mark.nightly
@pytest.mark.parametrize("line", LINES)
def test_interrupted_at_twenty_moments(line: str, folder: Path) -> None:
    interrupt(line, folder, times=20, seed=2)
