"""Nothing in the tree unpickles, evaluates text, runs a shell or unpacks an archive blindly."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from .sources import ROOT, imported, python_files

MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
CALLS = {"eval", "exec", "os.system", "os.popen", "torch.load", "yaml.load", "yaml.unsafe_load", "yaml.full_load"}
PICKLES = ROOT / "nodes/graph_nodes/checkpoints/pickles.py"
METHODS = {"extractall"}


def unsafe_calls(path: Path) -> Iterator[str]:
    for item in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(item, ast.Call):
            continue
        name = ast.unparse(item.func)
        if name in CALLS or name.rpartition(".")[2] in METHODS:
            yield f"{path.relative_to(ROOT)}:{item.lineno}: {name}"
        for keyword in item.keywords:
            true = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
            if keyword.arg in {"shell", "trust_remote_code", "allow_pickle"} and true:
                yield f"{path.relative_to(ROOT)}:{item.lineno}: {keyword.arg}=True"


def test_nothing_imports_a_module_that_unpickles():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files()
        for name, _ in imported(path)
        if name.split(".")[0] in MODULES
    ]
    assert wrong == []


def test_nothing_calls_what_runs_text_or_loads_objects():
    assert [found for path in python_files() if path != PICKLES for found in unsafe_calls(path)] == []


def test_the_one_module_that_opens_pickles_makes_nothing_but_tensors_of_them():
    calls = [item for item in ast.walk(ast.parse(PICKLES.read_text())) if isinstance(item, ast.Call)]
    loads = [call for call in calls if ast.unparse(call.func) == "torch.load"]
    assert len(list(unsafe_calls(PICKLES))) == len(loads) == 1
    told = {keyword.arg: ast.unparse(keyword.value) for keyword in loads[0].keywords}
    assert told["weights_only"] == "True"


def test_no_module_keeps_state_in_globals():
    wrong = [
        f"{path.relative_to(ROOT)}:{item.lineno}"
        for path in python_files()
        for item in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(item, ast.Global) or (isinstance(item, ast.ExceptHandler) and item.type is None)
    ]
    assert wrong == []
