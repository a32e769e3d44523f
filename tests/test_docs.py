"""What the documents say is what happens: generated page, README, prices."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim import Machine, kernels
from scamp_sim.cli import main as cli
from scamp_sim.cli.commands import chips, demo
from scamp_sim.costs.timing import load_timing
from scamp_sim.ranges import analyse
from scamp_sim.ranges.limits import limits_of
from scamp_sim.show import isa_docs, render
from scamp_sim.silicon import KNOBS, load_profile
from scamp_sim.silicon.setup import parse_profile

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language on a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_instruction_page_is_fresh() -> None:
    fresh = isa_docs.markdown(isa_docs.entries())
    assert (ROOT / "docs" / "isa.md").read_text(encoding="utf-8") == fresh, (
        "write it again: scamp-sim isa --format markdown > docs/isa.md"
    )


def test_every_operand_class_is_explained() -> None:
    used = {kind for e in isa_docs.entries() for _, kind, _ in e.operands}
    assert used <= set(isa_docs.OPERANDS)


@pytest.mark.parametrize("entry", isa_docs.entries(), ids=lambda e: e.signature)
def test_every_entry_explains_itself(entry: isa_docs.Entry) -> None:
    text = isa_docs.entry_text(entry)
    assert entry.effect.split()[0] in text
    assert " = " in isa_docs.source_legend(entry.source), entry.source
    assert max(map(len, text.splitlines())) <= 100
    if entry.kind == "macro":
        assert len(entry.expansion) == entry.words


def test_rules_of_operands_are_told_before_an_error_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["isa", "divq"]) == 0
    assert "divq needs two registers: let the result go to another one" in capsys.readouterr().out


def test_readme_has_one_command_to_run_and_one_to_test() -> None:
    first, second = blocks(ROOT / "README.md", "sh")
    assert first.count("\n") == second.count("\n") == 1
    assert "venv" in first
    assert first.rstrip().endswith("scamp-sim demo")
    assert "pytest" in second


def test_readme_program_and_its_output_are_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (source,) = blocks(ROOT / "README.md", "c")
    console = next(b for b in blocks(ROOT / "README.md", "console") if "mine.scamp" in b.partition("\n")[0])
    assert len(source.splitlines()) == 10
    command, _, shown = console.partition("\n")
    argv = command.removeprefix("$ scamp-sim ").split()
    monkeypatch.chdir(tmp_path)
    Path(argv[1]).write_text(source)
    photo = Path(argv[argv.index("--image") + 1])
    photo.parent.mkdir(parents=True)
    Image.fromarray(render.load_image(demo.demo_photograph(), (256, 256), resize=True)).save(photo)
    assert cli.main(argv) == 0
    captured = capsys.readouterr()
    assert captured.out == shown
    assert "warning" not in captured.err


def test_readme_picture_is_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ROOT / "docs" / "images" / "demo.png"
    assert path.stat().st_size < 300_000
    monkeypatch.chdir(tmp_path)
    assert cli.main(["demo"]) == 0
    now = np.asarray(Image.open(tmp_path / "scamp-demo" / "contact-sheet.png"), np.int16)
    kept = np.asarray(Image.open(path), np.int16)
    assert now.shape == kept.shape
    # Scaling and text differ by a level here and there between versions of Pillow.
    assert np.abs(now - kept).mean() < 2


def test_the_first_picture_is_one_that_a_chip_gives() -> None:
    program = kernels.load(demo.DEMO_KERNEL)
    assert analyse(program, limits=limits_of(load_profile("scamp5"))).findings == ()
    image = render.load_image(demo.demo_photograph(), (256, 256), resize=True)
    ideal = Machine().run(program, {"image": image}).outputs
    chip = Machine(errors="scamp5", chip=7).run(program, {"image": image}).outputs
    assert np.corrcoef(ideal["strength"].ravel(), chip["strength"].ravel())[0, 1] > 0.98  # 0.65 for sums beyond 150 LSB
    assert (ideal["edges"] != chip["edges"]).mean() < 0.03


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        found = (page.parent / target).resolve()
        inside = ROOT / "scamp_sim" / found.relative_to(ROOT)  # where a source archive has kernels and compiler
        assert found.exists() or inside.exists(), target


def test_price_table_of_the_costs_page() -> None:
    page = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    table = page.partition("<!-- prices -->")[2].partition("<!-- /prices -->")[0]
    rows = [
        f"| `{r.name}` | {r.value:g} | {r.unit} | {r.source} | {r.uncertainty} |" for r in load_timing().rows.values()
    ]
    head = ["| row | price | unit | source | uncertainty |", "|---|---|---|---|---|"]
    assert table.strip().splitlines() == head + rows


def test_knob_tables_of_the_errors_page(request: pytest.FixtureRequest) -> None:
    path = ROOT / "docs" / "errors.md"
    page = path.read_text(encoding="utf-8")
    before, start, rest = page.partition("<!-- knobs -->\n")
    tables, end, after = rest.partition("<!-- /knobs -->")
    fresh = f"\n{chips.markdown(*map(load_profile, chips.MEASURED))}\n\n"
    if request.config.getoption("--update-golden"):
        path.write_text(before + start + fresh + end + after, encoding="utf-8")
        return
    assert tables == fresh, "write it again: pytest tests/test_docs.py --update-golden"


def test_examples_of_the_errors_page(tmp_path: Path) -> None:
    page = ROOT / "docs" / "errors.md"
    (document,) = blocks(page, "json")
    path = tmp_path / "bench.json"
    path.write_text(document)
    mine, typical = load_profile(path), load_profile("scamp5")
    assert (mine.name, mine.shape, mine.base) == ("bench", (256, 256), typical)
    assert {k for k in KNOBS if mine[k] != typical[k]} <= mine.chosen
    assert len(mine.chosen) == 5
    (source,) = blocks(page, "python")
    names: dict[str, Any] = {}
    exec(source, names)
    assert (names["m"].errors.population, names["m"].chip, names["m"].seed) == (typical, 7, 4)
    assert "gain_loss" not in names["unused"]
    assert "adc_noise" in names["unused"]


def test_commands_of_the_errors_page_are_understood() -> None:
    (lines,) = blocks(ROOT / "docs" / "errors.md", "sh")
    for line in lines.splitlines():
        words = shlex.split(line, comments=True)[1:]
        args = cli.parse(words)
        named = args.name if words[0] == "chips" else None  # of other commands it is that of a system
        for text in filter(None, (getattr(args, "errors", None), named)):
            assert parse_profile(text).name == "scamp5"


def test_readme_names_what_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"scamp-sim (?:run|list) ([a-z_0-9]+)(?= |`)", text):
        assert name in kernels.names() or name.endswith("scamp"), name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_pages_hold_no_tabs_and_end_in_a_newline(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "\t" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


# --- the site, and commands of all pages --------------------------------------------------------------------------


def test_the_site_has_every_page_once() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r": (\w+\.md)$", text, re.MULTILINE)
    assert sorted(listed) == sorted(p.name for p in ROOT.glob("docs/*.md"))


def commands_of(page: Path) -> list[str]:
    """The lines of a page that begin with `$ scamp-sim`, whole, without their comments."""
    found = []
    for block in blocks(page, "console"):
        text = block.replace("\\\n", " ")
        found += [line[2:] for line in text.splitlines() if line.startswith("$ scamp-sim ")]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_of_pages_are_understood(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is parsed by the parser of its command: options that went away are found."""
    for line in commands_of(page):
        argv = shlex.split(re.split(r"\s[|>&]", line)[0], comments=True)[1:]
        code: Any = 0
        try:
            cli.parse(argv)
        except SystemExit as e:
            code = e.code
        assert code == 0, f"{page.name}: {line}\n{capsys.readouterr().err}"
