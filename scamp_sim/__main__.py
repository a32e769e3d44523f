"""`python -m scamp_sim` is `scamp-sim`, and where the command starts.

Ctrl-C is looked after before anything heavy is imported: an interrupt ends in one line and exit code 130, in the middle
of an import too. Hence the C module instead of `signal`, which imports a dozen others.
"""

import _signal  # type: ignore[import-not-found]
import _thread
import os
import sys
import time


def entry() -> int:
    """Run the command line; returns the exit code."""
    seen: list[int] = []

    def handler(number: int, frame: object) -> None:
        if seen:  # the second time: at once
            _leave(130)
        seen.append(number)
        if _imports_torch(frame):
            print("interrupted", file=sys.stderr)
            _leave(130)
        raise KeyboardInterrupt

    def ended(number: int, frame: object) -> None:  # by `timeout`, a queue of jobs, a terminal that is closed
        _leave(128 + number)

    def unraisable(found: object) -> None:
        # Python drops what is raised in a callback; an interrupt that it dropped is raised again, by a thread and a
        # moment later: what is raised in this hook would be dropped too
        if isinstance(getattr(found, "exc_value", None), KeyboardInterrupt):
            seen.clear()
            _thread.start_new_thread(again, ())
        else:
            usual(found)  # type: ignore[arg-type]

    def again() -> None:
        time.sleep(0.01)
        if hasattr(_signal, "pthread_kill"):  # to the main thread, or what it waits for would go on
            _signal.pthread_kill(here, _signal.SIGINT)
        else:
            _signal.raise_signal(_signal.SIGINT)

    here = _thread.get_ident()
    usual = sys.unraisablehook
    try:
        if _signal.getsignal(_signal.SIGINT) is not _signal.SIG_IGN:  # as under nohup
            _signal.signal(_signal.SIGINT, handler)
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(_signal, name, None)
            if number is not None and _signal.getsignal(number) is _signal.SIG_DFL:
                _signal.signal(number, ended)
        sys.unraisablehook = unraisable
        from scamp_sim.cli.main import main

        code = main(interrupted=lambda: bool(seen))
        _signal.signal(_signal.SIGINT, _signal.SIG_IGN)  # what is left is leaving
    except BaseException as e:
        if not (seen or isinstance(e, KeyboardInterrupt)):
            raise
        print("interrupted", file=sys.stderr)
        code = 130
    if code == 130:  # threads may still be in compiled code, which nobody waits for
        _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
        _leave(code)
    return code


def _imports_torch(frame: object) -> bool:
    """Whether PyTorch is being imported: its C++ imports modules of Python where no exception may pass, so that one
    would end the process with a dump."""
    while frame is not None:
        code = frame.f_code  # type: ignore[attr-defined]
        if code.co_name == "<module>" and f"{os.sep}torch{os.sep}" in code.co_filename:
            return True
        frame = frame.f_back  # type: ignore[attr-defined]
    return False


def _leave(code: int) -> None:
    """End at once, with nothing half-written."""
    files = sys.modules.get("scamp_sim.files")
    tidy = getattr(files, "leave_nothing_aside", None)  # none while it is being imported
    if tidy is not None:
        tidy()
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    os._exit(code)


if __name__ == "__main__":
    sys.exit(entry())
