"""The prices against what others have measured: every anchor, the fit, and the documents that show them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim import kernels
from scamp_sim.cli import main as cli
from scamp_sim.costs.timing import load_timing, profile
from scamp_sim.exceptions import ProgramError
from scamp_sim.study import anchors
from scamp_sim.study import price_calibration as calibration
from scamp_sim.study.anchors import ANCHORS, Anchor
from scamp_sim.study.price_calibration import TOLERANCE, calibrate, judge
from tools import fit_timing

Solution = tuple[fit_timing.Fit, dict[str, fit_timing.Fit], dict[str, tuple[float, float]]]
ROOT = Path(__file__).parent.parent

# id: published figure, in us if no unit is given. Sources as in the table: the vendor's headers (T1, T2), readmes of
# a public network (T3 to T7), abstracts and first pages of papers.
# fmt: off
PUBLISHED = {
    "T1": 14, "T2": 28, "T3": 13, "T4": 68, "T5": 273, "T6a": 389, "T6b": 374, "T6c": 109,
    "T7a": 743, "T7b": 728, "T7c": 463, "T8": 442, "T8e": 0.7, "T9": 435, "T10": 3333, "T11": 2500, "T12": 10,
    "T13": 333, "T14a": 57.1, "T14b": 1.5, "T15": 47619, "T16": 20, "T17": 47, "P1": 3500, "P2": 3571, "L1": 80,
    "L2": 6, "R1": 16667, "E1": 1.23,
}
# fmt: on

NOT_MET = {"T15", "L2"}
"""Another system's readout over USB, and a remark on a routine that is not public."""
CLOSED = {"T11", "T14a", "P2"}
"""Programs of which neither text nor counts are public."""


def test_the_list_holds_what_was_published() -> None:
    assert {a.id: pytest.approx(a.value, rel=2e-3) for a in ANCHORS} == PUBLISHED
    assert len({a.id for a in ANCHORS}) == len(ANCHORS)
    for anchor in ANCHORS:
        assert anchor.source[:1] in "DMPI"
        assert anchor.note


@pytest.mark.parametrize("finding", calibrate(load_timing()), ids=lambda f: f.anchor.id)
def test_anchors_hold_or_say_why_not(finding: calibration.Finding) -> None:
    anchor = finding.anchor
    assert finding.holds == (anchor.id not in NOT_MET | CLOSED)
    assert (finding.predicted is None) == (anchor.id in CLOSED)
    if finding.predicted is None:
        assert "not public" in finding.remark
        assert "leaves room for" in finding.remark
    elif anchor.sense == "about" and finding.holds:
        assert finding.predicted == pytest.approx(anchor.value, rel=TOLERANCE)
    elif finding.holds:
        assert (finding.predicted <= anchor.value) == (anchor.sense == "at most")


def predicted(name: str) -> float:
    (anchor,) = (a for a in ANCHORS if a.id == name)
    value = judge(anchor, load_timing()).predicted
    assert value is not None
    return value


def test_predictions_by_hand() -> None:
    t = load_timing()
    assert predicted("T1") == pytest.approx(14, abs=0.01)
    assert predicted("T2") == pytest.approx(28, abs=0.01)
    assert predicted("T3") == pytest.approx(t["call.scamp5_in"] + t["launch.analog"] + 0.8)
    assert predicted("T4") == pytest.approx(3 * t["call.scamp5_in"] + 6 * t["launch.analog"] + 19.2)
    assert predicted("T5") == pytest.approx(3 * (t["call"] + 100 * t["event.slot"]))
    assert predicted("T7a") == pytest.approx(predicted("T3") + predicted("T4") + predicted("T5") + predicted("T6a"))
    assert predicted("T9") == pytest.approx(3732 / 9, rel=1e-6)  # 9 MHz
    assert predicted("T12") == pytest.approx(5.3)  # 53 words
    assert predicted("L1") == pytest.approx(32 * (t["launch.digital"] + 0.2))
    assert predicted("R1") == pytest.approx(t["adc.fixed"] + 65536 * t["adc.sample"])
    assert predicted("T17") == 64  # Q9
    assert predicted("T16") == 3 + 2 * 2  # half of the array is two steps of 64


def test_a_slower_flood_takes_more_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from scamp_sim.chip.options import ArrayOptions
    from scamp_sim.machine import machine

    slow = ArrayOptions(prop_reach=20)
    monkeypatch.setattr(machine, "ArrayOptions", lambda: slow)
    assert predicted("T16") == 3 + 2 * 7
    assert predicted("T17") == 20


def test_counts_of_pixelrnn() -> None:
    """15,758 words and 1,378 launches are the published sums; that of the calls is given as 176, one more."""
    columns = list(zip(*anchors.PIXELRNN_STEPS, strict=True))
    assert [sum(c) for c in columns[1:]] == [15758, 1378, 175]
    timing = load_timing()
    more = anchors.pixelrnn(dynamic_words=20)(timing) - anchors.pixelrnn(dynamic_words=10)(timing)
    assert more == pytest.approx(516 * 10 * timing["record.word"])


def test_the_readings_that_were_given_up() -> None:
    """4 us a launch and 8 us a constant meet AnalogNet and nothing else."""
    old = load_timing().changed({"launch.analog": 4, "launch.digital": 4, "call.scamp5_in": 8})
    verdict = {f.anchor.id: f for f in calibrate(old)}
    predicted: dict[str, Any] = {i: f.predicted for i, f in verdict.items()}
    assert abs(predicted["T3"] / 13 - 1) < 0.03
    assert abs(predicted["T4"] / 68 - 1) < 0.03
    assert predicted["T13"] > 500
    assert predicted["P1"] > 7000
    assert not verdict["L1"].holds


# --- judging --------------------------------------------------------------------------------------------------

SYNTHETIC = Anchor("X", "made up", "about", 100, "us", "M", "because", lambda timing: 114.9)


@pytest.mark.parametrize(
    ("sense", "value", "holds", "verdict"),
    [
        ("about", 114.9, True, "+14.9 %"),
        ("about", 115.1, False, "+15.1 %"),
        ("about", 84.9, False, "-15.1 %"),
        ("at most", 100, True, "inside"),
        ("at most", 100.2, False, "outside, +0.2 %"),
        ("at least", 100, True, "inside"),
        ("at least", 90, False, "outside, -10.0 %"),
    ],
)
def test_verdicts(sense: str, value: float, holds: bool, verdict: str) -> None:
    finding = judge(replace(SYNTHETIC, sense=sense, predict=lambda timing: value), load_timing())
    assert (finding.holds, finding.verdict) == (holds, verdict)


def test_a_table_without_a_row_says_so() -> None:
    timing = load_timing()
    bare = replace(timing, rows={n: r for n, r in timing.rows.items() if not n.startswith(("mcu", "call."))})
    verdict = {f.anchor.id: f for f in calibrate(bare)}
    assert verdict["T6a"].remark == "the price table has no row mcu.mac.loop"
    assert "no row call.scamp5_in" in verdict["T4"].remark
    assert verdict["T1"].holds
    assert "cannot be predicted" in calibration.summary(list(verdict.values()))


def test_summary_counts() -> None:
    findings = calibrate(load_timing())
    assert calibration.summary(findings) == (
        "2 of 4 independent anchors hold (T9, T12), 2 do not (T15, L2), 22 confirm nothing (9 prices, 6 in the fit, 4 "
        "sums of these, 3 set), 3 cannot be predicted"
    )
    assert calibration.summary([f for f in findings if f.anchor.kind == "sum"]).startswith("0 of 0 independent anchors")


def test_the_kind_of_every_anchor() -> None:
    """What was fitted, set or added up confirms nothing."""
    kinds: dict[str, set[str]] = {kind: {a.id for a in ANCHORS if a.kind == kind} for kind in anchors.KINDS}
    assert kinds == {
        "price": {"T1", "T2", "T5", "T6a", "T6b", "T6c", "T8e", "T10", "T14b"},
        "fit": {"T3", "T4", "T13", "P1", "L1", "R1"},
        "sum": {"T7a", "T7b", "T7c", "T8"},
        "set": {"T16", "T17", "E1"},
        "independent": {"T9", "T12", "T15", "L2"},
        "open": {"T11", "T14a", "P2"},
    }


# --- the fit --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def solution() -> Solution:
    return fit_timing.solve()


def test_the_table_is_the_fit(solution: Solution) -> None:
    best, _, ranges = solution
    timing = load_timing()
    for name, value in best.prices.items():
        assert timing[name] == pytest.approx(value, rel=0.02), f"{name}: python tools/fit_timing.py --write"
        low, high = ranges[name]
        assert low <= timing[name] <= high
        assert timing.rows[name].uncertainty.split(";")[0] == fit_timing.range_text(low, high), name


def test_the_fit_does_not_depend_on_the_table_it_starts_from(solution: Solution) -> None:
    changed = load_timing().changed(dict.fromkeys(fit_timing.PRICES, 7.0))
    again = fit_timing.fit(fit_timing.problem(changed, anchors.pixelrnn()))
    assert again.prices == pytest.approx(solution[0].prices)


def test_the_fit_is_a_minimum(solution: Solution) -> None:
    """No small change of any price makes the sum of squares smaller."""
    best = solution[0]

    def cost(change: dict[str, float]) -> float:
        logs = np.log([best.prices[n] * change.get(n, 1) for n in fit_timing.PRICES])
        off, _ = fit_timing._anchor_part(best.problem, logs, best.problem.spread)
        prior, _ = fit_timing._prior_part(logs)
        return float((off**2).sum() + (prior**2).sum())

    least = cost({})
    for name in fit_timing.PRICES:
        for factor in (0.98, 1.02):
            assert cost({name: factor}) > least, name


def test_ranges_end_where_an_anchor_breaks(solution: Solution) -> None:
    """The constant: T3 caps it at 13 x 1.15 us less the words. Sums: T2 caps a sample at 28 x 1.15 us."""
    best, fits, ranges = solution
    assert ranges["call.scamp5_in"][1] == pytest.approx(13 * 1.15 - 0.8, rel=0.02)
    assert ranges["event.slot"][1] == pytest.approx(273 * 1.15 / 300, rel=0.02)
    assert ranges["dreg.byte"][1] == pytest.approx((3333 * 1.15 - 373) / 8192, rel=0.02)
    assert ranges["mcu.mac.loop"] == pytest.approx((389 / 1.15 / 1850, 389 * 1.15 / 1850), rel=0.01)
    assert ranges["call"][0] == 0
    assert ranges["record.word"][0] == 0
    # what the priors hold: the anchors alone would leave these open
    assert {n for n, share in best.by_prior.items() if share > 0.5} == {"launch.analog", "record.word", "call"}
    launches = [f.prices["launch.analog"] for f in fits.values()]
    assert 0.6 < min(launches) < max(launches) < 0.95


def test_fit_script_prints_and_writes(
    solution: Solution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table, page = tmp_path / "timing_scamp5d.json", tmp_path / "costs.md"
    document = json.loads(fit_timing.TABLE.read_text())
    for row in document["rows"]:
        if row["name"] in fit_timing.PRICES:
            row["value"] = 1.0
    table.write_text(json.dumps(document))
    page.write_text("<!-- prices -->\nstale\n<!-- /prices -->\n\n<!-- calibration -->\n<!-- /calibration -->\n")
    monkeypatch.setattr(fit_timing, "TABLE", table)
    monkeypatch.setattr(fit_timing, "PAGE", page)
    monkeypatch.setattr(fit_timing, "solve", lambda: solution)
    assert fit_timing.main(["--write"]) == 0
    assert "priors, as factors" in capsys.readouterr().out
    assert load_timing(table) == load_timing()
    assert "stale" not in page.read_text()
    assert "| `word` | 0.1 |" in page.read_text()


# --- command and page -----------------------------------------------------------------------------------------


def test_command_prints_a_line_for_each_anchor(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["calibration"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    starts = [re.split(r" {2,}", line)[0] for line in lines]
    assert [s for s in starts if s in PUBLISHED] == list(PUBLISHED)
    assert " ".join(lines[-2:]) == calibration.summary(calibrate(load_timing()))


def test_command_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["calibration", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["confirming"], document["independent"]) == (["T9", "T12"], ["T9", "T12", "T15", "L2"])
    assert {a["id"]: a["kind"] for a in document["anchors"]} == {a.id: a.kind for a in ANCHORS}
    assert {a["id"]: a["published"] for a in document["anchors"]} == {a.id: a.value for a in ANCHORS}


def test_command_with_a_table_that_misses_anchors_still_succeeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(fit_timing.TABLE.read_text())
    document["name"] = "slow"
    for row in document["rows"]:
        row["value"] *= 3 if row["name"].startswith("launch") else 1
    path = tmp_path / "slow.json"
    path.write_text(json.dumps(document))
    assert cli.main(["calibration", "--timing", str(path)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert "T13" in last
    assert "P1" in last


def test_unknown_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["calibration", "--timing", "scamp6"]) == 2
    assert "unknown timing 'scamp6'" in capsys.readouterr().err


def test_calibration_table_of_the_costs_page() -> None:
    page = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    table = page.partition("<!-- calibration -->\n")[2].partition("<!-- /calibration -->")[0]
    assert table == calibration.markdown(calibrate(load_timing())), "write it again: python tools/fit_timing.py --write"


def test_example_of_the_costs_page_is_real() -> None:
    """The table under "Reading the table" is that of the README's program."""
    from scamp_sim.compiler import assemble

    (source,) = re.findall(r"^```c\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    shown = re.search(r"^## Reading the table\n\n(.*?)\n\n", (ROOT / "docs" / "costs.md").read_text(), re.DOTALL | re.M)
    lines = profile(assemble(source), load_timing()).text().splitlines()
    assert shown
    assert [line.strip() for line in shown.group(1).splitlines()] == lines[3:12]


def test_programs_of_anchors_need_the_library() -> None:
    assert len(anchors.closed_shapes().kernels["closed_shapes"].words) == 53
    assert len(anchors.binarise().kernels["threshold"].words) == 8
    with pytest.raises(ProgramError):
        kernels.load("closed_shape")
