import asyncio
from datetime import date
from pathlib import Path

import pytest
from textual import events
from textual.keys import _character_to_key

from crdtnotes import Vault
from crdtnotes.errors import DiskFull
from crdtnotes_tui.app import NotesApp
from crdtnotes_tui.options import StartOptions
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import PATIENCE, run, until


def test_at_first_use_it_makes_the_vault_and_begins_with_today(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "new" / "v"
        async with desktop(path, new_device="ana") as workspace:
            await workspace.shows(date.today().isoformat())
            await workspace.type("hello")
            await workspace.saved()
        with Vault.open(path) as vault:
            assert vault.device == "ana"
            assert vault.today().text.endswith("hello")

    run(main())


def test_without_a_name_it_opens_what_changed_last(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", a="", b="")
        with Vault.open(path) as vault:
            vault.note("a").append("later")
        async with desktop(path) as workspace:
            assert workspace.buffer.name == "a"

    run(main())


@pytest.mark.parametrize(
    ("name", "sentence"), [("nothing", "There is no note 'nothing'."), (None, "There is no vault at")]
)
def test_what_cannot_be_opened_ends_it_with_one_sentence(
    tmp_path: Path, name: str | None, sentence: str
) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", a="") if name else tmp_path / "none"
        app = NotesApp(StartOptions(path, name))
        async with app.run_test():
            await until(lambda: bool(app.failure))
        assert app.failure.startswith(sentence)

    run(main())


def test_leaving_at_once_is_no_crash(tmp_path: Path) -> None:
    async def main() -> None:
        app = NotesApp(StartOptions(vault_of(tmp_path / "v", n=""), "n"))
        async with app.run_test():
            await until(lambda: app.main.editor.buffer is not None)
            await app.put_away()
        assert not app.failure

    run(main())


def test_leaving_stores_what_was_typed_last(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="")
        app = NotesApp(StartOptions(path, "n"))
        async with app.run_test() as pilot:
            await until(lambda: app.main.editor.buffer is not None)
            driver = app._driver
            assert driver is not None
            for character in "[[x]]":
                driver.send_message(events.Key(_character_to_key(character), character))
            await pilot.press("ctrl+q")
        with Vault.open(path) as vault:
            assert vault.note("n").text == "[[x]]"
            assert [link.target for link in vault.note("n").links()] == ["x"]
        assert not app.failure

    run(main())


def test_trouble_is_told_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n") as workspace:

            def full(*_: object) -> None:
                raise DiskFull("There is no room left.")

            with monkeypatch.context() as patch:
                patch.setattr("crdtnotes.store.log.log.Log.write", full)
                await workspace.type("kept")
                await workspace.sees("not saved: There is no room left.")
            await workspace.sees("✓ saved")
            assert workspace.stored() == "kept"

    run(main())


def test_leaving_ends_also_when_something_is_committed_at_that_moment(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="text"), "n") as workspace:
            notes = workspace.app.main.workspace
            refreshing = notes._refreshing
            assert refreshing is not None
            await until(lambda: bool(notes._wake._waiters))
            notes._wake.set()
            refreshing.cancel()
            await asyncio.wait([refreshing], timeout=PATIENCE)
            assert refreshing.done()

    run(main())
