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
            os._exit(130)
        seen.append(number)
        raise KeyboardInterrupt

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


def _leave(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    os._exit(code)


if __name__ == "__main__":
    sys.exit(entry())
