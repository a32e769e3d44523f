"""Random numbers without state: every draw is a function of what it is drawn for.

Fixed patterns are drawn once per chip by a counter-based generator of NumPy's (Philox), keyed by serial and purpose.
Noise of words is drawn for (seed, number of the word, purpose, PE) by one multiplication and one exclusive or, because
it is needed for 65,536 PEs in a few microseconds; the fast engine has the same lines as machine code. A draw is the sum
of two uniform bytes: mean 0, variance as given, never beyond 2.45 sd. The two words of a macro take the four bytes of
one 32-bit number, two each: together they are the sum of four.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from scamp_sim import isa
from scamp_sim.planes import Floats
from scamp_sim.program import Word

PURPOSES = 32
"""Draws that one word can need: its destinations, at most eleven, then these."""
PIX_READ, LOAD, DISTURB = 12, 13, 16

UNIT = float(np.sqrt(2 * (2.0**16 - 1) / 12))
"""Standard deviation of the sum of two uniform numbers 0..255."""

_MASK = (1 << 64) - 1


def mixed(x: int) -> int:
    """A 64-bit number scrambled (SplitMix64, Steele et al. 2014)."""
    x = (x + 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


@lru_cache(8)
def ground(size: int) -> npt.NDArray[np.uint32]:
    """A fixed random number for each PE, uint32 (size,): what the key of a draw is applied to."""
    return np.array([mixed(i) & 0xFFFFFFFF for i in range(size)], np.uint32)


def key(seed: int, number: int, purpose: int) -> tuple[np.uint32, np.uint32]:
    """(addend, odd factor) of the draws of word `number` for one purpose."""
    k = mixed(mixed(seed) ^ ((number * PURPOSES + purpose) & _MASK))
    return np.uint32(k & 0xFFFFFFFF), np.uint32((k >> 32) | 1)


def noise(shape: tuple[int, int], seed: int, number: int, purpose: int, second: bool = False) -> Floats:
    """One draw for each PE, float32 (rows, columns), mean 0, standard deviation UNIT. second: the other one of two."""
    addend, factor = key(seed, number, purpose)
    h = (ground(shape[0] * shape[1]) ^ addend) * factor
    h ^= h >> np.uint32(16)
    pair = h >> np.uint32(16) if second else h & np.uint32(0xFFFF)
    drawn = (pair & np.uint32(0xFF)).astype(np.int32) + (pair >> np.uint32(8)).astype(np.int32) - 255
    return drawn.astype(np.float32).reshape(shape)


def completes(word: Word) -> bool:
    """Whether a word takes NEWS of its own PE on, as the second word of a macro does: it then uses the other draw of
    the word before, so that the fast engine makes one for both."""
    return (
        word.op == "bus"
        and len(word.dst) == 1
        and word.dst[0] in "ABCDEF"
        and "NEWS" in word.src
        and not ({*word.src} & {*isa.PORTS})
    )


def shares(destinations: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Register -> (i, n): which of the n destinations of a word it is; NEWS also for a port that drives it."""
    each = tuple(dict.fromkeys(destinations))
    found = {r: (i, len(each)) for i, r in enumerate(each)}
    driven = next((found[r] for r in each if r in isa.PORTS), None)
    if "NEWS" not in found and driven is not None:
        found["NEWS"] = driven
    return found


def generator(serial: int, purpose: str, *more: int) -> np.random.Generator:
    """A generator for one purpose of one chip or measurement."""
    code = zlib.crc32(purpose.encode())
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([serial, code, *more])))
