import asyncio
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes_tui.notes.catalogue import Catalogue
from crdtnotes_tui.panels.rendered_note import RenderedNote
from crdtnotes_tui.panels.rendering import AT_ONCE, Rendering, Wanted
from crdtnotes_tui.screens.list_pickers import ListPicker
from crdtnotes_tui.text.reading.note import Drawn
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run, until


def reading(workspace: Desktop) -> RenderedNote:
    return workspace.app.screen.query_one(RenderedNote)


def top(workspace: Desktop) -> str:
    """The first row of the screen."""
    return workspace.screen_text().split("\n")[0].strip()


def words(workspace: Desktop) -> list[int]:
    """The numbers of the lines of `LONG` on the screen, the status line's aside."""
    rows = workspace.screen_text().split("\n")[:-1]
    return [int(row.split()[1]) for row in rows if "line" in row]


async def click(workspace: Desktop, text: str) -> None:
    """Click on the first place where a text is shown."""
    await workspace.sees(text)
    rows = workspace.screen_text().split("\n")
    y = next(at for at, row in enumerate(rows) if text in row)
    await workspace.pilot.click(offset=(rows[y].index(text), y))


LONG = "".join(f"line {n}\n\n" for n in range(200))


def test_a_note_reads_as_markdown_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    async def main() -> None:
        text = "---\naliases: [x]\n---\n# Title\n\nsee [[m|that]] and [[未写]] #tag %%hidden%%\n\n- [[m]]\n"
        async with desktop(vault_of(tmp_path / "v", n=text, m="# M\n\n## Part\n"), "n") as workspace:
            await workspace.press("alt+r")
            await workspace.sees("Title", "see that and [[未写]] #tag", "• m")
            screen = workspace.screen_text()
            assert "aliases" not in screen
            assert "hidden" not in screen
            await click(workspace, "that")
            await workspace.shows("m")
            assert reading(workspace).has_focus
            await workspace.press("alt+left")
            await workspace.shows("n")
            await workspace.sees("see that")
            await workspace.press("tab", "tab", "enter")
            await workspace.shows("未写")
            await workspace.press("escape")
            assert workspace.editor.has_focus
            await workspace.type("now")
            await workspace.saved()
            assert workspace.stored("未写") == "now"

    run(main())


def test_a_click_on_a_link_goes_there(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="[[m]]", m="there"), "n") as workspace:
            await workspace.press("alt+r")
            await until(lambda: top(workspace) == "m")
            await click(workspace, "m")
            await workspace.shows("m")

    run(main())


def test_what_others_write_shows_while_one_reads(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="[[later]]\n"), "n") as workspace:
            await workspace.press("alt+r")
            await workspace.sees("[[later]]")
            with Vault.open(workspace.path) as other:
                other.note("n").append("more from afar")
                await workspace.sees("more from afar")
                other.create_note("later")
            await until(lambda: "[[later]]" not in workspace.screen_text())
            await workspace.sees("later")

    run(main())


def test_a_click_on_a_box_ticks_the_task_with_one_character_and_can_be_undone(tmp_path: Path) -> None:
    async def main() -> None:
        text = "- [ ] one\n- [ ] two\n"
        async with desktop(vault_of(tmp_path / "v", n=text), "n") as workspace:
            edits: list[tuple[int, int, str]] = []
            enqueue = workspace.buffer._edited

            def record(start: int, removed: int, inserted: str) -> None:
                edits.append((start, removed, inserted))
                enqueue(start, removed, inserted)

            workspace.buffer.document._edited = record
            await workspace.press("alt+r")
            await click(workspace, "☐ two")
            await workspace.sees("☑ two", "☐ one")
            assert edits == [(13, 1, "x")]
            await workspace.saved()
            assert workspace.stored() == "- [ ] one\n- [x] two\n"
            await workspace.press("ctrl+z")
            await workspace.sees("☐ two")
            assert workspace.text == text
            await workspace.press("ctrl+y")
            await workspace.sees("☑ two")

    run(main())


def test_a_box_is_ticked_by_keys_where_others_have_moved_it_to(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="- [ ] one\n- [ ] two\n"), "n") as workspace:
            await workspace.press("alt+r")
            await workspace.sees("☐ two")
            with Vault.open(workspace.path) as other:
                other.note("n").write("above\n\n- [ ] one\n- [ ] two\n")
            await until(lambda: workspace.text.startswith("above"))
            # The view may or may not show the new text yet.
            await workspace.press("tab", "tab", "space")
            await workspace.sees("above", "☐ one", "☑ two")
            assert workspace.text == "above\n\n- [ ] one\n- [x] two\n"
            await workspace.press("space")
            await workspace.sees("☐ two")

    run(main())


def test_the_place_is_kept_between_reading_and_writing(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=LONG), "n") as workspace:
            workspace.editor.move_cursor((200, 0), center=True)
            await workspace.pilot.pause()
            written = words(workspace)
            await workspace.press("alt+r")
            await until(lambda: reading(workspace).top_line > 0 and words(workspace) == written)
            await workspace.press("pagedown", "pagedown")
            await workspace.pilot.pause()
            read = words(workspace)
            assert read > written
            await workspace.press("alt+r")
            await workspace.pilot.pause()
            assert words(workspace) == read
            caret = workspace.editor.cursor_location[0]
            assert caret // 2 in read

    run(main())


def test_reading_without_scrolling_leaves_the_caret_alone(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=LONG), "n") as workspace:
            workspace.editor.move_cursor((200, 3), center=True)
            await workspace.pilot.pause()
            before = workspace.editor.scroll_offset
            await workspace.press("alt+r")
            await workspace.sees("line 100")
            await workspace.press("escape")
            await workspace.pilot.pause()
            assert workspace.editor.cursor_location == (200, 3)
            assert workspace.editor.scroll_offset == before

    run(main())


def test_the_place_is_kept_when_others_write_above(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=LONG), "n") as workspace:
            await workspace.press("alt+r")
            await workspace.sees("line 199")
            reading(workspace).show_line(100)
            await workspace.pilot.pause()
            assert top(workspace) == "line 50"
            with Vault.open(workspace.path) as other:
                note = other.note("n")
                note.write("# New\n\nmore\n\n" + note.text + "end\n")
            await until(lambda: workspace.text.startswith("# New"))
            await until(lambda: reading(workspace).top_line == 104)
            await workspace.pilot.pause()
            assert top(workspace) == "line 50"

    run(main())


def test_another_note_shows_at_once_and_the_first_one_never_again(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="old words [[m]]", m="new words", big="big words\n\n" * 3000)
        async with desktop(path, "n") as workspace:
            await workspace.press("alt+r")
            await workspace.sees("old words")
            await click(workspace, "m")
            seen: list[str] = []

            def shown() -> bool:
                name, screen = workspace.buffer.name, workspace.screen_text()
                if name == "m" and "old words" in screen:
                    seen.append(screen)
                return name == "m" and "new words" in screen

            await until(shown)
            assert not seen

    run(main())


def test_a_place_that_a_link_names_is_shown(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="[[m#Far]] ", m=LONG + "# Far\n\n" + LONG)
        async with desktop(path, "n") as workspace:
            await workspace.press("alt+r")
            await click(workspace, "m > Far")
            await workspace.shows("m")
            await until(lambda: top(workspace) == "Far")

    run(main())


def test_embedded_notes_are_shown_and_follow_changes(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="![[m]]\n", m="![[k#Part]]\n", k="# No\n\n# Part\n\nfrom k\n")
        async with desktop(path, "n") as workspace:
            await workspace.press("alt+r")
            await workspace.sees("┃ m", "┃ ┃ k › Part", "from k")
            assert "No" not in workspace.screen_text()
            with Vault.open(workspace.path) as other:
                other.note("k").append("and more")
            await workspace.sees("and more")

    run(main())


def test_tags_footnotes_and_callouts_answer_to_keys(tmp_path: Path) -> None:
    async def main() -> None:
        text = "#tag a[^1]\n\n> [!tip]- Title\n> inside\n\n[^1]: The note.\n"
        async with desktop(vault_of(tmp_path / "v", n=text, m="#tag too"), "n") as workspace:
            await workspace.press("alt+r")
            await workspace.sees("Title ▸")
            await workspace.press("tab", "tab", "tab", "enter")
            await workspace.sees("inside")
            await workspace.press("space")
            await until(lambda: "inside" not in workspace.screen_text())
            await workspace.press("shift+tab", "shift+tab", "enter")
            await until(lambda: isinstance(workspace.app.screen, ListPicker))
            await workspace.sees("Notes with #tag")

    run(main())


def test_tab_goes_on_after_the_last_link(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="[[m]]"), "n") as workspace:
            await workspace.press("alt+r")
            await workspace.sees("[[m]]")
            await workspace.press("tab")
            assert reading(workspace)._stop == 0
            await workspace.press("tab")
            assert reading(workspace)._stop is None

    run(main())


def test_a_narrow_terminal_wraps_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="一二三四五六七八九十。" * 5), "n") as workspace:
            await workspace.press("alt+r")
            await workspace.sees("一二三")
            await workspace.pilot.resize_terminal(25, 20)
            await until(lambda: len(top(workspace)) <= 12)
            rows = [row.strip() for row in workspace.screen_text().split("\n")]
            assert not any(row.startswith("。") for row in rows)

    run(main())


# -- rendering without a widget


class NoVault:
    """A vault's thread of which nothing is asked."""


def wanted(note: str, text: str) -> Wanted:
    return Wanted(note, note, text, Catalogue(), 40, frozenset())


@pytest.mark.parametrize("size", [10, 3 * AT_ONCE])
def test_a_slow_drawing_never_replaces_another_note(size: int) -> None:
    async def main() -> None:
        shown: list[tuple[str, Drawn]] = []
        rendering = Rendering(lambda what, drawn: shown.append((what.note, drawn)))
        rendering.want(wanted("slow", "slow words\n\n" * size))
        drawing = asyncio.create_task(rendering.run(NoVault()))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        rendering.want(wanted("quick", "quick"))
        await rendering.run(NoVault())  # type: ignore[arg-type]
        await drawing
        assert [name for name, _ in shown] == ["quick"]

    run(main())


def test_the_begin_of_a_long_note_is_shown_at_once() -> None:
    async def main() -> None:
        shown: list[Drawn] = []
        rendering = Rendering(lambda _, drawn: shown.append(drawn))
        rendering.want(wanted("first", "x"))
        await rendering.run(NoVault())  # type: ignore[arg-type]
        shown.clear()
        rendering.want(wanted("n", "some words\n\n" * AT_ONCE))
        rendering.show_soon(0)
        assert 100 < len(shown[0].rows) < AT_ONCE
        await rendering.run(NoVault())  # type: ignore[arg-type]
        assert len(shown[1].rows) == 2 * AT_ONCE - 1

    run(main())
