"""Connections without encryption: what a program of another user can do, and what a peer cannot do."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Bye, Hello, Message, Reason, Records
from crdtnotes.errors import NotAMember, Unreachable
from crdtnotes.peering.clone import clone_vault
from crdtnotes.store import Replica
from crdtnotes.sync.net import recognition
from crdtnotes.sync.net.account_key import account_key
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.transport import SUBPROTOCOL, dial, peek
from tests.peering.devices import served
from tests.sync.laptops import Laptop, founder, pair
from tests.sync.running import outsider, peer, rest, run, stranger

HOST = "127.0.0.1"


def takeover(folder: Path, vault: bytes) -> tuple[Hello, Records]:
    """The messages with which a stranger tells a vault that the stranger founded it."""
    mallory = Laptop(folder, "mallory")
    Replica.create(mallory.path, "mallory", vault).close()
    replica = mallory.open()
    replica.devices.admit(Laptop(folder, "friend").identity.certificate, "friend")
    digest, records = replica.devices.records_digest(), replica.devices.records()
    replica.close()
    return messages.hello(vault, "mallory", {}, digest), Records(tuple(records))


def vault_of(laptop: Laptop) -> bytes:
    replica = laptop.open()
    try:
        return replica.vault_id
    finally:
        replica.close()


def root_of(laptop: Laptop) -> bytes | None:
    replica = laptop.open()
    try:
        return replica.members.root
    finally:
        replica.close()


async def send_all(connection: ClientConnection, *said: Message) -> None:
    """Send messages until the other side closes."""
    try:
        for message in said:
            await connection.send(messages.encode(message))
    except ConnectionClosed:
        pass


def another_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on run as another user: with another state folder."""
    monkeypatch.setenv("CRDTNOTES_STATE", str(folder / "nobody"))


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "crdtnotes.sync" and record.levelno >= logging.WARNING
    ]


@pytest.mark.parametrize("program", ["without the key", "with the key"])
def test_a_plain_peer_that_claims_to_have_founded_the_vault_does_not_take_it_over(
    tmp_path: Path, program: str
) -> None:
    ana = founder(tmp_path)
    ana.write("secret")
    said = takeover(tmp_path, vault_of(ana))

    async def main() -> None:
        async with served(ana) as service:
            address = await service.serve(port=0)
            running = asyncio.create_task(service.run())
            connect = outsider if program == "without the key" else stranger
            async with connect(address) as connection:
                await send_all(connection, said[0], messages.ack(0, {}), said[1])
                got = await rest(connection)
            assert isinstance(got[-1], Bye)
            assert got[-1].reason == Reason.NOT_A_MEMBER
            assert not any(isinstance(one, messages.Changes) for one in got)
            if program == "without the key":
                assert len(got) == 1
            assert not service.is_paired
            assert service.address == address
            # Its own user's programs still reach it.
            assert (await peek(address)).device == "ana"
            running.cancel()
            await asyncio.wait([running])

    run(main())
    assert root_of(ana) is None


def test_records_in_the_middle_of_a_plain_session_are_refused(tmp_path: Path) -> None:
    ana = founder(tmp_path)
    vault = vault_of(ana)
    _, records = takeover(tmp_path, vault)

    async def main() -> None:
        async with ana.node() as node, stranger(await node.serve(HOST, 0)) as connection:
            await send_all(connection, messages.hello(vault, "mallory", {}), messages.ack(0, {}))
            hello = messages.decode(await connection.recv(decode=False))
            accepted = messages.decode(await connection.recv(decode=False))
            assert isinstance(hello, Hello)
            assert accepted == messages.ack(0, {})
            await send_all(connection, records)
            bye = (await rest(connection))[-1]
            assert isinstance(bye, Bye)
            assert "join the paired one" in bye.sentence

    run(main())
    assert root_of(ana) is None


def test_a_paired_vault_says_nothing_to_a_plain_peer_of_its_own_user(tmp_path: Path) -> None:
    ana, _ = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as node, stranger(await node.serve(HOST, 0)) as connection:
            (bye,) = await rest(connection)
            assert isinstance(bye, Bye)
            assert bye.reason == Reason.NOT_A_MEMBER

    run(main())


def test_a_plain_session_ends_when_the_vault_is_paired(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")
    vault = vault_of(ana)

    async def main() -> None:
        async with ana.node() as node, stranger(await node.serve(HOST, 0)) as connection:
            await send_all(connection, messages.hello(vault, "copy", {}), messages.ack(0, {}))
            await connection.recv(decode=False)
            await connection.recv(decode=False)
            ana.add(bo)
            ana.write("after")
            (bye,) = await rest(connection)
            assert isinstance(bye, Bye)
            assert bye.reason == Reason.NOT_A_MEMBER

    run(main())


def test_a_program_of_another_user_gets_nothing_and_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ana = founder(tmp_path)
    ana.write("secret")

    async def main() -> None:
        async with served(ana) as service:
            address = await service.serve(port=0)
            another_user(tmp_path, monkeypatch)
            with pytest.raises(NotAMember, match="runs for another user of this machine") as caught:
                await clone_vault(address, tmp_path / "copy", "nobody")
            assert str(caught.value).count(". ") == 0
            assert service.peers == []

    run(main())
    assert not (tmp_path / "copy").exists()
    assert lines(caplog) == [f"refused {HOST}: it did not prove that it runs for this user"]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xc1",
        b"\x92\x0b\xc4\x1f" + bytes(31),
        b"\x92\x0b\xc4\x21" + bytes(33),
        b"\x91\x0b",
        b"\x92\x0d\xc4\x20" + bytes(32),
        b"\x93\x0c\xc4\x20" + bytes(32) + b"\xc4\x20" + bytes(32),
        messages.encode(messages.ack(0, {})),
    ],
)
def test_anything_but_a_challenge_is_refused(frame: bytes) -> None:
    async def main() -> None:
        async with peer(1, 3) as a, outsider(await a.node.serve(HOST, 0)) as connection:
            await connection.send(frame)
            (bye,) = await rest(connection)
            assert isinstance(bye, Bye)
            assert "only to programs of the user" in bye.sentence

    run(main())


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x92\x0b", b"\x93\x0c", b"\x92\x0d", b"\xc4\x20"]))
def test_any_bytes_are_a_message_or_none(rest_: bytes, start: bytes) -> None:
    frame = start + rest_
    for message in (
        recognition._read(frame, recognition.Challenge),
        recognition._read(frame, recognition.Answer),
        recognition._read(frame, recognition.Proof),
    ):
        assert message is None or recognition._encode(message)


def test_a_wrong_proof_is_refused() -> None:
    async def main() -> None:
        async with peer(1, 3) as a, outsider(await a.node.serve(HOST, 0)) as connection:
            await connection.send(msgspec.msgpack.encode(recognition.Challenge(bytes(32))))
            answer = msgspec.msgpack.decode(await connection.recv(decode=False), type=recognition.Answer)
            # The listener's own proof does not serve as the dialler's.
            await connection.send(msgspec.msgpack.encode(recognition.Proof(answer.proof)))
            (bye,) = await rest(connection)
            assert isinstance(bye, Bye)
            assert bye.reason == Reason.NOT_A_MEMBER

    run(main())


def test_a_silent_program_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "RECOGNITION_SECONDS", 0.05)

    async def main() -> None:
        async with peer(1, 3) as a, outsider(await a.node.serve(HOST, 0)) as connection:
            assert await rest(connection) == []

    run(main())


class Impostor:
    """A program of another user at a port where this user's program is expected."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    @asynccontextmanager
    async def listening(self, upstream: Address | None = None) -> AsyncIterator[Address]:
        """Listen; relay both ways to `upstream`, or else answer with an invented proof."""

        async def relay(source: ClientConnection | ServerConnection, to: ServerConnection) -> None:
            async for frame in source:
                assert isinstance(frame, bytes)
                await to.send(frame)

        async def meet(connection: ServerConnection) -> None:
            if upstream is None:
                async for frame in connection:
                    assert isinstance(frame, bytes)
                    self.heard.append(frame)
                    await connection.send(msgspec.msgpack.encode(recognition.Answer(bytes(32), bytes(32))))
                return
            async with outsider(upstream) as true:
                back = asyncio.create_task(relay(true, connection))
                async for frame in connection:
                    assert isinstance(frame, bytes)
                    self.heard.append(frame)
                    await true.send(frame)
                back.cancel()
                await asyncio.wait([back])

        async with serve(meet, HOST, 0, subprotocols=[SUBPROTOCOL], compression=None) as server:
            yield Address(HOST, server.sockets[0].getsockname()[1])


def test_whoever_listens_in_place_of_the_true_program_learns_nothing() -> None:
    async def main() -> None:
        impostor = Impostor()
        async with peer(1, 3) as a, impostor.listening() as address:
            with pytest.raises(NotAMember, match="runs for another user"):
                await a.node.sync_once(address)
            with pytest.raises(NotAMember):
                await a.node.follow(address)
        challenges = [msgspec.msgpack.decode(frame, type=recognition.Challenge) for frame in impostor.heard]
        assert len({one.nonce for one in challenges}) == 2

    run(main())


def test_a_relay_to_the_true_program_is_refused_by_both() -> None:
    async def main() -> None:
        impostor = Impostor()
        async with peer(1, 3) as a, peer(2, 3) as b:
            true = await a.node.serve(HOST, 0)
            async with impostor.listening(true) as address:
                with pytest.raises(NotAMember, match="runs for another user"):
                    await b.node.sync_once(address)
            assert len(impostor.heard) == 1  # the Challenge
            assert a.node.peers == []
            assert {actor for actor, _, _ in a.replica.payloads()} == {1}
            assert {actor for actor, _, _ in b.replica.payloads()} == {2}

    run(main())


def test_an_older_program_that_says_hello_at_once_is_not_believed() -> None:
    hello = messages.encode(messages.hello(bytes(16), "old", {}))

    async def meet(connection: ServerConnection) -> None:
        await connection.send(hello)
        await connection.wait_closed()

    async def main() -> None:
        async with serve(meet, HOST, 0, subprotocols=[SUBPROTOCOL]) as server:
            with pytest.raises(NotAMember, match="older crdtnotes"):
                await dial(Address(HOST, server.sockets[0].getsockname()[1]))

    run(main())


def test_a_program_that_refuses_with_a_sentence_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    bye = messages.encode(messages.bye(Reason.NOT_A_MEMBER, "Go away."))

    async def refuse(connection: ServerConnection) -> None:
        await connection.send(bye)
        await connection.wait_closed()

    async def silent(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async def main() -> None:
        async with serve(refuse, HOST, 0, subprotocols=[SUBPROTOCOL]) as server:
            with pytest.raises(NotAMember, match="The peer says: Go away"):
                await dial(Address(HOST, server.sockets[0].getsockname()[1]))
        monkeypatch.setattr(recognition, "RECOGNITION_SECONDS", 0.05)
        async with serve(silent, HOST, 0, subprotocols=[SUBPROTOCOL]) as server:
            with pytest.raises(Unreachable, match="does not answer"):
                await dial(Address(HOST, server.sockets[0].getsockname()[1]))

    run(main())


def test_both_families_of_loopback_addresses_work() -> None:
    async def main() -> None:
        async with peer(1, 2) as a, peer(2, 1) as b:
            for host in (HOST, "127.0.0.2", "::1", "localhost"):
                await b.node.sync_once(await a.node.serve(host, 0))
            assert a.replica.payloads() == b.replica.payloads()

    run(main())


def test_the_key_itself_is_never_sent() -> None:
    async def main() -> None:
        impostor = Impostor()
        async with peer(1) as a, impostor.listening() as address:
            with pytest.raises(NotAMember):
                await a.node.sync_once(address)
        assert account_key() not in b"".join(impostor.heard)

    run(main())
