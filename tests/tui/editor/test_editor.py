from pathlib import Path

import pytest
from textual import events
from textual.widgets.text_area import Selection

from crdtnotes import Vault
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run, until


def test_it_opens_with_the_caret_at_the_end_and_saves_what_is_typed(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="one\ntwo"), "n") as workspace:
            assert workspace.editor.cursor_location == (1, 3)
            await workspace.type(" more\n中文")
            await workspace.saved()
            assert workspace.text == workspace.stored() == "one\ntwo more\n中文"
            await workspace.sees("✓ saved", "中文")

    run(main())


def test_what_others_write_leaves_caret_selection_and_scroll_alone(tmp_path: Path) -> None:
    async def main() -> None:
        text = "\n".join(f"line {number}" for number in range(100))
        path = vault_of(tmp_path / "v", n=text)
        async with desktop(path, "n") as workspace:
            editor = workspace.editor
            editor.selection = Selection((50, 2), (52, 4))
            editor.scroll_to(y=45, animate=False, immediate=True)
            await workspace.pilot.pause()
            before = [line[:70] for line in workspace.screen_text().split("\n")[:20]]
            assert "line 45" in before[0]
            with Vault.open(path) as other:
                note = other.note("n")
                note.insert(0, "above\nabove\n")
                note.append("below")
                await until(lambda: "below" in workspace.text)
            await workspace.pilot.pause()
            assert editor.selected_text == "ne 50\nline 51\nline"
            assert editor.selection == Selection((52, 2), (54, 4))
            assert [line[:70] for line in workspace.screen_text().split("\n")[:20]] == before

    run(main())


def test_undo_takes_back_my_edits_only(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="base")
        async with desktop(path, "n") as workspace:
            await workspace.type("!")
            await workspace.saved()
            with Vault.open(path) as other:
                other.note("n").insert(0, "theirs ")
            await until(lambda: workspace.text == "theirs base!")
            await workspace.press("ctrl+z")
            await until(lambda: workspace.text == "theirs base")
            await workspace.press("ctrl+z")
            await workspace.saved()
            assert workspace.text == "theirs base"
            await workspace.press("ctrl+y")
            await until(lambda: workspace.text == "theirs base!")
            assert workspace.editor.cursor_location == (0, 12)
            await workspace.saved()
            assert workspace.stored() == "theirs base!"

    run(main())


def test_undo_takes_back_a_sentence_at_a_time_and_stops_where_the_caret_was_moved(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n") as workspace:
            await workspace.type("One. Two")
            await workspace.press("left", "right")
            await workspace.type("!")
            for text in ("One. Two", "One. ", ""):
                await workspace.press("ctrl+z")
                await workspace.saved()
                assert workspace.text == text

    run(main())


def test_a_paste_is_one_edit(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="a"), "n") as workspace:
            workspace.send(events.Paste("- x\r\n- y\rz\u2028"))
            await until(lambda: "z" in workspace.text)
            await workspace.saved()
            assert workspace.text == workspace.stored() == "a- x\n- y\nz\u2028"
            await workspace.press("ctrl+z")
            await until(lambda: workspace.text == "a")

    run(main())


@pytest.mark.parametrize(
    ("text", "keys", "then"),
    [
        ("- one", ["enter", "t"], "- one\n- t"),
        ("- one\n- ", ["enter"], "- one\n"),
        ("- [x] one", ["enter", "t"], "- [x] one\n- [ ] t"),
        ("1. one", ["enter", "t"], "1. one\n2. t"),
        ("- one", ["tab"], "  - one"),
        ("  - one", ["shift+tab"], "- one"),
        ("x", ["tab"], "x   "),
        ("- [ ] one", ["ctrl+space"], "- [x] one"),
        ("- one", ["alt+k"], "- [ ] one"),
        ("- [ ] one", ["f12"], "- [x] one"),
        ("> - [x] one", ["ctrl+right_square_bracket"], "> - [ ] one"),
        ("- one", ["f12", "x"], "- onex"),
        ("one\ntwo", ["ctrl+a", "x"], "x"),
        ("one\ntwo", ["ctrl+home", "x"], "xone\ntwo"),
        ("one\ntwo", ["up", "ctrl+end", "x"], "one\ntwox"),
        ("one\ntwo", ["left", "ctrl+shift+home", "x"], "xo"),
        ("one\ntwo", ["home", "up", "right", "ctrl+shift+end", "x"], "ox"),
        ("one two", ["ctrl+w"], "one "),
        ("one", ["home", "shift+end", "ctrl+x", "ctrl+v", "ctrl+v"], "oneone"),
        ("plain", ["escape", "x"], "plainx"),
    ],
)
def test_keys(tmp_path: Path, text: str, keys: list[str], then: str) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=text), "n") as workspace:
            await workspace.press(*keys)
            await workspace.saved()
            assert workspace.text == workspace.stored() == then

    run(main())


def test_the_same_key_follows_a_link_and_ticks_the_task_around_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="- [ ] see [[m]]", m="other"), "n") as workspace:
            await workspace.press("home", "f12")
            assert workspace.text == "- [x] see [[m]]"
            await workspace.press("end", "f12")
            await workspace.shows("m")

    run(main())


def test_a_triple_click_selects_the_line_and_nothing_else(tmp_path: Path) -> None:
    async def main() -> None:
        text = "first\n" + "long " * 40 + "\nlast"
        async with desktop(vault_of(tmp_path / "v", n=text), "n") as workspace:
            await workspace.press("ctrl+f", "x", "escape")
            await workspace.pilot.click(workspace.editor, offset=(10, 2), times=3)
            await workspace.pilot.pause()
            assert workspace.editor.selected_text == "long " * 40
            assert not workspace.app.screen.selections
            await workspace.press("ctrl+c")
            assert workspace.app.clipboard == "long " * 40

    run(main())


def test_full_width_brackets_become_ascii_ones(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n") as workspace:
            await workspace.type("看【【目标｜字】】。")
            await workspace.saved()
            assert workspace.text == workspace.stored() == "看[[目标|字]]。"
            assert workspace.editor.cursor_location == (0, len(workspace.text))

    run(main())


def test_links_look_different_where_they_dangle(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="[[m]] [[none]]", m=""), "n") as workspace:
            spans = workspace.editor.get_line(0).spans
            assert len({str(span.style) for span in spans}) == 2
            with Vault.open(workspace.path) as other:
                other.create_note("none")
            await until(lambda: len({str(span.style) for span in workspace.editor.get_line(0).spans}) == 1)

    run(main())


def test_nothing_in_a_text_steers_the_terminal(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="a\x1b[31mred\u202ex\r\nb"), "n") as workspace:
            screen = workspace.screen_text()
            assert "a␛[31mred⇠x␍" in screen
            assert "\x1b" not in screen

    run(main())


def test_find_marks_matches_and_goes_round(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="Cat\ncat\ndog 系统"), "n") as workspace:
            await workspace.press("ctrl+home", "home", "ctrl+f")
            await workspace.type("cat")
            await workspace.sees("of 2")
            first = workspace.editor.selection
            await workspace.press("enter")
            assert workspace.editor.selected_text.lower() == "cat"
            assert workspace.editor.selection != first
            await workspace.press("enter")
            assert workspace.editor.selection == first
            await workspace.press("escape")
            assert workspace.editor.has_focus

    run(main())


def test_a_wide_character_moves_the_terminals_cursor_by_two(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="中"), "n") as workspace:
            x = workspace.app.cursor_position[0]
            await workspace.type("文")
            assert workspace.app.cursor_position[0] == x + 2
            assert workspace.app.cursor_position == workspace.editor.cursor_screen_offset

    run(main())


def test_keys_that_come_at_once_are_done_in_their_order(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n") as workspace:
            for key in ("a", "backspace", "b", "c", "left", "d", "home", "e", "delete", "enter", "up", "f"):
                workspace.send(events.Key(key, key if len(key) == 1 else None))
            await workspace.pilot.pause()
            await workspace.saved()
            assert workspace.text == workspace.stored() == "fe\ndc"

    run(main())


def test_cut_copy_and_paste(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="one 中文 two"), "n") as workspace:
            workspace.editor.selection = Selection((0, 4), (0, 6))
            await workspace.press("ctrl+c")
            assert workspace.app.clipboard == "中文"
            await workspace.press("end", "ctrl+v")
            assert workspace.text == "one 中文 two中文"
            workspace.editor.selection = Selection((0, 0), (0, 4))
            await workspace.press("ctrl+x")
            assert workspace.app.clipboard == "one "
            await workspace.saved()
            assert workspace.stored() == workspace.text == "中文 two中文"
            await workspace.press("ctrl+z")
            await workspace.saved()
            assert workspace.stored() == workspace.text == "one 中文 two中文"

    run(main())


def test_the_mouse_sets_the_caret_selects_and_follows(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="中文字 text\n[[other]]", other="x"), "n") as workspace:
            left, top = workspace.editor.content_region.offset
            await workspace.pilot.click(offset=(left + 4, top))
            assert workspace.editor.selection == Selection.cursor((0, 2))
            await workspace.pilot.mouse_down(offset=(left + 2, top))
            await workspace.pilot.hover(offset=(left + 6, top))
            await workspace.pilot.mouse_up(offset=(left + 6, top))
            assert workspace.editor.selected_text == "文字"
            await workspace.pilot.click(offset=(left + 4, top + 1), control=True)
            await workspace.shows("other")

    run(main())


@pytest.mark.parametrize("last", [76, 77, 78])
def test_a_text_is_wrapped_alike_whatever_was_shown_before(tmp_path: Path, last: int) -> None:
    """A text that fits only where no scrollbar takes a column, after one that needs the scrollbar."""

    async def main() -> None:
        line = "x " * 20 + "y" * (last - 40)
        notes = {"fits": "a\n" * 22 + line, "long": "b\n" * 100}
        async with desktop(vault_of(tmp_path / "v", **notes), "fits") as workspace:
            await workspace.sees("a", "yy")
            at_first = workspace.editor.wrapped_document.lines
            for name, seen in (("long", "b"), ("fits", "yy")):
                await workspace.press("ctrl+o")
                await workspace.type(name)
                await workspace.sees(name)
                await workspace.press("enter")
                await workspace.shows(name)
                await workspace.sees(seen)
            assert workspace.editor.wrapped_document.lines == at_first
            await workspace.press(*["enter"] * 5, *["backspace"] * 5)
            assert workspace.editor.wrapped_document.lines == at_first

    run(main())
