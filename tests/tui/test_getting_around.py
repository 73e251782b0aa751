from datetime import date
from pathlib import Path

import pytest
from textual.widgets import Input

from crdtnotes import Vault
from crdtnotes_tui.screens.picker import Picker
from crdtnotes_tui.widgets.line_input import LineInput
from crdtnotes_tui.widgets.linked import Linked
from crdtnotes_tui.widgets.tree import NotesTree
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run, until


def some(path: Path) -> Path:
    return vault_of(
        path,
        n="start\n",
        en__CRDT="# CRDT\n\nmerges without asking\n\n## Why it works\n\nsee [[n]]\n",
        zh__CAP定理="---\naliases: [CAP]\n---\n分布式系统 ^block\n",
    )


def test_the_switcher_opens_by_a_few_letters_and_back_returns(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.press("ctrl+o")
            await desk.type("crd")
            await desk.sees("en/CRDT")
            await desk.press("enter")
            await desk.shows("en/CRDT")
            await desk.press("alt+left")
            await desk.shows("n")
            assert desk.editor.cursor_location == (1, 0)
            await desk.press("alt+right")
            await desk.shows("en/CRDT")

    run(main())


def test_the_switcher_finds_aliases_and_makes_notes(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.press("ctrl+o")
            await desk.type("CAP")
            await desk.press("enter")
            await desk.shows("zh/CAP定理")
            await desk.press("ctrl+o")
            await desk.type("新/主意")
            await desk.sees("make this note")
            await desk.press("enter")
            await desk.shows("新/主意")
            await desk.type("好")
            await desk.saved()
            assert desk.stored("新/主意") == "好"

    run(main())


def test_escape_leaves_everything_as_it_was(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.press("ctrl+o", "x", "escape")
            assert not isinstance(desk.app.screen, Picker)
            await desk.type("!")
            await desk.saved()
            assert desk.stored("n") == "start\n!"

    run(main())


def test_search_as_you_type_goes_to_the_line(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.press("ctrl+g")
            await desk.type("asking")
            await desk.sees("merges without asking")
            desk.app.screen.query_one(Input).value = "系统"
            await desk.sees("分布式系统")
            desk.app.screen.query_one(Input).value = "why work"
            await desk.sees("## Why it works")
            await desk.press("enter")
            await desk.shows("en/CRDT")
            await until(lambda: desk.editor.cursor_location == (4, 0))

    run(main())


def test_today(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.press("ctrl+t")
            await desk.shows(date.today().isoformat())

    run(main())


def test_typing_a_link_completes_it_by_name_and_alias(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.type("see [[cr")
            await desk.sees("en/CRDT")
            await desk.press("tab")
            await desk.type(" and 【【CA")
            await desk.sees("zh/CAP定理")
            await desk.press("enter")
            await desk.type(".")
            await desk.saved()
            assert desk.stored() == "start\nsee [[CRDT]] and [[CAP]]."

    run(main())


def test_after_a_hash_headings_and_blocks_are_offered(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.type("[[CRDT#why")
            await desk.sees("Why it works")
            await desk.press("enter")
            assert desk.text.endswith("[[CRDT#Why it works]]")
            await desk.type("[[CAP#^")
            await until(lambda: desk.editor.list_open)
            await desk.press("enter")
            assert desk.text.endswith("[[CAP#^block]]")

    run(main())


@pytest.mark.parametrize(
    ("before", "typed", "after", "taken"),
    [
        ("看 ", "[[中文", " 后面", "[[中文题目]]"),
        ("看 [[", "题", "]] 后面", "[[中文题目]]"),
        ("", "[[别", "", "[[别名]]"),
        ("- ", "【【中文题目＃小", " x", "[[中文题目#小节]]"),
        ("x", "[[中文题目#^", "。", "[[中文题目#^b1]]"),
    ],
)
def test_after_a_suggestion_is_taken_the_caret_stands_behind_the_link(
    tmp_path: Path, before: str, typed: str, after: str, taken: str
) -> None:
    async def main() -> None:
        there = "---\naliases: [别名]\n---\n## 小节\n\nx ^b1\n"
        async with desktop(vault_of(tmp_path / "v", n=before + after, 中文题目=there), "n") as desk:
            desk.editor.move_cursor((0, len(before)))
            await desk.type(typed)
            await until(lambda: desk.editor.list_open)
            await desk.press("tab")
            start = before.removesuffix("[[")
            assert desk.text == start + taken + after.removeprefix("]]")
            assert desk.editor.cursor_location == (0, len(start + taken))
            assert desk.app.cursor_position == desk.editor.cursor_screen_offset

    run(main())


def test_escape_closes_the_suggestions_and_enter_is_enter_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.type("[[C")
            assert desk.editor.list_open
            await desk.press("escape")
            assert not desk.editor.list_open
            await desk.type("A\n")
            assert desk.text.endswith("[[CA\n")

    run(main())


def test_following_a_link_opens_it_or_makes_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.type("[[CRDT#Why it works]]")
            await desk.press("ctrl+right_square_bracket")
            await desk.shows("en/CRDT")
            await until(lambda: desk.editor.cursor_location == (4, 0))
            await desk.press("alt+left")
            await desk.shows("n")
            await desk.type(" [[未写的]]")
            await desk.press("left", "ctrl+right_square_bracket")
            await desk.shows("未写的")
            assert "未写的" in desk.names()

    run(main())


def test_the_tree_opens_notes_by_folder(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n", size=(100, 30)) as desk:
            await desk.press("ctrl+l")
            await desk.sees("Notes", "en", "zh")
            assert desk.app.screen.query_one(NotesTree).has_focus
            await desk.press("home", "enter")
            await desk.sees("CRDT")
            await desk.press("down", "enter")
            await desk.shows("en/CRDT")
            await desk.press("ctrl+l")
            assert not desk.app.screen.query_one(NotesTree).display

    run(main())


def test_backlinks_show_their_line_and_go_there(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n", size=(100, 30)) as desk:
            await desk.press("ctrl+b")
            await desk.sees("Backlinks (1)", "see [[n]]")
            with Vault.open(desk.path) as other:
                other.note("CAP").append("[[n]] too")
            await desk.sees("Backlinks (2)", "[[n]] too")
            desk.app.screen.query_one(Linked).focus()
            await desk.press("home", "enter")
            await desk.shows("en/CRDT")
            await until(lambda: desk.editor.cursor_location == (6, 0))

    run(main())


def test_the_palette_has_what_has_a_key_with_its_key(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.press("ctrl+p")
            await desk.type("open or make")
            await desk.sees("Open or make a note", "^o")
            await desk.press("enter")
            await until(lambda: isinstance(desk.app.screen, Picker))

    run(main())


def test_all_keys_are_shown_and_hidden_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n", size=(110, 50)) as desk:
            await desk.press("f1")
            await desk.sees("Follow the link", "Search all notes")
            await desk.press("escape")
            await desk.pilot.pause()
            assert "Search all notes" not in desk.screen_text()

    run(main())


def test_a_note_opens_where_it_was_left(tmp_path: Path) -> None:
    async def main() -> None:
        path = some(tmp_path / "v")
        async with desktop(path, "en/CRDT") as desk:
            desk.editor.caret_to(8)
            desk.app.main.go(lambda: desk.app.main.desk.open("n"))
            await desk.shows("n")
            with Vault.open(path) as vault:
                vault.note("en/CRDT").insert(0, "新 ")
            buffer = next(one for one in desk.app.main.desk._buffers.values() if one.name == "en/CRDT")
            buffer.look()
            await until(lambda: buffer.document.text.startswith("新"))
            desk.app.main.go(lambda: desk.app.main.desk.open("en/CRDT"))
            await desk.shows("en/CRDT")
            assert desk.editor.caret == 10

    run(main())


def test_the_terminals_cursor_is_where_a_question_is_answered(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "en/CRDT") as desk:
            for key in ("f2", "ctrl+o", "ctrl+g"):
                await desk.press(key)
                field = desk.app.screen.query_one("#question", LineInput)
                await until(lambda: field.has_focus and field.size.width > 0)  # noqa: B023
                await desk.pilot.pause()
                assert desk.app.cursor_position == field.cursor_screen_offset
                assert desk.app.cursor_position.y > 0
                await desk.press("escape")
                await until(lambda: desk.app.cursor_position == desk.editor.cursor_screen_offset)
            await desk.press("ctrl+f")
            await desk.type("merges")
            await desk.sees("1 of 1")
            await desk.pilot.pause()
            wanted = desk.app.main.body.find.query_one("#wanted", LineInput)
            assert desk.app.cursor_position == wanted.cursor_screen_offset

    run(main())
