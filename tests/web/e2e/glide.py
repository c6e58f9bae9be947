"""The shipped GLIDE workflow as a document, with other values for its declared inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).parents[3] / "workflows/glide.yaml"


def glide(**values: Any) -> dict[str, Any]:
    """GLIDE with these values as the defaults of its inputs."""
    document: dict[str, Any] = yaml.safe_load(_FILE.read_text())
    for name, value in values.items():
        document["inputs"][name]["default"] = value
    return document
