"""The in-sensor spiking front end: the pixels of P2M, an analog CDS and a comparator; one bit leaves per output."""

from scamp_sim.systems.snn.golden import front_end, hoyer, lif

__all__ = ["front_end", "hoyer", "lif"]
