"""LeCA's encoder as a SCAMP-5 program: weights and bits in, packed code planes out."""

from scamp_sim.kernels.leca.mapping import Form, codes_of, finest_scale, program

__all__ = ["Form", "codes_of", "finest_scale", "program"]
