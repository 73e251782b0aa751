"""Lists to pick from: what they show while answers are pending, and what Enter picks."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from textual.app import App
from textual.widgets import Input, OptionList

from crdtnotes import Vault
from crdtnotes_tui.screens.list_pickers import tags
from crdtnotes_tui.screens.picker import Answer, Picker
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run, until


class Slow(Picker[str]):
    """Answers when the test tells it to."""

    def __init__(self) -> None:
        super().__init__()
        self.may: dict[str, asyncio.Event] = {}

    async def answers(self, query: str) -> Sequence[Answer[str]]:
        await self.may.setdefault(query, asyncio.Event()).wait()
        return [Answer(f"{query}{number}", f"{query}{number}") for number in range(120)]

    def let(self, query: str) -> None:
        self.may.setdefault(query, asyncio.Event()).set()

    @property
    def shown(self) -> list[str]:
        options = self.query_one(OptionList)
        return [str(options.get_option_at_index(at).prompt) for at in range(options.option_count)]


def test_a_list_is_shown_whole_or_the_one_before_stays() -> None:
    async def main() -> None:
        app: App[None] = App()
        async with app.run_test(size=(80, 24)) as pilot:
            picker = Slow()
            picker.let("")
            await app.push_screen(picker)
            await until(lambda: len(picker.shown) > 0)
            before = picker.shown
            for query in ("a", "ab", "abc"):
                picker.query_one(Input).value = query
                await pilot.pause()
                assert picker.shown == before
            picker.let("abc")
            await until(lambda: picker.shown[0].startswith("abc0"))
            picker.let("a")
            await pilot.pause()
            assert picker.shown[0].startswith("abc0")

    run(main())


def test_enter_picks_what_is_marked_and_else_the_first_of_what_is_typed() -> None:
    async def main() -> None:
        app: App[None] = App()
        picked: list[str | None] = []
        async with app.run_test(size=(80, 24)) as pilot:
            for late in (False, True):
                picker = Slow()
                picker.let("")
                app.push_screen(picker, picked.append)
                await until(lambda: picker.is_mounted and len(picker.shown) > 0)  # noqa: B023
                await pilot.press("down", "down")
                if late:
                    picker.query_one(Input).value = "x"
                    await pilot.press("enter")
                    picker.let("x")
                else:
                    await pilot.press("enter")
                await until(lambda: len(picked) == 1 + late)  # noqa: B023
        assert picked == ["2", "x0"]

    run(main())


def test_the_mark_stays_on_its_answer_when_the_list_is_renewed() -> None:
    async def main() -> None:
        app: App[None] = App()
        async with app.run_test(size=(80, 24)) as pilot:
            picker = Slow()
            picker.let("")
            await app.push_screen(picker)
            await until(lambda: len(picker.shown) > 0)
            for _ in range(9):
                await pilot.press("pagedown")
            assert picker.query_one(OptionList).highlighted == 90
            picker.ask_again()
            await pilot.pause()
            assert picker.query_one(OptionList).highlighted == 90

    run(main())


def test_a_long_list_opens_as_it_was_and_is_renewed(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="#one")
        async with desktop(path, "n") as workspace:
            kept, thread = workspace.app.main.workspace.cache, workspace.app.main.workspace.thread
            await kept.fresh(tags)
            with Vault.open(path) as vault:
                vault.create_note("other", "#two")
            await until(lambda: not kept.is_fresh(tags))
            await until(lambda: "other" in workspace.editor.catalogue)
            go_on = Event()
            busy = asyncio.create_task(thread.run(lambda _: go_on.wait(20)))
            await workspace.press("alt+t")
            await workspace.sees("#one")
            assert "#two" not in workspace.screen_text()
            go_on.set()
            await busy
            await workspace.sees("#one", "#two")

    run(main())
