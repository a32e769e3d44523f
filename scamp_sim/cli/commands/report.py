"""`scamp-sim report`: the recurrent network."""

from __future__ import annotations

from scamp_sim.cli.commands_pixelrnn import register_report as register
from scamp_sim.cli.commands_pixelrnn import report as run

NAME = "report"
HELP = (
    "What the network costs, step by step under all mappings, and what leaves the sensor (pixelrnn); the use "
    "of registers (memory); accuracy against memory (figure2) and against values read (figure3), on "
    "synthetic gestures; accuracy on emulated chips (table3)."
)
EXAMPLES = ("scamp-sim report pixelrnn",)

__all__ = ["EXAMPLES", "HELP", "NAME", "register", "run"]
