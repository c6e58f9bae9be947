"""Workflows back into plain data and YAML text, such that reading them again loses nothing but comments."""

from __future__ import annotations

import json
import re
from typing import Any

from graph_engine.workflow import FORMAT, InputDecl, NodeEntry, Workflow

__all__ = ["to_data", "to_yaml"]


def to_data(workflow: Workflow, *, ui: bool = True) -> dict[str, Any]:
    """The workflow as plain JSON data, ready for `json.dumps` or `to_yaml`; nothing is lost but comments."""
    data: dict[str, Any] = {"format": FORMAT, **_body(workflow, ui=ui)}
    return data


def _body(workflow: Workflow, *, ui: bool) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key in ("title", "description"):
        if getattr(workflow, key):
            data[key] = getattr(workflow, key)
    if workflow.inputs:
        data["inputs"] = {name: _input_data(decl) for name, decl in workflow.inputs.items()}
    data["nodes"] = {name: _node_data(entry) for name, entry in workflow.nodes.items()}
    if workflow.outputs:
        data["outputs"] = {name: str(link) for name, link in workflow.outputs.items()}
    if workflow.subgraphs:
        data["subgraphs"] = {name: _body(sub, ui=ui) for name, sub in workflow.subgraphs.items()}
    if ui and workflow.ui:
        data["ui"] = dict(workflow.ui)
    return data


def _input_data(decl: InputDecl) -> dict[str, Any]:
    data: dict[str, Any] = {"type": decl.type}
    if decl.has_default:
        data["default"] = decl.default
    data |= {key: value for key, value in (("min", decl.low), ("max", decl.high)) if value is not None}
    if decl.choices is not None:
        data["choices"] = list(decl.choices)
    if decl.description:
        data["description"] = decl.description
    return data


def _node_data(entry: NodeEntry) -> dict[str, Any]:
    data: dict[str, Any] = {"node": entry.type}
    if entry.version is not None:
        data["version"] = entry.version
    if entry.title:
        data["title"] = entry.title
    if entry.mode:
        data["mode"] = entry.mode
    if entry.values:
        data["with"] = dict(entry.values)
    if entry.links:
        data["from"] = {
            name: [str(link) for link in links] if isinstance(links, tuple) else str(links)
            for name, links in entry.links.items()
        }
    return data


def to_yaml(workflow: Workflow) -> str:
    """The workflow as YAML text that `read_yaml` reads back to equal data."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    # JSON's scalars are YAML 1.2's, so quoting whatever is not plainly a word keeps 1.1 surprises (no, 1:30) out.
    def text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
        plain = re.fullmatch(r"[A-Za-z_][\w.\[\]* -]*[\w\]]|[A-Za-z_]", value) and _reads_as_text(value)
        style = None if plain else ("|" if "\n" in value and re.fullmatch(r"[ -~\n]*[!-~]\n", value) else '"')
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    # YAML 1.1, which the dumper resolves by, knows 1.0e-05 as a float and 1e-05 only as text.
    def number(dumper: yaml.SafeDumper, value: float) -> yaml.Node:
        mantissa, exponent, power = json.dumps(value).partition("e")
        point = ".0" if exponent and "." not in mantissa else ""
        return dumper.represent_scalar("tag:yaml.org,2002:float", f"{mantissa}{point}{exponent}{power}")

    Dumper.add_representer(str, text)
    Dumper.add_representer(float, number)
    data = to_data(workflow)
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)


def _reads_as_text(value: str) -> bool:
    return value.lower() not in ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
