"""Saved workflows: nothing that was saved is lost, nobody overwrites what they have not seen, names stay names."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path

import pytest
from graph_web.errors import Failure
from graph_web.library import Library, check_name
from graph_web.revisions import KEPT
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_engine import WorkflowError
from graph_engine.reader import MAX_BYTES

FLOW = """\
# a comment
format: 1
title: '{title}'
description: about it
nodes:
  n: {{node: toy.number, with: {{value: 5}}}}
"""


def flow(title: str = "One") -> str:
    return FLOW.format(title=title)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "workflows", tmp_path / "trash")


def refused(status: int, function, *args, **options) -> Failure:
    with pytest.raises(Failure) as caught:
        function(*args, **options)
    assert caught.value.status == status, caught.value
    return caught.value


def test_what_is_saved_is_read_back_to_the_byte(library):
    saved = library.save("one", flow())
    assert (saved.name, saved.title, saved.description, saved.problem) == ("one", "One", "about it", "")
    assert library.read("one") == (flow(), saved.etag)
    assert (library.folder / "one.yaml").read_text() == flow()
    assert library.list() == [saved]


def test_a_json_document_becomes_yaml_that_means_the_same(library):
    document = {"format": 1, "title": "\U0001f600 no", "nodes": {"n": {"node": "toy.text", "with": {"value": "1:30"}}}}
    library.save("one", json.dumps(document), json=True)
    workflow, _ = library.load("one")
    assert (workflow.title, workflow.nodes["n"].values) == ("\U0001f600 no", {"value": "1:30"})
    assert workflow.source == library.folder / "one.yaml"


def test_a_draft_with_unknown_nodes_and_wrong_links_is_saved(library):
    library.save("draft", "format: 1\nnodes:\n  a: {node: no.such, from: {x: nobody.there}}\n")
    assert library.load("draft")[0].nodes["a"].type == "no.such"


NO_DOCUMENTS = [
    ("", "a workflow must be a mapping"),
    ("[1]", "a workflow must be a mapping"),
    ("nodes: {}", "'format' is missing"),
    ("format: 1\nnodes: {}\nnodes: {}", "the key 'nodes' stands twice"),
    ("format: 1\nnodes: &a {b: *a}", "anchors"),
    ("format: 1\nnodes: !!python/object:os.system {}", "the tag"),
    ("format: 1\nnodes: {", "not YAML"),
    ("format: 1\ntitle: a\0b", "NUL"),
    ("format: 1\ntitle: '\ud800'", "surrogate"),
    ("format: 1\ntitle: '" + "é" * (MAX_BYTES // 2) + "'", "larger than 8 MB"),
    ("format: 1\nnodes: " + "[" * 100, "nested deeper"),
]


@pytest.mark.parametrize(("text", "message"), NO_DOCUMENTS, ids=[message for _, message in NO_DOCUMENTS])
def test_what_is_no_workflow_document_is_refused_and_nothing_changes(library, text, message):
    saved = library.save("one", flow())
    with pytest.raises(WorkflowError, match=message):
        library.save("one", text, saved.etag)
    assert library.read("one") == (flow(), saved.etag)
    assert library.revisions("one") == []


JSON_REFUSED = [
    '{"format": 1, "format": 1}',
    "[" * 100_000,
    '{"format": 1, "title": "\\ud800"}',
    '{"format": NaN}',
    "{",
]


@pytest.mark.parametrize("text", JSON_REFUSED)
def test_json_is_read_as_strictly_as_a_file(library, text):
    with pytest.raises(WorkflowError):
        library.save("one", text, json=True)
    assert library.list() == []


def test_problems_name_the_file_and_line_but_not_where_the_server_keeps_it(library):
    with pytest.raises(WorkflowError) as caught:
        library.save("one", "format: 1\nnodes:\n  a: {node: 5}\n")
    assert str(caught.value).startswith("one.yaml:3: ")


# Versions -------------------------------------------------------------------------------------------------------------


def test_an_existing_workflow_is_replaced_only_by_who_saw_its_last_version(library):
    first = library.save("one", flow("One"))
    assert "If-Match" in str(refused(428, library.save, "one", flow("Two")))
    second = library.save("one", flow("Two"), first.etag)
    lost = refused(412, library.save, "one", flow("Three"), first.etag)
    assert lost.headers == {"ETag": second.etag}
    assert library.load("one")[0].title == "Two"
    assert library.save("one", flow("Three"), "*").title == "Three"
    assert library.save("one", flow("Four"), f'"other", {library.read("one")[1]}').title == "Four"


def test_a_save_that_only_creates_is_refused_when_the_name_is_taken(library):
    library.save("one", flow(), None, "*")
    refused(412, library.save, "one", flow("Two"), None, "*")


def test_a_workflow_that_was_deleted_meanwhile_is_not_brought_back_by_accident(library):
    saved = library.save("one", flow())
    library.delete("one", saved.etag)
    assert "without If-Match" in str(refused(412, library.save, "one", flow("Two"), saved.etag))


def test_delete_and_rename_check_the_version_when_it_is_given(library):
    saved = library.save("one", flow())
    refused(412, library.delete, "one", '"other"')
    refused(412, library.rename, "one", "two", '"other"')
    assert library.rename("one", "two", saved.etag).name == "two"
    library.delete("two")
    assert library.list() == []


def test_of_many_saves_at_once_with_one_etag_one_wins(library):
    etag = library.save("one", flow()).etag
    outcomes: list[str] = []

    def save(number: int) -> None:
        try:
            outcomes.append(library.save("one", flow(f"by {number}"), etag).title)
        except Failure as error:
            outcomes.append(error.report.type)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[:7] == ["Changed"] * 7
    assert library.load("one")[0].title == sorted(outcomes)[7]


# Names ----------------------------------------------------------------------------------------------------------------

BAD_NAMES = [
    "", ".", "..", ".hidden", "../x", "a/b", "a\\b", "/etc/passwd", "C:x", "a:b", "a\x00", "a\n", "é", "a" * 81, " a",
    "a ", "a.", "con", "NUL", "aux.x", "com1", "x.yaml", "x.YML", "x.json", "-x", "%2e%2e", "a\ud800", "~", "a*", "_x",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_what_can_be_no_file_name_everywhere_can_be_no_name(library, name):
    for call in (library.load, library.read, library.delete, library.revisions, library.exists):
        assert "a name has 1 to 80" in str(refused(400, call, name))
    refused(400, library.save, name, flow())
    library.save("one", flow())
    refused(400, library.rename, "one", name)
    assert [path.name for path in library.folder.iterdir()] == ["one.yaml"]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=90) | st.from_regex(r"[A-Za-z0-9 ./\\_-]{1,20}", fullmatch=True))
def test_a_name_that_passes_is_a_plain_file_name(name):
    try:
        check_name(name)
    except Failure:
        return
    assert "/" not in name
    assert "\\" not in name
    assert name.strip(" .") == name
    assert len(name) <= 80


def test_names_that_differ_in_case_alone_are_refused(library):
    library.save("Glide", flow())
    library.save("other", flow())
    assert "'Glide'" in str(refused(409, library.save, "glide", flow()))
    refused(409, library.rename, "other", "GLIDE")
    refused(409, library.rename, "other", "Glide")
    assert library.rename("Glide", "glide").name == "glide"


def test_an_unknown_name_says_where_names_are_listed(library):
    for call in (library.load, library.read, library.delete, library.revisions, library.open):
        assert "GET /api/v1/workflows" in str(refused(404, call, "nobody"))
    refused(404, library.rename, "nobody", "somebody")
    refused(404, library.read_revision, "nobody", "x")


# Files that a person puts there ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".yml", ".json", ".yaml"])
def test_a_file_that_a_person_put_there_is_found_and_keeps_its_text_as_a_revision(library, ending):
    library.folder.mkdir()
    text = '{"format": 1, "title": "By hand", "nodes": {}}'
    (library.folder / f"one{ending}").write_text(text)
    assert [item.title for item in library.list()] == ["By hand"]
    library.save("one", flow(), library.read("one")[1])
    assert [path.name for path in library.folder.glob("one*")] == ["one.yaml"]
    (revision,) = library.revisions("one")
    assert library.read_revision("one", revision.id) == text
    assert library.restore("one", revision.id).title == "By hand"


def test_a_broken_file_is_listed_with_its_problem_and_can_be_read_and_mended(library):
    library.folder.mkdir()
    (library.folder / "broken.yaml").write_text("format: 1\nnodes: {")
    (library.folder / "binary.yaml").write_bytes(b"format: 1\n\xff\xfe")
    (library.folder / "huge.yaml").write_bytes(b" " * (MAX_BYTES + 1))
    (library.folder / "bad name!.yaml").write_text(flow())
    (library.folder / "nowhere.yaml").symlink_to("/nowhere")
    found = {item.name: item.problem for item in library.list()}
    assert found.keys() == {"broken", "binary", "huge", "bad name!", "nowhere"}
    assert all(found.values())
    assert found["broken"].startswith("broken.yaml:3: not YAML")
    text, etag = library.read("broken")
    assert library.save("broken", text + "}", etag).problem == ""
    refused(422, library.read, "binary")
    for name in ("binary", "huge"):
        refused(428, library.save, name, flow())
        library.save(name, flow(), "*")
    assert [item.name for item in library.list() if item.problem] == ["bad name!", "nowhere"]


def test_what_is_no_workflow_file_is_not_listed(library):
    library.save("one", flow())
    for name in (".hidden.yaml", "notes.txt", "README"):
        (library.folder / name).write_text("x")
    (library.folder / "folder.yaml").mkdir()
    assert [item.name for item in library.list()] == ["one"]


def test_a_link_that_leads_out_is_never_followed(library, tmp_path):
    library.folder.mkdir()
    (tmp_path / "secret.yaml").write_text(flow("secret"))
    (library.folder / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    refused(404, library.load, "link")
    refused(404, library.read, "link")
    (listed,) = library.list()
    assert (listed.title, "leads out" in listed.problem) == ("", True)


def test_an_edit_by_hand_is_seen_at_once_and_an_unchanged_file_is_parsed_once(library):
    library.save("one", flow("One"))
    first, _ = library.load("one")
    assert library.load("one")[0] is first
    (library.folder / "one.yaml").write_text(flow("Two"))
    assert library.load("one")[0].title == "Two"
    assert library.list()[0].title == "Two"


def test_many_files_are_listed_without_reading_them_again(library, monkeypatch):
    for number in range(300):
        library.folder.mkdir(exist_ok=True)
        (library.folder / f"flow {number}.yaml").write_text(flow(str(number)))
    first = library.list()
    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", lambda *_: pytest.fail("a file was read"))
        assert library.list() == first
    assert len(first) == 300


# Revisions and trash --------------------------------------------------------------------------------------------------


def test_every_text_that_was_replaced_can_be_had_again(library):
    for title in ("One", "Two", "Three"):
        library.save("one", flow(title), "*" if title != "One" else None)
    newest, oldest = library.revisions("one")
    assert library.read_revision("one", oldest.id) == flow("One")
    assert library.read_revision("one", newest.id) == flow("Two")
    assert oldest.created <= newest.created
    assert library.restore("one", oldest.id).title == "One"
    assert library.read_revision("one", library.revisions("one")[0].id) == flow("Three")


def test_saving_the_same_text_again_makes_no_revision(library):
    first = library.save("one", flow())
    assert library.save("one", flow(), first.etag) == first
    assert library.revisions("one") == []


def test_the_newest_fifty_revisions_are_kept(library):
    library.save("one", flow("0"))
    for number in range(1, KEPT + 6):
        library.save("one", flow(str(number)), "*")
    found = library.revisions("one")
    assert [library.read_revision("one", item.id) for item in (found[0], found[-1])] == [flow("54"), flow("5")]
    assert len(found) == KEPT


def test_a_clock_that_is_set_back_leaves_revisions_in_order(library, monkeypatch):
    library.save("one", flow("0"))
    for number, now in enumerate([2e9, 1e9, 1.5e9], 1):
        monkeypatch.setattr("time.time", lambda now=now: now)
        library.save("one", flow(str(number)), "*")
    titles = [library.read_revision("one", item.id) for item in library.revisions("one")]
    assert titles == [flow("2"), flow("1"), flow("0")]


def test_other_files_of_the_same_name_are_passed_over(library):
    library.save("one", flow("One"))
    (library.folder / "one").mkdir()
    for ending in (".png", ".txt", ".bak"):
        (library.folder / f"one{ending}").touch()
    assert [saved.name for saved in library.list()] == ["one"]


@pytest.mark.parametrize("revision", ["", "../../x", "x", "1234567890123-00000000", "\ud800"])
def test_an_unknown_revision_is_not_found(library, revision):
    library.save("one", flow())
    refused(404, library.read_revision, "one", revision)
    refused(404, library.restore, "one", revision)


def test_revisions_follow_a_rename_and_go_to_the_trash_together(library, tmp_path):
    library.save("one", flow("One"))
    library.save("one", flow("Two"), "*")
    library.rename("one", "two")
    assert len(library.revisions("two")) == 1
    library.delete("two")
    assert not list(library.folder.rglob("*two*"))
    (trashed,) = (tmp_path / "trash" / "workflows").iterdir()
    assert trashed.name.endswith("-two")
    assert (trashed / "two.yaml").read_text() == flow("Two")
    assert len(list((trashed / "two").iterdir())) == 1
    library.save("two", flow("New"))
    assert library.revisions("two") == []
    library.delete("two")
    assert len(list((tmp_path / "trash" / "workflows").iterdir())) == 2


# A disk that fails ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "status"), [(errno.ENOSPC, 507), (errno.EROFS, 503), (errno.EIO, 503)])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_the_old_text_and_says_what_to_do(library, monkeypatch, code, status, call):
    library.save("one", flow())

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        error = refused(status, library.save, "one", flow("Two"), "*")
    assert "try again" in str(error)
    assert library.read("one")[0] == flow()
    assert not list(library.folder.rglob("*.tmp"))
    assert library.save("one", flow("Two"), "*").title == "Two"
