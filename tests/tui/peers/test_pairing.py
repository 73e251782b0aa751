"""Editors of paired vaults: they connect by themselves, with mutual TLS."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crdtnotes import Arrival, Vault
from crdtnotes.changes.messages import Presence
from crdtnotes.crdt.ids import ROOT
from crdtnotes.errors import BadIdentity, CrdtnotesError
from crdtnotes.peering.service import Ways
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.session.presence import Presences
from crdtnotes.trust.identity import Identity
from crdtnotes_tui.notes.workspace import EVERYTHING
from tests.peering.devices import remember, ways
from tests.sync.laptops import Laptop, founder, pair
from tests.tui.desktop import Desktop, desktop
from tests.tui.loop import run, until


def served_at(workspace: Desktop) -> Address:
    address = workspace.app.main.collaboration.connections.address
    assert address is not None
    return address


def is_served(workspace: Desktop) -> bool:
    return workspace.app.main.collaboration.connections.address is not None


def test_two_editors_of_paired_vaults_meet(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with desktop(ana.path, "from ana", ways=ways(ana), identity=ana.identity) as one:
            await until(lambda: is_served(one))
            assert str(served_at(one)).startswith("wss://127.0.0.1:")
            await one.sees("bo not here yet")
            remember(bo, ana, served_at(one))
            async with desktop(bo.path, "from bo", ways=ways(bo), identity=bo.identity) as other:
                await one.sees("bo in sync")
                await other.sees("ana in sync")
                connections = one.app.main.collaboration.connections
                (status,) = connections.peers
                # A second connection to the same device has ended.
                connections._report(replace(status, connected=False))
                assert one.app.main.collaboration.summary.startswith("bo in sync")
                other.app.main.navigation.go(lambda: other.app.main.workspace.open("from ana"))
                await other.shows("from ana")
                await one.sees("with bo")
                one.editor.caret_to(0)
                await one.type("你好 ")
                await until(lambda: other.text == "你好 text")
                other.editor.caret_to(len(other.text))
                await other.type("!")
                await until(lambda: one.text == "你好 text!")
            await one.sees("bo offline since")

    run(main())


def test_a_taken_port_that_was_requested_is_reported_and_peers_still_connect(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with bo.node() as there:
            taken = await there.serve_members("127.0.0.1", 0)
            remember(ana, bo, taken)
            nowhere = ways(ana)._replace(port=taken.port)
            async with desktop(ana.path, "from ana", ways=nowhere, identity=ana.identity) as one:
                await one.sees("another program")
                await one.press("escape")
                await one.sees("bo in sync")
                assert not is_served(one)

    run(main())


def test_a_vault_that_is_paired_while_it_is_open(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")
    ana.write("n", "text")

    async def main() -> None:
        async with desktop(ana.path, "n", ways=ways(ana), identity=ana.identity) as one:
            await until(lambda: one.app.main.collaboration._tasks != [])
            assert not is_served(one)
            ana.add(bo)
            await until(lambda: is_served(one))
            remember(bo, ana, served_at(one))
            async with desktop(bo.path, ways=ways(bo), identity=bo.identity) as other:
                await one.sees("bo in sync")
                await until(lambda: "n" in other.editor.catalogue)
                await until(lambda: not other.app.main.panes.welcome.display)

    run(main())


def test_a_device_that_was_not_paired_is_not_let_in(tmp_path: Path) -> None:
    ana, _ = pair(tmp_path)
    stranger = Laptop(tmp_path, "stranger")

    async def main() -> None:
        async with desktop(ana.path, "from ana", ways=ways(ana), identity=ana.identity) as one:
            await until(lambda: is_served(one))
            with Vault.open(ana.path) as vault:
                vault.backup(stranger.path)
            async with desktop(
                stranger.path, "from ana", ways=ways(stranger), identity=stranger.identity
            ) as other:
                await until(lambda: is_served(other))
                node = other.app.main.collaboration.connections._secure.node
                assert node is not None
                with pytest.raises(CrdtnotesError):
                    await node.dial(served_at(one))

    run(main())


def test_many_peers_are_shown_as_counts(tmp_path: Path) -> None:
    ana, _ = pair(tmp_path)
    for name in ("cy", "di", "ed"):
        ana.add(Laptop(tmp_path, name))

    async def main() -> None:
        async with desktop(ana.path, "from ana", ways=ways(ana), identity=ana.identity) as one:
            await one.sees("4 not here yet")

    run(main())


def test_unreadable_keys_are_reported_once_and_notes_can_still_be_edited(tmp_path: Path) -> None:
    ana, _ = pair(tmp_path)
    asked = []

    def broken() -> Identity:
        asked.append(1)
        raise BadIdentity("This device's keys cannot be used.")

    async def main() -> None:
        async with desktop(ana.path, "from ana", ways=Ways(broken, "127.0.0.1", 0, discover=False)) as one:
            await one.sees("keys cannot be used")
            await one.press("escape")
            await one.type("!")
            await one.saved()
            await one.app.main.collaboration.keep_up(EVERYTHING)
            assert asked == [1]
            assert one.stored() == "text!"

    run(main())


def test_a_device_is_named_by_its_keys_and_not_by_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bo claims to be somebody else, in presence, and that ana's stream is theirs."""
    ana, bo = pair(tmp_path)
    with Vault.open(ana.path, identity=ana.identity) as vault:
        stream = int(vault.actor, 16)
    real = Presences.move

    def lies(self: Presences, device: str, actor: int, *place: Any) -> Presence:
        return real(self, "the boss", stream, *place)

    monkeypatch.setattr(Presences, "move", lies)

    async def main() -> None:
        async with desktop(ana.path, "from ana", ways=ways(ana), identity=ana.identity) as one:
            await until(lambda: is_served(one))
            remember(bo, ana, served_at(one))
            async with desktop(bo.path, "from bo", ways=ways(bo), identity=bo.identity) as other:
                await one.sees("bo in sync")
                await until(lambda: "from ana" in other.editor.catalogue)
                other.app.main.navigation.go(lambda: other.app.main.workspace.open("from ana"))
                await other.shows("from ana")
                await one.sees("with bo")
                await other.type("y")
                await one.sees("✎ bo")
                other.app.main.navigation.go(lambda: other.app.main.workspace.open("from bo"))
                await other.shows("from bo")
                await other.type("x")
                await other.saved()
                await one.sees("1 new")
                await one.press("f5")
                await one.sees("from bo  bo")
                assert "boss" not in one.screen_text()
                assert "boss" not in one.app.main.collaboration.summary
                assert [one.device for one in arrivals(ana)] == ["bo"]

    run(main())


def test_what_a_device_has_only_heard_of_is_shown_as_its_word(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with desktop(ana.path, "from ana", ways=ways(ana), identity=ana.identity) as one:
            await until(lambda: is_served(one))
            remember(bo, ana, served_at(one))
            async with desktop(bo.path, "from bo", ways=ways(bo), identity=bo.identity) as other:
                await one.sees("bo in sync")
                note = one.buffer.id
                far = Presences(77)
                said = far.move("cy", 5, bytes.fromhex(note), ROOT, ROOT, 0.0)
                node = other.app.main.collaboration.connections._secure.node
                assert node is not None
                node._tell(Presences(78).hear([said], 0.0))
                await one.sees("with cy (via bo)")

    run(main())


def arrivals(laptop: Laptop) -> list[Arrival]:
    """The changes of others on a laptop, as any other program reads them."""
    with Vault.open(laptop.path, identity=laptop.identity) as vault:
        return [one for one in vault.arrivals({}) if one.name == "from bo"]
