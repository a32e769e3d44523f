"""The package: what it exports, and that a folder among the kernels does not disturb the library."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scamp_sim import kernels
from scamp_sim.kernels import pixelrnn


def test_everything_exported_is_there() -> None:
    assert {"Weights", "Decoder", "golden", "gestures", "datasets"} <= set(pixelrnn.__all__)
    for name in pixelrnn.__all__:
        assert getattr(pixelrnn, name) is not None
        assert name in dir(pixelrnn)
    assert pixelrnn.golden.__name__ == "scamp_sim.systems.pixelrnn.golden"


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'wieghts'"):
        _ = pixelrnn.wieghts


def test_the_library_goes_on_as_before() -> None:
    assert "pixelrnn" not in kernels.names()
    assert "threshold" in kernels.names()
    assert kernels.path("threshold").is_file()
    assert kernels.load("threshold", level=3)


def test_the_import_is_lazy() -> None:
    """Neither the modules of the package nor torch nor Pillow come with `import scamp_sim.kernels.pixelrnn`."""
    code = (
        "import sys, scamp_sim.kernels.pixelrnn as p; assert 'scamp_sim.systems.pixelrnn.golden' not in sys.modules; "
        "p.golden, p.gestures, p.datasets, p.Weights.random(1); "
        "assert not {'torch', 'PIL', 'numba', 'lark'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_the_page_shows_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parents[3] / "docs" / "pixelrnn.md"
    code = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    exec(code[0], {})
    assert "should be 3" in capsys.readouterr().out
