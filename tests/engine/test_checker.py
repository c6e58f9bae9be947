"""Tables of mistakes and the exact words that they get, with file and line."""
# ruff: noqa: E501 - one case a line

from __future__ import annotations

from pathlib import Path

import pytest

from graph_engine import WorkflowError, load
from graph_engine.checker import check

from .toys import engine, registry, workflow


def problems(text: str, source: Path | None = None) -> list[str]:
    found = engine(None).check(workflow(text, source))
    return [str(problem).removeprefix("flow.yaml:") for problem in found]


NODES = [
    (
        "nodes:\n  a: {node: toy.ad}",
        ["3: unknown node 'toy.ad'. Did you mean 'toy.add'?"],
    ),
    (
        "nodes:\n  a: {node: other.thing}",
        [
            "3: unknown node 'other.thing'. Did you mean 'toy.anything'? No plugin 'other' is installed; install the package that brings it"
        ],
    ),
    (
        "nodes:\n  a: {node: toy.zzzz}",
        ["3: unknown node 'toy.zzzz'. `graph-engine nodes` lists what there is"],
    ),
    (
        "nodes:\n  a: {node: toy.add}",
        ["3: node 'a': input 'a' (int) is missing. Give it a value under 'with' or a link under 'from'"],
    ),
    (
        "nodes:\n  c: {node: toy.mint}\n  w: {node: toy.worth}",
        ["4: node 'w': input 'coin' (Coin) is missing. Outputs of type Coin here: c"],
    ),
    (
        "nodes:\n  w: {node: toy.worth}",
        ["3: node 'w': input 'coin' (Coin) is missing. Nothing here gives Coin"],
    ),
    (
        "nodes:\n  a:\n    node: toy.number\n    with:\n      valu: 1",
        ["6: node 'a': toy.number has no input 'valu'. Did you mean 'value'? Its inputs: value"],
    ),
    (
        "nodes:\n  a: {node: toy.half, with: {value: 1, method: sideways}}",
        ["3: node 'a': input 'method' wants one of down, up; found 'sideways'."],
    ),
    (
        "nodes:\n  a: {node: toy.half, with: {value: 1, size: 101}}",
        ["3: node 'a': input 'size' wants 1 to 100, found 101"],
    ),
    (
        "nodes:\n  a: {node: toy.worth, with: {coin: 5}}",
        ["3: node 'a': input 'coin' wants Coin, which only a link can give; found 5"],
    ),
    (
        'nodes:\n  a: {node: toy.text, with: {value: "a\\0b"}}',
        ["3: node 'a': input 'value' holds a NUL character at position 1; remove it"],
    ),
    (
        "nodes:\n  a: {node: toy.add, version: 2, with: {a: 1}}",
        ["3: node 'a': the file was written for toy.add version 2, installed is 1; upgrade its package"],
    ),
]


LINKS = [
    (
        "nodes:\n  a: {node: toy.text}\n  b: {node: toy.add, from: {a: a}}",
        ["4: node 'b': input 'a' wants int, but 'a' gives text. Give it a value under 'with' or a link under 'from'"],
    ),
    (
        "nodes:\n  a: {node: toy.add, from: {a: numbr}}\n  number: {node: toy.number}",
        ["3: node 'a': input 'a': there is no node 'numbr'. Did you mean 'number'?"],
    ),
    (
        "nodes:\n  d: {node: toy.divide, with: {a: 5}}\n  a: {node: toy.add, from: {a: d}}",
        ["4: node 'a': input 'a': say which output of 'd' you mean: d.whole, d.rest"],
    ),
    (
        "nodes:\n  d: {node: toy.divide, with: {a: 5}}\n  a: {node: toy.add, from: {a: d.hole}}",
        ["4: node 'a': input 'a': 'd' has no output 'hole'. Did you mean 'whole'? Its outputs: d.whole, d.rest"],
    ),
    (
        "inputs: {first: {type: int}}\nnodes:\n  a: {node: toy.add, from: {a: inputs.frist}}",
        ["4: node 'a': input 'a': no declared input 'frist'. Did you mean 'first'? Declared: first"],
    ),
    (
        "nodes:\n  l: {node: toy.numbers}\n  a: {node: toy.add, from: {a: l}}",
        ["4: node 'a': input 'a' wants int, but 'l' gives list[int]. Write 'l[*]' to run this node once per element"],
    ),
    (
        "nodes:\n  n: {node: toy.number}\n  t: {node: toy.total, from: {values: n}}",
        ["4: node 't': input 'values' wants list[int], but 'n' gives int. Write [n] to make a list of one"],
    ),
    (
        "nodes:\n  n: {node: toy.number}\n  a: {node: toy.add, from: {a: 'n[*]'}}",
        ["4: node 'a': input 'a': 'n[*]' needs a list, but n gives int; remove the [*]"],
    ),
    (
        "nodes:\n  n: {node: toy.number}\n  a: {node: toy.add, from: {a: [n, n]}}",
        ["4: node 'a': input 'a' takes one int, found a list of 2 links"],
    ),
    (
        "nodes:\n  t: {node: toy.text}\n  n: {node: toy.number}\n  a: {node: toy.total, from: {values: [n, t]}}",
        ["5: node 'a': input 'values' wants int, but 't' gives text. Give it a value under 'with' or a link under 'from'"],
    ),
    (
        "nodes:\n  a: {node: toy.add, from: {a: b}}\n  b: {node: toy.add, from: {a: a}}\n  c: {node: toy.add, from: {a: b}}",
        ["3: the links form a cycle: b -> a -> b"],
    ),
    (
        "nodes:\n  a: {node: toy.add, from: {a: a}}",
        ["3: the links form a cycle: a -> a"],
    ),
    (
        "nodes:\n  a: {node: toy.number}\noutputs: {x: a.no}",
        ["4: output 'x': 'a' has no output 'no'. Its outputs: a.number"],
    ),
    (
        "inputs: {x: {type: Imag}}\nnodes: {}",
        ["2: input 'x': type 'Imag' is not known."],
    ),
    (
        "nodes:\n  c: {node: toy.mint}\n  s: {node: toy.same, from: {value: c}}\n  a: {node: toy.add, from: {a: s}}",
        ["5: node 'a': input 'a' wants int, but 's' gives Coin. Give it a value under 'with' or a link under 'from'"],
    ),
    (
        "nodes:\n  n: {node: toy.numbers}\n  t: {node: toy.text, from: {value: 'n[*]'}}",
        ["4: node 't': input 'value' wants text, but 'n[*]' gives int."],
    ),
    (
        "nodes:\n  n: {node: toy.number}\n  c: {node: toy.mint}\n  s: {node: toy.choose, with: {condition: true}, from: {'yes': n, 'no': c}}",
        ["5: node 's': input 'no' wants any, but 'c' gives Coin."],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "messages"), NODES + LINKS)
def test_mistakes_are_told_with_place_and_next_step(text, messages):
    found = problems(text)
    assert len(found) == len(messages)
    for one, message in zip(found, messages, strict=True):
        assert one.startswith(message)


SHAPES = [
    ("nodes: [a]", ["2: 'nodes' must be a mapping (name: value), found list"]),
    ("nodes: {a: {with: {x: 1}}}", ["2: node 'a' does not say which node it is; write 'node: pack.name'"]),
    ("nodes: {a: {node: toy.add, form: {}}}", ["2: node 'a' has no 'form'. Did you mean 'from'? Known: node,"]),
    ("nodes: {a b: {node: toy.add}}", ["2: 'a b' is no good name: use letters, digits, _ and -, at most 80"]),
    ("nodes: {inputs: {node: toy.add}}", ["2: 'inputs' is no good name: 'inputs' is reserved"]),
    (
        "nodes: {a: {node: toy.add, with: {a: 1}, from: {a: b}}}",
        ["2: node 'a': 'a' has a value and a link; remove one"],
    ),
    ("nodes: {a: {node: toy.add, with: 5}}", ["2: 'with' must be a mapping (name: value), found int"]),
    ("nodes: {a: {node: toy.add, from: []}}", ["2: 'from' must be a mapping (name: value), found list"]),
    ("nodes: {a: {node: toy.add, from: {a: 5}}}", ["2: node 'a': input 'a': a link is 'node', 'node.output' or"]),
    ("nodes: {a: {node: toy.add, version: 0}}", ["2: node 'a': version wants a whole number from 1, found 0"]),
    ("nodes: {}\noutputs: {x: 'a.b[*]'}", ["3: output 'x': '[*]' is for a node's inputs; write 'a.b'"]),
    ("nodes: {}\noutput: {x: a}", ["3: a workflow has no 'output'. Did you mean 'outputs'? Known: format, title,"]),
    ("nodes: {}\ninputs: {x: {type: int, default: a}}", ["3: input 'x' wants a whole number, found 'a' (its default)"]),
    ("nodes: {}\ninputs: {x: {type: int, min: 5, max: 1}}", ["3: input 'x': min 5 is above max 1"]),
    ("nodes: {}\ninputs: {x: {type: int, max: 1e30}}", ["3: input 'x': max wants a number of at most"]),
    ("nodes: {}\ninputs: {x: {type: choice}}", ["3: input 'x': a choice needs 'choices: [a, b]'"]),
    ("nodes: {}\ninputs: {x: {type: Coin, default: 5}}", ["3: input 'x': a default of kind Coin cannot be written"]),
    ("nodes: {}\ntitle: 5", ["3: 'title' wants text, found 5; write it in quotes"]),
]


@pytest.mark.parametrize(("text", "messages"), SHAPES)
def test_a_file_of_the_wrong_shape_is_told_with_its_lines(text, messages):
    with pytest.raises(WorkflowError) as caught:
        workflow(text)
    found = [str(problem).removeprefix("flow.yaml:") for problem in caught.value.problems]
    assert len(found) == len(messages)
    for one, message in zip(found, messages, strict=True):
        assert one.startswith(message)


@pytest.mark.parametrize("start", ["", "format: 2\n", "format: true\n", "format: '1'\n"])
def test_a_format_that_is_not_known_is_refused(tmp_path, start):
    path = tmp_path / "flow.yaml"
    path.write_text(f"{start}nodes: {{}}\n")
    with pytest.raises(WorkflowError, match="format"):
        load(path)


SIX = """\
nodes:
  n: {node: toy.nmber}
  c: {node: toy.mint}
  a: {node: toy.add, from: {a: c}}
  m: {node: toy.worth}
  u: {node: toy.number, with: {vale: 3}}
  x: {node: toy.add, from: {a: y}}
  y: {node: toy.add, from: {a: x}}
  h: {node: toy.half, with: {value: 1, size: 0}}
"""


def test_six_mistakes_are_told_in_one_go_in_the_order_of_the_file():
    found = problems(SIX)
    assert [line.partition(":")[0] for line in found] == ["3", "5", "6", "7", "8", "10"]
    for line, words in zip(
        found,
        ["unknown node", "wants int", "is missing", "has no input", "form a cycle", "wants 1 to 100"],
        strict=True,
    ):
        assert words in line


GOOD = [
    "nodes:\n  l: {node: toy.numbers}\n  a: {node: toy.add, from: {a: 'l[*]'}}\n  t: {node: toy.total, from: {values: a}}",
    "nodes:\n  l: {node: toy.mints}\n  p: {node: toy.pick, from: {items: l}}\n  w: {node: toy.worth, from: {coin: p}}",
    "nodes:\n  n: {node: toy.number}\n  t: {node: toy.total, from: {values: [n, n]}}\n  e: {node: toy.total, from: {values: []}}",
    "inputs: {xs: {type: 'list[int]'}}\nnodes:\n  a: {node: toy.add, from: {a: 'inputs.xs[*]'}}",
    "inputs: {x: {type: any}}\nnodes:\n  a: {node: toy.worth, from: {coin: inputs.x}}",
    "nodes:\n  n: {node: toy.number}\n  h: {node: toy.half, from: {value: n}}",
    "nodes:\n  d: {node: toy.divide, with: {a: 5}}\n  n: {node: toy.number, from: {value: d.rest}}",
    "nodes:\n  l: {node: toy.mints}\n  s: {node: toy.same, from: {value: 'l[*]'}}\n  p: {node: toy.purse, from: {coins: s}}",
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_what_fits_is_not_complained_of(text):
    assert problems(text) == []


# Sub-workflows ------------------------------------------------------------------------------------------------------

SUB = """\
subgraphs:
  inc:
    inputs: {x: {type: int}, by: {type: int, default: 1}, how: {type: text, default: up, choices: [up, down]}}
    nodes:
      sum: {node: toy.add, from: {a: inputs.x, b: inputs.by}}
    outputs: {y: sum}
"""


SUBS = [
    ("  s: {node: 'subgraph:inc', with: {x: 1}}", []),
    ("  s: {node: 'subgraph:inc'}", ["node 's': input 'x' (int) is missing. Give it a value under 'with' or a"]),
    ("  s: {node: 'subgraph:inc', with: {x: one}}", ["node 's': input 'x' wants a whole number, found 'one'"]),
    ("  s: {node: 'subgraph:inc', with: {x: 1, z: 2}}", ["node 's': subgraph:inc has no input 'z'. Its inputs: x, by, how"]),
    ("  s: {node: 'subgraph:inc', with: {x: 1, how: upp}}", ["node 's': input 'how' wants one of up, down; found 'upp'."]),
    ("  s: {node: 'subgraph:ink', with: {x: 1}}", ["there is no subgraph 'ink' in this file. Did you mean 'inc'?"]),
    ("  s: {node: 'subgraph:inc', with: {x: 1}}\n  a: {node: toy.add, from: {a: s.z}}", ["node 'a': input 'a': 's' has no"]),
    ("  s: {node: 'workflow:../x.yaml'}", ["sub-workflow: the path '../x.yaml' climbs out of its folder with '..'"]),
    ("  s: {node: 'workflow:/etc/passwd'}", ["sub-workflow: the path '/etc/passwd' is absolute"]),
    ("  s: {node: 'workflow:none.yaml'}", ["sub-workflow: no file 'none.yaml' in "]),
]  # fmt: skip


@pytest.mark.parametrize(("node", "messages"), SUBS)
def test_a_sub_workflow_is_checked_like_a_node(node, messages):
    found = problems(f"nodes:\n{node}\n{SUB}")
    assert len(found) == len(messages), found
    for one, message in zip(found, messages, strict=True):
        assert message in one


RECURSIONS = [
    "subgraphs:\n  s: {nodes: {a: {node: 'subgraph:s'}}}",
    "subgraphs:\n  s: {nodes: {a: {node: 'subgraph:t'}}}\n  t: {nodes: {a: {node: 'subgraph:s'}}}",
    "subgraphs:\n  s:\n    inputs: {x: {type: int, default: 1}}\n    nodes: {l: {node: toy.numbers}, a: {node: 'subgraph:s', from: {x: 'l[*]'}}}",
    "subgraphs:\n  s: {nodes: {n: {node: toy.number}, a: {node: toy.loop, with: {body: 'subgraph:s'}, from: {value: n}}}}",
]  # fmt: skip


@pytest.mark.parametrize("subgraphs", RECURSIONS)
def test_a_sub_workflow_that_contains_itself_is_told(subgraphs):
    found = problems(f"nodes: {{top: {{node: 'subgraph:s'}}}}\n{subgraphs}")
    assert any("a sub-workflow contains itself: subgraph:s -> " in line for line in found)


PASS = "subgraphs: {p: {inputs: {x: {type: int, default: 1}}, nodes: {}, outputs: {y: inputs.x}}}"


def test_a_ring_of_sub_workflows_that_only_hand_on_is_a_cycle():
    text = "nodes:\n  a: {node: 'subgraph:p', from: {x: b}}\n  b: {node: 'subgraph:p', from: {x: a}}\n  n: {node: toy.add, from: {a: a}}\n"
    assert problems(text + PASS) == [
        "3: node 'a': input 'x': the links form a cycle: a -> b -> a",
        "4: node 'b': input 'x': the links form a cycle: b -> a -> b",
    ]


def test_a_long_row_of_sub_workflows_that_only_hand_on_is_refused_and_no_crash():
    nodes = "".join(f"  p{i}: {{node: 'subgraph:p', from: {{x: p{i - 1}}}}}\n" for i in range(1, 500))
    text = f"nodes:\n  p0: {{node: 'subgraph:p'}}\n{nodes}  end: {{node: toy.add, from: {{a: p499}}}}\n{PASS}"
    assert "is passed on through more than 100 sub-workflows" in problems(text)[0]


def test_a_bomb_of_sub_workflows_is_refused_in_bounded_time(monkeypatch):
    monkeypatch.setattr("graph_engine.layout._MAX_NODES", 5_000)
    levels = "".join(
        f"  s{i}: {{nodes: {{{', '.join(f'n{j}: {{node: subgraph:s{i + 1}}}' for j in range(10))}}}}}\n"
        for i in range(9)
    )
    text = (
        f"nodes: {{top: {{node: 'subgraph:s0'}}}}\nsubgraphs:\n{levels}  s9: {{nodes: {{a: {{node: toy.number}}}}}}\n"
    )
    assert any("the sub-workflows together make more than 5000 nodes" in line for line in problems(text))


def test_a_face_without_nodes_behind_it_is_checked_too():
    found = problems(f"nodes: {{s: {{node: 'subgraph:p', with: {{z: 1}}}}}}\n{PASS}")
    assert found == ["2: node 's': subgraph:p has no input 'z'. Its inputs: x"]


def test_problems_inside_a_mapped_sub_workflow_and_a_loop_are_told_before_anything_runs():
    sub = "subgraphs:\n  s:\n    inputs: {value: {type: int}}\n    nodes: {a: {node: toy.ad, from: {a: inputs.value}}}\n    outputs: {value: a}"
    nodes = "  l: {node: toy.numbers}\n  m: {node: 'subgraph:s', from: {value: 'l[*]'}}\n  o: {node: toy.loop, with: {body: 'subgraph:s', value: 1}}"
    assert problems(f"nodes:\n{nodes}\n{sub}") == ["9: unknown node 'toy.ad'. Did you mean 'toy.add'?"]


def test_a_list_of_links_through_a_sub_workflow_is_never_dropped_in_silence():
    nodes = "nodes:\n  n: {node: toy.number}\n  s: {node: 'subgraph:s', from: {xs: [n, n]}}\n"
    sub = "subgraphs:\n  s:\n    inputs: {xs: {type: 'list[int]'}}\n    outputs: {y: a}\n    nodes: "
    mapped = f"{nodes}{sub}{{a: {{node: toy.add, from: {{a: 'inputs.xs[*]'}}}}}}"
    nested = f"{nodes}{sub}{{a: {{node: toy.total, from: {{values: [inputs.xs]}}}}}}"
    assert "stands for a list of links, which [*] cannot map over" in problems(mapped)[0]
    assert "is a list itself, which cannot stand in a list of links" in problems(nested)[0]


def test_problems_in_another_file_name_that_file(tmp_path):
    (tmp_path / "other.yaml").write_text("format: 1\nnodes:\n  a: {node: toy.ad}\noutputs: {x: a}\n")
    path = tmp_path / "flow.yaml"
    path.write_text("format: 1\nnodes: {o: {node: 'workflow:other.yaml'}}\n")
    found = engine(None).check(load(path))
    assert [str(one) for one in found] == [f"{tmp_path}/other.yaml:3: unknown node 'toy.ad'. Did you mean 'toy.add'?"]


def test_outputs_have_proved_types():
    text = "nodes:\n  l: {node: toy.mints}\n  s: {node: 'subgraph:w', from: {coin: 'l[*]'}}\nsubgraphs:\n  w: {inputs: {coin: {type: Coin}}, nodes: {w: {node: toy.worth, from: {coin: inputs.coin}}}, outputs: {v: w}}"
    graph = check(workflow(text), registry())
    assert graph.nodes["s"].outputs == {"v": list[int]}
