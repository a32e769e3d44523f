"""The live page in a real browser: chromium, headless, driven by Playwright, with the policy of the page in force.

The policy forbids evaluating text, so nothing here does: what the page shows is read from its elements.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim import Machine, assemble
from scamp_sim.view.records import Wish
from scamp_sim.view.scenes import scene
from scamp_sim.view.server import Server
from scamp_sim.view.session import Session
from tests.view.programs import EDGES, HOSTILE, SHAPE, long_text, session, written

api = pytest.importorskip("playwright.sync_api")
CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
if CHROMIUM is None:
    pytest.skip("no chromium here", allow_module_level=True)

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a camera of moving shapes, which pages may have
    "--use-fake-ui-for-media-stream",
)
PATIENCE = 120_000
"""ms; a busy machine is slow."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    # a proxy of the environment is not for this machine, and the driver would wait for it
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.lower().endswith("_proxy")}
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()
    os.environ.update(kept)


def until(holds: Callable[[], bool], what: str) -> None:
    """Ask until it holds, less and less often: the browser's own way to wait draws a frame for every look."""
    end, pause = time.monotonic() + PATIENCE / 1000, 0.01
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(pause)
        pause = min(2 * pause, 0.1)


def serving(s: Session) -> Server:
    """A server whose session has run what the page asks first: an engine that has yet to be compiled takes longer than
    a page is waited for."""
    found = s.run(s.first)
    while found["ok"] and s.look(found["revision"], found["length"], patience=60)[0].get("pending"):
        pass
    server = Server(s)
    server.start()
    return server


class Tab:
    """A page that was opened, what it asked, and what went wrong on it."""

    def __init__(self, page: Any, server: Server) -> None:
        self.page, self.server = page, server
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self._heard = {
            "request": lambda r: self.asked.append(r.url),
            "console": lambda m: self.wrong.append(m.text) if m.type == "error" else None,
            "pageerror": lambda e: self.wrong.append(str(e)),
            "dialog": self._dialog,
        }
        for event, hear in self._heard.items():
            page.on(event, hear)

    def _dialog(self, dialog: Any) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self) -> None:
        self.page.goto(self.server.url)
        self.has("body", "data-ready", "yes")

    def leave(self) -> None:
        """Nothing may have gone wrong on the page, and nobody else may have been asked."""
        if not self.page.is_closed():
            for event, hear in self._heard.items():
                self.page.remove_listener(event, hear)
            self.page.goto("about:blank")
        self.server.shutdown()
        self.server.server_close()
        own = (self.server.url, f"blob:http://127.0.0.1:{self.server.port}/")
        assert [u for u in self.asked if not u.startswith(own)] == []
        assert self.wrong == []

    def has(self, selector: str, name: str, value: str) -> None:
        """Wait until an element has an attribute."""
        element = self.page.locator(selector)
        until(lambda: element.get_attribute(name) == value, f"{selector} has no {name} {value}")

    def at(self, moment: int) -> None:
        """Wait until the page stands at a moment."""
        self.has("body", "data-n", str(moment))

    @property
    def n(self) -> int:
        return int(self.page.locator("body").get_attribute("data-n"))

    @property
    def length(self) -> int:
        return int(self.page.locator("#moment").get_attribute("max"))

    def says(self, selector: str, text: str) -> None:
        """Wait until an element holds a text."""
        found = self.page.locator(selector).filter(has_text=re.compile(text))
        until(lambda: found.count() > 0, f"{selector} does not say {text}")


@pytest.fixture(scope="module")
def page(chromium: Any) -> Any:
    """One page for all tests that leave it open: a new one is a process more."""
    made = chromium.new_context(viewport={"width": 1600, "height": 1000}).new_page()
    made.set_default_timeout(PATIENCE)
    return made


@pytest.fixture
def opened(page: Any, tmp_path: Path) -> Iterator[Callable[..., Tab]]:
    """`opened(text, wish, name, page)` serves a program and opens its page."""
    tabs: list[Tab] = []

    def make(text: str = EDGES, wish: Wish | None = None, name: str = "mine.scamp", on: Any = page) -> Tab:
        server = serving(session(written(tmp_path, text, name), wish))
        tabs.append(Tab(on, server))
        tabs[-1].open()
        return tabs[-1]

    yield make
    for tab in tabs:
        tab.leave()


def test_it_opens_with_planes_costs_and_parameters(opened: Callable[..., Tab]) -> None:
    tab = opened()
    page = tab.page
    assert page.title() == "mine - scamp-sim"
    assert tab.n == tab.length
    assert page.locator("#shown").text_content() == "output edges"
    assert page.locator("#planes button").count() == 9
    row = page.locator("#gutter div").nth(6)  # get_image(A);
    assert [s.strip() for s in row.locator("span").all_text_contents()] == ["5", "0.5"]
    assert page.locator("#sliders input[type=range]").input_value() == "12"
    assert page.locator("#sliders select").input_value() == "1"
    assert page.locator("#paint .t-keyword").first.text_content() == "input"
    assert page.locator("#timeline svg rect").count() > 5
    page.locator("#tab-costs").click()
    assert "kernel find" in (page.locator("#costs").text_content() or "")
    page.locator("#tab-store").click()
    assert "14 of 1,024 words" in (page.locator("#store").text_content() or "")


def test_keys_alone(opened: Callable[..., Tab]) -> None:
    tab = opened(wish=Wish(frames=2, errors="scamp5", chip=7))
    page, press = tab.page, tab.page.keyboard.press
    end = tab.n
    for key, moment in (
        ("Home", 0),
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("PageDown", end),
        ("PageDown", 2 * end),
        ("PageUp", end),
        ("End", 2 * end),
        ("Home", 0),
    ):
        press(key)
        tab.at(moment)
    lines: list[int] = []
    for _ in range(4):
        before = tab.n
        press("Shift+ArrowRight")
        until(lambda: tab.n != before, "no line further")  # noqa: B023
        lines.append(tab.n)
    assert lines == sorted(set(lines))
    press("Shift+ArrowLeft")
    tab.at(lines[-2])
    for key, mode in (("i", "ideal"), ("c", "chip"), ("d", "difference"), ("s", "all")):
        press(key)
        assert page.locator("#mode input:checked").get_attribute("value") == mode
    assert page.locator("#views canvas").count() == 3
    press("]")
    first = page.locator("#shown").text_content()
    press("]")
    assert page.locator("#shown").text_content() != first
    press("[")
    assert page.locator("#shown").text_content() == first
    press("?")
    assert page.locator("#help").is_visible()
    press("Escape")
    assert not page.locator("#help").is_visible()
    press("e")
    assert page.locator("#text:focus").count() == 1
    press("Home")  # in the text: no move in time
    assert tab.n == lines[-2]
    press("Escape")
    assert page.locator("#text:focus").count() == 0
    press("Space")
    until(lambda: tab.n >= lines[-2] + 2, "it does not play")
    press("Space")


def test_tab_belongs_to_a_text_that_is_being_written(opened: Callable[..., Tab]) -> None:
    tab = opened()
    press, text = tab.page.keyboard.press, tab.page.locator("#text")
    text.focus()  # as by Tab
    press("Tab")
    assert tab.page.locator("#text:focus").count() == 0
    press("e")
    before = text.input_value()
    press("Tab")
    assert tab.page.locator("#text:focus").count() == 1
    assert len(text.input_value()) == len(before) + 4
    press("Escape")
    text.focus()
    press("Tab")
    assert len(text.input_value()) == len(before) + 4


def test_a_camera_is_seen_live(opened: Callable[..., Tab]) -> None:
    tab = opened()
    page, body = tab.page, tab.page.locator("body")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    tab.at(1)
    button = page.locator("#camera")
    button.click()
    tab.has("#camera", "aria-pressed", "true")
    seen: set[str] = set()

    def further() -> bool:
        seen.add(body.get_attribute("data-revision"))
        return len(seen) > 4

    until(further, "it shows no further frames")
    assert page.locator("#picture").input_value() == "own"
    assert tab.n == 1  # the place in the program stays
    button.click()
    tab.has("#camera", "aria-pressed", "false")
    until(lambda: "busy" not in (body.get_attribute("class") or ""), "it does not rest")
    last = body.get_attribute("data-revision")
    page.wait_for_timeout(400)
    assert body.get_attribute("data-revision") == last
    page.locator("#frames").fill("3")
    page.locator("#frames").press("Enter")
    button.click()
    tab.says("#where", r"frame 1 of 3: camera\.npy#1")
    page.locator("#picture").select_option("ramp")  # another picture ends it
    tab.has("#camera", "aria-pressed", "false")


@pytest.mark.parametrize(
    ("name", "says"), [("NotAllowedError", "allow it for this address"), ("NotFoundError", "plug one in")]
)
def test_a_camera_that_does_not_start_says_why(name: str, says: str, chromium: Any, opened: Callable[..., Tab]) -> None:
    page = chromium.new_context().new_page()
    refused = f"async () => {{ throw new DOMException('', '{name}'); }}"
    page.add_init_script(f"navigator.mediaDevices.getUserMedia = {refused}")
    tab = opened(on=page)
    page.locator("#camera").click()
    tab.says("#banner", says)
    assert page.locator("#camera").get_attribute("aria-pressed") == "false"


def test_a_number_beyond_its_range_is_said(opened: Callable[..., Tab]) -> None:
    tab = opened()
    tab.page.locator("#frames").fill("300")
    tab.page.locator("#frames").press("Enter")
    tab.says("#banner", "frames: expected a number from 1 to 256, got 300")
    assert tab.page.locator("#frames").input_value() == "1"


def test_values_under_the_cursor_are_those_of_the_array(opened: Callable[..., Tab]) -> None:
    tab = opened(wish=Wish(errors="scamp5", chip=7, seed=2))
    page = tab.page
    machines = []
    for errors in ("ideal", "scamp5"):
        m = Machine(SHAPE, errors, chip=7 if errors == "scamp5" else 0, seed=2)
        m.load(assemble(EDGES), {"image": scene(SHAPE)})
        m.resume()
        machines.append(m)
    page.locator("#planes button", has_text=re.compile("^B")).click()
    page.locator("#mode label", has_text="ideal").click()
    canvas = page.locator("canvas.plane")
    box = canvas.bounding_box()
    row, column = 20, 41
    page.mouse.move(box["x"] + box["width"] * (column + 0.5) / 64, box["y"] + box["height"] * (row + 0.5) / 64)
    tab.says("#cursor", f"row {row}, column {column} ")
    text = (page.locator("#cursor").text_content() or "").replace("\u2212", "-")
    found = [float(v) for v in re.findall(r"(?:ideal|chip|difference) (-?[\d.]+)", text)]
    expected = [float(m.read("B")[row, column]) for m in machines]
    assert found == pytest.approx([*expected, expected[1] - expected[0]], abs=0.006)
    canvas.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    tab.says("#cursor", f"row {row + 16}, column {column + 3} ")
    for _ in range(8):
        page.keyboard.press("+")  # until values stand in the PEs
    tab.says("#cursor", f"row {row + 16}, column {column + 3} ")


def test_what_is_typed_is_explained_and_run(opened: Callable[..., Tab], tmp_path: Path) -> None:
    tab = opened()
    page = tab.page
    page.keyboard.press("e")
    page.locator("#text").fill(EDGES.replace("sub(B, A, left)", "subb(B, A, left)"))
    tab.says("#messages", "unknown instruction 'subb'")
    assert page.locator("#messages li.error").count() == 1
    assert page.locator(".m-error").count() == 1
    page.keyboard.press("F8")
    assert "9:5" in (page.locator("#messages b").text_content() or "")
    page.locator("#text").fill(EDGES.replace("sub(B, A, left)", "mov(B, A)"))
    until(lambda: page.locator("body:not(.stale) #messages:empty").count() == 1, "the text is still refused")
    tab.says("#dirty", "changed")
    assert (tmp_path / "mine.scamp").read_text() == EDGES
    page.keyboard.press("Control+s")
    tab.says("#dirty", "saved")
    assert "mov(B, A)" in (tmp_path / "mine.scamp").read_text()


def test_sliders_run_again(opened: Callable[..., Tab]) -> None:
    tab = opened()
    page = tab.page
    before = page.locator("body").get_attribute("data-revision")
    slider = page.locator("#sliders input[type=range]")
    slider.fill("100")
    until(lambda: page.locator("body").get_attribute("data-revision") != before, "nothing was run again")
    assert page.locator("#sliders input[type=number]").input_value() == "100"
    m = Machine(SHAPE)
    run = m.run(assemble(EDGES, params={"level": 100}), {"image": scene(SHAPE)})
    tab.says("#numbers", f"{int(run.outputs['edges'].sum()):,} of 4,096 set")
    number = page.locator("#sliders input[type=number]")
    number.fill("9999")
    tab.says("#messages", "not allowed")
    number.fill("5")
    until(lambda: page.locator("body.stale").count() == 0, "the value is still refused")


def test_hostile_texts_and_names_stay_texts(opened: Callable[..., Tab]) -> None:
    tab = opened(HOSTILE, name="<img src=x onerror=alert(1)>.scamp")
    assert tab.page.title() == "<img src=x onerror=alert(1)> - scamp-sim"
    assert tab.page.locator("img").count() == 0
    assert tab.page.locator("#paint script, #files img, #paint svg").count() == 0
    tab.page.locator("#text").fill(HOSTILE.replace("abs(D, C)", '<script src="http://example.com/x.js"></script>'))
    until(lambda: tab.page.locator("#messages li.error").count() > 0, "nothing is refused")
    tab.page.keyboard.press("Escape")


def test_the_file_changes_and_goes_while_it_is_viewed(opened: Callable[..., Tab], tmp_path: Path) -> None:
    tab = opened()
    page, path = tab.page, tmp_path / "mine.scamp"
    path.write_text(EDGES.replace("level = 12", "level = 77"))
    tab.says("#paint", "level = 77")
    page.locator("#text").fill(EDGES.replace("level = 12", "level = 3"))
    tab.says("#dirty", "changed")
    path.write_text(EDGES.replace("level = 12", "level = 78"))
    tab.says("#banner", "has changed on the disk")
    assert "level = 3" in page.locator("#text").input_value()
    page.locator("#banner-load").click()
    tab.says("#paint", "level = 78")
    path.unlink()
    tab.says("#banner", "is not on the disk any more")


def test_a_page_closed_in_the_middle_of_a_run_and_a_server_that_ends(opened: Callable[..., Tab], chromium: Any) -> None:
    context = chromium.new_context()
    tab = opened(long_text(60, 3), Wish(errors="scamp5", chip=2), on=context.new_page())
    tab.page.keyboard.press("Home")
    tab.at(0)
    tab.page.keyboard.press("End")
    other = tab.page.context.new_page()
    tab.page.close()
    again = Tab(other, tab.server)
    again.open()
    other.keyboard.press("End")
    again.at(again.length)
    tab.server.shutdown()
    tab.server.server_close()
    again.says("#banner", "does not answer any more")
    context.close()


def test_exports(opened: Callable[..., Tab], chromium: Any, tmp_path: Path) -> None:
    tab = opened(wish=Wish(errors="scamp5", chip=7, frames=2))
    page = tab.page
    found: dict[str, Path] = {}
    for what, name in (
        ("plane", "mine-edges-"),
        ("sheet.png", "mine.png"),
        ("words", "mine.gif"),
        ("frames", "mine.gif"),
        ("program.cpp", "mine.cpp"),
        ("state.html", "mine.html"),
        ("text", "mine.scamp"),
    ):
        page.locator("#export summary").click()
        with page.expect_download(timeout=PATIENCE) as coming:
            page.locator(f'[data-export="{what}"]').click()
        assert coming.value.suggested_filename.startswith(name)
        found[what] = tmp_path / f"got-{what}"
        coming.value.save_as(found[what])
    with Image.open(found["plane"]) as picture:
        plane = np.asarray(picture.convert("L"))
    run = Machine(SHAPE).run(assemble(EDGES), {"image": scene(SHAPE)})
    assert np.array_equal(plane > 127, run.outputs["edges"])
    assert found["text"].read_text() == EDGES
    frames: Any
    with Image.open(found["frames"]) as frames:
        assert frames.n_frames == 2
    alone = chromium.new_context(offline=True).new_page()
    asked: list[str] = []
    alone.on("request", lambda r: asked.append(r.url))
    state = found["state.html"].rename(tmp_path / "state.html")
    alone.goto(state.as_uri())
    assert "chip minus ideal" in (alone.locator("main").text_content() or "")
    assert all(u.startswith(("file:", "data:")) for u in asked)
    alone.context.close()


@pytest.fixture(scope="module")
def measured(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page without the policy, so that the browser can be asked for sizes."""
    server = serving(session(written(tmp_path_factory.mktemp("sizes")), Wish(errors="scamp5", chip=7)))
    made = chromium.new_context(bypass_csp=True, has_touch=True).new_page()
    made.add_init_script("reached = []; addEventListener('focusin', (e) => reached.push(e.target))")
    made.goto(server.url)
    made.wait_for_selector("body[data-ready]", timeout=PATIENCE)
    yield made
    made.context.close()
    server.shutdown()
    server.server_close()


def test_every_control_is_reached_by_tab(measured: Any) -> None:
    measured.set_viewport_size({"width": 1600, "height": 860})
    for _ in range(60):  # the text among them holds nobody
        measured.keyboard.press("Tab")
    for name in ("#picture", "#errors", "#chip", "#export summary", "#scale", "#moment", "[data-go=word]"):
        assert measured.evaluate("(name) => reached.some((e) => e.matches(name))", name), name
    for name in ("canvas.plane", "#planes button", "#sliders input"):
        assert measured.evaluate("(name) => reached.some((e) => e.matches(name))", name), name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1000, 1600])
def test_nothing_is_cut_at_any_width(measured: Any, width: int, scheme: str) -> None:
    page = measured
    page.set_viewport_size({"width": width, "height": 860})
    page.emulate_media(color_scheme=scheme)
    # two frames later all is laid out and drawn
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    level = sum(map(int, re.findall(r"\d+", background)[:3]))
    assert (level < 200) == (scheme == "dark")
    outside = page.evaluate(
        """() => [...document.querySelectorAll("header *, footer *, #side *, #stage .bar *, .tabs *")].filter((e) => {
            const b = e.getBoundingClientRect();
            return b.width > 0 && (b.left < -1 || b.right > innerWidth + 1);
        }).map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert outside == []
    until(lambda: page.locator("#timeline svg").bounding_box()["width"] <= width, "the timeline keeps its width")
    beyond = page.evaluate(
        """() => [...document.querySelectorAll("#timeline svg rect, #timeline svg text")].filter((e) => {
            const b = e.getBoundingClientRect();
            return b.left < -1 || b.right > innerWidth + 1;
        }).length"""
    )
    assert beyond == 0
    footer = page.locator("footer").bounding_box()
    assert footer["y"] + footer["height"] <= 861
    plane = page.locator("canvas.plane").first.bounding_box()
    assert plane["width"] >= 140
    stage = page.locator("#stage").bounding_box()
    assert plane["y"] + plane["height"] <= stage["y"] + stage["height"]
    small = page.evaluate(
        """() => [...document.querySelectorAll("footer button, header button, header select")].filter((e) => {
            const b = e.getBoundingClientRect();
            return b.width < 24 || b.height < 24;
        }).length"""
    )
    assert small == 0


def test_bars_of_costs_in_notebooks_have_a_width(chromium: Any) -> None:
    profile = Machine(SHAPE).run(assemble(EDGES)).profile
    page = chromium.new_page()
    page.set_content(f"<!doctype html><body style='width:800px'>{profile._repr_html_()}")
    bars = [box for bar in page.locator("span[title]").all() if (box := bar.bounding_box()) is not None]
    assert 500 < sum(bar["width"] for bar in bars) <= 800  # 36 letters' widths, and all beside one another
    assert len({bar["y"] for bar in bars}) == 1
    page.close()


def test_the_report_is_whole_at_any_width(chromium: Any, tmp_path: Path) -> None:
    """At 390 pixels no cell of a table and no row of the timeline is beyond the page; at 1000 comments have room."""
    from scamp_sim.cli.main import main

    assert main(["profile", "edges", "--html", str(tmp_path / "report.html")]) == 0
    page = chromium.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    for width in (390, 1000, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = page.evaluate(
            """() => [...document.querySelectorAll(".table td, .chart svg, .tile, .src")].filter((e) => {
                const b = e.getBoundingClientRect();
                return b.width > 0 && (b.left < 0 || b.right > innerWidth);
            }).map((e) => e.outerHTML.slice(0, 80))"""
        )
        assert cut == [], width
        readout = page.locator(".chart svg:visible text", has_text="readout").first.bounding_box()
        assert 0 <= readout["x"] < width / 2
        if width == 1000:
            assert page.evaluate("Math.min(...[...document.querySelectorAll('.src')].map((e) => e.clientWidth))") > 300
    assert page.locator(".src .c").count() > 3  # comments have a colour of their own
    page.close()
