"""What is installed: one name, every file, nothing twice, whatever else is installed or lies in the working folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from scamp_sim.cli.main import main
from scamp_sim.cli.reference import page
from scamp_sim.installation import PAGES, in_checkout, install_hint, page_names

ROOT = Path(__file__).parent.parent
PACKED = (".py", ".scamp", ".json", ".npz", ".css", ".lark", ".md", ".html", ".js", ".h", ".hpp", ".cpp", ".typed")


def python(code: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wheel and source archive of the tree as it is."""
    folder = tmp_path_factory.mktemp("archives")
    tree = folder / "tree"
    ignore = shutil.ignore_patterns(".git", "__pycache__", "*.egg-info", ".*cache", "build", "dist", ".venv", "venv")
    shutil.copytree(ROOT, tree, symlinks=True, ignore=ignore)
    code = "import sys; from setuptools import build_meta as b; to = sys.argv[1]; b.build_wheel(to); b.build_sdist(to)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(folder)], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, source


def wanted() -> set[str]:
    """Every file of the package as the repository holds it, by its name in the package; links are followed."""
    found = set()
    for folder, names, files in os.walk(ROOT / "scamp_sim", followlinks=True):
        names[:] = [n for n in names if n != "__pycache__"]
        inside = Path(folder).relative_to(ROOT)
        found |= {(inside / f).as_posix() for f in files if f.endswith(PACKED)}
    return found


def test_the_wheel_holds_every_file_and_nothing_beside(archives: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(archives[0]) as wheel:
        names = {n for n in wheel.namelist() if ".dist-info/" not in n}
        (top,) = [n for n in wheel.namelist() if n.endswith("top_level.txt")]
        assert wheel.read(top).split() == [b"scamp_sim"]
    assert {n.partition("/")[0] for n in names} == {"scamp_sim"}
    assert wanted() - names == set()


def test_the_source_archive_holds_tests_docs_and_tools(archives: tuple[Path, Path]) -> None:
    with tarfile.open(archives[1]) as source:
        names = {n.partition("/")[2] for n in source.getnames()}
    assert wanted() - names == set()
    tracked = {
        p.relative_to(ROOT).as_posix() for f in ("docs", "examples", "tests", "tools") for p in (ROOT / f).rglob("*")
    }
    assert {n for n in tracked if not ("__pycache__" in n or n.endswith(".pyc")) and (ROOT / n).is_file()} <= names


def test_commands_of_the_wheel_from_an_empty_folder(archives: tuple[Path, Path], tmp_path: Path) -> None:
    """The wheel unpacked, nothing of the checkout on the path."""
    site = tmp_path / "site"
    zipfile.ZipFile(archives[0]).extractall(site)
    empty = tmp_path / "empty"
    empty.mkdir()
    code = (
        "import scamp_sim, sys; assert 'site' in scamp_sim.__file__, scamp_sim.__file__\n"
        "from scamp_sim.cli.main import main\n"
        "for line in ('isa movx', 'chips scamp5', 'list edges', 'calibration', 'docs costs', 'check threshold'):\n"
        "    assert main(line.split()) == 0, line\n"
        "from scamp_sim.installation import install_hint\n"
        "assert install_hint('torch').endswith('\"scamp-sim[torch]\"'), install_hint('torch')"
    )
    done = python(code, empty, PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr
    assert list(empty.iterdir()) == []


@pytest.mark.skipif(not (ROOT / "compiler").is_dir(), reason="a source archive has no folders beside the package")
@pytest.mark.parametrize("name", ["compiler", "kernels"])
def test_the_folders_of_a_checkout_are_no_packages_of_their_own(name: str) -> None:
    done = python(f"import {name}", ROOT, PYTHONPATH=str(ROOT))
    assert done.returncode == 1
    assert f"import scamp_sim.{name}" in done.stderr


@pytest.mark.parametrize("name", ["compiler", "kernels"])
def test_another_package_of_the_same_name_breaks_nothing(name: str, tmp_path: Path) -> None:
    other = tmp_path / "site" / name
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("theirs = True\n")
    code = (
        f"import {name}; from scamp_sim import assemble, {name} as ours; assert {name}.theirs; "
        f"assert not hasattr(ours, 'theirs'); assemble('mov(A, B);')"
    )
    done = python(code, tmp_path, PYTHONPATH=os.pathsep.join([str(tmp_path / "site"), str(ROOT)]))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("where", [ROOT, ROOT / "scamp_sim", ROOT / "scamp_sim" / "compiler"], ids=lambda p: p.name)
def test_no_class_exists_twice(where: Path) -> None:
    code = (
        "import sys, scamp_sim.compiler as a; from scamp_sim import assemble, compiler as b; assert a is b; "
        "assemble('mov(A, B);'); twice = [m for m in sys.modules if m.split('.')[0] in ('compiler', 'kernels')]; "
        "assert not twice"
    )
    done = python(code, where, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr


def test_one_version() -> None:
    import re

    import scamp_sim

    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    version = re.search(r"^version: (.*)$", text, re.M)
    assert version is not None
    assert version[1] == scamp_sim.__version__
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_public_face() -> None:
    import scamp_sim

    assert dir(scamp_sim) == sorted(scamp_sim.__all__)
    for name in scamp_sim.__all__:
        assert getattr(scamp_sim, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Machin'"):
        _ = scamp_sim.Machin


def test_import_is_light() -> None:
    code = "import sys, scamp_sim; print(sorted({'numpy', 'numba', 'lark', 'PIL', 'rich'} & set(sys.modules)))"
    assert python(code, ROOT, PYTHONPATH=str(ROOT)).stdout.strip() == "[]"


def test_install_hints_fit_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_checkout()
    assert install_hint("torch") == 'pip install -e ".[torch]"'
    monkeypatch.setattr("scamp_sim.installation.in_checkout", lambda: False)
    for prefix, command in (
        ("/home/u/.local/pipx/venvs/scamp-sim", 'pipx install --force "scamp-sim[torch]"'),
        ("/home/u/.local/share/uv/tools/scamp-sim", 'uv tool install "scamp-sim[torch]"'),
        ("/usr", 'pip install "scamp-sim[torch]"'),
    ):
        monkeypatch.setattr(sys, "prefix", prefix)
        assert install_hint("torch") == command


def test_pages_are_there_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert {p.stem for p in (ROOT / "docs").glob("*.md")} == set(page_names())
    assert main(["docs"]) == 0
    listed = capsys.readouterr().out
    assert all(f"{name} " in listed for name in page_names())
    assert main(["docs", "docs/costs.md"]) == 0
    assert capsys.readouterr().out.rstrip() == (PAGES / "costs.md").read_text(encoding="utf-8").rstrip()
    assert main(["docs", "cost"]) == 2
    assert "did you mean 'costs'" in capsys.readouterr().err


def test_the_reference_of_the_command_line_is_fresh() -> None:
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == page(), "run: python tools/regen_docs.py"
