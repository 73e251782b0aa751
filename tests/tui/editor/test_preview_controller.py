"""Previews of linked notes."""

from pathlib import Path

from crdtnotes_tui.editor.preview import Preview
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run, until


def preview(workspace: Desktop) -> Preview:
    return workspace.app.main.previews.preview


def some(path: Path) -> Path:
    return vault_of(
        path,
        n="see [[CAP#Two]] and [[未写]]\n",
        zh__CAP定理="---\naliases: [CAP]\n---\n# CAP定理\n\n布鲁尔的猜想\n\n## Two\n\nsecond part\n",
        zh__CAP笔记="other words\n",
    )


def test_a_look_at_the_link_under_the_caret(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            workspace.editor.move_cursor((0, 8))
            await workspace.press("alt+v")
            await workspace.sees("zh/CAP定理", "## Two", "second part")
            assert "布鲁尔" not in workspace.screen_text()
            await workspace.press("right")
            assert preview(workspace).display
            await workspace.press("home")
            assert not preview(workspace).display
            workspace.editor.move_cursor((0, 24))
            await workspace.press("alt+v")
            await workspace.sees("no such note yet")
            await workspace.press("escape")
            assert not preview(workspace).display
            assert workspace.editor.has_focus

    run(main())


def test_no_preview_where_there_is_no_link(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.press("alt+v")
            await workspace.pilot.pause()
            assert not preview(workspace).display

    run(main())


def test_the_marked_suggestion_is_previewed_and_gone_once_it_is_taken(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.type("【【CAP")
            await workspace.sees("布鲁尔的猜想")
            assert not preview(workspace).region.overlaps(workspace.app.main.completions.list.region)
            await workspace.press("down")
            await workspace.sees("other words")
            await workspace.press("enter")
            await until(lambda: not preview(workspace).display)
            assert workspace.text.endswith("\n[[CAP笔记]]")
            await workspace.type("。")
            await workspace.saved()
            assert workspace.stored().endswith("\n[[CAP笔记]]。")

    run(main())


def test_headings_and_blocks_that_are_offered_have_none(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await workspace.type("[[CAP")
            await workspace.sees("布鲁尔的猜想")
            await workspace.type("#")
            await until(lambda: not preview(workspace).display)

    run(main())
