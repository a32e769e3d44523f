"""The actions of `scamp-sim network`, one module each: ABOUT, register(parser), run(args) -> exit code."""
