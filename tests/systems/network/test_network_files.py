"""Networks in words, as JSON, in files, and on the command line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.cli.main import main
from scamp_sim.exceptions import ProgramError
from scamp_sim.systems import network
from scamp_sim.systems.network.params import Conv, Dense, Input, Network, Pool
from scamp_sim.systems.network.store import check
from tests.systems.network.floats import draw


def drawn(seed: int) -> Network:
    layers, arrays, values, size = draw(seed)
    description = {"input": {"size": size, "values": values}, "layers": layers}
    return network.read({**arrays, "description": description})


@pytest.mark.parametrize("seed", range(20))
def test_saved_networks_are_the_same(seed: int, tmp_path: Path) -> None:
    net = drawn(seed)
    net.save(tmp_path / "net.npz")
    again = network.read(tmp_path / "net.npz")
    assert (again.input, again.classes, again.notes) == (net.input, net.classes, net.notes)
    for one, other in zip(net.layers, again.layers, strict=True):
        assert type(one) is type(other)
        for name, value in vars(one).items():
            np.testing.assert_array_equal(value, getattr(other, name), name)
    assert str(again) == str(net)


@pytest.mark.parametrize("seed", range(20))
def test_words_fit_a_terminal(seed: int) -> None:
    lines = str(drawn(seed)).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("network")


def small() -> Network:
    conv = Conv("conv1", np.ones((2, 1, 3, 3)), np.array([3, 20]), padding=(1, 1, 1, 1), node="first")
    dense = Dense("dense1", np.array([[1], [-1]], np.int8).repeat(8, axis=1), np.ones(2), np.zeros(2))
    return Network(Input(4, 4), (conv, Pool("pool1", 2, 2), dense), ("no", "yes"), ("a note",), "here")


def test_words() -> None:
    assert str(small()) == (
        "network  here: 3 layers\n"
        "input    4x4 bits, bright where grey > 126 (1 in training, dark -1)\n"
        "classes  no, yes\n"
        "\n"
        "layer   what             gives  integers  thresholds\n"
        "----------------------------------------------------\n"
        "conv1   2 of 3x3, pad 1  2x4x4  +-1       3\n"
        "pool1   max 2x2          2x2x2\n"
        "dense1  dense 8 to 2     2      +-1       bias 0..0\n"
        "\n"
        "conv1    +1 where the sum is at least 3, never\n"
        "         sums of weights 9, 9\n"
        "note     a note\n"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": np.full((2, 1, 3, 3), 100)}, "weights of at most 7 bits"),
        ({"weights": np.ones((2, 2, 3, 3))}, "kernels for 1 channels"),
        ({"stride": 3}, "a stride of 1, 2 or 4"),
        ({"padding": (3, 0, 0, 0)}, "padding of four numbers below 3"),
        ({"pad_value": 2}, "a pad value"),
        ({"threshold": np.zeros(3)}, "one threshold a channel"),
        ({"name": "pool1"}, "a name is given twice"),
    ],
)
def test_networks_put_together_by_hand_are_checked(change: dict[str, Any], message: str) -> None:
    net = small()
    check(net)
    first = net.layers[0]
    assert isinstance(first, Conv)
    with pytest.raises(ProgramError, match=message):
        check(dataclasses.replace(net, layers=(dataclasses.replace(first, **change), *net.layers[1:])))


def test_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    small().save(path)
    with np.load(path) as found:
        arrays = dict(found)
    text = json.loads(str(arrays["network"]))
    for change, message in (
        ({"version": 2}, "written by another version"),
        ({"layers": []}, "expected at least one"),
        ({"layers": [{"kind": "lstm"}]}, "not a network as it was saved"),
        ({"input": {"rows": 4}}, "not a network as it was saved"),
        ({"input": {**text["input"], "rows": -4}}, "rows must be an integer"),
        ({"classes": 3}, "not a network as it was saved"),
    ):
        np.savez(path, **{**arrays, "network": np.array(json.dumps({**text, **change}))})
        with pytest.raises(ProgramError, match=message):
            network.read(path)
    np.savez(path, **{k: v for k, v in arrays.items() if k != "conv1.weights"})
    with pytest.raises(ProgramError, match="conv1: the array of its weights is missing"):
        network.read(path)


def test_a_saved_network_can_be_placed_again(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    small().save(path)
    again = network.read(path, above=10, place={"scale": 2})
    assert again.input == Input(4, 4, above=10, scale=2)
    with pytest.raises(ProgramError, match="holds integers already"):
        network.read(path, zero=1)
    with pytest.raises(ProgramError, match="choose scale, shrink and pad so that"):
        network.read(path, place={"scale": 3})
    with pytest.raises(ProgramError, match=r"saved as \.npz"):
        small().save(tmp_path / "net.onnx")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "net.npz", tmp_path / "again.npz"
    small().save(path)
    assert main(["network", "read", str(path), "--place", "scale=2", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "placed   pictures of 2x2, each pixel 2x2 times" in said
    assert said.endswith(f"saved    {out}\n")
    assert main(["network", "read", str(out), "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["input"]["place"]["scale"] == 2
    assert document["layers"][0]["thresholds"] == [3, 20]
    for code, line in (
        (1, ["read", str(tmp_path / "none.onnx")]),
        (2, ["read", str(path), "--place", "scale"]),
        (2, ["read", str(path), "--values", "0"]),
        (1, ["read", str(path), "--out", str(path)]),
        (2, ["read", str(path), "--out", str(tmp_path / "net.txt")]),
    ):
        assert main(["network", *line]) == code
        assert "scamp-sim: error:" in capsys.readouterr().err


def test_a_description_beside_its_arrays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Arrays as a framework leaves them, and what they are, in a file of its own."""
    arrays, text, whole = (str(tmp_path / name) for name in ("weights.npz", "net.json", "net.npz"))
    description = {"input": {"size": 12}, "layers": [{"op": "conv", "weights": "w"}, {"op": "sign", "at": 2}]}
    np.savez(arrays, w=np.ones((1, 1, 3, 3)))
    Path(text).write_text(json.dumps(description))
    assert main(["network", "plan", arrays, "--describe", text]) == 0
    assert "conv 1@3x3 +-1, 1 level" in capsys.readouterr().out
    network.read(arrays, description=description).save(whole)
    for line, message in (
        (
            [arrays],
            "weights.npz: no description of the layers; add an array 'description', or give a file (--describe)",
        ),
        ([arrays, "--describe", str(tmp_path / "none.json")], "none.json: no such file"),
        ([whole, "--describe", text], "network net.npz: says what its layers are; leave the description (--describe)"),
        ([str(tmp_path)], "is a folder; expected a file .onnx or .npz"),
        ([str(tmp_path / "net")], "no such file; expected a file .onnx or .npz"),
    ):
        assert main(["network", "plan", *line]) == 1
        assert message in capsys.readouterr().err.replace("\n", " ")
    with pytest.raises(ProgramError, match="has a description of its own"):
        network.read({"w": np.ones(3), "description": description}, description=description)


def test_a_network_that_is_blind_says_so() -> None:
    conv = Conv("conv1", np.ones((2, 1, 3, 3)), np.array([10, -20]))
    dense = Dense("dense1", np.ones((2, 8), np.int8), np.ones(2), np.zeros(2))
    blind = Network(Input(4, 4), (conv, dense))
    assert [warning.partition(":")[0] for warning in blind.warnings()] == ["conv1", "dense1"]
    assert "warning  conv1: no sum crosses a threshold" in str(blind)
    assert network.plan(blind).warnings()[:2] == blind.warnings()
    assert small().warnings() == ()
