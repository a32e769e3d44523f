"""The progress bar of everything that takes long, and the note after an interrupt."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Task

PATIENCE = 1.0
"""Seconds before a bar appears."""


@contextmanager
def progress(total: int | None, what: str = "frames") -> Iterator[Callable[[], None]]:
    """A bar on the terminal for work that has taken more than a second; calls of the yielded function advance it.

    total: calls that there will be; None if that is not known.
    what: the unit, in front of the bar. Nothing is drawn where stderr is neither a terminal nor a notebook's, and
        nothing is left behind.
    """
    started, done, bar, task = time.monotonic(), 0, None, None

    def advance() -> None:
        nonlocal done, bar, task
        done += 1
        going = total is None or done < total
        if bar is None and going and (waited := time.monotonic() - started) > PATIENCE and (_notebook() or _terminal()):
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TimeRemainingColumn
            from rich.text import Text

            class Rate(ProgressColumn):
                """Units a second, or seconds a unit."""

                def render(self, task: Task) -> Text:
                    return Text(rate(task.completed, waited + (task.elapsed or 0)))

            columns = (what, BarColumn(), MofNCompleteColumn(), Rate(), "left", TimeRemainingColumn())
            # what our streams do for other people's text would stop a bar, which moves the cursor
            console = Console() if _notebook() else Console(file=getattr(sys.stderr, "raw", sys.stderr))
            bar = Progress(*columns, console=console, transient=True, redirect_stdout=False)
            bar.start()
            task = bar.add_task(what, total=total)
        if bar is not None and task is not None:
            bar.update(task, completed=done)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()


def _terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _notebook() -> bool:
    """Whether this runs in a notebook, whose bar is a picture of its own."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def rate(done: float, seconds: float) -> str:
    """How fast something goes, as a bar shows it."""
    if not done or not seconds:
        return ""
    return f"{done / seconds:.1f}/s" if done > seconds else f"{seconds / done:.1f} s each"


@contextmanager
def kept(where: str | None) -> Iterator[None]:
    """After an interrupt, say where what is done is kept; None says nothing."""
    try:
        yield
    except KeyboardInterrupt:
        if where is not None:
            print(f"\n{where} keeps finished results; the same command resumes there", file=sys.stderr)
        raise


__all__ = ["kept", "progress", "rate"]
