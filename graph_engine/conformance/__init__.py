"""Checks a plugin package before it is published: what its users would stumble over, one finding for each.

`check_plugin(folder)` reads the project's files here and tries its code in a process of its own, so that neither a
slow import nor a crash of the plugin reaches the caller.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from graph_engine.conformance.finding import Finding
from graph_engine.conformance.project import Project, read_project

__all__ = ["Finding", "check_plugin"]

_SECONDS = 300


def check_plugin(folder: Path) -> list[Finding]:
    """Everything that is wrong with the plugin project in `folder`; an empty list when it can be published."""
    project, findings = read_project(folder)
    return findings + (_probe(project) if project is not None else [])


def _probe(project: Project) -> list[Finding]:
    """What trying its code shows."""
    command = [sys.executable, "-m", "graph_engine.conformance.probe", str(project.folder)]
    try:
        run = subprocess.run(  # noqa: S603 - this interpreter on a module of ours
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return [Finding("behaviour", f"was not done after {_SECONDS} seconds; is a node waiting for something?")]
    lines = run.stdout.splitlines()
    if run.returncode != 0 or not lines:
        last = run.stderr.strip().splitlines()[-1:] or [f"exit code {run.returncode}"]
        return [Finding("import", f"the process that tried the plugin ended with: {last[0]}")]
    return [Finding(check, message) for check, message in json.loads(lines[-1])]
