"""A new user's first minutes: the link, a picture, one change, and only what depends on it runs again."""

from __future__ import annotations

from .editor import Editor

GLIDE = "A picture from words, by GLIDE"
CHAIN = {
    "nodes": {
        "draw": {"node": "shapes.render", "with": {"prompt": "a red circle", "size": 64}},
        "blur": {"node": "core.blur", "from": {"image": "draw.image"}},
        "save": {"node": "core.save_image", "with": {"name": "chain"}, "from": {"image": "blur"}},
    },
    "outputs": {"image": "save"},
}


def test_a_saved_workflow_runs_and_its_picture_is_shown(editor: Editor) -> None:
    editor.open("chain", CHAIN)
    editor.run()
    picture = editor.page.get_by_role("complementary", name="Result").locator("img.large")
    picture.wait_for()
    assert picture.evaluate("(img) => img.naturalWidth") == 64
