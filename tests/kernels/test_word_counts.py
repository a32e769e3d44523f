"""Word counts of programs that others have published or that the vendor's macros fix.

C1 to C14 are rows of a list of such counts (sources: the SDK's examples and headers, published compiler output, users'
repositories). C3 (generated convolutions with weights of their own), C11 and C12 (whole programs of others) cannot be
rebuilt from a description. Counts leave out get_image and scamp5_in unless they are about them.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from scamp_sim import Machine, kernels
from scamp_sim.chip import isa
from scamp_sim.chip.program import Origin
from scamp_sim.compiler import assemble
from tests.kernels.oracles import grey, inner, random_image, sobel


def words(name: str, kernel: str | None = None, **params: int) -> int:
    return len(kernels.load(name, **params).kernels[kernel or name].words)


def test_c1_sobel_of_two_axes() -> None:
    assert words("sobel") == 46
    assert words("edges") == 24  # half the magnitude, by our own schedule
    assert words("roberts", "cross") == 29  # in plain macros


def test_c2_laplacian() -> None:
    assert words("laplacian") == 24
    assert words("laplacian_lean", "laplacian") == 6  # found by the filter compiler, proven the fewest


def test_c4_identity_pass() -> None:
    program = assemble("diva(A, E, F); mov(F, A); add(A, A, F);")
    assert program.words == 9
    machine = Machine((64, 64))
    machine.write("A", random_image((64, 64)).astype(np.float32) - 128)
    before = machine.read("A")
    machine.run(program)
    np.testing.assert_array_equal(machine.read("A"), before)


def test_c5_gauss_3x3() -> None:
    assert words("gauss3") == 24
    calls = [
        cast("Origin", w.origin).macros[-1].partition("(")[0] for w in kernels.load("gauss3").kernels["gauss3"].words
    ]
    assert {name: calls.count(name) / 2 for name in set(calls)} == {"divq": 4, "movx": 4, "add": 4}
    assert words("gauss_lean", radius=1) == 7


def test_c6_gauss_5x5() -> None:
    assert words("gauss5") == 64
    assert words("gauss_lean") == 12


def test_c7_one_axis() -> None:
    """Published compiler output takes 8 words for Prewitt's operator (movx, addx, addx, sub2x)."""
    assert words("prewitt") == 6
    assert words("sobel_axis") == 7


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("laplacian_lean", {}),
        ("prewitt", {}),
        ("sobel_axis", {}),
        ("sobel_pair", {}),
        ("gauss_lean", {}),
        ("gauss_lean", {"radius": 1}),
    ],
)
def test_found_kernels_leave_no_offset(name: str, params: dict[str, int]) -> None:
    """Of their single words the transfer offsets cancel: 0 gives 0 on a chip with nothing but offsets."""
    from scamp_sim.silicon.profiles import load_profile

    profile = load_profile("ideal").changed(transfer_offset=20)
    program = kernels.load(name, **params)
    machine = Machine((64, 64), errors=profile)
    run = machine.run(program, {"image": np.zeros((64, 64), np.uint8)})
    for result in run.outputs.values():
        assert np.abs(result[8:-8, 8:-8]).max() < 1e-3


C8 = """
movx(B, A, south);  addx(C, A, B, west);  add(D, A, B, C);
movx(E, D, north);  movx(F, E, east);     sub(F, F, D);
subx(B, D, east, E);  add(C, F, B);       sub(D, B, F);
"""


def test_c8_two_sobels_at_once() -> None:
    program = assemble(C8)
    assert program.words == 18
    image = random_image((64, 64))
    machine = Machine((64, 64))
    machine.write("A", grey(image))
    machine.run(program)
    for register, expected in zip("CD", sobel(grey(image)), strict=True):
        np.testing.assert_allclose(inner(machine.read(register), 2), inner(expected, 2), atol=1e-3)
    assert words("sobel_pair") == 15


def test_c9_local_threshold() -> None:
    """Six exact halvings, a box of twelve macros, two differences, and the comparison: 61. The library's needs less."""
    box = "".join(
        f"movx(B, A, {d}); movx(C, A, {o}); add(A, A, B, C); movx(B, B, {d}); movx(C, C, {o}); add(A, A, B, C);"
        for d, o in (("east", "west"), ("south", "north"))
    )
    text = f"{'diva(A, B, C);' * 6} {box} sub(D, D, A); sub(D, D, E); where(D); MOV(R5, FLAG); all();"
    program = assemble(text)
    assert program.words == 61
    picture = random_image((64, 64)).astype(np.float32) / 2
    machine = Machine((64, 64))
    for register, plane in (("A", picture), ("D", picture / 2), ("E", 1)):
        machine.write(register, plane)
    padded = np.pad(picture.astype(float), 2)
    mean = sum(padded[i : i + 64, j : j + 64] for i in range(5) for j in range(5)) / 64
    bits = machine.run(program).outputs["R5"]
    surplus = picture / 2 - mean - 1
    assert np.array_equal(bits[2:-2, 2:-2], (surplus > 0)[2:-2, 2:-2])
    assert words("adaptive_threshold") == 59


def test_c10_frame_difference() -> None:
    assert words("frame_difference") == 15


def test_c12_corners() -> None:
    """1,866 words for one polarity on the previous system. The published rate says that both ran."""
    program = kernels.load("fast16")
    assert program.words == 333
    assert program.stored_words == 175


@pytest.mark.parametrize(("text", "count"), [("get_image(A);", 5), ("get_image(A, B);", 6)])
def test_c13_get_image(text: str, count: int) -> None:
    assert assemble(text).words == count


def test_c14_refresh_of_all_bits() -> None:
    assert assemble("".join(f"REFRESH(R{n});" for n in range(13))).words == 26
    assert assemble("program { scamp5_kernel_refresh_dreg(); }").words == 26
    form = isa.host_form("scamp5_kernel_refresh_dreg", 0)
    assert form is not None
    assert form.words == 26


def test_t3_binarisation() -> None:
    """A published network binarises with one scamp5_in and a kernel of 8 words."""
    program = kernels.load("threshold")
    assert program.stored_words == 8
    assert program.launches == 1


@pytest.mark.parametrize("level", [60, 110, 190])
@pytest.mark.parametrize("name", ["sobel_pair", "edges"])
def test_edges_of_a_picture_survive_a_chip_however_bright(name: str, level: int) -> None:
    """Fewer words are found for both, by sums that a bright picture drives out of the linear range."""
    y, x = np.mgrid[:256, :256]
    picture = (level + 30 * np.sin(x / 9) + 20 * np.cos(y / 7)).astype(np.uint8)
    ideal, chip = (
        Machine(errors=errors, chip=3).run(kernels.load(name), inputs={"image": picture}).outputs
        for errors in ("ideal", "scamp5")
    )
    for output, wanted in ideal.items():
        away = (chip[output] - wanted)[8:-8, 8:-8]
        assert abs(float(away.mean())) < 3, output
