"""Plans: what is chosen, what it costs, that it is what runs, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scamp_sim.costs.timing import load_timing, profile
from scamp_sim.exceptions import PlaneError, ProgramError, ScampError
from scamp_sim.systems import network
from scamp_sim.systems.base.conformance import check_costs, check_golden
from scamp_sim.systems.network.golden import stage_names
from scamp_sim.systems.network.params import Conv, Counts, Dense, Input, Network, Pool
from scamp_sim.systems.network.planning.file import from_dict
from scamp_sim.systems.network.planning.levels import amplitude_for, gaps, levels, margins, merged
from scamp_sim.systems.network.planning.plan import Plan
from scamp_sim.systems.network.system import NetworkSystem, random_network
from tests.systems.network.floats import evaluate

PROFILE = "ideal:transfer_offset=20"
"""An array whose transfers add what those of a chip do, and nothing else."""


@pytest.fixture(scope="module")
def one() -> Plan:
    return network.plan(random_network("one", 0))


def _coarse(net: Network, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    small = rng.random((net.input.rows // 4 + 1, net.input.columns // 4 + 1)) < 0.4
    return np.asarray(np.kron(small, np.ones((4, 4)))[: net.input.rows, : net.input.columns] * 255, np.uint8)


def _assert_exact(plan: Plan, errors: str = "ideal", pictures: int = 2) -> None:
    """All stages and codes equal the integer model, with the converter's rounding of a dense layer's sums."""
    encoder = plan.build(errors=errors)
    for seed in range(pictures):
        picture = _coarse(plan.net, seed)
        model = encoder.model(picture[None])
        found = encoder.encode(picture[None], keep=stage_names(plan.net))
        for name, stage in found.stages.items():
            np.testing.assert_allclose(stage, model.stages[name], atol=1e-3, err_msg=name)
        assert any(name.endswith("bits") for name in found.stages)
        np.testing.assert_allclose(found.codes, model.codes, atol=1e-6)


def test_the_plan_of_a_binary_net_is_what_is_promised(one: Plan) -> None:
    document = json.loads(json.dumps(one.as_dict()))
    assert [row["name"] for row in document["layers"]] == ["input", "conv1", "pool1", "dense1"]
    for row in document["layers"]:
        assert {"name", "where", "words", "us", "margin"} <= row.keys()
    assert document["bytes"] == 16
    assert document["words"] <= 480
    assert document["us"] <= 300
    assert sum(row["words"] for row in document["layers"]) == document["words"]
    assert sum(row["us"] for row in document["layers"]) == pytest.approx(document["us"])
    assert document["layers"][3]["where"] == "array, 16 sums"
    on_controller = [a for a in one.alternatives if "dense1 on the controller" in a.what]
    assert on_controller[0].us - document["us"] > 3000
    assert "not chosen: blocks 4x4, dense1 on the controller" in one.text()
    assert max(map(len, one.text().splitlines())) <= 80


def test_a_plan_is_to_the_word_what_the_profile_says(one: Plan) -> None:
    for plan in (one, network.plan(random_network("counts", 1)), network.plan(random_network("one", 1), chip=PROFILE)):
        (program,) = plan.programs()
        seen = profile(program, load_timing("scamp5d"))
        assert plan.cost().words == seen.words == program.words
        mine = (
            sum(p.us or 0 for p in plan.cost().parts) - plan.built.products * load_timing("scamp5d")["mcu.mac.inlined"]
        )
        assert mine == pytest.approx(seen.time_us)
        assert plan.cost().readout_bytes == seen.readout_bytes


def test_a_compensated_net_stays_within_its_words() -> None:
    net = random_network("one", 0)
    few = replace(net.convs[0], threshold=np.clip(net.convs[0].threshold, -3, 3))
    plan = network.plan(replace(net, layers=(few, *net.layers[1:])), chip="scamp5")
    assert plan.choice.offset == 20
    assert plan.cost().words <= 540
    assert plan.cost().us is not None
    assert plan.cost().us <= 260


@pytest.mark.parametrize("shape", ["two", "strided", "counts"])
def test_other_shapes_equal_the_integer_model(shape: str) -> None:
    system = NetworkSystem(shape)
    check_golden(system)
    check_costs(system)


@pytest.mark.parametrize("shape", ["one", "strided"])
def test_programs_that_make_up_for_an_offset_are_exact_with_it(shape: str) -> None:
    _assert_exact(network.plan(random_network(shape, 2), chip=PROFILE), PROFILE, 1)


def test_two_layers_stay_within_their_words() -> None:
    net = random_network("two", 3)
    seven = replace(net.convs[0], threshold=np.clip(net.convs[0].threshold, -2, 4))
    plan = network.plan(replace(net, layers=(seven, *net.layers[1:])))
    assert len(plan.net.convs[0].levels) <= 7
    rows = {row["name"]: row for row in plan.as_dict()["layers"]}
    (program,) = plan.programs()
    second = [len(k.words) for name, k in program.kernels.items() if name.startswith("conv2_c")]
    assert len(second) == 16
    assert sum(second) / 16 <= 166  # behind a pool of 2x2, whose pixels are 8 PEs apart
    before = sum(row["us"] for name, row in rows.items() if name != "readout")
    assert sum(row["words"] for row in rows.values()) <= 3200
    assert before <= 700


def test_a_second_layer_takes_no_more_than_145_words_a_channel() -> None:
    net = random_network("two", 4)
    close = replace(net, layers=(net.layers[0], net.layers[2]))
    plan = network.plan(close)
    (program,) = plan.programs()
    second = [len(k.words) for name, k in program.kernels.items() if name.startswith("conv2_c")]
    assert sum(second) / 16 <= 145
    assert next(row["us"] for row in plan.as_dict()["layers"] if row["name"] == "conv2") <= 500
    _assert_exact(plan, pictures=1)


def test_kernels_turned_padded_and_pooled_to_the_minimum() -> None:
    rng = np.random.default_rng(8)
    first = Conv("conv1", rng.integers(-1, 2, (9, 1, 3, 3)), rng.integers(-3, 3, 9), padding=(1,) * 4, pad_value=1)
    deep = Conv("conv2", rng.integers(-1, 2, (9, 1, 3, 3)), rng.integers(-3, 3, 9), padding=(1,) * 4, depthwise=True)
    third = Conv(
        "conv3", rng.integers(-1, 2, (5, 9, 3, 3)), rng.integers(-5, 7, 5), padding=(1,) * 4, pad_value=-1, stride=2
    )
    net = Network(
        Input(60, 64, above=100),
        (first, Pool("pool1", 2, 2, every=rng.random(9) < 0.5), deep, third, Pool("pool3", 4, 4)),
    )
    _assert_exact(network.plan(net), pictures=1)
    _assert_exact(network.plan(net, chip=PROFILE), PROFILE, 1)


def test_a_dense_layer_of_three_levels_on_a_part_of_the_array() -> None:
    rng = np.random.default_rng(9)
    maps = Conv("conv1", rng.choice([-1, 1], (8, 1, 3, 3)), rng.integers(-5, 6, 8), padding=(1,) * 4, pad_value=-1)
    scores = Dense("dense1", rng.integers(-1, 2, (16, 8 * 14 * 14)), rng.random(16), rng.normal(size=16))
    net = Network(Input(56, 56), (maps, Pool("pool1", 4, 4), scores))
    plan = network.plan(net)
    assert plan.choice.sums == "16"
    _assert_exact(plan, pictures=1)
    for sums in ("64", "sparse"):
        _assert_exact(network.plan(net, sums=sums), pictures=1)


def test_large_pictures_leave_map_by_map_and_events_where_they_are_few() -> None:
    rng = np.random.default_rng(1)
    net = Network(
        Input(200, 150), (Conv("conv1", rng.choice([-1, 1], (2, 1, 7, 7)), np.array([9, -4]), padding=(3,) * 4),)
    )
    plan = network.plan(net)
    assert plan.choice.layout == "serial"
    _assert_exact(plan, pictures=1)
    small = Network(Input(28, 28), (Conv("conv1", rng.choice([-1, 1], (3, 1, 3, 3)), np.array([5, 7, 7])),))
    events = network.plan(small, events=100, layout="blocks")
    assert events.choice.read == "events"
    assert (events.cost().us or 0) < (network.plan(small, layout="blocks").cost().us or 0)


def test_a_plan_is_data(one: Plan) -> None:
    again = from_dict(one.net, json.loads(json.dumps(one.as_dict())))
    assert again.choice == one.choice
    assert again.cost().as_dict() == one.cost().as_dict()
    with pytest.raises(ProgramError, match="this plan is of another network: conv1 with 16 channels"):
        from_dict(random_network("counts", 0), one.as_dict())
    with pytest.raises(ProgramError, match="not a plan"):
        from_dict(one.net, {"choice": {"layout": "blocks"}})


@pytest.mark.parametrize("part", ["threshold", "kernels", "dense"])
def test_a_plan_of_the_same_shape_but_another_network_is_refused(one: Plan, part: str) -> None:
    """The words are the same; levels and constants are not."""
    document = json.loads(json.dumps(one.as_dict()))
    conv, pool, dense = one.asked.layers
    assert isinstance(conv, Conv)
    assert isinstance(dense, Dense)
    layers = {
        "threshold": (replace(conv, threshold=conv.threshold + 1), pool, dense),
        "kernels": (replace(conv, weights=-conv.weights), pool, dense),
        "dense": (conv, pool, replace(dense, weights=-dense.weights)),
    }[part]
    with pytest.raises(ProgramError, match=r"of another network; its layers are input \(\d+ words\)"):
        from_dict(replace(one.asked, layers=layers), document)


def test_a_file_keeps_what_was_asked_for() -> None:
    """A profile of another offset makes the plan again, with the same wishes."""
    plan = network.plan(random_network("one", 0), controller=True, amplitude=5, levels=3)
    again_ = from_dict(plan.asked, json.loads(json.dumps(plan.as_dict())))
    assert [m.as_dict() for m in again_.margins()] == [m.as_dict() for m in plan.margins()]
    assert again_.build(PROFILE).plan.choice == plan.build(PROFILE).plan.choice
    document = plan.as_dict()
    for wrong in ("none", {"levels": "many"}):
        with pytest.raises(ProgramError, match="not a plan"):
            from_dict(plan.asked, {**document, "wish": wrong})


def test_sums_too_coarse_to_decide_by_are_not_taken(one: Plan) -> None:
    """A code is a fixed number of matches: few features make it a large share of all, and the controller decides."""
    assert one.built.dense is not None
    assert not any("too coarse" in why for why in one.refused)
    rng = np.random.default_rng(1)
    few = Network(
        Input(16, 16),
        (
            Conv("conv1", rng.choice([-1, 1], (4, 1, 3, 3)), np.array([1, 3, 1, -1]), padding=(1,) * 4),
            Pool("pool1", 4, 4),
            Dense("dense1", rng.choice([-1, 1], (10, 4 * 16)), np.ones(10), np.zeros(10)),
        ),
    )
    plan = network.plan(few)
    assert plan.as_dict()["layers"][-1]["where"] == "controller"
    assert "17 matches of 64, too coarse to decide by" in " ".join(plan.text().split())
    _assert_exact(plan)
    conv, pool, _ = few.layers
    scores = Dense("dense1", rng.choice([-1, 1], (10, 4 * 196)), np.ones(10), np.zeros(10))
    more = Network(Input(56, 56), (conv, pool, scores))
    why = (
        "note: dense1: not in the array, since a code of its sums would be 17 matches of 784, too coarse to decide by; "
    )
    assert why + "--sums 64 is four times as fine" in " ".join(network.plan(more).text().split())
    assert network.plan(more, sums="64").as_dict()["layers"][-1]["where"] == "array, 64 sums"


def test_what_is_minimised_decides(one: Plan) -> None:
    assert network.plan(one.net, by="words").cost().words <= one.cost().words
    with pytest.raises(ProgramError, match=r"by 'speed': expected one of us, words, energy, noise"):
        network.plan(one.net, by="speed")
    with pytest.raises(ScampError, match=r"^unknown timing 'fast'"):
        network.plan(one.net, timing="fast")


def test_levels_share_a_constant_only_where_no_bit_changes() -> None:
    w = np.ones((4, 1, 3, 3))
    without = Conv("c", w, np.array([2, 3, 5, 30]))
    found = gaps(without)  # sums of nine +-1 are odd: thresholds of 2 and 3 are one gap, from 1 to 3
    assert [(g.below, g.above) for g in found[:3]] == [(1, 3), (1, 3), (3, 5)]
    assert found[3].constant == "never"
    assert amplitude_for(found) == 17
    assert amplitude_for(found, gain=0.05) == 110  # what is lost on the way cannot be loaded on top of the converter
    chosen = levels(found, 10)
    assert chosen == (20, 20, 39, "never") or len({chosen[0], chosen[1]}) == 1
    padded = gaps(Conv("c", w, np.array([2, 3, 5, -9]), padding=(1,) * 4))  # six taps at the border: even sums
    assert [(g.below, g.above) for g in padded[:3]] == [(1, 2), (2, 3), (4, 5)]
    assert padded[3].constant == "always"
    for unit in (1.0, 1.25, 2.5, 17.0):
        for g, level in zip(padded, levels(padded, unit), strict=True):
            if g.below is not None:
                assert g.above is not None
                assert g.below * unit <= int(level) < g.above * unit
    assert min(margins(padded, levels(padded, 10), 10)) > 0


def test_fewer_levels_move_the_fewest_thresholds() -> None:
    net = random_network("one", 0)
    few, notes = merged(net, 3)
    assert len(few.convs[0].levels) == 3
    assert "thresholds became 3" in notes[0]
    plan = network.plan(net, levels=3)
    assert plan.net.convs[0].levels == few.convs[0].levels
    assert (plan.cost().us or 0) + 40 < (network.plan(net).cost().us or 0)
    _assert_exact(plan, pictures=1)


@pytest.mark.parametrize(("stride", "pool"), [(2, 4), (4, 2)])
def test_strided_layers_end_in_the_array(stride: int, pool: int) -> None:
    """Maximum and minimum over values with PEs between them that do not count, and a dense layer by sums behind."""
    g = np.random.default_rng(stride)
    conv = Conv("conv1", g.integers(-1, 2, (16, 1, 4, 4)), g.integers(-3, 5, 16), stride=stride, padding=(1,) * 4)
    pooled = Pool("pool1", pool, pool, g.random(16) < 0.4)
    features = int(np.prod(Network(Input(64, 64), (conv, pooled)).shapes()[-1]))
    dense = Dense("dense1", g.choice([-1, 1], (10, features)), np.ones(10), np.zeros(10))
    plan = network.plan(Network(Input(64, 64), (conv, pooled, dense)))
    assert (plan.choice.layout, plan.choice.array) == ("blocks", 3)
    assert (plan.cost().us or 0) < 250
    _assert_exact(plan)
    elsewhere = network.plan(plan.net, layout="macropixels")
    assert "note: dense1: not in the array, since macropixels have their slots full" in elsewhere.text()


def test_thresholds_that_are_never_reached_cost_nothing() -> None:
    net = random_network("one", 0)
    first = net.convs[0]
    threshold = first.threshold.copy()
    threshold[:6], threshold[6:9] = 26, -25
    plan = network.plan(replace(net, layers=(replace(first, threshold=threshold), *net.layers[1:])))
    assert [m.distance for m in plan.margins()[:9]] == [float("inf")] * 9
    _assert_exact(plan, pictures=1)


def _kernel(total: int) -> Any:
    flat = np.full(25, -1)
    flat[: (25 + total) // 2] = 1
    return np.random.default_rng(0).permutation(flat).reshape(1, 5, 5)


def test_unaware_thresholds_are_flagged() -> None:
    """A dark background gives +13, +15 and +13. The first is to stay off in every window of 16, the second on, where a
    minimum shows each of them; one level between 13 and 15 cannot do both, and two still leave one flagged."""
    w = np.stack([_kernel(-13), _kernel(-15), _kernel(-13)])
    pool = Pool("pool1", 4, 4, np.array([False, True, False]))
    net = Network(Input(64, 64), (Conv("conv1", w, np.array([14, 14, 19]), padding=(2,) * 4), pool))
    plan = network.plan(net, chip="scamp5")
    assert [m.flagged for m in plan.margins()] == [False, True, False]
    assert "conv1: 1 channel lies too near to a background; channel 1" in plan.text()
    together = network.plan(net, chip="scamp5", levels=2)
    assert [m.flagged for m in together.margins()] == [True, True, False]
    assert "conv1: 2 channels lie too near to a background; channel 1" in together.text()
    assert all(not m.flagged for m in network.plan(net).margins())


def test_levels_keep_away_from_sums_of_the_border() -> None:
    """Inside a picture 3x3 taps are odd sums, at its padded border even ones, and the middle between two odd sums is an
    even one: of the border of a dark picture, for these kernels and thresholds."""
    w = np.array([[[1, -1, 1], [1, 1, -1], [1, -1, 1]]] * 2).reshape(2, 1, 3, 3)
    w[1, 0] = [[1, 1, 1], [-1, 1, -1], [-1, 1, 1]]
    net = Network(Input(24, 24), (Conv("conv1", w, np.array([-2, 0]), padding=(1,) * 4), Pool("pool1", 2, 2)))
    plan = network.plan(net, chip="scamp5")
    assert all(m.wrong < 0.005 for m in plan.margins())
    encoder = plan.build(chip=5)
    for picture in (np.zeros((24, 24), bool), np.ones((24, 24), bool)):
        exact = network.forward(net, picture[None], keep=["pool1.bits"]).stages["pool1.bits"][0]
        seen = encoder.run(picture, keep=["pool1.bits"]).stages["pool1.bits"]
        assert np.mean(seen != exact) <= 0.01


def test_activations_of_two_bits_run_on_the_array() -> None:
    """A ReLU of 2 bits, its maximum, a ternary layer over it with another one, and means: what floats give, on an array
    without errors."""
    g = np.random.default_rng(4)
    arrays: dict[str, Any] = {"a": g.choice([-1, 1], (4, 1, 3, 3)) * 0.3, "b": g.integers(-1, 2, (4, 4, 3, 3)) * 0.2}
    arrays |= {"d": g.normal(size=(3, 4)), "n": g.normal(size=4)}
    few = {"op": "levels", "at": [0.25, 0.75, 1.25], "values": [0, 0.5, 1, 1.5]}
    layers: list[dict[str, Any]] = [
        {"op": "conv", "weights": "a", "padding": 1},
        few,
        {"op": "max", "size": 2},
        {"op": "conv", "weights": "b", "padding": 1},
        {"op": "affine", "shift": "n"},
        few,
        {"op": "mean"},
        {"op": "flatten"},
        {"op": "dense", "weights": "d"},
    ]
    net = network.read({**arrays, "description": {"input": {"size": [16, 16]}, "layers": layers}})
    assert [conv.channels for conv in net.convs] == [12, 12]
    pictures = g.random((3, 16, 16)) < 0.4
    wanted = evaluate(layers, arrays, np.where(pictures, 1.0, -1.0)[:, None])
    encoder = network.plan(net).build()
    for picture, scores in zip(pictures, wanted, strict=True):
        np.testing.assert_allclose(encoder.run(picture).codes.ravel(), scores, atol=1e-6)


def test_one_large_threshold_behind_others_is_warned_of() -> None:
    """The converter holds a threshold of 60 of 72 taps only where a tap of every channel is below 1 LSB."""
    g = np.random.default_rng(0)
    first = Conv("conv1", g.choice([-1, 1], (8, 1, 3, 3)), np.zeros(8), padding=(1,) * 4)
    threshold = np.array([0, 3, 60, -2])
    second = Conv("conv2", g.choice([-1, 1], (4, 8, 3, 3)), threshold, padding=(1,) * 4)
    net = Network(Input(16, 16), (first, second))
    warned = "conv2: a threshold of 60 taps (channel 2) leaves 0.8 LSB a tap to all channels"
    assert any(warned in line for line in network.plan(net, chip="scamp5").warnings())
    assert not any("LSB a tap" in line for line in network.plan(net).warnings())
    near = replace(net, layers=(first, replace(second, threshold=np.minimum(threshold, 3))))
    assert not any("LSB a tap" in line for line in network.plan(near, chip="scamp5").warnings())


def test_what_cannot_be_planned_says_what_would(one: Plan) -> None:
    net = one.net
    wide = Conv("conv1", np.ones((40, 1, 5, 5)), np.zeros(40), padding=(2,) * 4)
    second = Conv("conv2", np.ones((4, 40, 3, 3)), np.zeros(4))
    with pytest.raises(
        ProgramError, match=r"does not fit the array: 4x4 slots: up to 16 maps of 64x64 fit; conv1 makes 40"
    ):
        network.plan(Network(Input(64, 64), (wide, second)))
    with pytest.raises(ProgramError, match=r"input of 300x300: the array has 256x256 PEs; place a smaller picture"):
        network.plan(Network(Input(300, 300), (wide,)))
    with pytest.raises(ProgramError, match=r"amplitude 500: expected 1\.\.120 LSB a tap, which the converter can hold"):
        network.plan(net, amplitude=500)
    with pytest.raises(ProgramError, match=r"conv1: .*constant to compare with|does not fit the array"):
        network.plan(net, amplitude=60)
    far = Conv("conv1", np.full((1, 1, 15, 15), 7), np.array([1500]))
    with pytest.raises(ProgramError, match=r"conv1: a threshold lies 1497 taps from 0|taps from 0"):
        network.plan(Network(Input(64, 64), (far,)))
    deep = [
        Conv(f"conv{n}", np.ones((16, 16 if n > 1 else 1, 3, 3)), np.zeros(16), padding=(1,) * 4) for n in range(1, 16)
    ]
    with pytest.raises(
        ProgramError, match=r"macropixels: a program holds 12,288 statements, and conv\d+ goes beyond them; networks of"
    ):
        network.plan(Network(Input(64, 64), tuple(deep)))
    with pytest.raises(ProgramError, match="levels: expected at least 1, got 0"):
        network.plan(net, levels=0)
    with pytest.raises(PlaneError, match=r"expected a clip of shape \(1, 64, 64\)"):
        one.build().encode(np.zeros((1, 28, 28), np.uint8))
    with pytest.raises(PlaneError, match="pictures of 28x28 do not fit"):
        one.build().run(np.zeros((28, 28), np.uint8))


def test_counts_and_overlapping_pools_are_the_controllers() -> None:
    rng = np.random.default_rng(0)
    maps = Conv("conv1", rng.choice([-1, 1], (3, 1, 3, 3)), np.zeros(3))
    for behind in (Counts("counts1", 9, 8), Pool("pool1", 3, 2)):
        plan = network.plan(Network(Input(28, 28), (maps, behind)))
        assert plan.as_dict()["layers"][-1]["where"] == "controller"
        _assert_exact(plan, pictures=1)
