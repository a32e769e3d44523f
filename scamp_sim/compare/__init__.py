"""Published in-sensor encoders side by side: what each takes and sends, in values, bits, time and energy.

from scamp_sim import compare

rows, left_out = compare.rows.chosen(compare.Scene(256, 1), ["leca_4_4", "p2m"])
table = compare.table.Table(rows, compare.load_constants("common"))
print(table.text())

Counts and prices are two objects: `Counts` says what happens in one decision, `Constants` what it costs, and either can
be replaced by a file of the user's.
"""

from scamp_sim.compare.constants import Constant, Constants, load_constants
from scamp_sim.compare.counts import Counts, Scene

__all__ = ["Constant", "Constants", "Counts", "Scene", "load_constants"]
