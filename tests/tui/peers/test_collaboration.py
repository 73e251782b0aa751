"""Two editors on two replicas, connected directly: one serves, the other follows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.strip import Strip

from crdtnotes import Vault
from crdtnotes.sync.session.presence import EXPIRY_SECONDS
from crdtnotes_tui.editor.caret_overlay import Stretch, mark
from crdtnotes_tui.editor.remote_carets import COLOURS
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run, until


@asynccontextmanager
async def met(tmp_path: Path, **notes: str) -> AsyncIterator[tuple[Desktop, Desktop]]:
    """Two editors on the note `n`, in sync."""
    path = vault_of(tmp_path / "a", **notes)
    with Vault.open(path) as vault, Vault.create(tmp_path / "b", "bo 书房", vault.id) as other:
        for batch in vault.changes_since({}):
            other.apply(batch)
    async with desktop(path, "n") as ana, desktop(tmp_path / "b", "n") as bo:
        address = await ana.app.main.collaboration.connections.serve("127.0.0.1", 0)
        await bo.app.main.collaboration.follow(str(address))
        await until(lambda: "in sync" in bo.app.main.collaboration.summary)
        bo.app.main.collaboration.moved()
        ana.app.main.collaboration.moved()
        yield ana, bo


def test_a_caret_and_a_selection_are_shown_and_follow_the_text(tmp_path: Path) -> None:
    async def main() -> None:
        async with met(tmp_path, n="first 中文\nsecond") as (ana, bo):
            bo.editor.caret_to(8)
            await ana.sees("bo 书房", "with bo 书房")
            await until(lambda: [one.caret for one in ana.editor.marks] == [8])
            assert ana.editor.marks[0].colour in COLOURS
            ana.editor.caret_to(0)
            await ana.type("new line\n")
            assert [one.caret for one in ana.editor.marks] == [17]
            await ana.saved()
            await until(lambda: bo.text == ana.text)
            assert bo.editor.caret == 17
            bo.editor.caret_to(9)
            await bo.press("shift+end")
            await until(lambda: [(one.start, one.caret) for one in ana.editor.marks] == [(9, 17)])
            await bo.type("x")
            await until(lambda: ana.text.startswith("new line\nx\n"))
            await until(lambda: [(one.start, one.caret) for one in ana.editor.marks] == [(10, 10)])
            await ana.sees("✎ bo 书房")

    run(main())


def test_a_person_who_leaves_is_no_longer_shown(tmp_path: Path) -> None:
    async def main() -> None:
        async with met(tmp_path, n="text", m="") as (ana, bo):
            await until(lambda: len(ana.editor.marks) == 1)
            bo.app.main.navigation.go(lambda: bo.app.main.workspace.open("m"))
            await until(lambda: not ana.editor.marks)
            bo.app.main.navigation.go(lambda: bo.app.main.workspace.open("n"))
            await until(lambda: len(ana.editor.marks) == 1)
            await bo.app.put_away()
            async with asyncio.timeout(EXPIRY_SECONDS / 2):  # it said that it left; it did not just expire
                await until(lambda: not ana.editor.marks)
            await until(lambda: "offline since" in ana.app.main.collaboration.summary)

    run(main())


def test_news_are_listed_and_one_key_away(tmp_path: Path) -> None:
    async def main() -> None:
        async with met(tmp_path, n="", other__页="one\ntwo\nthree") as (ana, bo):
            await until(lambda: len(ana.editor.marks) == 1)
            bo.app.main.navigation.go(lambda: bo.app.main.workspace.open("other/页"))
            await bo.shows("other/页")
            bo.editor.caret_to(4)
            await bo.type("新")
            await bo.saved()
            await ana.sees("1 new")
            await ana.press("f5")
            await ana.sees("other/页  bo 书房", "新two")
            await ana.press("escape")
            await until(lambda: not ana.app.main.collaboration.news)
            await bo.type("!")
            await bo.saved()
            await until(lambda: len(ana.app.main.collaboration.news) == 1)
            await ana.press("alt+n")
            await ana.shows("other/页")
            await until(lambda: ana.editor.cursor_location == (1, 0))

    run(main())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_remembered_address_without_encryption_is_not_dialled_again(tmp_path: Path, host: str) -> None:
    """Another user's program may listen there by now."""

    async def main() -> None:
        came: list[str] = []

        def meet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            came.append(str(writer.get_extra_info("peername")))
            writer.close()

        path = vault_of(tmp_path / "v", n="secret")
        async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
            with Vault.open(path) as vault:
                vault.remember_peer("ana", f"ws://{host}:{server.sockets[0].getsockname()[1]}")
            async with desktop(path, "n") as bo:
                collaboration = bo.app.main.collaboration
                await collaboration.meet()
                assert collaboration.connections.following == []
                await bo.type("more")
                await bo.saved()
                await collaboration.meet()
                assert not list(collaboration.connections._nodes)
        assert came == []

    run(main())


def test_marks_are_drawn_by_cells() -> None:
    strip = Strip([Segment("中文ab")])
    drawn = mark(strip, [Stretch("bo", "#8bd5ca", 2, 5, 2, 2)], Color.parse("#000000"), 20)
    assert drawn.cell_length == 20
    assert drawn.text.startswith("中文ab")
    assert drawn.text.rstrip().endswith(" bo")
    styled = [(segment.text, segment.style) for segment in drawn if segment.text.strip()]
    assert [text for text, _ in styled] == ["中", "文", "a", "b", " bo "]
    colours = [style.bgcolor.name if style and style.bgcolor else "" for _, style in styled]
    assert colours[1] == colours[4] == "#8bd5ca"
    assert colours[2] not in ("", "#8bd5ca")


def test_a_name_without_room_is_left_out() -> None:
    strip = Strip([Segment("x" * 18)])
    drawn = mark(strip, [Stretch("somebody", "#8bd5ca", 3, 3, 3, 1)], Color.parse("#000000"), 20)
    assert drawn.text == "x" * 18 + "  "
