"""The panel of what was written apart, and what the status line says of it."""

from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes_tui.panels.review import ReviewPanel
from tests.review.edits import Edit, after, apart, keys, rename, write
from tests.tui.desktop import Desktop, desktop
from tests.tui.loop import run, until
from tests.tui.panels.test_panes import inside, panel
from tests.vaults import send

MONDAY = "# Plan\n\non Monday, ok\n"
TUESDAY, WEDNESDAY = write("Monday", "Tuesday"), write("Monday", "Wednesday")


def met(folder: Path, text: str, *edits: Edit) -> Path:
    """A vault in which these edits of the note "A" met."""
    with apart(folder, text, *edits):
        return folder / "0.db"


def words(path: Path) -> tuple[str, str]:
    with Vault.open(path) as vault:
        [found] = vault.review("A")
        return found.standing.text, found.other.text


async def nothing_left(workspace: Desktop) -> None:
    await until(lambda: not workspace.app.main.workspace.review.findings)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_the_panel_shows_both_versions_and_goes_to_the_place(tmp_path: Path, size: tuple[int, int]) -> None:
    async def main() -> None:
        path = met(tmp_path, MONDAY, TUESDAY, WEDNESDAY)
        async with desktop(path, "A", size=size) as workspace:
            await workspace.sees("1 to review")
            await workspace.press("alt+m")
            await workspace.sees("Written apart (1)", "line 3", "stands", "other", "this device", "t other")
            assert inside(
                workspace, workspace.editor, panel(workspace, ReviewPanel), workspace.app.main.status
            )
            await workspace.press("enter")
            await until(lambda: workspace.editor.cursor_location == (2, 0) and workspace.editor.has_focus)

    run(main())


@pytest.mark.parametrize("key", ["t", "k", "d"])
def test_one_key_settles_it_and_undo_takes_that_back(tmp_path: Path, key: str) -> None:
    async def main() -> None:
        path = met(tmp_path, MONDAY, TUESDAY, WEDNESDAY)
        first, other = words(path)
        wanted = {"t": other, "k": f"{first} / {other}", "d": first}[key]
        async with desktop(path, "A") as workspace:
            await workspace.press("alt+m")
            await workspace.sees("Written apart (1)")
            await workspace.press(key)
            await nothing_left(workspace)
            await workspace.sees("Nothing in this note waits for you.")
            assert "to review" not in workspace.screen_text()
            assert workspace.text == workspace.stored() == f"# Plan\n\non {wanted}, ok\n"
            await workspace.press("escape", "ctrl+z")
            await until(lambda: workspace.text == f"# Plan\n\non {first}{other}, ok\n")
            await workspace.saved()
            assert workspace.stored() == workspace.text
            await workspace.press("ctrl+y")
            await until(lambda: workspace.text == f"# Plan\n\non {wanted}, ok\n")

    run(main())


def test_a_key_marks_it_as_seen(tmp_path: Path) -> None:
    async def main() -> None:
        path = met(tmp_path, MONDAY, TUESDAY, WEDNESDAY)
        async with desktop(path, "A") as workspace:
            before = workspace.text
            await workspace.press("alt+m")
            await workspace.sees("Written apart (1)")
            await workspace.press("s")
            await workspace.sees("Nothing in this note waits for you.")
            assert workspace.text == workspace.stored() == before
        async with desktop(path, "A") as workspace:
            await workspace.press("alt+m")
            await workspace.sees("Nothing in this note waits for you.")

    run(main())


def test_text_that_is_typed_meanwhile_is_kept(tmp_path: Path) -> None:
    async def main() -> None:
        path = met(tmp_path, MONDAY, TUESDAY, WEDNESDAY)
        _, other = words(path)
        async with desktop(path, "A") as workspace:
            await workspace.press("alt+m")
            await workspace.sees("Written apart (1)")
            workspace.editor.focus()
            workspace.editor.move_cursor((0, 0))
            await workspace.type("typed ")
            panel(workspace, ReviewPanel).action_settle("other")
            await workspace.type("more ")
            await nothing_left(workspace)
            await workspace.saved()
            assert workspace.text == workspace.stored() == f"typed more # Plan\n\non {other}, ok\n"

    run(main())


def test_a_choice_that_is_not_there_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        path = met(tmp_path, "- [ ] milk\n", keys((3, 1, "x")), keys((0, 11, "")))
        async with desktop(path, "A") as workspace:
            await workspace.press("alt+m")
            await workspace.sees("Written apart (1)", "(deleted)", "- [x] milk")
            await workspace.press("k")
            await workspace.sees("cannot be settled in this way")
            await workspace.press("t")
            await until(lambda: workspace.text == "- [x] milk\n")
            await nothing_left(workspace)

    run(main())


def test_a_name_is_taken(tmp_path: Path) -> None:
    async def main() -> None:
        path = met(tmp_path, "text", rename("Alpha"), rename("Beta"))
        with Vault.open(path) as vault:
            [found] = vault.review()
        async with desktop(path, found.name) as workspace:
            await workspace.press("alt+m")
            await workspace.sees("Written apart (1)", "Alpha", "Beta")
            await workspace.press("t")
            await until(lambda: workspace.buffer.name == found.other.text)
            await nothing_left(workspace)
            assert workspace.names() == [found.other.text]

    run(main())


def test_other_notes_are_listed_below_and_opened_by_a_key(tmp_path: Path) -> None:
    async def main() -> None:
        more = after(TUESDAY, lambda vault: vault.create_note("own", "mine"))
        path = met(tmp_path, MONDAY, more, WEDNESDAY)
        first, other = words(path)
        async with desktop(path, "own") as workspace:
            await workspace.press("alt+m")
            await workspace.sees("Nothing in this note waits for you.", "Other notes (1)", "A:3")
            assert "to review" not in workspace.screen_text()
            await workspace.press("t")
            await workspace.shows("A")
            await until(lambda: workspace.text == f"# Plan\n\non {other}, ok\n")
            assert workspace.stored("A") == workspace.text
            await workspace.press("ctrl+z")
            await until(lambda: workspace.text == f"# Plan\n\non {first}{other}, ok\n")

    run(main())


def test_the_status_line_follows_what_comes_in(tmp_path: Path) -> None:
    async def main() -> None:
        with apart(tmp_path, MONDAY, lambda _: None, lambda _: None) as [one, two]:
            TUESDAY(one)
            WEDNESDAY(two)
            async with desktop(tmp_path / "0.db", "A") as workspace:
                await workspace.sees("✓ saved")
                assert "to review" not in workspace.screen_text()
                send(two, one)
                await workspace.sees("1 to review")
                one.settle(one.review()[0], one.review()[0].choices[0])
                await nothing_left(workspace)
                await until(lambda: "to review" not in workspace.screen_text())

    run(main())


def test_a_note_that_nobody_edited_apart_costs_no_look_at_its_keys(tmp_path: Path) -> None:
    async def main() -> None:
        path = met(tmp_path, MONDAY, TUESDAY, lambda _: None)
        async with desktop(path, "A") as workspace:
            review = workspace.app.main.workspace.review
            await until(lambda: review._looking is None and review.actor != "")
            looked: list[None] = []
            review.changed = lambda: looked.append(None)
            await workspace.type("more")
            await workspace.saved()
            review.committed(from_others=False)
            assert review._looking is None
            assert not looked

    run(main())
