"""Where the folders are: the environment before the settings file before the platform's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_engine.errors import GraphEngineError
from graph_engine.settings import DEVICES, Locations, pick_device


def found(tmp_path: Path, text: str, **environment: str) -> Locations:
    file = tmp_path / "mine" / "settings.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return Locations.find({"GRAPH_ENGINE_SETTINGS": str(file), **environment})


def test_the_settings_file_names_folders_relative_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    places = found(tmp_path, "data: here\noutputs: ~/pictures\nmodels: [/disk/models, more]\n")
    assert places.data == tmp_path / "mine" / "here"
    assert places.outputs == Path("/home/me/pictures")
    assert places.models == (Path("/disk/models"), tmp_path / "mine" / "more")
    assert found(tmp_path, "models: /disk/models").models == (Path("/disk/models"),)


def test_the_environment_goes_before_the_file_and_the_file_before_the_platform(tmp_path: Path) -> None:
    text = "models: /of/the/file\ncache: /of/the/file\n"
    places = found(tmp_path, text, GRAPH_ENGINE_MODELS="/one:/two", GRAPH_ENGINE_DATA="/data")
    assert places == Locations(Path("/data"), Path("/of/the/file"), Path("/data/outputs"), (Path("/one"), Path("/two")))
    assert found(tmp_path, "# nothing\n", GRAPH_ENGINE_DATA="/data").models == (Path("/data/models"),)


def test_without_a_name_the_file_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    platform = Locations.find({})
    (tmp_path / "graph-engine").mkdir()
    (tmp_path / "graph-engine" / "settings.yaml").write_text("models: [/disk]\n")
    assert Locations.find({}) == Locations(platform.data, platform.cache, platform.outputs, (Path("/disk"),))


WRONG = {
    "model: /disk\noutputs: 3\n": [
        "settings.yaml:1: unknown setting 'model'. Did you mean 'models'? The settings: data, cache, outputs, models",
        "settings.yaml:2: 'outputs' wants a folder; found 3",
    ],
    "data: [/a, /b]": ['settings.yaml:1: \'data\' wants a folder; found ["/a", "/b"]'],
    "models: [/a, '']": ['settings.yaml:1: \'models\' wants a folder or a list of folders; found ["/a", ""]'],
    "- models": ["settings.yaml:1: wants a mapping of data, cache, outputs, models to folders"],
    "models: &a [x]": ["settings.yaml:1: anchors"],
    "models: [": ["settings.yaml:2: not YAML"],
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_settings_file_is_told_by_its_lines(text: str, tmp_path: Path) -> None:
    with pytest.raises(GraphEngineError) as caught:
        found(tmp_path, text)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(WRONG[text])
    for line, wanted in zip(lines, WRONG[text], strict=True):
        assert wanted in line


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(GraphEngineError, match=r"GRAPH_ENGINE_SETTINGS names .*absent.yaml, which is not there"):
        Locations.find({"GRAPH_ENGINE_SETTINGS": str(tmp_path / "absent.yaml")})
    with pytest.raises(GraphEngineError, match="cannot be read"):
        Locations.find({"GRAPH_ENGINE_SETTINGS": str(tmp_path)})


def test_a_device_that_is_not_here_is_refused_before_anything_runs() -> None:
    import torch

    here = {
        "auto",
        "cpu",
        *(["cuda"] if torch.cuda.is_available() else []),
        *(["mps"] if torch.mps.is_available() else []),
    }
    for name in DEVICES:
        if name in here:
            assert pick_device(name) in here
        else:
            with pytest.raises(GraphEngineError, match=f"there is no device '{name}' here; leave --device out"):
                pick_device(name)
