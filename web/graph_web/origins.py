"""The names that a server answers to: what its Host header may say, and the one Origin that belongs to each.

A page on the internet can make its own name point at 127.0.0.1 (DNS rebinding); its browser then sends that name, which
is not among these.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from graph_engine.errors import GraphEngineError

__all__ = ["LOOPBACK", "Origin", "Origins", "is_loopback", "is_wildcard"]

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?)(:(?P<port>\d{1,5}))?")
_ENTRY = re.compile(r"((?P<scheme>https?)://)?(?P<host>[^/]+)/?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Origin:
    """Where a page comes from: scheme, name and port, as browsers write it."""

    scheme: str
    name: str
    port: int

    def __str__(self) -> str:
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.name}{port}"


class Origins:
    """The origins of one server.

    host: the address that it is bound to. extra: what its owner allows beside it: `NAME` (http, on the port served or
    80), `NAME:PORT`, or `https://NAME[:PORT]` for a server behind a proxy that adds TLS. Raises GraphEngineError when
    one of them is none of these.
    """

    def __init__(self, host: str, extra: Iterable[str] = ()) -> None:
        own = [] if is_wildcard(host) else [_bracketed(host.lower())]
        self._names = list(dict.fromkeys([*LOOPBACK, *own]))
        self._extra = [_parsed(entry) for entry in extra]

    def find(self, host: str, port: int, address: str | None = None) -> Origin | None:
        """The origin that a Host header names, or None when it is a stranger's.

        port: the one that is served. address: the local end of the connection; a client that asks for this very
        address, as with a server on 0.0.0.0, asks for no name that could have been pointed here.
        """
        match = _HOST.fullmatch(host.lower())
        if match is None:
            return None
        for allowed in self._allowed(port, address):
            given = int(match["port"]) if match["port"] else _DEFAULT_PORTS[allowed.scheme]
            if match["name"] == allowed.name and given == allowed.port:
                return allowed
        return None

    def _allowed(self, port: int, address: str | None) -> Iterator[Origin]:
        for name in [*self._names, *([_bracketed(address)] if address else [])]:
            yield Origin("http", name, port)
        for scheme, name, fixed in self._extra:
            if fixed is not None:
                yield Origin(scheme, name, fixed)
            else:
                yield Origin(scheme, name, port)
                yield Origin(scheme, name, _DEFAULT_PORTS[scheme])


def _parsed(entry: str) -> tuple[str, str, int | None]:
    match = _ENTRY.fullmatch(entry.strip().lower())
    host = _HOST.fullmatch(match["host"]) if match else None
    if match is None or host is None or (host["port"] and not 0 < int(host["port"]) < 1 << 16):
        raise GraphEngineError(
            f"--allow-host {entry!r} is no host; write a name, NAME:PORT, or https://NAME for a server behind TLS"
        )
    port = int(host["port"]) if host["port"] else None
    if match["scheme"] == "https" and port is None:
        port = _DEFAULT_PORTS["https"]
    return match["scheme"] or "http", host["name"], port


def _bracketed(host: str) -> str:
    """An address as it stands in a URL: IPv6 in brackets, without a zone."""
    host = host.partition("%")[0]
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """True when only programs on this machine can reach a server that is bound to `host`."""
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def is_wildcard(host: str) -> bool:
    """True for an address that stands for all of the machine's own: 0.0.0.0, :: and nothing at all."""
    address = _address(host)
    return not host if address is None else address.is_unspecified
