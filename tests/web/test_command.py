"""`graph-engine serve`: flags and environment become settings that are safe, and a link that works is printed."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import structlog
from graph_web import command
from graph_web.logs import write_logs

from graph_engine.cli.environment import Environment
from graph_engine.cli.parser import CommandParser, HelpWanted, UsageError
from graph_engine.errors import GraphEngineError

ROOT = Path(__file__).resolve().parents[2]


def parsed(*flags):
    parser = CommandParser("graph-engine serve", command.HELP, Environment(variables={"COLUMNS": "100"}))
    command.configure(parser)
    return parser.parse(flags)


@pytest.fixture
def settings_from(tmp_path):
    """Settings from flags and environment variables, on folders of the test's own."""

    def make(*flags, **variables):
        return command.settings_of(parsed(*flags), {"GRAPH_ENGINE_DATA": str(tmp_path / "data"), **variables})

    return make


def test_the_defaults_are_closed(settings_from, tmp_path):
    settings = settings_from()
    assert (settings.host, settings.port, settings.hosts) == ("127.0.0.1", 8420, ())
    assert len(settings.token) >= 43
    assert settings.worker == "process"
    assert settings.outputs == tmp_path / "data/outputs"


def test_every_flag_reaches_the_settings(settings_from, tmp_path):
    settings = settings_from(
        *("--host", "0.0.0.0", "--port", "0", "--token", "a-token-of-length"),
        *("--allow-host", "a.example", "--allow-host", "https://b.example", "--read-only"),
        *("--device", "cpu", "--dtype", "float32", "--parallel", "3", "--restart", "hold"),
        *("--data", str(tmp_path / "d"), "--cache-dir", str(tmp_path / "c"), "--out", str(tmp_path / "o")),
    )
    assert (settings.host, settings.port, settings.token) == ("0.0.0.0", 0, "a-token-of-length")
    assert (settings.hosts, settings.read_only) == (("a.example", "https://b.example"), True)
    assert (settings.device, settings.dtype, settings.parallel, settings.restart) == ("cpu", "float32", 3, "hold")
    assert (settings.data, settings.cache, settings.outputs) == (tmp_path / "d", tmp_path / "c", tmp_path / "o")


def test_the_folder_of_workflows_can_lie_elsewhere(settings_from, tmp_path):
    assert settings_from().workflows == tmp_path / "data/workflows"
    settings = settings_from("--workflows", str(tmp_path / "mine"))
    assert (settings.workflows, settings.assets) == (tmp_path / "mine", tmp_path / "data/assets")
    with pytest.raises(GraphEngineError, match="must have a name"):
        settings_from("--workflows", "")


def test_checkpoints_lie_where_flags_or_the_environment_say(settings_from, tmp_path):
    assert settings_from().models == (tmp_path / "data/models",)
    assert settings_from(GRAPH_ENGINE_MODELS=os.pathsep.join(["/a", "/b"])).models == (Path("/a"), Path("/b"))
    assert settings_from("--models", "/c", "--models", "/d", GRAPH_ENGINE_MODELS="/a").models == (
        Path("/c"),
        Path("/d"),
    )


def test_folders_come_from_flags_then_from_the_environment(settings_from, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = settings_from("--data", str(tmp_path / "flag"), GRAPH_ENGINE_CACHE="/c", GRAPH_ENGINE_OUTPUTS="/o")
    assert (settings.data, settings.cache, settings.outputs) == (tmp_path / "flag", Path("/c"), Path("/o"))
    assert settings_from("--data", str(tmp_path / "flag")).outputs == tmp_path / "flag/outputs"
    assert settings_from("--data", "relative", "--no-token").data == tmp_path / "relative"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--port", "70000"], "0 to 65535"),
        (["--port", "-1"], "0 to 65535"),
        (["--port", "http"], "0 to 65535"),
        (["--port", "٣"], "0 to 65535"),
        (["--parallel", "0"], "1 to 64"),
        (["--device", "tpu"], "invalid choice"),
        (["--restart", "never"], "invalid choice"),
        (["--token", "a", "--no-token"], "not allowed with"),
        (["--log-format", "xml"], "invalid choice"),
        (["--prot", "1"], "Did you mean '--port'"),
        (["extra"], "unknown argument"),
    ],
)
def test_a_wrong_flag_is_one_line_that_says_what_is_wanted(flags, said):
    with pytest.raises(UsageError, match=said):
        parsed(*flags)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--host", "0.0.0.0", "--no-token"], "leave out --no-token"),
        (["--host", "", "--no-token"], "every address"),
        (["--host", "0.0.0.0", "--token", "short"], "16 or more"),
        (["--token", ""], "leave --token out"),
        (["--token", "two words"], "leave --token out"),
        (["--allow-host", "*"], "--allow-host"),
        (["--data", ""], "leave the flag out"),
    ],
)
def test_what_is_unsafe_is_refused_with_the_next_step(settings_from, flags, said):
    with pytest.raises(GraphEngineError, match=said):
        settings_from(*flags)


def test_the_help_names_every_flag():
    with pytest.raises(HelpWanted) as wanted:
        parsed("--help")
    for flag in ("host", "port", "token", "no-token", "allow-host", "read-only", "device", "dtype", "parallel",
                 "restart", "data", "cache-dir", "out", "log-format"):  # fmt: skip
        assert f"--{flag}" in str(wanted.value)


# The token ----------------------------------------------------------------------------------------------------------


def test_the_token_is_made_once_and_only_its_owner_may_read_it(settings_from, tmp_path):
    first = settings_from().token
    file = tmp_path / "data/token"
    assert file.read_text() == first + "\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert settings_from().token == first


def test_flag_then_environment_then_file(settings_from, tmp_path):
    assert settings_from("--token", "of-the-flag", GRAPH_ENGINE_TOKEN="of-the-environment").token == "of-the-flag"
    assert settings_from(GRAPH_ENGINE_TOKEN="of-the-environment").token == "of-the-environment"
    assert settings_from("--no-token", GRAPH_ENGINE_TOKEN="of-the-environment").token is None
    assert not (tmp_path / "data/token").exists()
    assert settings_from(GRAPH_ENGINE_TOKEN="").token == (tmp_path / "data/token").read_text().strip()


def test_a_token_that_others_could_read_is_closed_and_told(settings_from, tmp_path, capsys):
    token = settings_from().token
    file = tmp_path / "data/token"
    file.chmod(0o644)
    assert settings_from().token == token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "delete it to have a new token" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "\n", "two words\n", "\xff\xfe"])
def test_a_damaged_token_file_is_never_a_token(settings_from, tmp_path, text):
    settings_from()
    file = tmp_path / "data/token"
    file.write_text(text)
    with pytest.raises(GraphEngineError, match="token"):
        settings_from()


def test_a_token_is_not_read_through_a_link(settings_from, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "other").write_text("of-somebody-else")
    (tmp_path / "data/token").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="link"):
        settings_from()


# The link -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:99/?token=a-token-of-length"),
        ("localhost", "http://localhost:99/?token=a-token-of-length"),
        ("0.0.0.0", "http://127.0.0.1:99/?token=a-token-of-length"),
        ("::1", "http://[::1]:99/?token=a-token-of-length"),
        ("192.168.7.5", "http://192.168.7.5:99/?token=a-token-of-length"),
    ],
)
def test_the_link_opens_what_is_served(settings_from, host, expected):
    assert command.link(settings_from("--host", host, "--token", "a-token-of-length"), 99) == expected


def test_without_a_token_the_link_has_none(settings_from):
    assert command.link(settings_from("--no-token"), 99) == "http://127.0.0.1:99/"


# Quick and quiet ----------------------------------------------------------------------------------------------------


def python(*code, **variables):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "web"), str(ROOT)]), **variables}
    return subprocess.Popen(
        [sys.executable, "-c", *code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def test_the_shell_loads_nothing_of_the_server_until_it_serves():
    code = "import sys, graph_web; print({name.partition('.')[0] for name in sys.modules} & set(sys.argv[1:]))"
    out, err = python(code, "aiohttp", "msgspec", "structlog", "prometheus_client", "sqlite3", "torch").communicate()
    assert (out.strip(), err) == ("set()", "")


SERVE = """
import sys, graph_web
from graph_engine.cli import main
from graph_engine.cli.environment import Environment
from graph_engine.plugins import pack_from_module
sys.exit(main(sys.argv[1:], Environment(packs=lambda: [pack_from_module("web", graph_web)])))
"""


@pytest.fixture
def serving(tmp_path):
    """Starts `graph-engine serve` with flags in a process of its own."""
    started = []

    def start(*flags):
        process = python(SERVE, "serve", *flags, GRAPH_ENGINE_DATA=str(tmp_path / "data"))
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def fetch(address):
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    try:
        with opener.open(address, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_printed_link_is_the_only_line_and_opens_the_server(serving):
    process = serving("--port", "0", "--device", "cpu")
    link = process.stdout.readline().strip()
    base, _, token = link.partition("/?token=")
    assert base.startswith("http://127.0.0.1:")
    assert len(token) >= 43
    assert fetch(f"{base}/healthz") == 200
    assert fetch(f"{base}/api/v1/nodes") == 401
    assert fetch(link) in (200, 404)  # 404 as long as no editor is built
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert token not in err


def test_a_call_that_would_be_open_to_strangers_ends_at_once(serving):
    out, err = (process := serving("--host", "0.0.0.0", "--no-token")).communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("graph-engine: 0.0.0.0 can be reached by other machines")
    assert err.count("\n") == 1


# Logs ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def log_stream():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def log_something():
    structlog.get_logger("graph_web.queue").info("run ended", run="r1", seconds=1.5)
    try:
        raise ValueError("wrong")
    except ValueError as error:
        logging.getLogger("graph_web.security").error("%s failed", "GET /x", exc_info=error)


def test_logs_are_json_lines_for_programs(log_stream):
    write_logs(log_stream, "json")
    log_something()
    first, second = [json.loads(line) for line in log_stream.getvalue().splitlines()]
    assert (first["event"], first["run"], first["seconds"], first["level"]) == ("run ended", "r1", 1.5, "info")
    assert (second["event"], second["logger"]) == ("GET /x failed", "graph_web.security")
    assert "ValueError: wrong" in second["exception"]
    assert {"timestamp"} <= first.keys() & second.keys()


def test_logs_are_text_for_people(log_stream):
    write_logs(log_stream, "text")
    log_something()
    text = log_stream.getvalue()
    assert "run ended" in text
    assert "seconds=1.5" in text
    assert "ValueError: wrong" in text
    assert "\x1b" not in text
