"""The robustness protocol: the same light, each row's own errors, chips by serial."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scamp_sim.compare.task import errors, fronts  # noqa: E402
from scamp_sim.compare.task.data import load  # noqa: E402
from scamp_sim.compare.task.robust import SCALES, SERIALS, Case, as_dict, case, command, read, robustness, text  # noqa: E402
from scamp_sim.compare.task.settings import CATALOGUE, Budget  # noqa: E402
from scamp_sim.exceptions import ProgramError, ScampError  # noqa: E402

RNG = np.random.default_rng(4)
FRAMES = np.asarray(np.kron(RNG.integers(0, 256, (3, 1, 32, 32)), np.ones((8, 8)))).astype(np.uint8)


def front_of(row: str) -> fronts.Front:
    """With statistics of one batch."""
    front = fronts.front(row, 1)
    windows = torch.from_numpy(fronts.windows(FRAMES, fronts.PITCH[row])).float() / 255
    for _ in range(20):
        front.train()(windows)
    return front.eval()


def test_light_is_the_same_for_all_and_has_the_noise_that_it_says() -> None:
    grey = np.full((1, 1, 256, 256), 128, np.uint8)
    light = errors.Light(2000, 3)
    found = light.seen(grey, 5)
    assert np.array_equal(found, light.seen(grey, 5))
    assert not np.array_equal(found, light.seen(grey, 6))
    x = 128 / 255
    assert found.std() == pytest.approx(np.sqrt(x / 2000 + (3 / 2000) ** 2), rel=0.02)
    assert np.array_equal(errors.Light(0, 0).seen(grey, 5), grey.astype(np.float32) / np.float32(255))
    with pytest.raises(ScampError, match="electrons"):
        errors.Light(-1)


@pytest.mark.parametrize("row", ["leca_4_4", "p2m", "snn"])
def test_errors_of_rows_that_learn(row: str) -> None:
    front = front_of(row)
    light = FRAMES.astype(np.float32) / np.float32(255)
    x = torch.from_numpy(fronts.windows(light, fronts.PITCH[row]))
    with torch.no_grad():
        ideal = front(x)
    none = errors.learned_codes(front, light, 1, 0.0, 1)
    assert (torch.abs(none - ideal) > 1e-4).float().mean() < 1e-3  # but for ties
    away = []
    for scale in (0.5, 4.0):
        one, again = (errors.learned_codes(front, light, 1, scale, 1) for _ in range(2))
        assert torch.equal(one, again)
        assert not torch.equal(one, errors.learned_codes(front, light, 2, scale, 1))
        away.append(float((one - ideal).abs().mean()))
    assert 0 < away[0] < away[1]


def test_widths_are_those_of_the_circuit() -> None:
    from scamp_sim.systems.p2m.circuit import varied_sums

    front = front_of("p2m")
    assert isinstance(front, fronts.P2M)
    light = FRAMES[0].astype(np.float64) / 255
    up, down = varied_sums(light, front.sensor.weight.detach().numpy(), 10, "curve", errors.WIDTHS, 3)
    x = torch.from_numpy(fronts.windows(light[None].astype(np.float32), 10))
    with torch.no_grad():
        got = errors.varied(front, x, errors.widths(3, 8, 10, 25), 1.0)[0].numpy()
    assert np.abs(got - (up - down)).max() < 1e-3


def test_columns_of_ordinary_sensors() -> None:
    light = np.full((1, 1, 256, 256), 0.5, np.float32)
    one = errors.columns(light, 1, 1.0, 0)
    assert one.std() == pytest.approx(np.sqrt(0.005**2 + 0.005**2 + 0.01**2 + 0.003**2), rel=0.15)
    assert np.array_equal(errors.columns(light, 1, 0.0, 0), light)


def test_a_batch_on_a_random_chip_has_a_gradient() -> None:
    draw = torch.Generator().manual_seed(1)
    for row in ("leca_4_4", "p2m", "snn"):
        front = front_of(row).train()
        x = torch.from_numpy(fronts.windows(FRAMES, fronts.PITCH[row])).float() / 255
        front.zero_grad()
        errors.random_chip(front, x, 1.0, draw).square().mean().backward()
        weight = next(p for n, p in front.named_parameters() if n.endswith("weight") and p.grad is not None)
        assert weight.grad is not None
        assert float(weight.grad.abs().sum()) > 0
        if isinstance(front, fronts.Leca):
            assert front.encoder.mode == "hard"


def test_numbers_of_cases_come_back() -> None:
    for row in CATALOGUE:
        for noisy in (False, True):
            assert case(Case(row, noisy).number) == Case(row, noisy)


def test_a_small_study(tmp_path: Path) -> None:
    budget = Budget(train=2, test=1, epochs=2, batch=8)
    load("shapes", budget, str(tmp_path))
    found = robustness("shapes", budget, rows=["lr_1", "leca_4_3"], seeds=(0,), out=tmp_path, jobs=1)
    assert set(found.results) == {Case(r, n) for r in ("lr_1", "leca_4_3") for n in (False, True)}
    for own in found.results.values():
        assert set(own.shares) == set(SCALES)
        assert all(len(v) == len(SERIALS) and all(0 <= s <= 1 for s in v) for v in own.shares.values())
        assert {s: len(v) for s, v in own.fitted.items()} == {0.0: 1, 1.0: 1, 4.0: 1}
        assert own.first_chip(4.0) == own.shares[4.0][:1]
    kept = read(tmp_path / "shapes-robust.json")
    assert kept.results == found.results
    again = robustness("shapes", budget, rows=["leca_4_3"], seeds=(0,), out=tmp_path, jobs=2)
    assert again.results[Case("leca_4_3", True)] == found.results[Case("leca_4_3", True)]
    assert max(map(len, text(found).splitlines())) <= 80
    assert len(as_dict(found)["cases"]) == 4
    assert command(found) == (
        "scamp-sim compare --task shapes --robust --train 2 --test 1 --epochs 2 --rows lr_1,leca_4_3 --seeds 1"
    )
    with pytest.raises(ProgramError, match=r"electrons 2000 \(here 500\)"):
        robustness("shapes", budget, rows=["lr_1"], electrons=500, seeds=(0,), out=tmp_path)
    with pytest.raises(ScampError, match="no folder can be made there"):
        robustness("shapes", budget, rows=["lr_1"], seeds=(0,), out=tmp_path / "shapes-robust.json")
    with pytest.raises(ProgramError, match="expected gestures, shapes or digits"):
        robustness("photographs", budget)
