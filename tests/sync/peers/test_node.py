import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from crdtnotes.changes import messages
from crdtnotes.changes.batch import Batch
from crdtnotes.changes.messages import Bye, Heads, Reason
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.errors import (
    DiskFull,
    LocalError,
    MissingChanges,
    NotLoopback,
    Unreachable,
    WrongVault,
)
from crdtnotes.sync.peers.conversation import Deadlines
from crdtnotes.sync.peers.node import Node
from tests.sync.fake import VAULT, FakeReplica, Received
from tests.sync.running import TIMEOUT_SECONDS, Peer, following, last_message, peer, rest, run, stranger

HELLO = messages.encode(messages.hello(VAULT, "stranger", {}))


def test_a_one_time_sync_leaves_both_with_everything() -> None:
    async def main() -> None:
        async with peer(1, 300, size=300) as a, peer(2, 200, size=300) as b:
            address = await a.node.serve("127.0.0.1", 0)
            summary = await b.node.sync_once(str(address))
            assert a.replica.payloads() == b.replica.payloads()
            assert (summary.device, summary.received, summary.sent) == ("device 1", 300, 200)
            again = await b.node.sync_once(address)
            assert (again.received, again.sent) == (0, 0)
            assert again.bytes_received + again.bytes_sent < 500

    run(main())


def test_the_replica_is_used_on_its_own_thread_only() -> None:
    async def main() -> None:
        async with peer(1, 3) as a, peer(2, 3) as b:
            await b.node.sync_once(await a.node.serve("localhost", 0))
            for one in (a, b):
                assert len(one.replica.threads) == 1
                assert threading.get_ident() not in one.replica.threads

    run(main())


def test_followers_get_each_commit_in_a_chain() -> None:
    async def main() -> None:
        async with peer(1, 2) as a, peer(2, 2) as b, peer(3, 2) as c:
            at_b = await b.node.serve("127.0.0.1", 0)
            async with following(a.node, at_b), following(c.node, at_b):
                for one in (a, b, c):
                    for other in (a, b, c):
                        await one.has(other.replica)
                for number in range(10):
                    await a.write(b"from a %d" % number)
                    await c.has(a.replica)
                    await c.write(b"from c %d" % number)
                    await a.has(c.replica)
                await b.until(lambda: [s.in_sync for s in b.node.peers] == [True, True])
                assert sorted(s.device for s in b.node.peers) == ["device 1", "device 3"]
            await b.until(lambda: not b.node.peers)
            assert [s for s in b.statuses if not s.connected]

    run(main())


def test_a_follower_reconnects_when_the_server_returns() -> None:
    async def main() -> None:
        async with peer(1, 2) as a:
            async with peer(2, 2) as b:
                address = await b.node.serve("127.0.0.1", 0)
                task = asyncio.create_task(a.node.follow(address))
                await a.has(b.replica)
            await a.write(b"while the other was away")
            async with peer(3, 2) as c:
                assert await c.node.serve(address.host, address.port) == address
                await a.has(c.replica)
                await c.has(a.replica)
                assert not task.done()
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()

    run(main())


def test_following_ends_with_an_error_that_redialling_cannot_fix() -> None:
    async def main() -> None:
        async with peer(1) as a, peer(2, vault=bytes(16)) as b:
            with pytest.raises(WrongVault):
                await a.node.follow(await b.node.serve("127.0.0.1", 0))

    run(main())


def test_a_fork_is_resolved_and_the_sync_goes_on() -> None:
    async def main() -> None:
        async with peer(1) as a, peer(1) as b:
            a.replica.write(b"one")
            b.replica.write(b"another")
            summary = await a.node.sync_once(await b.node.serve("127.0.0.1", 0))
            assert len(summary.notices) == 1
            assert "two versions" in summary.notices[0].lower()
            assert len(a.replica.payloads()) == 1
            assert a.replica.payloads() == b.replica.payloads()

    run(main())


def test_a_peer_that_sends_garbage_harms_no_other_peer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "crdtnotes.sync")
    frames = [
        [b"GET / HTTP/1.1"],
        [b"\x91" * 60_000],
        [HELLO, HELLO],
        [HELLO, messages.encode(messages.ack(5, {}))],
        [messages.encode(messages.pack(b"nonsense"))],
    ]

    async def main() -> None:
        async with peer(1, 200, size=300) as a, peer(2, 200, size=300) as b:
            address = await a.node.serve("127.0.0.1", 0)
            async with following(b.node, address):
                for burst in frames:
                    async with stranger(address) as connection:
                        for frame in burst:
                            await connection.send(frame)
                        bye = await last_message(connection)
                        assert isinstance(bye, Bye)
                        assert bye.reason == Reason.REFUSED
                    await a.write()
                await b.has(a.replica)
                await a.has(b.replica)
        assert a.node.refused == {"DecodeError": 2, "ProtocolError": 3}
        assert len(caplog.records) == len(frames)
        assert all("cut off peer 127.0.0.1" in record.getMessage() for record in caplog.records)

    run(main())


def test_large_frames_are_for_peers_whose_hello_is_accepted() -> None:
    batch = bytes(range(256)) * 1000
    large = messages.encode(messages.Changes(len(batch), batch))

    async def main() -> None:
        async with peer(1) as a:
            address = await a.node.serve("127.0.0.1", 0)
            async with stranger(address) as connection:
                with contextlib.suppress(ConnectionClosed):
                    await connection.send(large)
                assert not any(isinstance(message, Bye) for message in await rest(connection))
            async with stranger(address) as connection:
                await connection.send(HELLO)
                await connection.recv()
                await connection.recv()
                await connection.send(large)
                # The frame was read: the fake replica finds that it is not a batch.
                bye = await last_message(connection)
                assert isinstance(bye, Bye)
                assert "Not a batch" in bye.sentence
            async with stranger(address) as connection:
                await connection.send(HELLO)
                await connection.recv()
                await connection.recv()
                with contextlib.suppress(ConnectionClosed):
                    await connection.send(bytes(messages.MAX_FRAME_BYTES + 1))
                with pytest.raises(ConnectionClosed):
                    await connection.recv()

    run(main())


def test_a_silent_peer_is_disconnected() -> None:
    async def main() -> None:
        async with peer(1, deadlines=Deadlines(hello=0.05)) as a:
            async with stranger(await a.node.serve("127.0.0.1", 0)) as connection:
                bye = await last_message(connection)
            assert isinstance(bye, Bye)
            assert bye.sentence == "No Hello came in time."

    run(main())


def test_silent_connections_do_not_keep_others_out() -> None:
    async def main() -> None:
        async with peer(1, 5) as a, peer(2, 5) as b:
            address = await a.node.serve("127.0.0.1", 0)
            silent = []
            for number in range(200):
                sock = socket.socket()
                sock.setblocking(False)
                await asyncio.get_running_loop().sock_connect(sock, (address.host, address.port))
                silent.append(sock)
                if number == 100:
                    await b.node.sync_once(address)
            await b.write()
            await b.node.sync_once(address)
            assert a.replica.payloads() == b.replica.payloads()
            assert len(a.node._admission) <= 33
            for sock in silent:
                sock.close()

    run(main())


def test_a_peer_that_never_sends_its_changes_does_not_hang_a_one_time_sync() -> None:
    async def main() -> None:
        async with peer(1, 5, deadlines=Deadlines(silence=0.05)) as a, peer(2) as b:
            b.replica.heads = lambda: {9: (5, bytes(16))}  # type: ignore[method-assign]
            with pytest.raises(Unreachable, match="stopped answering"):
                await a.node.sync_once(await b.node.serve("127.0.0.1", 0))

    run(main())


def test_shutdown_under_load_is_clean() -> None:
    async def main() -> None:
        async with peer(1, 3000, size=900) as a, peer(2, 3000, size=900) as b:
            threads = threading.active_count()
            async with peer(3, 3000, size=900) as c:
                address = await c.node.serve("127.0.0.1", 0)
                tasks = [asyncio.create_task(one.node.follow(address)) for one in (a, b)]
                await c.until(lambda: len(c.replica.log) > 3000)
            assert c.replica.closed
            for task in tasks:
                assert not task.done()
                task.cancel()
            await asyncio.wait(tasks)
            assert 3000 < len(c.replica.log) < 9000
            assert threading.active_count() == threads

    run(main())


def test_a_cancelled_one_time_sync_says_bye() -> None:
    async def main() -> None:
        async with peer(1, 3000, size=900) as a, peer(2) as b:
            address = await a.node.serve("127.0.0.1", 0)
            task = asyncio.create_task(b.node.sync_once(address))
            await b.until(lambda: len(b.replica.log) > 0)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            await a.until(lambda: not a.node.peers)
            assert not a.node.refused
            await b.node.sync_once(address)
            assert a.replica.payloads() == b.replica.payloads()

    run(main())


def test_a_one_time_sync_reports_that_the_server_left() -> None:
    async def main() -> None:
        go_on = threading.Event()
        async with peer(2) as b:
            receive = b.replica.receive

            def receive_slowly(items: Sequence[bytes | Batch | Heads]) -> Received:
                if b.replica.log:
                    go_on.wait(TIMEOUT_SECONDS)
                return receive(items)

            b.replica.receive = receive_slowly  # type: ignore[method-assign]
            # Far more than the window, so that not all of it can be in transit.
            async with peer(1, 4000, size=2000) as a:
                address = await a.node.serve("127.0.0.1", 0)
                task = asyncio.create_task(b.node.sync_once(address))
                await b.until(lambda: len(b.replica.log) > 0)
            go_on.set()
            with pytest.raises(Unreachable, match="hung up"):
                await task

    run(main())


def test_an_error_of_our_own_replica_reaches_the_caller() -> None:
    async def main() -> None:
        async with peer(1, 5) as a, peer(2) as b:
            address = await a.node.serve("127.0.0.1", 0)

            def full(batches: list[bytes]) -> None:
                raise DiskFull("There is no room left.")

            b.replica.receive = full  # type: ignore[assignment, method-assign]
            with pytest.raises(DiskFull):
                await b.node.sync_once(address)
            assert not a.node.refused

    run(main())


def test_a_bug_in_one_session_ends_that_session_only() -> None:
    async def main() -> None:
        async with peer(1, 5) as a, peer(2) as b, peer(3) as c:
            address = await a.node.serve("127.0.0.1", 0)

            def broken(batches: list[bytes]) -> None:
                raise ZeroDivisionError

            b.replica.receive = broken  # type: ignore[assignment, method-assign]
            with pytest.raises(ZeroDivisionError):
                await b.node.sync_once(address)
            await c.node.sync_once(address)
            assert c.replica.payloads() == a.replica.payloads()

    run(main())


def test_several_peers_catch_up_at_the_same_time() -> None:
    async def main() -> None:
        async with peer(1, 2000, size=900) as a, contextlib.AsyncExitStack() as stack:
            address = await a.node.serve("127.0.0.1", 0)
            others: list[Peer] = [await stack.enter_async_context(peer(n, 20)) for n in range(2, 7)]
            await asyncio.gather(*(other.node.sync_once(address) for other in others))
            for other in others:
                await other.node.sync_once(address)
                assert other.replica.payloads() == a.replica.payloads()

    run(main())


def test_missing_changes_count_as_the_peers_fault() -> None:
    async def main() -> None:
        source = FakeReplica(9)
        for _ in range(3):
            source.write(bytes(900))
        later = list(source.changes_since({9: 1}))
        async with peer(1) as a:
            async with stranger(await a.node.serve("127.0.0.1", 0)) as connection:
                await connection.send(HELLO)
                await connection.recv()
                await connection.recv()
                await connection.send(messages.encode(messages.pack(later[0])))
                bye = await last_message(connection)
            assert isinstance(bye, Bye)
        assert a.node.refused == {MissingChanges.__name__: 1}
        assert a.replica.log == []

    run(main())


def test_an_absent_peer_is_unreachable() -> None:
    async def main() -> None:
        async with peer(1) as a, peer(2) as b:
            address = await b.node.serve("127.0.0.1", 0)
            await b.node.close()
            with pytest.raises(Unreachable, match=f"No peer listens at {address}"):
                await a.node.sync_once(address)

    run(main())


def test_only_this_machine_is_served_and_dialled() -> None:
    async def main() -> None:
        async with peer(1) as a:
            with pytest.raises(NotLoopback):
                await a.node.serve("0.0.0.0", 0)
            with pytest.raises(NotLoopback):
                await a.node.sync_once("ws://192.168.1.2:80")
            with pytest.raises(NotLoopback):
                await a.node.follow("ws://example.org")

    run(main())


def test_a_taken_port_is_reported_in_a_sentence() -> None:
    async def main() -> None:
        async with peer(1) as a, peer(2) as b:
            address = await a.node.serve("127.0.0.1", 0)
            with pytest.raises(LocalError, match=f"Cannot listen at {address}"):
                await b.node.serve(address.host, address.port)

    run(main())


def test_commits_of_other_processes_are_noticed(tmp_path: Path) -> None:
    file = tmp_path / "vault"
    file.touch()

    async def main() -> None:
        replica = FakeReplica(1)
        async with Node(lambda: replica, path=file) as node, peer(2) as b:
            task = asyncio.create_task(b.node.follow(await node.serve("127.0.0.1", 0)))
            await b.until(lambda: bool(b.node.peers))
            for number in range(3):
                replica.write_elsewhere(b"by somebody else %d" % number)
                file.write_bytes(bytes(number + 1))
                await b.has(replica)
            task.cancel()
            await asyncio.wait([task])

    run(main())


def test_pings_are_answered_while_the_replica_is_busy() -> None:
    source = FakeReplica(9)
    source.write()
    go_on = threading.Event()

    async def main() -> None:
        async with peer(1) as a:
            receive = a.replica.receive

            def receive_slowly(items: Sequence[bytes | Batch | Heads]) -> Received:
                go_on.wait(TIMEOUT_SECONDS)
                return receive(items)

            a.replica.receive = receive_slowly  # type: ignore[method-assign]
            async with stranger(await a.node.serve("127.0.0.1", 0)) as connection:
                await connection.send(HELLO)
                await connection.recv()
                await connection.recv()
                await connection.send(messages.encode(messages.pack(next(source.changes_since({})))))
                await (await connection.ping())
                assert a.replica.log == []
                go_on.set()
                await a.has(source)

    run(main())


def test_two_peers_that_both_have_much_to_send_do_not_block_each_other() -> None:
    async def main() -> None:
        async with peer(1, 3000, size=4000) as a, peer(2, 3000, size=4000) as b:
            await a.node.sync_once(await b.node.serve("127.0.0.1", 0))
            assert a.replica.payloads() == b.replica.payloads()

    run(main())


def test_presence_travels_along_a_chain() -> None:
    async def main() -> None:
        async with peer(1) as a, peer(2) as b, peer(3) as c:
            at_b = await b.node.serve("127.0.0.1", 0)
            async with following(a.node, at_b):
                await b.until(lambda: len(b.node.peers) == 1)
                a.node.be_at("0f" * 16, OpId(3, 1), ROOT, f"{1:016x}")
                async with following(c.node, at_b):
                    await c.until(lambda: [one.device for one in c.node.people] == ["device 1"])
                    a.node.be_at("0f" * 16, OpId(9, 1), ROOT, f"{1:016x}")
                    await c.until(lambda: c.node.people[0].caret == (9, 1))
                    assert b.node.people == c.node.people
                    assert a.node.people == []
                    await a.node.close()
                    await c.until(lambda: c.node.people == [])

    run(main())
