"""Programs for the array, in the project's own language, and what binds weights and pictures to them.

from scamp_sim import kernels

kernels.names()                     # ('adaptive_threshold', 'closing', ...)
program = kernels.load("threshold", level=50)
print(kernels.contract("threshold"))

Each file opens with its contract: what it computes, inputs, outputs, registers, words, source. Files whose name begins
with an underscore hold macros for the others.
"""

from __future__ import annotations

if __name__ == "kernels":  # the folder of a checkout, found under its bare name: every class would exist twice
    raise ImportError("this folder is part of scamp_sim; import scamp_sim.kernels", name=__name__)

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program

_FOLDER = Path(__file__).parent


@cache
def names() -> tuple[str, ...]:
    """The kernels of the library, in alphabetical order."""
    return tuple(sorted(p.stem for p in _FOLDER.glob("*.scamp") if not p.stem.startswith("_")))


def path(name: str) -> Path:
    """The file of a kernel. Raises ProgramError with the nearest name."""
    if name not in names():
        from scamp_sim.chip.isa import did_you_mean
        from scamp_sim.exceptions import ProgramError

        near = did_you_mean(str(name), names())
        raise ProgramError(f"the library has no kernel '{name}'{near or ' (it has: ' + ', '.join(names()) + ')'}")
    return _FOLDER / f"{name}.scamp"


def load(name: str, **params: Any) -> Program:
    """A kernel, assembled with these parameters; arrays are as good as nested lists. Raises ScampError."""
    from scamp_sim.compiler import assemble

    return assemble(path(name), params={k: v.tolist() if hasattr(v, "tolist") else v for k, v in params.items()})


def contract(name: str) -> str:
    """The text at the head of a kernel's file: what it computes, what it takes and gives, what it costs."""
    lines = []
    for line in path(name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("///"):
            break
        lines.append(line[3:].removeprefix(" "))
    return "\n".join(lines) + "\n"


def summary(name: str) -> str:
    """The first line of the contract."""
    return contract(name).partition("\n")[0]


__all__ = ["contract", "load", "names", "path", "summary"]
