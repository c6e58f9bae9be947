"""The recorded command of every model: `python -m graph_engine_shapes.train NAME --minutes N`."""

from __future__ import annotations

import argparse

from graph_engine_shapes import training


def main() -> int:
    """Parse and train."""
    parser = argparse.ArgumentParser(prog="graph_engine_shapes.train", description=training.__doc__)
    training.add_arguments(parser)
    return training.start(parser.parse_args())


if __name__ == "__main__":
    raise SystemExit(main())
