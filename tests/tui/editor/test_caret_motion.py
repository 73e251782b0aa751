"""Moving and deleting by clusters and words in the running editor."""

from pathlib import Path

import pytest
from textual.widgets.text_area import Selection

from crdtnotes_tui.editor import caret_motion
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run

FAMILY = "👨\u200d👩\u200d👧"


@pytest.fixture(autouse=True)
def without_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caret_motion, "segmenter", lambda: None)


@pytest.mark.parametrize(
    ("text", "caret", "key", "left"),
    [
        ("xe\u0301", 3, "backspace", "x"),
        (f"a{FAMILY}", 6, "backspace", "a"),
        (f"a{FAMILY}b", 1, "delete", "ab"),
        ("🇨🇳🇩🇪", 4, "backspace", "🇨🇳"),
        ("\u1112\u1161\u11ab글", 0, "delete", "글"),
        ("❤\ufe0f!", 2, "backspace", "!"),
        ("用CRDT同步，好", 9, "ctrl+w", "用CRDT同步，"),
        ("用CRDT同步", 7, "ctrl+w", "用CRDT"),
        ("one two", 7, "ctrl+w", "one "),
        ("用CRDT同步", 1, "ctrl+delete", "用同步"),
        ("one two", 0, "ctrl+delete", " two"),
        ("one two", 3, "alt+delete", "one"),
    ],
)
def test_deleting_leaves_no_half(tmp_path: Path, text: str, caret: int, key: str, left: str) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=text), "n") as workspace:
            workspace.editor.caret_to(caret)
            await workspace.press(key)
            assert workspace.text == left
            await workspace.saved()
            assert workspace.stored() == left

    run(main())


@pytest.mark.parametrize(
    ("text", "keys", "stops"),
    [
        (f"e\u0301{FAMILY}x", ["right"] * 3, [2, 7, 8]),
        (f"e\u0301{FAMILY}x", ["end", "left", "left", "left"], [8, 7, 2, 0]),
        ("用CRDT同步，好", ["ctrl+right"] * 5, [1, 5, 7, 8, 9]),
        ("用CRDT同步，好", ["end"] + ["ctrl+left"] * 5, [9, 8, 7, 5, 1, 0]),
    ],
)
def test_the_caret_goes_by_clusters_and_words(
    tmp_path: Path, text: str, keys: list[str], stops: list[int]
) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=text), "n") as workspace:
            workspace.editor.caret_to(0)
            found = []
            for key in keys:
                await workspace.press(key)
                found.append(workspace.editor.cursor_location[1])
            assert found == stops

    run(main())


def test_deleting_to_the_right_ends_with_the_word(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="用CRDT同步"), "n") as workspace:
            workspace.editor.caret_to(1)
            workspace.editor.action_delete_word_right()
            assert workspace.text == "用同步"
            await workspace.press("shift+right")
            workspace.editor.action_delete_word_right()
            assert workspace.text == "用步"

    run(main())


def test_words_of_a_dictionary_are_used_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def segment(text: str) -> list[str]:
        return [text[at : at + 2] for at in range(0, len(text), 2)]

    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="分布系统"), "n") as workspace:
            await workspace.press("ctrl+left")
            assert workspace.editor.cursor_location == (0, 2)

    monkeypatch.setattr(caret_motion, "segmenter", lambda: segment)
    run(main())


def test_a_double_click_selects_a_word(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="用CRDT同步，好"), "n") as workspace:
            await workspace.pilot.click(workspace.editor, offset=(5, 0), times=2)
            assert workspace.editor.selected_text == "CRDT"
            assert workspace.editor.selection == Selection((0, 1), (0, 5))

    run(main())


def test_a_click_and_a_remote_position_never_lead_into_a_cluster(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=f"a{FAMILY}b"), "n") as workspace:
            for position in range(1, 6):
                workspace.editor.caret_to(position)
                assert workspace.editor.caret == 1

    run(main())


def test_up_and_down_keep_the_cell(tmp_path: Path) -> None:
    text = f"{FAMILY}bcdefg\n中文中文\n\nabcdefgh"

    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=text), "n") as workspace:
            editor = workspace.editor
            editor.move_cursor((3, 5))
            for row, column in ((2, 0), (1, 2), (0, 8), (1, 2), (2, 0), (3, 5)):
                await workspace.press("up" if row < editor.cursor_location[0] else "down")
                assert editor.cursor_location == (row, column)

    run(main())


def test_the_caret_covers_a_whole_cluster(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=f"a{FAMILY}b"), "n") as workspace:
            workspace.editor.caret_to(1)
            await workspace.pilot.pause()
            assert FAMILY in [segment.text for segment in workspace.editor.render_line(0)]

    run(main())
