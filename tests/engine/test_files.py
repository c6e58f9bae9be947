"""Paths that a workflow names open only files inside a root."""
# ruff: noqa: E501 - one case a line

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_engine.files import FileRefused, atomic_write, check_relative, find_in_roots, safe_name

REFUSED = [
    "", "/", "/etc/passwd", "//etc/passwd", "///etc/passwd", "~", "~/x", "~root/.ssh/id_rsa",
    "..", "../x", "a/../../x", "a/..", "./../x", "a/b/../../../x", "../" * 20 + "etc/passwd",
    "..\\x", "a\\..\\..\\x", "C:\\Windows\\win.ini", "C:/Windows/win.ini", "c:x", "\\\\host\\share\\x", "//host/share/x",
    "file:///etc/passwd", "http://host/x", "a:stream", "cat.png::$DATA", "a\x00b", "cat.png\x00.jpg", "a\nb", "a\rb", "\x7f",
    "con", "CON", "nul.txt", "a/prn", "AUX.png", "com1", "lpt9.txt", "a" * 256, "a/" + "\u00e9" * 128, "\\",
]  # fmt: skip


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_that_is_not_plain_and_relative_is_refused(tmp_path, path):
    with pytest.raises(FileRefused, match="give a path relative to the workflow's folder or the input folder"):
        find_in_roots(path, [tmp_path])


NOT_THERE = [
    "....//x", "%2e%2e/x", "%2e%2e%2fx", "..%2fx", "%252e%252e/x", "\u2025/x", "\uff0e\uff0e/x", "\u2024\u2024/x",
    "..\u2215x", "a/./b", ".", "./", "sub", "sub/", "x" * 255, "/".join(["y" * 200] * 30), "\ud800", "...", "..;/x",
]  # fmt: skip


@pytest.mark.parametrize("path", NOT_THERE)
def test_a_path_that_only_looks_clever_names_no_file(tmp_path, path):
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "x").write_text("outside")
    with pytest.raises((FileNotFoundError, FileRefused)):
        find_in_roots(path, [tmp_path / "root"])


@pytest.fixture
def root(tmp_path):
    """A root with files, and links that lead everywhere."""
    inside = tmp_path / "root"
    (inside / "sub").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (inside / "cat.txt").write_text("cat")
    (inside / "sub" / "dog.txt").write_text("dog")
    (inside / "out.txt").symlink_to(tmp_path / "secret.txt")
    (inside / "up").symlink_to("..")
    (inside / "etc").symlink_to("/etc")
    (inside / "in.txt").symlink_to("sub/dog.txt")
    (inside / "ring").symlink_to("ring")
    os.mkfifo(inside / "pipe")
    return inside


def test_files_below_a_root_are_found_also_through_links_that_stay_inside(root):
    assert find_in_roots("cat.txt", [root]).read_text() == "cat"
    assert find_in_roots("./sub//dog.txt", [root]).read_text() == "dog"
    assert find_in_roots("in.txt", [root.parent / "none", root]).read_text() == "dog"


@pytest.mark.parametrize(
    "path", ["out.txt", "up/secret.txt", "etc/passwd", "sub/../out.txt", "up/root/cat.txt/../../x"]
)
def test_links_that_lead_out_are_refused(root, path):
    with pytest.raises(FileRefused):
        find_in_roots(path, [root])


@pytest.mark.parametrize("path", ["ring", "ring/x", "pipe", "sub", "cat.txt/x"])
def test_what_is_no_file_is_an_error_and_never_a_hang(root, path):
    with pytest.raises((FileNotFoundError, FileRefused)):
        find_in_roots(path, [root])


def test_a_file_that_the_user_named_in_person_is_found_wherever_it_is(root):
    secret = root.parent / "secret.txt"
    assert find_in_roots(str(secret), [root], [secret]) == secret
    with pytest.raises(FileRefused):
        find_in_roots(f"{secret}x", [root], [secret])


def test_a_folder_is_found_by_the_same_rules(root):
    assert find_in_roots("sub", [root.parent / "none", root], folder=True) == (root / "sub").resolve()
    assert find_in_roots(".", [root], folder=True) == root.resolve()
    assert find_in_roots(str(root.parent), [root], [root.parent], folder=True) == root.parent
    for path in ("up", "etc", "..", "sub/../..", str(root.parent)):
        with pytest.raises(FileRefused):
            find_in_roots(path, [root], folder=True)
    with pytest.raises(FileNotFoundError, match=r"no folder 'cat.txt' in"):
        find_in_roots("cat.txt", [root], folder=True)


pieces = st.sampled_from(
    ["..", ".", "", "sub", "up", "etc", "out.txt", "cat.txt", "passwd", "secret.txt", "root", "~", "ring"]
)


@settings(max_examples=400, deadline=None)
@given(parts=st.lists(pieces | st.text(max_size=4), max_size=6), lead=st.sampled_from(["", "/", "./", "\\"]))
def test_whatever_is_opened_lies_in_the_root(tmp_path_factory, parts, lead):
    base = tmp_path_factory.getbasetemp() / "fuzz"
    inside = base / "root"
    if not inside.exists():
        (inside / "sub").mkdir(parents=True)
        (base / "secret.txt").write_text("secret")
        (inside / "cat.txt").write_text("cat")
        (inside / "out.txt").symlink_to(base / "secret.txt")
        (inside / "up").symlink_to("..")
        (inside / "etc").symlink_to("/etc")
        (inside / "ring").symlink_to("ring")
    try:
        found = find_in_roots(lead + "/".join(parts), [inside])
    except (FileRefused, FileNotFoundError):
        return
    assert Path(os.path.realpath(found)).is_relative_to(os.path.realpath(inside))
    assert found.is_file()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120))
def test_a_safe_name_is_one_plain_file_name(label):
    name = safe_name(label)
    assert check_relative(name).parts == (name,)
    assert not name.startswith(".")


def test_an_atomic_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "sub" / "a.txt"
    with atomic_write(target, durable=True) as temporary:
        temporary.write_text("old")

    class Stop(BaseException):
        pass

    def write_half() -> None:
        with atomic_write(target) as temporary:
            temporary.write_text("new")
            raise Stop

    with pytest.raises(Stop):
        write_half()
    assert [path.name for path in target.parent.iterdir()] == ["a.txt"]
    assert target.read_text() == "old"
