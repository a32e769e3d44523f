"""How many threads PyTorch takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from scamp_sim.exceptions import ProgramError

MOST = 1024
"""Threads; each takes memory of its own before anything is computed."""


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads of PyTorch inside the block. Sums of gradients depend on how many share them: one gives the same
    result on every machine. Raises ProgramError for more than a machine has."""
    if count > MOST:
        raise ProgramError(f"threads must be at most {MOST}, got {count}")
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


__all__ = ["threads"]
