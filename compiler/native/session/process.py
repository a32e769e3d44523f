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
from scamp_sim.exceptions import OptionError, ProgramError, ScampError
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
_AT_ONCE = 1 << 16
"""Bytes that are read at once."""
LINE = 8 << 20
"""Bytes of the longest line that is taken."""
_PLATFORMS = ("linux", "darwin")


class TimeoutPassedError(Exception):
    """The program has said nothing for too long."""


class TooLongError(Exception):
    """The program sends a line that is too long. `start`: its first bytes."""

    def __init__(self, start: bytes) -> None:
        super().__init__()
        self.start = start


class Process:
    """A running program. `read` gives what it says, whole lines; `answer` answers a question.

    files: what is copied into its folder.
    processor_s: seconds of processor time that it may take in all.
    patience: seconds that it may let the simulator wait, in all, until `renew` is called.
    """

    def __init__(
        self, built: Built, files: Sequence[str | Path] = (), processor_s: int = 3600, patience: float = 3600.0
    ) -> None:
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
        self.printed = ""
        self._patience = self._left = patience
        self._deadline = 0.0
        self._late = False
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def renew(self) -> None:
        """A frame has ended: the program may take its time again."""
        self._left = self._patience

    def read(self) -> bytes | None:
        """The next whole lines, up to a question if one is among them; None at the end.

        Raises TimeoutPassedError, TooLongError.
        """
        clock = time.monotonic
        started = clock()
        self._deadline = started + max(0.01, self._left)
        data = os.read(self._out, _AT_ONCE)
        if self._rest or data[-1:] != b"\n":
            data = self._joined(data)
        self._deadline = 0.0
        self._left += started - clock()
        return data or None

    def _joined(self, data: bytes) -> bytes:
        """What was read, with what was left of before and what is missing from its last line."""
        found = self._rest
        self._rest = b""
        while data:
            at = data.rfind(b"\n") + 1
            if at:
                self._rest = data[at:]
                return found + data[:at]
            found += data
            if len(found) > LINE:
                raise TooLongError(found[:100])
            data = os.read(self._out, _AT_ONCE)
        if self._late:
            raise TimeoutPassedError
        return found

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
        try:
            sent = os.write(self._in, data)
            while sent < len(data):
                sent += os.write(self._in, memoryview(data)[sent:])
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
            raise OptionError(
                f"--files {given}: cannot be copied for the program: {said}; give regular files and folders of them"
            ) from error


def _copied(source: str | Path, target: str | Path) -> str | Path:
    return shutil.copy2(checked_path(source, "--files", ProgramError, MOST_COPIED), target)
