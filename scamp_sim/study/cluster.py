"""The units of a study as tasks on Dask (extra "cluster"): a cluster of this machine, or a scheduler somewhere.

All that a task needs is itself a task whose inputs the scheduler keeps, so what a killed worker held is made again
elsewhere. Workers must run the same code as this process; each task makes sure of it.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

from scamp_sim.exceptions import OptionError, ProgramError
from scamp_sim.installation import install_hint
from scamp_sim.study.execute import Benches, Work, cores
from scamp_sim.study.grid import Unit
from scamp_sim.study.version import results_identity
from scamp_sim.text import plural, short

PATIENCE = 10
"""Seconds that a scheduler, and then its first worker, has to answer."""

AHEAD = 1024
"""Tasks that the scheduler knows at a time."""

POLL, LOOK, ALONE = 0.005, 5, 60
"""Seconds between looks for results, between looks for workers, and for which there may be none."""

_GOES_ON = "if results are kept (--out), the same command resumes where this one stopped, on a cluster or without"

_BENCHES = Benches()
"""Those of this worker."""


def on_cluster(
    work: Work, units: Iterable[Unit], payload: Callable[[int], Any], cluster: Any, jobs: int | None
) -> Iterator[tuple[Unit, Any]]:
    """The result of each unit, as `execute.carry_out` says. Raises ProgramError: Dask is missing, nothing answers at
    the address, workers run other code, or die too often."""
    _needs_dask()
    from distributed import as_completed

    with connected(cluster, jobs) as client:
        identities = _same_code(client)
        study = uuid.uuid4().hex
        given = client.submit(_given, work, key=f"scamp-sim-{study}-work")
        items: dict[int, Any] = {}
        left, pending = iter(units), {}
        ready = as_completed(loop=client.loop)
        number = count()  # chip by chip, as they come; Dask alone would take them in any order

        def submit() -> None:
            """One more unit, if there is one."""
            unit = next(left, None)
            if unit is None:
                return
            if unit.item not in items:
                key = f"scamp-sim-{study}-item-{unit.item}"
                items[unit.item] = client.submit(_given, payload(unit.item), key=key)
            future = client.submit(
                _measure,
                given,
                study,
                identities,
                tuple(unit),
                items[unit.item],
                key=f"scamp-sim-{study}-{unit.chip}-{unit.seed}-{unit.item}",
                priority=-next(number),
            )
            pending[future] = unit
            ready.add(future)

        try:
            for _ in range(AHEAD):
                submit()
            while pending:
                future = _next(ready, client)
                if future.status == "lost" and client.status == "running":  # its worker died; it is made again
                    ready.add(future)
                    continue
                unit = pending.pop(future)
                result = _result(future, unit, client)
                submit()
                yield unit, result
        finally:
            if pending and client.status == "running":
                client.cancel(list(pending))


def _next(ready: Any, client: Any) -> Any:
    """The next future that is done. Raises ProgramError if there are no workers for long."""
    looked = alive = time.monotonic()
    while not ready.has_ready():
        time.sleep(POLL)
        now = time.monotonic()
        if now - looked > LOOK and client.status == "running":
            looked = now
            alive = now if client.nthreads() else alive
            if now - alive > ALONE:
                raise ProgramError(f"the Dask cluster has had no workers for {ALONE} s; {_GOES_ON}")
    return next(ready)


def _given(value: Any) -> Any:
    """A value as a task, which the scheduler can have made again when the worker that holds it dies."""
    return value


def _measure(work: Work, study: str, identity: Mapping[str, str], unit: tuple[int, int, int], payload: Any) -> Any:
    """One unit, on a worker."""
    if identity != results_identity():  # a worker that came later
        raise ProgramError(_difference("a worker", identity, results_identity()))
    return _BENCHES.measure(work, study, Unit(*unit), payload)


def _result(future: Any, unit: Unit, client: Any) -> Any:
    from distributed import KilledWorker

    what = f"chip {unit.chip}, seed {unit.seed}, item {unit.item}"
    lost = f"the Dask cluster was lost at {what}; {_GOES_ON}"
    try:
        if future.status in ("cancelled", "lost"):
            raise ProgramError(lost)
        return future.result()
    except KilledWorker as e:
        raise ProgramError(
            f"{what}: each worker that was given it died; check the workers' logs, and whether they have enough "
            "memory. What is done is kept"
        ) from e
    except (OSError, asyncio.CancelledError) as e:
        if client.status == "running" and isinstance(e, OSError):
            raise
        raise ProgramError(lost) from e
    except ModuleNotFoundError as e:
        raise ProgramError(f"a worker lacks {e.name}; install there what is installed here: {_versions()}") from e


# --- the cluster --------------------------------------------------------------------------------------------------


MEMORY = {
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
}
"""Environment of the workers of a local cluster: bytes from which memory goes back, and threads of libraries."""


def _needs_dask() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise ProgramError(f"a cluster needs Dask, which is missing: {install_hint('cluster')}") from None


@contextmanager
def connected(cluster: Any, jobs: int | None) -> Iterator[Any]:
    """A client: of a local cluster that lives as long as this ("" for it), of the scheduler at an address, or the one
    that is given. Raises ProgramError."""
    import dask.config
    from distributed import Client, LocalCluster

    with ExitStack() as stack:
        if isinstance(cluster, Client):
            client = cluster
        elif not isinstance(cluster, str):
            raise ProgramError(
                f"cluster is {cluster!r:.60}; give the address of a scheduler, '' or a distributed.Client"
            )
        elif cluster:
            if jobs is not None:
                raise ProgramError("jobs are for this machine; a cluster that runs already has the workers it has")
            client = stack.enter_context(_reach(cluster))
        else:
            # Dask has each worker give its memory back at once; planes are made and dropped all the time
            memory = {"distributed.nanny.pre-spawn-environ": MEMORY}
            stack.enter_context(dask.config.set(memory))
            local = LocalCluster(
                n_workers=jobs or cores(),
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                silence_logs="ERROR",
                preload=[__name__],
            )
            client = stack.enter_context(Client(stack.enter_context(local), set_as_default=False))
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except (TimeoutError, asyncio.TimeoutError):
            where = client.scheduler.address if client.scheduler else cluster
            raise ProgramError(f"the scheduler at {where} has no workers; start one: dask worker {where}") from None
        yield client


def dask_setup(worker: Any) -> None:
    """Dask calls it in each worker of a local cluster: Ctrl-C is for the process that they work for."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _reach(address: str) -> Any:
    from distributed import Client

    remedy = "start one (dask scheduler), check the address, such as tcp://host:8786, or give --cluster alone"
    _, colon, rest = address.partition("://")
    if not colon or not rest or ":" not in rest:
        raise OptionError(f"--cluster {short(address, 80)}: not the address of a Dask scheduler; {remedy}")
    try:
        return Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, asyncio.TimeoutError):
        raise OptionError(f"--cluster {short(address, 80)}: no scheduler answers there; {remedy}") from None
    except (ValueError, TypeError, RuntimeError) as e:
        raise OptionError(f"--cluster {short(address, 80)}: {short(str(e), 120)}; {remedy}") from None


# --- the same code everywhere -------------------------------------------------------------------------------------


def _versions() -> str:
    return ", ".join(f"{name} {version}" for name, version in results_identity().items())


def _difference(who: str, ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    other = [
        f"{name} {theirs.get(name, 'none')} (here {version})"
        for name, version in ours.items()
        if theirs.get(name) != version
    ]
    return f"{who} has {', '.join(other)}; numbers could differ: install there what is installed here"


def _same_code(client: Any) -> dict[str, str]:
    """What all workers must have, and have. Raises ProgramError that names one that has not."""
    ours = results_identity()
    found: Mapping[str, Any] = client.run(results_identity, on_error="return")
    for who, theirs in found.items():
        if isinstance(theirs, Exception):
            why = f"{type(theirs).__name__}: {short(str(theirs), 120)}"
            raise ProgramError(
                f"the worker at {who} cannot run scamp-sim ({why}); install there what is installed here: {_versions()}"
            )
        if theirs != ours:
            raise ProgramError(_difference(f"the worker at {who}", ours, theirs))
    if not found:
        raise ProgramError(f"no workers, {plural(len(found), 'answer')}; start one: dask worker ADDRESS")
    return ours


__all__ = ["connected", "dask_setup", "on_cluster"]
