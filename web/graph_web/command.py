"""`graph-engine serve`: flags and environment into Settings, and the one line with the link when the server is ready.

Every command of the shell imports this module, so it loads nothing of the server before it is called.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from graph_engine.errors import GraphEngineError
from graph_engine.files import atomic_write
from graph_engine.settings import DEVICES, DTYPES, Locations

if TYPE_CHECKING:
    from graph_web.settings import Settings

__all__ = ["HELP", "configure", "link", "run", "settings_of"]

HELP = "serve workflows, the queue and the editor over HTTP"


def configure(parser: argparse.ArgumentParser) -> None:
    """The flags of `serve`."""
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1, this machine alone)")
    add("--port", type=_port, default=8420, help="port to listen on; 0 picks a free one (default: 8420)")
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--token",
        metavar="TEXT",
        help="what clients must show (default: $GRAPH_ENGINE_TOKEN, else one made once and kept in the data folder)",
    )
    who.add_argument("--no-token", action="store_true", help="ask for no token; only for an address of this machine")
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name of this server: NAME, NAME:PORT, or https://NAME behind a proxy (may be repeated)",
    )
    add("--read-only", action="store_true", help="refuse everything that changes anything, runs included")
    add("--device", choices=DEVICES, default="auto", help="where to compute (default: auto)")
    add("--dtype", choices=DTYPES, default="auto", help="number format of models (default: auto)")
    add("--parallel", type=_count, default=1, metavar="N", help="runs at the same time (default: 1)")
    add(
        "--restart",
        choices=("resume", "hold"),
        default="resume",
        help="what becomes of runs that were going on when the server ended (default: resume)",
    )
    add("--data", metavar="DIR", help="folder of the queue, workflows and assets (default: $GRAPH_ENGINE_DATA)")
    add("--workflows", metavar="DIR", help="folder of the saved workflows (default: workflows in the data folder)")
    add(
        "--models",
        metavar="DIR",
        action="append",
        help="folder of checkpoints, may be given several times (default: $GRAPH_ENGINE_MODELS)",
    )
    add("--cache-dir", metavar="DIR", help="folder of the cache (default: $GRAPH_ENGINE_CACHE)")
    add("--out", metavar="DIR", help="folder for pictures (default: $GRAPH_ENGINE_OUTPUTS)")
    add("--log-format", choices=("text", "json"), default="text", help="how the log on stderr is written")


def _port(text: str) -> int:
    return _number(text, 0, 65535)


def _count(text: str) -> int:
    return _number(text, 1, 64)


def _number(text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"wants a whole number, {low} to {high}; found {text!r}")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Serve until the process is told to end, which is no failure; returns the exit status."""
    from graph_web.logs import write_logs

    settings = settings_of(options, os.environ)
    write_logs(sys.stderr, options.log_format)
    from graph_web.serve import serve

    serve(settings, _announcer(settings, sys.stdout))
    return 0


def settings_of(options: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """What the flags, and then the environment, ask for; raises GraphEngineError when it would not be safe.

    A token is made, and written into the data folder, when none is given and none was made before.
    """
    from graph_web.security import check_binding
    from graph_web.settings import Settings

    flags = {"DATA": options.data, "CACHE": options.cache_dir, "OUTPUTS": options.out}
    given = {f"GRAPH_ENGINE_{name}": _absolute(folder) for name, folder in flags.items() if folder is not None}
    folders = Locations.find({**environment, **given})

    def settings(token: str | None) -> Settings:
        found = Settings(
            data=folders.data,
            cache=folders.cache,
            outputs=folders.outputs,
            host=options.host,
            port=options.port,
            token=token,
            hosts=tuple(options.allow_host),
            read_only=options.read_only,
            device=options.device,
            dtype=options.dtype,
            parallel=options.parallel,
            restart=options.restart,
            models=tuple(Path(_absolute(folder)) for folder in options.models or map(str, folders.models)),
            library=None if options.workflows is None else Path(_absolute(options.workflows)),
        )
        check_binding(found)
        return found

    if options.no_token:
        return settings(None)
    chosen = environment.get("GRAPH_ENGINE_TOKEN") or None if options.token is None else options.token
    return settings(_kept_token(folders.data / "token") if chosen is None else chosen)


def _absolute(folder: str) -> str:
    if not folder:
        raise GraphEngineError("a folder that is given as a flag must have a name; leave the flag out for the default")
    return str(Path(folder).expanduser().absolute())


def _kept_token(file: Path) -> str:
    """The token of the data folder, made at the first start, so that links and scripts stay valid."""
    from graph_web.security import new_token

    try:
        text = _read_private(file)
    except FileNotFoundError:
        text = new_token()
        _write_private(file, text + "\n")
    token = text.strip()
    if not token:
        raise GraphEngineError(f"{file} holds no token; delete it, and a new one is made at the next start")
    return token


def _read_private(file: Path) -> str:
    """The text of a file that only its owner may read; another's reading is stopped, should it have been allowed."""
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descriptor, encoding="ascii", errors="replace") as stream:
        if os.name == "posix" and os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
            sys.stderr.write(f"{file} could be read by others, which is stopped now; delete it to have a new token\n")
        return stream.read(1000)


def _write_private(file: Path, text: str) -> None:
    with atomic_write(file, durable=True) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(text)


def _announcer(settings: Settings, stream: TextIO) -> Callable[[int], None]:
    def announce(port: int) -> None:
        stream.write(f"{link(settings, port)}\n")
        stream.flush()

    return announce


def link(settings: Settings, port: int) -> str:
    """The address that opens the server's page, with the token in it; for a wildcard address, this machine's own."""
    from graph_web.origins import is_wildcard

    host = "127.0.0.1" if is_wildcard(settings.host) else settings.host
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?token={settings.token}" if settings.token else "")
