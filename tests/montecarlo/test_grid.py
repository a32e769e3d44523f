"""How chips and seeds are named, and what is refused."""

from __future__ import annotations

import pytest

from scamp_sim import ProgramError
from scamp_sim.study.grid import Grid, Unit, heading, make_grid, parse_chips, parse_seeds, ranges


@pytest.mark.parametrize(
    ("text", "chips"),
    [("3", (3,)), ("0", (0,)), ("1-4", (1, 2, 3, 4)), (" 1, 4 ,7-9", (1, 4, 7, 8, 9)), ("9,1-3,2", (1, 2, 3, 9))],
)
def test_chips(text: str, chips: tuple[int, ...]) -> None:
    assert parse_chips(text) == chips
    assert parse_chips(ranges(chips)) == chips


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one", "--chips one: 'one' is not valid; serials are integers"),
        ("1.5", "--chips 1.5: '1.5' is not valid"),
        ("-3", "--chips -3: '-3' is not valid"),
        ("", "--chips : '' is not valid"),
        ("1,,2", "'' is not valid"),
        ("1-2-3", "'1-2-3' is not valid"),
        ("1e3", "'1e3' is not valid"),
        ("5-1", "5-1 runs backwards; write 1-5"),
        ("4294967296", "4294967296 is too large; the largest is 4294967295"),
        ("1-1000000000", "more than 100,000; name fewer"),
        ("1" * 400, "is not valid"),
    ],
)
def test_what_is_no_list_of_chips(text: str, said: str) -> None:
    with pytest.raises(ProgramError) as e:
        parse_chips(text)
    assert said in str(e.value)
    assert len(str(e.value)) < 250


def test_seeds() -> None:
    assert parse_seeds("5") == (0, 1, 2, 3, 4)
    assert parse_seeds("2", 7) == (7, 8)
    assert parse_seeds("3-5") == (3, 4, 5)
    assert parse_seeds("1,2,9") == (1, 2, 9)
    for text, said in (
        ("0", "from 1 to 100,000 seeds"),
        ("x", "write how many, such as 5, or which"),
        ("9" * 30, "to"),
    ):
        with pytest.raises(ProgramError, match=said):
            parse_seeds(text)
    with pytest.raises(ProgramError, match="seeds go up to"):
        parse_seeds("2", 2**32 - 1)


def test_a_grid_goes_chip_by_chip() -> None:
    grid = make_grid([2, 1, 2], range(2), 2)
    assert grid == Grid((1, 2), (0, 1), 2)
    assert len(grid) == len(list(grid)) == 8
    assert list(grid)[:3] == [Unit(1, 0, 0), Unit(1, 0, 1), Unit(1, 1, 0)]
    assert heading(grid) == "2 chips (1-2) x 2 seeds (0-1)"


def test_what_is_no_grid() -> None:
    for chips in ((1.0,), ("3",), (True,), (-1,), (2**32,), "1-3", 4, ()):
        with pytest.raises(ProgramError, match="chip"):
            make_grid(chips, (0,))  # type: ignore[arg-type]
    with pytest.raises(ProgramError, match="no seeds"):
        make_grid((1,), ())
