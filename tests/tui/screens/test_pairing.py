"""Pairing, joining and serving from within the editor."""

import asyncio
import re
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.errors import NotPermitted
from crdtnotes.peering import pair as pairing
from crdtnotes.peering.join import join_vault
from crdtnotes.sync.net.address import Address
from crdtnotes.trust.code import read_code
from crdtnotes.trust.device_id import shown
from crdtnotes.trust.roles import Role
from crdtnotes_tui.notes.workspace import EVERYTHING, Workspace
from crdtnotes_tui.screens.main import MainScreen
from crdtnotes_tui.screens.pairing import JoinScreen, PairScreen, ServingScreen
from crdtnotes_tui.vault.vault_thread import VaultThread
from tests.peering.devices import ways
from tests.sync.laptops import Laptop, founder, pair
from tests.tui.desktop import Desktop, desktop
from tests.tui.loop import run, until


@pytest.fixture(autouse=True)
def any_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests that run side by side not take the pairing port from each other."""
    monkeypatch.setitem(pairing.pair_device.__kwdefaults__ or {}, "port", 0)


async def shown_code(workspace: Desktop) -> tuple[str, str]:
    """Press Alt+P and read the code and the address from the screen."""
    await workspace.press("alt+p")
    await until(lambda: isinstance(workspace.app.screen, PairScreen))
    await workspace.sees("crdtnotes join", "add the address")
    lines = workspace.screen_text().splitlines()
    code = next(line for line in lines if "crdtnotes join " in line and "-" in line)
    address = next(line for line in lines if "add the address: " in line)
    return (
        code.partition("join ")[2].strip(" │"),
        address.partition("address: ")[2].strip(" │"),
    )


async def agrees(host: str, digits: str) -> bool:
    return True


def digits_on(workspace: Desktop) -> str:
    (found,) = re.findall(r"\b\d{3} \d{3}\b", workspace.screen_text())
    return str(found)


def digest(laptop: Laptop) -> str:
    with Vault.open(laptop.path, identity=laptop.identity) as vault:
        assert vault.check() == []
        return vault.digest


def test_a_device_is_paired_from_the_editor(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")
    ana.write("n", "text 中文")

    async def main() -> None:
        async with desktop(ana.path, "n", (100, 40), ways=ways(ana), identity=ana.identity) as one:
            code, address = await shown_code(one)
            assert "▀" in one.screen_text()
            joining = asyncio.create_task(
                join_vault(
                    read_code(code), Address.typed(address), bo.path, "bo", agrees, identity=bo.identity
                )
            )
            await one.sees('"bo" knows the code', shown(bo.identity.id))
            await one.press("y")
            assert (await joining).notes == 1
            await until(lambda: isinstance(one.app.screen, MainScreen))
            await one.sees("Paired with bo", "bo ")
            await until(lambda: one.app.main.collaboration.connections.is_paired)
        assert digest(ana) == digest(bo)

    run(main())


def test_a_device_that_is_refused_gets_nothing_and_the_editor_says_so(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")
    ana.write("n")

    async def main() -> None:
        async with desktop(ana.path, "n", (100, 40), ways=ways(ana), identity=ana.identity) as one:
            code, address = await shown_code(one)
            await one.press("y")  # answers no question that is not there yet
            joining = asyncio.create_task(
                join_vault(
                    read_code(code), Address.typed(address), bo.path, "bo", agrees, identity=bo.identity
                )
            )
            await one.sees("knows the code")
            await one.press("n")
            await asyncio.wait([joining])
            assert joining.exception() is not None
            await until(lambda: isinstance(one.app.screen, MainScreen))
            await until(lambda: one.app.main.error.display)
            assert not bo.path.exists()
            assert not one.app.main.collaboration.connections.is_paired

    run(main())


def test_escape_stops_pairing(tmp_path: Path) -> None:
    ana = founder(tmp_path)
    ana.write("n")

    async def main() -> None:
        async with desktop(ana.path, "n", (100, 40), ways=ways(ana), identity=ana.identity) as one:
            await shown_code(one)
            assert one.app.main.collaboration.connections.address is not None
            await one.press("escape")
            await until(lambda: isinstance(one.app.screen, MainScreen))
            await until(lambda: one.app.main.collaboration.connections.address is None)
            await shown_code(one)

    run(main())


def test_an_empty_vault_joins_another_ones_from_the_editor(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), founder(tmp_path, "bo")
    ana.write("from ana", "中文")

    async def main() -> None:
        async with (
            desktop(ana.path, "from ana", (100, 40), ways=ways(ana), identity=ana.identity) as one,
            desktop(bo.path, None, (100, 40), ways=ways(bo), identity=bo.identity) as other,
        ):
            await other.sees("F7 J here joins")
            code, address = await shown_code(one)
            await other.press("alt+j")
            await until(lambda: isinstance(other.app.screen, JoinScreen))
            await other.type(code)
            await other.press("tab")
            await other.type(address)
            await other.press("enter")
            await one.sees('"bo" knows the code', shown(bo.identity.id))
            await other.sees('"ana" knows the code')
            assert digits_on(one) == digits_on(other)
            await other.press("y")
            await other.sees("asks, too", shown(bo.identity.id)[:7])
            await one.press("y")
            await until(lambda: isinstance(one.app.screen, MainScreen))
            await other.shows("from ana")
            await other.sees("Paired with ana")
            await one.sees("bo in sync")
            other.editor.caret_to(2)
            await other.type("!")
            await until(lambda: "!" in one.text)
            await one.saved()
        assert digest(ana) == digest(bo)

    run(main())


def test_a_vault_with_notes_is_not_joined_to_another(tmp_path: Path) -> None:
    ana = founder(tmp_path)
    ana.write("n")

    async def main() -> None:
        async with desktop(ana.path, "n", ways=ways(ana), identity=ana.identity) as one:
            await one.press("alt+j")
            await one.sees("Joining needs an empty vault")
            assert isinstance(one.app.screen, MainScreen)

    run(main())


def test_a_code_that_was_mistyped_can_be_corrected(tmp_path: Path) -> None:
    bo = founder(tmp_path, "bo")

    async def main() -> None:
        async with desktop(bo.path, ways=ways(bo), identity=bo.identity) as one:
            before = one.app.main
            await one.press("alt+j")
            await until(lambda: isinstance(one.app.screen, JoinScreen))
            await one.press("enter")
            await one.sees("is not a pairing code")
            await one.type("4821-otter-violin-mapel")
            await one.press("enter")
            await one.sees("not a word of any pairing code")
            await one.press("tab")
            await one.type("nowhere:at:all:99999999")
            await one.press("shift+tab", "end", "backspace", "backspace")
            await one.type("le")
            await one.press("enter")
            await one.sees("not an address")
            await one.press("escape")
            await until(lambda: one.app.screen is before)
            await one.type("x")
            await one.saved()

    run(main())


def test_escape_stops_joining(tmp_path: Path) -> None:
    bo = founder(tmp_path, "bo")

    async def main() -> None:
        silent, gone = asyncio.Event(), asyncio.Event()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            silent.set()
            await reader.read()
            writer.close()
            gone.set()

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        async with server, desktop(bo.path, ways=ways(bo), identity=bo.identity) as one:
            await one.press("alt+j")
            await until(lambda: isinstance(one.app.screen, JoinScreen))
            await one.type("4821-otter-violin-maple")
            await one.press("tab")
            await one.type(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
            await one.press("enter")
            await silent.wait()
            await one.press("escape")
            await until(lambda: isinstance(one.app.screen, MainScreen))
            await gone.wait()
            await one.type("x")
            await one.saved()

    run(main())


def test_serving_is_shown_stopped_and_started_again(tmp_path: Path) -> None:
    ana, _ = pair(tmp_path)

    async def main() -> None:
        async with desktop(ana.path, "from ana", ways=ways(ana), identity=ana.identity) as one:
            connections = one.app.main.collaboration.connections
            await until(lambda: connections.address is not None)
            address = connections.address
            await one.press("shift+f4")
            await one.sees("devices can connect", str(address))
            await one.press("s")
            await until(lambda: connections.address is None)
            await one.type("x")
            await one.saved()
            await one.app.main.collaboration.keep_up(EVERYTHING)
            assert connections.address is None
            await one.press("shift+f4")
            await until(lambda: isinstance(one.app.screen, ServingScreen))
            await one.sees(str(connections.address))
            await one.press("escape")
            assert connections.address is not None

    run(main())


def test_a_reader_is_paired_from_the_editor_and_its_editor_only_reads(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")
    ana.write("n", "- [ ] text")

    async def main() -> None:
        async with desktop(ana.path, "n", (100, 40), ways=ways(ana), identity=ana.identity) as one:
            code, address = await shown_code(one)
            joining = asyncio.create_task(
                join_vault(
                    read_code(code), Address.typed(address), bo.path, "bo", agrees, identity=bo.identity
                )
            )
            await one.sees('"bo" knows the code', "r only read")
            await one.press("r")
            assert (await joining).role is Role.READER
            async with desktop(bo.path, "n", (100, 40), ways=ways(bo), identity=bo.identity) as other:
                await other.sees("read only: this device is a reader")
                await other.type("never")
                await other.press("enter", "backspace", "ctrl+z", "ctrl+k", "alt+up", "ctrl+space", "tab")
                other.editor.action_act()
                other.editor.action_undo()
                assert other.text == "- [ ] text"
                # What others write comes in, and once the device may write, its person can type.
                await one.type("!")
                await until(lambda: other.text == one.text)
                with Vault.open(ana.path, identity=ana.identity) as vault:
                    vault.replica.devices.set_role(bo.identity.id, Role.WRITER)
                await until(lambda: "read only" not in other.screen_text())
                other.editor.caret_to(0)
                await other.type("今")
                await until(lambda: other.text == one.text and one.text.startswith("今"))
        assert digest(ana) == digest(bo)

    run(main())


def test_an_editor_of_a_reader_without_notes_says_so(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")
    ana.add(bo, Role.READER)
    problem = asyncio.run(_first_problem(bo))
    assert "There are no notes here yet, and this device may only read" in problem


async def _first_problem(laptop: Laptop) -> str:
    workspace = Workspace(VaultThread(laptop.path), lambda _: None, lambda _: None)
    try:
        workspace.thread.identity = laptop.identity
        await workspace.start()
        with pytest.raises(NotPermitted) as failed:
            await workspace.first()
        return str(failed.value)
    finally:
        await workspace.stop()
