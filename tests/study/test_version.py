"""Golden numbers of what results depend on: whoever changes them raises RESULTS_VERSION."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

from scamp_sim import Machine, assemble
from scamp_sim.silicon.profiles import load_profile
from scamp_sim.study.results_store import digest
from scamp_sim.study.version import RESULTS_VERSION, made_by, results_identity
from scamp_sim.systems.pixelrnn import Weights, gestures
from scamp_sim.systems.pixelrnn import golden as model

PROGRAM = """
input image -> A;
output sum = C;
output bits = R5;
movx(B, A, east); add(C, A, B); diva(C, D, E); add(C, C, D); where(C); MOV(R5, FLAG); all();
"""

KNOBS = {"write_noise": 0.4, "transfer_offset": 12.0, "adc_noise": 0.3}
"""Errors that are written out here, so that a profile which is fitted again changes nothing."""


def numbers() -> dict[str, str]:
    """Digests of what engines, errors and models give, by name."""
    light = (np.arange(64 * 64).reshape(64, 64) * 7 % 200).astype(np.float32) - 100
    program = assemble(PROGRAM)
    noisy = load_profile("ideal").changed(**KNOBS)
    found = {}
    for engine in ("reference", "fast"):
        for name, errors in (("ideal", "ideal"), ("noisy", noisy)):
            run = Machine((64, 64), errors=errors, chip=3, seed=5, engine=engine).run(program, {"image": light})
            planes = [np.round(np.asarray(run.outputs[plane], np.float64), 3) + 0.0 for plane in ("sum", "bits")]
            found[f"{engine}, {name}"] = digest(planes)[:16]
    clip, _ = gestures.clip("spread/leftward", seed=1)
    result = model.encode(clip, Weights.random(1))
    found["pixelrnn golden"] = digest([result.x, result.b, result.f, result.h, result.o])[:16]
    return found


def test_the_numbers_are_those_of_this_version(golden: Callable[[str, str], None]) -> None:
    """If it fails, and the change is meant: raise RESULTS_VERSION, then pytest --update-golden."""
    golden("results_version.json", json.dumps({"version": RESULTS_VERSION, **numbers()}, indent=1) + "\n")


def test_both_engines_agree() -> None:
    found = numbers()
    assert found["reference, ideal"] == found["fast, ideal"]
    assert found["reference, noisy"] == found["fast, noisy"]
    assert found["fast, noisy"] != found["fast, ideal"]


def test_the_identity_holds_no_text_of_the_sources() -> None:
    assert results_identity().keys() == {"results version", "numpy", "numba"}
    assert made_by().keys() == {"scamp-sim", "sources"}
