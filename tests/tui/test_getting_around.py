from datetime import date
from functools import partial
from pathlib import Path

import pytest
from textual.command import CommandList
from textual.content import Content
from textual.widgets import Input, OptionList

from crdtnotes import Vault
from crdtnotes_tui.editor.line_input import LineInput
from crdtnotes_tui.notes.catalogue import Catalogue
from crdtnotes_tui.panels.backlinks import BacklinksPanel
from crdtnotes_tui.panels.messages import Failed
from crdtnotes_tui.panels.notes_tree import NotesTree
from crdtnotes_tui.screens.picker import Picker
from tests.tui.desktop import Desktop, desktop, vault_of
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
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.press("ctrl+o")
            await workspace.type("crd")
            await workspace.sees("en/CRDT")
            await workspace.press("enter")
            await workspace.shows("en/CRDT")
            await workspace.press("alt+left")
            await workspace.shows("n")
            assert workspace.editor.cursor_location == (1, 0)
            await workspace.press("alt+right")
            await workspace.shows("en/CRDT")

    run(main())


def test_the_switcher_finds_aliases_and_makes_notes(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.press("ctrl+o")
            await workspace.type("CAP")
            await workspace.press("enter")
            await workspace.shows("zh/CAP定理")
            await workspace.press("ctrl+o")
            await workspace.type("新/主意")
            await workspace.sees("make this note")
            await workspace.press("enter")
            await workspace.shows("新/主意")
            await workspace.type("好")
            await workspace.saved()
            assert workspace.stored("新/主意") == "好"

    run(main())


def test_the_switcher_puts_the_best_match_first_and_makes_a_note_by_a_key_of_its_own(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="", en__CRDT="", zh__复制="---\naliases: [CRDT]\n---\n", crumbled="")

    async def main() -> None:
        async with desktop(path, "n") as workspace:
            await workspace.press("ctrl+o")
            await workspace.type("crd")
            await workspace.sees("^n makes this note")
            shown = workspace.screen_text()
            assert shown.index("en/CRDT") < shown.index("zh/复制") < shown.index("^n makes")
            await workspace.press("ctrl+n")
            await workspace.shows("crd")
            await workspace.press("ctrl+o")
            await workspace.type("en/crdt")
            await workspace.press("ctrl+n")  # there is one: it is opened
            await workspace.shows("en/CRDT")

    run(main())


def test_a_switcher_that_opens_before_the_names_are_known_waits_for_them(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            work = workspace.app.main.workspace
            work._learned.clear()
            known, work.catalogue = work.catalogue, Catalogue()
            await workspace.press("ctrl+o")
            await workspace.type("crd")
            await workspace.press("enter")
            work.catalogue = known
            work._learned.set()
            await workspace.shows("en/CRDT")

    run(main())


def test_lists_highlight_what_was_found_and_say_if_nothing_was(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="一个分布式系统 clock"), "n") as workspace:
            await workspace.press("ctrl+g")
            await workspace.type("系统 cl")
            await workspace.sees("分布式系统 clock")
            options = workspace.app.screen.query_one(OptionList)
            content = options.get_option_at_index(0).prompt
            assert isinstance(content, Content)
            marked = [
                content.plain[one.start : one.end] for one in content.spans if "underline" in str(one.style)
            ]
            assert sorted(marked) == ["cl", "系统"]
            await workspace.type("x")
            await workspace.sees("Nothing found.")

    run(main())


def test_an_error_is_gone_once_something_works(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            workspace.app.main.post_message(Failed("That was not possible."))
            await workspace.sees("That was not possible.")
            await workspace.press("ctrl+o")
            await workspace.type("crd")
            await workspace.press("enter")
            await workspace.shows("en/CRDT")
            await until(lambda: "That was not possible." not in workspace.screen_text())

    run(main())


def test_escape_leaves_everything_as_it_was(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.press("ctrl+o", "x", "escape")
            assert not isinstance(workspace.app.screen, Picker)
            await workspace.type("!")
            await workspace.saved()
            assert workspace.stored("n") == "start\n!"

    run(main())


def test_search_as_you_type_goes_to_the_line(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.press("ctrl+g")
            await workspace.type("asking")
            await workspace.sees("merges without asking")
            workspace.app.screen.query_one(Input).value = "系统"
            await workspace.sees("分布式系统")
            workspace.app.screen.query_one(Input).value = "why work"
            await workspace.sees("## Why it works")
            await workspace.press("enter")
            await workspace.shows("en/CRDT")
            await until(lambda: workspace.editor.cursor_location == (4, 0))

    run(main())


def test_today(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.press("ctrl+t")
            await workspace.shows(date.today().isoformat())

    run(main())


def test_typing_a_link_completes_it_by_name_and_alias(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.type("see [[cr")
            await workspace.sees("en/CRDT")
            await workspace.press("tab")
            await workspace.type(" and 【【CA")
            await workspace.sees("zh/CAP定理")
            await workspace.press("enter")
            await workspace.type(".")
            await workspace.saved()
            assert workspace.stored() == "start\nsee [[CRDT]] and [[CAP]]."

    run(main())


def test_after_a_hash_headings_and_blocks_are_offered(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.type("[[CRDT#why")
            await workspace.sees("Why it works")
            await workspace.press("enter")
            assert workspace.text.endswith("[[CRDT#Why it works]]")
            await workspace.type("[[CAP#^")
            await until(lambda: workspace.editor.list_open)
            await workspace.press("enter")
            assert workspace.text.endswith("[[CAP#^block]]")

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
def test_after_a_suggestion_is_taken_the_caret_is_behind_the_link(
    tmp_path: Path, before: str, typed: str, after: str, taken: str
) -> None:
    async def main() -> None:
        there = "---\naliases: [别名]\n---\n## 小节\n\nx ^b1\n"
        async with desktop(vault_of(tmp_path / "v", n=before + after, 中文题目=there), "n") as workspace:
            workspace.editor.move_cursor((0, len(before)))
            await workspace.type(typed)
            await until(lambda: workspace.editor.list_open)
            await workspace.press("tab")
            start = before.removesuffix("[[")
            assert workspace.text == start + taken + after.removeprefix("]]")
            assert workspace.editor.cursor_location == (0, len(start + taken))
            assert workspace.app.cursor_position == workspace.editor.cursor_screen_offset

    run(main())


def test_escape_closes_the_suggestions_and_enter_is_enter_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.type("[[C")
            assert workspace.editor.list_open
            await workspace.press("escape")
            assert not workspace.editor.list_open
            await workspace.type("A\n")
            assert workspace.text.endswith("[[CA\n")

    run(main())


def test_following_a_link_opens_it_or_makes_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.type("[[CRDT#Why it works]]")
            await workspace.press("ctrl+right_square_bracket")
            await workspace.shows("en/CRDT")
            await until(lambda: workspace.editor.cursor_location == (4, 0))
            await workspace.press("alt+left")
            await workspace.shows("n")
            await workspace.type(" [[未写的]]")
            await workspace.press("left", "ctrl+right_square_bracket")
            await workspace.shows("未写的")
            assert "未写的" in workspace.names()

    run(main())


def test_a_link_to_a_heading_may_spell_it_in_another_way(tmp_path: Path) -> None:
    def at(workspace: Desktop, row: int) -> bool:
        return workspace.editor.cursor_location == (row, 0)

    async def main() -> None:
        there = "# Year\n## Game: [[n]]\n### May\n# Next\n### May\n"
        links = "[[there#year#may]] [[there#game-n]] [[there#Next#May]]"
        async with desktop(vault_of(tmp_path / "v", n=links, there=there), "n") as workspace:
            for column, row in ((2, 2), (20, 1), (40, 4)):
                workspace.editor.move_cursor((0, column))
                await workspace.press("ctrl+right_square_bracket")
                await workspace.shows("there")
                await until(partial(at, workspace, row))
                await workspace.press("alt+left")
                await workspace.shows("n")

    run(main())


def test_a_heading_with_a_link_in_it_can_be_completed(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="", there="# See [[B]] now\n"), "n") as workspace:
            await workspace.type("[[there#see")
            await until(lambda: workspace.editor.list_open)
            await workspace.press("enter")
            assert workspace.text == "[[there#See B now]]"

    run(main())


def test_the_tree_opens_notes_by_folder(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n", size=(100, 30)) as workspace:
            await workspace.press("ctrl+l")
            await workspace.sees("Notes", "en", "zh")
            assert workspace.app.screen.query_one(NotesTree).has_focus
            await workspace.press("home", "enter")
            await workspace.sees("CRDT")
            await workspace.press("down", "enter")
            await workspace.shows("en/CRDT")
            await workspace.press("ctrl+l")
            assert not workspace.app.screen.query_one(NotesTree).display

    run(main())


def test_backlinks_show_their_line_and_go_there(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n", size=(100, 30)) as workspace:
            await workspace.press("ctrl+b")
            await workspace.sees("Backlinks (1)", "see [[n]]")
            with Vault.open(workspace.path) as other:
                other.note("CAP").append("[[n]] too")
            await workspace.sees("Backlinks (2)", "[[n]] too")
            workspace.app.screen.query_one(BacklinksPanel).focus()
            await workspace.press("home", "enter")
            await workspace.shows("en/CRDT")
            await until(lambda: workspace.editor.cursor_location == (6, 0))

    run(main())


def test_the_palette_has_what_has_a_key_with_its_key(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.press("ctrl+p")
            await workspace.type("open or make")
            await workspace.sees("Open or make a note", "^o")
            await workspace.press("enter")
            await until(lambda: isinstance(workspace.app.screen, Picker))

    run(main())


def test_all_keys_are_shown_and_hidden_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n", size=(110, 60)) as workspace:
            await workspace.press("f1")
            await workspace.sees("Follow the link", "Search all notes")
            await workspace.press("escape")
            await workspace.pilot.pause()
            assert "Search all notes" not in workspace.screen_text()

    run(main())


def test_a_note_opens_where_it_was_left(tmp_path: Path) -> None:
    async def main() -> None:
        path = some(tmp_path / "v")
        async with desktop(path, "en/CRDT") as workspace:
            workspace.editor.caret_to(8)
            workspace.app.main.navigation.go(lambda: workspace.app.main.workspace.open("n"))
            await workspace.shows("n")
            with Vault.open(path) as vault:
                vault.note("en/CRDT").insert(0, "新 ")
            buffer = next(
                one for one in workspace.app.main.workspace._buffers.values() if one.name == "en/CRDT"
            )
            buffer.refresh()
            await until(lambda: buffer.document.text.startswith("新"))
            workspace.app.main.navigation.go(lambda: workspace.app.main.workspace.open("en/CRDT"))
            await workspace.shows("en/CRDT")
            assert workspace.editor.caret == 10

    run(main())


def test_the_terminals_cursor_is_where_a_question_is_answered(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "en/CRDT") as workspace:
            for key in ("f2", "ctrl+o", "ctrl+g"):
                await workspace.press(key)
                field = workspace.app.screen.query_one("#question", LineInput)
                await until(lambda: field.has_focus and field.size.width > 0)  # noqa: B023
                await workspace.pilot.pause()
                assert workspace.app.cursor_position == field.cursor_screen_offset
                assert workspace.app.cursor_position.y > 0
                await workspace.press("escape")
                await until(lambda: workspace.app.cursor_position == workspace.editor.cursor_screen_offset)
            await workspace.press("ctrl+f")
            await workspace.type("merges")
            await workspace.sees("1 of 1")
            await workspace.pilot.pause()
            wanted = workspace.app.main.panes.find.query_one("#wanted", LineInput)
            assert workspace.app.cursor_position == wanted.cursor_screen_offset

    run(main())


def test_the_palette_opens_again_before_the_closed_one_is_gone(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n") as workspace:
            app = workspace.app

            def is_filled() -> bool:
                return any(found.option_count for found in app.screen.query(CommandList))

            for _ in range(3):
                app.action_command_palette()
                await until(is_filled)
                app.screen.dismiss()
            app.action_command_palette()
            await until(is_filled)

    run(main())
