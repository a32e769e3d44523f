"""The TextMate grammar knows the words of the language."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scamp_sim.chip import isa

ROOT = Path(__file__).parent.parent
GRAMMAR = json.loads((ROOT / "tools" / "editors" / "scamp.tmLanguage.json").read_text(encoding="utf-8"))


def scope(text: str) -> str:
    """The scope of a text that one pattern matches whole; the first that matches counts, as in an editor."""
    for pattern in GRAMMAR["patterns"]:
        found = re.match(pattern.get("match", pattern.get("begin")), text)
        if found and found.end() > 0:
            name: str = pattern.get("name") or pattern["captures"]["1"]["name"]
            return name.split(".")[0] if not name.startswith("variable") else "register"
    return ""


def test_every_keyword_is_one() -> None:
    grammar = (ROOT / "compiler" / "front" / "grammar.lark").read_text(encoding="utf-8")
    words = set(re.findall(r'"([a-z]{2,})"', grammar))
    assert {"kernel", "param", "for"} <= words
    assert {word for word in words if scope(word) not in ("storage", "keyword")} == set()


def test_every_register_is_one() -> None:
    for register in (*isa.ANALOG, *isa.DIGITAL, "FLAG", "PIX"):
        assert scope(register) == "register", register


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("// x", "comment"),
        ("/// x", "comment"),
        ('"x"', "string"),
        ("scamp5_in(", "support"),
        ("movx(", "entity"),
        ("0x1f", "constant"),
    ],
)
def test_other_pieces(text: str, wanted: str) -> None:
    assert scope(text) == wanted


def test_the_folder_is_an_extension() -> None:
    folder = ROOT / "tools" / "editors"
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    (language,), (grammar,) = package["contributes"]["languages"], package["contributes"]["grammars"]
    assert language["id"] == grammar["language"]
    assert grammar["scopeName"] == GRAMMAR["scopeName"]
    assert language["extensions"] == [f".{ending}" for ending in GRAMMAR["fileTypes"]]
    assert (folder / grammar["path"]).samefile(folder / "scamp.tmLanguage.json")
    assert "lineComment" in json.loads((folder / language["configuration"]).read_text(encoding="utf-8"))["comments"]
