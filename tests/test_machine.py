"""The Machine as its users hold it: images in, planes out, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from scamp_sim import ArrayOptions, Machine, PlaneError, ProgramError, RegisterError, ScampError
from scamp_sim.chip.planes import pack, unpack
from scamp_sim.chip.program import HostCall, Input, Kernel, Launch, Output, Program, Word, straight_line

ENGINES = ("reference", "fast")
COPY = straight_line("copy", [Word("bus", ("NEWS",), ("A",)), Word("bus", ("B",), ("NEWS",))])
CAPTURE = straight_line(
    "capture",
    [
        Word("bus", ("NEWS",), ("PIX",)),
        Word("rpix"),
        Word("rpix"),
        Word("nop"),
        Word("bus", ("A",), ("NEWS", "PIX")),
    ],
)


@pytest.mark.parametrize("engine", ENGINES)
def test_half_range_image_is_0_to_127(engine: str) -> None:
    """D KIM: get_image gives 0 for black and 127 for white."""
    m = Machine(engine=engine)
    image = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    m.expose(image)
    a = m.run(CAPTURE).outputs["A"]
    np.testing.assert_allclose(a, image.astype(float) * 127 / 255, atol=1e-4)
    assert (m.read("PIX") == -127).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", [(64, 64), (128, 192), (1024, 64), (64, 1024), (1024, 1024)])
def test_any_multiple_of_64_up_to_1024(shape: tuple[int, int], engine: str) -> None:
    m = Machine(shape, engine=engine)
    plane = np.random.default_rng(1).uniform(-100, 100, shape).astype(np.float32)
    m.write("A", plane)
    m.run(straight_line("shift", [Word("bus", ("XE",), ("A",)), Word("bus", ("B",), ("NEWS",))]))
    expected = np.zeros(shape, np.float32)
    expected[:, 1:] = plane[:, :-1]
    assert np.array_equal(m.read("B"), expected)
    bits = plane > 0
    m.write("R5", bits)
    m.write("R2", True)
    for gate in ("R1", "R3", "R4"):
        m.write(gate, False)
    m.run(straight_line("step", [Word("DNEWS0", ("R6",), ("R5",))]))
    assert np.array_equal(m.read("R6")[:, 1:], bits[:, :-1])
    assert not m.read("R6")[:, 0].any()


@pytest.mark.parametrize("shape", [(0, 64), (100, 256), (256, 2048), (64,), "256", (64.5, 64), None])
def test_other_shapes_are_refused(shape: object) -> None:
    with pytest.raises(PlaneError, match=r"array shape"):
        Machine(shape)  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", ENGINES)
def test_planes_come_back_as_they_went_in(engine: str) -> None:
    m = Machine((64, 128), engine=engine)
    rng = np.random.default_rng(2)
    plane, bits = rng.normal(0, 50, (64, 128)).astype(np.float32), rng.random((64, 128)) < 0.3
    for register in ("A", "F", "NEWS", "PIX"):
        m.write(register, plane)
        assert np.array_equal(m.read(register), plane)
        assert m.read(register).dtype == np.float32
    for register in ("R0", "R12", "S3", "RP", "FLAG"):
        m.write(register, bits)
        assert np.array_equal(m.read(register), bits)
        assert m.read(register).dtype == bool
    assert (m.backdoor_writes, m.backdoor_reads) == (9, 18)


def test_both_spellings_name_one_register() -> None:
    m = Machine((64, 64))
    for sdk, canonical in (
        ("RS", "R1"),
        ("RW", "R2"),
        ("RN", "R3"),
        ("RE", "R4"),
        ("RF", "R0"),
        ("S0", "R5"),
        ("S6", "R11"),
    ):
        m.write("R0", True)
        m.write(sdk, True)
        assert m.read(canonical).all()


def test_a_plane_read_is_a_copy() -> None:
    m = Machine((64, 64))
    m.read("A")[:] = 5
    m.read("R5")[:] = True
    assert not m.read("A").any()
    assert not m.read("R5").any()


def test_state_stays_from_run_to_run() -> None:
    m = Machine((64, 64))
    m.write("A", 7)
    m.run(COPY)
    m.write("A", 3)
    m.run(straight_line("sum", [Word("bus", ("C",), ("A", "B"))]))
    assert (m.read("C") == -10).all()


def test_a_flag_left_set_masks_the_next_run() -> None:
    for engine in ENGINES:
        m = Machine((64, 64), engine=engine)
        m.write("A", np.arange(64) - 31.5 + np.zeros((64, 1)))
        m.run(straight_line("mask", [Word("where", (), ("A",))]))
        m.run(COPY)
        assert (m.read("B")[:, :32] == 0).all()
        assert np.array_equal(m.read("B")[:, 32:], m.read("A")[:, 32:])


@pytest.mark.parametrize("engine", ENGINES)
def test_outputs_are_taken_when_their_step_comes(engine: str) -> None:
    set_a = Kernel("set", (Word("bus", ("A",), ("B",)),))
    clear = Kernel("clear", (Word("bus", ("A",)), Word("SET", ("R5",))))
    steps = (
        Output("before", "A"),
        Launch("set"),
        Output("between", "A"),
        Output("bits", "R5"),
        Launch("clear"),
        Output("after", "A"),
    )
    m = Machine((64, 64), engine=engine)
    m.write("B", -4)
    out = m.run(Program("p", {"set": set_a, "clear": clear}, steps)).outputs
    assert [float(out[n].max()) for n in ("before", "between", "after")] == [0, 4, 0]
    assert not out["bits"].any()
    assert list(out) == ["before", "between", "bits", "after"]


def test_without_outputs_a_run_gives_the_written_registers() -> None:
    m = Machine((64, 64))
    m.write("A", 2)
    out = m.run(straight_line("p", [*COPY.kernels["copy"].words, Word("SET", ("R7",))])).outputs
    assert sorted(out) == ["B", "R7"]


INPUTS = Program(
    "p",
    COPY.kernels,
    (Launch("copy"), Output("b", "B")),
    (Input("left", "A"), Input("mask", "R5"), Input("image", "PIX")),
)


def test_inputs_by_name() -> None:
    m = Machine((64, 64))
    run = m.run(
        INPUTS, {"left": np.full((64, 64), -5.5), "mask": np.eye(64, dtype=bool), "image": np.full((64, 64), 255)}
    )
    assert (run.outputs["b"] == -5.5).all()
    assert np.array_equal(m.read("R5"), np.eye(64, dtype=bool))
    assert (m.read("PIX") == 0).all()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "needs input 'left'"),
        ({"left": 0}, "needs input 'mask'"),
        ({"left": 0, "mask": 0, "imag": 0}, "did you mean 'image'"),
        ({"left": np.zeros((4, 4)), "mask": 0}, r"input 'left': shape \(4, 4\)"),
        ({"left": np.full((64, 64), np.nan), "mask": 0}, "nan at row 0, column 0"),
        ({"left": 0, "mask": 2}, "0 and 1 only"),
    ],
)
def test_wrong_inputs(inputs: dict[str, object], message: str) -> None:
    with pytest.raises(ScampError, match=message):
        Machine((64, 64)).run(INPUTS, inputs)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((10, 10)), r"10x10, but the array is 64x64; expose\(image, resize=True\)"),
        (np.zeros((64, 64, 3)), "give a grey image"),
        (np.full((64, 64), 256), "0 dark to 255 bright"),
        (np.full((64, 64), -1), "0 dark to 255 bright"),
        (np.full((64, 64), np.inf), "inf at row 0"),
        (np.full((64, 64), "x"), "expected numbers"),
        (np.full((64, 64), 0.5), "multiply it by 255"),
        (np.zeros((0, 64)), "give a grey image"),
    ],
)
def test_wrong_images(image: np.ndarray, message: str) -> None:
    with pytest.raises(PlaneError, match=message):
        Machine((64, 64)).expose(image)


def test_resize_crops_the_centre_and_scales() -> None:
    m = Machine((64, 64))
    image = np.zeros((128, 400))
    image[:, 200 - 64 : 200] = 255
    m.expose(image, resize=True)
    lit = m.read("PIX") > -60
    assert lit[:, :32].all()
    assert not lit[:, 32:].any()


@pytest.mark.parametrize("name", ["XN", "WEST"])
def test_ports_are_not_storage(name: str) -> None:
    with pytest.raises(RegisterError, match="use NEWS"):
        Machine((64, 64)).read(name)


@pytest.mark.parametrize(("name", "near"), [("G", ""), ("R13", "R3"), ("news", "NEWS"), ("flag", "FLAG")])
def test_unknown_registers(name: str, near: str) -> None:
    with pytest.raises(RegisterError, match=f"unknown register '{name}'.*{near}"):
        Machine((64, 64)).read(name)


@pytest.mark.parametrize("name", ["IN", "SELECT", "RECT"])
def test_views_cannot_be_written(name: str) -> None:
    with pytest.raises(RegisterError, match="not storage"):
        Machine((64, 64)).write(name, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.run("mine.scamp"), "expected a Program, got 'mine.scamp'"),
        (lambda m: m.run(INPUTS, np.zeros((64, 64))), "expected a dict of names"),
        (lambda m: m.read(3), "named by a text"),
        (lambda m: m.expose(np.zeros((0, 0)), resize=True), "give a grey image"),
    ],
)
def test_wrong_arguments(call: Callable[[Machine], object], message: str) -> None:
    with pytest.raises(ScampError, match=message):
        call(Machine((64, 64)))


@pytest.mark.parametrize("name", ["scamp5_select_point", "scamp5_load_point"])
def test_addresses_beyond_the_array_are_refused(name: str) -> None:
    args = ("R5", 3, 64) if "load" in name else (3, 64)
    program = Program("p", {}, (HostCall(name, args),))
    with pytest.raises(ProgramError, match=r"row 3, column 64, but this array has rows 0\.\.63"):
        Machine((64, 64)).run(program)
    assert Machine((64, 128)).run(program).profile.host_calls == {name: 1}


def test_values_beyond_a_register_are_refused() -> None:
    with pytest.raises(PlaneError, match="beyond the 8192 LSB"):
        Machine((64, 64)).write("A", 1e6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "fats"}, "did you mean 'fast'"),
        ({"errors": "ideel"}, "did you mean 'ideal'"),
        ({"timing": "scamp5c"}, "unknown timing 'scamp5c'"),
    ],
)
def test_unknown_names(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ScampError, match=message):
        Machine((64, 64), **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"prop_reach": 0}, {"blur_k": 0.3}, {"port_mix": "max"}])
def test_options_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(ProgramError, match=next(iter(options))):
        ArrayOptions(**options)  # type: ignore[arg-type]


def test_packing_puts_the_leftmost_pe_in_the_lowest_bit() -> None:
    bits = np.zeros((64, 128), bool)
    bits[0, 0] = bits[0, 65] = bits[1, 127] = True
    words = pack(bits)
    assert [int(words[i]) for i in range(4)] == [1, 2, 0, 1 << 63]
    assert np.array_equal(unpack(words, (64, 128)), bits)


def test_a_program_may_not_exceed_the_kernel_store() -> None:
    big = Kernel("big", (Word("nop"),) * 1000)
    small = Kernel("small", (Word("nop"),) * 25)
    with pytest.raises(ProgramError, match=r"1025 stored words .* 1024; largest: big \(1000\), small \(25\)"):
        Program("p", {"big": big, "small": small}, ())


def test_a_launch_needs_its_kernel() -> None:
    with pytest.raises(ProgramError, match="unknown kernel 'smal'; did you mean 'small'"):
        Program("p", {"small": Kernel("small", ())}, (Launch("smal"),))


def test_the_import_is_light() -> None:
    code = "import sys, scamp_sim; print(sorted({'numba', 'PIL', 'rich', 'lark', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
