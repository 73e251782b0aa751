"""Pairing over real sockets; the messages are tested in tests/trust/test_pairing.py."""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from crdtnotes.errors import PairingFailed, Unreachable
from crdtnotes.sync.net.tls import joining_context, pairing_context
from crdtnotes.sync.peers.pairing import (
    STEP_SECONDS,
    Joined,
    PairingServer,
    read_frame,
)
from crdtnotes.trust.identity import Identity, own_identity
from crdtnotes.trust.pairing import (
    MAX_FRAME_BYTES,
    MAX_WELCOME_BYTES,
    PairingHost,
    PairingJoiner,
    Stage,
    Welcome,
)
from tests.sync.peers.hosts import CODE, SECRETS, VAULT, WELCOME, WRONG, host_of, joining
from tests.sync.running import run


def test_two_devices_pair(ana: Identity, bo: Identity) -> None:
    async def main() -> None:
        host = host_of(ana)
        async with host.listening(ana, "127.0.0.1", 0) as port:
            joined = await joining(port, CODE, bo)
            device = await host.paired()
        assert (joined.welcome, joined.host, joined.host_name) == (WELCOME, ana.id, "ana")
        assert (device.id, device.name) == (bo.id, "bo")

    run(main())


def test_silent_and_malformed_connections_do_not_use_up_the_code(ana: Identity, bo: Identity) -> None:
    async def main() -> None:
        host = host_of(ana)
        async with host.listening(ana, "127.0.0.1", 0) as port:
            kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(40)]
            for noise in (b"\0\0\0\1\xc1", b"\xff\xff\xff\xff", b"\0\0\0\5abc", b""):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=joining_context())
                writer.write(noise)
                kept.append((reader, writer))
            await joining(port, CODE, bo)
            assert (await host.paired()).id == bo.id
            for _, writer in kept:
                writer.transport.abort()

    run(main())


SILENT = 300
"""More than the listener keeps at all stages together."""


async def frames_of(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bo: Identity
) -> tuple[PairingJoiner, Callable[[], Awaitable[None]]]:
    """A joiner, and a function that sends its next frames and reads one of the host's."""
    tls = writer.get_extra_info("ssl_object")
    joiner = PairingJoiner(CODE, bo, "bo", tls.getpeercert(binary_form=True), secrets.token_bytes)

    async def step() -> None:
        if joiner.stage is Stage.ASK:
            joiner.agree()
        for frame in joiner.data_to_send():
            writer.write(len(frame).to_bytes(4, "big") + frame)
        joiner.receive(await read_frame(reader, MAX_WELCOME_BYTES))

    return joiner, step


SAME_STAGE: dict[str, set[Stage]] = {
    "before TLS": set(),
    "after TLS": {Stage.HELLO},
    "after the first frame": {Stage.HELLO, Stage.SHARE},
}
"""The stages in which a joiner that pauses may be dropped for those that have got as far."""


@pytest.mark.long
@pytest.mark.parametrize("stage", SAME_STAGE)
def test_idle_sockets_are_bounded_and_never_keep_the_joiner_out(
    ana: Identity, bo: Identity, stage: str
) -> None:
    """They come before the joiner, and between its frames."""
    kept: list[asyncio.StreamWriter] = []
    open_: set[asyncio.Task[None]] = set()

    async def idle(port: int, count: int) -> None:
        context = None if stage == "before TLS" else joining_context()
        for _ in range(count):
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
                kept.append(writer)
                if stage == "after the first frame":
                    _, step = await frames_of(reader, writer, bo)
                    await step()
            except (OSError, asyncio.IncompleteReadError):
                continue
            waiting = asyncio.create_task(until_closed(reader))
            open_.add(waiting)
            waiting.add_done_callback(open_.discard)

    async def main() -> None:
        host = host_of(ana)
        async with host.listening(ana, "127.0.0.1", 0) as port:
            await idle(port, SILENT if stage == "before TLS" else 40)
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=joining_context())
            joiner, step = await frames_of(reader, writer, bo)
            while joiner.welcome is None:
                assert joiner.error is None
                if joiner.stage not in SAME_STAGE[stage]:
                    await idle(port, 40)
                await step()
            assert len(host._admission) <= 160
            async with asyncio.timeout(STEP_SECONDS / 3):  # not only at their deadline
                while len(open_) > 160:
                    await asyncio.sleep(0.005)
            joiner.finish()
            await step_out(joiner, writer)
            assert (await host.paired()).id == bo.id
            for one in (*kept, writer):
                one.transport.abort()
            for waiting in list(open_):
                waiting.cancel()

    run(main())


async def until_closed(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        await reader.read()


async def step_out(joiner: PairingJoiner, writer: asyncio.StreamWriter) -> None:
    for frame in joiner.data_to_send():
        writer.write(len(frame).to_bytes(4, "big") + frame)
    await writer.drain()


def test_a_socket_that_stays_silent_is_closed_at_its_deadline(ana: Identity) -> None:
    async def main() -> None:
        host = host_of(ana, step=0.05)
        async with host.listening(ana, "127.0.0.1", 0) as port:
            plain, other = await asyncio.open_connection("127.0.0.1", port)
            tls, writer = await asyncio.open_connection("127.0.0.1", port, ssl=joining_context())
            assert await plain.read() == b""
            assert await tls.read() == b""
            while len(host._admission):
                await asyncio.sleep(0.005)
            for one in (other, writer):
                one.transport.abort()

    run(main())


def test_a_wrong_guess_ends_the_pairing_for_all(ana: Identity, bo: Identity) -> None:
    async def main() -> None:
        host = host_of(ana)
        async with host.listening(ana, "127.0.0.1", 0) as port:
            with pytest.raises(PairingFailed):
                await joining(port, WRONG, bo)
            with pytest.raises(PairingFailed):
                await host.paired()
            with pytest.raises((Unreachable, PairingFailed)):
                await joining(port, CODE, bo)

    run(main())


def test_a_device_that_the_user_declines_is_refused(ana: Identity, bo: Identity) -> None:
    async def main() -> None:
        host = host_of(ana, answer=False)
        async with host.listening(ana, "127.0.0.1", 0) as port:
            with pytest.raises(PairingFailed):
                await joining(port, CODE, bo)
            with pytest.raises(PairingFailed):
                await host.paired()

    run(main())


def test_a_device_that_disconnects_while_the_user_is_asked_may_try_again(
    ana: Identity, bo: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    questions: list[str] = []
    told: list[str] = []

    async def main() -> None:
        asked = asyncio.Event()
        withdrawn = asyncio.Event()

        async def ask(name: str, device: bytes, digits: str) -> bool:
            questions.append(name)
            if len(questions) > 1:
                return True
            asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                withdrawn.set()
            return True

        async def admit(name: str, certificate: bytes) -> Welcome:
            return WELCOME

        host = PairingServer(lambda: PairingHost(SECRETS, ana, "ana", VAULT, secrets.token_bytes), ask, admit)
        async with host.listening(ana, "127.0.0.1", 0) as port:
            first = asyncio.create_task(joining(port, CODE, bo, told.append))
            await asked.wait()
            first.cancel()
            await withdrawn.wait()
            await joining(port, CODE, bo)
            assert (await host.paired()).id == bo.id

    run(main())
    assert questions == ["bo", "bo"]
    assert told == ["ana"]
    assert "the code stays valid" in caplog.text


def test_a_device_that_disconnects_after_admission_is_reported_and_may_try_again(
    ana: Identity, bo: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        host = host_of(ana)

        async def stop(_: Joined) -> None:
            raise Unreachable("the disk is full")

        async with host.listening(ana, "127.0.0.1", 0) as port:
            with pytest.raises(Unreachable):
                await joining(port, CODE, bo, store=stop)
            await joining(port, CODE, bo)
            assert (await host.paired()).id == bo.id

    run(main())
    assert "give it the same code again" in caplog.text


def test_waiting_for_a_device_times_out(ana: Identity) -> None:
    async def main() -> None:
        host = host_of(ana)
        async with host.listening(ana, "127.0.0.1", 0):
            with pytest.raises(PairingFailed, match="in time"):
                await host.paired(0.01)

    run(main())


def test_a_relay_over_the_network_causes_a_mismatch(tmp_path: Path, ana: Identity, bo: Identity) -> None:
    """The relay terminates TLS on both sides and passes on every frame unchanged."""
    relay = own_identity(tmp_path / "relay")

    async def main() -> None:
        host = host_of(ana)
        async with host.listening(ana, "127.0.0.1", 0) as port:

            async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                while data := await reader.read(4096):
                    writer.write(data)
                    await writer.drain()
                writer.close()

            async def middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                there, back = await asyncio.open_connection("127.0.0.1", port, ssl=joining_context())
                await asyncio.gather(carry(reader, back), carry(there, writer), return_exceptions=True)

            server = await asyncio.start_server(middle, "127.0.0.1", 0, ssl=pairing_context(relay))
            async with server:
                with pytest.raises(PairingFailed):
                    await joining(server.sockets[0].getsockname()[1], CODE, bo)
            with pytest.raises(PairingFailed):
                await host.paired()

    run(main())


def test_a_wrong_guess_counts_even_if_the_guesser_is_gone_at_once(ana: Identity, bo: Identity) -> None:
    async def main() -> None:
        host = host_of(ana)
        async with host.listening(ana, "127.0.0.1", 0) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=joining_context())
            certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            joiner = PairingJoiner(WRONG, bo, "bo", certificate, secrets.token_bytes)
            while not joiner.guessed:
                for frame in joiner.data_to_send():
                    writer.write(len(frame).to_bytes(4, "big") + frame)
                joiner.receive(await read_frame(reader, MAX_FRAME_BYTES))
            (confirm,) = joiner.data_to_send()
            writer.write(len(confirm).to_bytes(4, "big") + confirm)
            await writer.drain()
            writer.transport.abort()
            with pytest.raises(PairingFailed, match="wrong code"):
                await host.paired()

    run(main())
