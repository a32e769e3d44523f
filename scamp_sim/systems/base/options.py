"""REALISATION[:option=value,...] on a command line, to a realisation with its typed options and back."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from scamp_sim.chip.isa import did_you_mean
from scamp_sim.exceptions import OptionError
from scamp_sim.systems.base.records import Realisation
from scamp_sim.text import short


@dataclass(frozen=True)
class Plain:
    """A realisation without options."""


def parse_realisation(text: str, realisations: Mapping[str, type[Any]]) -> Realisation:
    """A realisation from text, with the options of its dataclass.

    text: NAME, NAME:option=value,... or, where NAME has a variant such as a mapping, NAME:VARIANT,option=value,...;
        NAME alone stands for its first variant.
    realisations: as of a system.

    Raises OptionError.
    """
    head, _, tail = text.partition(":")
    parts = [part.strip() for part in tail.split(",") if part.strip()]
    if parts and "=" not in parts[0]:
        head = f"{head}:{parts.pop(0)}"
    name = head
    if name not in realisations:
        variants = [known for known in realisations if known.startswith(f"{head}:")]
        if not variants:
            near = did_you_mean(head, tuple(realisations))
            raise OptionError(f"unknown realisation '{short(head, 60)}'{near}; expected {', '.join(realisations)}")
        name = variants[0]
    kind = realisations[name]
    given: dict[str, Any] = {}
    for part in parts:
        option, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise OptionError(f"'{short(part, 60)}' behind '{name}': expected option=value")
        if option in given:
            raise OptionError(f"option '{option}' of '{name}' is given twice; leave one out")
        given[option] = typed(name, kind, option, value)
    return Realisation(name, kind(**given))


def typed(name: str, kind: type[Any], option: str, text: str) -> Any:
    """The value of an option of a realisation's dataclass from its text. Raises OptionError."""
    annotations = typing.get_type_hints(kind) if is_dataclass(kind) else {}
    known = tuple(f.name for f in fields(kind) if f.init) if is_dataclass(kind) else ()
    if option not in known:
        what = f"it takes {', '.join(known)}" if known else "it takes none"
        raise OptionError(f"'{name}' has no option '{short(option, 60)}'{did_you_mean(option, known)}; {what}")
    try:
        return _value(annotations[option], text)
    except ValueError as e:
        raise OptionError(f"option {option} of '{name}': expected {e}, got '{short(text, 60)}'") from None


WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _value(kind: Any, text: str) -> Any:
    """Raises ValueError that says what was expected."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        choices = typing.get_args(kind)
        if type(None) in choices and text.lower() == "none":
            return None
        return _value(next(c for c in choices if c is not type(None)), text)
    if origin is Literal:
        matching = [c for c in typing.get_args(kind) if str(c) == text]
        if not matching:
            raise ValueError("one of " + ", ".join(map(str, typing.get_args(kind))))
        return matching[0]
    if kind is bool:
        if text.lower() not in WORDS:
            raise ValueError("true or false")
        return WORDS[text.lower()]
    if kind is int or kind is float:
        try:
            return kind(text)
        except ValueError:
            raise ValueError("an integer" if kind is int else "a number") from None
    if kind is str:
        return text
    raise ValueError("an object, which can only be passed in Python")


def describe(on: Realisation) -> str:
    """The realisation as a command line writes it, with the options that differ from their defaults."""
    if not is_dataclass(on.options):
        return on.name
    kind: Any = type(on.options)
    default = kind()
    changed = [
        f"{f.name}={getattr(on.options, f.name)}"
        for f in fields(on.options)
        if getattr(on.options, f.name) != getattr(default, f.name)
    ]
    return on.name + (("," if ":" in on.name else ":") + ",".join(changed) if changed else "")


__all__ = ["Plain", "describe", "parse_realisation", "typed"]
