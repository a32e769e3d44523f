"""`scamp-sim validate`: the recurrent network."""

from __future__ import annotations

from scamp_sim.cli.commands_pixelrnn import register_validate as register
from scamp_sim.cli.commands_pixelrnn import validate as run

NAME = "validate"
HELP = (
    "Run clips through the simulated array and compare every plane of every frame with the golden model. With "
    "--out the results are kept as clips finish, and an interrupted run resumes."
)
EXAMPLES = ("scamp-sim validate pixelrnn --weights W.npz --clips CLIPS.npz",)

__all__ = ["EXAMPLES", "HELP", "NAME", "register", "run"]
