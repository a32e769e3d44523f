"""A run of the assembled kernel, beside the correlation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scamp_sim.compiler.filters.kernel import Taps
from scamp_sim.compiler.filters.task import Candidate
from scamp_sim.exceptions import ScampError


def verify(program: Any, c: Candidate, names: Sequence[str], margin: Sequence[int]) -> None:
    """Run the assembled kernel on a small array, and compare with the correlation. Raises ScampError: a bug."""
    import numpy as np

    from scamp_sim.machine.machine import Machine

    rng = np.random.Generator(np.random.PCG64(7))
    side = 64
    plane = rng.integers(-20, 21, (side, side)).astype(np.float32)
    run = Machine((side, side), engine="reference").run(program, inputs={"image": plane})
    for name, value in zip(names, c.outputs, strict=True):
        inside = run.outputs[name][margin[0] : side - margin[1], margin[2] : side - margin[3]]
        want = correlated(plane, value.taps)[margin[0] : side - margin[1], margin[2] : side - margin[3]]
        if not np.allclose(inside, want, rtol=0, atol=1e-3 * max(1.0, float(c.largest))):
            raise ScampError(
                f"internal: the program for '{name}' does not compute its kernel in a run; please report it"
            )


def correlated(plane: Any, taps: Taps) -> Any:
    """The zero-padded correlation of a plane, (rows, columns), with a filter."""
    import numpy as np

    rows, columns = plane.shape
    out = np.zeros(plane.shape)
    for (dx, dy), w in taps.items():
        top, left = max(dy, 0), max(-dx, 0)
        bottom, right = rows + min(dy, 0), columns - max(dx, 0)
        if top < bottom and left < right:
            out[top:bottom, left:right] += float(w) * plane[top - dy : bottom - dy, left + dx : right + dx]
    return out
