"""Helper macros that many SCAMP-5 projects define for themselves, for texts that come without the definition.

What a project means by one of these names cannot be known: the reading here is the usual one, and every use says so.
A definition in the text, or in a file beside it, always comes first.
"""

from __future__ import annotations

Step = tuple[str, tuple[int | str, ...]]
"""An instruction and its operands: the number of the helper's operand, or a name. `spare` is a register to be found."""

_DIRECTIONS = ("north", "east", "south", "west")

HELPERS: dict[tuple[str, int], tuple[Step, ...]] = {
    ("neg_inplace", 1): (("neg", ("spare", 0)), ("mov", (0, "spare"))),
    ("neg_inplace", 2): (("neg", (1, 0)), ("mov", (0, 1))),
    ("sub_inplace", 2): (("sub", (0, 0, 1)),),
    ("div2_inplace", 1): (("divq", ("spare", 0)), ("mov", (0, "spare"))),
    ("div2_inplace", 2): (("divq", (1, 0)), ("mov", (0, 1))),
    ("div2_inplace", 3): (("diva", (0, 1, 2)),),
    ("add_twice", 2): (("add", (0, 0, 1)), ("add", (0, 0, 1))),
    ("add_twice", 3): (("add", (0, 1, 2)), ("add", (0, 0, 2))),
    **{(d, 1): (("movx", (0, 0, d)),) for d in _DIRECTIONS},
    **{(d, 2): (("movx", (0, 1, d)),) for d in _DIRECTIONS},
    **{(f"double_{d}", 1): (("mov2x", (0, 0, d, d)),) for d in _DIRECTIONS},
    **{(f"double_{d}", 2): (("mov2x", (0, 1, d, d)),) for d in _DIRECTIONS},
}
"""Name and number of operands -> what it is taken as."""


def reading(name: str, operands: int) -> str:
    """What a helper is taken as, in the words of the language: y, x, z are its operands."""
    letters = ("y", "x", "z") if operands > 1 else ("y",)
    steps = [
        f"{op}({', '.join(letters[a] if isinstance(a, int) else a for a in args)})"
        for op, args in HELPERS[(name, operands)]
    ]
    return "; ".join(steps)
