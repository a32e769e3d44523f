"""Counts of SCAMP-5 programs, kept: assembling and checking all of them takes seconds, reading them does not.

They belong to the sources, the price table and the versions of what computes them, and are counted again when one of
these changes. A file that cannot be read is no reason to stop: counts are made again.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from scamp_sim.compare.array import Built, build, check_side
from scamp_sim.compare.counts import Scene, Step
from scamp_sim.exceptions import ScampError
from scamp_sim.files import write_text
from scamp_sim.reading import read_json
from scamp_sim.study.results_store import digest
from scamp_sim.study.version import made_by, results_identity
from scamp_sim.user_cache import user_cache

FORMAT = "scamp-sim compare counts 1"


def built(name: str, scene: Scene) -> Built:
    """A row of the array, from the file of kept counts or counted now. Raises ScampError."""
    check_side(name, scene)
    key = f"{name} {scene.frames}" if name in ("difference",) or name.startswith("skip_") else name
    there = _read()
    if key not in there:
        there[key] = build(name, scene)
        _write(there)
    return there[key]


@cache
def _stamp() -> str:
    return digest([json.dumps({**made_by(), **results_identity()}, sort_keys=True)])


def _file() -> Path | None:
    folder = user_cache()
    return None if folder is None else folder / "compare-counts.json"


@cache
def _read() -> dict[str, Built]:
    file = _file()
    found: dict[str, Built] = {}
    if file is None or not file.is_file():
        return found
    with suppress(ScampError, KeyError, TypeError, ValueError, AttributeError):
        document = read_json(file, "counts", again=True)
        if document["format"] == FORMAT and document["stamp"] == _stamp():
            found = {key: _built(row) for key, row in document["rows"].items()}
    return found


def _built(row: dict[str, Any]) -> Built:
    fixed = {
        **row,
        "window": tuple(row["window"]),
        "steps": tuple(Step(**step) for step in row["steps"]),
        "notes": tuple(row["notes"]),
    }
    return Built(**fixed)


def _write(rows: dict[str, Built]) -> None:
    file = _file()
    if file is None:
        return
    document = {"format": FORMAT, "stamp": _stamp(), "rows": {key: asdict(row) for key, row in rows.items()}}
    with suppress(ScampError):
        write_text(file, json.dumps(document, indent=1) + "\n", "counts")
