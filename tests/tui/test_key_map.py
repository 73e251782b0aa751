import re
from pathlib import Path

import pytest

from crdtnotes_tui.app import NotesApp, commands_with_keys
from crdtnotes_tui.key_map import FILE, key_map, normal, read_key_map
from crdtnotes_tui.options import StartOptions
from crdtnotes_tui.terminal_keys import UNBOUND
from tests.tui.desktop import Desktop, vault_of
from tests.tui.loop import run, until

USUAL = {"search": "ctrl+g", "serve": "alt+c,shift+f4", "find": "ctrl+f"}


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("ctrl+k", "ctrl+k"),
        ("Ctrl+]", "ctrl+right_square_bracket"),
        ("shift+ctrl+home", "ctrl+shift+home"),
        ("alt+<", "alt+less_than_sign"),
        ("alt++", "alt+plus"),
        ("F12", "f12"),
        ("alt+esc", "alt+escape"),
        ("pgup", "pageup"),
        ("f99", None),
        ("contrl+k", None),
        ("ctrl+ctrl+k", None),
        ("", None),
        ("+", "plus"),
    ],
)
def test_a_key_as_a_person_writes_it(written: str, key: str | None) -> None:
    assert normal(written) == key


def test_keys_given_to_a_command_replace_its_own_and_are_taken_from_others() -> None:
    found = key_map({"search": "ctrl+f, shift+f4"}, USUAL)
    assert found.keys == {"search": "ctrl+f,shift+f4", "serve": "alt+c", "find": UNBOUND}
    assert found.taken == {"ctrl+f", "shift+f4"}
    assert not found.problem
    assert key_map({"search": ""}, USUAL).keys == {"search": UNBOUND}
    assert key_map({}, USUAL).keys == {}


def test_what_cannot_be_is_said_in_one_sentence_and_the_rest_is_in_force() -> None:
    wanted = {"serch": "ctrl+k", "search": "ctrl+üü, x, enter, f6", "find": "f6", "serve": 3}
    found = key_map(wanted, USUAL)
    assert found.keys == {"search": "f6"}
    assert found.problem == (
        "Not all of keys.toml is in force: there is no command serch; ctrl+üü is not a key; x is needed for "
        "writing; enter is needed for writing; f6 is already the key of search; the keys of serve are not in "
        "quotes."
    )


def test_the_guide_names_all_commands() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guide.md").read_text(encoding="utf-8")
    listed = guide.partition("The commands are:\n")[2].partition(".")[0]
    assert sorted(re.findall(r"`([^`]+)`", listed)) == sorted(one.id or "" for one in commands_with_keys())


@pytest.mark.parametrize("content", [b"search = ", b"\xff"])
def test_a_file_that_is_no_toml_changes_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE
    assert read_key_map(path, commands_with_keys()).problem == ""
    path.write_bytes(content)
    found = read_key_map(path, commands_with_keys())
    assert not found.keys
    assert str(path) in found.problem


def test_the_editor_obeys_the_keys_of_the_file_and_f1_shows_them(tmp_path: Path) -> None:
    """Ctrl+K, which belongs to the text area, and Ctrl+B, which belongs to a panel, are given to commands."""
    keys = tmp_path / FILE
    keys.write_text('search = "ctrl+k, f12"\nundo = "ctrl+b"\nnothing = "f6"\nreplace-all = "alt+w"\n')

    async def main() -> None:
        app = NotesApp(StartOptions(vault_of(tmp_path / "v", n="text"), "n"), None, keys)
        async with app.run_test(notifications=True) as pilot:
            here = Desktop(app, pilot, tmp_path / "v")
            await until(lambda: bool(app.main.editor.catalogue.notes))
            await here.sees("there is no command nothing")
            await here.press("home", "ctrl+k")
            await here.sees("Search all notes")
            await here.press("escape")
            await here.type("x")
            await here.press("ctrl+g", "ctrl+z")
            await here.saved()
            assert here.text == "xtext"
            await here.press("ctrl+b")
            await here.saved()
            assert here.text == "text"
            await here.press("f1")
            await pilot.pause()
            sections = app.screen.sections()  # type: ignore[attr-defined]
            assert sections["Notes"]["Search all notes"] == ["^k", "f12"]
            assert sections["Writing"]["Undo"] == ["^b"]
            assert sections["While finding"]["Replace all"] == ["alt+w"]
            await app.put_away()

    run(main())
