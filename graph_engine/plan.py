"""What must run, and why: every key and every state is known before anything runs."""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args, get_origin

from graph_engine.cache import Cache, History, Recipe
from graph_engine.context import Context
from graph_engine.errors import GraphEngineError, InputError, WorkflowError, did_you_mean
from graph_engine.graph import Const, Graph, GraphNode, InputRef, Ref, stands_for_something
from graph_engine.keys import Unknown, canonical_value, graph_digest, node_key, values_of
from graph_engine.kinds import kind_of
from graph_engine.node import Input
from graph_engine.reasons import reason_for
from graph_engine.sockets import convert, split_optional

__all__ = [
    "Plan",
    "PlanStep",
    "State",
    "bind_inputs",
    "compute_keys",
    "make_plan",
    "pick_targets",
    "stale_value",
    "workflow_identity",
]

State = Literal["memory", "disk", "run", "on demand", "not needed", "left out"]


@dataclass(frozen=True, slots=True)
class PlanStep:
    """What happens to one node. `reason` is in words, and empty for cached nodes unless asked for."""

    node: str
    node_type: str
    state: State
    reason: str = ""


@dataclass
class Plan:
    """A graph with its inputs bound: keys, states and the nodes that are wanted."""

    graph: Graph
    inputs: Mapping[str, Any]
    targets: tuple[str, ...]
    context: Context
    keys: dict[str, str] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    fingerprints: dict[str, Any] = field(default_factory=dict)
    volatile: dict[str, str] = field(default_factory=dict)
    inside: dict[str, dict[str, str]] = field(default_factory=dict)
    stale: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> list[PlanStep]:
        """Every node in the order of the graph, and then those that are left out of it."""
        known, entries = self.graph.nodes.items(), self.graph.workflow.nodes
        steps = [PlanStep(name, node.type, self.states[name], self.reasons.get(name, "")) for name, node in known]
        for name, why in self.graph.left_out.items():
            steps.append(PlanStep(name, entries[name].type if name in entries else "", "left out", why))
        return steps

    @property
    def to_run(self) -> list[str]:
        """The nodes that will surely run."""
        return [name for name, state in self.states.items() if state == "run"]

    def recipes(self, names: Iterable[str]) -> dict[str, Recipe]:
        """What each of these nodes' keys is made of, for the history."""
        return {name: self.recipe(self.graph.nodes[name]) for name in names}

    def recipe(self, node: GraphNode) -> Recipe:
        """What one node's key is made of."""
        spec = node.spec
        values = {name: canonical_value(value) for name, value in values_of(node, self.inputs).items()}
        links = {
            name: [_shown(one) for one in source] if isinstance(source, tuple) else _shown(source)
            for name, source in node.links.items()
            if isinstance(source, Ref | tuple)
        }
        for name, found in self.inside.get(node.id, {}).items():
            values[name or "what is inside"] = {"$workflow": found}
        for name, source in node.links.items():
            if isinstance(source, tuple):
                known = {f"{name}[{i}]": _known(one, self.inputs) for i, one in enumerate(source)}
                values |= {label: value for label, value in known.items() if value is not None}
        device = device_class(self.context) if spec is not None and spec.determinism == "device" else None
        version = spec.version if spec else 1
        fingerprint = self.fingerprints.get(node.id)
        return Recipe(node.type, version, self.keys[node.id], values, links, fingerprint, device)


def _shown(source: Const | InputRef | Ref) -> Any:
    return [source.node, source.output] if isinstance(source, Ref) else None


def _known(source: Const | InputRef | Ref, inputs: Mapping[str, Any]) -> Any:
    if isinstance(source, Ref):
        return None
    return canonical_value(inputs[source.name] if isinstance(source, InputRef) else source.value)


def device_class(context: Context) -> str:
    """What a result may depend on beside its inputs: device type, dtype, torch's minor version. Imports no torch."""
    return f"{context.device}/{context.dtype}/torch {_torch_version()}"


@functools.cache
def _torch_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return ".".join(version("torch").split(".")[:2])
    except PackageNotFoundError:
        return "none"


def workflow_identity(graph: Graph) -> str:
    """Which runs count as earlier runs of the same workflow: those of the same file, else of the same title."""
    workflow = graph.workflow
    return str(workflow.source.resolve()) if workflow.source else f"title:{workflow.title}"


def make_plan(
    graph: Graph,
    inputs: Mapping[str, Any],
    targets: Iterable[str],
    context: Context,
    cache: Cache | None,
    history: History | None = None,
) -> Plan:
    """Bind the inputs, compute every key, look up every key, and mark what the targets need.

    `cache` None means that nothing counts as cached; with `history`, every state gets its reason.
    """
    plan = Plan(graph, bind_inputs(graph, inputs), pick_targets(graph, targets), context)
    compute_keys(plan)
    _look_up(plan, cache)
    _mark(plan)
    if history is not None:
        earlier = history.recipes(workflow_identity(graph))
        running = {name for name, state in plan.states.items() if state in ("run", "on demand")}
        for name in graph.nodes:
            plan.reasons[name] = _reason(plan, name, earlier.get(name, []), running, cache is not None)
    return plan


def bind_inputs(graph: Graph, given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every declared input of a call; raises InputError with every unknown, missing and wrong one."""
    known = ", ".join(graph.inputs) or "none"
    unknown = [name for name in given if name not in graph.inputs]
    problems = [f"there is no input '{name}'.{did_you_mean(name, graph.inputs)} Inputs: {known}" for name in unknown]
    bound = {}
    for name in graph.inputs:
        try:
            bound[name] = _bound(graph, name, given)
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    _check_uses(graph, bound)
    return bound


def _bound(graph: Graph, name: str, given: Mapping[str, Any]) -> Any:
    decl = graph.inputs[name]
    if name in given:
        value = given[name]
        return _check(graph, name, os.fspath(value) if isinstance(value, os.PathLike) else value)
    if decl.required:
        raise InputError(f"input '{name}' ({decl.type}) has no default; give it a value")
    return decl.default


def _check(graph: Graph, name: str, value: Any) -> Any:
    tp = graph.input_types[name]
    item = value[0] if isinstance(value, list) and value else value
    if kind_of(type(item)) is not None:
        if get_origin(tp) is list or isinstance(value, tp):
            return value
        raise InputError(f"input '{name}' wants {graph.inputs[name].type}, found {type(value).__name__}")
    from graph_engine.workflow import INPUT_TYPES

    decl = graph.inputs[name]
    kinds = {decl.item_type: tp} if decl.item_type not in INPUT_TYPES else {}
    return decl.check(value, kinds)


def _check_uses(graph: Graph, bound: Mapping[str, Any]) -> None:
    """A declared input may be wider than the sockets that it feeds; the value must suit them all."""
    for node in graph.nodes.values():
        for name, source in node.links.items():
            if node.spec is None:
                continue
            socket = node.spec.inputs[name]
            if isinstance(source, tuple):
                item = get_args(split_optional(socket.type)[0])[0]
                for one in source:
                    _check_use(node, replace(socket, type=item), one, bound)
            else:
                _check_use(node, socket, source, bound)


def _check_use(node: GraphNode, socket: Input, source: Const | InputRef | Ref, bound: Mapping[str, Any]) -> None:
    if not isinstance(source, InputRef) or bound[source.name] is None:
        return
    value = bound[source.name]
    if source.each and not isinstance(value, list):
        fed = f"{node.id}.{socket.name}"
        raise InputError(f"input '{source.name}' feeds {fed} by [*] and wants a list, found {value!r}")
    for one in value if source.each else [value]:
        if kind_of(type(one)) is None and not (isinstance(one, list) and one and kind_of(type(one[0]))):
            try:
                convert(socket.type, one, socket.widgets)
            except ValueError as error:
                raise InputError(f"input '{source.name}' feeds {node.id}.{socket.name}, which {error}") from None


def pick_targets(graph: Graph, targets: Iterable[str]) -> tuple[str, ...]:
    """The nodes that a run goes to: those asked for by node or output name, else all that the workflow is for."""
    chosen = []
    for target in targets:
        output = graph.outputs.get(target)
        name = output.node if isinstance(output, Ref) else target
        if name in graph.left_out:
            raise InputError(f"'{name}' does not run: it {graph.left_out[name]}; take the mode away")
        if name not in graph.nodes:
            hint = did_you_mean(name, [*graph.nodes, *graph.outputs])
            raise InputError(f"there is no node or output '{target}' to run to.{hint}")
        chosen.append(name)
    return tuple(dict.fromkeys(chosen)) or tuple(graph.default_targets())


def compute_keys(plan: Plan) -> None:
    """Fill in the key of every node of the plan's graph; raises WorkflowError when a fingerprint cannot be taken."""
    device = device_class(plan.context)
    problems = []
    for name, node in plan.graph.nodes.items():
        if node.inside or (node.spec is not None and (not node.spec.cache or node.spec.fingerprint)):
            try:
                _look_inside(plan, node)
                if node.spec is not None:
                    _look_outside(plan, node)
            except WorkflowError as error:
                problems += error.problems
            except (GraphEngineError, OSError, ValueError, TypeError) as error:
                problems.append(node.place.problem(f"node '{name}': {error}"))
            except Exception as error:  # noqa: BLE001 - a publisher's fingerprint may raise anything
                problems.append(node.place.problem(f"node '{name}': its fingerprint failed: {error!r}"))
        if name in plan.volatile:
            plan.keys[name] = secrets.token_hex(32)
        else:
            fingerprint, inside = plan.fingerprints.get(name), plan.inside.get(name)
            plan.keys[name] = node_key(node, plan.inputs, plan.keys, device, fingerprint, inside)
    if problems:
        raise WorkflowError(problems)


def _look_inside(plan: Plan, node: GraphNode) -> None:
    """Digest the workflows that will take the node's place: their nodes' versions and what those see outside."""
    for name, graph in node.inside.items():
        known = values_of(node, plan.inputs) if node.spec is None else {}
        given = {key: Unknown(key) if key in node.mapped else known.get(key, Unknown(key)) for key in graph.inputs}
        inner = Plan(graph, given, (), plan.context)
        compute_keys(inner)
        plan.inside.setdefault(node.id, {})[name] = graph_digest(graph, inner.keys)
        exported = {source.node for source in graph.outputs.values() if isinstance(source, Ref)}
        for other, inside in graph.nodes.items():
            if other in inner.volatile:
                plan.volatile[node.id] = f"holds {other}: {inner.volatile[other]}"
            elif other not in exported and inside.is_for_effect:
                plan.volatile[node.id] = f"holds {other}, which exists for its effect"


def _look_outside(plan: Plan, node: GraphNode) -> None:
    """Ask for the node's fingerprint, or mark the node as one whose result is never reused."""
    spec = node.spec
    assert spec is not None
    if not spec.cache:
        plan.volatile[node.id] = "never cached (cache=False)"
        return
    if spec.fingerprint is None:
        return
    import inspect

    known = values_of(node, plan.inputs)
    wanted = [name for name in inspect.signature(spec.fingerprint).parameters if name != spec.fingerprint_context]
    unknown = [name for name in wanted if isinstance(known.get(name, Unknown(name)), Unknown)]
    if unknown:
        plan.volatile[node.id] = f"'{unknown[0]}' comes from another node, so what it names is known only at run time"
        return
    context = {spec.fingerprint_context: plan.context} if spec.fingerprint_context else {}
    each = [name for name in node.mapped if name in wanted]
    count = len(known[each[0]]) if each else 1
    found = []
    for index in range(count):
        arguments = {name: known[name][index] if name in each else known[name] for name in wanted}
        found.append(_checked(spec.id, spec.fingerprint(**arguments, **context)))
    plan.fingerprints[node.id] = found if each else found[0]


def _checked(node_type: str, found: Any) -> Any:
    if isinstance(found, str) or (
        isinstance(found, dict) and all(isinstance(key, str) and isinstance(item, str) for key, item in found.items())
    ):
        return found
    raise TypeError(
        f"the fingerprint of {node_type} must be text or a dict of texts, found {found!r}; "
        "for a node that is never to be reused write cache=False"
    )


def _look_up(plan: Plan, cache: Cache | None) -> None:
    for name, node in plan.graph.nodes.items():
        where = cache.where(plan.keys[name]) if cache is not None and name not in plan.volatile else None
        if where is not None and cache is not None and _may_be_stale(node):
            found = cache.get(plan.keys[name])
            where = found[1] if found else None
            gone = stale_value(found[0]) if found else None
            if gone:
                plan.stale[name] = gone
                where = None
        plan.states[name] = where or "not needed"


def _may_be_stale(node: GraphNode) -> bool:
    return any(stands_for_something(tp) for tp in node.outputs.values())


def stale_value(outputs: Mapping[str, Any]) -> str | None:
    """Why stored outputs no longer stand for something that exists, or None when they do."""
    values = list(outputs.values())
    for value in values:  # grows while it is walked
        if isinstance(value, list):
            values += value
            continue
        found = kind_of(type(value))
        if found is not None and found.is_current is not None and not found.is_current(value):
            return "what it saved is gone or was changed"
    return None


def _mark(plan: Plan) -> None:
    """Walk back from the targets: what is not cached runs, what only a lazy input reaches runs on demand."""
    stack: list[tuple[str, State]] = [(name, "run") for name in plan.targets]
    while stack:
        name, state = stack.pop()
        current = plan.states[name]
        if current in {"memory", "disk", "run"} or current == state:
            continue
        plan.states[name] = state
        node = plan.graph.nodes[name]
        for source_name, source in node.links.items():
            needed: State = "on demand" if source_name in node.lazy else state
            refs = source if isinstance(source, tuple) else (source,)
            stack += [(ref.node, needed) for ref in refs if isinstance(ref, Ref) and ref.node in plan.states]


def _reason(plan: Plan, name: str, earlier: list[Recipe], running: set[str], use_cache: bool) -> str:
    state = plan.states[name]
    if state in {"memory", "disk"}:
        return "unchanged"
    if state == "not needed":
        return "no target needs it"
    if name in plan.volatile:
        return plan.volatile[name]
    if name in plan.stale:
        return plan.stale[name]
    lost = "evicted" if use_cache else "the cache is not used"
    return reason_for(plan.recipe(plan.graph.nodes[name]), earlier, running, lost)
