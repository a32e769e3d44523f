"""Costs step by step, the bandwidth of the networks, and the plot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scamp_sim import ScampError
from scamp_sim.study.anchors import PIXELRNN_STEPS
from scamp_sim.systems.pixelrnn.encoder import Encoder
from scamp_sim.systems.pixelrnn.params import Weights
from scamp_sim.systems.pixelrnn.report import bandwidth, plots
from scamp_sim.systems.pixelrnn.report import costs as report


@pytest.fixture(scope="module")
def costs() -> report.Costs:
    return report.costs(Weights.random(1))


# --- costs --------------------------------------------------------------------------------------------------------


def test_steps_add_up_to_the_frame(costs: report.Costs) -> None:
    assert [m.name for m in costs.mappings] == ["macropixel", "blocks", "blocks:lean"]
    for m in costs.mappings:
        whole = report.total(m.steps)
        assert whole.words == m.frame.words
        assert whole.launches == m.frame.launches
        assert whole.calls == sum(m.frame.host_calls.values())
        assert whole.us == pytest.approx(m.frame.time_us)
        assert sum(m.share(s) for s in m.steps) == pytest.approx(1)
        assert len({s.title for s in m.steps}) == len(m.steps)


def test_stages_hold_every_step(costs: report.Costs) -> None:
    """Whatever a mapping calls its steps, none of them is left over."""
    assert costs.stages() == [stage for stage in report.STAGES if stage != report.FRONT_END]
    for m in costs.mappings:
        assert sum(m.at(stage).words for stage in costs.stages()) == m.frame.words
    assert {report.stage_of(title) for title, *_ in PIXELRNN_STEPS} == set(costs.stages())
    assert report.stage_of("polish") == report.OTHER


def test_a_clip_is_sixteen_frames_and_one_readout(costs: report.Costs) -> None:
    (m, *_) = costs.mappings
    encoder = Encoder(Weights.random(1))
    ran = encoder.run(np.zeros((16, 64, 64), np.uint8)).profile
    assert m.clip.time_us == pytest.approx(ran.time_us)
    assert (m.clip.words, m.clip.runs, m.clip.readout_bytes) == (ran.words, 16, 4096)
    assert m.clip.readout_ratio == 256


def test_published_steps_stand_beside_the_block_mapping(costs: report.Costs) -> None:
    """Totals of the public program: 15,758 words, 1,378 launches, 176 calls, about 3.5 ms."""
    whole = report.total(costs.published)
    assert (whole.words, whole.launches, whole.us) == (15_758, 1_378, None)
    text = report.text(costs)
    (row,) = [line for line in text.splitlines() if line.startswith("CNN, 25 taps") and "1,275" in line]
    assert row.split()[-3:] == ["1,275", "75", "75"]
    blocks = text[text.index("blocks, step by step") :]
    total = next(line for line in blocks.splitlines() if line.startswith("total"))
    assert total.split()[-3:] == ["15,758", "1,378", "176"]


def test_text_and_json(costs: report.Costs) -> None:
    text = report.text(costs)
    assert max(map(len, text.splitlines())) <= 110
    assert all(line == line.rstrip() for line in text.splitlines())
    document = json.loads(json.dumps(report.as_dict(costs)))
    assert set(document["mappings"]) == {"macropixel", "blocks", "blocks:lean"}
    assert document["published"]["total"]["us"] == 3500
    assert document["mappings"]["macropixel"]["steps"][0].keys() >= {
        "title",
        "words",
        "launches",
        "calls",
        "us",
        "share",
    }


def test_what_a_mapping_does_not_take_is_said() -> None:
    weights = Weights.random(1, layers=2)
    found = report.costs(weights)
    assert [m.name for m in found.mappings] == ["macropixel"]
    assert report.OTHER not in found.stages()
    text = report.text(found)
    assert "left out: blocks: the block mapping takes one layer" in text
    assert "published: one layer; here there are 2" in text
    with pytest.raises(ScampError, match="takes one layer"):
        report.costs(weights, mappings=("blocks",))


def test_the_front_end_is_a_step_of_its_own() -> None:
    """Every mapping has it, first; all else costs what it does without, but for the capture that it takes over."""
    weights = Weights.random(1)
    plain, found = report.costs(weights), report.costs(weights, front_end=True, source="by lot")
    assert found.stages() == list(report.STAGES)
    for before, after in zip(plain.mappings, found.mappings, strict=True):
        assert after.steps[0].title == "front end"
        assert before.frame.words + 540 < after.frame.words < before.frame.words + 570
        assert before.at("gates") == after.at("gates")
    text = report.text(found)
    assert max(map(len, text.splitlines())) <= 110
    assert "weights: by lot\n" in text
    assert "since the published 3.5 ms leave it out" in text
    blocks = text[text.index("blocks, step by step") :].splitlines()
    assert blocks[3].split()[-3:] == ["-", "-", "-"]
    assert blocks[5].split()[-3:] == ["1,275", "75", "75"]
    total = next(line for line in blocks if line.startswith("total"))
    assert total.split()[-3:] == ["15,758", "1,378", "176"]
    assert report.as_dict(found)["front_end"]
    assert not report.as_dict(plain)["front_end"]
    assert "leave it out" not in report.text(plain)


def test_the_page_has_the_cost_of_the_front_end(costs: report.Costs) -> None:
    page = (Path(__file__).parents[3] / "docs" / "pixelrnn.md").read_text(encoding="utf-8")
    found = report.costs(Weights.random(1), front_end=True)
    titles = ("`macropixel`", "`blocks`, `published`", "`blocks`, `lean`")
    for title, plain, whole in zip(titles, costs.mappings, found.mappings, strict=True):
        s = whole.steps[0]
        row = f"| {title} | {s.words}, {s.launches}, {s.calls}, {s.us:.1f} |"
        row += "".join(f" {m.frame.words:,}, {m.frame.time_us:,.1f} |" for m in (whole, plain))
        assert row in page


def test_the_plot_says_whose_weights_and_keeps_its_colours() -> None:
    costs = report.costs(Weights.random(1), front_end=True, source="random (seed 1)")
    times, *_ = plots._figure(costs).axes
    assert times.get_title(loc="left").endswith("us; weights: random (seed 1)")
    assert any("without the front end" in t.get_text() for t in times.texts)
    assert len(set(plots.COLOURS.values())) == len(plots.COLOURS) == len(report.STAGES) + 1


def test_plot(costs: report.Costs, tmp_path: Path) -> None:
    path = plots.write(tmp_path / "report.png", costs)
    with Image.open(path) as picture:
        assert picture.width > 1000
    assert [p.name for p in tmp_path.iterdir()] == ["report.png"]
    with pytest.raises(ScampError, match=r"name it \.png, \.pdf or \.svg"):
        plots.write(tmp_path / "report.bmp", costs)


# --- bandwidth ----------------------------------------------------------------------------------------------------

PAPER = {
    "RAW": (0, 0, 1_048_576),
    "difference camera": (0, 0, 65_536),
    "SRNN": (451, 852, 4_096),
    "LSTM": (601, 1_002, 4_096),
    "GRU": (551, 952, 4_096),
    "MGU": (501, 902, 4_096),
    "PixelRNN": (501, 902, 4_096),
}
"""Parameters with one and two layers, and values read in 16 frames. Source: PixelRNN (CVPR 2024), table 2."""


def test_the_definitions_give_the_numbers_of_the_paper() -> None:
    ours = {m.name: (m.parameters(1), m.parameters(2), m.values) for m in bandwidth.MODELS}
    assert ours == PAPER
    # what is learned in the encoder of this package
    assert Weights.random(1).parameters == PAPER["PixelRNN"][0]
    assert Weights.random(1, layers=2).parameters == PAPER["PixelRNN"][1]


def test_memory_of_the_convolutions() -> None:
    """Table 1 of the paper: two layers of kernels, 802 parameters of one bit, 0.10 kB (it says MB)."""
    assert bandwidth.Encoder().parameters(2) == 802
    model = bandwidth.Model("PixelRNN", bandwidth.MODELS[-1].gates)
    assert model.parameter_bytes(1, 1) == 501 / 8
    assert model.parameter_bytes(2, 32) == 4 * 902
    assert round(bandwidth.Encoder().parameters(2) / 8 / 1000, 2) == 0.10


def test_what_runs_here_reads_as_much() -> None:
    """Values that leave the simulated array, counted on programs, equal those of the definitions."""
    counted = bandwidth.measured()
    assert set(counted) == {"RAW", "difference camera", "PixelRNN"}
    for model in bandwidth.MODELS:
        if model.name in counted:
            assert counted[model.name] == (model.values, model.values)
    assert [m.ratio for m in bandwidth.MODELS] == [1, 16, 256, 256, 256, 256, 256]


def test_bandwidth_as_text_and_json() -> None:
    text = bandwidth.text()
    assert max(map(len, text.splitlines())) <= 110
    assert "501 / 902" in text
    rows = json.loads(json.dumps(bandwidth.as_dict()))
    assert rows[3]["parameters"] == {"1": 601, "2": 1002}
    assert rows[2]["measured_bytes"] is None
