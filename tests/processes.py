"""Processes that tests start and interrupt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def heeding(command: Sequence[str], **more: Any) -> subprocess.Popen[str]:
    """A process that heeds Ctrl-C, also where this one does not: a job of the background or under nohup ignores it, and
    what it starts would, too. Text on both streams; more: as for Popen."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    finally:
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def called(line: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """`scamp-sim` with the words of a line, in a process of its own in this folder, without standard input. Raises
    TimeoutExpired."""
    return subprocess.run(
        [sys.executable, "-m", "scamp_sim", *line.split()],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
