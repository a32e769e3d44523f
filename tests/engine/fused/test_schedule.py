"""The scheduler alone, without LLVM: everything is read after it was made and before it is gone."""

from __future__ import annotations

import numpy as np
import pytest

from scamp_sim.compiler import assemble
from scamp_sim.engine import ops
from scamp_sim.engine.fast import FastEngine
from scamp_sim.engine.fused.plan import Stretch, plan
from scamp_sim.engine.fused.schedule import Schedule, Stage, row_of, schedule
from scamp_sim.engine.fused.values import MEMORY, Place, Ref, Values, fusible
from scamp_sim.engine.lower import Segment, lower
from scamp_sim.silicon.model import ErrorModel
from tests.engine.programs import random_program
from tests.engine.test_agreement import OPTIONS, SHAPES

LIMIT = np.float32(8192)


def scheduled(segment: Segment, most: int = 48) -> tuple[Schedule, dict[Place, int]]:
    """The longest stretch at the start of a segment that can be fused."""
    values = Values(LIMIT)
    for row in segment.code.tolist():
        if not fusible(row):
            break
        values.take(row)
    live: set[Place] = {("plane", int(p)) for p in segment.order[: ops.SPARE]}
    live |= {("bits", b) for b in range(ops.LATCH + 1)}
    results = values.results(live)
    return schedule(values, results, most), results


def check(found: Schedule, results: dict[Place, int]) -> None:
    place_in_step = {id(stage): n for n, stage in enumerate(found.stages)}
    stored: dict[Place, Stage] = {}
    for stage in found.stages:
        for place, value in stage.stores:
            assert place not in stored
            assert results[place] == value
            stored[place] = stage
            made = found.of[value]
            assert stage.lag >= made.lag
            if made is not stage:
                assert place_in_step[id(stage)] > place_in_step[id(made)]
                assert found.rings[value] > stage.lag - made.lag
    assert stored.keys() == results.keys()
    for stage in found.stages:
        made_here = set()
        for value in stage.nodes:
            node = found.nodes[value]
            for ref in node.refs:
                row = row_of(node, ref.row)
                if found.nodes[ref.value].op in MEMORY:
                    check_memory(found, stored, place_in_step, ref, row, stage)
                elif ref.value in found.of:
                    made = found.of[ref.value]
                    if made is stage:
                        assert ref.value in made_here
                        assert (row, ref.column) == (0, 0)
                        continue
                    assert place_in_step[id(made)] < place_in_step[id(stage)]
                    behind = stage.lag - row - made.lag  # steps between the making of a row and its reading
                    assert 0 <= behind < found.rings[ref.value]
            made_here.add(value)


def check_memory(
    found: Schedule, stored: dict[Place, Stage], place_in_step: dict[int, int], ref: Ref, row: int, stage: Stage
) -> None:
    """A row of a plane is overwritten after everybody has read it."""
    read = found.nodes[ref.value]
    store = stored.get((read.op, int(read.numbers[0])))
    if store is None:
        return
    when_read, when_written = stage.lag - row, store.lag  # steps, for one and the same row
    assert when_read <= when_written
    if when_read == when_written:
        same_loop = store is stage and not (row or ref.column)
        assert same_loop or place_in_step[id(stage)] < place_in_step[id(store)]


@pytest.mark.parametrize("most", [3, 48])
def test_random_programs_are_scheduled_soundly(most: int) -> None:
    stages = 0
    for seed in range(150):
        shape = SHAPES[seed % len(SHAPES)]
        program = random_program(seed, shape, 1 + seed % 40, 1 + seed % 6)
        for segment in lower(program, bool(seed % 2), OPTIONS[seed % 3], True, shape):
            found, results = scheduled(segment, most)
            check(found, results)
            assert all(len(stage.nodes) <= most for stage in found.stages)
            stages += len(found.stages)
    assert stages > 500


def only_stretch(text: str) -> Schedule:
    (segment,) = lower(assemble(text), True, OPTIONS[0])
    return scheduled(segment)[0]


def test_a_gaussian_lags_one_row_and_needs_no_clipping() -> None:
    """Averages of what is within the limit are within it."""
    steps = (f"divq(B, A); movx(C, B, {d}); add(A, B, C);" for d in ("west", "east", "north", "south"))
    found = only_stretch("".join(steps))
    assert found.lag == 1
    made = [found.nodes[value].op for stage in found.stages for value in stage.nodes]
    assert made.count("plus") == 4
    assert "clip" not in made


def test_moves_one_way_are_one_move() -> None:
    found = only_stretch("movx(B, A, east); movx(B, B, east); movx(B, B, east);")
    (stage,) = found.stages
    refs = [ref for value in stage.nodes for ref in found.nodes[value].refs]
    assert max(abs(ref.column) for ref in refs) == 3
    assert all(found.nodes[ref.value].op in MEMORY for ref in refs)


def test_a_value_that_comes_back_from_the_edge_is_0() -> None:
    """A move there and back is two moves: what lay at the edge is gone."""
    engine = FastEngine((64, 64), ErrorModel(), OPTIONS[0])
    engine.write("A", np.ones((64, 64), np.float32))
    engine.run(assemble("movx(B, A, east); movx(B, B, west);"))
    plane = engine.read("B")
    assert np.count_nonzero(plane == 0) == 64
    assert plane.sum() == 63 * 64


def test_a_stretch_is_cut_where_it_would_lag_too_far() -> None:
    text = "".join("movx(B, A, south); add(A, A, B);" for _ in range(60))
    (segment,) = lower(assemble(text), True, OPTIONS[0])
    parts = plan(segment, LIMIT, (256, 256))
    assert len(parts) > 1
    assert all(isinstance(p, Stretch) and p.space < 1 << 18 for p in parts)
