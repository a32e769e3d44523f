"""Random numbers without state: every draw is a function of what it is drawn for.

Fixed patterns are drawn once per chip by a counter-based generator of NumPy's (Philox), keyed by serial and purpose.
Noise of words is drawn for (seed, number of the word, purpose, PE) by one multiplication and one exclusive or, because
it is needed for 65,536 PEs in a few microseconds; the fast engine has the same lines as machine code.

- Of analog words a draw is uniform: mean 0, variance as given, never beyond 1.73 sd. It is the smallest error there is
  (0.14 LSB in `scamp5`), it is drawn the most often, and what a program makes adds up many of them. The two words of a
  macro take two draws of one hash.
- Of everything else it is the sum of four uniform bytes: never beyond 3.46 sd.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from scamp_sim.chip import isa
from scamp_sim.chip.planes import Floats
from scamp_sim.chip.program import Word

PURPOSES = 32
"""Draws that one word can need: its destinations, at most eleven, then these."""
PIX_READ, LOAD, DISTURB = 12, 13, 16

UNIT = float(np.sqrt(4 * (2.0**16 - 1) / 12))
"""Standard deviation of the sum of four uniform numbers 0..255."""

WORD_UNIT = float(2.0**32 / np.sqrt(12))
"""Standard deviation of a uniform number -2^31..2^31."""

_MASK = (1 << 64) - 1


def mixed(x: int) -> int:
    """A 64-bit number scrambled (SplitMix64, Steele et al. 2014)."""
    x = (x + 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


@lru_cache(8)
def ground(size: int) -> npt.NDArray[np.uint32]:
    """A fixed random number for each PE, uint32 (size,), each another: what the key of a draw is applied to.

    A draw is a product, whose lower bits depend on the lower bits of these numbers alone: two PEs that share the lower
    24 would have three of four bytes in common in every draw. So the lower 16 bits are one to one in the PEs of an
    array of 256x256, and the lower 24 in up to 2^24 PEs.
    """
    index = np.arange(size, dtype=np.uint32)
    low, high = index & np.uint32(0xFFFF), index >> np.uint32(16)
    for shift, factor in ((8, 0x2C1B), (7, 0x9A6D), (9, 0x6B43), (8, 1)):  # steps on 16 bits that can be undone
        low = ((low ^ (low >> np.uint32(shift))) * np.uint32(factor)) & np.uint32(0xFFFF)
    x = index
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):  # one to one on 32 bits (Wellons, 2018)
        x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
    middle = (x >> np.uint32(8)) & np.uint32(0xFF0000)
    if size > 1 << 16:  # one to one with the lower 16 bits: a number of theirs, and the rest of the index on top
        of_low = (low * np.uint32(0x9E3779B1) >> np.uint32(8)) & np.uint32(0xFF0000)
        middle = of_low ^ ((high & np.uint32(0xFF)) << np.uint32(16))
    found: npt.NDArray[np.uint32] = (x << np.uint32(24)) | middle | low
    return found


def measurement(serial: int, seed: int) -> int:
    """What the draws of one chip under one seed begin from, below 2^63."""
    return mixed(mixed(serial) ^ (seed & _MASK)) >> 1


def key(seed: int, number: int, purpose: int) -> tuple[np.uint32, np.uint32]:
    """(addend, odd factor) of the draws of word `number` for one purpose."""
    k = mixed(mixed(seed) ^ ((number * PURPOSES + purpose) & _MASK))
    return np.uint32(k & 0xFFFFFFFF), np.uint32((k >> 32) | 1)


def _hashes(shape: tuple[int, int], seed: int, number: int, purpose: int) -> npt.NDArray[np.uint32]:
    addend, factor = key(seed, number, purpose)
    return ((ground(shape[0] * shape[1]) ^ addend) * factor).reshape(shape)


def word_noise(shape: tuple[int, int], seed: int, number: int, purpose: int, second: bool = False) -> Floats:
    """One draw for each PE, float32 (rows, columns), uniform, mean 0, standard deviation WORD_UNIT.

    second: the other one of two, of the lower half of the hash, mixed with the upper.
    """
    h = _hashes(shape, seed, number, purpose)
    if second:
        h = (h << np.uint32(16)) ^ (h & np.uint32(0xFFFF0000))
    return np.asarray(h.view(np.int32), np.float32)


def noise(shape: tuple[int, int], seed: int, number: int, purpose: int) -> Floats:
    """One draw for each PE, float32 (rows, columns), mean 0, standard deviation UNIT."""
    h = _hashes(shape, seed, number, purpose)
    h ^= h >> np.uint32(16)
    four = h.view(np.uint8).reshape(*shape, 4)
    return np.asarray(four.sum(-1, dtype=np.int32) - 510, np.float32)


def completes(word: Word) -> bool:
    """Whether a word takes NEWS of its own PE on, as the second word of a macro does: it then takes the other draw of
    the word before, so that the fast engine needs one hash for both."""
    return (
        word.op == "bus"
        and len(word.dst) == 1
        and word.dst[0] in "ABCDEF"
        and "NEWS" in word.src
        and not ({*word.src} & {*isa.PORTS})
    )


def shares(destinations: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Register -> (i, n): which of the n destinations of a word it is; NEWS also for a port that drives it.

    They count in the order of the registers, not as a text names them: they are bits of one word.
    """
    given = {*destinations}
    each = [r for r in (*isa.ANALOG, *isa.PORTS) if r in given]
    found = {r: (i, len(each)) for i, r in enumerate(each)}
    driven = next((found[r] for r in each if r in isa.PORTS), None)
    if "NEWS" not in found and driven is not None:
        found["NEWS"] = driven
    return found


def generator(serial: int, purpose: str, *more: int) -> np.random.Generator:
    """A generator for one purpose of one chip or measurement."""
    code = zlib.crc32(purpose.encode())
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([serial, code, *more])))
