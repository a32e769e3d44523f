"""When fused code is made and used.

Compiling takes as long as hundreds of runs. So a program starts on the walk. At its second run code that was made
before is looked for; without any, it is made in the background once the walk has spent on the program what compiling
it is expected to take. A program that is run once never waits for anything, and makes nothing. What another machine of
this process has made is used at once: the further chips of a study never walk.

SCAMP_SIM_FUSE=0 leaves everything to the walk; SCAMP_SIM_FUSE=now compiles before the first run (for measurements and
tests).
"""

from __future__ import annotations

import os
import sys
import threading
from time import perf_counter

import numpy as np
import numpy.typing as npt

from scamp_sim.engine.fused.frame import Steps, ready
from scamp_sim.engine.fused.plan import LEAST_ROWS
from scamp_sim.engine.fused.store import has_made, is_filed, key, known, look_up, make
from scamp_sim.engine.lower import Segment

LOADING = 1.5e-3
"""Seconds that code from the folder takes to load, for each stretch; one has at least a segment."""
COMPILING, COMPILING_ROW = 8e-3, 0.15e-3
"""Seconds that a program takes to compile, and each row of its table; stretches that repeat are made once."""

TRIALS, SLOWER = 10, 1.1
"""Runs of fused code that are timed, and by how much it may take longer than the walk has; else the walk goes on."""
_SWITCH = "SCAMP_SIM_FUSE"
THREAD = "scamp-sim fusion"
_lock = threading.Lock()  # one program is compiled at a time
_slower: set[str] = set()
"""Plans with which a program was slower than on the walk."""
trouble: list[str] = []
"""Why nothing is fused any more; empty while all is well."""


def mode() -> str:
    """ "off", "auto" or "now"."""
    if trouble or sys.byteorder != "little":
        return "off"
    return {"0": "off", "now": "now"}.get(os.environ.get(_SWITCH, ""), "auto")


class Hot:
    """One lowered program on its way to fused code. made: the steps of each segment, once they can be used."""

    def __init__(
        self,
        segments: tuple[Segment, ...],
        params: npt.NDArray[np.float32],
        shape: tuple[int, int],
        allowed: bool = True,
    ) -> None:
        self.segments = segments
        self.made: tuple[Steps, ...] | None = None
        self._params = params
        self._shape = shape
        self._runs = 0
        self._since = 0.0
        self._spent = 0.0
        self._due = 0.0
        self._walked = self._tried = float("inf")  # least seconds of a run
        self.trials = 0  # runs of fused code that are still to be timed
        worth_it = allowed and any(len(s.code) >= LEAST_ROWS for s in segments)
        self._mode = mode() if worth_it else "off"
        if self._mode == "now":
            self._work()
        elif self._mode == "auto" and has_made():
            self._adopt()

    def starts(self) -> None:
        """A run of the program begins that is timed."""
        self._since = perf_counter()

    def tried(self) -> None:
        """Fused code is done with such a run: values that compress everywhere can suit the walk better."""
        self._tried = min(self._tried, perf_counter() - self._since)
        self.trials -= 1
        if not self.trials and self._tried > self._walked * SLOWER:
            self.made = None
            _slower.update(self._names())

    def ends(self) -> None:
        """The walk is done with it."""
        if self._mode == "off":
            return
        spent = perf_counter() - self._since
        self._spent += spent
        self._walked = min(self._walked, spent)
        self._runs += 1
        if self._runs == 2:
            self._due = self._expected()
        if self._runs >= 2 and self._spent >= self._due:
            self._mode = "off"  # there is one attempt
            threading.Thread(target=self._work, name=THREAD).start()

    def _expected(self) -> float:
        """Seconds until there would be code."""
        try:
            names = self._names()
            if all(is_filed(name) for name in names):
                return LOADING * len(names)
        except Exception as e:
            self._give_up(e)
        return COMPILING + COMPILING_ROW * sum(len(s.code) for s in self.segments)

    def _names(self) -> list[str]:
        """Of the plans of its segments."""
        return [key(s, self._params, self._shape) for s in self.segments]

    def _adopt(self) -> None:
        """Use what another machine has made."""
        try:
            made = [
                (s, known(name)) for s, name in zip(self.segments, self._names(), strict=True) if name not in _slower
            ]
            if len(made) == len(self.segments) and all(steps is not None for _, steps in made):
                self.made = tuple(ready(steps, s, self._params) for s, steps in made if steps is not None)
                self._mode = "off"
        except Exception as e:
            self._give_up(e)

    def _work(self) -> None:
        try:
            with _lock:
                made = []
                for segment in self.segments:
                    name = key(segment, self._params, self._shape)
                    steps = look_up(name, segment) or make(name, segment, self._params, self._shape)
                    if steps is None:
                        return
                    made.append(ready(steps, segment, self._params))
            self.trials = 0 if self._mode == "now" else TRIALS
            self.made = tuple(made)
        except Exception as e:
            self._give_up(e)

    def _give_up(self, reason: Exception) -> None:
        """Stay with the walk, which needs nothing that is not there."""
        self._mode = "off"
        trouble.append(f"{type(reason).__name__}: {reason}")


def _forked() -> None:
    """A process that was forked while another thread was compiling would wait for that thread for ever."""
    global _lock
    if _lock.locked():
        trouble.append("the process was forked while code was being made")
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)

__all__ = ["Hot", "mode", "trouble"]
