"""Previews of linked notes."""

from pathlib import Path

from crdtnotes_tui.widgets.preview import Preview
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run, until


def preview(desk: Desktop) -> Preview:
    return desk.app.main.peeking.preview


def some(path: Path) -> Path:
    return vault_of(
        path,
        n="see [[CAP#Two]] and [[未写]]\n",
        zh__CAP定理="---\naliases: [CAP]\n---\n# CAP定理\n\n布鲁尔的猜想\n\n## Two\n\nsecond part\n",
        zh__CAP笔记="other words\n",
    )


def test_a_look_at_the_link_under_the_caret(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            desk.editor.move_cursor((0, 8))
            await desk.press("alt+v")
            await desk.sees("zh/CAP定理", "## Two", "second part")
            assert "布鲁尔" not in desk.screen_text()
            await desk.press("right")
            assert preview(desk).display
            await desk.press("home")
            assert not preview(desk).display
            desk.editor.move_cursor((0, 24))
            await desk.press("alt+v")
            await desk.sees("no such note yet")
            await desk.press("escape")
            assert not preview(desk).display
            assert desk.editor.has_focus

    run(main())


def test_no_preview_where_there_is_no_link(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.press("alt+v")
            await desk.pilot.pause()
            assert not preview(desk).display

    run(main())


def test_the_marked_suggestion_is_previewed_and_gone_once_it_is_taken(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.type("【【CAP")
            await desk.sees("布鲁尔的猜想")
            assert not preview(desk).region.overlaps(desk.app.main.suggesting.list.region)
            await desk.press("down")
            await desk.sees("other words")
            await desk.press("enter")
            await until(lambda: not preview(desk).display)
            assert desk.text.endswith("\n[[CAP笔记]]")
            await desk.type("。")
            await desk.saved()
            assert desk.stored().endswith("\n[[CAP笔记]]。")

    run(main())


def test_headings_and_blocks_that_are_offered_have_none(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await desk.type("[[CAP")
            await desk.sees("布鲁尔的猜想")
            await desk.type("#")
            await until(lambda: not preview(desk).display)

    run(main())
