"""The server: `graph-engine serve`. Workflows over HTTP, a durable queue, live events, and the web editor's files."""

from __future__ import annotations

from graph_engine import Command, hookimpl
from graph_web import command

__all__ = ["register_commands"]


@hookimpl
def register_commands() -> list[Command]:
    """The one command of this pack."""
    return [Command("serve", command.HELP, command.configure, command.run)]
