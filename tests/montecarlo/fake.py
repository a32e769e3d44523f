"""Work whose results are known: a draw that depends on chip, seed and item alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scamp_sim.exceptions import ProgramError


@dataclass(frozen=True)
class Draw:
    """pause: seconds that a unit takes. fail: chip that cannot be measured. note: folder for a file a unit begun."""

    pause: float = 0.0
    fail: int = -1
    note: str = ""
    exit: int = -1

    def bench(self, chip: int) -> Callable[[int, int, Any], Any]:
        pattern = np.random.default_rng(chip).normal()

        def measure(seed: int, item: int, payload: Any) -> dict[str, float]:
            if self.note:
                (Path(self.note) / f"{chip}-{seed}-{item}-{time.monotonic_ns()}-{os.getpid()}").touch()
            time.sleep(self.pause)
            if chip == self.exit:
                os._exit(1)
            if chip == self.fail:
                raise ProgramError(f"chip {chip} is broken")
            noise = np.random.default_rng([chip, seed, item]).normal()
            return {"value": float(pattern + noise + payload)}

        return measure


def payload(item: int) -> float:
    return 100.0 * item
