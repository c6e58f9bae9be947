"""Tries nodes on sample values: does one write into its inputs, give what it declares, and the same every time?"""

from __future__ import annotations

import asyncio
import inspect
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graph_engine.calling import take_outputs
from graph_engine.codec import NotStorable, decode, digest, encode
from graph_engine.conformance.finding import Finding
from graph_engine.conformance.samples import Samples
from graph_engine.context import Context, Folders
from graph_engine.kinds import kind_of
from graph_engine.node import Expansion, Lazy, NodeSpec
from graph_engine.plugins import Registry

__all__ = ["check_nodes"]


def check_nodes(specs: Sequence[NodeSpec], registry: Registry) -> Iterator[Finding]:
    """Findings for every node that sample values can be found for; a node's outputs are samples for the others."""
    samples = Samples()
    left = list(specs)
    while left:
        ready = [spec for spec in left if samples.can_feed(spec)]
        if not ready:
            return
        for spec in ready:
            left.remove(spec)
            findings, outputs = _try_node(spec, samples, registry)
            yield from findings
            for output in spec.outputs:
                if output.name in outputs:
                    samples.add(output.type, outputs[output.name])


def _try_node(spec: NodeSpec, samples: Samples, registry: Registry) -> tuple[list[Finding], dict[str, Any]]:
    """The findings, and the outputs as far as there are any."""
    arguments = samples.arguments(spec)
    before = {name: digest(value) for name, value in arguments.items()}
    try:
        returned = _call(spec, arguments)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a stranger's node raises
        message = f"{spec.id} fails on its default values: {_shown(error)}"
        return [] if samples.guessed(spec) else [Finding("behaviour", message)], {}
    for name, value in arguments.items():
        if digest(value) != before[name]:
            message = f"{spec.id} writes into its input '{name}'; work on a copy (value.clone())"
            return [Finding("behaviour", message)], {}
    if isinstance(returned, Expansion):
        return [], {}
    try:
        outputs = take_outputs(spec, returned)
    except TypeError as error:
        return [Finding("behaviour", f"{spec.id}: {error}")], {}
    return [*_check_storing(spec, outputs, registry), *_check_repeating(spec, arguments, outputs)], outputs


def _check_storing(spec: NodeSpec, outputs: Mapping[str, Any], registry: Registry) -> Iterator[Finding]:
    for name, value in outputs.items():
        try:
            same = digest(decode(*encode(value), registry.kinds)) == digest(value)
        except NotStorable as error:
            yield Finding("behaviour", f"the output '{name}' of {spec.id} cannot be cached: {error}")
            continue
        except KeyError as error:
            advice = "add it to register_kinds"
            yield Finding("behaviour", f"the output '{name}' of {spec.id} is of an unknown kind {error}; {advice}")
            continue
        if not same:
            yield Finding("behaviour", f"the output '{name}' of {spec.id} is another one after storing and loading it")


def _check_repeating(spec: NodeSpec, arguments: Mapping[str, Any], outputs: Mapping[str, Any]) -> Iterator[Finding]:
    kinds = [kind_of(type(value)) for value in outputs.values()]
    if not spec.cache or any(found is not None and found.is_current is not None for found in kinds):
        return  # never reused, or a file that is written anew each time
    try:
        second = take_outputs(spec, _call(spec, arguments))
        different = [name for name, value in outputs.items() if digest(value) != digest(second[name])]
    except NotStorable:
        return
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a stranger's node raises
        yield Finding("behaviour", f"{spec.id} fails when it is called a second time: {_shown(error)}")
        return
    for name in different:
        advice = "draw from a generator made from a seed input, or say cache=False"
        yield Finding("behaviour", f"{spec.id} gives another '{name}' for the same inputs; {advice}")


def _call(spec: NodeSpec, arguments: Mapping[str, Any]) -> Any:
    given = {name: Lazy.of(value) if spec.inputs[name].lazy else value for name, value in arguments.items()}
    with tempfile.TemporaryDirectory() as folder:
        if spec.context:
            given[spec.context] = Context(folders=Folders(outputs=Path(folder), inputs=(Path(folder),)))
        returned = spec.function(**given)
        if inspect.isawaitable(returned):
            return asyncio.run(_as_coroutine(returned))
        return returned


async def _as_coroutine(awaitable: Any) -> Any:
    return await awaitable


def _shown(error: BaseException) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
