"""Lists to pick from."""

from datetime import date
from pathlib import Path

import pytest
from textual.command import CommandList
from textual.widgets import Input

from crdtnotes import Vault
from crdtnotes.errors import Damaged
from crdtnotes_tui.screens.commands import commands
from crdtnotes_tui.screens.key_help import Keys
from crdtnotes_tui.screens.picker import Picker
from crdtnotes_tui.screens.prompt import Prompt
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


async def picked(workspace: Desktop, key: str, *see: str) -> None:
    await workspace.press(key)
    await until(lambda: isinstance(workspace.app.screen, Picker))
    await workspace.sees(*see)


def test_tags_are_a_tree_that_leads_to_notes(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await picked(workspace, "alt+t", "#系统  2", "  #系统/一致性  1")
            await workspace.type("系统")
            await workspace.press("enter")
            await workspace.sees("en/CRDT")
            await workspace.type("crd")
            await workspace.press("enter")
            await workspace.shows("en/CRDT")

    run(main())


def test_orphans(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await picked(workspace, "alt+o", "alone")
            await workspace.press("enter")
            await workspace.shows("alone")

    run(main())


def test_a_dangling_link_becomes_a_note(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:
            await picked(workspace, "alt+d", "未写的  en/CRDT, other", "Unwritten  en/CRDT")
            await workspace.type("unwr")
            await workspace.press("enter")
            await workspace.shows("Unwritten")
            assert "Unwritten" in workspace.names()

    run(main())


def test_a_link_of_the_note_is_followed(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "CRDT") as workspace:
            await picked(workspace, "alt+l", "未写的  make this note")
            await workspace.type("未")
            await workspace.press("enter")
            await workspace.shows("未写的")

    run(main())


def test_a_note_from_a_template(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="", templates__会议="# {{title}}\n\n{{date}} ")
        async with desktop(path, "n") as workspace:
            await picked(workspace, "ctrl+n", "templates/会议")
            await workspace.press("enter")
            await until(lambda: isinstance(workspace.app.screen, Prompt))
            workspace.app.screen.query_one(Input).value = "工作/周会"
            await workspace.press("enter")
            await workspace.shows("工作/周会")
            assert workspace.text == f"# 周会\n\n{date.today().isoformat()} "
            await picked(workspace, "ctrl+n", "templates/会议")
            await workspace.press("enter")
            await until(lambda: isinstance(workspace.app.screen, Prompt))
            workspace.app.screen.query_one(Input).value = "n"
            await workspace.press("enter")
            await workspace.sees("That did not work", "There is already a note 'n'.")
            await workspace.press("escape")
            assert "That did not work" not in workspace.screen_text()
            assert workspace.editor.has_focus

    run(main())


def test_without_templates_it_says_how_one_comes_to_be(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n") as workspace:
            await picked(workspace, "ctrl+n", "folder templates")

    run(main())


def test_the_sample_notes_open_at_their_top(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n") as workspace:
            await workspace.press("alt+s")
            await workspace.shows("en/Start here")
            await until(lambda: workspace.editor.cursor_location == (0, 0))
            assert workspace.editor.scroll_offset.y == 0

    run(main())


def test_every_command_with_a_key_is_in_the_palette_and_the_help(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n", size=(110, 60)) as workspace:
            screen = workspace.app.screen
            keys = {
                one.description: one.keys(workspace.app)[-1]
                for one in commands(screen.active_bindings.values())
            }
            offered = {one.title: one.help for one in workspace.app.get_system_commands(screen)}
            for description, key in keys.items():
                assert key in offered[description]
                assert "[" not in offered[description]  # that would be markup
            for wanted in (
                "Tags and their notes",
                "Outline",
                "Graph around this note",
                "Preview of the link",
            ):
                assert wanted in keys
            await workspace.press("f1")
            help_screen = workspace.app.screen
            assert isinstance(help_screen, Keys)
            listed = {one for section in help_screen.sections().values() for one in section}
            assert keys.keys() <= listed
            assert {"Make the mention a link", "Draw around what is marked"} <= listed
            await workspace.sees("Tags and their notes", "Outline")

    run(main())


def test_the_palette_lists_own_commands_first_with_their_keys_and_none_twice(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n") as workspace:
            found = list(workspace.app.get_system_commands(workspace.app.screen))
            titles = [one.title for one in found]
            assert len(set(titles)) == len(titles)
            assert {"Quit", "Keys", "Maximize"}.isdisjoint(titles)
            last_own = titles.index("To the shell, `fg` comes back")
            assert titles[0] == "Open or make a note"
            assert last_own < titles.index("Copy") < titles.index("Theme")
            await workspace.press("ctrl+p")
            await until(lambda: workspace.app.screen.query_one(CommandList).option_count >= len(titles))
            commands = workspace.app.screen.query_one(CommandList)
            shown = [str(commands.get_option_at_index(at).prompt).split("\n")[0] for at in range(5)]
            assert shown == titles[:5]

    run(main())


def test_what_cannot_be_read_is_said_in_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with desktop(some(tmp_path / "v"), "n") as workspace:

            def damaged(_: Vault) -> None:
                raise Damaged("The file is damaged.")

            with monkeypatch.context() as patch:
                patch.setattr(Vault, "dangling", damaged)
                await picked(workspace, "alt+d", "The file is damaged.")
                await workspace.press("enter", "escape")
            await picked(workspace, "alt+d", "Unwritten")

    run(main())


def test_a_long_list_goes_on_to_its_end(tmp_path: Path) -> None:
    async def main() -> None:
        notes = {f"n{number:03}": "" for number in range(180)}
        async with desktop(vault_of(tmp_path / "v", **notes), "n000") as workspace:
            await workspace.press("alt+o")
            await workspace.sees("n001")
            await workspace.press(*["pagedown"] * 18)
            await workspace.sees("n179")
            await workspace.press("enter")
            await workspace.shows("n179")

    run(main())
