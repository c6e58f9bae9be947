"""Pictures and forms for the tests of what is kept on disk, and a running server to send them to."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import PIL.Image
from graph_web.app import make_app
from graph_web.settings import Settings

from .serving import Answer, Site, site


class Server:
    """A running server that is asked with its own token."""

    def __init__(self, found: Site, settings: Settings) -> None:
        self.site, self.settings = found, settings

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request; `If_Match="x"` is the header If-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.site.ask(method, path, named, body, token=self.settings.token)

    def upload(self, data: bytes, name: str = "cat.png", field: str = "file") -> Answer:
        """POST a file as a browser does."""
        body, content_type = form(data, name, field)
        return self.ask("POST", "/api/v1/assets", body, Content_Type=content_type)


@contextmanager
def running(settings: Settings) -> Iterator[Server]:
    """The real application on a real port."""
    with site(make_app(settings)) as found:
        yield Server(found, settings)


def form(data: bytes, name: str = "cat.png", field: str = "file") -> tuple[bytes, str]:
    """A multipart form with one file, and its content type."""
    disposition = f'Content-Disposition: form-data; name="{field}"; filename="{name}"'
    head = f"--frontier\r\n{disposition}\r\nContent-Type: text/html\r\n\r\n"
    return head.encode() + data + b"\r\n--frontier--\r\n", "multipart/form-data; boundary=frontier"


def picture(
    form: str = "PNG", size: tuple[int, int] = (40, 20), color: Any = "red", mode: str = "RGB", **save: Any
) -> bytes:
    """The bytes of a picture of one colour."""
    buffer = io.BytesIO()
    PIL.Image.new(mode, size, color).save(buffer, form, **save)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is and holds nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
