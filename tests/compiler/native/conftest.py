"""What the tests of live programs share: a compiler, or a reason to skip, and a program out of a text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from scamp_sim import Machine
from scamp_sim.compiler.native import LiveProgram, LiveRun, has_compiler

HEAD = "#include <scamp5.hpp>\nusing namespace SCAMP5_PE;\n"


@pytest.fixture(scope="session", autouse=True)
def _a_compiler() -> None:
    if not has_compiler():
        pytest.skip("no C++ compiler here")


@pytest.fixture(scope="session")
def picture() -> npt.NDArray[np.uint8]:
    """Noise in a smooth gradient: every value occurs, and edges of every direction."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[0:256, 0:256]
    grey: npt.NDArray[np.int64] = (rows // 2 + columns // 3 + rng.integers(0, 60, (256, 256))) % 256
    return grey.astype(np.uint8)


@pytest.fixture
def live(tmp_path: Path, picture: npt.NDArray[np.uint8]) -> Callable[..., LiveRun]:
    """`live(text)` runs one frame of a program; the first lines are added. `loop=` gives the body of a frame alone."""

    def run(text: str = "", *, loop: str = "", before: str = "", images: Any = None, **wishes: Any) -> LiveRun:
        if loop:
            text = f"{before}\nint main() {{ vs_init();\nwhile (1) {{ vs_frame_loop_control();\n{loop}\n}} }}\n"
        path = tmp_path / "main.cpp"
        path.write_text(text if "#include" in text else HEAD + text, encoding="utf-8")
        options = {n: wishes.pop(n) for n in ("include", "define", "standard", "compiler") if n in wishes}
        shown = [picture] if images is None else images
        return LiveProgram.build(path, **options).run(Machine(), shown, **wishes)

    return run
