"""`scamp-sim compare` as a user calls it, and its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scamp_sim.cli.main import main
from scamp_sim.compare.page import drawings, filled

PAGE = Path(__file__).parents[2] / "docs" / "compare.md"

NAMES: tuple[str, ...] = ("raw", "sd_2x2", "sd_2x3", "sd_2x4", "lr_2", "lr_1", "difference", "pixelrnn", "p2m")
NAMES += ("leca_8_3", "leca_4_4", "leca_4_3", "snn")
COLUMNS: tuple[str, ...] = (
    "sites",
    "frames",
    "window_sites",
    "values",
    "bits",
    "bits_wire",
    "ratio_values",
    "ratio_bits",
)
COLUMNS += ("ratio_bits_wire", "ratio_paper", "time_us", "energy_uj", "energy_array_uj")


def said(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert main(["compare", *args]) == 0
    return capsys.readouterr().out


def document(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(capsys, *args, "--format", "json"))
    return found


def test_names_that_stay(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys)
    circuit = {row["name"]: row["cells"] for row in found["rows"] if row["on"] == "circuit"}
    array = {row["name"]: row["cells"] for row in found["rows"] if row["on"] == "scamp5"}
    assert set(NAMES) <= set(circuit)
    assert set(NAMES) - {"sd_2x3"} <= set(array)
    for cells in (*circuit.values(), *array.values()):
        assert set(COLUMNS) <= set(cells)
        for cell in cells.values():
            assert {"value", "unit", "source", "formula"} <= set(cell)
            assert cell["value"] is None or (cell["source"] in "PCSIAU" and cell["formula"])
            assert cell["value"] is not None or cell["reason"]
    assert circuit["leca_4_4"]["bits_wire"]["value"] == 65536
    assert array["leca_4_3"]["bits_wire"]["value"] == 65536
    assert array["leca_4_3"]["bits"]["value"] == 49152
    assert circuit["leca_4_4"]["energy_array_uj"]["value"] is None
    assert array["leca_4_4"]["ratio_paper"]["value"] is None
    assert array["pixelrnn"]["ratio_paper"]["value"] == 256
    assert circuit["p2m"]["window_sites"]["value"] == array["p2m"]["window_sites"]["value"] == 10
    assert circuit["snn"]["window_sites"]["value"] == array["snn"]["window_sites"]["value"] == 8
    assert array["raw"]["time_us"]["value"] == pytest.approx(19_127, abs=1)
    assert array["raw"]["energy_uj"]["value"] == pytest.approx(1.5 * 19_127, rel=1e-3)
    assert [r["name"] for r in found["left_out"]] == ["sd_2x3"]


@pytest.mark.parametrize("width", [80, 120])
def test_the_text_keeps_to_its_width(capsys: pytest.CaptureFixture[str], width: int) -> None:
    shown = said(capsys, "--width", str(width))
    assert max(map(len, shown.splitlines())) <= width
    assert "caveats" in shown
    assert ("of array" in shown) == (width == 120)


def test_a_link_price_changes_energies_and_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    few = document(capsys, "--rows", "raw", "--on", "circuit", "--link-pj-per-bit", "0")
    parts = {p["part"]: p["value"] for p in few["rows"][0]["energy_parts"]}
    assert parts["link"] == 0
    assert "--link-pj-per-bit" in json.dumps(few["constants"])


def test_steps_of_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(capsys, "--rows", "leca_4_4", "--on", "scamp5", "--steps", "leca_4_4")
    assert "words " in shown
    assert "   297  " in shown
    assert "once, before the first frame: 33 words" in shown


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--rows", "p2n"], "no row is called 'p2n'; did you mean 'p2m'?"),
        (["--on", "chip"], "expected circuit, scamp5 or circuit,scamp5"),
        (["--sites", "100", "--on", "scamp5"], "take --on circuit, or --sites 256"),
        (["--constants", "nowhere.json"], "no such file"),
        (["--factor", "link"], "expected NAME=X"),
        (["--steps", "raw", "--on", "circuit"], "expected a SCAMP-5 row of this table"),
        (["--frames", "1,4"], "--frames 1,4: one number without --task, such as 1"),
        (["--width", "40"], "an integer of at least 80"),
        (["--link-pj-per-bit", "-1"], "expected a finite number of at least 0"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], args: list[str], message: str) -> None:
    assert main(["compare", *args]) != 0
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err


CONSTANT = {"name": "mine.link", "part": "link", "per": "bits", "value": 1, "unit": "pJ/bit", "letter": "A"}
CONSTANT = {**CONSTANT, "source": "a guess"}
OWN = Path(__file__).parents[2] / "examples" / "my_encoder.json"


def test_a_row_of_ones_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    args = ("--rows", "raw", "--on", "circuit", "--row", str(OWN), "--out", str(tmp_path / "out"))
    found = document(capsys, *args)
    mine = found["rows"][-1]
    cells = {name: cell["value"] for name, cell in mine["cells"].items()}
    assert mine["name"] == "edges"
    assert cells["values"] == 2 * 64 * 64
    assert cells["bits"] == 1.5 * cells["values"]
    assert cells["bits_wire"] == pytest.approx(1.6 * cells["values"])
    assert cells["time_us"] == 256 * 3.0
    parts = {p["part"]: p["value"] for p in mine["energy_parts"]}
    assert parts["sensing"] == pytest.approx(65536 * 6e-6)  # its own price, not the common 12.1
    assert parts["link"] == pytest.approx(cells["bits_wire"] * 12.5e-6)
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["compare.html", "compare.json", "compare.md"]
    page = (tmp_path / "out" / "compare.html").read_text(encoding="utf-8")
    assert "edges" in page
    assert "<script" not in page
    assert "Caveats" in page
    assert "caveats" in (tmp_path / "out" / "compare.md").read_text(encoding="utf-8").lower()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "x"}, "expected an object with"),
        ({"window": 4}, "expected a window as"),
        ({"window": [0, 4]}, "must be an integer"),
        ({"name": "two words"}, "expected letters, digits and _"),
        ({"per_site": {"readout": 1}}, "did you mean 'readouts'"),
        ({"per_site": [1]}, "expected an object of activities"),
        ({"bits": 0}, "must be above 0"),
        ({"colour": 1}, "unknown key 'colour'"),
        ({"constants": [{"name": "a"}]}, "has no part"),
        ({"constants": [CONSTANT, CONSTANT]}, "the constant 'mine.link' is given twice"),
        ({"ratio_paper": 4}, "expected ratio_paper as"),
        ({"name": "raw"}, "is there already"),
        ({"window": [512, 512]}, "no window of 512x512 fits"),
    ],
)
def test_bad_rows(capsys: pytest.CaptureFixture[str], tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "row.json"
    path.write_text(json.dumps({**json.loads(OWN.read_text(encoding="utf-8")), **change}), encoding="utf-8")
    assert main(["compare", "--rows", "raw", "--on", "circuit", "--row", str(path)]) != 0
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_the_decoder_stands_beside_the_sensor(capsys: pytest.CaptureFixture[str], form: str) -> None:
    shown = said(capsys, "--rows", "leca_4_4", "--on", "circuit", "--format", form)
    assert "558,384" in shown  # weights of the decoder
    assert "14.3 mJ" in shown  # 9.12e9 multiply-accumulates of 1.568 pJ


def test_markdown_has_no_heading_without_lines(capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(capsys, "--rows", "raw", "--on", "circuit", "--format", "markdown")
    headings = [n for n, line in enumerate(shown.splitlines()) if line.startswith("## ")]
    assert headings
    assert all(shown.splitlines()[n + 2] for n in headings)
    assert "## Rows" not in shown


def test_a_row_of_another_package(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from importlib import metadata

    from scamp_sim.compare import rows
    from scamp_sim.compare.brought import load_row

    class Point:
        name, value = "edges", "theirs.rows:edges"

        @staticmethod
        def load() -> Any:
            return load_row(OWN)

    monkeypatch.setattr(metadata, "entry_points", lambda group: [Point] if group == rows.GROUP else [])
    found = document(capsys, "--rows", "edges,raw", "--on", "circuit")
    assert [row["name"] for row in found["rows"]] == ["edges", "raw"]
    Point.name = "raw"
    assert main(["compare", "--rows", "raw"]) != 0
    assert "two rows are called 'raw'" in capsys.readouterr().err


def test_the_figures_of_the_page_are_fresh() -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = drawings()
    assert found
    for name, drawn in found.items():
        assert (PAGE.parent / "images" / name).read_text(encoding="utf-8") == drawn
        assert f"(images/{name})" in page
    there = {path.name for path in (PAGE.parent / "images").glob("compare-*.svg")}
    assert there == set(found)


def test_the_page_is_fresh() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text) == text
    assert filled(text.replace("| `raw` |", "| `row` |")) == text
