"""What simulated chips gave to a fit, in a file, so that one that was stopped goes on where it was.

A fit asks for the same predictions in the same order every time, so that what is kept is found again, and the profile
comes out with the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.profiles import ChipProfile
from scamp_sim.study import chips
from scamp_sim.study.fit.parameters import Parameter, Row
from scamp_sim.study.results_store import REMEDY, Kept, stamped

if TYPE_CHECKING:
    from scamp_sim.study.fit.joint import Source


class Predictions:
    """The numbers of simulated chips, by chip and place of the knobs.

    path: the file, or None to keep them for as long as the fit takes.
    start, sources, parameters: what they belong to.

    Raises ScampError: no such file can be there, or it belongs to another fit.
    """

    def __init__(
        self, path: str | Path | None, start: ChipProfile, sources: Sequence[Source], parameters: Sequence[Parameter]
    ) -> None:
        numbers = sum(len(s.measured) for s in sources)
        stamp = {
            "profile": stamped([json.dumps(chips.key(start))]),
            "measurements": stamped([part for s in sources for part in (*s.names, s.measured, s.errors)]),
            "knobs": [p.knob for p in parameters],
        }

        def read(found: Any) -> list[float]:
            if not isinstance(found, list):
                raise ValueError("no list")
            return [float(n) for n in found]

        self._kept = Kept(path, "fit, 1", stamp, read, patient=True)
        if any(len(found) != numbers for found in self._kept.found.values()):
            raise ProgramError(f"results {path}: a prediction is not of {numbers} numbers; {REMEDY}")

    def of(self, x: Row, chip: int, predict: Callable[[], Row]) -> Row:
        """What a chip gives with its knobs at x: what is kept, or what `predict` gives, which is kept then."""
        key = f"chip {chip} at {hashlib.sha256(np.ascontiguousarray(x, np.float64).tobytes()).hexdigest()[:32]}"
        if key not in self._kept.found:
            self._kept.add(key, predict().tolist())
        return np.array(self._kept.found[key])

    def write(self) -> None:
        """Write what there is, if there is a file."""
        self._kept.write()


__all__ = ["Predictions"]
