"""What must run, and why: every key and every state is known before anything runs."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_origin

from graph_engine.cache import Cache, History, Recipe
from graph_engine.context import Context
from graph_engine.errors import GraphEngineError, InputError, WorkflowError, did_you_mean
from graph_engine.graph import Const, Graph, GraphNode, InputRef, Ref
from graph_engine.keys import canonical_value, node_key, values_of
from graph_engine.kinds import kind_of
from graph_engine.reasons import reason_for
from graph_engine.sockets import convert

__all__ = ["Plan", "PlanStep", "State", "compute_keys", "make_plan", "stale_value", "workflow_identity"]

State = Literal["memory", "disk", "run", "on demand", "not needed"]


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
    stale: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> list[PlanStep]:
        """Every node in the order of the graph."""
        return [
            PlanStep(name, node.type, self.states[name], self.reasons.get(name, ""))
            for name, node in self.graph.nodes.items()
        ]

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
        device = device_class(self.context) if spec is None or spec.determinism == "device" else None
        version = spec.version if spec else 1
        fingerprint = self.fingerprints.get(node.id)
        return Recipe(node.type, version, self.keys[node.id], values, links, fingerprint, device)


def _shown(source: Const | InputRef | Ref) -> Any:
    return [source.node, source.output] if isinstance(source, Ref) else None


def device_class(context: Context) -> str:
    """What a result may depend on beside its inputs: device type, dtype, torch's minor version. Imports no torch."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        torch = ".".join(version("torch").split(".")[:2])
    except PackageNotFoundError:
        torch = "none"
    return f"{context.device}/{context.dtype}/torch {torch}"


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
    plan = Plan(graph, _bind(graph, inputs), _targets(graph, targets), context)
    compute_keys(plan)
    _look_up(plan, cache)
    _mark(plan)
    if history is not None:
        identity = workflow_identity(graph)
        for name in graph.nodes:
            plan.reasons[name] = _reason(plan, name, list(history.recipes(identity, name)))
    return plan


def _bind(graph: Graph, given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every declared input; raises InputError for unknown, missing and wrong ones."""
    for name in given:
        if name not in graph.inputs:
            known = ", ".join(graph.inputs) or "none"
            raise InputError(f"there is no input '{name}'.{did_you_mean(name, graph.inputs)} Inputs: {known}")
    bound = {}
    for name, decl in graph.inputs.items():
        if name in given:
            bound[name] = _check(graph, name, given[name])
        elif decl.required:
            raise InputError(f"input '{name}' ({decl.type}) has no default; give it a value")
        else:
            bound[name] = decl.default
    _check_uses(graph, bound)
    return bound


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
            if node.spec is None or not isinstance(source, InputRef) or bound[source.name] is None:
                continue
            socket = node.spec.inputs[name]
            values = bound[source.name] if source.each else [bound[source.name]]
            for value in values:
                if kind_of(type(value)) is None and not (isinstance(value, list) and value and kind_of(type(value[0]))):
                    try:
                        convert(socket.type, value, socket.widgets)
                    except ValueError as error:
                        message = f"input '{source.name}' feeds {node.id}.{name}, which {error}"
                        raise InputError(message) from None


def _targets(graph: Graph, targets: Iterable[str]) -> tuple[str, ...]:
    chosen = []
    for target in targets:
        output = graph.outputs.get(target)
        name = output.node if isinstance(output, Ref) else target
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
        if node.spec is not None and (not node.spec.cache or node.spec.fingerprint):
            try:
                _look_outside(plan, node)
            except (GraphEngineError, OSError, ValueError, TypeError) as error:
                problems.append(node.place.problem(f"node '{name}': {error}"))
            except Exception as error:  # noqa: BLE001 - a publisher's fingerprint may raise anything
                problems.append(node.place.problem(f"node '{name}': its fingerprint failed: {error!r}"))
        if name in plan.volatile:
            plan.keys[name] = secrets.token_hex(32)
        else:
            plan.keys[name] = node_key(node, plan.inputs, plan.keys, device, plan.fingerprints.get(name))
    if problems:
        raise WorkflowError(problems)


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
    unknown = [name for name in wanted if name not in known]
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
    return any((found := kind_of(tp)) is not None and found.is_current is not None for tp in node.outputs.values())


def stale_value(outputs: Mapping[str, Any]) -> str | None:
    """Why stored outputs no longer stand for something that exists, or None when they do."""
    for value in outputs.values():
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


def _reason(plan: Plan, name: str, earlier: list[Recipe]) -> str:
    state = plan.states[name]
    if state in {"memory", "disk"}:
        return "unchanged"
    if state == "not needed":
        return "no target needs it"
    if name in plan.volatile:
        return plan.volatile[name]
    if name in plan.stale:
        return plan.stale[name]
    changed = {other for other, key in plan.keys.items() if plan.states[other] in ("run", "on demand")}
    return reason_for(plan.recipe(plan.graph.nodes[name]), earlier, changed)
