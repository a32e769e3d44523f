"""What kept results and the workers of a cluster must agree on: a version of the results, raised by hand.

A changed comment changes no number, and the same code from a wheel and from a checkout gives the same numbers; so it is
not the text of the sources that results belong to. `tests/study/test_version.py` holds golden numbers of what the
engines and the models give: whoever changes them raises RESULTS_VERSION and writes the numbers again.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

RESULTS_VERSION = 1
"""Raise it by one in every change after which any kept result would come out differently."""


def results_identity() -> dict[str, str]:
    """What numbers depend on beside options: the version of the results, and the libraries that compute them."""
    import numba
    import numpy

    return {"results version": str(RESULTS_VERSION), "numpy": numpy.__version__, "numba": numba.__version__}


@cache
def made_by() -> dict[str, str]:
    """What made a file, for information only: the version of scamp-sim and a digest of its sources."""
    import scamp_sim

    root, total = Path(str(scamp_sim.__file__)).parent, hashlib.sha256()
    for path in sorted(_sources(root), key=lambda p: p.relative_to(root).as_posix()):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return {"scamp-sim": scamp_sim.__version__, "sources": total.hexdigest()[:12]}


def _sources(root: Path) -> list[Path]:
    """The files of the package, under their names in it: links to `compiler` and `kernels` are followed."""
    folders = (Path(folder) / name for folder, _, names in os.walk(root, followlinks=True) for name in names)
    return [path for path in folders if path.suffix in (".py", ".scamp", ".json", ".lark")]


__all__ = ["RESULTS_VERSION", "made_by", "results_identity"]
