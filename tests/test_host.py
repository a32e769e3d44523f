"""Host functions: each against its row of the fact sheet (sections 4.1-4.3, 8.3), on both engines, as methods.

Expected values are worked out with plain loops over chip addresses: row 0 the top, column 0 the right-hand side.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable

import numpy as np
import pytest

from scamp_sim import ArrayOptions, ErrorModel, Machine, ProgramError, ScampError
from scamp_sim.chip import isa
from scamp_sim.chip.host import circle_points, line_points, words_of
from scamp_sim.chip.program import HostCall, Word, straight_line
from scamp_sim.exceptions import ScampWarning
from scamp_sim.machine.host_calls import HostCalls

SHAPE = (64, 128)
ROWS, COLUMNS = SHAPE
RNG = np.random.default_rng(11)
GREY = np.round(RNG.uniform(-140, 140, SHAPE)).astype(np.float32)
SPOTS = RNG.random(SHAPE) < 0.03


@pytest.fixture(params=("reference", "fast"))
def m(request: pytest.FixtureRequest) -> Machine:
    """A and B hold values, R5 spots, everything else is clear."""
    machine = Machine(SHAPE, engine=request.param)
    machine.write("A", GREY)
    machine.write("R5", SPOTS)
    return machine


def chip(test: Callable[[int, int], bool], shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """The upright plane that is 1 at the chip addresses (row, column) that pass the test."""
    plane = np.zeros(shape, bool)
    for r, c in itertools.product(range(shape[0]), range(shape[1])):
        plane[r, shape[1] - 1 - c] = test(r, c)
    return plane


def at(plane: np.ndarray, r: int, c: int) -> float:
    """The value at a chip address."""
    return float(plane[r, plane.shape[1] - 1 - c])


def level(value: float) -> int:
    return int(min(255, max(0, round(value + 128))))


def test_every_host_function_is_a_method() -> None:
    for name, forms in isa.HOST.items():
        short = name.removeprefix("scamp5_").removeprefix("vs_scamp5_").removeprefix("vs_vision_chip_")
        method = getattr(HostCalls, "in_" if short == "in" else short)
        assert method.__doc__
        given = [p for p in list(inspect.signature(method).parameters.values())[1:] if p.kind is not p.VAR_POSITIONAL]
        if given and short != "shift":
            wanted = [o for o in forms[0].operands if o.default != isa.DRAWING]
            assert [p.name for p in given] == [o.name for o in wanted], name
            assert [None if p.default is p.empty else p.default for p in given] == [o.default for o in wanted], name


# --- constants and whole planes ---


def test_constants(m: Machine) -> None:
    m.in_("B", -30)
    assert (m.read("B") == -30).all()
    assert (m.read("IN") == -30).all()
    m.load_in("C", 12)
    m.load_in(99)
    assert (m.read("C") == 12).all()
    assert (m.read("IN") == 99).all()
    m.load_dac("D", 4095)
    assert (m.read("D") == 127).all()
    m.load_dac(0)
    assert (m.read("IN") == -128).all()
    m.set_dac(2048)
    assert m.read("IN")[0, 0] == pytest.approx(2048 * 255 / 4095 - 128, abs=1e-4)


def test_constants_are_gated_by_flag(m: Machine) -> None:
    m.write("B", 5)
    m.write("FLAG", SPOTS)
    m.in_("B", 40)
    assert np.array_equal(m.read("B"), np.where(SPOTS, 40, 5))


@pytest.mark.parametrize("gain", [1, 2, 3, 5])
def test_get_image(m: Machine, gain: int) -> None:
    image = np.tile(np.arange(COLUMNS, dtype=np.uint8) * 2, (ROWS, 1))
    m.expose(image)
    m.get_image("C", "D", gain)
    half = image * (127 / 255)
    factor = 2 ** (gain - 1)
    np.testing.assert_allclose(m.read("D"), np.clip(half * factor, 0, 127) if gain > 1 else half, atol=1e-3)
    full = 2 * half - 127
    bright = np.clip((full + 127) * factor - 127, -128, 127) if gain > 1 else full
    np.testing.assert_allclose(m.read("C"), bright, atol=2e-3)
    assert (m.read("PIX") == -127).all()
    assert HostCall("scamp5_get_image", ("C", "D", gain)).words == 7 + 10 * (gain - 1)


@pytest.mark.parametrize("step", [(0, 0), (1, 0), (-1, 0), (2, 0), (5, -3), (-4, 7), (0, 64), (200, 0)])
def test_shift_of_values(m: Machine, step: tuple[int, int]) -> None:
    h, v = step
    m.shift("A", h, v)
    expected = np.zeros(SHAPE, np.float32)
    for r, c in itertools.product(range(ROWS), range(COLUMNS)):
        if 0 <= r + v < ROWS and 0 <= c - h < COLUMNS:  # h to the right, v upwards
            expected[r, c] = GREY[r + v, c - h]
    assert np.array_equal(m.read("A"), expected)
    assert len(words_of(HostCall("scamp5_shift", ("A", h, v)))) == 2 * (-(-abs(h) // 2) + -(-abs(v) // 2))


@pytest.mark.parametrize("boundary", [0, 1])
@pytest.mark.parametrize("refresh", [0, 2])
@pytest.mark.parametrize("step", [(1, 0), (-3, 0), (0, 2), (4, -5), (0, 100)])
def test_shift_of_bits(m: Machine, step: tuple[int, int], boundary: int, refresh: int) -> None:
    h, v = step
    m.shift("R5", h, v, boundary, refresh)
    expected = np.full(SHAPE, bool(boundary))
    for r, c in itertools.product(range(ROWS), range(COLUMNS)):
        if 0 <= r + v < ROWS and 0 <= c - h < COLUMNS:
            expected[r, c] = SPOTS[r + v, c - h]
    assert np.array_equal(m.read("R5"), expected)
    words = sum(2 + n + (2 * (n // refresh) if refresh else 0) for n in map(abs, step) if n)
    assert len(words_of(HostCall("scamp5_shift", ("R5", h, v, boundary, refresh)))) == words


def test_two_pixel_idiom(m: Machine) -> None:
    """bus(XE, F); bus(F, XW) moves F two PEs to the east (LB-TUT)."""
    m.write("F", GREY)
    m.run(straight_line("two", [Word("bus", ("XE",), ("F",)), Word("bus", ("F",), ("XW",))]))
    assert np.array_equal(m.read("F")[:, 2:], GREY[:, :-2])
    assert (m.read("F")[:, :2] == 0).all()


def test_diffuse(m: Machine) -> None:
    point = np.zeros(SHAPE, np.float32)
    point[20, 30] = 100
    m.write("B", point)
    m.diffuse("B", 3)
    spread = m.read("B")
    assert spread.sum() == pytest.approx(100, abs=1e-2)
    assert spread[20, 31] == pytest.approx(spread[19, 30]) == pytest.approx(spread[21, 30])
    assert 0 < spread[20, 31] < spread[20, 30] < 100
    m.write("B", point)
    m.diffuse("B", 2, vert=0)
    assert m.read("B")[19].any() == False  # noqa: E712
    assert len(words_of(HostCall("scamp5_diffuse", ("B", 3, 1, 1, "NEWS")))) == 2 + 2 * 3


# --- planes of bits ---


def test_load_pattern_from_the_sheet() -> None:
    """Column 3 with mask 192 selects 3, 67, 131, 195 (APID)."""
    machine = Machine()
    machine.load_pattern("R6", 0, 3, 255, 192)
    columns = sorted(255 - np.flatnonzero(machine.read("R6").any(axis=0)))
    assert columns == [3, 67, 131, 195]
    assert machine.read("R6").sum() == 4 * 256


@pytest.mark.parametrize(
    ("name", "operands", "test"),
    [
        ("point", (3, 100), lambda r, c: (r, c) == (3, 100)),
        ("rect", (2, 5, 9, 60), lambda r, c: 2 <= r <= 9 and 5 <= c <= 60),
        ("rect", (0, 0, 255, 255), lambda r, c: True),
        ("pattern", (1, 2, 6, 12), lambda r, c: r & ~6 == 1 and c & ~12 == 2),
    ],
)
def test_load_and_select(m: Machine, name: str, operands: tuple[int, ...], test: Callable[[int, int], bool]) -> None:
    expected = chip(test)
    m.call(f"load_{name}", "R6", *operands)
    assert np.array_equal(m.read("R6"), expected)
    m.call(f"select_{name}", *operands)
    assert np.array_equal(m.read("SELECT"), expected)
    assert np.array_equal(m.read("RECT"), expected)
    if name == "rect":
        m.load_region("R7", *operands)
        assert np.array_equal(m.read("R7"), expected)


def test_select_rows_and_columns(m: Machine) -> None:
    for name, operands, test in (
        ("select_row", (7,), lambda r, c: r == 7),
        ("select_col", (7,), lambda r, c: c == 7),
        ("select_rowx", (1, 6), lambda r, c: r & ~6 == 1),
        ("select_colx", (1, 6), lambda r, c: c & ~6 == 1),
    ):
        m.call(name, *operands)
        assert np.array_equal(m.read("SELECT"), chip(test)), name


def test_drawing_adds_to_what_is_there(m: Machine) -> None:
    m.draw_begin("R5")
    m.draw_pixel(-1, COLUMNS + 2)  # wraps: row 63, column 2
    assert m.draw_point(5, 6) is True
    assert m.draw_point(5, COLUMNS) is False
    m.draw_rect(10, 20, 12, 25)
    m.draw_end()
    drawn = chip(lambda r, c: (r, c) in ((63, 2), (5, 6)) or (10 <= r <= 12 and 20 <= c <= 25))
    assert np.array_equal(m.read("R5"), SPOTS | drawn)
    with pytest.raises(ProgramError, match="needs scamp5_draw_begin"):
        m.draw_pixel(1, 1)


def test_draw_negate_and_the_option_that_clears() -> None:
    machine = Machine(SHAPE, options=ArrayOptions(draw_clears=True))
    machine.write("R5", SPOTS)
    machine.draw_begin("R5")
    machine.draw_pixel(0, 0)
    machine.draw_negate()
    assert np.array_equal(machine.read("R5"), ~chip(lambda r, c: (r, c) == (0, 0)))


def test_lines() -> None:
    assert line_points(2, 3, 2, 3) == [(2, 3)]
    assert line_points(0, 0, 3, 3) == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert line_points(5, 2, 5, 0) == [(5, 2), (5, 1), (5, 0)]
    for r1, c1 in ((10, 4), (-7, 3), (2, -9), (-8, -8)):
        points = line_points(0, 0, r1, c1)
        assert points[0] == (0, 0)
        assert points[-1] == (r1, c1)
        assert len(points) == max(abs(r1), abs(c1)) + 1
        for (ra, ca), (rb, cb) in itertools.pairwise(points):
            assert max(abs(ra - rb), abs(ca - cb)) == 1
        for r, c in points:  # never further than half a PE from the true line, along the shorter axis
            assert min(abs(r - r1 * c / c1), abs(c - c1 * r / r1)) <= 0.5


@pytest.mark.parametrize("radius", [0, 1, 5, 40])
def test_circles(radius: int) -> None:
    points = set(circle_points(0, 0, radius))
    assert points == {(-r, c) for r, c in points} == {(c, r) for r, c in points}
    for r, c in points:
        assert abs((r * r + c * c) ** 0.5 - radius) <= 0.71
    for r in range(-radius, radius + 1):  # closed: every row is met
        assert any(p[0] == r for p in points)


def test_lines_and_circles_beyond_the_edge(m: Machine) -> None:
    m.write("R6", False)
    m.draw_begin("R6")
    m.draw_line(0, -2, 0, 1)
    assert np.array_equal(m.read("R6"), chip(lambda r, c: r == 0 and c in (0, 1, COLUMNS - 1, COLUMNS - 2)))
    m.write("R6", False)
    m.draw_line(0, -2, 0, 1, repeat=0)
    assert np.array_equal(m.read("R6"), chip(lambda r, c: r == 0 and c in (0, 1)))
    m.write("R6", False)
    m.draw_circle(0, 0, 5, 0)
    assert 0 < m.read("R6").sum() < len(set(circle_points(0, 0, 5)))


def test_flood(m: Machine) -> None:
    mask = np.zeros(SHAPE, bool)
    mask[10:20, 10:100] = True
    mask[10:20, 50] = False  # a wall
    seed = np.zeros(SHAPE, bool)
    seed[15, 20] = True
    m.write("R6", seed)
    m.write("R7", mask)
    m.flood("R6", "R7", 0, 5)
    expected = np.zeros(SHAPE, bool)
    expected[10:20, 10:50] = True
    assert np.array_equal(m.read("R6"), expected)
    assert np.array_equal(m.read("R0"), mask)
    m.write("R6", seed)
    m.write("R3", True)
    for gate in ("R1", "R2", "R4"):
        m.write(gate, False)
    m.flood("R6", "R7", 0, 2, use_local=1)  # R3: take from the north, so it runs down
    assert np.array_equal(np.argwhere(m.read("R6")), [[r, 20] for r in range(15, 20)])


def test_flood_reach_and_words() -> None:
    """One iteration reaches at least 47 PEs (T17), and takes the 8 words that published programs suggest."""
    machine = Machine()
    machine.load_pattern("R6", 0, 0, 224, 224)  # seeds on a lattice of 32
    machine.load_rect("R7", 0, 0, 255, 255)
    machine.flood("R6", "R7", 0, 1)
    assert machine.read("R6").all()
    assert HostCall("scamp5_flood", ("R6", "R7", 0, 1, 0)).words == 8


def test_flood_in_place(m: Machine) -> None:
    m.write("R12", SPOTS)
    m.write("R0", True)
    m.flood("R12", "R0", 0, 5)
    assert m.read("R12").all()
    m.write("R6", False)
    m.write("R7", True)
    m.flood("R6", "R7", 1, 5)  # from the borders
    assert m.read("R6").all()


# --- sums ---


def naive_sum(plane: np.ndarray, n: int, blocks: bool = False) -> list[list[int]]:
    rows, columns = plane.shape
    samples = [[0.0] * n for _ in range(n)]
    for r, c in itertools.product(range(rows), range(columns)):
        i, j = (r * n // rows, c * n // columns) if blocks else (r % n, c % n)
        samples[i][j] += at(plane, r, c)
    each = rows * columns / n / n
    return [[level(s / each) for s in row] for row in samples]


@pytest.mark.parametrize("n", [4, 8])
def test_global_sums_of_grids(m: Machine, n: int) -> None:
    name = f"global_sum_{n * n}"
    ramp = (GREY / 3 + np.arange(COLUMNS) % 8 * 9 + np.arange(ROWS)[:, None] % 8).astype(np.float32)
    m.write("A", ramp)
    expected = naive_sum(ramp, n)
    assert m.call(name, "A") == sum(map(sum, expected))
    each = m.call(name, "A", 1)
    assert each.dtype == np.uint8
    assert each.tolist() == [s for row in expected for s in row]
    other = Machine(SHAPE, options=ArrayOptions(sum_grid="blocks"))
    other.write("A", ramp)
    blocks = naive_sum(ramp, n, blocks=True)
    assert other.call(name, "A", 1).tolist() == [s for row in blocks for s in row]


def test_global_sums_cover_their_range(m: Machine) -> None:
    for value, total in ((-128, 0), (0, 128), (127, 255), (500, 255)):
        m.write("A", value)
        assert m.global_sum_16("A") == 16 * total
        assert m.global_sum_64("A") == 64 * total
        assert m.global_sum_fast("A") == total


def test_calibrated_sums() -> None:
    machine = Machine(SHAPE, options=ArrayOptions(areg_min=-100, areg_max=100, sum16_floor=160, sum16_span=3200))
    machine.write("A", -100)
    assert machine.global_sum_16("A") == 160
    machine.write("A", 100)
    assert machine.global_sum_16("A") == 3360


def test_sums_of_fixed_gain() -> None:
    """A 64x64 region maps -128..127 to 0..255 (APIA): 128 + sum/4096."""
    machine = Machine()
    plane = np.round(np.random.default_rng(3).uniform(-100, 100, (256, 256))).astype(np.float32)
    machine.write("A", plane)
    region = [at(plane, r, c) for r in range(10, 74) for c in range(30, 94)]
    assert machine.global_sum_region("A", 10, 30, 73, 93) == level(sum(region) / 4096)
    machine.write("B", 127)
    assert machine.global_sum_region("B", 0, 0, 63, 63) == 255
    machine.write("B", -128)
    assert machine.global_sum_region("B", 0, 0, 63, 63) == 0
    machine.write("B", 20)
    assert machine.global_sum_region("B", 0, 0, 31, 31) == 128 + 20 * 1024 // 4096
    sparse = [at(plane, r, c) for r in range(0, 256, 2) for c in range(0, 256, 2)]
    assert machine.global_sum_sparse("A") == level(sum(sparse) / 4096)
    pattern = [at(plane, r, c) for r in range(256) for c in range(256) if r & ~240 == 3 and c & ~15 == 16]
    assert machine.global_sum_sparse("A", 3, 16, 240, 15) == level(sum(pattern) / 4096)


def test_global_or(m: Machine) -> None:
    assert m.global_or("R5") == 1
    assert m.global_or("R9") == 0
    m.load_point("R6", 3, 100)
    assert m.global_or("R6", 3, 100, 0, 0) == 1
    assert m.global_or("R6", 3, 99, 0, 0) == 0
    assert m.global_or("R6", 0, 4, 1023, 96) == 1  # 100 & ~96 == 4
    assert m.global_or("FLAG") == 1


@pytest.mark.parametrize("opt", [0, 1])
def test_global_count_estimates_the_share_of_ones(m: Machine, opt: int) -> None:
    for share in (0.0, 0.25, 0.5, 1.0):
        bits = np.random.default_rng(2).random(SHAPE) < share
        m.write("R6", bits)
        assert m.global_count("R6", "B", opt) == pytest.approx(4095 * bits.mean(), abs=12)
    assert (m.read("B") == 127).all()
    assert m.read("FLAG").all()


# --- readout ---


def test_scan_order_of_the_sheet() -> None:
    """buf[3] is column 0, row 3: column after column from the top right (OUT)."""
    machine = Machine()
    plane = (np.arange(256)[:, None] - 128 + np.zeros((1, 256))).astype(np.float32)
    machine.write("A", plane)
    buffer = machine.scan_areg("A", 0, 0, 255, 255)
    assert buffer.dtype == np.uint8
    assert buffer.size == 65536
    assert buffer[3] == 3  # row 3
    machine.write("A", plane.T[:, ::-1])  # now the value is the chip column
    assert machine.scan_areg("A", 0, 0, 255, 255)[3] == 0
    assert machine.scan_areg("A", 0, 0, 255, 255)[256 + 3] == 1
    line = machine.scan_areg("A", 7, 0, 7, 255)  # 256 samples with an inclusive end (KUR)
    assert line.tolist() == list(range(256))


def test_scan_areg_steps(m: Machine) -> None:
    got = m.scan_areg("A", 3, 10, 20, 40, 4, 7)
    assert got.tolist() == [level(at(GREY, r, c)) for c in range(10, 41, 7) for r in range(3, 21, 4)]


def test_samples_of_8x8(m: Machine) -> None:
    h, w = ROWS // 8, COLUMNS // 8
    corners = [level(at(GREY, i * h, j * w)) for j in range(8) for i in range(8)]
    assert m.scan_areg_8x8("A").tolist() == corners
    means = [
        level(float(np.mean([at(GREY, r, c) for r in range(i * h, i * h + h) for c in range(j * w, j * w + w)])))
        for j in range(8)
        for i in range(8)
    ]
    assert m.scan_areg_mean_8x8("A").tolist() == means


def test_read_areg_is_what_the_converter_sees(m: Machine) -> None:
    assert m.read_areg("A", 5, 9) == level(at(GREY, 5, 9))
    m.write("A", 150)
    assert m.read_areg("A", 0, 0) == 255  # 127 LSB
    m.run(straight_line("halve", [Word("bus2", ("B", "NEWS"), ("A",)), Word("bus", ("B",), ("NEWS",))]))
    assert m.read_areg("B", 0, 0) == 128 + 75  # what the readout clipped was there all the time


@pytest.mark.parametrize("order", ["lsb", "msb"])
def test_scan_dreg(order: str) -> None:
    machine = Machine(SHAPE, options=ArrayOptions(dreg_bit_order=order))
    machine.write("R5", SPOTS)
    got = machine.scan_dreg("R5", 2, 4)
    assert got.size == 3 * COLUMNS // 8
    for k, value in enumerate(got):
        r, first = 2 + k // (COLUMNS // 8), k % (COLUMNS // 8) * 8
        bits = [int(at(SPOTS, r, first + b)) for b in range(8)]
        assert value == sum(bit << (b if order == "lsb" else 7 - b) for b, bit in enumerate(bits))
    assert machine.scan_dreg("R5").size == ROWS * COLUMNS // 8


@pytest.mark.parametrize("h_dir", [0, 1])
@pytest.mark.parametrize("v_dir", [0, 1])
@pytest.mark.parametrize("order", ["rows", "columns"])
def test_events(h_dir: int, v_dir: int, order: str) -> None:
    machine = Machine(SHAPE, options=ArrayOptions(event_order=order))
    machine.write("R5", SPOTS)
    rows, columns = range(ROWS)[:: -1 if v_dir else 1], range(COLUMNS)[:: -1 if h_dir else 1]
    if order == "rows":
        found = [(c, r) for r in rows for c in columns if at(SPOTS, r, c)]
    else:
        found = [(c, r) for c in columns for r in rows if at(SPOTS, r, c)]
    got = machine.scan_events("R5", 1000, h_dir, v_dir)
    assert got.shape == (1000, 2)
    assert got.dtype == np.int64  # to calculate with: a byte would wrap round
    assert [tuple(e) for e in got[: len(found)].tolist()] == found
    assert not got[len(found) :].any()  # unused slots are zero
    few = machine.scan_events("R5", 5, h_dir, v_dir)
    assert [tuple(e) for e in few.tolist()] == found[:5]
    swapped = machine.scan_events_rc("R5", 5, h_dir, v_dir)
    assert [tuple(e) for e in swapped.tolist()] == [(r, c) for c, r in found[:5]]
    assert np.array_equal(machine.scan_events_cr("R5", 5, h_dir, v_dir), few)
    assert np.array_equal(machine.output_events("R5", 5, h_dir, v_dir), few)


def test_bounding_box(m: Machine) -> None:
    m.load_rect("R6", 5, 9, 20, 70)
    assert m.scan_boundingbox("R6").tolist() == [5, 9, 20, 70]
    assert m.output_boundingbox("R6").tolist() == [5, 9, 20, 70]
    m.load_point("R6", 3, 100)
    assert m.scan_boundingbox("R6").tolist() == [3, 100, 3, 100]
    box = m.scan_boundingbox("R9").tolist()
    with pytest.warns(ScampWarning, match="treated as empty"):
        m.load_rect("R6", *box)
    assert not m.read("R6").any()


def test_images(m: Machine) -> None:
    assert np.array_equal(m.output_image("A"), np.clip(np.rint(GREY + 128), 0, 255))
    assert np.array_equal(m.output_image("R5"), SPOTS)
    part = m.output_areg("A", 4, 1, 2)
    assert part.shape == (16, 32)
    for i, j in ((0, 0), (3, 5), (15, 31)):  # upright: the last column of the picture is chip column 2
        assert part[i, 31 - j] == level(at(GREY, 1 + 4 * i, 2 + 4 * j))


def test_bit_stack(m: Machine) -> None:
    value = np.random.default_rng(8).integers(0, 16, SHAPE)
    m.output_bitstack_begin(4)
    for bit in (3, 2, 1, 0):  # highest first
        m.write("R6", value >> bit & 1)
        m.output_bitstack_bit("R6")
    assert np.array_equal(m.output_bitstack_end(), value)
    m.output_bitstack_begin(2)
    m.output_bitstack_bit("R6")
    with pytest.raises(ProgramError, match="1 plane, but scamp5_output_bitstack_begin announced 2"):
        m.output_bitstack_end()


def test_addressing_readouts_change_the_latches(m: Machine) -> None:
    m.select_point(1, 1)
    m.read_areg("A", 7, 8)
    assert np.array_equal(m.read("SELECT"), chip(lambda r, c: (r, c) == (7, 8)))
    m.global_sum_16("A")
    assert m.read("SELECT").all()


def test_the_rest(m: Machine) -> None:
    m.expose(np.full(SHAPE, 255, np.uint8))
    m.reset_exposure()
    assert (m.read("PIX") == -127).all()
    m.write("FLAG", False)
    m.kernel_all()
    assert m.read("FLAG").all()
    m.rest()
    m.kernel_refresh_dreg()
    assert np.array_equal(m.read("R5"), SPOTS)


# --- section 8.3: tests that the sources suggest ---


def test_a_row_of_ones_runs_down(m: Machine) -> None:
    """R3 = 1 everywhere, row 0 set: n times DNEWS0 gives row n."""
    m.write("R3", True)
    for gate in ("R1", "R2", "R4"):
        m.write(gate, False)
    m.load_rect("R6", 0, 0, 0, 255)
    for _ in range(9):
        m.run(straight_line("s", [Word("DNEWS0", ("R7",), ("R6",)), Word("MOV", ("R6",), ("R7",))]))
    assert np.flatnonzero(m.read("R6").any(axis=1)).tolist() == [9]
    assert m.read("R6")[9].all()


def test_stacking_sand(m: Machine) -> None:
    """R1 := x, R3 := not x, DNEWS: set PEs copy from below, clear ones from above; grains sink where it is empty."""
    from scamp_sim.compiler import assemble

    grains = np.zeros(SHAPE, bool)
    grains[10, 5] = grains[11, 5] = grains[40, 9] = True
    grains[63] = True
    m.write("R5", grains)
    fall = assemble("MOV(R1, R5); NOT(R3, R5); CLR(R2, R4); DNEWS1(R6, R5); MOV(R5, R6);")
    m.run(fall)
    expected = np.zeros(SHAPE, bool)
    for r, c in itertools.product(range(ROWS), range(COLUMNS)):
        above = grains[r - 1, c] if r else True
        below = grains[r + 1, c] if r < ROWS - 1 else True
        expected[r, c] = below if grains[r, c] else above
    assert np.array_equal(m.read("R5"), expected)
    assert m.read("R5")[41, 9]
    assert not m.read("R5")[40, 9]


class Offset(ErrorModel):
    """Every transfer adds 20 LSB (KIM)."""

    def written(self, value: np.ndarray, register: str, word: int, split: tuple[int, int] = (0, 1)) -> np.ndarray:
        return value + np.float32(20)


class Mismatch(ErrorModel):
    """A split gives its first destination 2 % more, its second 2 % less."""

    def written(self, value: np.ndarray, register: str, word: int, split: tuple[int, int] = (0, 1)) -> np.ndarray:
        i, n = split
        return value if n == 1 else value * np.float32(1.02 if i == 0 else 0.98)


def with_errors(errors: ErrorModel, text: str) -> Machine:
    from scamp_sim.compiler import assemble

    machine = Machine((64, 64), errors=errors, engine="reference")
    machine.write("A", 100)
    machine.write("B", 0)
    machine.run(assemble(text))
    return machine


def test_a_lone_transfer_shows_the_offset_and_macros_cancel_it() -> None:
    errors = Offset()
    assert (with_errors(errors, "bus(C, A);").read("C") == -80).all()
    for macro in ("mov(C, A);", "add(C, A, B);", "sub(C, A, B);", "abs(C, A);"):
        assert (with_errors(errors, macro).read("C") == 100).all(), macro
    assert (with_errors(errors, "neg(C, A);").read("C") == -100).all()
    assert (with_errors(errors, "res(C);").read("C") == 0).all()


def test_diva_cancels_split_mismatch_and_divq_does_not() -> None:
    errors = Mismatch()
    assert with_errors(errors, "divq(C, A);").read("C")[0, 0] == pytest.approx(49, abs=1e-3)
    assert with_errors(errors, "diva(A, C, D);").read("A")[0, 0] == pytest.approx(50, abs=0.05)  # second order
    assert with_errors(errors, "div(C, D, E, A);").read("C")[0, 0] == pytest.approx(50, abs=0.05)


# --- bad input ---


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.in_("A", 200), r"the constant 200 is outside -128\.\.127"),
        (lambda m: m.in_("R5", 3), "operand a of scamp5_in: expected one of .*, got R5"),
        (lambda m: m.in_("A", "B"), "operand v of scamp5_in: expected an integer, got 'B'"),
        (lambda m: m.in_("A", 1.5), "operand v of scamp5_in: expected an integer, got 1.5"),
        (lambda m: m.in_("NEWS", 3), "both NEWS"),
        (lambda m: m.load_dac(5000), r"code = 5000 is outside 0\.\.4095"),
        (lambda m: m.get_image("A", "A"), "two registers"),
        (lambda m: m.get_image("A", "B", 6), r"gain = 6 is outside 1\.\.5"),
        (lambda m: m.shift("NEWS", 1, 0), "is NEWS, which it works through"),
        (lambda m: m.shift("R2", 1, 0), "R2, one of the direction bits"),
        (lambda m: m.shift("XE", 1, 0), "XE, a neighbour's NEWS"),
        (lambda m: m.load_point("R5", 64, 0), r"names row 64, column 0, but this array has rows 0\.\.63"),
        (lambda m: m.load_point("R5", 0, -1), "c = -1 is not an address"),
        (lambda m: m.select_row(64), r"names row 64, but"),
        (lambda m: m.read_areg("A", 0, 128), "column 128"),
        (lambda m: m.flood("R0", "R5", 0), "target is R0, which it overwrites"),
        (lambda m: m.flood("R6", "R1", 0), "mask is R1"),
        (lambda m: m.flood("R6", "R7", 2), r"boundary = 2 is outside 0\.\.1"),
        (lambda m: m.scan_events("R5", 4001), r"max = 4001 is outside 1\.\.4000"),
        (lambda m: m.scan_events("A", 10), "operand d of scamp5_scan_events: expected one of .*, got A"),
        (lambda m: m.scan_areg("A", 0, 0, 9, 9, 0), r"rs = 0 is outside 1\.\.1023"),
        (lambda m: m.output_image("XN"), "operand x of scamp5_output_image: expected one of .*, got XN"),
        (lambda m: m.output_image("Q"), "unknown register 'Q'"),
        (lambda m: m.global_count("R5", "NEWS"), "is NEWS, which it works through"),
        (lambda m: m.output_bitstack_begin(17), r"n = 17 is outside 1\.\.16"),
        (lambda m: m.call("scan_event", "R5"), "unknown host function 'scan_event'; did you mean"),
        (lambda m: m.call("scan_events"), "does not take 0 operands; write scamp5_scan_events"),
        (lambda m: m.call("scan_events", ["R5"]), "expected a register name or an integer"),
    ],
)
def test_refused(call: Callable[[Machine], object], message: str) -> None:
    machine = Machine(SHAPE)
    before = machine.read("R5")
    with pytest.raises(ScampError, match=message):
        call(machine)
    assert np.array_equal(machine.read("R5"), before)


def test_warned() -> None:
    machine = Machine(SHAPE)
    with pytest.warns(ScampWarning, match="close to the rails"):
        machine.in_("A", 127)
    with pytest.warns(ScampWarning, match=r"no PE lies from \(9, 0\) to \(3, 5\)"):
        machine.load_rect("R5", 9, 0, 3, 5)
    assert not machine.read("R5").any()


def test_what_everything_has_cost() -> None:
    machine = Machine(SHAPE)
    assert machine.spent.time_us == 0
    for _ in range(3):
        machine.in_("A", 3)
    machine.scan_events("R5", 100)
    once = machine.timing.rows["call.scamp5_in"].value
    spent = machine.spent
    assert spent.host_calls == {"scamp5_in": 3, "scamp5_scan_events": 1}
    assert spent.words == 3 * 2
    assert spent.time_breakdown["host calls"] == pytest.approx(3 * once)
    assert spent.readout_bytes == 200
    machine.reset_spent()
    assert machine.spent.time_us == 0


# --- what reviews found -----------------------------------------------------------------------------------------


def test_a_capture_reads_pix() -> None:
    """The picture of the command line goes to PIX, and its input counts as used."""
    from scamp_sim.compiler import assemble
    from scamp_sim.show.session import image_target

    text = "state D; kernel s { sub(C, A, D); mov(D, A); } program { scamp5_get_image(A, B); s(); output d = C; }"
    assert image_target(assemble(text), {}) == "PIX"
    assert assemble("input p -> PIX; program { scamp5_get_image(A, B); output a = A; }").diagnostics == ()


def test_flag_cannot_be_counted() -> None:
    with pytest.raises(ProgramError, match="its operand d is FLAG, which it sets on its way"):
        Machine(SHAPE).global_count("FLAG", "A")


def test_words_follow_the_array() -> None:
    from scamp_sim.compiler import assemble

    text = "program { scamp5_draw_begin(R5); scamp5_draw_point(100, 100); scamp5_draw_circle(60, 60, 20, 0); }"
    small = assemble(f"array 64, 64; state R5; {text}")
    machine = Machine((64, 64))
    profile = machine.run(small).profile
    assert small.words == profile.words < assemble(f"state R5; {text}").words
    machine.load(small)
    while (position := machine.step()) is not None:
        last = position
    assert last.word == profile.words
    assert f"{profile.words} executed" in small.listing()


@pytest.mark.parametrize("name", [n for n, forms in isa.HOST.items() if forms[0].result and "bitstack" not in n])
def test_payload_is_as_long_as_the_profile_says(name: str) -> None:
    from scamp_sim.chip.program import Program

    values: dict[str, str | int] = {"a": "A", "p": "A", "d": "R5"}
    for shape in (SHAPE, (64, 320)):
        args: list[str | int] = []
        for o in isa.HOST[name][0].operands:
            known = values[o.kind[0]] if o.kind in isa.OPERAND_KINDS else 3
            args.append("B" if o.use == "temp" else known if o.default is None else o.default)
        machine = Machine(shape)
        machine.write("R5", True)
        run = machine.run(Program("p", {}, (HostCall(name, tuple(args), result="x"),)))
        assert len(run.payload("x")) == run.profile.readouts[0].bytes, (name, shape)


def test_a_picture_two_columns_wide_is_no_event_list() -> None:
    from scamp_sim.compiler import assemble

    machine = Machine(SHAPE)
    machine.write("A", np.arange(COLUMNS) - 60.0 + np.arange(ROWS)[:, None])
    run = machine.run(assemble("state A; program { output i = scamp5_output_areg(A, 64); }"))
    picture = run.outputs["i"]
    assert picture.shape == (1, 2)
    assert run.payload("i") == bytes([picture[0, 1], picture[0, 0]])


def test_the_first_pe_is_an_event_too() -> None:
    from scamp_sim.show import results

    machine = Machine(SHAPE)
    machine.load_rect("R5", 0, 0, 1, 1)
    slots = machine.scan_events("R5", 6)
    assert results.events(slots).tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]
    assert results.text("events", slots) == "4 events in 6 slots, chip column and row: (0, 0) (1, 0) (0, 1) (1, 1)"


def test_addresses_do_not_wrap() -> None:
    machine = Machine()
    machine.load_rect("R5", 10, 100, 250, 250)
    box = machine.scan_boundingbox("R5")
    assert ((box[:2] + box[2:]) // 2).tolist() == [130, 175]


def test_bit_stack_needs_its_beginning() -> None:
    with pytest.raises(ProgramError, match="all 0 planes announced"):
        Machine(SHAPE).output_bitstack_bit("R5")


def test_writes_to_r12_behind_r0_are_said() -> None:
    with pytest.warns(ScampWarning, match="writes R12 only where R0 is 1"):
        Machine(SHAPE).load_rect("R12", 0, 0, 63, 63)


@pytest.mark.parametrize(
    "options",
    [{"pix_reset": -126.5}, {"gain_words": 2.5}, {"sum16_span": 0.0}, {"draw_clears": "no"}, {"areg_min": 9e999}],
)
def test_options_of_a_wrong_type(options: dict[str, object]) -> None:
    with pytest.raises(ProgramError, match=next(iter(options))):
        ArrayOptions(**options)  # type: ignore[arg-type]


def test_the_running_total_has_no_rate() -> None:
    machine = Machine(SHAPE)
    machine.scan_events("R5", 10)
    machine.scan_boundingbox("R5")
    text = machine.spent.text()
    assert "runs a second" not in text
    assert "readout scan_events" in text
    assert machine.spent.readout_ratio == SHAPE[0] * SHAPE[1] / 24


def test_near_names_of_host_functions() -> None:
    """What all of them begin with makes none of them near."""
    assert isa.nearest("scamp5_nosuch", isa.HOST) is None
    assert isa.nearest("scamp5_scan_event", isa.HOST) == "scamp5_scan_events"
    assert isa.nearest("scan_events", isa.HOST) == "scamp5_scan_events"
    assert isa.nearest("SCAMP5_IN", isa.HOST) == "scamp5_in"
