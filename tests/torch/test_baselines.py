"""The networks and cameras beside PixelRNN, and the figures that compare them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scamp_sim.exceptions import ProgramError  # noqa: E402
from scamp_sim.systems.pixelrnn.golden import FRAMES, SIDE  # noqa: E402
from scamp_sim.systems.pixelrnn.paper import figures  # noqa: E402
from scamp_sim.systems.pixelrnn.report import bandwidth  # noqa: E402
from scamp_sim.systems.pixelrnn.train import baselines  # noqa: E402
from scamp_sim.systems.pixelrnn.train.loop import Clips, Settings, train  # noqa: E402
from scamp_sim.systems.pixelrnn.train.module import PixelRNN  # noqa: E402

MODELS = {m.name: m for m in bandwidth.MODELS}


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", baselines.GATES)
def test_parameters_are_those_of_the_table(name: str, layers: int) -> None:
    for binary in (True, False):
        net = baselines.Recurrent(name, binary=binary, layers=layers)
        assert net.parameters_on_sensor == MODELS[name].parameters(layers)


@pytest.mark.parametrize("name", baselines.CAMERAS)
def test_cameras_put_out_as_many_values_as_the_table_says(name: str) -> None:
    side = bandwidth.SENSOR if name == "RAW" else SIDE
    clip = np.zeros((FRAMES, side, side), np.uint8)
    assert sum(v.size for v in baselines.camera_values(name, clip)) == MODELS[name].values


def test_the_difference_camera_says_what_rose_and_fell() -> None:
    clip = np.full((16, 64, 64), 100, np.uint8)
    clip[3:, 0, 0], clip[3:, 0, 1], clip[3:, 0, 2] = 111, 110, 80
    values = list(baselines.camera_values("difference camera", clip))
    assert values[3][:4].tolist() == [1, 0, -1, 0]
    assert not np.any(np.delete(np.stack(values), 3, axis=0))


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("name", baselines.GATES)
def test_baselines_learn(drawn: Clips, name: str, binary: bool) -> None:
    net = baselines.Recurrent(name, binary=binary, seed=1)
    trained = train(drawn[0][:9], drawn[1][:9], Settings(epochs=3, batch=9, threads=1), net=net)
    assert trained.history[-1].loss < trained.history[0].loss
    for parameter in (net.from_input.weight, net.from_state.weight, net.theta1):
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0


def test_states_of_binary_networks_are_signs(drawn: Clips) -> None:
    for name in ("SRNN", "GRU", "MGU"):
        net = baselines.Recurrent(name)
        seen: list[Any] = []
        net.decoder.register_forward_pre_hook(lambda module, args, seen=seen: seen.append(args[0]))
        net(net.present(net.store(drawn[0][:1])))
        assert set(seen[0].unique().tolist()) <= {-1.0, 1.0}, name


def test_pixelrnn_among_the_baselines_is_the_encoder_itself(drawn: Clips) -> None:
    net, other = baselines.network("PixelRNN", seed=2), baselines.Recurrent("PixelRNN", seed=2)
    assert isinstance(net, PixelRNN)
    with torch.no_grad():
        to: Any = other.cnn[0]
        cnn: Any = net.cnn[0]
        gates: Any = net.gates
        to.weight.copy_(cnn.weight)
        w_f, u_f, w_o, u_o = gates.weight.split(1)
        other.from_input.weight.copy_(torch.cat([w_f, w_o]))
        other.from_state.weight.copy_(torch.cat([u_f, u_o]))
        net.theta_r.zero_()  # the table's network has none
        other.decoder.load_state_dict(net.decoder.state_dict())
        net.eval(), other.eval()
        x = net.present(net.store(drawn[0][:2]))
        torch.testing.assert_close(net(x), other(x))


def test_a_linear_layer_tells_what_is_linear() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    clips = rng.integers(90, 140, (40, 16, 64, 64)).astype(np.uint8)
    clips[labels == 1, :, :20] += 60
    assert baselines.linear_accuracy("RAW", clips[:30], labels[:30], clips[30:], labels[30:]) == 1


def test_wrong_labels_of_a_camera_are_told() -> None:
    clips = np.zeros((3, 16, 8, 8), np.uint8)
    with pytest.raises(ProgramError, match="no clip has label 2, but one has 1000000"):
        baselines.linear_accuracy("RAW", clips, np.array([0, 1, 1_000_000]), clips, np.arange(3))
    with pytest.raises(ProgramError, match="a label is 2, but the training has classes 0 to 1"):
        baselines.linear_accuracy("RAW", clips, np.array([0, 1, 1]), clips, np.arange(3))


def test_binary_networks_fit_the_array_and_float_ones_do_not() -> None:
    for name in baselines.GATES:
        for layers in (1, 2):
            assert baselines.memory(name, layers, 1) < figures.MACROPIXEL_BYTES < baselines.memory(name, layers, 32)
    assert baselines.memory("PixelRNN", 1, 1) == 21 / 8
    assert baselines.memory("RAW") == 16


def test_unknown_names_are_told() -> None:
    with pytest.raises(ProgramError, match="unknown network 'LTSM'; did you mean 'LSTM'"):
        baselines.Recurrent("LTSM")
    with pytest.raises(ProgramError, match="unknown camera 'raw'"):
        next(baselines.camera_values("raw", np.zeros((16, 64, 64))))


# --- figures ------------------------------------------------------------------------------------------------------

TINY = figures.Study(epochs=1, clips=1, tests=1, threads=1)


def test_figure3_is_drawn_and_goes_on_from_its_results(tmp_path: Path) -> None:
    results = tmp_path / "r.json"
    asked: list[str] = []
    figure = figures.figure3(TINY, results=results, pooling=(64, 16), say=asked.append)
    assert [p.x for p in figure.points] == [1, 16]
    assert len(asked) == 2
    again = figures.figure3(TINY, results=results, pooling=(64, 16, 8), say=asked.append)
    assert len(asked) == 3
    assert again.points[:2] == figure.points
    pytest.importorskip("matplotlib")
    assert figures.plot(again, tmp_path / "f.png").stat().st_size > 5000
    with pytest.raises(ProgramError, match=r"made with epochs 1 \(here 2\), threads 1 \(here 2\); choose another file"):
        figures.figure3(figures.Study(epochs=2, clips=1, tests=1), results=results, pooling=(64,))
    with pytest.raises(ProgramError, match="not the results of figure2; choose another file"):
        figures.figure2(TINY, results=results)


def test_figure2_is_drawn_from_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(figures, "_network", lambda name, kind, layers, seed, data: 0.5)
    monkeypatch.setattr(figures, "_camera", lambda name, study: 0.25)
    figure = figures.figure2(TINY, results=tmp_path / "r.json")
    assert len(figure.points) == 2 + 2 * 2 * 5
    assert json.loads((tmp_path / "r.json").read_text())["found"]["RAW, -, 0, 0"] == 0.25
    assert "PixelRNN           binary" in figure.text()
    assert figures.plot(figure, tmp_path / "f.svg").exists()


def test_the_legend_of_figure2_lies_beside_the_points() -> None:
    pytest.importorskip("matplotlib")
    points = [figures.Point(name, "binary", count, 3.0, (0.5,)) for name in baselines.GATES for count in (1, 2)]
    canvas = figures._drawn(figures.Figure(2, TINY, (figures.Point("RAW", "-", 0, 16.0, (0.1,)), *points)))
    canvas.draw_without_rendering()
    (axes,), (legend,) = canvas.axes, canvas.legends
    assert len(legend.get_texts()) == 6
    assert legend.get_window_extent().x0 > axes.get_window_extent().x1
