"""`scamp-sim network plan | run | validate | costs | export`, as a user calls them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim import Machine
from scamp_sim.cli.main import main
from scamp_sim.compiler.native import LiveProgram, has_compiler
from scamp_sim.systems import network
from scamp_sim.systems.base.study.work import noise_seed
from scamp_sim.systems.network.cpp import source
from scamp_sim.systems.network.params import Conv, Dense, Input, Network, Pool
from scamp_sim.systems.network.system import random_network


def _digits(n: int = 4) -> tuple[Any, Any]:
    rng = np.random.default_rng(5)
    small = rng.random((n, 7, 7)) < 0.4
    return np.asarray(np.kron(small, np.ones((1, 4, 4))) * 255, np.uint8), rng.integers(0, 10, n)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, str]:
    """Eight kernels of 3x3 on 28x28, doubled and padded, all in the array; and its file."""
    rng = np.random.default_rng(1)
    net = Network(
        Input(64, 64, scale=2, pad=(4, 4, 4, 4)),
        (
            Conv("conv1", rng.choice([-1, 1], (8, 1, 3, 3)), np.array([1, 5, 3, -5, 7, 5, 3, 9]), padding=(1,) * 4),
            Pool("pool1", 4, 4),
            Dense("dense1", rng.choice([-1, 1], (10, 8 * 256)), np.ones(10), np.zeros(10)),
        ),
    )
    path = str(tmp_path_factory.mktemp("net") / "net.npz")
    net.save(path)
    return net, path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    x, y = _digits()
    np.savez(path, x=x, y=y)
    return str(path)


def _json(capsys: pytest.CaptureFixture[str], *line: str) -> Any:
    assert main(list(line)) == 0
    return json.loads(capsys.readouterr().out)


def test_plan_run_and_costs_agree(net: tuple[Network, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own, path = net
    kept = str(tmp_path / "plan.json")
    plan = _json(capsys, "network", "plan", path, "--out", kept, "--format", "json")
    assert [row["name"] for row in plan["layers"]] == ["input", "conv1", "pool1", "dense1"]
    assert {"words", "us", "bytes", "layers"} <= plan.keys()
    costs = _json(capsys, "network", "costs", path, "--plan", kept, "--format", "json")
    assert costs["words"] == plan["words"] == costs["profile"]["words"]
    assert costs["time_us"] == pytest.approx(plan["us"], abs=1e-3)
    other = str(tmp_path / "other.npz")
    weights = np.random.default_rng(2).choice([-1, 1], (8, 1, 3, 3))
    replace(own, layers=(replace(own.convs[0], weights=weights), *own.layers[1:])).save(other)
    assert main(["network", "plan", other, "--plan", kept]) == 1
    assert "this plan is of another network; its layers are input" in capsys.readouterr().err
    picture = str(tmp_path / "picture.npy")
    np.save(picture, _digits()[0][0])
    ran = _json(capsys, "network", "run", path, "--plan", kept, "--image", picture, "--format", "json")
    assert ran["differs_from_golden"]["pool1.bits"] == ran["differs_from_golden"]["conv1.bits"] == 0
    assert ran["bytes"] == 16
    assert len(ran["codes"]) == 10
    assert (
        main(["network", "run", path, "--image", picture, "--errors", "scamp5", "--out", str(tmp_path / "pics")]) == 0
    )
    assert (tmp_path / "pics" / "stages.png").is_file()
    text = capsys.readouterr().out
    assert "golden   differs" in text
    assert main(["network", "plan", path, "--errors", "scamp5", "--margins"]) == 0
    assert "predicted" in capsys.readouterr().out


def test_validate_keeps_and_resumes(
    net: tuple[Network, str], pictures: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, path = net
    out = str(tmp_path / "study.json")
    line = ["network", "validate", path, "--data", pictures, "--errors", "scamp5", "--chips", "1-2", "--jobs", "1"]
    first = _json(capsys, *line, "--out", out, "--format", "json")
    assert first["units"] == 8
    assert list(first["references"]) == ["golden", "ideal array"]
    assert len(first["margins"]) == 8
    assert all(m["seen"] is not None for m in first["margins"])
    again = _json(capsys, *line, "--out", out, "--format", "json")
    assert again["references"] == first["references"]
    assert main([*line, "--out", out]) == 0
    assert "all were in the results" in capsys.readouterr().out
    assert main([*line, "--levels", "2", "--out", out]) == 1  # another plan: other results


def test_validate_counts_what_chips_decide(
    net: tuple[Network, str], pictures: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not what the ideal array does, which they are compared with."""
    own, path = net
    errors, out = "scamp5:write_noise=30", tmp_path / "study.json"
    line = ["network", "validate", path, "--data", pictures, "--errors", errors, "--chips", "1-2", "--jobs", "1"]
    found = _json(capsys, *line, "--out", str(out), "--format", "json")
    plan, (x, y) = network.plan(own, chip=errors), _digits()
    said, ideal = [], []
    for chip in (1, 2):
        encoder = plan.build(chip=chip)
        for item, picture in enumerate(own.input.bits(x)):
            said.append(int(encoder.run(picture, measurement=noise_seed(0, item)).codes.argmax()))
            ideal.append(int(encoder.model(picture[None]).codes.argmax()))
    assert said != ideal
    units = json.loads(out.read_text())["units"]
    assert [u["classes"]["array"] for u in units] == said
    assert [u["classes"]["ideal array"] for u in units] == ideal
    shares = [float(np.mean(np.array(said[n : n + 4]) == y)) for n in (0, 4)]
    assert [a["share"] for a in found["accuracy_of_chips"]] == shares


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        (1, ("plan", "{net}", "--amplitude", "90"), "does not fit the array"),
        (2, ("plan", "{net}", "--levels", "-1"), "--levels: expected an integer of at least 0, got '-1'"),
        (1, ("plan", "{net}", "--plan", "{net}"), "net.npz"),
        (1, ("plan", "{net}", "--layout", "windows"), "does not fit the array"),
        (1, ("run", "{net}", "--image", "{wrong}"), "pictures of 30x30 do not fit the network's input"),
        (1, ("validate", "{net}", "--data", "{labels}"), "label"),
        (1, ("validate", "{net}", "--data", "nowhere"), "nowhere"),
        (1, ("export", "{net}", "--to", "{net}"), "is a file"),
    ],
)
def test_bad_input_is_one_line(
    code: int,
    net: tuple[Network, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    line: tuple[str, ...],
    said: str,
) -> None:
    np.save(tmp_path / "wrong.npy", np.zeros((30, 30), np.uint8))
    x, _ = _digits()
    np.savez(tmp_path / "labels.npz", x=x, y=np.array([0, 1, 2, 30]))
    places = {"net": net[1], "wrong": tmp_path / "wrong.npy", "labels": tmp_path / "labels.npz"}
    assert main(["network", *(part.format(**places) for part in line)]) == code
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


EXPORTED: list[tuple[str, dict[str, Any]]] = [
    ("counts", {"layout": "blocks", "events": 300}),
    ("counts", {"layout": "serial"}),
    ("one", {"sums": "sparse"}),
    ("one", {"sums": "64", "chip": "ideal:transfer_offset=20"}),
    ("one", {"controller": True}),
    ("strided", {}),
    ("two", {}),
]


@pytest.mark.skipif(not has_compiler(), reason="no C++ compiler here")
@pytest.mark.parametrize(
    ("shape", "asked"),
    [pytest.param(s, k, marks=pytest.mark.nightly if n else ()) for n, (s, k) in enumerate(EXPORTED)],
)
def test_cpp_runs_to_the_same_bits(shape: str, asked: dict[str, Any], tmp_path: Path) -> None:
    net = random_network(shape, 0)
    plan = network.plan(net, **asked)
    (tmp_path / "network.cpp").write_text(source(plan))
    program = LiveProgram.build(str(tmp_path / "network.cpp"))
    small = np.random.default_rng(3).random((net.input.rows // 4 + 1, net.input.columns // 4 + 1)) < 0.4
    picture = np.asarray(np.kron(small, np.ones((4, 4)))[: net.input.rows, : net.input.columns] * 255, np.uint8)
    run = program.run(Machine(errors=asked.get("chip", "ideal")), [plan.built.picture(picture)], frames=2)
    assert run.whole
    assert not any(note.code == "W620" for note in run.notes)  # kernels on the heap are launched as well
    expected = plan.build().encode(picture[None]).codes.ravel()
    for frame in run.frames:  # also the second, whose weights the first has renewed
        np.testing.assert_allclose(frame.posted[0][1], expected, atol=1e-4)
        assert frame.profile.words == plan.cost().words


def test_export_writes_program_and_plan(
    net: tuple[Network, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, path = net
    found = _json(capsys, "network", "export", path, "--to", str(tmp_path / "sdk"), "--format", "json")
    assert sorted(Path(f).name for f in found["files"]) == ["network.cpp", "plan.json"]
    text = (tmp_path / "sdk" / "network.cpp").read_text()
    assert "not in the SDK" not in text
    assert "load_weights();" in text
    assert main(["network", "plan", path, "--plan", str(tmp_path / "sdk" / "plan.json")]) == 0
    shown = np.arange(own.input.rows * own.input.columns).reshape(own.input.rows, -1) % 251
    np.save(tmp_path / "shown.npy", shown.astype(np.uint8))
    assert main(["network", "export", path, "--to", str(tmp_path / "sdk"), "--image", str(tmp_path / "shown.npy")]) == 0
    assert "--image " + str(tmp_path / "sdk" / "picture.png") in " ".join(capsys.readouterr().out.split())
    with Image.open(tmp_path / "sdk" / "picture.png") as file:
        np.testing.assert_array_equal(np.asarray(file), network.plan(own).built.picture(shown.astype(np.uint8)))
    other = replace(own, layers=own.layers[:2])
    assert "vs_post_int32" in source(network.plan(other))
