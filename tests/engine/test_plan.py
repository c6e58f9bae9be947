"""What must run, and why, in exactly the words that the user reads."""
# ruff: noqa: E501 - one case a line

from __future__ import annotations

import time

import pytest

from graph_engine.errors import InputError, NotCached, WorkflowError
from graph_engine.node import node

from . import toys
from .toys import chain, engine, states, workflow

FLOW = """\
title: plan
inputs: {start: {type: int, default: 1}}
nodes:
  n: {node: toy.number, from: {value: inputs.start}}
  a: {node: toy.add, with: {b: 2}, from: {a: n}}
  b: {node: toy.add, with: {b: 3}, from: {a: a}}
  idle: {node: toy.mint}
outputs: {b: b}
"""


def plan(folder, text, inputs=None, targets=(), *more, **options):
    """State and reason of every node, in a new process as far as the engine can tell."""
    steps = engine(folder, *more).plan(workflow(text), inputs, targets, **options).steps
    return {step.node: f"{step.state}: {step.reason}" for step in steps}


def test_nothing_was_run_yet(folder):
    assert plan(folder, FLOW) == {
        "n": "run: never run",
        "a": "run: never run",
        "b": "run: never run",
        "idle": "not needed: no target needs it",
    }


def test_a_second_process_finds_everything_on_disk(folder):
    engine(folder).run(workflow(FLOW))
    assert plan(folder, FLOW)["b"] == "disk: unchanged"
    one = engine(folder)
    one.run(workflow(FLOW))
    assert states(one.plan(workflow(FLOW))) == {"n": "disk", "a": "disk", "b": "memory", "idle": "not needed"}


CHANGES = [
    (FLOW.replace("with: {b: 3}", "with: {b: 30}"), None, {"n": "disk: unchanged", "a": "disk: unchanged", "b": "run: b 3 -> 30"}),
    (FLOW.replace("with: {b: 2}", "with: {b: 20}"), None, {"n": "disk: unchanged", "a": "run: b 2 -> 20", "b": "run: after a"}),
    (FLOW, {"start": 7}, {"n": "run: value 1 -> 7", "a": "run: after n", "b": "run: after a"}),
    (FLOW.replace("from: {a: a}", "from: {a: n}"), None, {"n": "disk: unchanged", "a": "disk: unchanged", "b": "run: a is linked anew"}),
    (FLOW.replace("b: {node: toy.add, with: {b: 3}, from: {a: a}}", "b: {node: toy.same, from: {value: a}}"), None, {"n": "disk: unchanged", "a": "disk: unchanged", "b": "run: node toy.add -> toy.same"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "inputs", "expected"), CHANGES)
def test_what_changed_runs_with_what_follows(folder, text, inputs, expected):
    engine(folder).run(workflow(FLOW))
    found = plan(folder, text, inputs)
    assert {name: found[name] for name in expected} == expected
    ran = {name for name, state in states(engine(folder).run(workflow(text), inputs)).items() if state == "ran"}
    assert ran == {name for name, step in expected.items() if step.startswith("run")}


def test_the_nearest_earlier_run_is_the_one_that_is_compared(folder):
    text = "nodes: {h: {node: toy.half, with: {value: 1, size: 10}}}\noutputs: {h: h}"
    engine(folder).run(workflow(text))
    engine(folder).run(workflow(text.replace("value: 1, size: 10", "value: 2, size: 20")))
    assert plan(folder, text.replace("size: 10", "size: 30"))["h"] == "run: size 10 -> 30"


def test_a_new_version_of_a_node_is_told(folder):
    engine(folder).run(workflow(FLOW))
    newer = node(version=2)(toys.add.__wrapped__)
    found = plan(folder, FLOW, None, (), newer)
    assert (found["a"], found["b"]) == ("run: toy.add version 1 -> 2", "run: toy.add version 1 -> 2; after a")


def test_a_changed_file_is_told_and_read_again(folder):
    text = (
        "nodes:\n  r: {node: toy.read, with: {path: cat.txt}}\n  t: {node: toy.text, from: {value: r}}\noutputs: {t: t}"
    )
    file = folder / "inputs" / "cat.txt"
    file.write_text("one")
    engine(folder).run(workflow(text))
    assert plan(folder, text)["t"] == "disk: unchanged"
    file.write_text("two")
    found = plan(folder, text)
    assert (found["r"], found["t"]) == ("run: file cat.txt changed", "run: after r")
    assert engine(folder).run(workflow(text)).outputs == {"t": "two"}


@pytest.mark.parametrize("through", ["mapped", "loop", "file"])
def test_a_file_that_is_read_inside_a_map_or_a_loop_counts_for_what_follows(folder, through):
    file = folder / "inputs" / "cat.txt"
    file.write_text("one")
    sub = "inputs: {value: {type: any, default: 0}}\n  nodes: {r: {node: toy.read, with: {path: cat.txt}}}\n  outputs: {value: r}"
    text = {
        "mapped": "nodes:\n  l: {node: toy.numbers}\n  x: {node: 'subgraph:s', from: {value: 'l[*]'}}\n  t: {node: toy.same, from: {value: x}}\noutputs: {t: t}\n",
        "loop": "nodes:\n  x: {node: toy.loop, with: {body: 'subgraph:s', value: 0}}\n  t: {node: toy.same, from: {value: x}}\noutputs: {t: t}\n",
    }.get(through, "nodes:\n  l: {node: toy.numbers}\n  x: {node: 'workflow:outer.yaml', from: {value: 'l[*]'}}\n  t: {node: toy.same, from: {value: x}}\noutputs: {t: t}\n")  # fmt: skip
    source = folder / "flow.yaml"
    (folder / "outer.yaml").write_text(
        "format: 1\ninputs: {value: {type: any}}\nnodes: {i: {node: 'workflow:inner.yaml', from: {value: inputs.value}}}\noutputs: {value: i.value}\n"
    )
    (folder / "inner.yaml").write_text("format: 1\n" + sub.replace("\n  ", "\n") + "\n")
    flow = workflow(f"{text}subgraphs:\n s:\n  {sub}\n", source)
    engine(folder).run(flow)
    assert states(engine(folder).plan(flow))["t"] == "disk"
    file.write_text("two")
    result = engine(folder).run(flow)
    assert "two" in str(result.outputs["t"])
    assert "one" not in str(result.outputs["t"])


def test_another_content_of_a_file_inside_a_mapped_sub_workflow_counts(folder):
    inner = "format: 1\ninputs: {value: {type: int}}\nnodes: {s: {node: toy.add, with: {b: 1}, from: {a: inputs.value}}}\noutputs: {value: s}\n"
    (folder / "inner.yaml").write_text(inner)
    text = "nodes:\n  l: {node: toy.numbers}\n  x: {node: 'subgraph:s', from: {value: 'l[*]'}}\noutputs: {x: x}\nsubgraphs: {s: {inputs: {value: {type: int}}, nodes: {i: {node: 'workflow:inner.yaml', from: {value: inputs.value}}}, outputs: {value: i.value}}}"
    one, flow = engine(folder), workflow(text, folder / "flow.yaml")
    assert one.run(flow).outputs == {"x": [1, 2, 3]}
    (folder / "inner.yaml").write_text(inner.replace("b: 1", "b: 10"))
    assert one.run(flow).outputs == {"x": [10, 11, 12]}


def test_a_node_that_is_never_cached_runs_each_time_also_inside_a_map(folder):
    text = "nodes:\n  r: {node: toy.random}\n  l: {node: toy.numbers}\n  m: {node: toy.random, from: {a: 'l[*]'}}\n  s: {node: 'subgraph:s', from: {a: 'l[*]'}}\noutputs: {r: r, m: m, s: s}\nsubgraphs: {s: {inputs: {a: {type: int}}, nodes: {q: {node: toy.random, from: {a: inputs.a}}}, outputs: {q: q}}}"
    one = engine(folder)
    first, second = one.run(workflow(text)).outputs, one.run(workflow(text)).outputs
    assert all(first[name] != second[name] for name in "rms")
    assert len(set(first["m"])) == 3
    found = plan(folder, text)
    assert (found["r"], found["m"]) == ("run: never cached (cache=False)",) * 2
    assert found["s"] == "run: holds q: never cached (cache=False)"


def test_a_fingerprint_of_something_that_only_a_run_knows_makes_a_node_run(folder):
    (folder / "inputs" / "a.txt").write_text("A")
    text = (
        "nodes:\n  p: {node: toy.text, with: {value: a.txt}}\n  r: {node: toy.read, from: {path: p}}\noutputs: {r: r}"
    )
    assert engine(folder).run(workflow(text)).outputs == {"r": "A"}
    assert plan(folder, text)["r"] == "run: 'path' comes from another node, so what it names is known only at run time"


def test_a_map_over_files_has_a_fingerprint_of_each(folder):
    for name in "ab":
        (folder / "inputs" / f"{name}.txt").write_text(name)
    text = "inputs: {files: {type: 'list[file]', default: [a.txt, b.txt]}}\nnodes:\n  r: {node: toy.read, from: {path: 'inputs.files[*]'}}\noutputs: {r: r}"
    assert engine(folder).run(workflow(text)).outputs == {"r": ["a", "b"]}
    assert plan(folder, text)["r"] == "disk: unchanged"
    (folder / "inputs" / "b.txt").write_text("B")
    result = engine(folder).run(workflow(text))
    assert result.outputs == {"r": ["a", "B"]}
    assert (result.nodes["r[0]"].state, result.nodes["r[1]"].state) == ("disk", "ran")


def test_a_missing_file_is_a_problem_of_the_workflow_with_its_line(folder):
    with pytest.raises(WorkflowError, match=r"flow.yaml:2: node 'r': no file 'none.txt' in"):
        engine(folder).run(workflow("nodes: {r: {node: toy.read, with: {path: none.txt}}}"))


def test_what_was_evicted_is_told(folder):
    one = engine(folder)
    one.run(workflow(FLOW))
    one.cache.disk.clear()
    assert plan(folder, FLOW)["n"] == "run: evicted"
    assert plan(folder, FLOW)["b"] == "run: evicted, after a"
    assert plan(folder, FLOW, use_cache=False)["n"] == "run: the cache is not used"


def test_saved_files_that_are_gone_or_changed_make_their_node_run(folder):
    text = "nodes:\n  n: {node: toy.number}\n  s: {node: toy.save, from: {value: n}}\n  l: {node: toy.numbers, with: {start: 5}}\n  m: {node: toy.save, from: {value: 'l[*]'}}\noutputs: {n: n}"
    assert set(states(engine(folder).run(workflow(text))).values()) == {"ran"}
    assert (plan(folder, text)["s"], plan(folder, text)["m"]) == ("disk: unchanged",) * 2
    (folder / "outputs" / "saved-0.txt").unlink()
    (folder / "outputs" / "saved-6.txt").write_text("spoilt")
    found = plan(folder, text)
    assert (found["n"], found["s"], found["m"]) == (
        "disk: unchanged",
        "run: what it saved is gone or was changed",
        "run: what it saved is gone or was changed",
    )
    result = engine(folder).run(workflow(text))
    assert {name: result.nodes[name].state for name in ("s", "m", "m[0]", "m[1]")} == {
        "s": "ran", "m": "ran", "m[0]": "disk", "m[1]": "ran",
    }  # fmt: skip
    assert (folder / "outputs" / "saved-6.txt").read_text() == "6"


def test_lazy_inputs_are_on_demand(folder):
    text = "nodes:\n  a: {node: toy.number}\n  b: {node: toy.add, from: {a: a}}\n  x: {node: toy.choose, with: {condition: true, 'no': 5}, from: {'yes': b}}\noutputs: {x: x}"
    assert plan(folder, text) == {
        "a": "on demand: never run",
        "b": "on demand: never run",
        "x": "run: never run",
    }


def test_targets_say_what_is_needed(folder):
    assert states(engine(folder).plan(workflow(FLOW), targets=["a"])) == {
        "n": "run", "a": "run", "b": "not needed", "idle": "not needed",
    }  # fmt: skip
    with pytest.raises(InputError, match=r"there is no node or output 'idel' to run to. Did you mean 'idle'\?"):
        engine(folder).plan(workflow(FLOW), targets=["idel"])


def test_require_cached_raises_before_anything_runs(folder):
    with pytest.raises(NotCached, match="not cached: n, a, b"):
        engine(folder).run(workflow(FLOW), require_cached=True)
    engine(folder).run(workflow(FLOW))
    assert engine(folder).run(workflow(FLOW), require_cached=True).outputs == {"b": 6}


INPUT_MISTAKES = [
    ({"strat": 1}, "there is no input 'strat'. Did you mean 'start'? Inputs: start"),
    ({"start": "x"}, "input 'start' wants a whole number, found 'x'"),
    (
        {"stat": 1, "start": "x"},
        "there is no input 'stat'. Did you mean 'start'? Inputs: start\ninput 'start' wants a whole number, found 'x'",
    ),
]


@pytest.mark.parametrize(("inputs", "message"), INPUT_MISTAKES)
def test_inputs_that_are_wrong_are_told(folder, inputs, message):
    with pytest.raises(InputError) as caught:
        engine(folder).plan(workflow(FLOW), inputs)
    assert str(caught.value) == message


def test_reasons_tell_values_apart_that_differ_late(folder):
    text = "nodes: {t: {node: toy.text, with: {value: " + "x" * 50 + "}}}\noutputs: {t: t}"
    engine(folder).run(workflow(text))
    assert plan(folder, text.replace("x}", "y}"))["t"] == "run: value changed"


def test_set_replaces_values_and_links():
    flow = workflow(FLOW).with_values({"a.a": 10, "b.b": 0})
    assert engine(None).run(flow).outputs == {"b": 12}
    for target, message in [
        ("c.a", "--set c.a: no node 'c' in this workflow. Write node.input=VALUE"),
        ("a", "--set a: no node 'a' in this workflow. Did you mean 'a'? Write node.input=VALUE"),
        ("a/x.b", "--set a/x.b: 'a/x' is inside a sub-workflow; declare an input there and give it a value"),
    ]:
        with pytest.raises(InputError) as caught:
            flow.with_values({target: 1})
        if target != "a":
            assert str(caught.value) == message
    assert str(engine(None).check(flow.with_values({"a.z": 1}))[0]).endswith("Its inputs: a, b")


def test_reasons_for_10_000_nodes_cost_little(folder):
    one, flow = engine(folder, disk=False), chain(10_000)
    begun = time.process_time()
    assert len(one.plan(flow).steps) == 10_000
    assert time.process_time() - begun < 4
