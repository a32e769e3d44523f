"""Programs over chips: what planes say about noise and patterns, and that a study resumes where it stopped."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine, ProgramError
from scamp_sim.compiler import assemble
from scamp_sim.costs.timing import load_timing
from scamp_sim.show.session import Bound
from scamp_sim.study import programs
from scamp_sim.study.chips import portable
from scamp_sim.study.grid import Unit, make_grid
from scamp_sim.study.programs import Folder, Planes, PlaneStudy, ProgramWork, ValueStudy, fill, summarise
from scamp_sim.study.version import RESULTS_VERSION

SHAPE = (64, 64)
TEXT = """
kernel k { bus(NEWS, PIX); bus(A, NEWS); where(A); MOV(R5, FLAG); all(); }
output plane = A;
output bits = R5;
output count = scamp5_global_sum_sparse(A);
"""
PATTERN, NOISE = 3.0, 1.0


class Fake(ProgramWork):
    """A pattern of sd 3 that a chip has, noise of sd 1 that a seed has, and 2 LSB that all have."""

    def bench(self, chip: int) -> Callable[[int, int, Any], Planes]:
        pattern = np.random.default_rng(chip).normal(2, PATTERN, SHAPE)

        def measure(seed: int, item: int, bound: Bound) -> Planes:
            noise = np.random.default_rng([chip, seed, 9]).normal(0, NOISE, SHAPE)
            true = self.ideal(bound)
            found = {}
            for name, plane in true.items():
                if plane.ndim == 0:
                    found[name] = plane + chip % 2
                elif plane.dtype == np.bool_:
                    found[name] = plane ^ (noise > 1)
                else:
                    found[name] = (plane + pattern + noise).astype(np.float32)
            return found

        return measure


@pytest.fixture(scope="module")
def program() -> Any:
    return assemble(TEXT)


@pytest.fixture(scope="module")
def bound() -> Bound:
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    return Bound([ramp, ramp[::-1].copy()], "PIX", {})


def work(program: Any, kind: type[ProgramWork] = Fake, errors: str = "ideal") -> ProgramWork:
    return kind(program, SHAPE, portable(errors), load_timing("scamp5d"), "fast")


def real(text: str, errors: str) -> ProgramWork:
    """The real work, on machines."""
    return work(assemble(text), ProgramWork, errors)


ONE_WRITE = "kernel k { bus(A, PIX); }\noutput plane = A;"


def planes(w: ProgramWork, grid: Any, bound: Bound, where: Path, jobs: int = 1) -> PlaneStudy:
    """The study of the first plane of the first frame."""
    fill(w, grid, bound, Folder(where), jobs=jobs)
    found = next(iter(summarise(w, grid, Folder(where), w.ideal(bound))))
    assert isinstance(found, PlaneStudy)
    return found


def test_noise_and_pattern_are_told_apart(program: Any, bound: Bound, tmp_path: Path) -> None:
    """Within what 12 chips and 4 seeds over 4096 PEs can tell."""
    w, grid, folder = work(program), make_grid(range(12), range(4)), Folder(tmp_path / "units")
    assert fill(w, grid, bound, folder, jobs=2) == 48
    ideal = w.ideal(bound)
    found = {f.name: f for f in summarise(w, grid, folder, ideal)}
    assert list(found) == [f"{n:03}-{name}" for n in (1, 2) for name in ("plane", "bits", "count")]
    plane, bits, count = (found[f"001-{name}"] for name in ("plane", "bits", "count"))
    assert isinstance(plane, PlaneStudy)
    assert isinstance(bits, PlaneStudy)
    assert isinstance(count, ValueStudy)
    assert plane.temporal_sd is not None
    assert plane.chip_sd is not None
    assert programs.rms(plane.temporal_sd) == pytest.approx(NOISE, rel=0.01)
    assert programs.rms(plane.chip_sd) == pytest.approx(PATTERN, rel=0.01)
    assert float(plane.deviation.mean()) == pytest.approx(2, abs=0.05)
    assert plane.deviations["offset"].mean == pytest.approx(float(plane.deviation.mean()), rel=1e-5)
    assert plane.deviations["rms"].mean == pytest.approx(math.sqrt(2**2 + PATTERN**2 + NOISE**2), rel=0.01)
    assert plane.deviations["worst"].low > 8
    assert bits.deviations["differing"].mean == pytest.approx(0.1587, abs=0.004)
    assert bits.planes()["mean"].max() <= 1
    assert count.same.mean == 0.5
    assert count.value is not None
    assert count.value.mean == float(ideal["001-count"]) + 0.5
    assert plane.as_dict()["temporal_sd_rms"] == programs.rms(plane.temporal_sd)
    assert bits.as_dict()["kind"] == "digital"


def test_one_chip_and_one_seed_have_no_spread(program: Any, bound: Bound, tmp_path: Path) -> None:
    w, grid, folder = work(program), make_grid([5], [2]), Folder(tmp_path)
    fill(w, grid, bound, folder)
    plane = next(iter(summarise(w, grid, folder, w.ideal(bound))))
    assert isinstance(plane, PlaneStudy)
    assert (plane.temporal_sd, plane.chip_sd) == (None, None)
    assert set(plane.planes()) == {"ideal", "mean", "deviation"}
    assert plane.deviations["rms"].interval is None
    assert plane.as_dict()["chip_sd_rms"] is None


def test_a_study_goes_on_where_it_stopped(program: Any, bound: Bound, tmp_path: Path) -> None:
    w, folder, begun = work(program), Folder(tmp_path), []
    assert fill(w, make_grid([1, 2], [0]), bound, folder, begin=lambda: begun.append(1)) == 2
    assert begun == [1]
    done: list[int] = []
    assert fill(w, make_grid([1, 2, 3], [0, 1]), bound, folder, jobs=1, advance=lambda: done.append(1)) == 4
    assert len(done) == 6
    assert fill(w, make_grid([1, 2, 3], [0, 1]), bound, folder, begin=lambda: begun.append(2)) == 0
    assert begun == [1]
    assert len(list(tmp_path.iterdir())) == 6
    folder.file(Unit(1, 0, 0)).write_bytes(b"PK half")
    with pytest.raises(ProgramError, match=r"chip-1-seed-0\.npz is damaged .*remove it to run its unit again"):
        list(summarise(w, make_grid([1], [0]), folder, w.ideal(bound)))


def test_without_errors_all_chips_are_ideal(program: Any, bound: Bound, tmp_path: Path) -> None:
    """The real work, on both numbers of threads."""
    grid = make_grid([1, 2], [0, 1])
    texts = []
    for jobs in (1, 2):
        w, folder = work(program, ProgramWork), Folder(tmp_path / str(jobs))
        fill(w, grid, bound, folder, jobs=jobs)
        found = list(summarise(w, grid, folder, w.ideal(bound)))
        texts.append([f.as_dict() for f in found])
        for f in found:
            if isinstance(f, PlaneStudy):
                assert not f.deviation.any()
                assert f.chip_sd is not None
                assert not f.chip_sd.any()
            else:
                assert f.same.mean == 1
    assert texts[0] == texts[1]


# --- chips with errors --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dark() -> Bound:
    return Bound([np.zeros(SHAPE, np.uint8)], "PIX", {})


def test_patterns_and_noise_of_real_chips(dark: Bound, tmp_path: Path) -> None:
    """sd of the pattern without that of the noise, which is larger and differs from chip to chip: were it the same on
    all chips, nothing of it would be in the means of chips, and 1 would be left of 3."""
    w = real(ONE_WRITE, "ideal:offset_spread=3,write_noise=4,register_offset=2")
    found = planes(w, make_grid(range(40), range(2)), dark, tmp_path, jobs=2)
    assert found.temporal_sd is not None
    assert found.chip_sd is not None
    assert programs.rms(found.temporal_sd) == pytest.approx(4, rel=0.02)
    assert programs.rms(found.chip_sd) == pytest.approx(3, rel=0.03)
    assert float(found.deviation.mean()) == pytest.approx(2, abs=0.03)
    assert found.deviations["rms"].mean == pytest.approx(math.sqrt(3**2 + 4**2 + 2**2), rel=0.01)


@pytest.mark.parametrize("seeds", [1, 2])
def test_intervals_cover_the_truth_as_often_as_they_say(dark: Bound, tmp_path: Path, seeds: int) -> None:
    """150 studies of four chips each, with more noise than pattern: the interval of the offset holds the 2 LSB that all
    chips have in 95 % of them, but for chance (3 sd)."""
    w, studies, size = real(ONE_WRITE, "ideal:offset_spread=1,write_noise=4,register_offset=2"), 150, 4
    covered = 0
    for n in range(studies):
        grid = make_grid(range(size * n, size * (n + 1)), range(seeds))
        interval = planes(w, grid, dark, tmp_path).deviations["offset"].interval
        assert interval is not None
        covered += interval.low <= 2 <= interval.high
    assert abs(covered / studies - 0.95) <= 3 * math.sqrt(0.95 * 0.05 / studies)


def test_jobs_and_order_do_not_matter_on_chips(program: Any, bound: Bound, tmp_path: Path) -> None:
    """One thread, two, and each unit on a machine of its own: the same planes, bit for bit, and no two alike."""
    w, grid = work(program, ProgramWork, "scamp5:stuck_cells=200"), make_grid([3, 8], range(3))
    folders = [Folder(tmp_path / str(jobs)) for jobs in (1, 2)]
    texts = []
    for jobs, folder in enumerate(folders, 1):
        assert fill(w, grid, bound, folder, jobs=jobs) == 6
        texts.append([f.as_dict() for f in summarise(w, grid, folder, w.ideal(bound))])
    assert texts[0] == texts[1]
    seen = set()
    for unit in grid:
        fresh = Machine(SHAPE, "scamp5:stuck_cells=200", chip=unit.chip, seed=unit.seed)
        for name, plane in w.frames(fresh, bound).items():
            for folder in folders:
                np.testing.assert_array_equal(folder.plane(unit, name), plane)
        seen.add(folders[0].plane(unit, "001-plane").tobytes())
    assert len(seen) == len(grid)


def test_what_is_beyond_the_converter_does_not_count(tmp_path: Path) -> None:
    """The sum reaches 254 LSB in half of the PEs, where converters with an offset of -1 LSB still give 127."""
    grey = np.zeros(SHAPE, np.uint8)
    grey[:, 32:] = 255
    half, grid = Bound([grey], "PIX", {}), make_grid([1, 2], [0, 1])
    text = "kernel k { get_image(A); mov(B, A); add(A, A, B); }\noutput plane = A;"
    w = real(text, "ideal:readout_offset=-1,adc_step=1")
    ideal = w.ideal(half)["001-plane"]
    assert (ideal.min(), ideal.max()) == (0, 254)
    found = planes(w, grid, half, tmp_path / "chips")
    assert (found.ideal.min(), found.ideal.max()) == (0, 127)
    assert found.deviations["worst"].high == 1
    assert found.deviations["offset"].mean == -0.5
    assert found.railed is not None
    assert (found.railed.mean, found.railed_ideal) == (0.5, 0.5)
    assert found.as_dict()["at_rails"]["mean"] == found.as_dict()["at_rails_ideal"] == 0.5
    # without errors nothing is converted, and nothing differs
    same = planes(real(text, "ideal"), grid, half, tmp_path / "ideal")
    assert not same.deviation.any()
    # registers are looked at as they are
    w, folder = real(text.partition("output")[0], "ideal:readout_offset=-1,adc_step=1"), Folder(tmp_path / "bare")
    fill(w, grid, half, folder)
    bare = {f.name: f for f in summarise(w, grid, folder, w.ideal(half))}["001-A"]
    assert isinstance(bare, PlaneStudy)
    assert bare.railed is None
    assert bare.ideal.max() == 254
    assert not bare.deviation.any()


def test_digests_name_what_is_other(program: Any, bound: Bound) -> None:
    ours = programs.digests(work(program), bound)
    other = programs.digests(work(assemble(TEXT.replace("R5", "R6"))), bound)
    assert [name for name in ours if ours[name] != other[name]] == ["program"]
    assert ours == programs.digests(work(assemble(TEXT)), bound)
    heap = programs.digests(work(assemble(TEXT.replace("kernel k", "dynamic kernel k"))), bound)
    assert [name for name in ours if ours[name] != heap[name]] == ["program"]
    slow = programs.digests(replace(work(program), engine="reference"), bound)
    assert [name for name in ours if ours[name] != slow[name]] == ["engine"]
    assert ours["results version"] == str(RESULTS_VERSION)
    moved = Bound(bound.images[:1], "PIX", {"B": np.zeros(SHAPE)})
    assert [name for name in ours if ours[name] != programs.digests(work(program), moved)[name]] == ["images"]


def test_no_room(program: Any, bound: Bound, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ProgramError, match=r"cannot make the folder .*; choose another folder"):
        fill(work(program), make_grid([1], [0]), bound, Folder(tmp_path / "file" / "units"))
