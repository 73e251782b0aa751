"""Import, export, backup and the state of the vault, in the editor."""

from pathlib import Path

from textual.widgets import Input

from crdtnotes import Vault
from crdtnotes_tui.screens.main import MainScreen
from crdtnotes_tui.screens.path_prompt import PathPrompt
from crdtnotes_tui.screens.report import Report
from tests.peering.devices import ways
from tests.sync.laptops import pair
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run, until

SIZE = (110, 30)


async def answered(workspace: Desktop, key: str, path: Path | str) -> None:
    await workspace.press(key)
    await until(lambda: isinstance(workspace.app.screen, PathPrompt))
    line = workspace.app.screen.query_one(Input)
    line.value = str(path)
    await workspace.press("enter")


async def read(workspace: Desktop, *see: str) -> None:
    await until(lambda: isinstance(workspace.app.screen, Report))
    await workspace.sees(*see)
    await workspace.press("escape")
    await until(lambda: isinstance(workspace.app.screen, MainScreen))


def test_a_folder_is_imported_and_its_readme_opened(tmp_path: Path) -> None:
    folder = tmp_path / "笔记"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "系统.md").write_text("[[n]]\n", encoding="utf-8")
    (folder / "a.md").write_text("[[系统]]\n", encoding="utf-8")
    (folder / "README.md").write_text("# Read me\n\nend\n", encoding="utf-8")
    (folder / "bad.md").write_bytes(b"\xff")

    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n", SIZE) as workspace:
            await answered(workspace, "alt+i", folder)
            await read(workspace, "3 created, 0 updated, 0 unchanged.", "Left out:", "bad.md: ", "not UTF-8")
            await workspace.shows("README")
            assert workspace.editor.cursor_location == (0, 0)
            await workspace.sees("─ Notes ", "sub")
            assert workspace.editor.has_focus
            with Vault.open(workspace.path) as vault:
                assert [link.note for link in vault.note("系统").links()] == ["n"]
            await answered(workspace, "alt+i", tmp_path / "none")
            await workspace.sees("That did not work")
            (folder / "bad.md").unlink()
            await answered(workspace, "alt+i", folder)
            await workspace.sees("0 created, 0 updated, 3 unchanged.")

    run(main())


def test_what_an_import_does_to_other_notes_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "n.md").write_text("from the file\n", encoding="utf-8")

    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="old\n"), "n", SIZE) as workspace:
            await answered(workspace, "alt+i", folder)
            await read(workspace, "0 created, 1 updated, 0 unchanged.", "To know:", "n.md: It is new here")

    run(main())


def test_all_notes_are_exported_with_what_was_just_typed(tmp_path: Path) -> None:
    folder = tmp_path / "out"

    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="", zh__系统="text"), "n", SIZE) as workspace:
            await workspace.type("typed")
            await answered(workspace, "alt+e", folder)
            await workspace.sees("2 written, 0 unchanged.")
            assert (folder / "n.md").read_text(encoding="utf-8") == "typed"
            (folder / "zh" / "系统.md").unlink()
            (folder / "zh" / "系统.md").mkdir()
            await answered(workspace, "alt+e", folder)
            await read(workspace, "0 written, 1 unchanged.", "Not exported:", "zh/系统: A folder is where")

    run(main())


def test_the_vault_is_backed_up_and_nothing_is_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "copy.crdtnotes"

    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n", SIZE) as workspace:
            await workspace.type("typed")
            await answered(workspace, "alt+b", file)
            await workspace.sees("Backed up")
            with Vault.open(file) as vault:
                assert vault.note("n").text == "typed"
            await answered(workspace, "alt+b", file)
            await workspace.sees("That did not work")

    run(main())


def test_the_state_of_a_vault_with_its_devices(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    del bo

    async def main() -> None:
        async with desktop(ana.path, None, SIZE, ways=ways(ana), identity=ana.identity) as workspace:
            await workspace.press("alt+u")
            with Vault.open(ana.path) as vault:
                found = vault.id, f"notes    {len(vault)}", vault.digest
            await read(workspace, *found, "ana  owner  this device", "bo  owner  never connected here")

    run(main())


def test_the_state_of_a_vault_that_was_never_paired(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n", SIZE) as workspace:
            await workspace.press("alt+u")
            await read(workspace, "It was never paired")

    run(main())


def test_a_path_is_completed_by_tab_and_what_may_follow_is_shown(tmp_path: Path) -> None:
    for name in ("Notes", "notebook", "other"):
        (tmp_path / "f" / name).mkdir(parents=True)

    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n", SIZE) as workspace:
            await workspace.press("alt+i")
            await until(lambda: isinstance(workspace.app.screen, PathPrompt))
            line = workspace.app.screen.query_one(Input)
            line.value = f"{tmp_path}/f/"
            await workspace.sees("notebook/  Notes/  other/")
            line.value = f"{tmp_path}/f/n"
            await workspace.press("tab")
            await until(lambda: line.value == f"{tmp_path}/f/note")
            await workspace.type("b")
            await workspace.press("tab")
            await until(lambda: line.value == f"{tmp_path}/f/notebook/")
            await workspace.type("x")
            await workspace.sees("No folder here begins with that.")
            await workspace.press("escape")
            await until(lambda: isinstance(workspace.app.screen, MainScreen))

    run(main())
