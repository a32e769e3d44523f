"""The process that a built program runs in: two pipes, an empty environment, a folder of its own, limits."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from scamp_sim.compiler.native.toolchain.build import Built
from scamp_sim.exceptions import ProgramError, ScampError
from scamp_sim.reading import checked_path
from scamp_sim.text import short

MEMORY = 4 << 30
"""Bytes of address space that a program may have."""
FILE_SIZE = 64 << 20
"""Bytes of the longest file that it may write."""
FILES = 64
"""Files that it may hold open."""
MOST_COPIED = 1 << 30
"""Bytes of a file that is copied for it to read."""
PRINTED = 1 << 16
"""Bytes of what it prints that are kept."""
_LINE = 8 << 20
"""Bytes of the longest line that is taken."""
_PLATFORMS = ("linux", "darwin")


class TimeoutPassedError(Exception):
    """The program has said nothing for too long."""


class Process:
    """A running program. `read` gives what it says, whole lines; `answer` answers a question."""

    def __init__(self, built: Built, files: Sequence[str | Path] = (), processor_s: int = 3600) -> None:
        if not sys.platform.startswith(_PLATFORMS):
            raise ProgramError(f"C++ programs run on Linux and macOS, and this is {sys.platform}; use one of those")
        self.folder = tempfile.TemporaryDirectory(prefix="scamp-sim-")
        work = Path(self.folder.name)
        try:
            _copy(files, work)
            self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the run
            limits = {
                "RLIMIT_AS": MEMORY,
                "RLIMIT_FSIZE": FILE_SIZE,
                "RLIMIT_NOFILE": FILES,
                "RLIMIT_CORE": 0,
                "RLIMIT_CPU": processor_s,
            }
            self.child = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _STARTER, str(built.path.resolve()), repr(limits)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._printed,
                env={},
                cwd=work,
                close_fds=True,
                start_new_session=True,
            )
        except OSError as error:
            self.folder.cleanup()
            raise ScampError(f"the program cannot be started: {error.strerror or error}") from error
        except BaseException:
            self.folder.cleanup()
            raise
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self._in, self._out = self.child.stdin.fileno(), self.child.stdout.fileno()
        self._rest = b""
        self.waited = 0.0
        self.printed = ""
        self._started = self._deadline = 0.0
        self._late = False
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def read(self, patience: float) -> bytes | None:
        """The next whole lines, up to a question if one is among them; None at the end.

        patience: seconds to wait at most. Raises TimeoutPassedError.
        """
        data = self._rest
        self._started = time.monotonic()
        self._deadline = self._started + patience
        try:
            while True:
                at = data.rfind(b"\n")
                if at >= 0:
                    self._rest = data[at + 1 :]
                    return data[: at + 1]
                if len(data) > _LINE:
                    raise ProgramError("the program sends a line of more than 8 MiB: it posts too much at once")
                more = os.read(self._out, 1 << 16)
                if self._late and not more:
                    raise TimeoutPassedError
                if not more:
                    self._rest = b""
                    return data or None
                data += more
        finally:
            self._deadline = 0.0
            self.waited += time.monotonic() - self._started

    def _watch(self) -> None:
        """Ends a program that lets the simulator wait for too long; runs beside everything else."""
        while not self._over.wait(0.05):
            if self._deadline and time.monotonic() > self._deadline and not self._late:
                self._late = True
                self._signal(signal.SIGUSR1)
                if not self._over.wait(2.0):
                    self.kill()

    def answer(self, data: bytes) -> None:
        """Send an answer; a program that is gone already is told from `read`."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._in, view) :]
        except BrokenPipeError:
            pass

    def kill(self) -> None:
        """End it, and whatever it has started."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        try:
            if number == signal.SIGKILL:
                os.killpg(self.child.pid, number)
            else:
                os.kill(self.child.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def close(self, patience: float) -> int:
        """Give it `patience` seconds to end, then end it, and clean up; the exit code, negative for a signal."""
        self._over.set()
        for stream in (self.child.stdin, self.child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        code = 0
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self.child.wait(timeout=patience)
        self.kill()
        self.child.wait()
        self._printed.seek(0)
        self.printed = self._printed.read(PRINTED).decode("utf-8", errors="replace")
        self._printed.close()
        self.folder.cleanup()
        return code


_STARTER = (
    "import os, resource, sys\n"
    "for name, most in eval(sys.argv[2]).items():\n"
    "    try:\n"
    "        resource.setrlimit(getattr(resource, name), (most, most))\n"
    "    except (ValueError, OSError):\n"
    "        pass\n"
    "os.execve(sys.argv[1], [sys.argv[1].rpartition('/')[2]], {})\n"
)
"""Sets the limits and becomes the program. A process between, since what runs between fork and exec in a program with
threads must not be Python."""


def _copy(files: Sequence[str | Path], work: Path) -> None:
    """Copy what the program may read into its folder: files, and the contents of folders."""
    for given in files:
        path = Path(given)
        try:
            if path.is_dir():
                shutil.copytree(path, work, dirs_exist_ok=True, copy_function=_copied)
            else:
                _copied(given, work / path.name)
        except (OSError, shutil.Error) as error:
            said = short(getattr(error, "strerror", None) or str(error), 200)
            raise ProgramError(
                f"--files {given}: cannot be copied for the program: {said}; give regular files and folders of them"
            ) from error


def _copied(source: str | Path, target: str | Path) -> str | Path:
    return shutil.copy2(checked_path(source, "--files", ProgramError, MOST_COPIED), target)
