"""The suite that every system runs through; systems from other packages import it into their own tests.

from scamp_sim.systems.base.conformance import CHECKS

@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_conformance(check):
    check(SYSTEM)

Each check takes a `System` and raises AssertionError with what is wrong. One that needs what a system does not have,
such as a trainer, returns without a finding.
"""

from __future__ import annotations

import argparse
import dataclasses
import pickle
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from scamp_sim.exceptions import ScampError
from scamp_sim.systems.base.compare import compare_stages
from scamp_sim.systems.base.options import describe, parse_realisation
from scamp_sim.systems.base.protocol import Encoder, System
from scamp_sim.systems.base.published import KINDS
from scamp_sim.systems.base.records import Encoded, Hardware, Realisation
from scamp_sim.systems.base.study.results import ARRAY

Check = Callable[[System[Any]], None]


def check_description(system: System[Any]) -> None:
    """Name, title, paper, stages and realisations are there and make sense."""
    assert system.name.isidentifier(), f"name: expected an identifier, got {system.name!r}"
    for part in ("title", "paper"):
        assert getattr(system, part).strip(), f"{part} is empty"
    names = [stage.name for stage in system.stages]
    assert len(set(names)) == len(names), f"stages: a name appears twice in {names}"
    assert names, "stages: expected at least one, the codes"
    assert "golden" in system.realisations, f"realisations: expected 'golden' among {list(system.realisations)}"
    parse_realisation(system.default_on, system.realisations)


def check_options(system: System[Any]) -> None:
    """Options of realisations are frozen dataclasses with defaults, and survive the command line's notation."""
    for name, kind in system.realisations.items():
        assert dataclasses.is_dataclass(kind), f"{name}: expected a dataclass of options, got {kind}"
        params: Any = getattr(kind, "__dataclass_params__", None)
        assert params.frozen, f"{name}: {kind.__name__} must be frozen"
        on = Realisation(name, kind())
        assert parse_realisation(describe(on), system.realisations) == on, f"{name}: options change in notation"


def check_deterministic(system: System[Any]) -> None:
    """Encoding a clip twice, with another measurement between, gives the same codes and stages, errors or none."""
    example = system.example()
    for hardware in (Hardware(), Hardware(errors="scamp5", chip=1)):
        for on in _realisations(system):
            if hardware.errors != "ideal" and not on.on_array:
                continue
            encoder = system.build(example.params, on, hardware)
            first = encoder.encode(example.clip, measurement=3, keep=_kept(system))
            encoder.encode(example.clip, measurement=4)
            again = encoder.encode(example.clip, measurement=3, keep=_kept(system))
            _same(first, again, f"{on}, {hardware.errors}: the same measurement twice")


def check_golden(system: System[Any]) -> None:
    """Every realisation on an array without noise equals its model within the tolerance of each stage: the golden one,
    or the last of `System.models` where it has edges or ties of its own."""
    example = system.example()
    for on in _realisations(system):
        if on.on_array:
            encoder = system.build(example.params, on)
            models = system.models(example.params, on, example.clip, encoder.takes)
            assert "golden" in models, f"{on}: expected 'golden' among its models, got {list(models)}"
            hidden = ARRAY in models and system.decoder(example.params) is not None
            assert not hidden, f"{on}: a model of the name '{ARRAY}' hides the classes that the array itself says"
            name, model = list(models.items())[-1]
            differences = compare_stages(system.stages, _encode(system, encoder, example), model)
            wrong = {d.stage: d.differ for d in differences if d.differ}
            assert not wrong, f"{on}: values that differ from {name}: {wrong}"


def check_codes(system: System[Any]) -> None:
    """An encoder takes and gives what it says, keeps the stages it is asked for, and refuses other clips."""
    example = system.example()
    known = set(_kept(system))
    for on in _realisations(system):
        encoder = system.build(example.params, on)
        assert isinstance(encoder, Encoder), f"{on}: {type(encoder).__name__} does not follow the protocol of Encoder"
        assert np.shape(example.clip) == encoder.takes.shape, (
            f"{on}: the example is {np.shape(example.clip)}, the encoder takes {encoder.takes.shape}"
        )
        bare = encoder.encode(example.clip)
        assert bare.codes.shape == encoder.gives.shape, f"{on}: {bare.codes.shape} is not {encoder.gives.shape}"
        assert not bare.stages, f"{on}: stages {list(bare.stages)} that nobody asked for"
        kept = encoder.encode(example.clip, keep=_kept(system))
        assert set(kept.stages) <= known, f"{on}: unknown stages {set(kept.stages) - known}"
        np.testing.assert_array_equal(kept.codes, bare.codes, f"{on}: keeping stages changes the codes")
        try:
            encoder.encode(np.zeros((1, 1, 1), np.uint8))
        except ScampError:
            continue
        raise AssertionError(f"{on}: a clip of 1x1x1 was encoded without a ScampError")


def check_costs(system: System[Any]) -> None:
    """Parts add up to the total, words are those of the programs' kind, bytes are those of the codes or more."""
    example = system.example()
    for on in _realisations(system):
        encoder = system.build(example.params, on)
        cost = encoder.cost()
        assert cost.frames >= 1, f"{on}: {cost.frames} frames"
        assert cost.parts or on.name == "golden", f"{on}: no parts"
        for part in cost.parts:
            assert min(part.words, part.bytes, part.us or 0, part.uj or 0) >= 0, f"{on}: {part} is negative"
        document = cost.as_dict()
        if cost.us is not None:
            parts = sum(p["us"] or 0 for p in document["parts"] if p["phase"] != "setup") - cost.overlap_us
            assert abs(parts - cost.us) <= 1e-9 * max(1.0, cost.us), f"{on}: parts are {parts} us, total {cost.us}"
        assert bool(encoder.programs()) == on.on_array, f"{on}: programs() and on_array disagree"
        if on.on_array:
            assert cost.words > 0, f"{on}: a program without words"
            assert cost.readout_bytes > 0, f"{on}: nothing leaves the array"


def check_identity(system: System[Any]) -> None:
    """Parameters pickle, and what results depend on is the same for the same parameters and another for others."""
    example, other = system.example(0), system.example(1)
    copied = pickle.loads(pickle.dumps(example.params))
    for on in _realisations(system):
        ours = dict(system.build(example.params, on).depends_on())
        assert ours, f"{on}: depends_on() is empty"
        assert all(isinstance(v, str) for v in ours.values()), f"{on}: expected text in depends_on(), got {ours}"
        assert ours == dict(system.build(copied, on).depends_on()), f"{on}: a pickled copy depends on something else"
        theirs = dict(system.build(other.params, on).depends_on())
        assert ours != theirs, f"{on}: other parameters are not distinguished by depends_on()"


def check_published(system: System[Any]) -> None:
    """Ids are unique, kinds are known, claims hold, and a difference of more than 0.1 % has a reason."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights")
    system.arguments("published", parser)
    rows = system.published(None, parser.parse_args([]))
    ids = [row.id for row in rows]
    assert len(set(ids)) == len(ids), f"ids that appear twice: {sorted({i for i in ids if ids.count(i) > 1})}"
    for row in rows:
        assert row.kind in KINDS, f"{row.id}: unknown kind {row.kind}"
        assert row.what, f"{row.id}: what it is goes unsaid"
        assert row.holds is not False, f"{row.id}: {row.published} published, {row.recomputed} here"
        assert abs(row.difference or 0) <= 1e-3 or row.why, f"{row.id}: a difference without a reason"


def check_training(system: System[Any]) -> None:
    """Parameters survive the way through a module, and a few steps lower the loss. Skipped without PyTorch."""
    trainer = system.trainer()
    if trainer is None or find_spec("torch") is None:
        return
    params = system.example().params
    golden = parse_realisation("golden", system.realisations)
    module = trainer.module(params)
    ours, back = (system.build(p, golden).depends_on() for p in (params, trainer.params(module)))
    assert ours == back, "params(module(p)) is not p"
    losses = trainer.losses(trainer.module(None), 4)
    assert losses[-1] < losses[0], f"the loss does not fall: {losses}"


CHECKS: tuple[Check, ...] = (
    check_description,
    check_options,
    check_deterministic,
    check_golden,
    check_codes,
    check_costs,
    check_identity,
    check_published,
    check_training,
)


def _realisations(system: System[Any]) -> Iterator[Realisation]:
    for name, kind in system.realisations.items():
        yield Realisation(name, kind())


def _kept(system: System[Any]) -> tuple[str, ...]:
    return tuple(stage.name for stage in system.stages[:-1])


def _encode(system: System[Any], encoder: Encoder, example: Any) -> Encoded:
    return encoder.encode(example.clip, keep=_kept(system))


def _same(a: Encoded, b: Encoded, what: str) -> None:
    np.testing.assert_array_equal(a.codes, b.codes, what)
    assert a.stages.keys() == b.stages.keys(), what
    for name in a.stages:
        np.testing.assert_array_equal(a.stages[name], b.stages[name], f"{what}: {name}")


__all__ = ["CHECKS", "Check"]
