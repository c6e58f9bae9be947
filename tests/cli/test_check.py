"""`graph-engine check`: every mistake at once, each with its place and the next step."""

from __future__ import annotations

from .conftest import workflow

SIX_MISTAKES = """\
format: 1
inputs:
  start: {type: int, default: 5}
nodes:
  unknown: {node: trial.ad, with: {a: 1}}
  text: {node: trial.shout, with: {text: hello}}
  wrong_type: {node: trial.add, from: {a: text}}
  missing: {node: trial.shout}
  unknown_input: {node: trial.add, with: {a: 1, bb: 2}}
  left: {node: trial.add, from: {a: right}}
  right: {node: trial.add, from: {a: left}}
  out_of_range: {node: trial.scale, with: {number: 1.0, factor: 11.0}}
"""


def test_six_mistakes_are_six_lines_with_their_places_and_suggestions(shell):
    shell.write("six.yaml", SIX_MISTAKES)
    answer = shell("check", "six.yaml")
    found = {line.split("six.yaml:")[1].split(":")[0]: line for line in answer.err.splitlines()}
    assert answer.status == 2
    assert "unknown node 'trial.ad'. Did you mean 'trial.add'?" in found["5"]
    assert "input 'a' wants int, but 'text' gives text" in found["7"]
    assert "input 'text' (text) is missing" in found["8"]
    assert "has no input 'bb'. Did you mean 'b'?" in found["9"]
    assert "the links form a cycle: " in found["10"]
    assert "input 'factor' wants 0 to 10, found 11" in found["12"]
    assert len(answer.err.splitlines()) == 6


def test_a_good_file_is_said_to_be_good(shell):
    shell.write("good.yaml", workflow("one: {node: trial.add, with: {a: 1}}"))
    answer = shell("check", "good.yaml")
    assert (answer.status, answer.out, answer.err) == (0, "good.yaml: ok, 1 node\n", "")


def test_every_file_is_checked_and_the_worst_decides(shell):
    shell.write("good.yaml", workflow("one: {node: trial.add, with: {a: 1}}"))
    answer = shell("check", "gone.yaml", "good.yaml")
    assert answer.status == 2
    assert "gone.yaml: cannot be read" in answer.err
    assert "good.yaml: ok" in answer.out


def test_hostile_files_are_refused_in_words(shell):
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    shell.write("bomb.yaml", bomb)
    shell.write("twice.yaml", "format: 1\nnodes: {}\nnodes: {}\n")
    shell.write("nan.yaml", workflow("one: {node: trial.scale, with: {number: .nan}}"))
    (shell.folder / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    answer = shell("check", "bomb.yaml", "twice.yaml", "nan.yaml", "binary.yaml")
    assert answer.status == 2
    assert {line.split(".yaml")[0].rpartition("/")[2] for line in answer.err.splitlines()} == {
        "bomb",
        "twice",
        "nan",
        "binary",
    }
    assert "Traceback" not in answer.err
