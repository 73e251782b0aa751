"""Keeping a vault in sync: unencrypted until it is paired, with its own devices from then on."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from crdtnotes.errors import BadIdentity, LocalError, NotPaired, PortTaken, Unreachable
from crdtnotes.peering.clone import clone_vault
from crdtnotes.peering.open_vault import OpenVault
from crdtnotes.peering.service import PeerService
from crdtnotes.peering.sync_once import sync_once
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.transport import peek
from crdtnotes.sync.peers.node import Node
from crdtnotes.sync.peers.status import PeerStatus
from crdtnotes.vault import Vault
from tests.peering.devices import Heard, remember, served, ways
from tests.sync.laptops import Laptop, founder, pair
from tests.sync.running import run

HERE = PeerStatus("10.0.0.2", "bo", True, True, True, 3, 4, id=bytes(32), dialled_port=4821)
GONE = replace(HERE, connected=False, in_sync=False)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.005)


def test_losing_one_of_two_connections_is_not_reported_as_leaving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, heard = founder(tmp_path), Heard()

    async def main() -> None:
        remembered: list[tuple[str, str | None]] = []
        monkeypatch.setattr(
            Vault, "remember_peer", lambda _, device, address: remembered.append((device, address))
        )
        async with served(ana, heard) as service:
            service._secure.node = await service._started(None)
            service._report(HERE)
            monkeypatch.setattr(Node, "peers", property(lambda _: [HERE]))
            service._report(GONE)
            assert heard.words == ["bo in sync"]
            assert heard.statuses[-1] is HERE
            monkeypatch.setattr(Node, "peers", property(lambda _: []))
            service._report(GONE)
            assert heard.words == ["bo in sync", "bo left"]
            assert heard.statuses[-1] is GONE
        assert remembered == [("bo", "wss://10.0.0.2:4821")] * 2

    run(main())


def test_paired_devices_meet_and_remember_each_other(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    heard = Heard()

    async def main() -> None:
        async with served(ana, heard) as here:
            address = await here.serve()
            assert address.secure
            remember(bo, ana, address)
            async with served(bo, listens=False) as there:
                running = asyncio.create_task(there.run())
                await until(lambda: there.address is None and there.unseen == [] and there.is_paired)
                await ana.until("from bo")
                await bo.until("from ana")
                await until(lambda: "bo in sync" in heard.words)
                assert here.has_caught_up(bo.identity.id)
                assert here.connected(bo.identity.id)
                ana.write("later")
                await bo.until("later")
                running.cancel()
                await asyncio.wait([running])
            await until(lambda: heard.words[-1] == "bo left")
            assert here.unseen == ["bo"]
        with Vault.open(bo.path) as vault:
            assert vault.peers() == [("ana", str(address))]

    run(main())


def test_a_vault_that_is_paired_while_it_is_served_switches_to_tls_on_the_same_port(tmp_path: Path) -> None:
    ana, bo, heard = founder(tmp_path), Laptop(tmp_path, "bo"), Heard()

    async def main() -> None:
        async with served(ana, heard) as service:
            plain = await service.serve("127.0.0.1", 0)
            assert not plain.secure
            assert (await peek(plain)).device == "ana"
            running = asyncio.create_task(service.run())
            ana.add(bo)
            await until(lambda: heard.words == ["at ws", "at wss"])
            address = service.address
            assert address == Address("127.0.0.1", plain.port, secure=True)
            with pytest.raises(Unreachable):
                await peek(plain)
            remember(bo, ana, address)
            async with served(bo) as there:
                await there.meet()
                await until(lambda: "bo in sync" in heard.words)
            running.cancel()
            await asyncio.wait([running])

    run(main())


def test_a_paired_vault_is_not_served_or_followed_without_encryption(tmp_path: Path) -> None:
    ana, _ = pair(tmp_path)

    async def main() -> None:
        async with served(ana) as service:
            with pytest.raises(LocalError, match="is paired"):
                await service.serve(port=0, plain=True)
            with pytest.raises(LocalError, match="is paired"):
                await service.follow(Address("127.0.0.1", 1))
            with pytest.raises(LocalError, match="is paired"):
                await sync_once(ana.path, Address("127.0.0.1", 1))
            assert service.address is None

    run(main())


def test_an_unpaired_vault_is_served_only_where_that_is_asked_for(tmp_path: Path) -> None:
    ana = founder(tmp_path)

    async def main() -> None:
        async with served(ana) as service:
            with pytest.raises(NotPaired, match="serve --plain"):
                await service.serve(port=0, plain=False)
            await service.meet()
            assert service.address is None
            assert not (await service.serve(port=0, plain=True)).secure

    run(main())


def test_following_without_encryption_ends_once_the_vault_is_paired(tmp_path: Path) -> None:
    """Also while the other side is away and the address is dialled again and again."""
    ana, heard = founder(tmp_path), Heard()

    async def main() -> None:
        async with served(ana, heard, listens=False) as service:
            await service.follow(Address("127.0.0.1", 1))
            running = asyncio.create_task(service.run())
            ana.add(Laptop(tmp_path, "bo"))
            await until(lambda: heard.words == ["LocalError"])
            await until(lambda: service.is_paired)
            assert service.following == []
            running.cancel()
            await asyncio.wait([running])

    run(main())


def test_nobody_can_connect_after_serving_stops_until_it_starts_again(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with served(ana) as here, served(bo, listens=False) as there:
            address = await here.serve()
            remember(bo, ana, address)
            await there.meet()
            await until(lambda: here.unseen == [])
            await here.stop_serving()
            assert here.address is None
            await until(lambda: here.unseen == ["bo"])
            await here.meet()
            assert here.address is None
            again = await here.serve("127.0.0.1", address.port)
            assert again == address
            await until(lambda: here.unseen == [])

    run(main())


def test_unencrypted_serving_is_stopped_too(tmp_path: Path) -> None:
    ana = founder(tmp_path)

    async def main() -> None:
        async with served(ana) as service:
            address = await service.serve(port=0)
            assert await service.serve() == address
            await service.stop_serving()
            with pytest.raises(Unreachable):
                await peek(address)

    run(main())


def test_a_clone_of_a_served_vault_is_followed(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")
    ana.write("n")

    async def main() -> None:
        async with served(ana) as service:
            address = await service.serve(port=0)
            cloned = await clone_vault(address, bo.path, "bo")
            assert (cloned.peer, cloned.notes) == ("ana", 1)
            async with served(bo) as there:
                task = await there.follow(address)
                assert await there.follow(address) is task
                assert there.following == [address]
                ana.write("later")
                await bo.until("later")
        with Vault.open(bo.path) as vault:
            assert vault.peers() == [("ana", str(address))]
        with Vault.open(ana.path) as vault:
            assert vault.peers() == [("bo", "")]

    run(main())


def test_a_peer_that_cannot_be_followed_is_reported_once(tmp_path: Path) -> None:
    ana, other, heard = founder(tmp_path), founder(tmp_path, "other"), Heard()

    async def main() -> None:
        async with served(other) as there, served(ana, heard) as here:
            await here.follow(await there.serve(port=0))
            await until(lambda: heard.words == ["WrongVault"])
            with pytest.raises(NotPaired):
                await here.follow(Address("127.0.0.1", 1, secure=True))

    run(main())


def test_a_taken_port_is_reported_and_peers_still_connect(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with served(bo) as there:
            taken = await there.serve()
            remember(ana, bo, taken)
            async with (
                OpenVault(ana.path, ana.identity) as vault,
                PeerService(vault, ways=ways(ana)._replace(port=taken.port)) as here,
            ):
                with pytest.raises(PortTaken):
                    await here.meet()
                await until(lambda: here.unseen == [])
                with pytest.raises(PortTaken):
                    await here.serve()

    run(main())


def test_unreadable_keys_are_reported_once(tmp_path: Path) -> None:
    ana, _ = pair(tmp_path)

    def broken() -> None:
        raise BadIdentity("This device's keys cannot be used.")

    async def main() -> None:
        async with OpenVault(ana.path) as vault:
            service = PeerService(vault, ways=ways(ana)._replace(identity=broken))  # type: ignore[arg-type]
            with pytest.raises(BadIdentity):
                await service.meet()
            await service.meet()
            assert not service.is_paired
            await service.close()

    run(main())


def test_an_idle_service_asks_the_file_for_nothing(tmp_path: Path) -> None:
    ana = founder(tmp_path)

    async def main() -> None:
        statements: list[str] = []
        async with (
            OpenVault(ana.path, ana.identity) as vault,
            PeerService(vault, ways=ways(ana)) as here,
            asyncio.timeout(30),
        ):
            await here.serve()
            await vault.run(lambda one: one.replica.conn.set_trace_callback(statements.append))
            # The file watch asks once more after what was committed at the start.
            quiet_for = 0.0
            while quiet_for < 1.0:
                before = len(statements)
                await asyncio.sleep(0.1)
                quiet_for = quiet_for + 0.1 if len(statements) == before else 0.0
            assert all("data_version" in one for one in statements)

    run(main())
