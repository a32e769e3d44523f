"""How objects show themselves in a notebook, without knowing anything of pictures.

A class that is `Shown` has the methods that IPython looks for. They find the module that draws by its name when a
notebook asks, as `scamp_sim` finds its public names: what is below `show` goes on importing nothing of it.
"""

from __future__ import annotations

from importlib import import_module

DRAWS = "scamp_sim.show.notebook"
"""The module that draws: `html(object)` and `png(object)`."""


class Shown:
    """An object with pictures and tables in notebooks."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        found: str = import_module(DRAWS).html(self)
        return found


class Pictured(Shown):
    """An object that is a picture, too."""

    __slots__ = ()

    def _repr_png_(self) -> bytes:
        found: bytes = import_module(DRAWS).png(self)
        return found


__all__ = ["Pictured", "Shown"]
