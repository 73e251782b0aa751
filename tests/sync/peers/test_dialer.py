"""Staying connected: several addresses, changed addresses, both sides dialling at once."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from crdtnotes.errors import NotLetIn, Unreachable
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.transport import Connection
from crdtnotes.sync.peers.dialer import HINT_LENGTH, Dialer
from crdtnotes.sync.peers.discovery import Found, vault_hint
from crdtnotes.sync.peers.hints import MOST_ADDRESSES, MOST_AT_ONCE
from crdtnotes.sync.peers.network_watch import NetworkWatch, best_address, own_addresses
from crdtnotes.sync.peers.node import Node
from tests.sync.laptops import Laptop, forked, pair
from tests.sync.running import run


def dialer_of(laptop: Laptop, node: Node, moved: list[Callable[[], None]] | None = None) -> Dialer:
    def surroundings(changed: Callable[[], None]) -> NetworkWatch:
        if moved is not None:
            moved.append(changed)
        return NetworkWatch(changed)

    replica = laptop.replica
    assert replica is not None
    return Dialer(
        node,
        replica.vault_id,
        laptop.identity.id,
        replica.members.contacts.addresses,
        named=replica.members.name,
        discover=False,
        random=lambda: 0.5,
        first_retry=0.02,
        surroundings=surroundings,
    )


@contextlib.asynccontextmanager
async def running(dialer: Dialer) -> AsyncIterator[None]:
    task = asyncio.create_task(dialer.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def hint_of(laptop: Laptop) -> str:
    return laptop.identity.id.hex()[:HINT_LENGTH]


def test_the_first_address_that_works_wins(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as a, bo.node() as b:
            dialer = dialer_of(bo, b)
            right = await a.serve_members("127.0.0.1", 0)
            with socket.create_server(("127.0.0.1", 0)) as mute:
                silent = Address("127.0.0.1", mute.getsockname()[1], secure=True)
                dialer.hint(hint_of(ana), [silent, Address("127.0.0.1", 1, secure=True), right])
                connection, address = await dialer.dial(ana.identity.id)
                assert address == right
                connection.transport.abort()

    run(main())


def test_having_no_address_to_dial_is_reported(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with bo.node() as b:
            with pytest.raises(Unreachable):
                await dialer_of(bo, b).dial(ana.identity.id)

    run(main())


def test_a_refusal_is_distinguished_from_an_absent_device(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as a, bo.node() as b:
            dialer = dialer_of(bo, b)
            dialer.hint(hint_of(ana), [await a.serve_members("127.0.0.1", 0)])
            await asyncio.to_thread(ana.revoke, bo)
            await a.refresh()
            with pytest.raises(NotLetIn, match="The device ana does not let this one in"):
                await dialer.dial(ana.identity.id)

    run(main())


def test_an_absent_device_is_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ana, bo = pair(tmp_path)
    caplog.set_level(logging.DEBUG)

    def away(level: int) -> int:
        said = "The device ana cannot be reached at the moment."
        return sum(one.levelno == level and one.getMessage() == said for one in caplog.records)

    async def main() -> None:
        async with bo.node() as b:
            dialer = dialer_of(bo, b)
            async with running(dialer):
                while away(logging.DEBUG) < 3:
                    await asyncio.sleep(0.01)
                async with ana.node() as a:
                    dialer.hint(hint_of(ana), [await a.serve_members("127.0.0.1", 0)])
                    await ana.until("from bo")
                assert away(logging.INFO) == 1
                while away(logging.INFO) < 2:
                    await asyncio.sleep(0.01)

    run(main())


def test_a_device_that_moves_is_found_again(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with bo.node() as b:
            dialer = dialer_of(bo, b)
            async with running(dialer):
                async with ana.node() as a:
                    dialer.hint(hint_of(ana), [await a.serve_members("127.0.0.1", 0)])
                    await ana.until("from bo")
                ana.write("away")
                async with ana.node() as a:
                    dialer.hint(hint_of(ana), [await a.serve_members("127.0.0.1", 0)])
                    await bo.until("away")

    run(main())


@pytest.mark.long
def test_a_flood_of_false_announcements_is_dialled_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a device of the vault, with the hash of its id that everybody in the network can see."""
    ana, bo = pair(tmp_path)
    dialled: list[Address] = []

    async def dial(_: Node, address: Address, __: object) -> Connection:
        dialled.append(address)
        raise Unreachable("Nobody is there.")

    monkeypatch.setattr(Node, "dial", dial)

    async def main() -> None:
        async with bo.node() as b:
            dialer = dialer_of(bo, b)
            dialer._first_retry = 10**6
            assert bo.replica is not None
            texts = {"vault": vault_hint(bo.replica.vault_id), "device": hint_of(ana)}
            async with running(dialer):
                for number in range(2000):
                    hosts = tuple(f"10.{number >> 8}.{number & 255}.{last}" for last in range(20))
                    dialer._found(Found(f"{number}", hosts, 4821, texts))
                    dialer._found(Found(f"{number}", hosts, 4821, {**texts, "device": f"{number:016x}"}))
                    await asyncio.sleep(0)
                while not dialled:
                    await asyncio.sleep(0.005)
                await b.run(lambda: None)
            assert 0 < len(dialled) <= (MOST_AT_ONCE + 1) * MOST_ADDRESSES

    run(main())


def test_many_remembered_addresses_leave_room_for_a_new_one(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    replica = bo.open()
    for number in range(40):
        replica.devices.note_contact(ana.identity.id, f"wss://10.0.0.{number}:5000", {})
    replica.close()

    async def main() -> None:
        async with bo.node() as b:
            dialer = dialer_of(bo, b)
            new = Address("10.0.1.1", 4821, secure=True)
            dialer.hint(hint_of(ana), [new])
            found = await dialer.addresses(ana.identity.id)
            assert found[-1] == new
            assert len(found) <= 16 + MOST_ADDRESSES

    run(main())


def test_the_address_of_a_device_is_remembered(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as a:
            address = await a.serve_members("127.0.0.1", 0)
            async with bo.node() as b:
                await b.sync_once(address)
            async with bo.node() as b, running(dialer_of(bo, b)):
                ana.write("later")
                await bo.until("later")

    run(main())


def test_a_fork_is_resolved_without_waiting(tmp_path: Path) -> None:
    ana, two = forked(tmp_path)

    async def main() -> None:
        async with ana.node() as a, two.node() as b:
            address = await a.serve_members("127.0.0.1", 0)
            dialer = dialer_of(two, b)
            dialer._first_retry = 10**6  # so long that the test would fail
            dialer.hint(hint_of(ana), [address])
            async with running(dialer):
                await ana.until("one", "two")
                await two.until("one", "two")

    run(main())


def test_a_fork_is_not_counted_as_a_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ana, two = forked(tmp_path)

    async def main() -> None:
        async with ana.node() as a, two.node() as b:
            address = await a.serve_members("127.0.0.1", 0)
            summary = await b.sync_once(address, [ana.identity.id])
            assert summary.notices
            assert not a.refused
            assert not b.refused

    run(main())
    assert ana.names() == two.names() == ["from ana", "from bo", "one", "two"]
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len([line for line in lines if "It has another version of change" in line]) == 1
    assert len([line for line in lines if "there were two versions" in line]) == 1
    assert len(lines) == 2


def test_two_that_dial_each_other_keep_one_connection(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as a, bo.node() as b:
            at_a, at_b = await a.serve_members("127.0.0.1", 0), await b.serve_members("127.0.0.1", 0)
            dialling = [
                asyncio.create_task(a.converse(await a.dial(at_b), at_b)),
                asyncio.create_task(b.converse(await b.dial(at_a), at_a)),
            ]
            done, _ = await asyncio.wait(dialling, return_when=asyncio.FIRST_COMPLETED)
            greater = a if ana.identity.id > bo.identity.id else b
            assert done == {dialling[0 if greater is a else 1]}
            assert a.connected(bo.identity.id)
            assert b.connected(ana.identity.id)
            await bo.until("from ana")

    run(main())


def test_another_network_or_waking_up_is_noticed() -> None:
    async def main() -> None:
        addresses = [frozenset({"10.0.0.1"})] * 2 + [frozenset({"10.0.0.2"})] * 100
        clock = [0.0]
        changed = asyncio.Event()

        def wall() -> float:
            return clock[0]

        def look() -> frozenset[str]:
            return addresses.pop(0) if len(addresses) > 1 else addresses[0]

        watching = asyncio.create_task(
            NetworkWatch(changed.set, addresses=look, wall=wall, every=0.001).run()
        )
        await changed.wait()
        changed.clear()
        clock[0] += 3600
        await changed.wait()
        watching.cancel()
        await asyncio.wait([watching])

    run(main())


def test_this_machine_has_an_address() -> None:
    assert own_addresses()
    assert best_address() in own_addresses()
