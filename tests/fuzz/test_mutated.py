"""Mutated input of every kind: it is read, or refused by an error of the project's own that names place or file.

Nothing else may be raised, nothing may take long, and nothing may fill the memory. A few in every run; more than
100,000 with `-m nightly`.
"""

from __future__ import annotations

import random
import resource
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from scamp_sim.compiler import CompileError
from scamp_sim.exceptions import ScampError
from tests.fuzz.kinds import KINDS, WITH_TORCH
from tests.fuzz.mutations import mutated
from tests.fuzz.newer_kinds import NEWER, NEWER_WITH

SECONDS = 5.0
"""Of processor time, for one input."""

BYTES = 500 << 20

ALL = {
    **KINDS,
    **NEWER,
    **(WITH_TORCH if find_spec("torch") else {}),
    **{name: kind for package, kinds in NEWER_WITH.items() if find_spec(package) for name, kind in kinds.items()},
}

NIGHTLY = 2400
"""Inputs of each kind: 46 kinds are 110,400."""


def refusal(read: Callable[[Path], Any], path: Path) -> str | None:
    """The message of the project's own error, with the files of its diagnostics; None if the input was read."""
    try:
        read(path)
    except CompileError as e:
        if max(len(d.message) for d in e.diagnostics) >= 1000:
            return "a message that is too long"
        return " ".join(sorted({str(d.file) for d in e.diagnostics if d.line >= 1}))
    except ScampError as e:
        return str(e)
    return None


def fuzz(name: str, folder: Path, count: int, seed: int, captured: pytest.CaptureFixture[str]) -> None:
    """Read that many mutated inputs of a kind."""
    kind = ALL[name]
    seeds = kind.seeds(folder)
    draw = random.Random(f"{name} {seed}")
    path = folder / f"{kind.name}{kind.ending}"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for number in range(count):
        path.write_bytes(mutated(draw.choice(seeds), draw, kind.ending))
        began = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            said = refusal(kind.read, path)
        assert said is None or path.name in said or "<text>" in said, (name, seed, number, said)
        assert said is None or len(said) < 2000, (name, seed, number, len(said))
        assert time.process_time() - began < SECONDS, (name, seed, number)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < BYTES
    written = captured.readouterr()
    assert (written.out, written.err) == ("", ""), "a library has written past Python"


@pytest.mark.parametrize("name", ALL)
def test_mutated_input(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fuzz(name, tmp_path, 20, 0, capfd)


@pytest.mark.nightly
@pytest.mark.parametrize("block", range(10))
@pytest.mark.parametrize("name", ALL)
def test_much_mutated_input(name: str, block: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fuzz(name, tmp_path, NIGHTLY // 10, 1 + block, capfd)


def test_a_fault_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """The comparison can fail: a reader without a guard does."""
    import json

    from tests.fuzz.kinds import Kind

    monkeypatch.setitem(ALL, "bare", Kind(KINDS["results"].seeds, ".json", lambda p: json.loads(p.read_bytes())))
    with pytest.raises((ValueError, UnicodeDecodeError, RecursionError)):
        fuzz("bare", tmp_path, 60, 0, capfd)
