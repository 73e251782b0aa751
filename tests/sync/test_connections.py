"""How many connections one device has at once."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from websockets.asyncio.client import connect

from crdtnotes.changes.messages import Bye, Reason
from crdtnotes.sync.net import transport
from crdtnotes.sync.net.transport import SUBPROTOCOL
from crdtnotes.sync.peers import conversation
from crdtnotes.sync.peers.conversation import Conversation
from crdtnotes.sync.peers.node import Node
from crdtnotes.sync.peers.per_device import MOST_CONNECTIONS, MOST_CONVERSATIONS, find_room
from crdtnotes.sync.peers.status import PeerStatus
from tests.sync.laptops import context_of, pair
from tests.sync.running import TIMEOUT_SECONDS, rest, run

HOST = "127.0.0.1"


def count(node: Node, device: bytes) -> int:
    """How many connections of a device there are, and not more than allowed."""
    same = [one for one in node._running if one.device == device]
    assert len([one for one in same if not one.leaving]) <= MOST_CONVERSATIONS
    assert len(same) <= MOST_CONNECTIONS
    return len(same)


def test_a_third_connection_of_a_device_closes_the_oldest_with_a_sentence(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as a, AsyncExitStack() as stack:
            address = await a.serve_members(HOST, 0)
            talks = []
            nodes = [await stack.enter_async_context(bo.node()) for _ in range(3)]
            for node in nodes:
                talks.append(asyncio.create_task(node.converse(await node.dial(address), address)))
                while not node.peers:
                    count(a, bo.identity.id)
                    await asyncio.sleep(0.005)
            oldest = await talks[0]
            assert oldest.session.bye == Bye(
                Reason.REFUSED, "This device has opened another connection; two are kept at most."
            )
            while count(a, bo.identity.id) != 2:
                await asyncio.sleep(0.005)
            assert not any(talk.done() for talk in talks[1:])
            assert not a.refused
            # The connections that are left carry changes as before.
            ana.write("later")
            await bo.until("later")

    run(main())


def test_many_programs_of_one_device_all_get_their_turn(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as a, AsyncExitStack() as stack:
            address = await a.serve_members(HOST, 0)
            nodes = [await stack.enter_async_context(bo.node()) for _ in range(4)]
            follows = [asyncio.create_task(node.follow(address)) for node in nodes]
            waiting = set(nodes)
            while waiting:
                count(a, bo.identity.id)
                waiting -= {node for node in nodes if node.peers}
                await asyncio.sleep(0.002)
            assert not a.refused
            for task in follows:
                task.cancel()
            await asyncio.wait(follows)

    run(main())


def test_a_device_that_opens_connections_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing and reads nothing, so its connections take their time to close."""
    monkeypatch.setattr(conversation, "CLOSE_SECONDS", TIMEOUT_SECONDS)
    monkeypatch.setitem(transport._OPTIONS, "close_timeout", TIMEOUT_SECONDS)
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as a:
            address = await a.serve_members(HOST, 0)
            context = context_of(bo.identity, ana.identity)
            opened = []
            for _ in range(12):
                connection = await connect(
                    str(address), subprotocols=[SUBPROTOCOL], ssl=context, proxy=None, close_timeout=0.1
                )
                connection.transport.pause_reading()
                opened.append(connection)
                assert count(a, bo.identity.id) <= MOST_CONNECTIONS
            while count(a, bo.identity.id) < MOST_CONNECTIONS:
                await asyncio.sleep(0.005)
            last = await connect(str(address), subprotocols=[SUBPROTOCOL], ssl=context, proxy=None)
            assert await rest(last) == []
            for connection in opened:
                connection.transport.abort()

    run(main())


@dataclass(eq=False)
class Talk:
    """What `find_room` uses of a conversation."""

    device: bytes | None = b"d"
    in_sync: bool = False
    greeted: bool = True
    leaving: bool = False
    told: list[str] = field(default_factory=list)

    @property
    def status(self) -> PeerStatus | None:
        if not self.greeted:
            return None
        return PeerStatus(HOST, "d", True, self.in_sync, self.in_sync, 0, 0, id=self.device)

    def make_room(self) -> None:
        self.leaving = True


def room(new: Talk, running: list[Talk]) -> bool:
    return find_room(cast("Conversation", new), cast("list[Conversation]", running))


@pytest.mark.parametrize(
    ("running", "told"),
    [
        ([], []),
        ([Talk()], []),
        ([Talk(), Talk(device=b"e")], []),
        ([Talk(), Talk()], [0]),
        ([Talk(device=b"e"), Talk(), Talk()], [1]),
        ([Talk(), Talk(in_sync=True)], [1]),
        ([Talk(in_sync=True), Talk(in_sync=True)], [0]),
        ([Talk(greeted=False), Talk(in_sync=True)], [1]),
        ([Talk(leaving=True), Talk()], []),
        ([Talk(leaving=True), Talk(), Talk()], [1]),
        ([Talk(device=None)] * 9, []),
    ],
)
def test_the_oldest_makes_room_and_first_one_that_is_in_sync(running: list[Talk], told: list[int]) -> None:
    before = [one.leaving for one in running]
    assert room(Talk(), running)
    assert [at for at, one in enumerate(running) if one.leaving and not before[at]] == told


def test_peers_without_a_device_are_not_limited() -> None:
    assert room(Talk(device=None), [Talk(device=None)] * 9)


def test_connections_that_still_close_count() -> None:
    closing = [Talk(leaving=True) for _ in range(MOST_CONNECTIONS)]
    assert room(Talk(), closing[1:])
    assert not room(Talk(), closing)
