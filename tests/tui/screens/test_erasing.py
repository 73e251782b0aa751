"""Erasing from the editor: what is asked, what goes, and that it does not come back."""

from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.trust.roles import Role
from crdtnotes_tui.screens.choice import Choice
from crdtnotes_tui.screens.erasing import erase_question
from crdtnotes_tui.screens.main import MainScreen
from tests.peering.devices import ways
from tests.sync.laptops import Laptop, founder, pair
from tests.sync.wire import Wire, settle
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run, until

SIZE = (90, 30)
SECRET = "密码s3cret"


async def asked(workspace: Desktop, *see: str) -> None:
    await workspace.press("alt+x")
    await until(lambda: isinstance(workspace.app.screen, Choice))
    await workspace.sees("This cannot be undone", "Out of reach", "change it.", *see)


def held(path: Path) -> bool:
    return SECRET.encode() in path.read_bytes()


def test_the_selected_text_goes_and_undo_does_not_bring_it_back(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n=f"before {SECRET} after {SECRET}", other="text")

    async def main() -> None:
        async with desktop(path, "n", SIZE) as workspace:
            editor = workspace.editor
            await workspace.type(f" {SECRET}")
            await workspace.saved()
            editor.caret_to(7)
            await workspace.press(*["shift+right"] * len(SECRET))
            assert editor.selected_text == SECRET
            await asked(workspace, SECRET, "This vault then becomes a new one")
            await workspace.press("n")
            await until(lambda: isinstance(workspace.app.screen, MainScreen))
            assert workspace.text.count(SECRET) == 3
            await asked(workspace)
            await workspace.press("enter")  # what is highlighted first changes nothing
            await until(lambda: isinstance(workspace.app.screen, MainScreen))
            assert workspace.text.count(SECRET) == 3
            await asked(workspace)
            await workspace.press("y")
            await workspace.sees("Erased from", "rest of the notes")
            await until(lambda: workspace.text == "before  after  ")
            await workspace.press("ctrl+z", "ctrl+y", "ctrl+z")
            await workspace.saved()
            assert SECRET not in workspace.text
            await workspace.press("ctrl+end")
            await workspace.type("goes on")
            await workspace.saved()
            assert workspace.stored().endswith("goes on")
            assert SECRET not in workspace.stored()
            assert "new (F5)" not in workspace.screen_text()

    run(main())
    assert not held(path)
    with Vault.open(path) as vault:
        assert vault.check() == []
        assert vault.note("other").text == "text"


def test_a_whole_note_goes(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n=f"{SECRET}", other="text")

    async def main() -> None:
        async with desktop(path, "n", SIZE) as workspace:
            await asked(workspace, "Erase the note “n”?")
            await workspace.press("y")
            await workspace.sees("Erased from")
            await until(lambda: workspace.text == "")
            assert workspace.names() == ["other"]

    run(main())
    assert not held(path)


def test_a_paired_device_erases_it_when_it_syncs(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    ana.write("n", f"a {SECRET} z")
    meet(ana, bo)
    assert held(bo.path)

    async def main() -> None:
        async with desktop(ana.path, "n", SIZE, ways=ways(ana), identity=ana.identity) as workspace:
            workspace.editor.caret_to(2)
            await workspace.press(*["shift+right"] * len(SECRET))
            await asked(workspace, "on each other device once it")
            await workspace.press("y")
            await workspace.sees("Your other devices")
            await until(lambda: workspace.text == "a  z")

    run(main())
    meet(ana, bo)
    assert (held(ana.path), held(bo.path)) == (False, False)


def meet(one: Laptop, other: Laptop) -> None:
    mine, theirs = one.open(), other.open()
    settle(Wire(mine, theirs))
    mine.close()
    theirs.close()


def test_a_reader_cannot_erase(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")
    ana.write("n", SECRET)
    ana.add(bo, Role.READER)
    meet(ana, bo)

    async def main() -> None:
        async with desktop(bo.path, "n", SIZE, ways=ways(bo), identity=bo.identity) as workspace:
            await asked(workspace)
            await workspace.press("y")
            await workspace.sees("That did not work")
            assert workspace.text == SECRET

    run(main())


@pytest.mark.parametrize("paired", [False, True])
def test_a_long_or_hostile_text_is_shown_short_and_in_one_line(paired: bool) -> None:
    question = erase_question("n\u202e", "\x1b[2J" + "长" * 500, paired=paired)
    assert len(question) < 600
    assert "\x1b" not in question
    assert "\u202e" not in question
