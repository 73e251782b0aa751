"""Which devices may connect and which may not: on real sockets, with real keys."""

import asyncio
import contextlib
import datetime as dt
import logging
import socket
import ssl
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.client import ClientConnection

from crdtnotes.changes import messages
from crdtnotes.errors import NotAMember, NotPaired, PortTaken, Unreachable
from crdtnotes.sync.net import tls
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.transport import dial
from tests.sync.laptops import Laptop, context_of, founder, knock, pair
from tests.sync.running import rest, run

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: crdtnotes\r\n\r\n"
)
HOST = "127.0.0.1"


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "crdtnotes.sync" and record.levelno >= logging.WARNING
    ]


def test_paired_laptops_sync(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as a, bo.node() as b:
            address = await a.serve_members(HOST, 0)
            assert str(address).startswith("wss://")
            summary = await b.sync_once(address)
            assert (summary.device, summary.received, summary.sent) == ("ana", 1, 1)
        assert ana.names() == bo.names() == ["from ana", "from bo"]

    run(main())


def test_the_version_and_address_of_a_device_are_remembered(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> Address:
        async with ana.node() as a, bo.node() as b:
            address = await a.serve_members(HOST, 0)
            await b.sync_once(address)
            assert bo.replica is not None
            members = bo.replica.members
            contact = await b.run(lambda: members.contacts.of(ana.identity.id))
            assert contact is not None
            assert len(contact.version) == 2
            assert await b.run(lambda: members.contacts.addresses(ana.identity.id)) == [str(address)]
            return address

    run(main())


@pytest.mark.parametrize("who", ["unpaired", "revoked"])
def test_a_device_that_is_not_a_member_gets_not_one_byte(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, who: str
) -> None:
    ana, bo = pair(tmp_path)
    if who == "revoked":
        ana.revoke(bo)
    knocking = bo.identity if who == "revoked" else Laptop(tmp_path, "mallory").identity

    async def main() -> None:
        async with ana.node() as a:
            address = await a.serve_members(HOST, 0)
            assert await knock(address, context_of(knocking, ana.identity), UPGRADE) == b""
            assert not a.peers

    run(main())
    assert lines(caplog) == [f"refused {HOST}: it shows no certificate of a device of this vault"]


def test_a_certificate_signed_with_a_members_key_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ana, bo = pair(tmp_path)
    pem = bo.identity.tls_file.read_bytes()
    issuer_key = serialization.load_pem_private_key(pem, None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    issuer = x509.load_der_x509_certificate(bo.identity.certificate)
    key = ec.generate_private_key(ec.SECP256R1())
    minted = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "minted")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(dt.datetime(2000, 1, 1))
        .not_valid_after(dt.datetime(2100, 1, 1))
        .sign(issuer_key, hashes.SHA256())
    )
    chain = tmp_path / "minted.pem"
    chain.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + minted.public_bytes(serialization.Encoding.PEM)
        + pem[pem.index(b"-----BEGIN CERTIFICATE") :]
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(chain)

    async def main() -> None:
        async with ana.node() as a:
            address = await a.serve_members(HOST, 0)
            assert await knock(address, context, UPGRADE) == b""
            assert not a.peers

    run(main())
    (line,) = lines(caplog)
    assert line.startswith(f"refused {HOST}")


@pytest.mark.parametrize("how", ["tls 1.2", "no tls"])
def test_a_downgraded_protocol_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str) -> None:
    ana, bo = pair(tmp_path)
    context = None
    if how == "tls 1.2":
        context = context_of(bo.identity, ana.identity)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    async def main() -> None:
        async with ana.node() as a:
            answer = await knock(await a.serve_members(HOST, 0), context, UPGRADE)
            # Without TLS, nothing but its alert may come back.
            assert answer == b"" or (how == "no tls" and answer[0] == 0x15 and len(answer) == 7)

    run(main())
    assert lines(caplog) == [f"refused {HOST}: it does not speak TLS 1.3"]


def test_a_relay_that_ends_tls_itself_is_refused_by_both(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The relay shows its own certificate to both sides: neither of them sends it anything."""
    ana, bo = pair(tmp_path)
    relay = Laptop(tmp_path, "relay").identity
    said = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said.extend(await reader.read(-1))
        writer.close()

    async def main() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(relay.tls_file)
        server = await asyncio.start_server(listen, HOST, 0, ssl=context)
        async with server, bo.node() as b:
            address = Address(HOST, server.sockets[0].getsockname()[1], secure=True)
            for _ in range(2):
                with pytest.raises(NotAMember):
                    await b.sync_once(address)
        assert said == b""
        sentence = f"The device at {address} is not the expected one."
        assert lines(caplog) == [f"refused {HOST}: {sentence}"]
        caplog.clear()
        async with ana.node() as a:
            at_ana = await a.serve_members(HOST, 0)
            assert await knock(at_ana, context_of(relay, ana.identity), UPGRADE) == b""
        assert lines(caplog) == [f"refused {HOST}: it shows no certificate of a device of this vault"]

    run(main())
    assert ana.names() == ["from ana"]
    assert bo.names() == ["from bo"]


def test_a_certificate_that_tls_would_accept_fails_the_comparison(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bo = pair(tmp_path)
    mallory = Laptop(tmp_path, "mallory").identity
    pinned = tls._pinned

    def also(context: ssl.SSLContext, certificates: Iterable[bytes]) -> ssl.SSLContext:
        return pinned(context, [*certificates, mallory.certificate])

    monkeypatch.setattr(tls, "_pinned", also)

    async def main() -> None:
        async with ana.node() as a:
            address = await a.serve_members(HOST, 0)
            assert await knock(address, context_of(mallory, ana.identity), UPGRADE) == b""
            assert not a.peers

    run(main())
    assert lines(caplog) == [f"refused {HOST}: its certificate is not that of a device of this vault"]
    assert bo.names() == ["from bo"]


def test_a_member_with_only_an_older_sync_protocol_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The older protocol had no signatures."""
    ana, bo = pair(tmp_path)

    async def main() -> list[messages.Message]:
        async with ana.node() as a, bo.node() as b:
            assert ana.replica is not None
            hello = messages.hello(ana.replica.vault_id, "bo", {})
            old = msgspec.structs.replace(hello, oldest=1, newest=1)
            connection = await b.dial(await a.serve_members(HOST, 0))
            assert isinstance(connection, ClientConnection)
            async with connection:
                await connection.send(messages.encode(old))
                return await rest(connection)

    _, *said = run(main())
    assert [type(message) for message in said] == [messages.Bye]
    (line,) = lines(caplog)
    assert line.startswith(f"cut off peer {HOST}: One side supports sync protocol")


def test_a_member_other_than_the_expected_one_is_refused(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    cem = Laptop(tmp_path, "cem")
    ana.add(cem)
    ana.add(bo)

    async def main() -> None:
        async with ana.node() as a, bo.node() as b:
            address = await a.serve_members(HOST, 0)
            with pytest.raises(NotAMember):
                await b.sync_once(address, [cem.identity.id])
            # Even if TLS accepted it, the comparison of the certificates would fail.
            with pytest.raises(NotAMember, match="not the expected one"):
                await dial(address, context_of(bo.identity, ana.identity), [cem.identity.id])

    run(main())


def test_a_replayed_session_gets_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ana, bo = pair(tmp_path)
    said: list[bytes] = []

    async def main() -> None:
        async with ana.node() as a, bo.node() as b:
            address = await a.serve_members(HOST, 0)

            async def pump(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: list[bytes] | None
            ) -> None:
                with contextlib.suppress(ConnectionError):
                    while data := await reader.read(65536):
                        if kept is not None:
                            kept.append(data)
                        writer.write(data)
                        await writer.drain()
                writer.close()

            async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                there, back = await asyncio.open_connection(HOST, address.port)
                await asyncio.gather(pump(reader, back, said), pump(there, writer, None))

            server = await asyncio.start_server(relay, HOST, 0)
            async with server:
                listening = Address(HOST, server.sockets[0].getsockname()[1], secure=True)
                await b.sync_once(listening)
            while a.peers:
                await asyncio.sleep(0.01)
            before = len(ana.statuses)
            await knock(address, None, b"".join(said))
            assert len(ana.statuses) == before
            assert not a.peers

    run(main())
    (line,) = lines(caplog)
    assert line.startswith(f"refused {HOST}")


def test_revoking_ends_open_connections_for_good(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as a, bo.node() as b:
            address = await a.serve_members(HOST, 0)
            following = asyncio.create_task(b.follow(address))
            await bo.until("from ana")
            await ana.until("from bo")
            await asyncio.to_thread(ana.revoke, bo)
            with pytest.raises((NotAMember, NotPaired)):
                await following
            await asyncio.to_thread(ana.write, "secret")
            await asyncio.to_thread(bo.write, "too late")
            with pytest.raises((NotAMember, NotPaired, Unreachable)):
                await b.sync_once(address)
            assert not a.peers

    run(main())
    assert "secret" not in bo.names()
    assert "too late" not in ana.names()


def test_a_revocation_travels_and_gossip_does_not_undo_it(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    cem = Laptop(tmp_path, "cem")
    ana.add(cem)

    async def main() -> None:
        async with ana.node() as a, cem.node() as c:
            await c.sync_once(await a.serve_members(HOST, 0))
            ana.revoke(bo)
            await c.sync_once(await a.serve_members(HOST, 0))
            assert cem.replica is not None
            replica = cem.replica
            assert not await c.run(lambda: replica.devices.is_member(bo.identity.id))
            at_c = await c.serve_members(HOST, 0)
            async with bo.node() as b:
                with pytest.raises((Unreachable, NotAMember, NotPaired)):
                    await b.sync_once(at_c, [cem.identity.id])
                assert bo.replica is not None
                records = await b.run(bo.replica.devices.records)
            await c.run(lambda: replica.devices.take_records(records))
            assert not await c.run(lambda: replica.devices.is_member(bo.identity.id))

    run(main())
    assert "from bo" not in cem.names()


def test_a_device_paired_with_one_member_is_known_to_all(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)
    cem = Laptop(tmp_path, "cem")
    ana.add(cem)

    async def main() -> None:
        async with ana.node() as a, bo.node() as b, cem.node() as c:
            at_b = await b.serve_members(HOST, 0)
            assert cem.identity.id not in b.members
            await b.sync_once(await a.serve_members(HOST, 0))
            await c.sync_once(await a.serve_members(HOST, 0))
            while bo.identity.id not in c.members or cem.identity.id not in b.members:
                await asyncio.sleep(0.01)
            assert (await c.sync_once(at_b, [bo.identity.id])).device == "bo"

    run(main())


def test_five_hundred_silent_connections_do_not_block_others(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as a, bo.node() as b:
            address = await a.serve_members(HOST, 0)
            silent: list[socket.socket] = []
            try:
                for _ in range(500):
                    one = socket.create_connection((address.host, address.port))
                    silent.append(one)
                    if len(silent) % 50 == 0:
                        await asyncio.sleep(0)
                await b.sync_once(address)
                # At most this many connections from one address wait, and bo's.
                assert len(a._admission) <= 33
                assert a._admission.dropped >= 500 - 33
            finally:
                for one in silent:
                    one.close()

    run(main())
    assert ana.names() == ["from ana", "from bo"]


def test_two_programs_of_one_device_listen_side_by_side(tmp_path: Path) -> None:
    """An editor and `crdtnotes serve`; neither was told a port."""
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as editor, ana.node() as server, bo.node() as b:
            usual, other = await editor.serve_members(HOST), await server.serve_members(HOST)
            assert usual.port != other.port
            for address in (usual, other):
                assert (await b.sync_once(address, [ana.identity.id])).device == "ana"
            with pytest.raises(PortTaken, match=f"{other.port}: another program uses that port"):
                await editor.serve_members(HOST, other.port)

    run(main())


def test_an_unpaired_vault_has_no_device_to_dial(tmp_path: Path) -> None:
    ana = founder(tmp_path)

    async def main() -> None:
        async with ana.node() as a:
            with pytest.raises(NotPaired):
                await a.sync_once(Address(HOST, 1, secure=True))

    run(main())


def test_a_member_that_misbehaves_repeatedly_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with ana.node() as a, bo.node() as b:
            address = await a.serve_members(HOST, 0)
            for _ in range(5):
                async with await b.dial(address) as connection:
                    await connection.send(b"nonsense")
                    await connection.wait_closed()
            with pytest.raises(Unreachable):
                await b.sync_once(address)
            assert not a.peers

    run(main())
    assert [line for line in lines(caplog) if "is refused for" in line]
