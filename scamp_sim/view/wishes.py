"""What the page asks, looked at before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scamp_sim.exceptions import ProgramError
from scamp_sim.text import short
from scamp_sim.view.records import Wish


def check_wish(wish: Wish, errors: Sequence[str]) -> None:
    """Raises ProgramError for what no page of ours asks. Profiles are those that the page was offered, with knobs."""
    if wish.errors.partition(":")[0] not in errors and wish.errors not in errors:
        raise ProgramError(f"errors is {short(wish.errors, 60)!r}; expected one of {', '.join(errors)}")
    for name, value in (("chip", wish.chip), ("seed", wish.seed)):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 32:
            raise ProgramError(f"{name} is {value!r:.40}; expected an integer in 0..{(1 << 32) - 1}")


def wish_of(document: Any) -> Wish:
    """A wish from JSON. Raises ProgramError that names what is wrong."""
    if not isinstance(document, Mapping):
        raise ProgramError(f"expected an object, got {type(document).__name__}")
    kinds = {
        "text": (str, type(None)),
        "params": Mapping,
        "errors": str,
        "chip": int,
        "seed": int,
        "picture": str,
        "frames": int,
    }
    given: dict[str, Any] = {}
    for name, value in document.items():
        if name not in kinds:
            raise ProgramError(f"a wish has no {name!r:.40}; it has {', '.join(kinds)}")
        if not isinstance(value, kinds[name]):  # type: ignore[arg-type]
            raise ProgramError(f"{name} is {value!r:.40}, which it cannot be")
        given[name] = dict(value) if isinstance(value, Mapping) else value
    if given.get("text") is not None:
        _whole(given["text"])
    return Wish(**given)


def _whole(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ProgramError("the text holds half a character (a lone surrogate); delete it") from None


__all__ = ["check_wish", "wish_of"]
