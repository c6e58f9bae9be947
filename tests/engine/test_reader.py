"""Text into plain data: what is taken, and what is refused with its line."""

from __future__ import annotations

import resource
import time

import pytest

from graph_engine import WorkflowError, load
from graph_engine.reader import MAX_BYTES, read_json, read_yaml

SCALARS = [
    ("no", "no"),
    ("yes", "yes"),
    ("on", "on"),
    ("true", True),
    ("False", False),
    ("~", None),
    ("null", None),
    ("", None),
    ("017", 17),
    ("0o17", 15),
    ("0x1F", 31),
    ("-7", -7),
    ("+7", 7),
    ("1_000", "1_000"),
    ("1:30", "1:30"),
    ("2026-01-01", "2026-01-01"),
    ("1e-3", 0.001),
    ("1e3", 1000.0),
    (".5", 0.5),
    ("1.", 1.0),
    ("-0.0", 0.0),
    ("NaN", "NaN"),
    ("0b1", "0b1"),
    ("<", "<"),
    ("'5'", "5"),
    ('"null"', "null"),
]


@pytest.mark.parametrize(("written", "value"), SCALARS)
def test_scalars_are_those_of_yaml_1_2(written, value):
    found = read_yaml(f"x: {written}\n").data["x"]
    assert found == value
    assert type(found) is type(value)


REFUSED_YAML = [
    ("a: &x 1\nb: *x\n", "f:1: anchors (&name) are not allowed; write the value out where it is used"),
    ("a: 1\nb: *x\n", "f:2: aliases (*name) are not allowed; write the value out"),
    ("&a [*a]\n", "f:1: anchors (&name) are not allowed; write the value out where it is used"),
    (
        "a: !!python/object/apply:os.system [ls]\n",
        "f:1: the tag tag:yaml.org,2002:python/object/apply:os.system is not",
    ),
    ("a: !thing 1\n", "f:1: the tag !thing is not allowed; a workflow holds plain data"),
    ("a: 1\n<<: {b: 2}\n", "f:2: merge keys (<<) are not allowed; write the values out"),
    ("a: 1\nb: 2\na: 3\n", "f:3: the key 'a' stands twice, first on line 1; remove one"),
    ("? [a]\n: 1\n", "f:1: a key must be text, not a mapping or list"),
    ("a: 1\n---\nb: 2\n", "f:2: one file holds one workflow; remove the second '---' document"),
    ("a: .nan\n", "f:1: .nan is no number that a workflow can hold; write a finite one"),
    ("a: 1\nb: -.Inf\n", "f:2: -.Inf is no number that a workflow can hold; write a finite one"),
    ("a: 1e999\n", "f:1: 1e999 is too large for a number"),
    (f"a: {'9' * 5000}\n", f"f:1: {'9' * 40} is too large for a number"),
    ("a: 1\nb: x\x00y\n", "f:2: the file holds a NUL character; remove it"),
    ("[" * 100_000, "f:1: nested deeper than 64 levels"),
    ("{a: " * 65, "f:1: nested deeper than 64 levels"),
    ("a: {b: c\n", "f:2: not YAML: did not find expected ',' or '}'"),
    ("a: [\n", "f:2: not YAML: did not find expected node content"),
    ("a: {b: c[*]}\n", "f:1: not YAML: did not find expected ',' or '}'; inside { } a text with [ ] needs quotes"),
    ("\tx: 1", "f:1: not YAML: "),
]


@pytest.mark.parametrize(("text", "message"), REFUSED_YAML)
def test_yaml_that_is_refused_says_why_and_where(text, message):
    with pytest.raises(WorkflowError) as caught:
        read_yaml(text, "f")
    assert str(caught.value).startswith(message)


REFUSED_JSON = [
    ('{"a": 1,\n "a": 2}', "f:2: the key 'a' stands twice, first on line 1; remove one"),
    ('{"e": "\\ud83d\\ude00",\n"a": 1, "a": 2}', "f:2: the key 'a' stands twice, first on line 2; remove one"),
    ('{"a": NaN}', "f: NaN is no number that a workflow can hold; write a finite one"),
    ('{"a":\n -Infinity}', "f: -Infinity is no number that a workflow can hold; write a finite one"),
    ('{"a": 1e999}', "f:1: 1e999 is too large for a number"),
    (f'{{"a": {"9" * 5000}}}', f"f:1: {'9' * 40} is too large for a number"),
    ('{"a": "\\ud800"}', "f: the file holds half of a surrogate pair (\\ud...); remove it"),
    ('{"a": 1', "f:1: not JSON: Expecting ',' delimiter"),
    ("[" * 100_000, "f: nested deeper than 64 levels"),
    ("[" * 65 + "]" * 65, "f: nested deeper than 64 levels"),
    ('{"a": "x\x00"}', "f:1: the file holds a NUL character; remove it"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED_JSON)
def test_json_that_is_refused_says_why(text, message):
    with pytest.raises(WorkflowError) as caught:
        read_json(text, "f")
    assert str(caught.value).startswith(message)


def test_a_whole_surrogate_pair_is_a_character():
    assert read_json('["\\ud83d\\ude00"]').data == ["\N{GRINNING FACE}"]


def test_depth_is_bounded_and_not_short():
    text = "[" * 64 + "]" * 64
    assert read_json(text).data == read_yaml(text).data


def test_the_lines_of_json_are_those_of_its_text():
    document = read_json('{"a": 1,\n "b": [\n  2,\n  {"c": 3}\n ]\n}', "f.json")
    assert [document.line(path) for path in [("a",), ("b",), ("b", 0), ("b", 1, "c"), ("b", 1, "gone")]] == [
        1,
        2,
        3,
        4,
        4,
    ]


def test_a_file_above_the_size_cap_is_not_parsed(tmp_path):
    path = tmp_path / "big.yaml"
    path.write_bytes(b"a: 1\n" * (MAX_BYTES // 5 + 10))
    begun = time.process_time()
    with pytest.raises(WorkflowError, match="larger than 8 MB"):
        load(path)
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"format: 1\n\xe9\n"])
def test_a_file_that_is_no_text_is_a_clear_error(tmp_path, content):
    path = tmp_path / "flow.yaml"
    path.write_bytes(content)
    with pytest.raises(WorkflowError, match="not UTF-8 text"):
        load(path)


@pytest.mark.parametrize("name", ["missing.yaml", ".", "a\x00b.yaml"])
def test_a_path_that_cannot_be_read_is_a_clear_error(tmp_path, name):
    with pytest.raises(WorkflowError, match="cannot be read"):
        load(tmp_path / name)


def test_a_yaml_bomb_is_refused_at_once():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    begun = time.process_time()
    with pytest.raises(WorkflowError, match="f:1: anchors"):
        read_yaml("\n".join(lines), "f")
    assert time.process_time() - begun < 0.1


def test_a_ring_of_100_000_nodes_is_refused_in_bounded_time_and_memory(tmp_path):
    count = 100_000
    path = tmp_path / "ring.yaml"
    nodes = "".join(f"  n{i}: {{node: toy.add, from: {{a: n{(i - 1) % count}}}}}\n" for i in range(count))
    path.write_text(f"format: 1\nnodes:\n{nodes}")
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WorkflowError, match="more than 20000 nodes; split the workflow"):
        load(path)
    assert time.process_time() - begun < 10
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 400
