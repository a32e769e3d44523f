"""Bars of the live page, in processor time and bytes, so that a busy machine does not decide; nightly."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scamp_sim.view.records import Wish
from scamp_sim.view.server import Server
from scamp_sim.view.session import Session
from tests.view.programs import long_text, session, written

pytestmark = pytest.mark.nightly

BOTH = Wish(errors="scamp5", chip=7)


def spent(action: Callable[[], Any]) -> float:
    """ms of processor time."""
    start = time.process_time()
    action()
    return 1e3 * (time.process_time() - start)


def arrive(s: Session, revision: str, moment: int) -> None:
    while s.look(revision, moment, {})[0].get("pending"):
        pass


PLANES = """if True:
    import json, time
    from scamp_sim.costs.timing import load_timing
    from scamp_sim.view.opening import subject_of
    from scamp_sim.view.pictures import Pictures
    from scamp_sim.view.session import Session
    s = Session(subject_of("edges", {}), Pictures(), load_timing("scamp5d"))
    s.about()
    found = s.run(s.first)
    said, planes = s.look(found["revision"], found["frames"][0]["end"])
    assert planes and not said.get("pending")
    print(json.dumps(time.process_time()))
"""
RUN = """if True:
    import json, time
    from scamp_sim import Machine, kernels
    from scamp_sim.view.scenes import scene
    Machine().run(kernels.load("edges"), {"image": scene((256, 256))}).outputs["edges"].sum()
    print(json.dumps(time.process_time()))
"""


def fresh(code: str) -> float:
    """s of processor time of a Python of its own, the best of three."""
    command = [sys.executable, "-c", code]
    runs = (subprocess.run(command, capture_output=True, check=True, env=os.environ).stdout for _ in range(3))
    return min(float(json.loads(said)) for said in runs)


def test_the_command_takes_little_longer_to_planes_than_a_run() -> None:
    plain, page = fresh(RUN), fresh(PLANES)
    print(f"from the start of Python: {page:.2f} s of processor time to the first planes, {plain:.2f} for a plain run")
    assert page < 1.3 * plain


def test_a_page_that_is_opened_shows_planes_in_two_seconds(tmp_path: Path) -> None:
    api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here")
    server = Server(session("edges", size=(256, 256)))
    server.session.run(server.session.first)  # as the command does while the browser starts
    server.start()
    times = []
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        for _ in range(4):
            page = browser.new_context(viewport={"width": 1600, "height": 1000}).new_page()
            start = time.monotonic()
            page.goto(server.url)
            page.wait_for_selector("body[data-n]")
            times.append(time.monotonic() - start)
            page.context.close()
        browser.close()
    server.shutdown()
    server.server_close()
    print("opened to planes:", ", ".join(f"{t:.2f}" for t in times), "s")
    assert min(times) < 2


@pytest.mark.parametrize("wish", [Wish(), BOTH], ids=["ideal", "beside a chip"])
def test_a_word_of_a_thousand_takes_fifty_ms(tmp_path: Path, wish: Wish) -> None:
    s = session(written(tmp_path, long_text(19, 4).replace("array 64, 64;\n", "")), size=(256, 256))
    found = s.run(wish)
    assert 950 < found["account"]["words"] <= 1050
    arrive(s, found["revision"], found["length"])
    have: dict[str, Any] = {}
    times = []
    for moment in [*range(found["length"] - 1, 700, -1), *range(701, 900)]:
        said: dict[str, Any] = {}
        times.append(spent(lambda: said.update(s.look(found["revision"], moment, have, patience=9)[0])))  # noqa: B023
        have = {row["name"]: row["mark"] for row in said["planes"]}
    print(f"a word: {np.mean(times):.1f} ms, at most {np.percentile(times, 99):.1f} in 99 of 100")
    assert np.percentile(times, 99) < 50


def test_a_slider_of_a_hundred_words_takes_two_hundred_ms(tmp_path: Path) -> None:
    text = (
        long_text(8, 1)
        .replace("array 64, 64;\n", "param level = 3 in 0..100;\n")
        .replace("program {", "program { scamp5_in(E, level);")
    )
    s = session(written(tmp_path, text), size=(256, 256))
    for wish in (Wish(), BOTH):
        times = []
        for level in range(14):
            moved = Wish(params={"level": level}, errors=wish.errors, chip=wish.chip)

            def again(moved: Wish = moved) -> None:
                found = s.run(moved)
                assert 100 < found["account"]["words"] < 120
                arrive(s, found["revision"], found["length"])

            times.append(spent(again))
        print(f"a slider, {wish.errors}: {np.median(times[2:]):.0f} ms, at most {max(times[2:]):.0f}")
        assert np.median(times[2:]) < 200


def test_ten_thousand_words_stay_within_memory(tmp_path: Path) -> None:
    import resource

    s = session(written(tmp_path, long_text(70, 12).replace("array 64, 64;\n", "")), size=(256, 256))
    found = s.run(BOTH)
    assert found["length"] > 10_000
    arrive(s, found["revision"], 100)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    arrive(s, found["revision"], found["length"])
    rng = np.random.default_rng(1)
    times = []
    for moment in rng.integers(0, found["length"], 40).tolist():
        times.append(spent(lambda: arrive(s, found["revision"], moment)))  # noqa: B023
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    current = s.current(found["revision"])
    held = sum(t.bytes for t in current.travels.values())
    print(f"snapshots {held / 1e6:.0f} MB; grown by {(after - before) / 1024:.0f} MB; a jump {np.mean(times):.0f} ms")
    assert held <= 2 * (128 << 20)
    assert (after - before) * 1024 < 3 * (128 << 20)
