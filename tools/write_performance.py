"""Measure the documented table of `scamp-sim bench` and write docs/performance.md.

python tools/write_performance.py           # measures, writes both
python tools/write_performance.py --page    # the page of the table that is kept
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scamp_sim.cli.bench import measure, page, rows

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def main() -> None:
    """Measure unless --page is given; write."""
    if "--page" not in sys.argv[1:]:
        found = list(rows.measure(tuple(rows.MEASURED), measure.rates, lambda group: print(group, flush=True)))
        rates = measure.rates()
        about = {**measure.about(), "add": page.number(rates.add), "near": page.number(rates.near)}
        page.DOCUMENTED.write_text(json.dumps(page.document(found, about), indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page.markdown(json.loads(page.DOCUMENTED.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
