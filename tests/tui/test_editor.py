from pathlib import Path

import pytest
from textual import events
from textual.widgets.text_area import Selection

from crdtnotes import Vault
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run, until


def test_it_opens_with_the_caret_at_the_end_and_saves_what_is_typed(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="one\ntwo"), "n") as desk:
            assert desk.editor.cursor_location == (1, 3)
            await desk.type(" more\n中文")
            await desk.saved()
            assert desk.text == desk.stored() == "one\ntwo more\n中文"
            await desk.sees("✓ saved", "中文")

    run(main())


def test_what_others_write_leaves_caret_selection_and_scroll_alone(tmp_path: Path) -> None:
    async def main() -> None:
        text = "\n".join(f"line {number}" for number in range(100))
        path = vault_of(tmp_path / "v", n=text)
        async with desktop(path, "n") as desk:
            editor = desk.editor
            editor.selection = Selection((50, 2), (52, 4))
            editor.scroll_to(y=45, animate=False, immediate=True)
            await desk.pilot.pause()
            before = [line[:70] for line in desk.screen_text().split("\n")[:20]]
            assert "line 45" in before[0]
            with Vault.open(path) as other:
                note = other.note("n")
                note.insert(0, "above\nabove\n")
                note.append("below")
                await until(lambda: "below" in desk.text)
            await desk.pilot.pause()
            assert editor.selected_text == "ne 50\nline 51\nline"
            assert editor.selection == Selection((52, 2), (54, 4))
            assert [line[:70] for line in desk.screen_text().split("\n")[:20]] == before

    run(main())


def test_undo_takes_back_my_edits_only(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="base")
        async with desktop(path, "n") as desk:
            await desk.type("!")
            await desk.saved()
            with Vault.open(path) as other:
                other.note("n").insert(0, "theirs ")
            await until(lambda: desk.text == "theirs base!")
            await desk.press("ctrl+z")
            await until(lambda: desk.text == "theirs base")
            await desk.press("ctrl+z")
            await desk.saved()
            assert desk.text == "theirs base"
            await desk.press("ctrl+y")
            await until(lambda: desk.text == "theirs base!")
            assert desk.editor.cursor_location == (0, 12)
            await desk.saved()
            assert desk.stored() == "theirs base!"

    run(main())


def test_a_paste_is_one_edit(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="a"), "n") as desk:
            desk.send(events.Paste("- x\r\n- y\rz\u2028"))
            await until(lambda: "z" in desk.text)
            await desk.saved()
            assert desk.text == desk.stored() == "a- x\n- y\nz\u2028"
            await desk.press("ctrl+z")
            await until(lambda: desk.text == "a")

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
        ("one two", ["ctrl+w"], "one "),
        ("one", ["home", "shift+end", "ctrl+x", "ctrl+v", "ctrl+v"], "oneone"),
        ("plain", ["escape", "x"], "plainx"),
    ],
)
def test_keys(tmp_path: Path, text: str, keys: list[str], then: str) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=text), "n") as desk:
            await desk.press(*keys)
            await desk.saved()
            assert desk.text == desk.stored() == then

    run(main())


def test_full_width_brackets_become_ascii_ones(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n") as desk:
            await desk.type("看【【目标｜字】】。")
            await desk.saved()
            assert desk.text == desk.stored() == "看[[目标|字]]。"
            assert desk.editor.cursor_location == (0, len(desk.text))

    run(main())


def test_links_look_different_where_they_dangle(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="[[m]] [[none]]", m=""), "n") as desk:
            spans = desk.editor.get_line(0).spans
            assert len({str(span.style) for span in spans}) == 2
            with Vault.open(desk.path) as other:
                other.create_note("none")
            await until(lambda: len({str(span.style) for span in desk.editor.get_line(0).spans}) == 1)

    run(main())


def test_nothing_in_a_text_steers_the_terminal(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="a\x1b[31mred\u202ex\r\nb"), "n") as desk:
            screen = desk.screen_text()
            assert "a␛[31mred·x␍" in screen
            assert "\x1b" not in screen

    run(main())


def test_find_marks_matches_and_goes_round(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="Cat\ncat\ndog 系统"), "n") as desk:
            await desk.press("ctrl+home", "home", "ctrl+f")
            await desk.type("cat")
            await desk.sees("of 2")
            first = desk.editor.selection
            await desk.press("enter")
            assert desk.editor.selected_text.lower() == "cat"
            assert desk.editor.selection != first
            await desk.press("enter")
            assert desk.editor.selection == first
            await desk.press("escape")
            assert desk.editor.has_focus

    run(main())


def test_a_wide_character_moves_the_terminals_cursor_by_two(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="中"), "n") as desk:
            x = desk.app.cursor_position[0]
            await desk.type("文")
            assert desk.app.cursor_position[0] == x + 2
            assert desk.app.cursor_position == desk.editor.cursor_screen_offset

    run(main())


def test_keys_that_come_at_once_are_done_in_their_order(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n") as desk:
            for key in ("a", "backspace", "b", "c", "left", "d", "home", "e", "delete", "enter", "up", "f"):
                desk.send(events.Key(key, key if len(key) == 1 else None))
            await desk.pilot.pause()
            await desk.saved()
            assert desk.text == desk.stored() == "fe\ndc"

    run(main())


def test_cut_copy_and_paste(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="one 中文 two"), "n") as desk:
            desk.editor.selection = Selection((0, 4), (0, 6))
            await desk.press("ctrl+c")
            assert desk.app.clipboard == "中文"
            await desk.press("end", "ctrl+v")
            assert desk.text == "one 中文 two中文"
            desk.editor.selection = Selection((0, 0), (0, 4))
            await desk.press("ctrl+x")
            assert desk.app.clipboard == "one "
            await desk.saved()
            assert desk.stored() == desk.text == "中文 two中文"
            await desk.press("ctrl+z")
            await desk.saved()
            assert desk.stored() == desk.text == "one 中文 two中文"

    run(main())


def test_the_mouse_sets_the_caret_selects_and_follows(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="中文字 text\n[[other]]", other="x"), "n") as desk:
            left, top = desk.editor.content_region.offset
            await desk.pilot.click(offset=(left + 4, top))
            assert desk.editor.selection == Selection.cursor((0, 2))
            await desk.pilot.mouse_down(offset=(left + 2, top))
            await desk.pilot.hover(offset=(left + 6, top))
            await desk.pilot.mouse_up(offset=(left + 6, top))
            assert desk.editor.selected_text == "文字"
            await desk.pilot.click(offset=(left + 4, top + 1), control=True)
            await desk.shows("other")

    run(main())
