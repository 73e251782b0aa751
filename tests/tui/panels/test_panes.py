"""The panels beside the text."""

from pathlib import Path

import pytest
from rich.cells import cell_len
from textual import events
from textual.widget import Widget

from crdtnotes import Vault
from crdtnotes_tui.panels.backlinks import MAX_CONTEXT_CELLS, BacklinksPanel, cut
from crdtnotes_tui.panels.graph import LocalGraph
from crdtnotes_tui.panels.notes_tree import NotesTree
from crdtnotes_tui.panels.outline import OutlinePanel
from tests.tui.desktop import Desktop, W, desktop, vault_of
from tests.tui.loop import run, until

SIZES = [(80, 24), (140, 40)]


def panel(workspace: Desktop, kind: type[W]) -> W:
    return workspace.app.screen.query_one(kind)


def inside(workspace: Desktop, *widgets: Widget) -> bool:
    """Whether they are entirely on the screen and do not overlap."""
    regions = [widget.region for widget in widgets]
    whole = all(workspace.app.screen.region.contains_region(region) and region.area for region in regions)
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
        async with desktop(path, "CAP定理", size=size) as workspace:
            await workspace.press("ctrl+b")
            await workspace.sees("Backlinks (1)", "Unlinked mentions (2", "讲CAP定理的", "the CAP theorem")
            linked = panel(workspace, BacklinksPanel)
            assert inside(workspace, workspace.editor, linked, workspace.app.main.status)
            await workspace.press("home", "m", "l")
            await workspace.sees("Backlinks (2)", "Unlinked mentions (1", "讲[[CAP定理]]的")
            assert workspace.stored("b") == "讲[[CAP定理]]的\n"
            await workspace.press("u")
            await workspace.sees("Backlinks (1)", "Unlinked mentions (2")
            assert workspace.stored("b") == "讲CAP定理的\n"
            await workspace.press("end", "enter")
            await workspace.shows("c")

    run(main())


def test_of_a_long_line_the_part_around_the_link_is_shown() -> None:
    line = "前面的话" * 40 + "见 [[CAP定理]]，" + "后面的话" * 40
    part = cut(line, "cap定理")
    assert part.startswith("…")
    assert part.endswith("…")
    assert "[[CAP定理]]" in part
    assert cell_len(part) <= MAX_CONTEXT_CELLS + 1
    assert cut("short [[x]]", "x") == "short [[x]]"
    assert cut(line, "nowhere").startswith("前面的话")


def test_a_mention_that_changed_meanwhile_is_told_and_looked_for_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", Paxos="", b="on Paxos\n"), "Paxos") as workspace:
            await workspace.press("ctrl+b")
            await workspace.sees("on Paxos")
            with Vault.open(workspace.path) as other:
                mention = other.note("Paxos").mentions()[0]
                other.note("b").write("now of Paxos\n")
            panel(workspace, BacklinksPanel).link(mention)
            await workspace.sees("That line has changed", "now of Paxos")
            assert workspace.stored("b") == "now of Paxos\n"
            await workspace.press("escape")
            assert "That line has changed" not in workspace.screen_text()

    run(main())


@pytest.mark.parametrize("size", SIZES)
def test_the_outline_follows_the_caret_and_the_text(tmp_path: Path, size: tuple[int, int]) -> None:
    async def main() -> None:
        text = "intro\n\n# 一\n\nx\n\n## Two\n\ny\n\n# Three\n\nz"
        async with desktop(vault_of(tmp_path / "v", n=text), "n", size=size) as workspace:
            await workspace.press("f3")
            await workspace.sees("Outline", "一", "  Two", "Three")
            outline = panel(workspace, OutlinePanel)
            assert inside(workspace, workspace.editor, outline, workspace.app.main.status)
            assert outline.has_focus
            await workspace.press("home", "down", "enter")
            assert workspace.editor.has_focus
            assert workspace.editor.cursor_location == (6, 0)
            await until(lambda: outline.highlighted == 1)
            await workspace.press("ctrl+home", "home")
            workspace.editor.move_cursor((0, 0))
            await until(lambda: outline.highlighted is None)
            workspace.editor.move_cursor((12, 1))
            await until(lambda: outline.highlighted == 2)
            await workspace.type("\n## 新")
            await workspace.sees("  新")
            await until(lambda: outline.highlighted == 3)
            await workspace.press("f3")
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
        async with desktop(path, "分布式系统", size=size) as workspace:
            await workspace.press("alt+g")
            await workspace.sees(
                "Start ──── 分布式系统 ─┬─⇄ CAP定理", "└─→ 未写 ?", "(2 link here, it links to 2)"
            )
            graph = panel(workspace, LocalGraph)
            assert inside(workspace, workspace.editor, graph, workspace.app.main.status)
            assert "分布式系统" in str(graph.border_subtitle)
            await workspace.press("left", "space")
            await workspace.sees("Start ─┬─→ ")
            await workspace.press("backspace")
            await workspace.sees("⇄ CAP定理")
            await workspace.press("right", "down")
            assert "not written yet" in str(graph.border_subtitle)
            await workspace.press("enter")
            await workspace.shows("未写")
            await workspace.sees("分布式系统 ──── 未写")
            with Vault.open(path) as other:
                other.note("Other").append("[[未写]]")
            await workspace.sees("Other ─")
            await workspace.press("alt+g")
            assert not graph.display

    run(main())


def test_a_click_in_the_graph_marks_and_a_second_one_opens(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", 中="[[文字]]", 文字=""), "中") as workspace:
            await workspace.press("alt+g")
            await workspace.sees("中 ───→ 文字")
            lines = workspace.screen_text().split("\n")
            row = next(at for at, line in enumerate(lines) if "→ 文字" in line)
            # The character before it takes two cells.
            place = (lines[row].index("文字") + 2, row)
            await workspace.pilot.click(offset=place)
            assert panel(workspace, LocalGraph).border_subtitle == "文字"
            await workspace.pilot.click(offset=place)
            await workspace.shows("文字")

    run(main())


def test_on_a_narrow_terminal_panels_keep_to_one_side(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="x"), "n", size=(80, 24)) as workspace:
            await workspace.press("ctrl+l", "ctrl+b")
            assert not panel(workspace, NotesTree).display
            await workspace.press("ctrl+l")
            assert not panel(workspace, BacklinksPanel).display
            assert workspace.editor.size.width >= 40
        async with desktop(workspace.path, "n", size=(140, 40)) as workspace:
            await workspace.press("ctrl+l", "ctrl+b", "f3", "alt+g")
            panels = [
                panel(workspace, kind) for kind in (NotesTree, BacklinksPanel, OutlinePanel, LocalGraph)
            ]
            await workspace.pilot.pause()
            assert inside(workspace, workspace.editor, workspace.app.main.status, *panels)
            await workspace.pilot.resize_terminal(80, 24)
            await workspace.pilot.pause()
            assert not panel(workspace, NotesTree).display
            assert inside(workspace, workspace.editor, workspace.app.main.status, *panels[1:])

    run(main())


def test_escape_leaves_a_panel_and_leaves_it_open(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="x"), "n") as workspace:
            await workspace.press("ctrl+b", "escape")
            assert workspace.editor.has_focus
            assert panel(workspace, BacklinksPanel).display

    run(main())


def test_no_line_stays_as_it_was_before_a_panel_came(tmp_path: Path) -> None:
    async def main() -> None:
        text = "\n".join(
            f"{number} 一二三四五六七八九十一二三四五六七八九十 and words" for number in range(9)
        )
        async with desktop(vault_of(tmp_path / "v", n=text), "n", size=(70, 24)) as workspace:
            for key in ("ctrl+b", "f3", "ctrl+b", "f3"):
                await workspace.press(key)
                await workspace.pilot.pause()
                width = workspace.editor.size.width
                seen = "".join(line[:width].strip() for line in workspace.screen_text().split("\n")[:-1])
                wrapped = [part for parts in workspace.editor.wrapped_document.lines for part in parts]
                shown = wrapped[workspace.editor.scroll_offset.y :][: workspace.editor.size.height]
                for part in shown:
                    assert part.strip() in workspace.screen_text(), seen

    run(main())


def test_a_letter_with_alt_is_not_written(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="x"), "n") as workspace:
            for letter in "gq":
                workspace.send(events.Key(f"alt+{letter}", letter))
            await workspace.pilot.pause()
            assert workspace.text == "x"
            assert panel(workspace, LocalGraph).display

    run(main())
