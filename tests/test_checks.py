"""The one checker of integers, and its one wording."""

from __future__ import annotations

import numpy as np
import pytest

from scamp_sim import ProgramError
from scamp_sim.checks import integer


@pytest.mark.parametrize(("value", "limits"), [(3, ()), (np.int64(3), (1, 3)), (3, (None,)), (3, (0, 9, "LSB"))])
def test_integers(value: object, limits: tuple[object, ...]) -> None:
    found = integer("n", value, *limits)  # type: ignore[arg-type]
    assert found == 3
    assert type(found) is int


@pytest.mark.parametrize(
    ("value", "limits", "message"),
    [
        (0, (1,), "n must be an integer of at least 1, got 0"),
        (-1, (), "n must be an integer of at least 0, got -1"),
        (41, (0, 40, "LSB"), "n must be an integer in 0..40 LSB, got 41"),
        (0, (1, None, "us"), "n must be an integer of at least 1 us, got 0"),
        (1.0, (None,), "n must be an integer, got 1.0"),
        (True, (), "n must be an integer of at least 0, got True"),
        ("3", (1, 9), "n must be an integer in 1..9, got '3'"),
        (None, (), "got None"),
    ],
)
def test_what_is_none(value: object, limits: tuple[object, ...], message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        integer("n", value, *limits)  # type: ignore[arg-type]
    assert message in str(caught.value)
