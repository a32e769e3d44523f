"""The pages on P2M and the spiking front end do what they say."""

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim.cli.main import main
from scamp_sim.systems.pixels.data.scenes import scene

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["p2m.md", "snn.md"])
def test_commands_run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray((255 * scene(1, (90, 120), True)).astype(np.uint8)).save("photo.png")
    for line in "".join(blocks(page, "sh")).splitlines():
        if " train " in line:
            pytest.importorskip("torch")
            line = line.replace("--count 400", "--count 60").replace("--epochs 2", "--epochs 1 --size 20")
        assert main(shlex.split(line, comments=True)[1:]) == 0, (line, capsys.readouterr().err)


@pytest.mark.parametrize("page", ["p2m.md", "snn.md"])
def test_python_runs(page: str) -> None:
    (source,) = blocks(page, "python")
    names: dict[str, Any] = {}
    exec(source, names)
    if page == "p2m.md":
        assert names["frame"].y.shape == (8, 12, 16)
    else:
        assert names["spikes"].shape == (8, 16, 16)
        assert names["extremum"] == pytest.approx(0.7667, abs=1e-4)
