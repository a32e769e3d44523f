"""`python -m scamp_sim.compiler.filters.renew SECONDS [NAME ...]` searches the classic filters again, and keeps what is
shorter; SECONDS of 0 only predicts the noise again."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from scamp_sim.compiler.filters.classic import CLASSICS, DATA
from scamp_sim.compiler.filters.compile import compile_filter
from scamp_sim.compiler.filters.noise import predict
from scamp_sim.compiler.filters.parse_back import steps_of
from scamp_sim.silicon.profiles import load_profile


def predicted_rms(text: str) -> float:
    """Predicted rms on `scamp5` of the worst output of a program, in LSB."""
    return round(max(n.rms for n in predict(steps_of(text), load_profile("scamp5"))), 2)


def renew(seconds: float, names: list[str], only: str = "") -> None:
    """Search again for the filters named, all by default, and keep what is shorter or better proven."""
    known = json.loads(DATA.read_text(encoding="utf-8")) if DATA.exists() else {}
    for c in CLASSICS:
        if names and c.name not in names:
            continue
        for mode in (only,) if only else ("any", "zero"):
            old = known.get(c.name, {}).get(mode)
            if not seconds:
                if old is not None:
                    old["rms"] = predicted_rms(old["text"])
                continue
            got = compile_filter(dict(c.kernels), c.scale, mode, seconds=seconds, name=c.name)
            entry = {
                "words": got.words,
                "lower_bound": got.lower_bound,
                "optimal": got.optimal,
                "offset": got.offset,
                "margin": got.margin,
                "largest": got.largest,
                "text": got.text,
            }
            if old is not None:
                bound = max(old["lower_bound"], got.lower_bound)
                if old["words"] <= got.words:
                    entry = old
                entry["lower_bound"] = min(bound, entry["words"])
                entry["optimal"] = entry["words"] == entry["lower_bound"]
            entry["rms"] = predicted_rms(entry["text"])
            known.setdefault(c.name, {})[mode] = entry
            _write(known)
            print(c.name, mode, entry["words"], entry["lower_bound"], flush=True)
    if not seconds:
        _write(known)


def _write(known: Mapping[str, Any]) -> None:
    DATA.parent.mkdir(exist_ok=True)
    DATA.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    renew(float(sys.argv[1]), sys.argv[2:])
