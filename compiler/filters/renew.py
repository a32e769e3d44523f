"""`python -m scamp_sim.compiler.filters.renew SECONDS [NAME ...]` searches the classic filters again, and keeps what is
better; SECONDS of 0 only predicts the noise again."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from fractions import Fraction
from math import hypot
from typing import Any

from scamp_sim.compiler.filters.choice import LINEAR
from scamp_sim.compiler.filters.classic import CLASSICS, DATA, Classic
from scamp_sim.compiler.filters.compile import BRIGHT, compile_filter
from scamp_sim.compiler.filters.noise import predict
from scamp_sim.compiler.filters.parse_back import steps_of
from scamp_sim.compiler.filters.task import weigh
from scamp_sim.silicon.profiles import load_profile

MODES: Mapping[str, Mapping[str, Any]] = {
    "any": {"offset": "any"},
    "zero": {"offset": "zero"},
    "bright": {"offset": "zero", "mean": BRIGHT},
}
"""What is asked for: any offset, none, none and a bright picture."""


def modes_of(c: Classic) -> list[str]:
    """Those that a filter has a program for: the result itself may leave the range where the picture is bright."""
    total = max(abs(sum(g.values(), Fraction(0))) for g in c.goals)
    return [m for m in MODES if m != "bright" or total * BRIGHT <= LINEAR]


def predicted(text: str, mode: str) -> dict[str, float]:
    """The worst output's predicted rms on `scamp5` in LSB, what is left of a bright picture included where that is
    asked for; and how many times the level of a flat picture the largest value is."""
    steps = steps_of(text)
    mean = MODES[mode].get("mean", 0)
    noise = predict(steps, load_profile("scamp5"), mean=mean)
    return {"rms": round(max(hypot(n.rms, n.leak * mean) for n in noise), 2), "flat": float(weigh(steps)[2])}


def renew(seconds: float, names: list[str], only: str = "") -> None:
    """Search again for the filters named, all by default, and keep what is shorter, better proven, or of so many words
    brighter or less noisy."""
    known = json.loads(DATA.read_text(encoding="utf-8")) if DATA.exists() else {}
    for c in CLASSICS:
        if names and c.name not in names:
            continue
        for mode in modes_of(c):
            old = known.get(c.name, {}).get(mode)
            if only not in ("", mode) or (old is None and not seconds):
                continue
            entry = old if not seconds else _better(old, _searched(c, mode, seconds), mode)
            entry |= predicted(entry["text"], mode)
            known.setdefault(c.name, {})[mode] = entry
            _share_bounds(known[c.name])
            _write(known)
            if seconds:
                print(c.name, mode, entry["words"], entry["lower_bound"], flush=True)


def _searched(c: Classic, mode: str, seconds: float) -> dict[str, Any]:
    got = compile_filter(dict(c.kernels), c.scale, seconds=seconds, name=c.name, **MODES[mode])
    fields = ("words", "lower_bound", "optimal", "offset", "margin", "largest", "text")
    return {k: getattr(got, k) for k in fields} | predicted(got.text, mode)


def _better(old: dict[str, Any] | None, new: dict[str, Any], mode: str) -> dict[str, Any]:
    if old is None:
        return new
    bound = max(old["lower_bound"], new["lower_bound"])
    best = min({**old, **predicted(old["text"], mode)}, new, key=_rank)
    best["lower_bound"] = min(bound, best["words"])
    best["optimal"] = best["words"] == best["lower_bound"]
    return best


def _share_bounds(by_mode: Mapping[str, dict[str, Any]]) -> None:
    """What no program does with any offset, none does without."""
    bound = 0
    for entry in (by_mode[m] for m in MODES if m in by_mode):
        bound = max(bound, entry["lower_bound"])
        entry["lower_bound"] = min(bound, entry["words"])
        entry["optimal"] = entry["words"] == entry["lower_bound"]


def _rank(entry: Mapping[str, Any]) -> tuple[float, ...]:
    offset = entry["offset"]
    off = max(map(abs, offset.values())) if isinstance(offset, dict) else abs(offset)
    return entry["words"], off, entry["flat"], entry["rms"]


def _write(known: Mapping[str, Any]) -> None:
    DATA.parent.mkdir(exist_ok=True)
    DATA.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    renew(float(sys.argv[1]), sys.argv[2:])
