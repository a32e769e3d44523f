"""The examples of docs/debugging.md are what happens; `pytest --update-golden` writes what they print again."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from PIL import Image

from scamp_sim.cli import main as cli
from scamp_sim.cli.commands import demo
from scamp_sim.show import render

PAGE = Path(__file__).parent.parent / "docs" / "debugging.md"


def test_the_examples_are_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for language, name in (("c", "mine.scamp"), ("python", "look.py")):
        (source,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
        Path(name).write_text(source)
    Path("scamp-demo").mkdir()
    photo = render.load_image(demo.demo_photograph(), (256, 256), resize=True)
    Image.fromarray(photo).save("scamp-demo/photo.png")

    def block(match: re.Match[str]) -> str:
        """A block with its command carried out: with what that printed, or, in sh, without."""
        language, command = match[1], match[2].removeprefix("$ ")
        if command.startswith("python "):
            runpy.run_path(command.removeprefix("python "))
        else:
            cli.main(command.removeprefix("scamp-sim ").split())
        captured = capsys.readouterr()
        if language == "sh":
            assert not captured.err
            return match[0]
        return f"```console\n$ {command}\n{captured.err}{captured.out}```"

    fresh = re.sub(r"^```(console|sh)\n(.*?)\n.*?^```$", block, text, flags=re.M | re.S)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(fresh, encoding="utf-8")
        return
    assert fresh == text, "if meant: pytest --update-golden, then read the diff"
    assert {p.name for p in tmp_path.iterdir()} >= {"report.html", "trace.json", "out"}
    assert {p.name for p in (tmp_path / "out" / "after-line-8").iterdir()} >= {"A.png", "B.png", "contact-sheet.png"}
