"""`python -m graph_engine.cli` is `graph-engine`."""

import sys

from graph_engine.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
