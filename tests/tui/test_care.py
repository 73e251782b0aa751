import asyncio
from pathlib import Path

from textual.widgets import Input

from crdtnotes import Vault
from crdtnotes.sync.peers.node import Node
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run, until


async def answer(workspace: Desktop, key: str, text: str) -> None:
    """Press a key that asks a question, and answer it."""
    await workspace.press(key)
    workspace.app.screen.query_one(Input).value = text
    await workspace.press("enter")


def test_rename_and_links_follow(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="", m="[[n]]"), "n") as workspace:
            await answer(workspace, "f2", "新名字")
            await workspace.sees("rewritten in 1 note.", "新名字  ✓ saved")
            assert workspace.stored("m") == "[[新名字]]"
            await answer(workspace, "f2", "m")
            await workspace.sees("already a note 'm'.")

    run(main())


def test_delete_and_bring_back(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="kept", m=""), "n") as workspace:
            await workspace.press("f8")
            await workspace.sees("F9 brings it back", "deleted; typing brings it back")
            assert workspace.names() == ["m"]
            await workspace.press("f9")
            await until(lambda: workspace.buffer.exists)
            assert workspace.stored("n") == "kept"

    run(main())


def test_headings(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="# One\n\n## Two\n"), "n") as workspace:
            await workspace.press("ctrl+r")
            await workspace.sees("One", "Two")
            await workspace.type("tw")
            await workspace.press("enter")
            await until(lambda: workspace.editor.cursor_location == (2, 0))

    run(main())


def test_two_editors_on_two_synced_replicas(tmp_path: Path) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "a", n="shared line\n")
        with Vault.open(path) as vault:
            Vault.create(tmp_path / "b", "bo", vault.id).close()
        vaults: list[Vault] = []

        def opened() -> Vault:
            vaults.append(Vault.open(path))
            return vaults[-1]

        async with Node(lambda: opened().replica, path=path) as server:
            address = str(await server.serve("127.0.0.1", 0))
            async with Node(lambda: Vault.open(tmp_path / "b").replica) as client:
                await client.sync_once(address)
            async with desktop(path, "n") as ana, desktop(tmp_path / "b", "n") as bo:
                await answer(bo, "f4", address)
                await bo.sees("in sync")
                ana.editor.caret_to(6)
                bo.editor.caret_to(11)
                for ana_types, bo_types in zip("typing", "写中文字很好", strict=True):
                    await ana.type(ana_types)
                    await bo.type(bo_types)
                await ana.saved()
                await bo.saved()
                await until(lambda: ana.text == bo.text)
                assert ana.text == "sharedtyping line写中文字很好\n"
                assert ana.editor.cursor_location == (0, 12)
                assert bo.editor.cursor_location == (0, len("sharedtyping line写中文字很好"))
        await asyncio.sleep(0)
        with Vault.open(tmp_path / "b") as vault:
            assert [given for _, given in vault.peers()] == [address]

    run(main())
