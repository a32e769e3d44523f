"""Notebooks: what objects show of themselves, and the examples as a reader would run them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from scamp_sim import Machine, ScampError, assemble
from scamp_sim.displays import Shown

PROGRAM = """\
input image -> PIX;
kernel k { get_image(A); movx(B, A, west); where(B); MOV(R5, FLAG); all(); }
program { k(); output grey = B; output bright = R5; output n = scamp5_scan_events(R5, 4); }
"""
NOTEBOOKS = sorted((Path(__file__).parent.parent / "examples" / "notebooks").glob("*.ipynb"))


@pytest.fixture
def machine() -> Machine:
    return Machine((64, 64))


def test_representations_are_short(machine: Machine) -> None:
    program = assemble(PROGRAM, name="find")
    run = machine.run(program, {"image": np.full((64, 64), 200, np.uint8)})
    shown = [repr(thing) for thing in (machine, program, run, run.profile)]
    assert shown[0] == "<Machine 64x64, ideal>"
    assert shown[1].startswith("<Program find: 1 kernel, ")
    assert "outputs: grey, bright, n" in shown[2]
    assert max(map(len, shown)) < 100
    assert repr(Machine((64, 64), "scamp5", chip=7, seed=3)) == "<Machine 64x64, scamp5, chip 7, seed 3>"


def test_everything_shows_itself(machine: Machine) -> None:
    program = assemble(PROGRAM, name="a<b>&c")
    run = machine.run(program, {"image": np.full((64, 64), 200, np.uint8)})
    things: tuple[Shown, ...] = (machine, program, run, run.profile)
    for thing in things:
        page = thing._repr_html_()
        assert "<script" not in page
        assert "a<b>" not in page
        assert len(page) < 200_000
        opened = re.findall(r"<(\w+)[ >]", page)
        assert all(page.count(f"</{tag}>") == opened.count(tag) for tag in ("table", "pre", "div", "tr", "td"))
    assert "data:image/png" in run._repr_html_()
    assert "bright" in run._repr_html_()
    assert "movx" in program._repr_html_()
    assert machine._repr_png_().startswith(b"\x89PNG")
    assert machine.backdoor_reads == 0


def test_an_empty_machine_is_a_picture() -> None:
    assert Machine((64, 64))._repr_png_().startswith(b"\x89PNG")


def test_a_compile_error_is_its_diagnostics() -> None:
    with pytest.raises(ScampError) as caught:
        assemble("mov(A, <x>);")
    lines = caught.value._render_traceback_()  # type: ignore[attr-defined]
    assert any("mov(A, <x>);" in line for line in lines)
    assert "&lt;x&gt;" in caught.value._repr_html_()  # type: ignore[attr-defined]


def test_there_are_three_examples() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["costs", "kernel", "network"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
@pytest.mark.extras
def test_examples_run(path: Path) -> None:
    client = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    import warnings

    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the kernel's own libraries
        client.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    kinds = {kind for cell in code for out in cell.outputs for kind in out.get("data", {})}
    assert "text/html" in kinds
    assert not [out for cell in code for out in cell.outputs if out.output_type == "error"]
