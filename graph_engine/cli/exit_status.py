"""What the shell's exit codes mean; scripts rely on them, so they never change their meaning."""

from enum import IntEnum

__all__ = ["ExitStatus"]


class ExitStatus(IntEnum):
    """The exit codes of `graph-engine`."""

    OK = 0
    FAILED = 1
    """A node failed."""
    WRONG_CALL = 2
    """The workflow or the call is wrong; nothing ran."""
    NOT_CACHED = 3
    """`plan --require-cached`: something would have to run."""
    PLUGIN_BROKEN = 4
    """The workflow needs a plugin that could not be loaded."""
    INTERRUPTED = 130
    """Ctrl-C: 128 + SIGINT."""
