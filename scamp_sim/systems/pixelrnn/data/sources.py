"""Weights by the name that a user gives them, and the seeds of the synthetic gestures."""

from __future__ import annotations

from scamp_sim.exceptions import OptionError
from scamp_sim.reading import is_there
from scamp_sim.systems.pixelrnn.params import Weights

RANDOM = "random"
"""The name of random weights."""

SIGNS = "signs"
"""What stands behind the name of a file whose weights are latent."""

TRAIN_SEED, TEST_SEED = 0, 1000
"""Seeds of synthetic gestures: those to train and to re-fit decoders on, and those to test networks on."""


def load_weights(source: str) -> Weights:
    """Weights from a file, or random ones. Raises ProgramError.

    source: a file, FILE:signs for the signs of latent weights, "random" or "random:SEED".
    """
    seed = _seed(source)
    if seed is not None:
        return Weights.random(seed, classes=9)
    file, colon, form = source.rpartition(":")
    latent = bool(colon) and form == SIGNS
    return Weights.load(file if latent else source, binarise=latent)


def describe_weights(source: str) -> str:
    """Where weights are from, in words. Raises ProgramError."""
    seed = _seed(source)
    return source if seed is None else f"random (seed {seed})"


def _seed(source: str) -> int | None:
    """The seed of random weights; None for those in a file. Raises ProgramError."""
    name, colon, seed = source.partition(":")
    if name != RANDOM or is_there(source):
        return None
    if colon and not (seed.isascii() and seed.isdecimal() and len(seed) < 20):
        raise OptionError(f"weights {source:.60}: write {RANDOM}:SEED, such as {RANDOM}:1")
    return int(seed or 1)


__all__ = ["RANDOM", "TEST_SEED", "TRAIN_SEED", "describe_weights", "load_weights"]
