"""Which code belongs to which table: plans that were made before, in this process and in the user's folder.

A plan names the object code of its stretches by digest, so that a program finds its code without its text being
written again. It is filed under a digest of the table and of everything that shapes the text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.engine import ops
from scamp_sim.engine.fused import build
from scamp_sim.engine.fused.plan import Part, Stretch, Walked, plan
from scamp_sim.engine.lower import Segment


@dataclass(frozen=True)
class Coded:
    """Rows that are fused, as machine code.

    planes: numbers of the planes that it uses.
    space: bytes of workspace.
    drawn: rows of the segment that draw random numbers.
    analog: how many of the planes are analog.
    """

    code: build.Code
    planes: npt.NDArray[np.int64]
    address: int
    space: int
    drawn: tuple[int, ...]
    analog: int


Step = Walked | Coded
Made = tuple[Step, ...]
_made: dict[str, Made] = {}


@cache
def _generator() -> bytes:
    """Digest of the sources that a text depends on."""
    here = Path(__file__).parent
    sources = (*sorted(here.glob("*.py")), here.parent / "ops.py", here.parent.parent / "chip" / "isa.py")
    return hashlib.sha256(b"".join(p.read_bytes() for p in sources if p.exists())).digest()


def key(segment: Segment, params: npt.NDArray[np.float32], shape: tuple[int, int]) -> str:
    """What identifies the plan of a segment on this computer."""
    found = hashlib.sha256(_generator())
    found.update(build.identity().encode())
    found.update(repr((shape, segment.flag_ones, segment.code.shape, len(segment.order), float(params[0]))).encode())
    code = segment.code
    if segment.noisy:  # what differs from chip to chip is no part of the text
        own = (code[:, ops.OP] == ops.WRITE_PAIR) | (code[:, ops.OP] == ops.ADD_NOISE)
        code = code.copy()
        code[own, ops.P] = 0
    for part in (code, segment.order):
        found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()[:32]


def look_up(name: str, segment: Segment) -> Made | None:
    """A plan that was made before, with its code; None if there is none or part of it is gone."""
    made = _made.get(name)
    if made is not None:
        return made
    filed = build.filed(f"{name}.plan")
    if filed is None:
        return None
    try:
        steps = tuple(_restored(entry, segment) for entry in json.loads(filed))
    except LookupError:  # part of the code is gone
        return None
    build.remember(_made, name, steps)
    return steps


def has_made() -> bool:
    """Whether any plan is at hand in this process."""
    return bool(_made)


def known(name: str) -> Made | None:
    """A plan that was made or looked up in this process."""
    return _made.get(name)


def is_filed(name: str) -> bool:
    """Whether `look_up` is likely to find it."""
    folder = build.folder()
    return name in _made or (folder is not None and (folder / f"{name}.plan").exists())


def make(name: str, segment: Segment, params: npt.NDArray[np.float32], shape: tuple[int, int]) -> Made | None:
    """Write, compile and file the plan of a segment. None if the process ends meanwhile."""
    known = look_up(name, segment)
    if known is not None:
        return known
    parts = plan(segment, params[0], shape)
    digests: dict[int, str] = {}
    codes: dict[int, build.Code] = {}
    for n, part in enumerate(parts):
        if isinstance(part, Stretch):
            if build.ending():
                return None
            digests[n] = build.digest(part.text.text)
            codes[n] = build.load(digests[n]) or build.compile_text(digests[n], part.text.text)
    steps = tuple(_coded(part, codes.get(n)) for n, part in enumerate(parts))
    build.remember(_made, name, steps)
    build.file(f"{name}.plan", json.dumps(_filed(parts, digests)).encode())
    return steps


def _coded(part: Part, code: build.Code | None) -> Step:
    if isinstance(part, Walked):
        return part
    assert code is not None
    return Coded(code, part.planes, part.planes.ctypes.data, part.space, part.drawn, part.analog)


def _filed(parts: Sequence[Part], digests: dict[int, str]) -> list[dict[str, Any]]:
    filed: list[dict[str, Any]] = []
    for n, part in enumerate(parts):
        if isinstance(part, Walked):
            filed.append({"rows": [part.first, part.last], "ends": part.ends})
        else:
            planes, drawn = part.planes.tolist(), list(part.drawn)
            code = {"code": digests[n], "planes": planes, "space": part.space, "drawn": drawn, "analog": part.analog}
            filed.append(code)
    return filed


def _restored(entry: dict[str, Any], segment: Segment) -> Step:
    if "rows" in entry:
        first, last = entry["rows"]
        return Walked.of(segment, first, last, entry["ends"])
    planes = np.array(entry["planes"], np.int64)
    code = build.load(entry["code"])
    if code is None:
        raise LookupError(entry["code"])
    return Coded(code, planes, planes.ctypes.data, entry["space"], tuple(entry["drawn"]), entry["analog"])


__all__ = ["Coded", "Made", "Step", "has_made", "is_filed", "key", "known", "look_up", "make"]
