"""A measurement kit for owners of a chip: SDK programs, what they take, and a reader for what the chip gave."""
