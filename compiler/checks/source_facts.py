"""What the assembler knows about the source and the `Program` does not keep: the checks ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scamp_sim.chip.program import Origin


@dataclass(frozen=True)
class SourceFacts:
    """Facts about one assembled text.

    `named`: (kernel name, index of the word in it) -> the registers, in canonical spelling, that the user's own call
        statement named for that word; registers that only a macro's body names are not among them, scratch registers of
        the user's are.
    `unused`: declarations that nothing refers to, as (kind, name, place); kind is one of "macro", "kernel", "const",
        "param", "input", "areg", "dreg".
    `user_named`: registers that the user's text names anywhere, as operand, input, output or alias.
    `scratch`: registers that the assembler chose, by declared name.
    `state`: registers that are meant to hold what the last run left, with the place that says so.
    """

    named: Mapping[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    unused: tuple[tuple[str, str, Origin], ...] = ()
    user_named: frozenset[str] = frozenset()
    scratch: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, Origin] = field(default_factory=dict)
