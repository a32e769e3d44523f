"""Where machine code is kept: a folder of the user's own, closed to others; said once where there is none."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scamp_sim.user_cache import user_cache
from tests.processes import called


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("SCAMP_SIM_CACHE", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    user_cache.cache_clear()
    yield tmp_path
    user_cache.cache_clear()


posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX")


@posix
def test_the_folder_is_closed_to_others(home: Path) -> None:
    found = user_cache()
    assert found is not None
    assert home in found.parents
    assert stat.S_IMODE(found.stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("name", ["SCAMP_SIM_CACHE", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME"])
def test_the_user_says_where(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, str(home / "mine"))
    assert user_cache() == home / "mine" / "scamp-sim"


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
def test_a_folder_that_others_can_write_is_passed_over(mode: int, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAMP_SIM_CACHE", str(home / "open"))
    (home / "open" / "scamp-sim").mkdir(parents=True)
    (home / "open" / "scamp-sim").chmod(mode)
    found = user_cache()
    assert found is not None
    assert found != home / "open" / "scamp-sim"


@posix
def test_a_relative_cache_folder_is_passed_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the specification of XDG has it: it would lie in whatever folder the command runs in."""
    monkeypatch.chdir(home)
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert user_cache() == home / ".cache" / "scamp-sim"
    assert not (home / "here").exists()


def test_damaged_code_is_compiled_again(tmp_path: Path) -> None:
    from scamp_sim.engine._jit import compiled

    def double(x: int) -> int:
        return 2 * x

    assert compiled(double, tmp_path)(21) == 42
    for ending in ("nbi", "nbc"):
        (file,) = tmp_path.rglob(f"*.{ending}")
        whole = file.read_bytes()
        for damaged in (b"", whole[: len(whole) // 2], b"D" + whole[1:]):
            file.write_bytes(damaged)
            again = compiled(double, tmp_path)
            assert again(21) == 42
            assert not again.stats.cache_hits  # type: ignore[attr-defined]
            kept = compiled(double, tmp_path)
            assert kept(21) == 42
            assert kept.stats.cache_hits  # type: ignore[attr-defined]
            whole = next(tmp_path.rglob(f"*.{ending}")).read_bytes()


@pytest.mark.parametrize(("name", "value"), [("NUMBA_DISABLE_JIT", "1"), ("NUMBA_NUM_THREADS", "0")])
def test_settings_that_the_engine_cannot_work_under_are_named(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    (tmp_path / "k.scamp").write_text("mov(A, B);\noutput a = A;\n")
    done = called("run k.scamp --size 64x64")
    assert done.returncode == 1
    (said,) = [line for line in done.stderr.splitlines() if "error: " in line]
    assert "NUMBA_" in said
    assert "internal" not in said


@posix
def test_links_and_files_are_passed_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "elsewhere").mkdir()
    (home / "linked").mkdir()
    (home / "linked" / "scamp-sim").symlink_to(home / "elsewhere")
    monkeypatch.setenv("SCAMP_SIM_CACHE", str(home / "linked"))
    (home / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(home / "file"))
    found = user_cache()
    assert found is not None
    assert found not in (home / "linked" / "scamp-sim", home / "file" / "scamp-sim")


@posix
def test_somebody_elses_folder_is_passed_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: os.stat(home).st_uid + 1)
    assert user_cache() is None


@posix
def test_no_place_at_all_is_said_once(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(home / "file"))
    assert user_cache() is None
    assert user_cache() is None
    said = capsys.readouterr().err
    assert said.count("no folder for compiled code can be written") == 1
    assert "SCAMP_SIM_CACHE" in said
