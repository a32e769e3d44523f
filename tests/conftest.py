"""What several test files share: golden files and optional measured data."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what the tests see into tests/golden")


@pytest.fixture(autouse=True)
def _whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """What commands print goes into a pipe, whose lines are whole: workers of pytest-xdist have a width."""
    monkeypatch.delenv("COLUMNS", raising=False)


NEEDS_EXTRA = re.compile(r'importorskip\("(torch|distributed|sklearn|onnx|imageio|av|playwright)\b')


@cache
def _needs_extra(path: Path) -> bool:
    return NEEDS_EXTRA.search(path.read_text(encoding="utf-8")) is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what skips where an extra is missing, so that it can be run alone where the extra is there."""
    for item in items:
        if _needs_extra(item.path):
            item.add_marker(pytest.mark.extras)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)` asserts that `text` equals tests/golden/<name>; with --update-golden it writes the file."""
    update = request.config.getoption("--update-golden")

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        assert path.exists(), f"{path} is missing; write it with: pytest --update-golden, then read the diff"
        assert text == path.read_text(encoding="utf-8"), f"differs from {path.name}; if meant: pytest --update-golden"

    return compare


@pytest.fixture(scope="session")
def measured_data() -> Path:
    """The folder of measured data that SCAMP_SIM_DATA names; tests that need it are skipped where it is absent."""
    folder = os.environ.get("SCAMP_SIM_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("measured data not here: set SCAMP_SIM_DATA to its folder")
    return Path(folder)
