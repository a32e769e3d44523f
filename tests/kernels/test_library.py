"""Every kernel of the library against NumPy: two pictures, both engines, several array sizes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim import Machine, ScampError, kernels
from tests.kernels.oracles import (
    LAPLACE,
    PREWITT_X,
    SOBEL_X,
    Bits,
    Plane,
    at,
    corners,
    correlate,
    dilate,
    erode,
    gauss,
    grey,
    inner,
    local_contrast,
    random_image,
    roberts,
    scene,
    sobel,
)

SIZES = ((256, 256), (64, 64), (128, 192))
ENGINES = ("fast", "reference")
PICTURES = {"random": random_image, "scene": scene}

TOLERANCE = 1e-3
"""LSB. float32 sums of a few hundred have an error of some 1e-5."""

places = pytest.mark.parametrize(
    ("engine", "shape", "picture"), [(e, s, p) for e in ENGINES for s in SIZES for p in PICTURES]
)


def outputs(name: str, engine: str, image: np.ndarray, **params: int) -> dict[str, np.ndarray]:
    return dict(Machine(image.shape, engine=engine).run(kernels.load(name, **params), {"image": image}).outputs)


# --- analog results -------------------------------------------------------------------------------------------

# kernel, parameters, output, what it is, rows and columns at the edge that are left out because a kernel loses there
# what it moves over the edge of the array
ANALOG: list[tuple[str, dict[str, int], str, Callable[[Plane], Any], int]] = [
    ("sobel", {}, "edges", lambda g: sum(map(np.abs, sobel(g))), 0),
    ("edges", {}, "edges", lambda g: sum(map(np.abs, sobel(g))) / 2, 2),
    ("sobel_axis", {}, "gx", lambda g: correlate(g, SOBEL_X), 2),
    ("prewitt", {}, "gx", lambda g: correlate(g, PREWITT_X), 2),
    ("sobel_pair", {}, "gx", lambda g: sobel(g)[0], 2),
    ("sobel_pair", {}, "gy", lambda g: sobel(g)[1], 2),
    ("laplacian", {}, "laplacian", lambda g: correlate(g, LAPLACE), 0),
    ("laplacian_lean", {}, "laplacian", lambda g: correlate(g, LAPLACE), 0),
    ("gauss3", {}, "smooth", lambda g: gauss(g, 1), 1),
    ("gauss5", {}, "smooth", lambda g: gauss(g, 2), 2),
    ("gauss_lean", {"radius": 1}, "smooth", lambda g: gauss(g, 1), 1),
    ("gauss_lean", {}, "smooth", lambda g: gauss(g, 2), 2),
    ("gauss_lean", {"radius": 3}, "smooth", lambda g: gauss(g, 3), 3),
    ("threshold", {}, "grey", lambda g: g, 0),
    ("roberts", {}, "strength", roberts, 0),
]


@places
@pytest.mark.parametrize(
    ("name", "params", "output", "oracle", "border"), ANALOG, ids=[f"{a[0]}-{a[2]}-{len(a[1])}" for a in ANALOG]
)
def test_analog(
    name: str,
    params: dict[str, int],
    output: str,
    oracle: Callable[[Plane], Any],
    border: int,
    engine: str,
    shape: tuple[int, int],
    picture: str,
) -> None:
    image = PICTURES[picture](shape)
    got = outputs(name, engine, image, **params)[output]
    assert got.dtype == np.float32
    np.testing.assert_allclose(inner(got, border), inner(oracle(grey(image)), border), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("picture", PICTURES)
def test_gauss5_at_the_edge_is_four_passes(picture: str) -> None:
    image = PICTURES[picture]((64, 64))
    expected = grey(image)
    for line in ([[1, 2, 1]], [[1, 2, 1]], [[1], [2], [1]], [[1], [2], [1]]):
        expected = correlate(expected, np.array(line) / 4)
    np.testing.assert_allclose(outputs("gauss5", "fast", image)["smooth"], expected, atol=TOLERANCE)


@pytest.mark.parametrize("name", ["gauss3", "gauss5", "gauss_lean"])
def test_smoothing_keeps_a_flat_picture_flat(name: str) -> None:
    got = outputs(name, "fast", np.full((64, 64), 200, np.uint8))["smooth"]
    np.testing.assert_allclose(inner(got, 4), 200 * 127 / 255, atol=TOLERANCE)


# --- bits -----------------------------------------------------------------------------------------------------


def same_bits(got: Bits, signal: Plane, level: float) -> None:
    """`got` is `signal` > `level`; a signal within rounding of the level may go either way."""
    clear = np.abs(signal - level) > TOLERANCE
    assert clear.mean() > 0.9, "the picture does not test much"
    np.testing.assert_array_equal(got[clear], (signal > level)[clear])


@places
@pytest.mark.parametrize("level", [0, 31, 64, 120])
def test_threshold(level: int, engine: str, shape: tuple[int, int], picture: str) -> None:
    image = PICTURES[picture](shape)
    got = outputs("threshold", engine, image, level=level)["bright"]
    assert got.dtype == bool
    np.testing.assert_array_equal(got, grey(image) > level)


@places
def test_roberts(engine: str, shape: tuple[int, int], picture: str) -> None:
    image = PICTURES[picture](shape)
    same_bits(outputs("roberts", engine, image, level=9)["edges"], roberts(grey(image)), 9)


@places
@pytest.mark.parametrize("margin", [1, 3, 20])
def test_adaptive_threshold(margin: int, engine: str, shape: tuple[int, int], picture: str) -> None:
    image = PICTURES[picture](shape)
    got = outputs("adaptive_threshold", engine, image, margin=margin)["above"]
    same_bits(got, local_contrast(grey(image)), margin * 32 / 25)


def test_adaptive_threshold_ignores_a_ramp() -> None:
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8) * 4, (64, 64)).copy()
    ramp[32, 32] = 255
    found = inner(outputs("adaptive_threshold", "fast", ramp)["above"], 3)
    assert np.argwhere(found).tolist() == [[29, 29]]


@places
def test_frame_difference_over_a_clip(engine: str, shape: tuple[int, int], picture: str) -> None:
    first = PICTURES[picture](shape)
    frames = [first, at(first, 3, -2, 17).astype(np.uint8), at(first, 3, -2, 17).astype(np.uint8)]
    program = kernels.load("frame_difference", level=9)
    machine = Machine(shape, engine=engine)
    last = np.zeros(shape)
    for frame in frames:
        run = machine.run(program, {"image": frame})
        change = np.abs(grey(frame) - last)
        np.testing.assert_allclose(run.outputs["difference"], change, atol=TOLERANCE)
        same_bits(run.outputs["moved"], change, 9)
        last = grey(frame)
    assert not run.outputs["moved"].any()


MORPHOLOGY: dict[str, Callable[[Bits, int, bool], Bits]] = {
    "dilate": dilate,
    "erode": erode,
    "opening": lambda b, n, square: dilate(erode(b, n, square), n, square),
    "closing": lambda b, n, square: erode(dilate(b, n, square), n, square),
}


@places
@pytest.mark.parametrize("square", [0, 1])
@pytest.mark.parametrize("iterations", [1, 2, 5])
@pytest.mark.parametrize("name", MORPHOLOGY)
def test_morphology(name: str, iterations: int, square: int, engine: str, shape: tuple[int, int], picture: str) -> None:
    image = PICTURES[picture](shape)
    (got,) = outputs(name, engine, image, iterations=iterations, square=square, level=100).values()
    np.testing.assert_array_equal(got, MORPHOLOGY[name](grey(image) > 100, iterations, bool(square)))


@pytest.mark.parametrize("square", [0, 1])
def test_opening_and_closing_bracket_the_bits(square: int) -> None:
    image = scene((64, 64))
    bits = grey(image) > 64
    (opened,) = outputs("opening", "fast", image, square=square).values()
    (closed,) = outputs("closing", "fast", image, square=square).values()
    assert not (opened & ~bits).any()
    assert not (bits & ~closed).any()
    assert opened.sum() < bits.sum() < closed.sum()


# --- corners --------------------------------------------------------------------------------------------------


def blobs(shape: tuple[int, int], seed: int = 3) -> np.ndarray:
    """Smooth random relief with steep sides: long arcs of both signs, which white noise hardly ever has."""
    rng = np.random.default_rng(seed)
    relief = rng.normal(size=shape)
    for axis in (0, 1):
        for _ in range(3):
            relief = (np.roll(relief, 1, axis) + 2 * relief + np.roll(relief, -1, axis)) / 4
    picture: npt.NDArray[np.uint8] = (128 + relief / relief.std() * 90).clip(0, 255).astype(np.uint8)
    return picture


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("arc", [9, 10, 12, 13, 16])
def test_corners(arc: int, shape: tuple[int, int], engine: str) -> None:
    for image in (random_image(shape), scene(shape), blobs(shape)):
        for level in (5, 20):
            got = outputs("fast16", engine, image, level=level, arc=arc)["corners"]
            np.testing.assert_array_equal(got, corners(grey(image), level, arc))
    assert got.any(), "the picture does not test much"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("length", [8, 9, 12, 15])
def test_each_arc_of_one_polarity(length: int, dark: bool) -> None:
    """One ring for each of the sixteen starts: found exactly where the arc is nine pixels or more."""
    ring = [(-3, 0), (-3, 1), (-2, 2), (-1, 3), (0, 3), (1, 3), (2, 2), (3, 1)]
    ring += [(-i, -j) for i, j in ring]
    image = np.full((128, 64), 120, np.uint8)
    centres = [(12 * (n // 4) + 12, 12 * (n % 4) + 12) for n in range(16)]
    for start, (y, x) in enumerate(centres):
        for k in range(length):
            i, j = ring[(start + k) % 16]
            image[y + i, x + j] = 20 if dark else 220
    got = outputs("fast16", "fast", image)["corners"]
    assert [bool(got[c]) for c in centres] == [length >= 9] * 16


# --- contracts ------------------------------------------------------------------------------------------------

REQUIRED = {"depthwise16": {"weights": np.ones((16, 5, 5), int)}}


@pytest.mark.parametrize("name", kernels.names())
def test_contract_states_the_words(name: str) -> None:
    text = kernels.contract(name)
    assert text.splitlines()[1] == ""
    for field in ("in:", "out:", "registers:", "words:", "source:"):
        assert re.search(rf"^{field}", text, re.MULTILINE), f"{name} does not state '{field}'"
    stated = re.search(r"^words: *(.*?)^\w+:", text, re.MULTILINE | re.DOTALL)
    assert stated is not None
    words = stated.group(1)
    program = kernels.load(name, **REQUIRED.get(name, {}))
    for kernel in program.kernels.values():
        if kernel.name == "depthwise":
            continue  # depends on the weights: test_depthwise.py
        assert re.search(rf"\b{kernel.name} {len(kernel.words)}\b", words), f"{kernel.name}: {len(kernel.words)} words"
    if name != "depthwise16":
        assert f"stored {program.stored_words}" in words
        assert f"run {program.words}" in words


@pytest.mark.parametrize("name", kernels.names())
def test_contract_states_the_registers(name: str) -> None:
    """Whatever the program writes is in the contract, as an output or as overwritten."""
    program = kernels.load(name, **REQUIRED.get(name, {}))
    text = kernels.contract(name)
    stated = set(re.findall(r"\b(?:[A-F]|R\d+)\b", text))
    for low, high in re.findall(r"\b([A-F])\.\.([A-F])\b", text):
        stated |= {chr(c) for c in range(ord(low), ord(high) + 1)}
    for low, high in re.findall(r"\bR(\d+)\.\.R(\d+)\b", text):
        stated |= {f"R{n}" for n in range(int(low), int(high) + 1)}
    assert set(program.written) <= stated


@pytest.mark.parametrize("name", kernels.names())
def test_contract_names_inputs_and_outputs(name: str) -> None:
    program = kernels.load(name, **REQUIRED.get(name, {}))
    text = kernels.contract(name)
    assert [(i.name, i.register) for i in program.inputs] == [("image", "PIX")]
    assert "image -> PIX" in text
    for output in program.outputs:
        assert f"{output.name} = {output.register}" in text


@pytest.mark.parametrize("name", kernels.names())
def test_no_warnings(name: str) -> None:
    program = kernels.load(name, **REQUIRED.get(name, {}))
    assert [d.message for d in program.diagnostics] == []


@pytest.mark.parametrize("name", kernels.names())
def test_runs_again_on_a_used_machine(name: str) -> None:
    """No kernel counts on a register that it has not written; the last frame is the one exception."""
    program = kernels.load(name, **REQUIRED.get(name, {}))
    fresh, used = Machine(), Machine()
    for register in ("A", "B", "C", "D", "E", "F", "NEWS"):
        if not (name in ("frame_difference", "difference_camera") and register == "F"):
            used.write(register, 55)
    for n in range(13):
        used.write(f"R{n}", random_image((256, 256), n) > 127)
    image = scene((256, 256))
    one, other = fresh.run(program, {"image": image}).outputs, used.run(program, {"image": image}).outputs
    for output, plane in one.items():
        np.testing.assert_array_equal(plane, other[output])


# --- the package ----------------------------------------------------------------------------------------------


def test_names_are_kernels_only() -> None:
    assert {
        "sobel",
        "laplacian",
        "gauss3",
        "gauss5",
        "threshold",
        "frame_difference",
        "adaptive_threshold",
        "erode",
        "dilate",
        "fast16",
        "depthwise16",
    } <= set(kernels.names())
    assert not any(n.startswith("_") for n in kernels.names())


def test_unknown_kernel_gets_the_nearest_name() -> None:
    with pytest.raises(ScampError, match="no kernel 'sobl'; did you mean 'sobel'"):
        kernels.path("sobl")
    with pytest.raises(ScampError, match="it has: adaptive_threshold"):
        kernels.path("xyzzy")
    with pytest.raises(ScampError):
        kernels.path("_steps")


def test_summary_is_one_line() -> None:
    for name in kernels.names():
        assert 20 < len(kernels.summary(name)) < 120


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("threshold", {"level": 300}, "level"),
        ("threshold", {"levle": 3}, "levle"),
        ("gauss_lean", {"radius": 0}, "radius"),
        ("fast16", {"arc": 8}, "arc"),
        ("dilate", {"square": 2}, "square"),
        ("erode", {"iterations": 0}, "iterations"),
        ("depthwise16", {}, "weights"),
    ],
)
def test_wrong_parameters(name: str, params: dict[str, int], message: str) -> None:
    with pytest.raises(ScampError, match=message):
        kernels.load(name, **params)
