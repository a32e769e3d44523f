"""The object that a user holds, the host functions as its methods, stepping, and the clock of decay."""
