"""Commands that two people give apart, each in an editor of their own, are one edit after a sync."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from crdtnotes_tui.notes.link_mentions import Linking
from tests.tui.desktop import Desktop, desktop
from tests.tui.loop import run, until
from tests.vaults import meet, replicas


async def replace_all(workspace: Desktop) -> None:
    await workspace.press("ctrl+f")
    await workspace.type("paxos")
    await workspace.sees("1 of 2")
    await workspace.press("tab")
    await workspace.type("raft")
    await workspace.press("alt+a")
    await workspace.sees("2 replaced")


async def replace_one(workspace: Desktop) -> None:
    workspace.editor.caret_to(0)
    await workspace.press("ctrl+f")
    await workspace.type("tea")
    await workspace.press("tab")
    await workspace.type("coffee")
    await workspace.press("enter")
    await until(lambda: "coffee" in workspace.text)


def at(position: int, *keys: str) -> Callable[[Desktop], Awaitable[None]]:
    async def act(workspace: Desktop) -> None:
        workspace.editor.caret_to(position)
        await workspace.press(*keys)

    return act


CASES: dict[str, tuple[str, Callable[[Desktop], Awaitable[None]], str]] = {
    "replace all": ("Paxos and\npaxos\n", replace_all, "Raft and\nraft\n"),
    "replace one": ("milk, tea\n", replace_one, "milk, coffee\n"),
    "indent": ("- a\n- b\n", at(7, "tab"), "- a\n  - b\n"),
    "outdent": ("- a\n  - b\n", at(9, "shift+tab"), "- a\n- b\n"),
    "an item becomes a task": ("- milk\n", at(6, "alt+k"), "- [ ] milk\n"),
    "tick": ("- [ ] milk\n", at(8, "alt+k"), "- [x] milk\n"),
    "type": ("log\n", at(4, "x", "enter"), "log\nx\nx\n"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_two_people_do_in_their_editors(name: str, tmp_path: Path) -> None:
    text, act, wanted = CASES[name]
    with replicas(tmp_path) as vaults:
        vaults[0].create_note("n", text)
        meet(*vaults)

        async def main(path: Path) -> None:
            async with desktop(path, "n") as workspace:
                await act(workspace)
                await until(lambda: workspace.text != text)
                await workspace.saved()

        for vault in vaults:
            run(main(vault.path))
        meet(*vaults)
        assert [vault.note("n").text for vault in vaults] == [wanted, wanted]


def test_one_mention_made_a_link_by_two_people(tmp_path: Path) -> None:
    with replicas(tmp_path) as vaults:
        vaults[0].create_note("Paxos", "")
        vaults[0].create_note("n", "We use Paxos here.\n")
        meet(*vaults)

        async def main(path: Path) -> None:
            async with desktop(path, "n") as workspace:
                thread = workspace.app.main.workspace.thread
                [mention] = await thread.run(lambda vault: vault.note("Paxos").mentions())
                await Linking(thread).link(mention)

        for vault in vaults:
            run(main(vault.path))
        meet(*vaults)
        assert {vault.note("n").text for vault in vaults} == {"We use [[Paxos]] here.\n"}
        assert vaults[0].check() == []
