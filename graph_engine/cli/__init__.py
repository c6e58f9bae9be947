"""The shell: `graph-engine COMMAND ...`. Each command is a module; `main` finds it, runs it and reports errors."""

from graph_engine.cli.main import main

__all__ = ["main"]
