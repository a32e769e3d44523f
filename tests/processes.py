"""Processes that tests start and interrupt."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from typing import Any


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
