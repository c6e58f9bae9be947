"""Text files that workflows write."""

from __future__ import annotations

from pathlib import Path

import pytest
from graph_nodes.text_files import save_text

from graph_engine import Context
from graph_engine.files import FileRefused, digest_file
from graph_engine.kinds import kind_of


def test_texts_are_numbered_utf8_files_that_end_in_a_line(context: Context, tmp_path: Path) -> None:
    first = save_text(context, "prompt,score\nKreis rot,½", "tables/key", "csv").file
    second = save_text(context, "again\n", "tables/key", "csv").file
    other = save_text(context, "other ending", "tables/key").file
    names = [str(Path(saved.paths[0]).relative_to(tmp_path / "outputs")) for saved in (first, second, other)]
    assert names == ["tables/key-0001.csv", "tables/key-0002.csv", "tables/key-0001.txt"]
    assert Path(first.paths[0]).read_bytes() == "prompt,score\nKreis rot,½\n".encode()
    assert Path(second.paths[0]).read_text() == "again\n"
    assert first.digests == (digest_file(first.paths[0]),)


def test_a_saved_text_counts_only_while_its_file_stands(context: Context) -> None:
    saved = save_text(context, "key").file
    found = kind_of(saved)
    assert found is not None
    assert found.is_current is not None
    assert found.is_current(saved)
    Path(saved.paths[0]).unlink()
    assert not found.is_current(saved)


def test_the_name_stays_in_the_output_folder(context: Context) -> None:
    with pytest.raises(FileRefused):
        save_text(context, "key", "../up")
