"""The model_index.json of a folder: which class each subfolder is of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["write_index"]


OURS = {"AdmUNet": "adm", "GlideNoisedCLIP": "glide", "GlideTextTower": "glide", "NoisedClassifier": "adm"}
"""Classes of the project -> the module that an index names in their place."""


def write_index(folder: Path, pipeline: str, **options: Any) -> None:
    """Write the index of a folder's subfolders as the pipeline's own save_pretrained does, and `options`."""
    import diffusers

    index: dict[str, Any] = {"_class_name": pipeline, "_diffusers_version": diffusers.__version__}
    for path in sorted(item for item in folder.iterdir() if item.is_dir()):
        index[path.name] = list(_class_of(path))
    (folder / "model_index.json").write_text(json.dumps(index | options, indent=2) + "\n", encoding="utf-8")


def _class_of(folder: Path) -> tuple[str, str]:
    for name, key, library in (
        ("scheduler_config.json", "_class_name", "diffusers"),
        ("tokenizer_config.json", "tokenizer_class", "transformers"),
        ("config.json", "_class_name", "diffusers"),
        ("config.json", "architectures", "transformers"),
    ):
        path = folder / name
        found = json.loads(path.read_bytes()).get(key) if path.is_file() else None
        if isinstance(found, str) and found in OURS:
            return OURS[found], found
        if found:
            return library, found if isinstance(found, str) else found[0]
    raise ValueError(f"{folder} has no config that names its class")
