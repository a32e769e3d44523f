"""The synthetic gestures: what they depend on, and that shape and motion are there to be seen, also in bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scamp_sim.exceptions import ProgramError
from scamp_sim.systems.pixelrnn import golden
from scamp_sim.systems.pixelrnn.data import gestures

CLIPS, LABELS = gestures.dataset(8, seed=3)
BITS = golden.binarise(CLIPS)


def of(name: str) -> np.ndarray:
    """The bits of all clips of the classes that begin or end so."""
    wanted = [i for i, c in enumerate(gestures.CLASSES) if c.startswith(name) or c.endswith(name)]
    return BITS[np.isin(LABELS, wanted)]


def centre(bits: np.ndarray) -> np.ndarray:
    """Column of the centre of the white part in the upper three quarters: of the hand, not of the forearm."""
    upper = bits[..., :48, :]
    return np.asarray((upper * np.arange(64)).sum((-2, -1)) / upper.sum((-2, -1)))


def test_names() -> None:
    assert len(gestures.CLASSES) == 9
    assert gestures.CLASSES[0] == "flat/leftward"
    assert gestures.CLASSES[5] == "spread/contract"
    assert gestures.CLASSES[7] == "v/rightward"


@pytest.mark.parametrize("size", gestures.SIZES)
def test_shape_type_and_label(size: int) -> None:
    frames, label = gestures.clip("v/leftward", seed=1, size=size)
    found: Any = (frames.shape, frames.dtype, label)
    assert found == ((16, size, size), np.uint8, 6)
    same, _ = gestures.clip(6, seed=1, size=size)
    np.testing.assert_array_equal(frames, same)


def test_a_clip_depends_on_seed_and_index_only() -> None:
    assert CLIPS.shape == (72, 16, 64, 64)
    assert LABELS.tolist() == list(range(9)) * 8
    for index in (70, 3, 41):
        frames, label = gestures.clip(index, seed=3)
        np.testing.assert_array_equal(frames, CLIPS[index])
        assert label == LABELS[index]
    assert not np.array_equal(gestures.clip(3, seed=4)[0], CLIPS[3])
    assert not np.array_equal(CLIPS[3], CLIPS[12])


def test_both_sizes_show_the_same_scene() -> None:
    for index in range(9):
        small, large = (gestures.clip(index, seed=2, size=s)[0].astype(float) for s in (64, 256))
        scaled = large.reshape(16, 64, 4, 64, 4).mean((2, 4))
        assert np.corrcoef(small.ravel(), scaled.ravel())[0, 1] > 0.98
        assert np.abs(small - scaled).mean() < 6


def test_the_hand_is_there_after_binarisation() -> None:
    share = BITS.mean((2, 3))
    assert (share > 0.06).all()
    assert (share < 0.65).all()
    # White is mostly one piece around the middle, not a background that has turned over.
    assert BITS[:, :, :4, :].mean() < 0.15


def test_motion_is_there_after_binarisation() -> None:
    moved = {m: centre(of(m)[:, -1]) - centre(of(m)[:, 0]) for m in gestures.MOTIONS}
    assert (moved["leftward"] < -3).all()
    assert (moved["rightward"] > 3).all()
    assert (np.abs(moved["contract"]) < 4.5).all()


def test_contraction_is_there_after_binarisation() -> None:
    """A fist is shorter than a hand; closed fingers take less width than spread ones."""

    def top(bits: np.ndarray) -> np.ndarray:
        return np.asarray((bits[..., 12:52].sum(-1) > 2).argmax(-1))

    def width(bits: np.ndarray) -> np.ndarray:
        columns = bits.sum(-2) > 6  # a corner that the light turns white is not meant
        return np.asarray(64 - columns[..., ::-1].argmax(-1) - columns.argmax(-1))

    clips = of("flat/contract")
    assert (top(clips[:, -1]) - top(clips[:, 0]) > 6).all()
    clips = of("spread/contract")
    assert (width(clips[:, 0]) - width(clips[:, -1]) > 3).all()
    # V: between the two fingers there is ground, and at the end less of it.
    clips = of("v/contract")
    assert (clips[:, 0].sum((1, 2)) != clips[:, -1].sum((1, 2))).all()


@pytest.mark.parametrize("shape", range(3))
def test_nothing_about_the_first_frame_gives_the_motion_away(shape: int) -> None:
    """In one scene, all motions of a hand shape start from the same pose."""
    for seed in range(20):
        scene = gestures._scene(np.random.default_rng(seed))
        first, *others = (gestures._pose(scene, 3 * shape + motion, 0) for motion in range(3))
        for other in others:
            assert (other.wrist, other.turn) == (first.wrist, first.turn)
            np.testing.assert_array_equal(other.directions, first.directions)
            np.testing.assert_array_equal(other.lengths, first.lengths)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("spread/leftwards",), "no gesture 'spread/leftwards'; did you mean 'spread/leftward'"),
        (("wave",), "there are flat/leftward, flat/rightward"),
        ((-1,), "index_or_class must be .*, got -1"),
        ((1.5,), "index_or_class must be .*, got 1.5"),
        ((1, -2), "seed must be .*, got -2"),
        ((1, 0, 128), "size is 128; clips are drawn at 64 or at 256"),
    ],
)
def test_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        gestures.clip(*arguments)


def test_dataset_refuses_nothing_at_all() -> None:
    with pytest.raises(ProgramError, match="n_per_class must be an integer of at least 1, got 0"):
        gestures.dataset(0)
