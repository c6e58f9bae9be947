"""Values as JSON plus tensors, and back: how anything that travels along a link is stored and hashed. Never pickle.

Plain data is itself. A tensor becomes `{"$tensor": n}`, a kind `{"$kind": name, fields...}`, a mapping that happens to
have such keys is wrapped. torch is imported only when a tensor is really there.
"""

from __future__ import annotations

import enum
import hashlib
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from graph_engine.errors import GraphEngineError
from graph_engine.kinds import kind_of

__all__ = ["NotStorable", "canonical", "decode", "digest", "encode", "size_of"]


class NotStorable(GraphEngineError):
    """A value of a type that is neither plain data, a tensor nor a kind."""


def canonical(data: Any) -> str:
    """JSON text that is equal exactly when the data is equal: sorted keys, no spaces, no NaN."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def encode(value: Any) -> tuple[Any, list[Any]]:
    """`value` as JSON data and the tensors that it holds; raises NotStorable with the type's name."""
    tensors: list[Any] = []
    return _encode(value, tensors), tensors


def _encode(value: Any, tensors: list[Any]) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value.value if isinstance(value, enum.Enum) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, list):
        return [_encode(item, tensors) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [_encode(item, tensors) for item in value]}
    if isinstance(value, enum.Enum):
        return _encode(value.value, tensors)
    if isinstance(value, Mapping):
        return _encode_mapping(value, tensors)
    found = kind_of(value)
    if found is not None:
        body = {field.name: _encode(getattr(value, field.name), tensors) for field in fields(value)}
        return {"$kind": found.name, "fields": body}
    if _is_tensor(value):
        tensors.append(value)
        return {"$tensor": len(tensors) - 1}
    raise NotStorable(f"a value of type {type(value).__name__} cannot be stored; make it a @kind or plain data")


def _encode_mapping(value: Mapping[Any, Any], tensors: list[Any]) -> Any:
    if not all(isinstance(key, str) for key in value):
        raise NotStorable("a mapping with keys that are not text cannot be stored")
    body = {key: _encode(item, tensors) for key, item in value.items()}
    return {"$map": body} if any(key.startswith("$") for key in body) else body


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def decode(data: Any, tensors: list[Any], kinds: Mapping[str, type]) -> Any:
    """The value that `encode` took apart; KeyError or TypeError when a kind is gone or has other fields now."""
    if isinstance(data, list):
        return [decode(item, tensors, kinds) for item in data]
    if not isinstance(data, dict):
        return data
    if "$tensor" in data:
        return tensors[data["$tensor"]]
    if "$kind" in data:
        body = {name: decode(item, tensors, kinds) for name, item in data["fields"].items()}
        return kinds[data["$kind"]](**body)
    if "$tuple" in data:
        return tuple(decode(item, tensors, kinds) for item in data["$tuple"])
    if "$float" in data:
        return float(data["$float"])
    return {name: decode(item, tensors, kinds) for name, item in data.get("$map", data).items()}


def digest(value: Any) -> str:
    """blake2b of a value's content, tensors included, as hex: equal for equal values in every process."""
    data, tensors = encode(value)
    hasher = hashlib.blake2b(canonical(data).encode(), digest_size=32)
    for tensor in tensors:
        flat = tensor.detach().cpu().contiguous()
        hasher.update(canonical([str(flat.dtype), list(flat.shape)]).encode())
        hasher.update(_bytes_of(flat))
    return hasher.hexdigest()


def _bytes_of(tensor: Any) -> memoryview:
    torch = sys.modules["torch"]
    return memoryview(tensor.reshape(-1).view(torch.uint8).numpy())


def size_of(value: Any) -> int:
    """Bytes that a value takes in memory, nearly: its tensors, its text, and a little for each object."""
    if value is None or isinstance(value, bool | int | float):
        return 32
    if isinstance(value, str):
        return 64 + len(value)
    if isinstance(value, list | tuple):
        return 64 + sum(size_of(item) for item in value)
    if isinstance(value, Mapping):
        return 64 + sum(64 + size_of(item) for item in value.values())
    if kind_of(value) is not None:
        return 64 + sum(size_of(getattr(value, field.name)) for field in fields(value))
    if _is_tensor(value):
        return int(value.numel() * value.element_size()) + 64
    return 1024 + (getattr(value, "nbytes", 0) or sys.getsizeof(value))  # an array of numpy, bytes, a stranger's object
