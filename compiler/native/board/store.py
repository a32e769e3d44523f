"""The kernel store of the board over the time of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scamp_sim.chip.isa import STORE_WORDS
from scamp_sim.chip.program import Input, Kernel, Program, Step, stored_words


class Store:
    """Words that the kernels which exist take. Static ones hold theirs until their object is gone; a dynamic one uses
    what is left while it is recorded."""

    def __init__(self) -> None:
        self._held: dict[int, int] = {}
        self._static = 0
        self._longest = 0
        self._told = False

    @property
    def used(self) -> int:
        """Words that are taken now, with room for the longest dynamic kernel so far."""
        return self._static + self._longest

    def recorded(self, kernel: Kernel) -> str:
        """A kernel was recorded; what is wrong with that, or ""."""
        if kernel.storage == "dynamic":
            self._longest = max(self._longest, len(kernel.words))
        return self._full(kernel)

    def put(self, number: int, kernel: Kernel) -> str:
        """The kernel object `number` holds this one from now on; what is wrong with that, or ""."""
        self.drop(number)
        size = len(kernel.words) if kernel.storage == "static" else 0
        self._held[number] = size
        self._static += size
        return self._full(kernel)

    def drop(self, number: int) -> None:
        """The kernel object `number` is gone."""
        self._static -= self._held.pop(number, 0)

    def _full(self, kernel: Kernel) -> str:
        if self._told or self.used <= STORE_WORDS:
            return ""
        self._told = True
        return (
            f"kernel '{kernel.name}' of {len(kernel.words)} words does not fit the store of {STORE_WORDS}: with it "
            f"{self.used} words are wanted"
        )


def fitting(name: str, kernels: Mapping[str, Kernel], steps: tuple[Step, ...], whole: bool = False) -> Program:
    """A program of steps that ran. Kernels which came and went may be more together than the store holds: then the
    largest stand as if they were on the heap."""
    chosen = dict(kernels)
    static = sorted((k for k in chosen.values() if k.storage != "heap"), key=lambda k: -len(k.words))
    for kernel in static:
        if stored_words((k.storage, len(k.words)) for k in chosen.values()) <= STORE_WORDS:
            break
        chosen[kernel.name] = replace(kernel, storage="heap")
    inputs = (Input("image", "PIX"),) if whole else ()
    return Program(name, chosen, steps, inputs)
