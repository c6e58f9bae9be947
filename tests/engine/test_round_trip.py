"""A workflow as YAML, as JSON and in memory is the same workflow."""
# ruff: noqa: E501 - one case a line

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from graph_engine import InputDecl, Link, NodeEntry, Workflow
from graph_engine.reader import read_json, read_yaml
from graph_engine.workflow import parse_workflow
from graph_engine.writer import to_data, to_yaml

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True).filter(lambda name: name != "inputs")
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30),
    st.sampled_from(
        ["no", "1e5", "1:30", "a: b", "- x", "#", " lead", "trail ", "two\nlines\n", "\n\nx\n", "<<", "*a", "x #y"]
    ),
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63), texts, st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
links = st.builds(Link, names, st.none() | names, st.just(False))
mapped = st.builds(Link, names, st.none() | names, st.booleans())


@st.composite
def entries(draw):
    values_ = draw(st.dictionaries(names, values, max_size=3))
    free = names.filter(lambda name: name not in values_)
    linked = draw(st.dictionaries(free, mapped | st.lists(links, max_size=3).map(tuple), max_size=3))
    mode = draw(st.sampled_from(["", "mute", "bypass"]))
    title = draw(st.none() | texts) or None
    return NodeEntry(draw(texts), values_, linked, draw(st.none() | st.integers(1, 9)), title, mode)


@st.composite
def declared(draw, name):
    low, high = draw(st.none() | st.integers(-9, 0)), draw(st.none() | st.integers(1, 9))
    options = draw(
        st.sampled_from(
            [
                ("text", "a\nb", None), ("float", 0.5, None), ("int", 1, None), ("bool", False, None), ("any", [1], None),
                ("choice", "x", ("x", "y")), ("list[int]", [0, 1], None), ("Blob", None, None), ("seed", 7, None),
            ]
        )
    )  # fmt: skip
    tp, default, choices = options
    given_ = default is not None and draw(st.booleans())
    return InputDecl(name, tp, default if given_ else None, given_, low, high, choices, draw(texts))


@st.composite
def workflows(draw, depth=1):
    inputs = {name: draw(declared(name)) for name in draw(st.lists(names, max_size=3, unique=True))}
    subgraphs = draw(st.dictionaries(names, workflows(depth=0), max_size=2)) if depth else {}
    return Workflow(
        draw(st.dictionaries(names, entries(), max_size=4)),
        inputs,
        draw(st.dictionaries(names, links, max_size=3)),
        draw(texts),
        draw(texts),
        subgraphs,
        draw(st.dictionaries(texts, values, max_size=2)),
    )


@settings(max_examples=150, deadline=None)
@given(workflows())
def test_nothing_is_lost_between_memory_json_and_yaml(workflow):
    data = to_data(workflow)
    from_json = parse_workflow(read_json(json.dumps(data)))
    from_yaml = parse_workflow(read_yaml(to_yaml(workflow)))
    assert from_json == workflow
    assert from_yaml == workflow
    assert to_data(from_yaml) == data


plain = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=20)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(plain, plain | st.lists(scalars.filter(lambda value: not isinstance(value, str)), max_size=4)))
def test_json_is_read_alike_by_both_readers(data):
    text = json.dumps(data, ensure_ascii=False, indent=1)
    assert read_yaml(text).data == read_json(text).data
