"""`python -m scamp_sim` is `scamp-sim`."""

import sys

from scamp_sim.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
