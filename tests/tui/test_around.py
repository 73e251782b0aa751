"""Lists to pick from."""

from datetime import date
from pathlib import Path

import pytest
from textual.widgets import Input

from crdtnotes import Vault
from crdtnotes.errors import Damaged
from crdtnotes_tui.screens.ask import Ask
from crdtnotes_tui.screens.keys import Keys, sideways
from crdtnotes_tui.screens.picker import Picker
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run, until


def some(path: Path) -> Path:
    return vault_of(
        path,
        n="[[CRDT]] #系统/一致性\n",
        en__CRDT="#系统 [[未写的]] [[Unwritten]]\n",
        other="[[未写的]]",
        alone="nothing",
    )


async def picked(desk: Desktop, key: str, *see: str) -> None:
    await desk.press(key)
    await until(lambda: isinstance(desk.app.screen, Picker))
    await desk.sees(*see)


def test_tags_are_a_tree_that_leads_to_notes(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await picked(desk, "alt+t", "#系统  2", "  #系统/一致性  1")
            await desk.type("系统")
            await desk.press("enter")
            await desk.sees("en/CRDT")
            await desk.type("crd")
            await desk.press("enter")
            await desk.shows("en/CRDT")

    run(main())


def test_orphans(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await picked(desk, "alt+o", "alone")
            await desk.press("enter")
            await desk.shows("alone")

    run(main())


def test_a_dangling_link_becomes_a_note(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:
            await picked(desk, "alt+d", "未写的  en/CRDT, other", "Unwritten  en/CRDT")
            await desk.type("unwr")
            await desk.press("enter")
            await desk.shows("Unwritten")
            assert "Unwritten" in desk.names()

    run(main())


def test_a_link_of_the_note_is_followed(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "CRDT") as desk:
            await picked(desk, "alt+l", "未写的  make this note")
            await desk.type("未")
            await desk.press("enter")
            await desk.shows("未写的")

    run(main())


def test_a_note_from_a_template(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="", templates__会议="# {{title}}\n\n{{date}} ")
        async with desktop(path, "n") as desk:
            await picked(desk, "ctrl+n", "templates/会议")
            await desk.press("enter")
            await until(lambda: isinstance(desk.app.screen, Ask))
            desk.app.screen.query_one(Input).value = "工作/周会"
            await desk.press("enter")
            await desk.shows("工作/周会")
            assert desk.text == f"# 周会\n\n{date.today().isoformat()} "
            await picked(desk, "ctrl+n", "templates/会议")
            await desk.press("enter")
            await until(lambda: isinstance(desk.app.screen, Ask))
            desk.app.screen.query_one(Input).value = "n"
            await desk.press("enter")
            await desk.sees("That did not work", "There is already a note 'n'.")
            await desk.press("escape")
            assert "That did not work" not in desk.screen_text()
            assert desk.editor.has_focus

    run(main())


def test_without_templates_it_says_how_one_comes_to_be(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n") as desk:
            await picked(desk, "ctrl+n", "folder templates")

    run(main())


def test_a_folder_is_taken_in(tmp_path: Path) -> None:
    async def main() -> None:
        folder = tmp_path / "笔记"
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "系统.md").write_text("[[n]]\n", encoding="utf-8")
        (folder / "bad.md").write_bytes(b"\xff")
        async with desktop(vault_of(tmp_path / "v", n=""), "n") as desk:
            await desk.press("alt+2")
            await until(lambda: isinstance(desk.app.screen, Ask))
            desk.app.screen.query_one(Input).value = str(folder)
            await desk.press("enter")
            await desk.shows("sub/系统")
            await desk.sees("1 note was taken in", "not UTF-8")
            with Vault.open(desk.path) as vault:
                assert [link.note for link in vault.note("系统").links()] == ["n"]
            await desk.press("alt+2")
            await until(lambda: isinstance(desk.app.screen, Ask))
            desk.app.screen.query_one(Input).value = str(tmp_path / "none")
            await desk.press("enter")
            await desk.sees("That did not work")

    run(main())


def test_every_command_with_a_key_is_in_the_palette_and_the_help(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n", size=(110, 60)) as desk:
            screen = desk.app.screen
            keys = {
                one.binding.description: desk.app.get_key_display(one.binding)
                for one in screen.active_bindings.values()
                if one.binding.description and not one.binding.system and not sideways(one.binding)
            }
            commands = {one.title: one.help for one in desk.app.get_system_commands(screen)}
            for description in keys:
                assert "[" in commands[description]
            for wanted in (
                "Tags and their notes",
                "Outline",
                "Graph around this note",
                "Preview of the link",
            ):
                assert wanted in keys
            await desk.press("f1")
            help_screen = desk.app.screen
            assert isinstance(help_screen, Keys)
            listed = {one for section in help_screen.sections().values() for one in section}
            assert keys.keys() <= listed
            assert {"Make the mention a link", "Draw around what is marked"} <= listed
            await desk.sees("Tags and their notes", "Outline")

    run(main())


def test_what_cannot_be_read_is_said_in_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as desk:

            def damaged(_: Vault) -> None:
                raise Damaged("The file is damaged.")

            with monkeypatch.context() as patch:
                patch.setattr(Vault, "dangling", damaged)
                await picked(desk, "alt+d", "The file is damaged.")
                await desk.press("enter", "escape")
            await picked(desk, "alt+d", "Unwritten")

    run(main())


def test_a_long_list_goes_on_to_its_end(tmp_path: Path) -> None:
    async def main() -> None:
        notes = {f"n{number:03}": "" for number in range(180)}
        async with desktop(vault_of(tmp_path / "v", **notes), "n000") as desk:
            await desk.press("alt+o")
            await desk.sees("n001")
            await desk.press(*["pagedown"] * 18)
            await desk.sees("n179")
            await desk.press("enter")
            await desk.shows("n179")

    run(main())
