"""What a text holds, without following it: its functions, its kernels, and which statements matter to the array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from scamp_sim.chip import isa
from scamp_sim.compiler.expand import prelude
from scamp_sim.compiler.expand.resolve import native_named
from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.lexer import Place, Text


def walk(node: Any) -> Iterator[Any]:
    """Every record of a tree below and including `node`, in order of the text."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (Place, Text)):
            continue
        if isinstance(part, tuple):
            waiting += reversed(part)
        elif hasattr(part, "__slots__"):
            yield part
            waiting += [getattr(part, name) for name in reversed(part.__slots__) if name != "place"]


def called(node: tree.Call) -> str:
    """The name of what a call calls, "" if it has none."""
    callee = node.callee
    return callee.name if isinstance(callee, (tree.Name, tree.Member)) else ""


def is_operation(name: str) -> bool:
    """Whether a call of this name is a word or a macro of the array."""
    return native_named(name) is not None or name in prelude.declarations()


def is_launch(name: str) -> bool:
    """Whether a call of this name launches the kernel that it is given."""
    return "kernel" in name and "launch" in name


def is_kernel_type(name: str) -> bool:
    """Whether a name is the type of a kernel object."""
    return name in ("scamp5_kernel", "scamp5_dynamic_kernel", "scamp7_kernel", "scamp7_dynamic_kernel")


class Survey:
    """Facts about one text."""

    def __init__(self, statements: tuple[tree.Statement, ...]) -> None:
        self.functions: dict[str, list[tree.Function]] = {}
        self.kernels: list[tree.Kernel] = []
        self.calls: set[str] = set()
        """Names that are called, or handed on, anywhere."""
        self.objects = False
        """Whether there are kernel objects, or launches of them."""
        self.aliases: dict[str, str] = {}
        self.classes: dict[str, tuple[tree.Variable, ...]] = {}
        for node in walk(statements):
            match node:
                case tree.Function():
                    self.functions.setdefault(node.name, []).append(node)
                case tree.Kernel():
                    self.kernels.append(node)
                case tree.Variable():
                    self.objects = self.objects or "kernel" in node.type
                case tree.TypeName():
                    self.aliases[node.name] = node.type
                case tree.Group() if node.members:
                    declared = [s for s in node.body if isinstance(s, tree.Declare)]
                    self.classes[node.name] = tuple(v for d in declared for v in d.variables if not v.static)
                case tree.Name():
                    self.calls.add(node.name)
                case tree.Call():
                    name = called(node)
                    self.calls.add(name)
                    self.objects = self.objects or is_launch(name) or is_kernel_type(name)
                case _:
                    pass
        self.long: set[int] = set()
        """Loops of the host program that were given up once; they are not tried again."""
        self._matter: dict[int, bool] = {}
        self._frames: dict[int, bool] = {}
        self._own: dict[str, bool] = {}

    def matters(self, node: Any) -> bool:
        """Whether kernels or host calls are in a statement, or in the functions that it calls."""
        key = id(node)
        if key not in self._matter:
            self._matter[key] = False  # while a function that calls itself is looked into
            self._matter[key] = any(self._one(part) for part in walk(node))
        return self._matter[key]

    def is_frame_loop(self, body: Any) -> bool:
        """Whether the body of a loop waits for the next frame: one pass of it is what a program is."""
        key = id(body)
        if key not in self._frames:
            self._frames[key] = any(
                isinstance(p, tree.Call) and called(p).startswith("vs_frame_loop") for p in walk(body)
            )
        return self._frames[key]

    def _one(self, part: Any) -> bool:
        match part:
            case tree.Kernel():
                return True
            case tree.Variable():
                return "kernel" in part.type
            case tree.Call():
                name = called(part)
                if name in isa.HOST or is_launch(name) or is_kernel_type(name):
                    return True
                if isinstance(part.callee, tree.Member) and name in ("launch", "constructor"):
                    return True
                return any(self.matters(f.body) for f in self.functions.get(name, ()))
            case _:
                return False

    def is_own(self, name: str) -> bool:
        """Whether the text defines a function whose calls are to be followed. A simulator's own definitions of SDK
        functions, which hold no calls for the array, are not.
        """
        if name not in self._own:
            found = self.functions.get(name, ())
            known = is_operation(name) or name in isa.HOST
            self._own[name] = bool(found) and (not known or any(self._operates(f) for f in found))
        return self._own[name]

    def _operates(self, function: tree.Function) -> bool:
        return any(
            isinstance(p, tree.Kernel) or (isinstance(p, tree.Call) and called(p) != function.name
                                           and (is_operation(called(p)) or called(p) in isa.HOST))
            for p in walk(function.body)
        )  # fmt: skip

    def assigned(self, node: Any) -> set[str]:
        """The variables that a statement, or a function that it calls, assigns."""
        found: set[str] = set()
        met: set[str] = set()
        waiting = [node]
        while waiting:
            for part in walk(waiting.pop()):
                target = None
                match part:
                    case tree.Assign():
                        target = part.target
                    case tree.Unary() if part.operator in ("++", "--", "p++", "p--"):
                        target = part.operand
                    case tree.Call() if called(part) not in met:
                        met.add(called(part))
                        waiting += [f.body for f in self.functions.get(called(part), ())]
                while isinstance(target, (tree.Index, tree.Member)):
                    target = target.base
                if isinstance(target, tree.Name):
                    found.add(target.name)
        return found


def leaves(item: tree.Statement | None) -> bool:
    """Whether a branch ends in break, continue or return."""
    while isinstance(item, tree.Block):
        item = item.body[-1] if item.body else None
    return isinstance(item, tree.Jump)


def until_break(items: Sequence[tree.Statement]) -> tuple[tree.Statement, ...]:
    """The statements up to the first `break` among them."""
    for i, item in enumerate(items):
        if isinstance(item, tree.Jump) and item.kind == "break":
            return tuple(items[:i])
    return tuple(items)
