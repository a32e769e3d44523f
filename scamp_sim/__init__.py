"""scamp-sim: the SCAMP-5 pixel-processor array, word by word.

from scamp_sim import Machine, assemble

machine = Machine()
machine.expose(image)
run = machine.run(assemble("get_image(A); movx(B, A, east); sub(B, B, A);"))
run.outputs["B"], run.profile
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from scamp_sim.chip.options import ArrayOptions
    from scamp_sim.chip.program import Program
    from scamp_sim.compiler import assemble
    from scamp_sim.costs.timing import Profile
    from scamp_sim.exceptions import PlaneError, ProgramError, RegisterError, ScampError
    from scamp_sim.machine.machine import Machine, Run
    from scamp_sim.silicon import ErrorModel

_HOMES = {
    "Machine": "machine.machine", "Run": "machine.machine", "ArrayOptions": "chip.options", "ErrorModel": "silicon",
    "Program": "chip.program",
    "Profile": "costs.timing", "ScampError": "exceptions", "PlaneError": "exceptions", "ProgramError": "exceptions",
    "RegisterError": "exceptions", "assemble": "compiler",
}  # fmt: skip

__all__ = [
    "ArrayOptions", "ErrorModel", "Machine", "PlaneError", "Profile", "Program", "ProgramError", "RegisterError", "Run",
    "ScampError", "__version__", "assemble",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Names are fetched when they are first used, so that the import itself stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'scamp_sim' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"scamp_sim.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
