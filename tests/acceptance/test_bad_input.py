"""Wrong and hostile input by the real command: all mistakes at once, each with its place, in bounded resources."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from pathlib import Path

import pytest

from .conftest import GLIDE, Shell, Write

SIX_MISTAKES = """\
format: 1
nodes:
  model: {node: core.load_model, with: {model: shapes/glide}}
  text: {node: core.encode_text, from: {encoder: model.text_encoder}}
  base: {node: core.denoize, from: {denoiser: model.denoiser}}
  again: {node: core.denoise, with: {steps: 5000, stepz: 3}, from: {denoiser: model.denoiser}}
  image: {node: core.decode, from: {latents: text}}
  a: {node: core.join_text, from: {texts: [b]}}
  b: {node: core.join_text, from: {texts: [a]}}
outputs: {image: image}
"""


def test_six_mistakes_are_told_in_one_check(shell: Shell, write: Write) -> None:
    path = write("six.yaml", SIX_MISTAKES)
    done = shell.run("check", path)
    assert done.returncode == 2
    told = done.stdout + done.stderr
    for line, words in [
        (4, "input 'prompt' (text) is missing"),
        (5, "unknown node 'core.denoize'. Did you mean 'core.denoise'?"),
        (6, "has no input 'stepz'. Did you mean 'steps'?"),
        (6, "input 'steps' wants 1 to 1000, found 5000"),
        (7, "input 'latents' wants Latents, but 'text' gives TextEmbedding. Outputs of type Latents here: again"),
        (8, "the links form a cycle: "),
    ]:
        assert any(f"six.yaml:{line}: " in row and words in row for row in told.splitlines()), (line, words, told)
    assert len([row for row in told.splitlines() if "six.yaml:" in row]) == 6


def ring(count: int) -> str:
    nodes = {f"n{i}": {"node": "core.join_text", "from": {"texts": [f"n{(i - 1) % count}"]}} for i in range(count)}
    return json.dumps({"format": 1, "nodes": nodes, "outputs": {"x": "n0"}})


def bomb() -> str:
    levels = "\n".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9) if i else 'lol'}]" for i in range(12))
    return f"format: 1\n{levels}\n"


HOSTILE = [
    ("bomb.yaml", bomb(), "anchors (&name) are not allowed"),
    ("twice.yaml", "format: 1\nnodes: {}\nnodes: {}\n", "twice.yaml:3: the key 'nodes' stands twice, first on line 2"),
    ("twice.json", '{"format": 1, "nodes": {}, "nodes": {}}', "the key 'nodes' stands twice"),
    ("ring.json", ring(100_000), "more than 20000 nodes"),
    ("ring20k.json", ring(20_000), "the links form a cycle"),
    ("nan.yaml", "format: 1\nnodes: {a: {node: core.number, with: {value: .nan}}}\n", "nan.yaml:2: .nan is no number"),
    ("nan.json", '{"format": 1, "nodes": {"a": {"node": "core.number", "with": {"value": NaN}}}}', "NaN is no number"),
    ("nul.yaml", 'format: 1\nnodes: {a: {node: core.text, with: {value: "a\\0b"}}}\n', "NUL character at position 1"),
    ("deep.yaml", "format: 1\nui: " + "[" * 5000, "nested deeper than 64"),
    ("deep.json", '{"format": 1, "ui": ' + "[" * 50_000, "nested deeper than 64"),
    ("noise.yaml", "\udcff", "not UTF-8"),
]


@pytest.mark.parametrize(("name", "text", "words"), HOSTILE, ids=[name for name, _, _ in HOSTILE])
def test_hostile_files_are_refused_with_their_reason(shell: Shell, name: str, text: str, words: str) -> None:
    path = shell.folder / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    done = bounded(shell, "check", path)
    assert done.returncode == 2, done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreadable_file_says_so(shell: Shell) -> None:
    (shell.folder / "folder.yaml").mkdir()
    for name in ("missing.yaml", "folder.yaml"):
        done = shell.run("check", shell.folder / name)
        assert done.returncode == 2
        assert "cannot be read" in done.stdout + done.stderr


def test_a_nul_in_a_prompt_is_refused(shell: Shell) -> None:
    document = json.dumps({"prompt": "a\x00b"})
    assert "\\u0000" in document
    path = shell.folder / "nul.json"
    inner = {"node": f"workflow:{GLIDE.name}", "with": json.loads(document)}
    (shell.folder / GLIDE.name).write_bytes(GLIDE.read_bytes())
    path.write_text(json.dumps({"format": 1, "nodes": {"g": inner}, "outputs": {"image": "g.image"}}))
    done = shell.run("check", path)
    assert done.returncode == 2
    assert "NUL character at position 1" in done.stdout + done.stderr


def test_a_chain_of_ten_thousand_nodes_runs(shell: Shell) -> None:
    nodes = {"n0": {"node": "core.integer", "with": {"value": 7}}}
    nodes |= {f"n{i}": {"node": "core.integer", "from": {"value": f"n{i - 1}"}} for i in range(1, 10_000)}
    path = shell.folder / "chain.json"
    path.write_text(json.dumps({"format": 1, "nodes": nodes, "outputs": {"x": "n9999"}}))
    done = bounded(shell, "run", path, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outputs"] == {"x": 7}


def bounded(shell: Shell, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in at most 60 seconds of processor time and 2 GB of address space."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

    return subprocess.run(
        shell.command(*arguments), cwd=shell.folder, env={**shell.variables(), "PYTHONUTF8": "1", **dict(os.environ)},
        text=True, capture_output=True, timeout=120, check=False, preexec_fn=limit,
    )  # fmt: skip
