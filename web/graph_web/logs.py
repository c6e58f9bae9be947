"""The server's log: one line an event on stderr, as text for people or as JSON for programs."""

from __future__ import annotations

import logging
from typing import Literal, TextIO

__all__ = ["write_logs"]


def write_logs(stream: TextIO, form: Literal["text", "json"] = "text", level: int = logging.INFO) -> None:
    """Send what this process logs, through structlog or through logging, to `stream`; called once, by the command."""
    import structlog

    def renderer() -> structlog.typing.Processor:
        if form == "json":
            return structlog.processors.JSONRenderer()
        return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
    ]
    last = [structlog.processors.format_exc_info] if form == "json" else []
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[drop, *last, renderer()])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
