"""scamp-sim: the SCAMP-5 pixel-processor array, word by word.

from scamp_sim import Machine, assemble

machine = Machine()
machine.expose(image)
run = machine.run(assemble("get_image(A); movx(B, A, east); sub(B, B, A);"))
run.outputs["B"], run.profile
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # typing itself is not imported: this module runs before Ctrl-C is looked after
if TYPE_CHECKING:
    from typing import Any

    from scamp_sim.chip.options import ArrayOptions
    from scamp_sim.chip.program import Program
    from scamp_sim.compiler import assemble
    from scamp_sim.costs.timing import Profile
    from scamp_sim.exceptions import PlaneError, ProgramError, RegisterError, ScampError
    from scamp_sim.machine.machine import Machine, Run
    from scamp_sim.show.frames.source import frames
    from scamp_sim.silicon import ErrorModel

_HOMES = {
    "ArrayOptions": "chip.options",
    "ErrorModel": "silicon",
    "Machine": "machine.machine",
    "PlaneError": "exceptions",
    "Profile": "costs.timing",
    "Program": "chip.program",
    "ProgramError": "exceptions",
    "RegisterError": "exceptions",
    "Run": "machine.machine",
    "ScampError": "exceptions",
    "assemble": "compiler",
    "frames": "show.frames.source",
}
"""Public name -> the module that has it."""

__all__ = [
    "ArrayOptions",
    "ErrorModel",
    "Machine",
    "PlaneError",
    "Profile",
    "Program",
    "ProgramError",
    "RegisterError",
    "Run",
    "ScampError",
    "__version__",
    "assemble",
    "frames",
]


def __getattr__(name: str) -> Any:
    """Names are fetched when they are first used, so that the import itself stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'scamp_sim' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"scamp_sim.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
