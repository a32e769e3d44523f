"""The spiking front end as SCAMP-5 programs: macropixels, a threshold plane, spikes as one bit plane, a LIF step."""

from scamp_sim.kernels.snn.macropixel import LEAKS, frame, lif_step, thresholds

__all__ = ["LEAKS", "frame", "lif_step", "thresholds"]
