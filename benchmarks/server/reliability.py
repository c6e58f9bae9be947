"""`python -m benchmarks.server.reliability`: kills servers, runs tests of faults, and writes docs/reliability.md."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

from .kills import Tally, kill_again_and_again

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
FAULTS = (
    ("test_kill", "a_killed_run_goes_on", "the server is killed in the middle of a run"),
    ("test_kill", "a_killed_run_waits_for_a_person", "the same, and the server is to hold such runs"),
    ("test_kill", "sigterm_ends", "the server is told to end"),
    ("test_kill", "a_second_server", "two servers on one folder"),
    ("test_queue", "ends_its_process [exit", "a node calls os._exit"),
    ("test_queue", "ends_its_process [kill", "the worker is killed, as for want of memory"),
    ("test_queue", "ends_its_process [segfault", "native code crashes"),
    ("test_queue", "a_run_that_hangs", "a node hangs"),
    ("test_queue", "ignores_its_cancellation", "a node ignores its cancellation"),
    ("test_queue", "cancelled_in_every_state [process]", "cancel while queued, running, ended, and twice"),
    ("test_queue", "in_company_of_a_crash", "a crash with other runs in the same worker"),
    ("test_queue", "what_a_node_prints", "a node writes garbage to stdout"),
    ("test_faults", "a_full_disk", "the disk is full at a submission"),
    ("test_faults", "waits_for_room", "the disk is full when a run ends"),
    ("test_faults", "a_data_folder", "the data folder cannot be written"),
    ("test_faults", "a_cache_folder", "the cache folder cannot be written"),
    ("test_faults", "an_outputs_folder", "the outputs folder cannot be written"),
    ("test_faults", "damaged_is_moved_aside", "state.db is damaged"),
    ("test_database", "older_schema", "state.db is of an older or a newer version"),
    ("test_faults", "a_clock_that_jumps", "the clock jumps by a day, and to 1994"),
    ("test_faults", "a_client_that_vanishes", "clients vanish"),
    ("test_faults", "never_finish_their_headers", "300 clients send their headers for ever (slow-loris)"),
    ("test_faults", "first_request_does_not_come", "a connection on which nothing comes"),
    ("test_api_events", "a_thousand_sockets", "1,000 WebSockets, and one too many"),
    ("test_api_events", "giant_frames", "giant WebSocket frames"),
    ("test_api_events", "too_slow", "a client that does not read its events"),
    ("test_queue", "a_full_queue", "a full queue"),
)
"""(module of tests/web, parts of the test's name, what goes wrong)."""


def main() -> None:
    """Kill, test, and write the page."""
    parser = argparse.ArgumentParser(prog="benchmarks.server.reliability", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = kill_again_and_again(Path(folder) / "kills", options.kills)
        print(tally, file=sys.stderr)
        found = tested(Path(folder) / "results.xml")
    PAGE.write_text("\n".join([_HEAD, _kills(tally), _faults(found)]), "utf-8")
    print(PAGE)


_HEAD = """# Reliability

Written by `make reliability`, on real servers and real files. What each test proves is in its name, and `make test`
runs all of them.
"""


def _kills(tally: Tally) -> str:
    rows = [f"| {field.name.replace('_', ' ')} | {getattr(tally, field.name)} |" for field in fields(tally)]
    return "\n".join(
        [
            "## kill -9\n",
            "The server is killed at random moments while runs are submitted, started again on the same folder, and",
            "killed again. At the end one server finishes the queue, and every run that was ever acknowledged is",
            "looked at: it must be there, be `ok`, have ended exactly once, and have published its own file, which",
            "no other run has.\n",
            "| | |",
            "| --- | --- |",
            *rows,
            "",
        ]
    )


def tested(report: Path) -> dict[str, str]:
    """The outcome of every test of the server, by its name with its module in front."""
    modules = sorted({f"tests/web/{module}.py" for module, _, _ in FAULTS})
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *modules]
    subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False)
    cases = ElementTree.parse(report).getroot().iter("testcase")
    return {
        f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}": "failed"
        if case.find("failure") is not None or case.find("error") is not None
        else "skipped"
        if case.find("skipped") is not None
        else "passed"
        for case in cases
    }


def _faults(found: dict[str, str]) -> str:
    lines = ["## Faults\n", "| what goes wrong | the server | |", "| --- | --- | --- |"]
    for module, part, what in FAULTS:
        names = [
            name for name in found if name.startswith(f"{module}::") and all(word in name for word in part.split())
        ]
        assert names, f"no test of {module} is called {part}"
        claim = names[0].partition("::test_")[2].partition("[")[0].replace("_", " ")
        lines.append(f"| {what} | {claim} | {', '.join(sorted({found[name] for name in names}))} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
