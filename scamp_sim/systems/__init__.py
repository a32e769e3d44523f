"""Published in-sensor systems, one folder each."""
