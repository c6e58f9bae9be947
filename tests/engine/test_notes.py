"""What documentation says of single sockets, in the ways in which people write it."""
# ruff: noqa: E501 - one case a line

from __future__ import annotations

import pytest

from graph_engine.notes import socket_notes

CASES = [
    ("Blur.\n\nsigma: in pixels; 0 changes nothing.", {"sigma": "in pixels; 0 changes nothing"}),
    ("Blur. sigma: in pixels. image: the picture.", {"sigma": "in pixels", "image": "the picture"}),
    ("Blur.\n\nleft, top: the corner. size:\nits side,\nin pixels.", {"left": "the corner", "top": "the corner", "size": "its side, in pixels"}),
    ("Blur.\n\nsigma: in pixels.\n\nWhat comes next is of the node.", {"sigma": "in pixels"}),
    ("Blur.\n\nsigma: in pixels. Raises Misfit when it is not.", {"sigma": "in pixels"}),
    ("Blur.\n\nArgs:\n    image: the picture,\n        of any size\n    sigma (float): in pixels\n", {"image": "the picture, of any size", "sigma": "in pixels"}),
    ("Blur.\n\n:param image: the picture\n:param sigma: in pixels\n:returns: a picture", {"image": "the picture", "sigma": "in pixels"}),
    ("Show an image: white where something may change.", {}),
    ("Blur.\n\nmy_sigma: no. sigma_x: no. The sigma: no.", {}),
    ("Blur.\n\nsigma: first. sigma: second.", {"sigma": "first"}),
    ("Blur.\n\nsigma: .", {}),
    ("", {}),
]  # fmt: skip


@pytest.mark.parametrize(("doc", "expected"), CASES)
def test_the_text_about_each_socket_is_found(doc, expected):
    assert socket_notes(doc, ["image", "sigma", "left", "top", "size"]) == expected


def test_a_node_without_sockets_and_one_with_strange_names_are_read():
    assert socket_notes("Anything: at all.", []) == {}
    assert socket_notes("a. a: one. ab: two.", ["a", "ab"]) == {"a": "one", "ab": "two"}
