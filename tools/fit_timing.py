"""Fit the prices of `scamp5d` to all published anchors at once, and say how well each price is determined.

    python tools/fit_timing.py              # prices, residuals, ranges, sensitivity to what is assumed
    python tools/fit_timing.py --write      # the same, and writes prices and ranges into the table and docs/costs.md

Weighted least squares in logarithms, since prices are positive and errors are shares. A published value v with the
weight 1/s adds ((ln prediction - ln v) / s)^2, a bound only if it is violated. What the anchors leave open is held by
priors, which are listed below with their reasons. Times are linear in the prices.

The range of a price holds the values with which the other prices can still be chosen so that every fitted anchor stays
within the tolerance of `scamp_sim.study.price_calibration`, whichever assumption about unpublished counts is made.
Priors play no part in it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scamp_sim.costs.prices import DATA, Timing, load_timing  # noqa: E402
from scamp_sim.study import price_calibration as calibration  # noqa: E402
from scamp_sim.study.anchors import ANCHORS, Anchor, Predict, pixelrnn  # noqa: E402

Array = npt.NDArray[np.float64]

TABLE = DATA / "timing_scamp5d.json"
PAGE = ROOT / "docs" / "costs.md"

PRICES = (
    "launch.analog",
    "launch.digital",
    "record.word",
    "call.scamp5_in",
    "call",
    "adc.fixed",
    "adc.sample",
    "event.slot",
    "dreg.byte",
    "mcu.mac.loop",
    "mcu.mac.unrolled",
    "mcu.mac.inlined",
    "power.system",
)
"""Rows that are fitted. The word is not: 10 MHz is published."""

SPREAD = {"T1": 0.02, "T2": 0.02, "P1": 0.05, "T8e": 0.05, "T10": 0.05}
"""Standard deviation of an anchor, as a share, where it is not 0.05. The sums are given by the vendor as about 14 and
28 us. T8e is rounded to one digit."""
USUAL_SPREAD = 0.05
BOUND_SPREAD = 0.02


@dataclass(frozen=True)
class Prior:
    """ln of a price, or of the ratio of two, is `value` with the standard deviation `factor` (both as factors)."""

    price: str
    value: float
    factor: float
    why: str
    over: str = ""


PRIORS = (
    Prior("launch.analog", 1, 1.1, "the controller sends both in the same way", over="launch.digital"),
    Prior("record.word", 0.05, 3, "five 32-bit words to memory at some 200 MHz, ten cycles"),
    Prior("call", 2, 2, "R: guess of the counts' author"),
    Prior("call.scamp5_in", 10, 2, "I: between 8 (AnalogNet alone) and 12"),
)

ASSUMPTIONS = {
    "as in the list": pixelrnn(),
    "dynamic kernels of 2 words": pixelrnn(dynamic_words=2),
    "dynamic kernels of 23 words": pixelrnn(dynamic_words=23),
    "25 of the calls load constants": pixelrnn(constants=25),
    "60 of the calls load constants": pixelrnn(constants=60),
}
"""Variants of what is not published about PixelRNN. In the third, all words of the down-scaling are dynamic."""


@dataclass(frozen=True)
class Problem:
    """Fitted anchors as linear functions of the prices: prediction = matrix @ prices + fixed."""

    anchors: tuple[Anchor, ...]
    matrix: Array
    fixed: Array

    @property
    def published(self) -> Array:
        return np.array([a.value for a in self.anchors])

    @property
    def side(self) -> Array:
        """0 for values, 1 for upper bounds, -1 for lower ones."""
        return np.array([{"about": 0.0, "at most": 1.0, "at least": -1.0}[a.sense] for a in self.anchors])

    @property
    def spread(self) -> Array:
        return np.array([SPREAD.get(a.id, USUAL_SPREAD if a.sense == "about" else BOUND_SPREAD) for a in self.anchors])

    def predict(self, prices: Array) -> Array:
        return self.matrix @ prices + self.fixed


@dataclass(frozen=True)
class Fit:
    """Prices by name, and the share of its weight that each owes to a prior (0: to the anchors alone)."""

    prices: dict[str, float]
    by_prior: dict[str, float]
    problem: Problem


def problem(timing: Timing, one_frame: Predict) -> Problem:
    """The anchors that are fitted, under one assumption about PixelRNN."""
    anchors = tuple(replace(a, predict=one_frame) if a.id == "P1" else a for a in ANCHORS if a.fitted)
    zero = dict.fromkeys(PRICES, 0.0)
    fixed = _predictions(anchors, timing.changed(zero))
    columns = [_predictions(anchors, timing.changed({**zero, name: 1.0})) - fixed for name in PRICES]
    return Problem(anchors, np.stack(columns, axis=1), fixed)


def _predictions(anchors: Iterable[Anchor], timing: Timing) -> Array:
    return np.array([a.predict(timing) for a in anchors if a.predict is not None])


def fit(given: Problem) -> Fit:
    """The most likely prices, by Gauss-Newton steps on their logarithms."""
    logs = np.log(np.ones(len(PRICES)) * 0.3)
    residuals = jacobian = np.zeros((0, 0))
    for _ in range(200):
        residuals, jacobian = _anchor_part(given, logs, given.spread)
        prior, slope = _prior_part(logs)
        residuals, jacobian = np.concatenate([residuals, prior]), np.concatenate([jacobian, slope])
        step = np.linalg.lstsq(jacobian, -residuals, rcond=None)[0]
        logs = logs + np.clip(step, -0.5, 0.5)
        if np.abs(step).max() < 1e-10:
            break
    anchors = len(given.anchors)
    informed = jacobian[:anchors].T @ jacobian[:anchors]
    covariance = np.linalg.inv(jacobian.T @ jacobian)
    # The part of the posterior precision that comes from the anchors, price by price.
    shares = np.clip(1 - np.diag(covariance @ informed), 0, 1)
    return Fit(
        dict(zip(PRICES, np.exp(logs).tolist(), strict=True)), dict(zip(PRICES, shares.tolist(), strict=True)), given
    )


def _anchor_part(given: Problem, logs: Array, spread: Array, slack: float = 0.0) -> tuple[Array, Array]:
    """Residuals of the anchors and their slopes. slack: difference in logarithms that counts as none, for values."""
    prices = np.exp(logs)
    predicted = given.predict(prices)
    off = np.log(predicted / given.published)
    counted = np.where(given.side == 0, np.sign(off) * np.maximum(np.abs(off) - slack, 0), off)
    counted = np.where(given.side * off < 0, 0.0, counted)
    slope = given.matrix * prices / predicted[:, None]
    slope = np.where((counted == 0)[:, None] & ((given.side != 0) | (slack > 0))[:, None], 0.0, slope)
    return counted / spread, slope / spread[:, None]


def _prior_part(logs: Array) -> tuple[Array, Array]:
    residuals, slopes = np.zeros(len(PRIORS)), np.zeros((len(PRIORS), len(PRICES)))
    for n, prior in enumerate(PRIORS):
        weight = 1 / np.log(prior.factor)
        slopes[n, PRICES.index(prior.price)] = weight
        value = logs[PRICES.index(prior.price)]
        if prior.over:
            slopes[n, PRICES.index(prior.over)] = -weight
            value = value - logs[PRICES.index(prior.over)]
        residuals[n] = weight * (value - np.log(prior.value))
    return residuals, slopes


# --- how well a price is determined -----------------------------------------------------------------------------

FARTHEST = 100.0
"""Factor up to which a range is looked for. Below the price divided by it, the lower end counts as 0."""


def price_ranges(found: Fit) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of each price with which all anchors can be kept within the tolerance."""
    return {name: (_end(found, n, 1 / FARTHEST), _end(found, n, FARTHEST)) for n, name in enumerate(PRICES)}


def _end(found: Fit, index: int, factor: float) -> float:
    start = np.log(np.array(list(found.prices.values())))
    near, far = 0.0, float(np.log(factor))
    if _possible(found.problem, start, index, far):
        return 0.0 if factor < 1 else float("inf")
    for _ in range(12):
        middle = (near + far) / 2
        near, far = (middle, far) if _possible(found.problem, start, index, middle) else (near, middle)
    return float(np.exp(start[index] + near))


def _possible(given: Problem, start: Array, index: int, change: float) -> bool:
    """Whether the other prices can keep all anchors within the tolerance if one price is changed."""
    logs = start.copy()
    logs[index] += change
    free = np.arange(len(logs)) != index
    slack = float(np.log1p(calibration.TOLERANCE))
    for _ in range(60):
        residuals, slopes = _anchor_part(given, logs, np.ones(len(given.anchors)), slack)
        if np.abs(residuals).max() < 1e-3:
            return True
        damped = np.concatenate([slopes[:, free], 1e-3 * np.eye(free.sum())])
        step = np.linalg.lstsq(damped, -np.concatenate([residuals * 1.05, np.zeros(free.sum())]), rcond=None)[0]
        logs[free] += np.clip(step, -1, 1)
    return False


def joint_ranges(fits: Iterable[Fit]) -> dict[str, tuple[float, float]]:
    """The ranges under all assumptions together."""
    found = [price_ranges(f) for f in fits]
    return {name: (min(r[name][0] for r in found), max(r[name][1] for r in found)) for name in PRICES}


# --- report -----------------------------------------------------------------------------------------------------


def rounded(value: float) -> float:
    """Two digits, or tenths: the anchors carry no more."""
    return float(f"{value:.2g}") if value < 10 else round(value, 1)


def range_text(low: float, high: float) -> str:
    return f"{low:.2g} .. {high:.2g}" if low else f"0 .. {high:.2g}"


def solve() -> tuple[Fit, dict[str, Fit], dict[str, tuple[float, float]]]:
    """The fit, the fits under all assumptions, and the ranges."""
    timing = load_timing(TABLE)
    fits = {name: fit(problem(timing, assumed)) for name, assumed in ASSUMPTIONS.items()}
    return next(iter(fits.values())), fits, joint_ranges(fits.values())


def report(best: Fit, fits: dict[str, Fit], ranges: dict[str, tuple[float, float]]) -> str:
    """What came out, as text."""
    lines = [f"{'price':18} {'fitted':>8} {'table':>8}  {'range':14} {'by prior':>8}"]
    for name, value in best.prices.items():
        held = f"{100 * best.by_prior[name]:.0f} %"
        table = rounded_price(name, value)
        lines.append(f"{name:18} {value:8.4f} {table:8.4g}  {range_text(*ranges[name]):14} {held:>8}")
    lines += ["", f"{'anchor':8} {'published':>10} {'fitted':>10} {'difference':>11}"]
    predicted = best.problem.predict(np.array(list(best.prices.values())))
    for anchor, value in zip(best.problem.anchors, predicted.tolist(), strict=True):
        sign = {"about": "", "at most": "< ", "at least": "> "}[anchor.sense]
        off = f"{100 * (value / anchor.value - 1):+.1f} %"
        lines.append(f"{anchor.id:8} {sign + format(anchor.value, '.4g'):>10} {value:10.4g} {off:>11}")
    shown = ("launch.analog", "launch.digital", "record.word", "call.scamp5_in", "call")
    lines += ["", "what is assumed about PixelRNN".ljust(34) + "".join(f"{n.removeprefix('call.'):>16}" for n in shown)]
    lines += [f"{name:34}" + "".join(f"{f.prices[n]:16.3f}" for n in shown) for name, f in fits.items()]
    lines += ["", "priors, as factors"]
    for p in PRIORS:
        what = f"{p.price} / {p.over}" if p.over else p.price
        lines.append(f"  {what}: {p.value:g}, within {p.factor:g} ({p.why})")
    return "\n".join(lines) + "\n"


MEASURED = ("adc.fixed", "adc.sample", "mcu.mac.loop", "mcu.mac.unrolled", "mcu.mac.inlined")
"""Prices that one or two anchors give directly: four digits, so that these come out exactly."""


def rounded_price(name: str, value: float) -> float:
    return float(f"{value:.4g}") if name in MEASURED else rounded(value)


def write(best: Fit, ranges: dict[str, tuple[float, float]]) -> None:
    """Prices and ranges into the table, both tables into the page."""
    document = json.loads(TABLE.read_text(encoding="utf-8"))
    for row in document["rows"]:
        if row["name"] in best.prices:
            row["value"] = rounded_price(row["name"], best.prices[row["name"]])
            _, mark, remark = row["uncertainty"].partition(";")
            row["uncertainty"] = range_text(*ranges[row["name"]]) + mark + remark
    rows = ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in document["rows"])
    head = f'"name": {json.dumps(document["name"])},\n  "about": {json.dumps(document["about"])}'
    TABLE.write_text(f'{{\n  {head},\n  "rows": [\n    {rows}\n  ]\n}}\n', encoding="utf-8")
    timing = load_timing(TABLE)
    page = PAGE.read_text(encoding="utf-8")
    tables = {"prices": price_markdown(timing), "calibration": calibration.markdown(calibration.calibrate(timing))}
    for name, table in tables.items():
        before, _, rest = page.partition(f"<!-- {name} -->\n")
        _, _, after = rest.partition(f"<!-- /{name} -->")
        page = f"{before}<!-- {name} -->\n{table}<!-- /{name} -->{after}"
    PAGE.write_text(page, encoding="utf-8")


def price_markdown(timing: Timing) -> str:
    """The price table as the page shows it."""
    lines = ["| row | price | unit | source | uncertainty |", "|---|---|---|---|---|"]
    lines += [f"| `{r.name}` | {r.value:g} | {r.unit} | {r.source} | {r.uncertainty} |" for r in timing.rows.values()]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Fit the prices of scamp5d to all published anchors at once.")
    parser.add_argument("--write", action="store_true", help="write prices and ranges into the table and the page")
    args = parser.parse_args(argv)
    best, fits, ranges = solve()
    print(report(best, fits, ranges), end="")
    if args.write:
        write(best, ranges)
    return 0


if __name__ == "__main__":
    sys.exit(main())
