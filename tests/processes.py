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


_ENDINGS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def heeding(command: Sequence[str], **more: Any) -> subprocess.Popen[str]:
    """A process that heeds Ctrl-C and what ends it, also where this one does not: a job of the background or under
    nohup ignores some signals, and what it starts would, too. Text on both streams; more: as for Popen."""
    ignored = [number for number in _ENDINGS if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        # what a process handles has its default in what it starts
        signal.signal(number, signal.default_int_handler)
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)


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
