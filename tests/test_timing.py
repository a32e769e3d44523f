"""The cost model: counts are exact, times are counts times the table, the table is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scamp_sim import ArrayOptions, kernels
from scamp_sim.chip import isa
from scamp_sim.chip.isa import Clock
from scamp_sim.chip.program import HostCall, Kernel, Launch, Output, Program, Word, straight_line
from scamp_sim.costs.prices import DATA, REQUIRED, Timing, load_timing, timing_from
from scamp_sim.costs.timing import combine, profile, step_cost
from scamp_sim.exceptions import ScampError

ANALOG = Kernel("analog", (Word("bus", ("NEWS",), ("A", "B")), Word("bus", ("C",), ("NEWS",))))
DIGITAL = Kernel(
    "digital", (Word("CLR", ("R1", "R2")), Word("DNEWS0", ("R5",), ("R6",)), Word("NOT", ("R7",), ("R5",)))
)
MIXED = Program(
    "mixed",
    {k.name: k for k in (ANALOG, DIGITAL)},
    (
        HostCall("scamp5_in", ("E", 30, "NEWS")),
        Launch("analog"),
        Launch("digital"),
        Launch("digital"),
        HostCall("scamp5_load_pattern", ("R5", 0, 0, 0, 0)),
        Output("image", "C"),
        Output("mask", "R7"),
    ),
)


def test_counts_of_a_mixed_program() -> None:
    cost = profile(MIXED, load_timing())
    assert cost.words == MIXED.words == 2 + 2 + 3 + 3 + 2
    assert cost.words_by_class == {"analog": 4, "digital": 6, "dnews": 2}
    assert cost.host_words == 4
    assert cost.launches == 3
    assert cost.host_calls == {"scamp5_in": 1, "scamp5_load_pattern": 1}
    assert cost.stored_words == 5


def test_time_is_words_plus_launches_plus_calls_plus_readout() -> None:
    timing = load_timing()
    cost = profile(MIXED, timing)
    assert cost.time_breakdown == {
        "words": 0.8,
        "launches": pytest.approx(timing["launch.analog"] + 2 * timing["launch.digital"]),
        "host calls": pytest.approx(timing["call.scamp5_in"] + timing["call"] + 2 * 0.1),
        "readout": pytest.approx(
            timing["adc.fixed"] + 65536 * timing["adc.sample"] + timing["call"] + 8192 * timing["dreg.byte"]
        ),
    }
    assert cost.time_us == pytest.approx(sum(cost.time_breakdown.values()))
    assert cost.compute_us == pytest.approx(cost.time_us - cost.time_breakdown["readout"])
    assert sum(cost.call_times.values()) == pytest.approx(cost.time_breakdown["host calls"])
    assert sum(r.time_us for r in cost.readouts) == pytest.approx(cost.time_breakdown["readout"])


def test_kernel_rows_add_up() -> None:
    timing = load_timing()
    cost = profile(MIXED, timing)
    by_name = {k.name: k for k in cost.kernels}
    assert by_name["analog"].time_us == pytest.approx(timing["launch.analog"] + 0.2)
    assert (by_name["digital"].launches, by_name["digital"].total_words) == (2, 6)
    assert [k.highspeed for k in cost.kernels] == [False, True]
    assert cost.highspeed_kernels == ("digital",)
    in_kernels = cost.time_breakdown["words"] + cost.time_breakdown["launches"]
    assert sum(k.time_us for k in cost.kernels) == pytest.approx(in_kernels)


@pytest.mark.parametrize("name", kernels.names())
@pytest.mark.parametrize("shape", [(256, 256), (64, 128)])
def test_a_profile_is_the_sum_of_its_steps(name: str, shape: tuple[int, int]) -> None:
    program = kernels.load(name, **({"weights": [[[1] * 5] * 5] * 16} if name == "depthwise16" else {}))
    timing = load_timing()
    steps = [step_cost(s, program, timing, shape) for s in program.steps]
    cost = profile(program, timing, shape)
    assert cost.time_us == pytest.approx(sum(s.us for s in steps))
    assert cost.words == sum(s.words for s in steps) == program.words
    assert cost.readout_bytes == sum(s.volume.bytes for s in steps if s.volume)
    for part, value in (
        ("words", "word_us"),
        ("launches", "launch_us"),
        ("host calls", "call_us"),
        ("readout", "readout_us"),
    ):
        assert cost.time_breakdown[part] == pytest.approx(sum(getattr(s, value) for s in steps))


def test_dynamic_kernels_are_recorded_anew_and_heap_kernels_are_not() -> None:
    timing = load_timing()
    words = ANALOG.words * 10
    cost = {
        storage: profile(Program("p", {"k": Kernel("k", words, storage=storage)}, (Launch("k"),) * 3), timing)
        for storage in ("static", "dynamic", "heap")
    }
    again = cost["dynamic"].time_us - cost["static"].time_us
    assert again == pytest.approx(3 * 20 * timing["record.word"])
    assert again > 0
    assert cost["heap"].time_us == cost["static"].time_us
    assert [cost[s].stored_words for s in cost] == [20, 20, 0]
    assert "dynamic" in cost["dynamic"].text()
    assert "heap" in cost["heap"].text()


# --- readouts -------------------------------------------------------------------------------------------------


def test_readout_is_a_byte_or_a_bit_per_pe() -> None:
    cost = profile(MIXED, load_timing())
    assert cost.readout_bytes == 65536 + 8192
    # a packet header of 8 bytes and a data header of 16 go with each (D, host interface)
    assert cost.readout_bytes_with_headers == cost.readout_bytes + 2 * 24
    assert cost.readout_ratio == pytest.approx(65536 / 73728)
    assert profile(MIXED, load_timing(), (64, 128)).readout_bytes == (64 * 128) * 9 // 8
    assert [(r.name, r.function, r.register, r.bits, r.bytes) for r in cost.readouts] == [
        ("image", "scamp5_output_image", "C", 8, 65536),
        ("mask", "scamp5_output_image", "R7", 1, 8192),
    ]


def test_a_bit_plane_is_an_eighth_of_a_raw_frame() -> None:
    program = Program("p", {}, (Output("bits", "R5"),))
    for shape in ((256, 256), (64, 192)):
        cost = profile(program, load_timing(), shape)
        assert cost.readout_ratio == 8
        assert cost.raw_frame_bytes == shape[0] * shape[1]
    assert "1/8 of a raw 8-bit frame" in profile(program, load_timing()).text()


def test_nothing_out_has_no_ratio() -> None:
    cost = profile(straight_line("k", ANALOG.words), load_timing())
    assert cost.readout_ratio is None
    assert cost.compute_us == cost.time_us
    assert "readout" not in cost.text()


def _call(name: str, *args: str | int) -> Program:
    return Program("p", {}, (HostCall(name, args, result="x"),))


def _name(program: Program) -> str:
    (call,) = program.steps
    assert isinstance(call, HostCall)
    return call.name


# call, us at the shipped prices, payload in bytes, headers. Numbers with a source are published; the others follow
# from the rows of the table.
READOUTS: list[tuple[Program, Callable[[Timing], float], int, int]] = [
    (_call("scamp5_global_sum_16", "A", 0), lambda t: 14, 2, 0),  # D APIA
    (_call("scamp5_global_sum_16", "A", 1), lambda t: 14, 16, 0),
    (_call("scamp5_global_sum_64", "A", 0), lambda t: 28, 2, 0),  # D APIA
    (_call("scamp5_scan_areg_mean_8x8", "A"), lambda t: 28, 64, 0),  # I: as many samples
    (_call("scamp5_global_sum_fast", "A"), lambda t: 9.333 + 0.2917, 1, 0),  # T1, T2
    (_call("scamp5_global_sum_region", "A", 0, 0, 63, 63), lambda t: 9.333 + 0.2917, 1, 0),
    (_call("scamp5_read_areg", "A", 3, 4), lambda t: 9.333 + 0.2917, 1, 0),
    (_call("scamp5_scan_areg", "A", 0, 0, 255, 0, 1, 1), lambda t: 9.333 + 256 * 0.2917, 256, 0),
    (_call("scamp5_output_areg", "A", 4, 0, 0), lambda t: 9.333 + 4096 * 0.2917, 4096, 24),
    (_call("scamp5_output_image", "A"), lambda t: 9.333 + 65536 * 0.2917, 65536, 24),
    (_call("scamp5_output_image", "R5"), lambda t: t["call"] + 8192 * t["dreg.byte"], 8192, 24),
    (_call("scamp5_scan_dreg", "R5", 0, 15), lambda t: t["call"] + 512 * t["dreg.byte"], 512, 0),
    (_call("scamp5_scan_events", "R5", 100, 0, 0), lambda t: t["call"] + 100 * t["event.slot"], 200, 0),
    (_call("scamp5_output_events", "R5", 100, 0, 0), lambda t: t["call"] + 100 * t["event.slot"], 200, 24),
    (_call("scamp5_scan_boundingbox", "R5"), lambda t: t["call.scamp5_scan_boundingbox"], 4, 0),
    (_call("scamp5_global_or", "R5", 0, 0, 255, 255), lambda t: t["call"], 1, 0),
    # two constants, which hold four of its seven words, then the sum
    (_call("scamp5_global_count", "R5", "A", 0), lambda t: 14 + 0.3 + 2 * t["call.scamp5_in"], 2, 0),
]


@pytest.mark.parametrize(
    ("program", "us", "size", "headers"), READOUTS, ids=lambda v: _name(v) if isinstance(v, Program) else ""
)
def test_price_of_a_readout(program: Program, us: Callable[[Timing], float], size: int, headers: int) -> None:
    timing = load_timing()
    cost = profile(program, timing)
    assert cost.time_us == pytest.approx(us(timing), rel=1e-3)
    assert cost.time_breakdown["readout"] == cost.time_us
    (readout,) = cost.readouts
    assert (readout.bytes, readout.bytes_with_headers - readout.bytes) == (size, headers)
    assert cost.host_calls == {_name(program): 1}
    assert cost.call_times == {}


def test_an_output_costs_what_its_call_costs() -> None:
    for register in ("A", "R5"):
        declared = profile(Program("p", {}, (Output("x", register),)), load_timing())
        called = profile(_call("scamp5_output_image", register), load_timing())
        assert (declared.time_us, declared.readouts) == (called.time_us, called.readouts)
        assert declared.host_calls == {}


def test_many_readouts_share_a_line() -> None:
    steps = tuple(HostCall("scamp5_global_sum_fast", ("A",), result=f"s{n}") for n in range(20))
    text = profile(Program("p", {}, steps), load_timing()).text()
    assert re.search(r"^readout scamp5_global_sum_fast +x 20, 20 bytes +192\.5$", text, re.MULTILINE)


# --- host calls -----------------------------------------------------------------------------------------------


def test_price_of_host_calls() -> None:
    timing = load_timing()
    constant, call = timing["call.scamp5_in"], timing["call"]
    expected = {
        ("scamp5_in", "A", 5, "NEWS"): constant,
        ("scamp5_load_in", "A", 5, "NEWS"): constant,  # the price of a constant holds its two words
        ("scamp5_load_in", 5): constant,
        ("vs_scamp5_set_dac", 4095): constant,
        ("scamp5_load_rect", "R5", 0, 0, 9, 9): call + 0.3,
        ("scamp5_kernel_refresh_dreg",): call + 2.6,  # 26 words (D ICW)
        ("scamp5_draw_line", 10, 10, 10, 29, 1, "R5"): 20 * (call + 0.2),  # 20 pixels, one after another
        ("vs_scamp5_rest",): call,
    }
    for (name, *args), us in expected.items():
        assert profile(Program("p", {}, (HostCall(str(name), tuple(args)),)), timing).time_us == pytest.approx(us), name


def test_a_row_of_its_own_is_the_price_of_the_whole_routine() -> None:
    timing = _changed({}, {"call.scamp5_load_rect": 3.0, "call.scamp5_global_count": 50.0})
    assert profile(Program("p", {}, (HostCall("scamp5_load_rect", ("R5", 0, 0, 9, 9)),)), timing).time_us == 3
    assert profile(_call("scamp5_global_count", "R5", "A", 0), timing).time_us == 50


def test_options_of_the_array_count() -> None:
    image = Program("p", {}, (HostCall("scamp5_get_image", ("A", "B", 3)),))
    # Q14: ten words for each doubling, by default
    assert profile(image, load_timing()).words == 27
    assert profile(image, load_timing(), options=ArrayOptions(gain_words=4)).words == 15


# --- energy ---------------------------------------------------------------------------------------------------


def test_energy_of_one_word_over_the_array() -> None:
    # 1.9 pJ per PE and word (VLSI13), 65,536 PEs
    one = profile(straight_line("one", [Word("nop")]), load_timing())
    assert one.energy_uj == pytest.approx(0.1245, abs=1e-4)
    assert profile(straight_line("one", [Word("nop")]), load_timing(), (64, 64)).energy_uj == pytest.approx(
        0.0078, abs=1e-4
    )


def test_power_at_full_rate_is_the_published_one() -> None:
    # 655 GOPS at 535 GOPS/W: 1.23 W (VLSI13)
    assert profile(straight_line("full", [Word("nop")] * 1000), load_timing()).power_w == pytest.approx(1.23, rel=0.02)
    assert profile(Program("empty", {}, ()), load_timing()).power_w == 0


def test_energy_of_the_vision_system_is_power_times_time() -> None:
    timing = load_timing()
    cost = profile(MIXED, timing)
    assert cost.system_energy_uj == pytest.approx(timing["power.system"] * cost.time_us)
    assert "in the array" in cost.text()
    assert "mJ in the whole system" in cost.text()


# --- words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", isa.NATIVE.values(), ids=lambda row: row.name)
def test_every_native_word_takes_one_slot(row: isa.Native) -> None:
    dst = (row.dst and isa.DIGITAL[5 : 5 + row.dst.least] if row.dst and row.dst.kind == "dreg" else ()) or (
        ("A", "B", "C")[: row.dst.least] if row.dst else ()
    )
    src = (
        ("D",) * row.src.least
        if row.src and row.src.kind == "asrc"
        else ("R9", "R10")[: row.src.least]
        if row.src
        else ()
    )
    cost = profile(straight_line("one", [Word(row.name, tuple(dst), src)]), load_timing())
    assert cost.words == 1
    assert cost.time_breakdown["words"] == pytest.approx(0.1)
    assert cost.words_by_class == {row.clock.name.lower(): 1}


GIVEN = {"areg": "A", "acell": "A", "plane": "A", "dreg": "R5", "dsrc": "R5"}


@pytest.mark.parametrize("name", sorted(isa.HOST))
def test_host_functions_issue_the_words_of_their_row(name: str) -> None:
    for form in isa.HOST[name]:
        defaults = [GIVEN.get(o.kind, 3) if o.default in (None, isa.DRAWING) else o.default for o in form.operands]
        call = HostCall(name, tuple(defaults))
        cost = profile(Program("p", {}, (call,)), load_timing())
        assert cost.words == cost.host_words == call.words
        if isinstance(form.words, int):
            assert cost.words == form.words


def test_empty_program_costs_nothing() -> None:
    cost = profile(Program("empty", {}, ()), load_timing())
    assert (cost.words, cost.time_us, cost.energy_uj, cost.readout_bytes) == (0, 0, 0, 0)
    assert "total" in cost.text()


def test_stored_but_never_launched_kernel_has_no_time() -> None:
    cost = profile(Program("idle", {"analog": ANALOG}, ()), load_timing())
    assert (cost.time_us, cost.stored_words, cost.kernels[0].launches) == (0, 2, 0)


def test_prices_scale_with_class_and_highspeed() -> None:
    timing = load_timing().changed({"class.dnews": 3.0, "highspeed": 0.5})
    assert timing.word_us(Clock.DNEWS) == pytest.approx(0.3)
    cost = profile(straight_line("digital", DIGITAL.words), timing)
    assert cost.time_breakdown["words"] == pytest.approx((0.1 + 0.3 + 0.1) / 2)


def test_profile_text(golden: Callable[[str, str], None]) -> None:
    golden("profile_mixed.txt", str(profile(MIXED, load_timing())))


def test_profile_as_json() -> None:
    record = json.loads(json.dumps(profile(MIXED, load_timing()).as_dict()))
    assert record["words_by_class"] == {"analog": 4, "digital": 6, "dnews": 2}
    assert record["kernels"][1]["name"] == "digital"
    assert record["shape"] == [256, 256]
    assert [r["kind"] for r in record["readouts"]] == ["areg image", "dreg image"]
    assert record["compute_us"] + record["time_breakdown"]["readout"] == pytest.approx(record["time_us"])
    assert record["highspeed_kernels"] == ["digital"]


def test_the_table_stays_narrow() -> None:
    kernels_ = {f"{'long_name_' * 6}({n},{n},{n})": Kernel(f"k{n}", ANALOG.words * 64) for n in range(7)}
    every = tuple(Launch(k) for k in kernels_) * 300
    calls = (HostCall("scamp5_output_boundingbox", ("R5",), result="a_result_with_a_rather_long_name_to_show"),) * 3
    text = profile(Program("wide", kernels_, every + calls), load_timing()).text()
    assert max(map(len, text.splitlines())) <= 100
    assert "..." in text


def test_a_crowded_store_names_its_largest_kernels() -> None:
    store = {
        "small": Kernel("small", ANALOG.words),
        "big": Kernel("big", ANALOG.words * 300),
        "parked": Kernel("parked", ANALOG.words * 400, storage="heap"),
        "mid": Kernel("mid", ANALOG.words * 105),
    }
    assert "812 of 1024 words\n" in profile(Program("p", dict(store), ()), load_timing()).text()
    store["mid"] = Kernel("mid", ANALOG.words * 115)  # 832 words: over 80 %
    crowded = profile(Program("p", store, ()), load_timing()).text()
    assert "832 of 1024 words; largest: big 600, mid 230, small 2 energy" in " ".join(crowded.split())


# --- several runs ---------------------------------------------------------------------------------------------


def test_runs_add_up() -> None:
    timing = load_timing()
    mixed, other = profile(MIXED, timing), profile(straight_line("other", DIGITAL.words), timing)
    total = combine([(mixed, 2), (other, 3), (mixed, 1)], "session")
    assert (total.program, total.runs) == ("session", 6)
    assert total.words == 3 * mixed.words + 3 * other.words
    assert total.time_us == pytest.approx(3 * mixed.time_us + 3 * other.time_us)
    assert total.time_us == pytest.approx(sum(total.time_breakdown.values()))
    assert total.energy_uj == pytest.approx(3 * mixed.energy_uj + 3 * other.energy_uj)
    assert total.host_calls == {"scamp5_in": 3, "scamp5_load_pattern": 3}
    assert total.launches == 3 * 3 + 3 == sum(k.launches for k in total.kernels)
    assert total.stored_words == 2 + 3 + 3
    assert [(r.name, r.times) for r in total.readouts] == [("image", 3), ("mask", 3)]
    assert total.readout_bytes == 3 * mixed.readout_bytes
    assert "cost of 6 runs" in total.text()
    assert json.loads(json.dumps(total.as_dict()))["runs"] == 6


def test_one_run_combined_is_that_run() -> None:
    cost = profile(MIXED, load_timing())
    assert combine([(cost, 1)], cost.program) == cost
    assert combine([(combine([(cost, 2)], "twice"), 2)], "mixed").readouts[0].times == 4


def test_runs_that_do_not_add_up() -> None:
    timing = load_timing()
    with pytest.raises(ScampError, match="no runs to add up"):
        combine([], "nothing")
    with pytest.raises(ScampError, match="different arrays"):
        combine([(profile(MIXED, timing), 1), (profile(MIXED, timing, (64, 64)), 1)], "sizes")


# --- the table ------------------------------------------------------------------------------------------------


def test_the_shipped_table_is_complete_and_sourced() -> None:
    timing = load_timing()
    assert set(REQUIRED) <= set(timing.rows)
    for row in timing.rows.values():
        assert row.source[:1] in "DMPIRU", row
        assert row.uncertainty, row


def test_prices_that_are_published() -> None:
    timing = load_timing()
    assert timing["word"] == 0.1  # VLSI13; Q2
    assert timing["energy.word"] == 1.9  # VLSI13
    assert {timing[f"class.{c.name.lower()}"] for c in Clock} == {1.0}  # Q2


def test_fast16_demo_time_at_one_slot_a_word() -> None:
    # 3,732 words for both polarities take 373 us at 10 MHz; hardware reached 2,300 frames a second with overheads.
    words = [Word("MOV", ("R5",), ("R6",))] * 1000
    each = profile(straight_line("k", words), load_timing()).time_breakdown["words"] / 1000
    assert 3732 * each == pytest.approx(373.2)


def _document() -> Any:
    return json.loads((DATA / "timing_scamp5d.json").read_text())


def _changed(values: dict[str, float], more: dict[str, float]) -> Timing:
    document = _document()
    for row in document["rows"]:
        row["value"] = values.get(row["name"], row["value"])
    for name, value in more.items():
        document["rows"].append({"name": name, "value": value, "unit": "us", "source": "M mine", "uncertainty": "0"})
    return timing_from(document, Path("changed.json"))


BAD_TABLES = {
    "not json": ("{", "not JSON"),
    "no rows": ({"name": "x"}, "needs 'name' and 'rows'"),
    "a list": ([1, 2], "needs 'name' and 'rows'"),
    "missing row": (lambda d: d["rows"].pop(0), "missing rows: word"),
    "negative": (lambda d: d["rows"][0].update(value=-1), "prices are 0 to"),
    "NaN": (lambda d: d["rows"][0].update(value=float("nan")), "prices are 0 to"),
    "wrong unit": (lambda d: d["rows"][0].update(unit="ns"), "expected 'us'"),
    "misspelt row": (
        lambda d: d["rows"].append({**d["rows"][0], "name": "launch.analgo"}),
        "did you mean 'launch.analog'",
    ),
    "no host function": (
        lambda d: d["rows"].append({**d["rows"][8], "name": "call.scamp5_inn"}),
        "unknown row 'call.scamp5_inn'; did you mean 'call.scamp5_in'",
    ),
    "twice": (lambda d: d["rows"].append(d["rows"][0]), "gives 'word' a second time"),
    "text as value": (lambda d: d["rows"][0].update(value="fast"), "'word': expected a number, got 'fast'"),
    "row without unit": (lambda d: d["rows"][1].pop("unit"), "row 2 needs unit"),
    "row that is no row": (lambda d: d["rows"].insert(0, 3), "row 1 needs name, value"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_price_tables(case: str, tmp_path: Path) -> None:
    content, message = BAD_TABLES[case]
    document = _document()
    if callable(content):
        content(document)
    else:
        document = content
    path = tmp_path / "prices.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    with pytest.raises(ScampError, match=message) as caught:
        load_timing(path)
    assert "prices.json" in str(caught.value)


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    document = {**_document(), "name": "mine"}
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document))
    assert load_timing(path).name == "mine"


@pytest.mark.parametrize(("name", "message"), [("scamp5", "did you mean 'scamp5d'"), ("/no/such.json", "no such file")])
def test_unknown_table(name: str, message: str) -> None:
    with pytest.raises(ScampError, match=message):
        load_timing(name)
