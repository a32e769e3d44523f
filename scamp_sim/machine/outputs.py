"""What a run gives: planes that are copied when somebody looks at them.

A copy of every register that a program writes takes as long as many a program. So the results of a run are read from
the array when they are asked for, or when the array is about to change while the run is still alive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


class Outputs(Mapping[str, Any]):
    """Name -> result, in order.

    found: those that are there already.
    later: name -> register, for those that are read when they are wanted.
    read: gives the plane of a register.
    """

    __slots__ = ("__weakref__", "_found", "_later", "_read")

    def __init__(self, found: dict[str, Any], later: dict[str, str], read: Callable[[str], Any]) -> None:
        self._found: dict[str, Any] = found | later
        self._later = later
        self._read = read

    def __getitem__(self, name: str) -> Any:
        if name in self._later:
            self._found[name] = self._read(self._later.pop(name))
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __repr__(self) -> str:
        self.settle()
        return repr(self._found)

    def __reduce__(self) -> tuple[Any, ...]:
        self.settle()
        return dict, (self._found,)

    def settle(self) -> None:
        """Read everything that has not been read yet: the array is about to change."""
        for name in [*self._later]:
            self[name]
