"""What published in-sensor systems have in common: protocol, registry, costs, clips, comparison, conformance."""
