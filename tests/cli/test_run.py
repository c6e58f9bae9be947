"""`graph-engine run`: flags from declared inputs, results on stdout, everything else on stderr, exit codes."""

from __future__ import annotations

import json

import pytest

from .conftest import workflow

SUM = workflow(
    nodes="""
    first: {node: trial.add, from: {a: inputs.start}}
    second: {node: trial.add, with: {b: 10}, from: {a: first}}
    """,
    inputs="start: {type: int, default: 5, min: 0, max: 100, description: where to begin}",
    outputs="sum: second",
)


@pytest.fixture
def sums(shell):
    shell.write("sum.yaml", SUM)
    return shell


def test_run_prints_the_declared_outputs(sums):
    answer = sums("run", "sum.yaml")
    assert (answer.status, answer.lines) == (0, ["sum: 16"])
    assert "2 ran" in answer.err


def test_a_declared_input_is_a_flag(sums):
    assert sums("run", "sum.yaml", "--start", "20").lines == ["sum: 31"]
    assert sums("run", "sum.yaml", "--start=20").lines == ["sum: 31"]
    assert sums("run", "--start", "20", "sum.yaml").lines == ["sum: 31"]


def test_set_gives_a_value_to_an_input_of_a_node(sums):
    assert sums("run", "sum.yaml", "--set", "second.b=1", "--set", "first.a=2").lines == ["sum: 4"]
    assert sums("run", "sum.yaml", "--set", "inputs.start=7").lines == ["sum: 18"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--start", "abc"], "input 'start' wants a whole number, found 'abc'"),
        (["--start", "101"], "input 'start' wants 0 to 100, found 101"),
        (["--start", "nan"], "input 'start' wants a whole number, found"),
        (["--stat", "3"], "unknown flag '--stat'. Did you mean '--start'?"),
        (["--set", "second.b"], "write NODE.INPUT=VALUE"),
        (["--set", "secnd.b=1"], "Did you mean 'second'?"),
        (["--set", "second.c=1"], "has no input 'c'"),
        (["--set", "inputs.strt=1"], "no declared input 'strt'"),
        (["--target", "thrid"], "no node or output 'thrid'"),
        (["--device", "abacus"], "--device"),
        (["more.yaml"], "unknown argument 'more.yaml'"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_2(sums, arguments, message):
    answer = sums("run", "sum.yaml", *arguments)
    assert (answer.status, answer.out) == (2, "")
    assert message in answer.err
    assert len(answer.err.splitlines()) == 1


def test_no_file_at_all_says_what_to_give(shell):
    answer = shell("run")
    assert answer.status == 2
    assert "FILE" in answer.err


def test_a_missing_file_is_named(shell):
    answer = shell("run", "nowhere.yaml")
    assert answer.status == 2
    assert "nowhere.yaml: cannot be read: No such file or directory" in answer.err


def test_json_is_one_object_with_states_outputs_and_no_error(sums):
    answer = sums("run", "sum.yaml", "--json")
    data = json.loads(answer.out)
    assert answer.err == ""
    assert data["status"] == "ok"
    assert data["outputs"] == {"sum": 16}
    assert data["error"] is None
    assert {name: node["state"] for name, node in data["nodes"].items()} == {"first": "ran", "second": "ran"}
    assert all(node["seconds"] >= 0 for node in data["nodes"].values())


def test_a_second_run_takes_everything_from_the_disk(sums):
    sums("run", "sum.yaml")
    data = json.loads(sums("run", "sum.yaml", "--json").out)
    assert [node["state"] for node in data["nodes"].values()] == ["disk", "disk"]


def test_only_what_changed_runs_again(sums):
    sums("run", "sum.yaml")
    data = json.loads(sums("run", "sum.yaml", "--set", "second.b=3", "--json").out)
    assert {name: node["state"] for name, node in data["nodes"].items()} == {"first": "disk", "second": "ran"}


def test_no_cache_computes_everything_and_leaves_nothing_behind(sums):
    for _ in range(2):
        data = json.loads(sums("run", "sum.yaml", "--no-cache", "--json").out)
        assert [node["state"] for node in data["nodes"].values()] == ["ran", "ran"]


def test_the_cache_folder_can_be_chosen_by_flag(sums):
    sums("run", "sum.yaml", "--cache-dir", "elsewhere")
    assert (sums.folder / "elsewhere").is_dir()
    assert not (sums.folder / "cache").exists()


def test_target_runs_only_what_it_needs(sums):
    data = json.loads(sums("run", "sum.yaml", "--target", "first", "--json").out)
    assert {name: node["state"] for name, node in data["nodes"].items()} == {"first": "ran", "second": "skipped"}


def test_quiet_prints_the_result_alone(sums):
    answer = sums("run", "sum.yaml", "--quiet")
    assert (answer.out, answer.err) == ("sum: 16\n", "")


FAILING = workflow(
    nodes="""
    before: {node: trial.add, with: {a: 1}}
    broken: {node: trial.fail, from: {number: before}}
    """,
    outputs="number: broken",
)


def test_a_failing_node_is_named_with_its_place_and_exit_1(shell):
    shell.write("fail.yaml", FAILING)
    answer = shell("run", "fail.yaml", "-q")
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.strip().endswith("fail.yaml:4: node 'broken' failed: ValueError: 2 is too much")


def test_a_failure_in_json_says_node_type_message_and_where(shell):
    shell.write("fail.yaml", FAILING)
    answer = shell("run", "fail.yaml", "--json")
    data = json.loads(answer.out)
    assert answer.status == 1
    assert data["status"] == "failed"
    assert data["error"].keys() == {"node", "type", "message", "where"}
    assert data["error"]["node"] == "broken"
    assert data["error"]["type"] == "ValueError"
    assert data["error"]["where"].endswith("fail.yaml:4")
    assert data["nodes"]["before"]["state"] == "ran"
    assert data["nodes"]["broken"]["state"] == "failed"


def test_the_traceback_is_shown_when_asked_for(shell):
    shell.write("fail.yaml", FAILING)
    assert "Traceback" not in shell("run", "fail.yaml").err
    assert 'raise ValueError(f"{number} is too much")' in shell("run", "fail.yaml", "--traceback").err


def test_a_wrong_workflow_is_refused_in_json_too(shell):
    shell.write("wrong.yaml", workflow(nodes="a: {node: trial.ad}"))
    answer = shell("run", "wrong.yaml", "--json")
    data = json.loads(answer.out)
    assert answer.status == 2
    assert (data["status"], data["nodes"], data["outputs"]) == ("failed", {}, {})
    assert data["error"]["type"] == "WorkflowError"
    assert data["error"]["where"].endswith("wrong.yaml:3")
    assert "Did you mean 'trial.add'?" in data["error"]["message"]


@pytest.mark.parametrize("arguments", [["gone.yaml"], ["sum.yaml", "--stat", "1"], ["sum.yaml", "--start", "x"]])
def test_every_refusal_is_json_when_json_is_asked_for(sums, arguments):
    answer = sums("run", *arguments, "--json")
    data = json.loads(answer.out)
    assert answer.status == 2
    assert data.keys() == {"status", "nodes", "outputs", "error"}
    assert data["error"]["message"] in answer.err


KINDS_OF_INPUTS = workflow(
    nodes="""
    shouted: {node: trial.shout, from: {text: inputs.text, mark: inputs.mark, loud: inputs.loud, seed: inputs.seed}}
    scaled: {node: trial.scale, from: {number: inputs.ratio}}
    summed: {node: trial.total, from: {numbers: inputs.numbers}}
    together: {node: trial.joined, from: {texts: inputs.texts}}
    """,
    inputs="""
    text: {type: text, default: hello}
    mark: {type: choice, choices: ["!", "?"], default: "!"}
    loud: {type: bool, default: true}
    seed: {type: seed, default: 0}
    ratio: {type: float, default: 0.5}
    numbers: {type: "list[int]", default: [1, 2]}
    texts: {type: "list[text]", default: [a, b]}
    """,
    outputs="""
    shouted: shouted
    scaled: scaled
    summed: summed
    together: together
    """,
)


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        ([], "shouted: HELLO!"),
        (["--text", "3"], "shouted: 3!"),
        (["--text", ""], "shouted: !"),
        (["--text=-x, ünï"], "shouted: -X, ÜNÏ!"),
        (["--mark", "?"], "shouted: HELLO?"),
        (["--no-loud"], "shouted: hello!"),
        (["--loud", "false"], "shouted: hello!"),
        (["--no-loud", "--loud"], "shouted: HELLO!"),
        (["--ratio", "1e-1"], "scaled: 0.2"),
        (["--ratio", "3"], "scaled: 6.0"),
        (["--ratio", ".25"], "scaled: 0.5"),
        (["--ratio", "-.25"], "scaled: -0.5"),
        (["--numbers", "3,4,5"], "summed: 12"),
        (["--numbers", "3", "--numbers", "4"], "summed: 7"),
        (["--numbers", "[7, 8]"], "summed: 15"),
        (["--texts", "one, two", "--texts", "three"], "together: one, two|three"),
        (["--texts", '["one", "two"]'], "together: one|two"),
        (["--set", "together.texts=[]"], "together: "),
        (["--set", "shouted.loud=false"], "shouted: hello!"),
        (["--set", "scaled.factor=10"], "scaled: 5.0"),
    ],
)
def test_flags_spell_every_type_of_input(shell, arguments, output):
    shell.write("kinds.yaml", KINDS_OF_INPUTS)
    answer = shell("run", "kinds.yaml", *arguments)
    assert answer.status == 0, answer.err
    assert output in answer.lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mark", "#"], "wants one of !, ?"),
        (["--loud", "yes"], "wants true or false, found 'yes'"),
        (["--seed", "-1"], "input 'seed' wants 0 to"),
        (["--ratio", "inf"], "input 'ratio' wants a number"),
        (["--numbers", "1,x"], "wants a whole number, found 'x'"),
        (["--text", "a\x00b"], "holds a NUL character"),
        (["--seed", "9" * 5000], "wants a whole number, found '9999"),
    ],
)
def test_wrong_values_are_named_with_their_input(shell, arguments, message):
    shell.write("kinds.yaml", KINDS_OF_INPUTS)
    answer = shell("run", "kinds.yaml", *arguments)
    assert answer.status == 2
    assert message in answer.err
    assert "Traceback" not in answer.err


def test_a_flag_may_name_a_file_anywhere_but_a_workflow_may_not(shell, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "note.txt"
    elsewhere.write_text("from outside\n")
    shell.write("read.yaml", workflow("line: {node: trial.first_line, from: {file: inputs.note}}",
                                      "note: {type: file}", "line: line"))  # fmt: skip
    answer = shell("run", "read.yaml", "--note", str(elsewhere))
    assert answer.lines == ["line: from outside"], answer.err
    shell.write("steal.yaml", workflow(f"line: {{node: trial.first_line, with: {{file: {elsewhere}}}}}"))
    assert "is absolute" in shell("run", "steal.yaml").err


def test_a_file_beside_the_workflow_or_in_the_working_folder_is_found(shell):
    shell.write("below/beside.txt", "beside\n")
    shell.write(
        "below/read.yaml", workflow("line: {node: trial.first_line, with: {file: beside.txt}}", "", "line: line")
    )
    assert shell("run", "below/read.yaml").lines == ["line: beside"]
    shell.write("here.txt", "here\n")
    assert shell("run", "below/read.yaml", "--set", "line.file=here.txt").lines == ["line: here"]


def test_a_file_that_is_not_there_is_named(shell):
    shell.write(
        "read.yaml", workflow("line: {node: trial.first_line, from: {file: inputs.note}}", "note: {type: file}")
    )
    answer = shell("run", "read.yaml", "--note", "gone.txt")
    assert answer.status == 2
    assert "input 'note': no file 'gone.txt'" in answer.err


def test_a_folder_that_a_flag_names_is_read_wherever_it_is_and_others_are_not(shell, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "a.txt").write_text("a")
    shell.write(
        "list.yaml", workflow("name: {node: trial.first_file, from: {folder: inputs.place}}", "place: {type: folder}",
                              "name: name"),
    )  # fmt: skip
    answer = shell("run", "list.yaml", "--place", str(elsewhere))
    assert answer.lines == ["name: a.txt"], answer.err
    missing = shell("run", "list.yaml", "--place", str(elsewhere / "a.txt"))
    assert missing.status == 2
    assert "give the path of an existing folder" in missing.err
    shell.write("steal.yaml", workflow(f"name: {{node: trial.first_file, with: {{folder: {elsewhere}}}}}"))
    assert "is absolute" in shell("run", "steal.yaml").err


def test_help_lists_the_inputs_of_the_workflow(sums):
    answer = sums("run", "sum.yaml", "--help")
    assert answer.status == 0
    assert "--start INT" in answer.out
    assert "where to begin (0 to 100; default: 5)" in answer.out


def test_an_input_that_is_called_like_a_flag_is_given_by_set(shell):
    shell.write("clash.yaml", workflow("sum: {node: trial.add, from: {a: inputs.target}}",
                                       "target: {type: int, default: 1}", "sum: sum"))  # fmt: skip
    assert "--set inputs.target=VALUE" in shell("run", "clash.yaml", "--help").out
    assert shell("run", "clash.yaml", "--set", "inputs.target=4").lines == ["sum: 5"]


def test_warnings_of_nodes_are_shown_once(shell):
    shell.write("steps.yaml", workflow("a: {node: trial.steps}\nb: {node: trial.steps, with: {count: 4}}"))
    assert shell("run", "steps.yaml").err.count("warning: node 'a': mind the step") == 1


def test_run_needs_no_terminal_and_shows_bars_on_one(shell):
    shell.write("steps.yaml", workflow("sampler: {node: trial.steps, with: {count: 7}}"))
    assert "sampler" not in shell("run", "steps.yaml", "--no-cache").out
    answer = shell("run", "steps.yaml", "--no-cache", terminal=True)
    assert "sampler" in answer.err
    assert "7/7" in answer.err
    assert "mind the step" in answer.err
