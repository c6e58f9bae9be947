"""Uploaded pictures, each kept once under the digest of its bytes, which is what a workflow's file input is given.

All methods are plain functions that touch the disk: a handler calls them in a thread.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import time
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from graph_engine.files import atomic_write
from graph_web.disk import disk_told, sync_folder
from graph_web.errors import Failure
from graph_web.pictures import inspect_picture
from graph_web.trash import Named, Trashed, find_trashed, list_trash, move_to_trash, take_back

__all__ = ["Asset", "AssetPage", "Assets"]

_ID = re.compile(r"[0-9a-f]{32}\.(png|jpg|webp)")
_UNWANTED = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")  # also what turns text around
_LEFT_OVER_SECONDS = 3600


class Asset(msgspec.Struct, frozen=True):
    """An uploaded picture. id: what a workflow's file input is given; name: what the client called it; width and
    height: in pixels, upright; created: seconds since 1970."""

    id: str
    name: str
    width: int
    height: int
    bytes: int
    created: float


class AssetPage(msgspec.Struct, frozen=True):
    """Assets, newest first; `next` is what `after` is to be for the page below, empty on the last page."""

    assets: list[Asset]
    next: str = ""


class _Info(msgspec.Struct, frozen=True):
    """What stands beside a picture, so that a list need not open it."""

    name: str
    width: int
    height: int


class Assets:
    """The pictures in `folder`, a root of file inputs; deleted ones go to `trash`."""

    def __init__(self, folder: Path, trash: Path) -> None:
        self.folder = folder
        self._trash = trash
        self._uploads = folder / ".uploads"

    def new_upload(self) -> Path:
        """A path for an upload on its way in; what servers that died left there is swept out."""
        with disk_told("the upload could not be begun"):
            self._uploads.mkdir(parents=True, exist_ok=True)
            oldest = time.time() - _LEFT_OVER_SECONDS
            for entry in os.scandir(self._uploads):
                if entry.stat(follow_symlinks=False).st_mtime < oldest:
                    Path(entry.path).unlink(missing_ok=True)
        return self._uploads / secrets.token_hex(8)

    def add(self, upload: Path, label: str) -> Asset:
        """Take in a finished upload, which is moved; the same bytes have the same id and keep their first name.

        Failure 413 or 415 when it is no bearable picture (see inspect_picture).
        """
        with disk_told("the upload could not be kept"):
            picture = inspect_picture(upload)
            with open(upload, "rb") as file:
                digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
                os.fsync(file.fileno())
            path = self.folder / f"{digest}.{picture.ending}"
            if path.is_file():
                upload.unlink()
            else:
                self._write_info(path.name, _Info(_label(label), picture.width, picture.height))
                os.replace(upload, path)
                sync_folder(self.folder)
            return self._asset(path)

    def list(self, after: str = "", limit: int = 100) -> AssetPage:
        """A page of assets, the newest first. after: the `next` of the page above."""
        with disk_told("the assets could not be listed"):
            order = sorted(self._entries(), reverse=True)
            if after:
                moment, _, name = after.partition("-")
                if not moment.isdigit() or len(moment) > 20 or not _ID.fullmatch(name):
                    raise Failure(400, "BadCursor", "`after` is no `next` of a page; leave it out for the first page")
                order = [entry for entry in order if entry < (int(moment), name)]
            page = order[:limit]
            cursor = "-".join(map(str, page[-1])) if len(order) > limit else ""
            return AssetPage(list(self._assets(name for _, name in page)), cursor)

    def get(self, asset: str) -> Asset:
        """One asset; Failure 404."""
        with disk_told("the asset could not be read"):
            return self._asset(self.find(asset))

    def find(self, asset: str) -> Path:
        """The file of an asset; Failure 404."""
        path = self.folder / asset if _ID.fullmatch(asset) else None
        if path is None or path.is_symlink() or not path.is_file():
            message = f"there is no asset {asset[:60]!a}; POST /api/v1/assets takes a picture and answers with its id"
            raise Failure(404, "NotFound", message)
        return path

    def delete(self, asset: str) -> None:
        """Move an asset to the trash; workflows that name it fail with a missing file until it is uploaded again."""
        with disk_told("the asset could not be deleted"):
            path = self.find(asset)
            move_to_trash(self._trash, "assets", asset, [path, self._info_file(asset)])
            sync_folder(self.folder)

    def deleted(self) -> Named:
        """The deletions in the trash with the names that the pictures had, the newest first."""
        found = [(entry, _asset_inside(entry)) for entry in list_trash(self._trash, "assets")]
        return [(entry, _name_inside(entry, asset)) for entry, asset in found if asset]

    def undelete(self, identity: str) -> Asset:
        """Take an asset back from the trash; Failure 404, or 409 when the same picture was uploaded again."""
        entry = find_trashed(self._trash, "assets", identity)
        asset = _asset_inside(entry)
        if asset and not (self.folder / asset).exists():
            self._info_file(asset).unlink(missing_ok=True)  # what nothing lies beside is of no use to anybody
        places = {asset: self.folder / asset, f"{asset}.json": self._info_file(asset)}
        take_back(entry, {name: place for name, place in places.items() if asset and (entry.folder / name).exists()})
        return self.get(asset)

    def _entries(self) -> Iterator[tuple[int, str]]:
        """(time, id) of every asset."""
        for entry in os.scandir(self.folder) if self.folder.is_dir() else ():
            if _ID.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(FileNotFoundError):
                    yield entry.stat().st_mtime_ns, entry.name

    def _assets(self, names: Iterable[str]) -> Iterator[Asset]:
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # deleted a moment ago
                yield self._asset(self.folder / name)

    def _asset(self, path: Path) -> Asset:
        status = os.stat(path)
        info = self._read_info(path)
        return Asset(path.name, info.name, info.width, info.height, status.st_size, status.st_mtime_ns / 1e9)

    def _info_file(self, asset: str) -> Path:
        return self.folder / ".info" / f"{asset}.json"

    def _read_info(self, path: Path) -> _Info:
        try:
            return msgspec.json.decode(self._info_file(path.name).read_bytes(), type=_Info)
        except (OSError, msgspec.DecodeError):  # lost, or cut off: all but the name can be had again
            return self._guess_info(path)

    def _guess_info(self, path: Path) -> _Info:
        try:
            picture = inspect_picture(path)
        except Failure:
            return _Info(path.name, 0, 0)
        info = _Info(path.name, picture.width, picture.height)
        self._write_info(path.name, info)
        return info

    def _write_info(self, asset: str, info: _Info) -> None:
        with atomic_write(self._info_file(asset), durable=True) as temporary:
            temporary.write_bytes(msgspec.json.encode(info))


def _asset_inside(entry: Trashed) -> str:
    return next((path.name for path in entry.folder.iterdir() if _ID.fullmatch(path.name)), "")


def _name_inside(entry: Trashed, asset: str) -> str:
    try:
        return msgspec.json.decode((entry.folder / f"{asset}.json").read_bytes(), type=_Info).name
    except (OSError, msgspec.DecodeError):
        return asset


def _label(name: str) -> str:
    """What the client calls a file, fit to be shown: no folders, no control characters, not endless."""
    last = re.split(r"[/\\]", _UNWANTED.sub("", name))[-1]
    return unicodedata.normalize("NFC", last).strip()[:120] or "picture"
