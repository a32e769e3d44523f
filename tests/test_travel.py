"""Snapshots, tapes and time travel: the same bits as going straight on, with errors too, in bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scamp_sim import Machine, ProgramError, ScampError, assemble
from scamp_sim.chip import isa
from scamp_sim.machine.tape import Event, Exposed, Ran, Waited, Wrote, play, recording
from scamp_sim.machine.travel import AbandonedError, Course, Travel
from tests.engine.programs import random_program, random_state

SHAPE = (64, 64)
EVERYTHING = (*isa.ANALOG, "PIX", *isa.DIGITAL, "FLAG")
FELT = "scamp5:bit_retention=0.00002,digital_end_noise=1,stuck_cells=40"
"""Errors of every family: noise by word, decay by time, cells that never change."""

CHIPS: tuple[tuple[str, str], ...] = (("fast", "ideal"), ("fast", "scamp5"), ("fast", FELT), ("reference", FELT))

TEXT = """\
input image -> PIX;
kernel grow(n) {
    get_image(A);
    for i in 0..n { add(B, A, B); movx(C, B, east); where(C); mov(D, A); all(); MOV(R5, FLAG); }
}
program {
    scamp5_in(E, 3);
    for k in 1..3 { grow(k); }
    output any = scamp5_global_or(R5);
    scamp5_load_in(127);
    output c = C;
    scamp5_draw_begin(R6);
    scamp5_draw_line(3, 3, 20, 9);
    scamp5_draw_end();
    output total = scamp5_global_sum_16(B);
}
"""


def machine(engine: str, errors: str) -> Machine:
    return Machine(SHAPE, errors, engine=engine, chip=7, seed=3)


def photo(seed: int = 3) -> Any:
    return np.random.default_rng(seed).integers(0, 256, SHAPE, dtype=np.uint8)


def planes(m: Machine) -> dict[str, Any]:
    return {r: m.read(r) for r in EVERYTHING}


def agree(a: dict[str, Any], b: dict[str, Any]) -> None:
    for name, plane in a.items():
        assert np.array_equal(plane, b[name]), name


def taped() -> list[Event]:
    """Two frames with all that can be done to a machine between them."""
    program = assemble(TEXT)
    m = Machine(SHAPE)
    other = Machine(SHAPE)
    with recording() as tape:
        other.expose(photo())
        m.renew(5)
        m.run(program, inputs={"image": photo()})
        m.write("F", 12)
        m.wait(0.002)
        m.expose(photo(9))
        m.shift("C", 2, 1)
        m.run(program, inputs={"image": photo(4)})
    assert len(tape.all) == len(tape.events) + 1
    return tape.events


@pytest.mark.parametrize(("engine", "errors"), CHIPS)
def test_what_is_done_again_from_a_snapshot_gives_the_same_bits(engine: str, errors: str) -> None:
    m, program = machine(engine, errors), assemble(TEXT)
    m.load(program, {"image": photo()})
    m.step(13)
    snapshot = m.snapshot()
    m.resume()
    first, outputs = planes(m), dict(m.put_out)
    assert m.finished is not None
    m.run(program, {"image": photo(8)})  # loses everything
    m.restore(snapshot)
    assert m.finished is None
    m.resume()
    agree(first, planes(m))
    for name, value in outputs.items():
        assert np.array_equal(value, m.put_out[name]), name


@pytest.mark.parametrize(("engine", "errors"), CHIPS)
def test_random_programs_go_on_from_a_snapshot(engine: str, errors: str) -> None:
    for seed in range(6):
        m = machine(engine, errors)
        for register, plane in random_state(seed, SHAPE).items():
            m.write(register, plane)
        m.run(random_program(seed, SHAPE, 6, 6))
        snapshot, second = m.snapshot(), random_program(seed + 100, SHAPE, 6, 6)
        m.run(second)
        first = planes(m)
        m.run(random_program(seed + 200, SHAPE, 6, 6))
        m.restore(snapshot)
        m.run(second)
        agree(first, planes(m))


def test_a_snapshot_knows_its_machine_and_its_measurement() -> None:
    m = machine("fast", "scamp5")
    snapshot = m.snapshot()
    with pytest.raises(ProgramError, match="another machine"):
        machine("fast", "scamp5").restore(snapshot)
    with pytest.raises(ProgramError, match=r"machine\.snapshot"):
        m.restore(None)  # type: ignore[arg-type]
    program = assemble("get_image(A); mov(B, A);")
    m.run(program)
    first = planes(m)
    m.reseed(99)
    m.restore(snapshot)
    assert m.seed == 3
    m.run(program)
    agree(first, planes(m))


def test_planes_that_did_not_change_are_shared_and_minus_zero_is_no_zero() -> None:
    m = machine("fast", "ideal")
    first = m.snapshot()
    m.run(assemble("bus(A, B);"))  # A := -0.0
    second = m.snapshot().sharing(first)
    shared = [n for n, p in second.engine.analog.items() if p is first.engine.analog[n]]
    assert set(shared) == {*isa.ANALOG, *isa.ANALOG_INPUTS} - {"A"}


@pytest.mark.parametrize(("engine", "errors"), CHIPS)
def test_a_tape_plays_on_another_machine(engine: str, errors: str) -> None:
    events = taped()
    assert [type(e).__name__ for e in events] == ["Renewed", "Ran", "Wrote", "Waited", "Exposed", "Ran", "Ran"]
    a, b = machine(engine, errors), machine(engine, errors)
    for event in events:
        play(a, event)
    course = Course(events)
    travel = Travel(b, course)
    travel.go(course.length)
    if engine == "reference" or errors != "ideal":  # the fast engine joins words of an exact run
        agree(planes(a), planes(b))


@pytest.mark.parametrize(("engine", "errors"), CHIPS)
def test_any_moment_from_anywhere_has_the_bits_of_the_straight_way(engine: str, errors: str) -> None:
    course = Course(taped())
    straight: list[dict[str, Any]] = []
    m = machine(engine, errors)
    for event in course.events:
        if not straight:
            straight.append(planes(m))
        if not isinstance(event, Ran):
            play(m, event)
            straight.append(planes(m))
            continue
        m.load(event.program, event.inputs)
        straight.append(planes(m))
        while m.step() is not None:
            straight.append(planes(m))
    assert len(straight) == course.length + 1
    travel = Travel(machine(engine, errors), course, budget=1 << 20, stride=4)
    rng = np.random.default_rng(5)
    for moment in (course.length, 0, *rng.integers(0, course.length + 1, 40).tolist()):
        travel.go(moment)
        assert travel.at == moment
        agree(straight[moment], planes(travel.machine))


def test_snapshots_stay_within_the_budget_and_replays_within_the_stride() -> None:
    program = assemble(
        "array 64, 64; kernel k { for i in 0..100 { get_image(A); add(B, A, B); mov(C, B); } }"
        "program { for i in 0..12 { k(); } }"
    )
    course = Course([Exposed(photo()), Ran(program)])
    budget = 1 << 20
    travel = Travel(machine("fast", "scamp5"), course, budget=budget)
    travel.go(course.length)
    assert course.length > 10_000
    assert travel.bytes <= budget
    assert travel.steps == course.length
    for moment in (5000, 4999, 4998, 100, course.length - 1):
        before = travel.steps
        travel.go(moment)
        assert travel.steps - before <= travel.stride


def test_where_a_course_is() -> None:
    program = assemble("mov(A, B); mov(B, A);")
    course = Course([Wrote("A", 3), Ran(program), Waited(0.1)])
    assert course.starts == [0, 1, 6]
    assert course.length == 7
    assert course.event_at(0) == (-1, 0)
    assert course.event_at(1) == (0, 1)
    assert course.event_at(2) == (1, 1)
    assert course.event_at(6) == (1, 5)
    assert course.event_at(7) == (2, 1)
    assert course.done_at(2) is None
    first, last = course.done_at(3), course.done_at(6)
    assert first is not None
    assert str(first.item) == "bus(NEWS, B)"
    assert last is not None
    assert str(last.item) == "bus(B, NEWS)"
    assert course.programs == (program,)
    with pytest.raises(ProgramError, match=r"0\.\.7"):
        Travel(machine("fast", "ideal"), course).go(8)


def test_given_up_it_stands_where_it_got_to_and_goes_on() -> None:
    course, asked = Course(taped()), []
    travel = Travel(machine("fast", "scamp5"), course, stride=4, abandoned=lambda: asked.append(1) or len(asked) == 5)  # type: ignore[func-returns-value]
    with pytest.raises(AbandonedError):
        travel.go(course.length)
    assert 0 < travel.at < course.length
    other = Travel(machine("fast", "scamp5"), course)
    other.go(course.length)
    travel.go(course.length)
    agree(planes(other.machine), planes(travel.machine))


def test_what_fails_half_way_leaves_a_machine_that_can_go_elsewhere() -> None:
    good = assemble("mov(A, B); mov(C, A);")
    course = Course([Ran(good), Ran(assemble("array 128, 128; mov(A, B);"))])
    travel = Travel(machine("fast", "ideal"), course, stride=2)
    with pytest.raises(ScampError, match="128x128"):
        travel.go(course.length)
    assert travel.at <= 5
    travel.go(3)
    assert travel.at == 3
