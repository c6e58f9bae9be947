"""Models of the Hugging Face hub, `hub:owner/name@revision`: read from its cache, fetched only when a person says so.

A workflow never fetches: what it runs on is on the disk already, by a commit that is known.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from graph_nodes.checkpoints.components import CONFIG
from graph_nodes.checkpoints.layout import INDEX, UNUSED
from graph_nodes.checkpoints.weight_files import STEMS, VARIANTS
from graph_nodes.errors import ModelRefused

__all__ = ["PREFIX", "HubName", "choose_files", "fetch", "find_snapshot", "locate", "parse_name", "snapshots"]

PREFIX = "hub:"
_NAME = re.compile(r"hub:(?P<repository>[\w.-]{1,96}/[\w.-]{1,96})(@(?P<revision>[\w.-][\w./-]{0,95}))?", re.ASCII)


@dataclass(frozen=True)
class HubName:
    """repository: `owner/name`; revision: a branch, a tag or a commit."""

    repository: str
    revision: str = "main"

    def __str__(self) -> str:
        return f"{PREFIX}{self.repository}@{self.revision}"


def parse_name(name: str) -> HubName:
    """The parts of a hub's name; raises ModelRefused."""
    found = _NAME.fullmatch(name)
    if found is None or ".." in name:
        raise ModelRefused(f"{name!r} is no model of the hub; wanted is hub:owner/name or hub:owner/name@revision")
    return HubName(found["repository"], found["revision"] or "main")


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the hub's own library keeps what it fetched."""
    home = environment.get("HF_HOME") or f"{environment.get('XDG_CACHE_HOME') or '~/.cache'}/huggingface"
    named = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE") or f"{home}/hub"
    return Path(os.path.expandvars(named)).expanduser()


def find_snapshot(name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of a model of the hub on this machine; raises ModelRefused with the command that fetches it."""
    wanted = parse_name(name)
    repository = cache_folder(environment) / f"models--{wanted.repository.replace('/', '--')}"
    reference = repository / "refs" / wanted.revision
    commit = reference.read_text().strip() if reference.is_file() else wanted.revision
    snapshot = repository / "snapshots" / commit
    if not re.fullmatch(r"[\w.-]+", commit) or not snapshot.is_dir():
        raise ModelRefused(
            f"{wanted} is not on this machine, and no workflow fetches one; fetch it: graph-engine fetch-model {wanted}"
        )
    return snapshot


def choose_files(files: Iterable[str], variant: str = "") -> list[str]:
    """Which files of a repository are needed: its configs, and its weights in one format and one precision.

    A repository with a model_index.json is a folder of components: weights beside the index are another copy of all,
    and those of components that no node uses, such as a safety checker of a gigabyte, stay where they are.
    """
    names = sorted(files)
    whole = INDEX in names
    chosen = []
    for name in names:
        folder, _, file = name.rpartition("/")
        beside = {other.rpartition("/")[2] for other in names if other.rpartition("/")[0] == folder}
        is_config = file.endswith((".json", ".txt", ".model")) and ".index." not in file
        is_left = whole and (not folder or folder in UNUSED)
        if is_config or (not is_left and _is_wanted(file, variant, beside)):
            chosen.append(name)
    return chosen


def _is_wanted(file: str, variant: str, beside: set[str]) -> bool:
    """Whether a file is of the weights in the variant, or where there are none such in the first that there is."""
    shard = r"(-\d+-of-\d+)?"
    for dot in (f".{known}" if known else "" for known in dict.fromkeys((variant, *VARIANTS))):
        # shards are named `model.fp16-00001-of-00002` or `model-00001-of-00002.fp16`
        pattern = rf"({'|'.join(STEMS)})({re.escape(dot)}{shard}|{shard}{re.escape(dot)})\.safetensors"
        pattern += rf"|({'|'.join(STEMS)})\.safetensors\.index{re.escape(dot)}\.json"
        if any(re.fullmatch(pattern, other) for other in beside):
            return re.fullmatch(pattern, file) is not None
    return False


def fetch(name: str, variant: str = "") -> Path:
    """Fetch a model into the hub's cache, with its progress, token and offline mode; the folder of the snapshot, which
    is called by its commit. Raises ModelRefused that says what the hub answered."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import GatedRepoError, OfflineModeIsEnabled

    wanted = parse_name(name)
    try:
        info = HfApi().model_info(wanted.repository, revision=wanted.revision)
        files = choose_files([sibling.rfilename for sibling in info.siblings or []], variant)
        if not any(file.endswith(".safetensors") for file in files):
            raise ModelRefused(f"{wanted} has no weights in safetensors; other formats are not fetched")
        # By the revision's own name, so that the hub's cache remembers which commit it stands for.
        return Path(snapshot_download(wanted.repository, revision=wanted.revision, allow_patterns=files))
    except OfflineModeIsEnabled:
        raise ModelRefused(f"{wanted} was not fetched: HF_HUB_OFFLINE is set") from None
    except GatedRepoError:
        raise ModelRefused(
            f"{wanted} is given only to those who agreed to its terms: agree on its page, and set HF_TOKEN"
        ) from None
    except ModelRefused:
        raise
    except Exception as error:  # noqa: BLE001 - the hub's answer, or what its library's client says of the network
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelRefused(f"{wanted} was not fetched: {first}; a private model wants HF_TOKEN") from None


def snapshots(environment: Mapping[str, str] = os.environ) -> Iterator[tuple[str, Path]]:
    """(name, folder) of each model in the hub's cache; a commit that no branch or tag stands for has its own name."""
    for repository in sorted(cache_folder(environment).glob("models--*--*")):
        owner, _, name = repository.name.removeprefix("models--").partition("--")
        try:
            for revision, folder in _revisions(repository):
                yield f"{PREFIX}{owner}/{name}@{revision}", folder
        except (OSError, ValueError):
            continue  # damaged, or another user's


def _revisions(repository: Path) -> list[tuple[str, Path]]:
    """(the name of a revision, its folder): `main` where several names stand for one commit."""
    references = repository / "refs"
    files = sorted(path for path in references.rglob("*") if path.is_file())
    files.sort(key=lambda path: path == references / "main")
    called = {path.read_text().strip(): path.relative_to(references).as_posix() for path in files}
    folders = sorted((repository / "snapshots").glob("*"))
    models = [folder for folder in folders if (folder / INDEX).is_file() or (folder / CONFIG).is_file()]
    return [(called.get(folder.name, folder.name), folder) for folder in models]


def locate(name: str) -> Path | None:
    """The folder of a hub's name, None for any other name; raises ModelRefused."""
    return find_snapshot(name) if name.startswith(PREFIX) else None
