"""What a first user missed and met, and the tests that show what became of each: nothing here is there on paper only.

The features are those of a comparison with JSS, the vendor's host application, Compiler Explorer, PyRTL, aihwkit and
Perfetto; the notes are of a trial by a vision student and a SCAMP-5 programmer with nothing but the README. What no
other test shows is tested below.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from scamp_sim import Machine, PlaneError
from scamp_sim.cli.main import main
from scamp_sim.systems.base.compare import compare_stages
from scamp_sim.systems.base.records import Encoded
from scamp_sim.systems.pixelrnn.report import pictures
from scamp_sim.systems.pixelrnn.system import SYSTEM

TESTS = Path(__file__).parent
BROWSER = "view/test_browser.py"

FEATURES = {
    "planes as pictures, after a line": ("test_dump.py::test_planes_touched_by_then",),
    "live view of registers in a browser": (f"{BROWSER}::test_it_opens_with_planes_costs_and_parameters",),
    "playground: edit, see words and planes": (f"{BROWSER}::test_what_is_typed_is_explained_and_run",),
    "folder in": ("show/test_frames.py::test_a_folder_is_read_as_one_counts",),
    "GIF in": ("show/test_frames.py::test_animations_and_arrays_give_every_frame",),
    "video in": ("show/test_frames.py::test_a_video_is_its_luma", "show/test_frames.py::test_other_containers"),
    "webcam in": ("show/test_frames.py::test_a_camera_gives_as_many_frames_as_are_asked_for",),
    "video, GIF, strip, CSV out": (
        "show/test_frames_out.py::test_what_a_clip_leaves",
        "show/test_frames_out.py::test_a_video_comes_back_as_it_was_written",
    ),
    "sliders for parameters while running": (f"{BROWSER}::test_sliders_run_again",),
    "interactive debugger": (
        f"{BROWSER}::test_keys_alone",
        "test_debug.py::test_a_breakpoint_is_hit_before_the_first_word_of_its_line",
        "test_travel.py::test_any_moment_from_anywhere_has_the_bits_of_the_straight_way",
    ),
    "notebooks with rich display": ("test_notebooks.py::test_everything_shows_itself",),
    "source beside costs": (f"{BROWSER}::test_it_opens_with_planes_costs_and_parameters",),
    "two versions side by side": ("show/test_beside.py::test_two_versions",),
    "timeline of networks": ("test_cli_networks.py::test_a_network_is_traced_frame_by_frame_as_it_runs",),
    "ideal and chip side by side in one table": ("show/test_beside.py::test_a_chip_beside_the_ideal_array",),
    "80 columns": ("test_terminal.py::test_no_line_is_wider_than_the_terminal",),
    "colours": ("test_terminal.py::test_colours_can_be_forced_and_forbidden",),
    "completion": ("test_terminal.py::test_completion_knows_every_command",),
    "man page": ("test_terminal.py::test_the_manual_page_has_every_command_and_option",),
    "editor support": ("test_editors.py::test_every_keyword_is_one", "test_lsp.py::test_messages_come_as_one_types"),
    "docs as a site, from the installed package": (
        "test_docs.py::test_the_site_has_every_page_once",
        "test_first_user.py::test_the_installed_package_has_the_pages",
    ),
    "`new` from a template": ("test_terminal.py::test_new_programs_are_clean",),
    "`--watch`": ("test_terminal.py::test_watching_checks_again_on_change",),
}
"""Rows of the comparison -> what shows them. Generic networks, its last row, have pages and tests of their own."""

NOTES = {
    "1 videos: first frames only, no folders, no animation, strip, scalars, progress, nothing in Python": (
        "show/test_frames_out.py::test_several_names_after_one_option",
        "show/test_frames_out.py::test_what_a_clip_leaves",
        "show/test_frames.py::test_run_frames_keeps_state",
        "test_session.py::test_a_bar_says_how_fast_it_goes",
    ),
    "2 networks second-class: no profile, trace, profile --errors; a report of another program": (
        "test_cli_networks.py::test_a_network_is_profiled_as_it_runs",
        "test_cli_networks.py::test_a_trace_of_several_frames",
        "systems/pixelrnn/test_cli_pixelrnn.py::test_costs_price_the_program_that_survives_errors",
    ),
    "3 notebooks: long texts, addresses, no pictures, colour refused without a helper, no example": (
        "test_notebooks.py::test_representations_are_short",
        "test_notebooks.py::test_everything_shows_itself",
        "test_first_user.py::test_colour_images_are_refused_with_the_helper_named",
        "test_notebooks.py::test_examples_run",
    ),
    "4 validate: no interval or hint, floats that differ by an epsilon, titles without errors, bars": (
        "test_cli_system.py::test_one_chip_is_said_to_be_one",
        "test_first_user.py::test_one_chip_has_intervals_and_a_hint",
        "test_first_user.py::test_floats_that_differ_by_an_epsilon_count_as_equal",
        "test_first_user.py::test_a_sheet_of_a_chip_says_so",
        "test_first_user.py::test_bars_of_scores_begin_at_zero",
    ),
    "5 width and colours": (
        "test_terminal.py::test_no_line_is_wider_than_the_terminal",
        "test_docs_commands.py::test_all_commands",
    ),
    "6 manners: alone an error, near names, help, abbreviations, completion, templates, progress of compiling": (
        "test_terminal.py::test_help_says_what_exit_codes_mean",
        "test_terminal.py::test_options_are_not_abbreviated",
        "test_terminal.py::test_the_nearest_file_is_named",
        "test_first_user.py::test_a_misspelt_command_gets_the_nearest",
        "test_session.py::test_compilation_is_announced_once",
    ),
    "7 language: outputs in loops, parameters without default, rules of operands, export of parameters": (
        "compiler/test_language.py::test_outputs_of_a_loop_have_an_index",
        "test_files.py::test_parameters_without_a_default_are_checked_all_the_same",
        "test_docs.py::test_rules_of_operands_are_told_before_an_error_does",
        "compiler/sdk/test_export.py::test_parameters_that_only_set_constants_are_sliders",
    ),
    "8 the page: cut at 390, lower rows of the timeline, comments at 1000, no syntax colours": (
        f"{BROWSER}::test_the_report_is_whole_at_any_width",
        f"{BROWSER}::test_nothing_is_cut_at_any_width",
    ),
    "9 the demo goes beyond what a chip holds": ("test_docs.py::test_the_first_picture_is_one_that_a_chip_gives",),
    "10 a fit that does not describe its table writes a profile without a word": (
        "test_fit.py::test_rows_that_a_fit_cannot_give_are_reported",
    ),
}
"""Notes of the trial -> what shows that they are settled."""


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("what", [*FEATURES, *NOTES])
def test_what_shows_it_is_there(what: str) -> None:
    for test in {**FEATURES, **NOTES}[what]:
        file, _, name = test.partition("::")
        assert name in names_in(file), test


# --- what no other test shows ---------------------------------------------------------------------------------------


def test_colour_images_are_refused_with_the_helper_named() -> None:
    with pytest.raises(PlaneError, match=r"load_image"):
        Machine((64, 64)).expose(np.zeros((64, 64, 3), np.uint8))


def test_a_misspelt_command_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runn"]) == 2
    assert "did you mean 'run'?" in capsys.readouterr().err


def test_the_installed_package_has_the_pages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs"]) == 0
    listed = capsys.readouterr().out
    for page in (TESTS.parent / "docs").glob("*.md"):
        assert re.search(rf"^ *{page.stem}\b", listed, re.M), page.stem


def test_one_chip_has_intervals_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    line = "validate pixelrnn --weights random:1 --clips synthetic:1 --limit 1 --errors scamp5 --chip 7"
    assert main(line.split()) == 0
    said = capsys.readouterr().out
    assert re.search(r"right class: array \d of 1 \(.* 95 % interval \d+ .. \d+ %\), golden \d of 1 \(", said)
    assert "--chips 1-20 --seeds 3 measures how chips and measurements differ" in said


def test_floats_that_differ_by_an_epsilon_count_as_equal() -> None:
    stage = next(s for s in SYSTEM.stages if s.name == "o")
    values = np.linspace(-5, 5, 4096, dtype=np.float32).reshape(64, 64)
    epsilon, more = (Encoded(values * (1 + np.float32(e)), {}) for e in (1e-6, 1e-2))
    plain = Encoded(values, {})
    assert compare_stages((stage,), epsilon, plain)[0].differ == 0
    assert compare_stages((stage,), more, plain)[0].differ > 3000


def test_a_sheet_of_a_chip_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    headings = []
    sheet = pictures.sheet

    def kept(planes, o, heading, *more):  # type: ignore[no-untyped-def]
        headings.append(heading)
        return sheet(planes, o, heading, *more)

    monkeypatch.setattr(pictures, "sheet", kept)
    line = f"run pixelrnn --weights random:1 --clip v/leftward --errors scamp5 --chip 7 --out {tmp_path}"
    assert main(line.split()) == 0
    line = f"system run pixelrnn v/leftward --on scamp5 --errors scamp5 --chip 7 --seed 2 --out {tmp_path}"
    assert main(line.split()) == 0
    assert headings[0].endswith(", errors of scamp5, chip 7, seed 0")
    assert headings[1].endswith(", errors of scamp5, chip 7, seed 2")


def test_bars_of_scores_begin_at_zero() -> None:
    """Of two opposite scores the bars meet at one place and are equally long."""
    planes = {"x": np.zeros((16, 64, 64), bool)}
    o = np.zeros((64, 64), np.float32)
    levels = np.asarray(pictures.sheet(planes, o, "", (), {"a": 2.0, "b": -2.0}))
    bars = [np.flatnonzero((levels == level).sum(axis=0) >= 8) for level in (pictures.HIGHLIGHT, pictures.BAR)]
    right, left = ((columns.min(), columns.max()) for columns in bars)
    assert left[1] == right[0]
    assert left[1] - left[0] == pytest.approx(right[1] - right[0], abs=1)
    assert right[1] - right[0] > 100
