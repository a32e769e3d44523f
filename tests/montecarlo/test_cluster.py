"""Studies on Dask: the same numbers as on threads, whoever dies; and what a user hears when there is no cluster."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from scamp_sim import ProgramError
from scamp_sim.study import cluster
from scamp_sim.study.execute import carry_out
from scamp_sim.study.grid import make_grid
from scamp_sim.study.version import RESULTS_VERSION, results_identity
from tests.montecarlo.fake import Draw, payload

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.xdist_group("dask"),
    # of Dask's own making, at its start and end
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

GRID = make_grid(range(1, 9), range(3), 2)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    local = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs="CRITICAL"
    )
    with local, distributed.Client(local, set_as_default=False) as found:
        yield found


@pytest.fixture(scope="module")
def expected() -> dict[Any, Any]:
    return dict(carry_out(Draw(), GRID, payload, jobs=2))


def test_the_numbers_are_those_of_threads(client: Any, expected: dict[Any, Any]) -> None:
    found = list(carry_out(Draw(), GRID, payload, cluster=client))
    assert len(found) == len(GRID)
    assert dict(found) == expected
    # by address, as the command line has it
    assert dict(carry_out(Draw(), GRID, payload, cluster=client.scheduler.address)) == expected


def test_a_killed_worker_loses_nothing(client: Any, expected: dict[Any, Any]) -> None:
    """One of two is killed in the middle of a unit; nothing is lost or comes twice."""
    workers = client.run(os.getpid)
    found = []
    for result in carry_out(Draw(pause=0.02), GRID, payload, cluster=client):
        found.append(result)
        if len(found) == 6:
            os.kill(next(iter(workers.values())), signal.SIGKILL)
    assert len(found) == len(GRID)
    assert dict(found) == expected


def test_more_units_than_are_sent_at_once(
    client: Any, expected: dict[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "AHEAD", 3)
    assert dict(carry_out(Draw(), GRID, payload, cluster=client)) == expected


def test_whoever_stops_early_leaves_nothing_behind(client: Any) -> None:
    results = carry_out(Draw(pause=0.05), GRID, payload, cluster=client)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert dict(carry_out(Draw(), list(GRID)[:2], payload, cluster=client)).keys() == set(list(GRID)[:2])


def test_errors_come_through(client: Any) -> None:
    with pytest.raises(ProgramError, match="chip 3 is broken"):
        list(carry_out(Draw(fail=3), GRID, payload, cluster=client))


def test_a_unit_that_kills_every_worker_is_named(client: Any) -> None:
    with pytest.raises(ProgramError, match="chip 2, seed 0, item 0: each worker that was given it died"):
        list(carry_out(Draw(exit=2), make_grid([2], [0]), payload, cluster=client))


def test_workers_with_other_code_are_refused(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {**results_identity(), "results version": "9.9"}
    monkeypatch.setattr(cluster, "results_identity", lambda: other)
    with pytest.raises(ProgramError) as e:
        cluster._measure(Draw(), "s", {**other, "results version": "9.8"}, (1, 0, 0), 0.0)
    assert "a worker has results version 9.9 (here 9.8); numbers could differ" in str(e.value)
    monkeypatch.undo()
    client.wait_for_workers(2)  # one may be starting again
    client.run(_pretend)
    try:
        with pytest.raises(
            ProgramError, match=r"the worker at tcp.* has results version 0 \(here .*install there what"
        ):
            list(carry_out(Draw(), GRID, payload, cluster=client))
    finally:
        client.run(_stop_pretending, RESULTS_VERSION)


def _pretend() -> None:
    from scamp_sim.study import version

    version.RESULTS_VERSION = 0


def _stop_pretending(version_here: int) -> None:
    from scamp_sim.study import version

    version.RESULTS_VERSION = version_here


# --- no cluster ---------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.mark.parametrize("address", ["host", "tcp://", "tcp://host", "8786"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ProgramError, match=r"not the address of a Dask scheduler; start one \(dask scheduler\)"):
        list(carry_out(Draw(), GRID, payload, cluster=address))


def test_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with pytest.raises(ProgramError, match="no scheduler answers there"):
        list(carry_out(Draw(), GRID, payload, cluster=f"tcp://127.0.0.1:{free_port()}"))
    with pytest.raises(ProgramError, match="--cluster nonsense://a:1: "):
        list(carry_out(Draw(), GRID, payload, cluster="nonsense://a:1"))


def test_what_is_no_cluster(client: Any) -> None:
    with pytest.raises(ProgramError, match="cluster is 7; give the address"):
        list(carry_out(Draw(), GRID, payload, cluster=7))
    with pytest.raises(ProgramError, match="jobs are for this machine"):
        list(carry_out(Draw(), GRID, payload, cluster=client.scheduler.address, jobs=2))


def test_a_scheduler_without_workers_and_workers_without_scamp_sim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 2)
    with distributed.LocalCluster(
        n_workers=0, silence_logs="CRITICAL", dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as empty:
        address = empty.scheduler_address
        with pytest.raises(ProgramError, match=f"the scheduler at {address} has no workers; start one: dask worker"):
            list(carry_out(Draw(), GRID, payload, cluster=address))
        monkeypatch.setattr(cluster, "PATIENCE", 30)
        worker = subprocess.Popen([sys.executable, "-c", WITHOUT, address], stderr=subprocess.DEVNULL)
        try:
            with pytest.raises(ProgramError, match=r"the worker at tcp.* cannot run scamp-sim .*ModuleNotFoundError"):
                list(carry_out(Draw(), GRID, payload, cluster=address))
        finally:
            worker.kill()
            worker.wait()


WITHOUT = textwrap.dedent(
    """
    import asyncio, sys
    sys.modules["scamp_sim"] = None
    from distributed import Worker

    async def serve():
        async with Worker(sys.argv[1], nthreads=1, dashboard=False) as worker:
            await worker.finished()

    if __name__ == "__main__":
        asyncio.run(serve())
    """
)


def test_a_lost_scheduler_is_said() -> None:
    local = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs="CRITICAL"
    )
    with local, distributed.Client(local, set_as_default=False) as lost:
        results = carry_out(Draw(pause=0.2), GRID, payload, cluster=lost)
        next(results)
        local.close()
        with pytest.raises(ProgramError, match=r"the Dask cluster was lost at chip .*the same command resumes"):
            list(results)


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ProgramError, match=r"pip install -e .*\[cluster\]"):
        list(carry_out(Draw(), GRID, payload, cluster=""))
