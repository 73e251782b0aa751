"""The panels beside the text."""

from pathlib import Path

import pytest
from rich.cells import cell_len
from textual import events
from textual.widget import Widget

from crdtnotes import Vault
from crdtnotes_tui.widgets.graph import LocalGraph
from crdtnotes_tui.widgets.linked import CELLS, Linked, cut
from crdtnotes_tui.widgets.outline import OutlinePanel
from crdtnotes_tui.widgets.tree import NotesTree
from tests.tui.desktop import Desktop, W, desktop, vault_of
from tests.tui.loop import run, until

SIZES = [(80, 24), (140, 40)]


def panel(desk: Desktop, kind: type[W]) -> W:
    return desk.app.screen.query_one(kind)


def inside(desk: Desktop, *widgets: Widget) -> bool:
    """Whether they lie on the screen whole, and nowhere over each other."""
    regions = [widget.region for widget in widgets]
    whole = all(desk.app.screen.region.contains_region(region) and region.area for region in regions)
    return whole and not any(
        one.overlaps(other) for at, one in enumerate(regions) for other in regions[at + 1 :]
    )


@pytest.mark.parametrize("size", SIZES)
def test_mentions_stand_below_backlinks_and_one_key_links_them(tmp_path: Path, size: tuple[int, int]) -> None:
    async def main() -> None:
        path = vault_of(
            tmp_path / "v",
            zh__CAP定理="---\naliases: [CAP]\n---\n",
            a="[[CAP定理]] here\n",
            b="讲CAP定理的\n",
            c="the CAP theorem\n",
        )
        async with desktop(path, "CAP定理", size=size) as desk:
            await desk.press("ctrl+b")
            await desk.sees("Backlinks (1)", "Unlinked mentions (2", "讲CAP定理的", "the CAP theorem")
            linked = panel(desk, Linked)
            assert inside(desk, desk.editor, linked, desk.app.main.status)
            await desk.press("home", "m", "l")
            await desk.sees("Backlinks (2)", "Unlinked mentions (1", "讲[[CAP定理]]的")
            assert desk.stored("b") == "讲[[CAP定理]]的\n"
            await desk.press("u")
            await desk.sees("Backlinks (1)", "Unlinked mentions (2")
            assert desk.stored("b") == "讲CAP定理的\n"
            await desk.press("end", "enter")
            await desk.shows("c")

    run(main())


def test_of_a_long_line_the_part_around_the_link_is_shown() -> None:
    line = "前面的话" * 40 + "见 [[CAP定理]]，" + "后面的话" * 40
    part = cut(line, "cap定理")
    assert part.startswith("…")
    assert part.endswith("…")
    assert "[[CAP定理]]" in part
    assert cell_len(part) <= CELLS + 1
    assert cut("short [[x]]", "x") == "short [[x]]"
    assert cut(line, "nowhere").startswith("前面的话")


def test_a_mention_that_changed_meanwhile_is_told_and_looked_for_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", Paxos="", b="on Paxos\n"), "Paxos") as desk:
            await desk.press("ctrl+b")
            await desk.sees("on Paxos")
            with Vault.open(desk.path) as other:
                mention = other.note("Paxos").mentions()[0]
                other.note("b").write("now of Paxos\n")
            panel(desk, Linked).post_message(Linked.LinkWanted(mention))
            await desk.sees("That line has changed", "now of Paxos")
            assert desk.stored("b") == "now of Paxos\n"
            await desk.press("escape")
            assert "That line has changed" not in desk.screen_text()

    run(main())


@pytest.mark.parametrize("size", SIZES)
def test_the_outline_follows_the_caret_and_the_text(tmp_path: Path, size: tuple[int, int]) -> None:
    async def main() -> None:
        text = "intro\n\n# 一\n\nx\n\n## Two\n\ny\n\n# Three\n\nz"
        async with desktop(vault_of(tmp_path / "v", n=text), "n", size=size) as desk:
            await desk.press("f3")
            await desk.sees("Outline", "一", "  Two", "Three")
            outline = panel(desk, OutlinePanel)
            assert inside(desk, desk.editor, outline, desk.app.main.status)
            assert outline.has_focus
            await desk.press("home", "down", "enter")
            assert desk.editor.has_focus
            assert desk.editor.cursor_location == (6, 0)
            await until(lambda: outline.highlighted == 1)
            await desk.press("ctrl+home", "home")
            desk.editor.move_cursor((0, 0))
            await until(lambda: outline.highlighted is None)
            desk.editor.move_cursor((12, 1))
            await until(lambda: outline.highlighted == 2)
            await desk.type("\n## 新")
            await desk.sees("  新")
            await until(lambda: outline.highlighted == 3)
            await desk.press("f3")
            assert not outline.display

    run(main())


@pytest.mark.parametrize("size", SIZES)
def test_the_graph_is_drawn_walked_and_opened(tmp_path: Path, size: tuple[int, int]) -> None:
    async def main() -> None:
        path = vault_of(
            tmp_path / "v",
            zh__分布式系统="[[CAP定理]] [[未写]]",
            zh__CAP定理="[[分布式系统]]",
            en__Start="[[分布式系统]] [[Other]]",
            Other="",
        )
        async with desktop(path, "分布式系统", size=size) as desk:
            await desk.press("alt+g")
            await desk.sees(
                "Start ──── 分布式系统 ─┬─⇄ CAP定理", "└─→ 未写 ?", "(2 link here, it links to 2)"
            )
            graph = panel(desk, LocalGraph)
            assert inside(desk, desk.editor, graph, desk.app.main.status)
            assert "分布式系统" in str(graph.border_subtitle)
            await desk.press("left", "space")
            await desk.sees("Start ─┬─→ ")
            await desk.press("backspace")
            await desk.sees("⇄ CAP定理")
            await desk.press("right", "down")
            assert "not written yet" in str(graph.border_subtitle)
            await desk.press("enter")
            await desk.shows("未写")
            await desk.sees("分布式系统 ──── 未写")
            with Vault.open(path) as other:
                other.note("Other").append("[[未写]]")
            await desk.sees("Other ─")
            await desk.press("alt+g")
            assert not graph.display

    run(main())


def test_a_click_in_the_graph_marks_and_a_second_one_opens(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", 中="[[文字]]", 文字=""), "中") as desk:
            await desk.press("alt+g")
            await desk.sees("中 ───→ 文字")
            lines = desk.screen_text().split("\n")
            row = next(at for at, line in enumerate(lines) if "→ 文字" in line)
            # The character before takes two cells.
            place = (lines[row].index("文字") + 2, row)
            await desk.pilot.click(offset=place)
            assert panel(desk, LocalGraph).border_subtitle == "文字"
            await desk.pilot.click(offset=place)
            await desk.shows("文字")

    run(main())


def test_on_a_narrow_terminal_panels_keep_to_one_side(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="x"), "n", size=(80, 24)) as desk:
            await desk.press("ctrl+l", "ctrl+b")
            assert not panel(desk, NotesTree).display
            await desk.press("ctrl+l")
            assert not panel(desk, Linked).display
            assert desk.editor.size.width >= 40
        async with desktop(desk.path, "n", size=(140, 40)) as desk:
            await desk.press("ctrl+l", "ctrl+b", "f3", "alt+g")
            panels = [panel(desk, kind) for kind in (NotesTree, Linked, OutlinePanel, LocalGraph)]
            await desk.pilot.pause()
            assert inside(desk, desk.editor, desk.app.main.status, *panels)
            await desk.pilot.resize_terminal(80, 24)
            await desk.pilot.pause()
            assert not panel(desk, NotesTree).display
            assert inside(desk, desk.editor, desk.app.main.status, *panels[1:])

    run(main())


def test_escape_leaves_a_panel_and_leaves_it_open(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="x"), "n") as desk:
            await desk.press("ctrl+b", "escape")
            assert desk.editor.has_focus
            assert panel(desk, Linked).display

    run(main())


def test_no_line_stays_as_it_was_before_a_panel_came(tmp_path: Path) -> None:
    async def main() -> None:
        text = "\n".join(
            f"{number} 一二三四五六七八九十一二三四五六七八九十 and words" for number in range(9)
        )
        async with desktop(vault_of(tmp_path / "v", n=text), "n", size=(70, 24)) as desk:
            for key in ("ctrl+b", "f3", "ctrl+b", "f3"):
                await desk.press(key)
                await desk.pilot.pause()
                width = desk.editor.size.width
                seen = "".join(line[:width].strip() for line in desk.screen_text().split("\n")[:-1])
                wrapped = [part for parts in desk.editor.wrapped_document.lines for part in parts]
                shown = wrapped[desk.editor.scroll_offset.y :][: desk.editor.size.height]
                for part in shown:
                    assert part.strip() in desk.screen_text(), seen

    run(main())


def test_a_letter_with_alt_is_not_written(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="x"), "n") as desk:
            for letter in "gq":
                desk.send(events.Key(f"alt+{letter}", letter))
            await desk.pilot.pause()
            assert desk.text == "x"
            assert panel(desk, LocalGraph).display

    run(main())
