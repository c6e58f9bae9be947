"""What a safetensors file holds, from its header alone: names, dtypes and shapes; not a byte of a weight is read.

The format: 8 bytes that give the header's length, the header as JSON, then the tensors, each with its place.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_nodes.errors import ModelRefused

__all__ = ["Header", "TensorInfo", "read_header"]

LARGEST = 100 << 20
"""Bytes that a header may have, as in the safetensors library; those of the largest models have some hundred KB."""
BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
}  # fmt: skip
PICKLE = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How a file begins that torch.save wrote: an archive with a pickle in it, or a bare pickle."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor: its dtype as the format names it (`F16`), and its shape."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """How many bytes it takes."""
        return self.count * BITS[self.dtype] // 8


@dataclass(frozen=True)
class Header:
    """tensors: by name; metadata: texts that the writer left; bytes: of the whole file."""

    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]
    bytes: int

    @property
    def parameters(self) -> int:
        """How many numbers all tensors have together."""
        return sum(tensor.count for tensor in self.tensors.values())

    @property
    def dtypes(self) -> dict[str, int]:
        """Dtype -> how many numbers are stored in it, the commonest first."""
        found: dict[str, int] = {}
        for tensor in self.tensors.values():
            found[tensor.dtype] = found.get(tensor.dtype, 0) + tensor.count
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def read_header(path: Path) -> Header:
    """The header of a safetensors file, proved to fit the file; raises ModelRefused that says what is wrong."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(8)
        _check_kind(path, start)
        length = int.from_bytes(start, "little")
        if length > LARGEST:
            raise ModelRefused(
                f"{path}: its header claims {length} bytes, more than the {LARGEST} that are read; "
                "this is no safetensors file, or one made to harm"
            )
        if len(start) < 8 or 8 + length > size:
            raise ModelRefused(
                f"{path}: cut short: its header wants {8 + length} bytes, found {size}; fetch the file again"
            )
        text = file.read(length)
    return _parse(path, text, size)


def _check_kind(path: Path, start: bytes) -> None:
    if start.startswith(PICKLE):
        raise ModelRefused(
            f"{path}: a pickle checkpoint under the name of a safetensors file; a pickle can run code when it is "
            "loaded, so it is not read. Convert it first: graph-engine convert-model --allow-pickle"
        )


def _parse(path: Path, text: bytes, size: int) -> Header:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelRefused(f"{path}: its header is no JSON ({error}); this is no safetensors file") from None
    if not isinstance(found, dict):
        raise ModelRefused(f"{path}: its header is no mapping of tensors; this is no safetensors file")
    metadata = found.pop("__metadata__", None) or {}
    tensors, end = {}, 0
    for name, entry in found.items():
        info, begin, stop = _tensor(path, name, entry)
        if not 0 <= begin <= stop or (stop - begin) * 8 != info.count * BITS[info.dtype]:
            raise ModelRefused(f"{path}: the tensor {name[:80]!r} and the place that its header gives do not fit")
        tensors[name], end = info, max(end, stop)
    if 8 + len(text) + end != size:
        short = "cut short: " if 8 + len(text) + end > size else ""
        raise ModelRefused(
            f"{path}: {short}its tensors end at byte {8 + len(text) + end}, the file has {size}; fetch the file again"
        )
    return Header(tensors, {str(key): str(value) for key, value in dict(metadata).items()}, size)


def _tensor(path: Path, name: str, entry: Any) -> tuple[TensorInfo, int, int]:
    try:
        dtype, shape, (begin, stop) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        whole = all(type(n) is int and n >= 0 for n in (*shape, begin, stop))
    except (TypeError, KeyError, ValueError):
        whole, dtype = False, ""
    if not whole:
        raise ModelRefused(f"{path}: its header does not describe {name[:80]!r}; this is no safetensors file")
    if dtype not in BITS:
        raise ModelRefused(
            f"{path}: the tensor {name[:80]!r} is stored as {str(dtype)[:20]!r}, which is not one of {', '.join(BITS)}"
        )
    return TensorInfo(dtype, shape), begin, stop
