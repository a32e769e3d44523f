"""What can be said of a program before it runs: ranges of analog values, and how long registers must hold them."""

from scamp_sim.ranges.findings import Analysis, Excess, Hold, Register, analyse, as_dict
from scamp_sim.ranges.limits import Limits

__all__ = ["Analysis", "Excess", "Hold", "Limits", "Register", "analyse", "as_dict"]
