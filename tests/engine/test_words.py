"""What each native word does, fact by fact, on both engines. Expected planes are worked out by hand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from scamp_sim import ArrayOptions, ErrorModel, Machine
from scamp_sim.chip import isa
from scamp_sim.chip.program import HostCall, Program, Word, straight_line
from scamp_sim.engine.lower import lower
from scamp_sim.engine.reference import EFFECTS

SHAPE = (64, 64)
ENGINES = ("reference", "fast")
RNG = np.random.default_rng(5)
ANALOG = {r: np.round(RNG.uniform(-100, 100, SHAPE)).astype(np.float32) for r in isa.ANALOG}
BITS = {r: RNG.random(SHAPE) < 0.5 for r in isa.DIGITAL}


@pytest.fixture(params=ENGINES)
def machine(request: pytest.FixtureRequest) -> Machine:
    """Every register holds something; FLAG is all ones, R0 too."""
    return filled(Machine(SHAPE, engine=request.param))


def filled(m: Machine) -> Machine:
    for register, plane in (ANALOG | BITS).items():
        m.write(register, plane)
    m.write("R0", True)
    return m


def w(op: str, dst: str = "", src: str = "") -> Word:
    return Word(op, tuple(dst.split()), tuple(src.split()))


def run(m: Machine, *words: Word) -> Machine:
    m.run(straight_line("test", words))
    return m


def call(m: Machine, name: str, *args: str | int) -> Machine:
    m.run(Program("test", {}, (HostCall(name, args),)))
    return m


def moved(plane: np.ndarray, row: int, column: int, outside: float = 0) -> np.ndarray:
    """moved(p, 0, 1)[r, c] == p[r, c + 1]; written with loops so that no slice can be off by one in the same way."""
    out = np.full_like(plane, outside)
    for r, c in itertools.product(range(plane.shape[0]), range(plane.shape[1])):
        if 0 <= r + row < plane.shape[0] and 0 <= c + column < plane.shape[1]:
            out[r, c] = plane[r + row, c + column]
    return out


def test_both_engines_know_every_native_word() -> None:
    assert set(EFFECTS) == set(isa.NATIVE)
    for row in isa.NATIVE.values():
        dst = isa.OPERAND_KINDS[row.dst.kind][: row.dst.least] if row.dst else ()
        pool = [r for r in isa.OPERAND_KINDS[row.src.kind] if r not in dst] if row.src else []
        word = Word(row.name, dst, tuple(pool[: max(row.src.least, 1)]) if row.src else ())
        lower(straight_line("one", [word]), True, ArrayOptions())  # raises NotImplementedError for a gap


# --- bus ---


@pytest.mark.parametrize("count", range(5))
def test_bus_takes_minus_the_sum(machine: Machine, count: int) -> None:
    sources = ("B", "C", "D", "E")[:count]
    run(machine, Word("bus", ("A",), sources))
    assert np.array_equal(machine.read("A"), -sum((ANALOG[s] for s in sources), np.zeros(SHAPE)))


@pytest.mark.parametrize(
    ("op", "dst", "src"), [("bus2", "A B", "C D"), ("bus3", "A B C", "D"), ("bus", "A B C NEWS", "E F D")]
)
def test_destinations_share_the_current(machine: Machine, op: str, dst: str, src: str) -> None:
    run(machine, w(op, dst, src))
    expected = -sum(ANALOG[s] for s in src.split()) / len(dst.split())
    for d in dst.split():
        np.testing.assert_allclose(machine.read(d), expected, atol=1e-4)


def test_bus2_without_sources_clears(machine: Machine) -> None:
    run(machine, w("bus2", "A B"))
    assert not machine.read("A").any()
    assert not machine.read("B").any()


def test_a_source_named_twice_is_selected_once(machine: Machine) -> None:
    run(machine, w("bus", "A", "B B"))
    assert np.array_equal(machine.read("A"), -ANALOG["B"])


def test_analog_writes_obey_flag(machine: Machine) -> None:
    machine.write("FLAG", BITS["R5"])
    run(machine, w("bus", "A", "B"), w("bus", "NEWS", "C"))
    assert np.array_equal(machine.read("A"), np.where(BITS["R5"], -ANALOG["B"], ANALOG["A"]))
    assert np.array_equal(machine.read("NEWS"), np.where(BITS["R5"], -ANALOG["C"], ANALOG["NEWS"]))


@pytest.mark.parametrize("direction", isa.DIRECTIONS.values(), ids=lambda d: d.name)
def test_port_as_source_reads_that_neighbour(machine: Machine, direction: isa.Direction) -> None:
    run(machine, Word("bus", ("A",), (direction.port, "B")))
    expected = -(moved(ANALOG["NEWS"], direction.row, direction.column) + ANALOG["B"])
    assert np.array_equal(machine.read("A"), expected)


@pytest.mark.parametrize("direction", isa.DIRECTIONS.values(), ids=lambda d: d.name)
def test_port_as_destination_drives_that_neighbour(machine: Machine, direction: isa.Direction) -> None:
    """`bus(XW, x)`: a PE's NEWS takes -x of its east neighbour; the far side gets nothing (section 2.1, Q10)."""
    run(machine, Word("bus", (direction.port,), ("B",)))
    assert np.array_equal(machine.read("NEWS"), -moved(ANALOG["B"], -direction.row, -direction.column))


def test_two_pixels_east_in_two_words(machine: Machine) -> None:
    """The idiom of LB-TUT: bus(XE, F); bus(F, XW)."""
    run(machine, w("bus", "XE", "F"), w("bus", "F", "XW"))
    assert np.array_equal(machine.read("F"), moved(ANALOG["F"], 0, -2))


def test_flag_of_both_ends_counts_for_a_driven_neighbour(machine: Machine) -> None:
    """Q4: the driven cell is written only if its own FLAG is 1; a PE with FLAG = 0 contributes 0."""
    flag = BITS["R6"]
    machine.write("FLAG", flag)
    run(machine, w("bus", "XE", "B"))
    expected = np.where(flag, -moved(np.where(flag, ANALOG["B"], 0), 0, -1), ANALOG["NEWS"])
    assert np.array_equal(machine.read("NEWS"), expected)


def test_several_ports_count_as_their_mean(machine: Machine) -> None:
    run(machine, w("bus", "A", "XN XE XS XW"))
    total = sum(moved(ANALOG["NEWS"], d.row, d.column) for d in isa.DIRECTIONS.values())
    np.testing.assert_allclose(machine.read("A"), -total / 4, atol=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_several_ports_can_be_made_to_sum(engine: str) -> None:
    m = filled(Machine(SHAPE, engine=engine, options=ArrayOptions(port_mix="sum")))
    run(m, w("bus", "A", "XE XW"))
    assert np.array_equal(m.read("A"), -(moved(ANALOG["NEWS"], 0, 1) + moved(ANALOG["NEWS"], 0, -1)))


# --- FLAG, PIX, blur ---


def test_where_is_strict_uninverted_and_reaches_all_pes(machine: Machine) -> None:
    plane = np.tile(np.array([-1, 0, 1, 0.125], np.float32), (64, 16))
    machine.write("A", plane)
    machine.write("FLAG", False)
    run(machine, w("where", "", "A"))
    assert np.array_equal(machine.read("FLAG"), plane > 0)


def test_where_sums_up_to_three(machine: Machine) -> None:
    run(machine, w("where", "", "A B C"))
    assert np.array_equal(machine.read("FLAG"), ANALOG["A"] + ANALOG["B"] + ANALOG["C"] > 0)


def test_where_can_read_a_port(machine: Machine) -> None:
    run(machine, w("where", "", "XS A"))
    assert np.array_equal(machine.read("FLAG"), moved(ANALOG["NEWS"], 1, 0) + ANALOG["A"] > 0)


def test_digital_where_is_or_and_all_restores(machine: Machine) -> None:
    run(machine, w("WHERE", "", "R5 R6 R7"))
    assert np.array_equal(machine.read("FLAG"), BITS["R5"] | BITS["R6"] | BITS["R7"])
    run(machine, w("all"))
    assert machine.read("FLAG").all()


def test_flag_is_a_digital_operand_in_either_form(machine: Machine) -> None:
    run(machine, w("where", "", "A"), w("MOV", "R5", "FLAG"), w("all"), w("NOT", "R6", "FLAG"))
    assert np.array_equal(machine.read("R5"), ANALOG["A"] > 0)
    assert not machine.read("R6").any()


@pytest.mark.parametrize(("gates", "spared"), [(False, False), (True, True)])
@pytest.mark.parametrize("engine", ENGINES)
def test_rpix_ignores_flag_unless_told(engine: str, gates: bool, spared: bool) -> None:
    """Q5."""
    m = Machine(SHAPE, engine=engine, options=ArrayOptions(flag_gates_rpix=gates))
    m.expose(np.full(SHAPE, 255))
    m.write("FLAG", np.eye(64, dtype=bool))
    run(m, w("rpix"))
    assert (m.read("PIX")[0, 1] == 0) is np.bool_(spared)
    assert m.read("PIX")[1, 1] == -127


def test_blur_spreads_a_point_along_enabled_links(machine: Machine) -> None:
    """Q8: y = -((1 - 4k) x + k * neighbours) with k = 0.1 where all links are on."""
    point = np.zeros(SHAPE, np.float32)
    point[10, 20] = 100
    machine.write("A", point)
    machine.write("R1", True)
    machine.write("R2", True)
    run(machine, w("blurset"), w("blur", "B", "A"))
    b = machine.read("B")
    np.testing.assert_allclose(
        [b[10, 20], b[9, 20], b[11, 20], b[10, 19], b[10, 21]], [-60, -10, -10, -10, -10], atol=1e-4
    )
    assert np.count_nonzero(b) == 5


@pytest.mark.parametrize(
    ("op", "lit"), [("blurh", {(10, 19), (10, 20), (10, 21)}), ("blurv", {(9, 20), (10, 20), (11, 20)})]
)
def test_blur_along_one_axis(machine: Machine, op: str, lit: set[tuple[int, int]]) -> None:
    point = np.zeros(SHAPE, np.float32)
    point[10, 20] = 100
    machine.write("A", point)
    machine.write("R1", True)
    machine.write("R2", True)
    run(machine, w(op, "B", "A"))
    assert {(int(r), int(c)) for r, c in np.argwhere(machine.read("B"))} == lit


def test_blur_keeps_the_total_whatever_the_links(machine: Machine) -> None:
    run(machine, w("blur", "B", "A"))
    assert abs(float(machine.read("B").sum() + ANALOG["A"].sum())) < 0.5
    machine.write("R1", False)
    machine.write("R2", False)
    run(machine, w("blur", "B", "A"))
    assert np.array_equal(machine.read("B"), -ANALOG["A"])


def test_blur_links_are_to_the_south_and_to_the_west(machine: Machine) -> None:
    point = np.zeros(SHAPE, np.float32)
    point[10, 20] = 100
    machine.write("A", point)
    only = np.zeros(SHAPE, bool)
    only[10, 20] = True
    machine.write("R1", only)
    machine.write("R2", only)
    run(machine, w("blur", "B", "A"))
    assert {(int(r), int(c)) for r, c in np.argwhere(machine.read("B"))} == {(10, 20), (11, 20), (10, 19)}


# --- bits ---


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("op", ["OR", "NOR"])
def test_or_and_nor(machine: Machine, op: str, count: int) -> None:
    sources = ("R6", "R7", "R8", "R9")[:count]
    expected = np.logical_or.reduce([BITS[s] for s in sources]) ^ (op == "NOR")
    assert np.array_equal(run(machine, Word(op, ("R5",), sources)).read("R5"), expected)


def test_set_clr_mov_not(machine: Machine) -> None:
    run(machine, w("SET", "R5 R6 R7 R8"), w("CLR", "R9 R10"), w("MOV", "R1 R2", "R3"), w("NOT", "R4", "R3"))
    assert all(machine.read(r).all() for r in ("R5", "R6", "R7", "R8"))
    assert not any(machine.read(r).any() for r in ("R9", "R10"))
    assert np.array_equal(machine.read("R1"), BITS["R3"])
    assert np.array_equal(machine.read("R2"), BITS["R3"])
    assert np.array_equal(machine.read("R4"), ~BITS["R3"])


def test_digital_writes_ignore_flag(machine: Machine) -> None:
    """M KUR: a clear executed under a mask cleared every pixel."""
    machine.write("FLAG", np.eye(64, dtype=bool))
    assert not run(machine, w("CLR", "R5")).read("R5").any()


@pytest.mark.parametrize(
    ("word", "value"),
    [
        (w("SET", "R12"), np.ones(SHAPE, bool)),
        (w("CLR", "R12"), np.zeros(SHAPE, bool)),
        (w("MOV", "R12", "R5"), BITS["R5"]),
        (w("NOT", "R12", "R5"), ~BITS["R5"]),
        (w("OR", "R12", "R5 R6"), BITS["R5"] | BITS["R6"]),
        (w("NOR", "R12", "R5 R6"), ~(BITS["R5"] | BITS["R6"])),
    ],
    ids=lambda x: x.op if isinstance(x, Word) else "",
)
def test_r12_is_written_only_where_r0_is_one(machine: Machine, word: Word, value: np.ndarray) -> None:
    machine.write("R0", BITS["R8"])
    run(machine, word)
    assert np.array_equal(machine.read("R12"), np.where(BITS["R8"], value, BITS["R12"]))


def test_r12_sees_the_r0_from_before_the_word(machine: Machine) -> None:
    machine.write("R0", BITS["R8"])
    machine.write("R12", False)
    run(machine, w("SET", "R0 R12"))
    assert np.array_equal(machine.read("R12"), BITS["R8"])


@pytest.mark.parametrize(
    ("half", "source", "expected"),
    [
        ("REFRESH_R", "R5", BITS["R5"]),
        ("NOT_R", "R5", ~BITS["R5"]),
        ("OR_R", "R5 R6", BITS["R5"] | BITS["R6"]),
        ("NOR_R", "R5 R6", ~(BITS["R5"] | BITS["R6"])),
    ],
)
def test_two_phase_words_work_in_place(machine: Machine, half: str, source: str, expected: np.ndarray) -> None:
    assert np.array_equal(run(machine, w(half, "", source), w("REFRESH_L", "R5")).read("R5"), expected)


# --- neighbours of bits ---


@pytest.mark.parametrize("outside", [0, 1])
@pytest.mark.parametrize("direction", isa.DIRECTIONS.values(), ids=lambda d: d.name)
def test_dnews_takes_from_the_enabled_direction(machine: Machine, direction: isa.Direction, outside: int) -> None:
    run(machine, w("CLR", "R1 R2 R3 R4"), w("SET", direction.gate), w(f"DNEWS{outside}", "R5", "R6"))
    assert np.array_equal(machine.read("R5"), moved(BITS["R6"], direction.row, direction.column, outside))


def test_dnews_gates_are_those_of_the_receiver_and_add_up(machine: Machine) -> None:
    run(machine, w("DNEWS0", "R5", "R6"))
    expected = np.zeros(SHAPE, bool)
    for d in isa.DIRECTIONS.values():
        expected |= BITS[d.gate] & moved(BITS["R6"], d.row, d.column)
    assert np.array_equal(machine.read("R5"), expected)


def test_a_row_of_ones_walks_south(machine: Machine) -> None:
    """Section 8.3: RN = 1, row 0 set, n x DNEWS0 sets row n."""
    top = np.zeros(SHAPE, bool)
    top[0] = True
    machine.write("R5", top)
    run(machine, w("CLR", "R1 R2 R3 R4"), w("SET", "R3"))
    for n in range(1, 9):
        run(machine, w("DNEWS0", "R6", "R5"), w("MOV", "R5", "R6"))
        assert np.flatnonzero(machine.read("R5").all(axis=1)).tolist() == [n]


def test_sand_falls(machine: Machine) -> None:
    """Section 8.3, SAND: R1 := x, R3 := not x: a set PE takes its south, a clear one its north."""
    x = BITS["R6"]
    run(machine, w("CLR", "R2 R4"), w("MOV", "R1", "R6"), w("NOT", "R3", "R6"), w("DNEWS1", "R5", "R6"))
    south, north = moved(x, 1, 0, 1), moved(x, -1, 0, 1)
    assert np.array_equal(machine.read("R5"), np.where(x, south, north))


def flood(
    m: Machine, seeds: np.ndarray, mask: np.ndarray, words: int = 1, outside: int = 0, gates: Sequence[str] = ()
) -> np.ndarray:
    m.write("R12", seeds)
    m.write("R0", mask)
    for g in ("R1", "R2", "R3", "R4"):
        m.write(g, not gates or g in gates)
    run(m, *[w("PROP_R"), w(f"PROP_{outside}")] * words)
    return m.read("R12")


def dot(row: int, column: int, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    plane = np.zeros(shape, bool)
    plane[row, column] = True
    return plane


@pytest.mark.parametrize("engine", ENGINES)
def test_prop_reaches_64_pes_along_the_path(engine: str) -> None:
    """Q9: geodesic 4-connected distance."""
    m = Machine((64, 256), engine=engine)
    mask = np.ones((64, 256), bool)
    got = flood(m, dot(32, 100, (64, 256)), mask)
    rows, columns = np.indices((64, 256))
    assert np.array_equal(got, abs(rows - 32) + abs(columns - 100) <= 64)
    assert flood(m, dot(0, 0, (64, 256)), mask, words=2)[0].sum() == 129


def snake() -> np.ndarray:
    """One corridor that folds through every second row: 32 rows of 64 and the turns between them."""
    mask = np.zeros(SHAPE, bool)
    mask[::2] = True
    mask[1::4, -1] = True
    mask[3::4, 0] = True
    return mask


@pytest.mark.parametrize(("reach", "filled_pes"), [(64, 65), (10, 11), (None, 32 * 64 + 32)])
@pytest.mark.parametrize("engine", ENGINES)
def test_prop_stays_inside_the_mask(engine: str, reach: int | None, filled_pes: int) -> None:
    m = Machine(SHAPE, engine=engine, options=ArrayOptions(prop_reach=reach))
    got = flood(m, dot(0, 0), snake())
    assert got.sum() == filled_pes
    assert not (got & ~snake()).any()


def test_prop_takes_only_from_enabled_directions(machine: Machine) -> None:
    got = flood(machine, dot(20, 20), np.ones(SHAPE, bool), gates=("R3",))  # each PE takes from its north
    assert got.sum() == 44
    assert got[20:, 20].all()


def test_prop_one_floods_from_outside(machine: Machine) -> None:
    mask = np.ones(SHAPE, bool)
    mask[10:20, 10:20] = False
    assert np.array_equal(flood(machine, np.zeros(SHAPE, bool), mask, outside=1), mask)


def test_prop_leaves_r12_alone_outside_the_mask(machine: Machine) -> None:
    got = flood(machine, dot(5, 5), dot(5, 6))
    assert np.array_equal(got, dot(5, 5) | dot(5, 6))  # the neighbour can take the bit, the bit itself stays


# --- host functions ---


def test_pattern_ignores_the_masked_address_bits() -> None:
    """APID's example: 3 with mask 192 selects 3, 67, 131, 195. Columns count from the right."""
    for engine in ENGINES:
        m = Machine(engine=engine)
        plane = call(m, "scamp5_load_pattern", "R5", 3, 0, 192, 255).read("R5")
        assert np.flatnonzero(plane.all(axis=1)).tolist() == [3, 67, 131, 195]
        assert plane.sum() == 4 * 256
        plane = call(m, "scamp5_load_pattern", "R5", 0, 3, 255, 192).read("R5")
        assert np.flatnonzero(plane.all(axis=0)).tolist() == [255 - c for c in (195, 131, 67, 3)]


def test_rect_goes_from_top_right_to_bottom_left(machine: Machine) -> None:
    plane = call(machine, "scamp5_load_rect", "R5", 2, 1, 5, 10).read("R5")
    expected = np.zeros(SHAPE, bool)
    expected[2:6, 63 - 10 : 63] = True
    assert np.array_equal(plane, expected)
    assert np.array_equal(machine.read("RECT"), expected)


def test_an_upside_down_rect_is_empty(machine: Machine) -> None:
    """Q19."""
    assert not call(machine, "scamp5_load_rect", "R5", 5, 1, 2, 10).read("R5").any()


def test_point_and_select(machine: Machine) -> None:
    assert np.array_equal(call(machine, "scamp5_load_point", "R5", 0, 0).read("R5"), dot(0, 63))
    call(machine, "scamp5_select_point", 63, 63)
    assert np.array_equal(machine.read("SELECT"), dot(63, 0))
    call(machine, "scamp5_select_rect", 0, 0, 63, 0)
    assert np.array_equal(machine.read("RECT"), np.arange(64)[None, :] == np.full((64, 1), 63))
    run(machine, w("OR", "R6", "RECT SELECT"))
    assert machine.read("R6")[:, 63].all()


def test_loading_r12_obeys_r0(machine: Machine) -> None:
    machine.write("R0", dot(0, 63))
    machine.write("R12", False)
    assert np.array_equal(call(machine, "scamp5_load_rect", "R12", 0, 0, 63, 63).read("R12"), dot(0, 63))


def test_constants(machine: Machine) -> None:
    assert (call(machine, "scamp5_in", "A", -37, "NEWS").read("A") == -37).all()
    assert (machine.read("NEWS") == 37).all()
    assert (call(machine, "scamp5_load_in", 5).read("IN") == 5).all()
    assert (run(machine, w("bus", "B", "IN")).read("B") == -5).all()
    assert (call(machine, "scamp5_load_in", "C", 12, "D").read("C") == 12).all()


def test_kernel_all_and_refresh(machine: Machine) -> None:
    machine.write("FLAG", False)
    assert call(machine, "scamp5_kernel_all").read("FLAG").all()
    call(machine, "scamp5_kernel_refresh_dreg")
    assert all(np.array_equal(machine.read(r), BITS[r]) for r in isa.DIGITAL[1:])


def test_host_functions_issue_the_words_that_the_table_says() -> None:
    from scamp_sim.chip import host

    counted = 0
    for forms in isa.HOST.values():
        for form in forms:
            if not isinstance(form.words, int):
                continue  # tests/test_host.py counts those that depend on their operands
            pool = {"a": iter(("A", "B")), "p": iter(("A",)), "d": iter(("R5", "R6"))}
            args = tuple(next(pool[o.kind[0]]) if o.kind in isa.OPERAND_KINDS else 1 for o in form.operands)
            words = [a for a in host.actions(HostCall(form.name, args)) if isinstance(a, Word)]
            assert len(words) == form.words, form.name
            counted += 1
    assert counted > 40


# --- errors ---


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_take_their_errors_from_the_error_model(engine: str) -> None:
    m = Machine(SHAPE, engine=engine, errors=ErrorModel("narrow", limit=150.0))
    m.write("A", 100)
    m.write("B", 75)
    run(m, w("bus", "C", "A B"), w("bus", "D", "A"), w("bus", "NEWS", "A B"), w("bus", "E", "NEWS A"), w("nop"))
    assert (m.read("C") == -150).all()
    assert (m.read("D") == -100).all()
    assert (m.read("E") == 50).all()  # 150 - 100: the temporary saturates too


def test_runaway_sums_stay_finite(machine: Machine) -> None:
    doubling = (w("bus", "NEWS", "A B"), w("bus", "A", "NEWS"), w("bus", "NEWS", "A"), w("bus", "B", "NEWS"))
    machine.write("A", 1)
    machine.write("B", 1)
    run(machine, *doubling * 40)
    assert (machine.read("A") == 8192).all()


def test_long_chains_of_halving(machine: Machine) -> None:
    """The fast engine folds halvings into one operation; a hundred of them must not overflow its table."""
    pairs = [("A", "B"), ("B", "A")] * 50
    halvings = [x for s, d in pairs for x in (w("bus2", f"{d} NEWS", s), w("bus", d, "NEWS"))]
    run(machine, *halvings[:20])
    np.testing.assert_allclose(machine.read("A"), ANALOG["A"] / 2**10, rtol=1e-6)
    run(machine, *halvings)
    assert abs(machine.read("A")).max() < 1e-20


@pytest.mark.parametrize("count", range(1, 8))
@pytest.mark.parametrize("op", ["NOT", "MOV"])
def test_lists_of_bits_may_be_longer_than_a_row_of_the_fast_engine(machine: Machine, op: str, count: int) -> None:
    rng = np.random.default_rng(count)
    bits = {f"R{n}": rng.random(machine.shape) < 0.2 for n in range(1, count + 1)}
    for register, plane in bits.items():
        machine.write(register, plane)
    machine.run(straight_line("one", [Word(op, ("R9", "R10"), tuple(bits))]))
    expected = np.any(list(bits.values()), axis=0) ^ (op == "NOT")
    for register in ("R9", "R10"):
        np.testing.assert_array_equal(machine.read(register), expected)
