"""Pairing over real sockets; the messages are tested in tests/trust/test_pairing.py."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from crdtnotes.errors import PairingFailed, Unreachable
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.tls import joining_context, pairing_context
from crdtnotes.sync.peers.discovery import Discovery, Found
from crdtnotes.sync.peers.pairing import (
    STEP_SECONDS,
    AskJoiner,
    Joined,
    NewDevice,
    PairingServer,
    addresses_of,
    join,
    read_frame,
)
from crdtnotes.trust.code import Code
from crdtnotes.trust.identity import Identity, own_identity
from crdtnotes.trust.pairing import (
    MAX_FRAME_BYTES,
    MAX_WELCOME_BYTES,
    PairingHost,
    PairingJoiner,
    Stage,
    Welcome,
)
from crdtnotes.trust.spake import BlindedSecret, Role
from tests.sync.running import run

VAULT = bytes(range(16))
CODE = Code(4821, 0, b"otter-violin-maple")
WRONG = Code(4821, 0, b"otter-violin-mango")
SECRETS = [(CODE, BlindedSecret(Role.HOST, CODE.secret, secrets.token_bytes))]
WELCOME = Welcome(VAULT, bytes(32), (b"record",), 4821)


def host_of(identity: Identity, answer: bool = True, step: float = 15.0) -> PairingServer:
    async def ask(name: str, device: bytes, digits: str) -> bool:
        return answer

    async def admit(name: str, certificate: bytes) -> Welcome:
        return WELCOME

    return PairingServer(
        lambda: PairingHost(SECRETS, identity, "ana", VAULT, secrets.token_bytes), ask, admit, step=step
    )


async def keep(_: Joined) -> None:
    """Keep nothing."""


async def joining(
    port: int,
    code: Code,
    identity: Identity,
    asked: Callable[[str], None] = lambda _: None,
    store: Callable[[Joined], Awaitable[None]] = keep,
) -> Joined:
    async def ask(host: str, digits: str) -> bool:
        asked(host)
        return True

    return await join(
        code,
        [Address("127.0.0.1", 1, secure=True), Address("127.0.0.1", port, secure=True)],
        lambda certificate: PairingJoiner(code, identity, "bo", certificate, secrets.token_bytes),
        store,
        ask,
    )


@pytest.fixture
def ana(tmp_path: Path) -> Identity:
    return own_identity(tmp_path / "ana")


@pytest.fixture
def bo(tmp_path: Path) -> Identity:
    return own_identity(tmp_path / "bo")


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


# -- a joiner guesses once


ENDS = {"hangs up": b"", "garbage": b"\0\0\0\1\xc1", "too long": b"\xff\xff\xff\xff"}


class FalseHosts:
    """Devices that announce the pairing; each speaks the protocol with a guess of its own for the secret."""

    def __init__(self, folder: Path, number: int, end: str) -> None:
        self.confirms: list[int] = []
        self._folder = folder
        self._number = number
        self._end = end

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[list[Address]]:
        async with AsyncExitStack() as stack:
            addresses = []
            for number in range(self._number):
                identity = own_identity(self._folder / f"false{number}")
                server = await asyncio.start_server(
                    partial(self._meet, identity, number), "127.0.0.1", 0, ssl=pairing_context(identity)
                )
                await stack.enter_async_context(server)
                addresses.append(Address("127.0.0.1", server.sockets[0].getsockname()[1], secure=True))
            yield addresses

    async def _meet(
        self, identity: Identity, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        guess = BlindedSecret(Role.HOST, WRONG.secret, secrets.token_bytes)
        host = PairingHost([(CODE, guess)], identity, "ana", VAULT, secrets.token_bytes)
        with suppress(OSError, asyncio.IncompleteReadError):
            while not host.closed:
                if host.stage is Stage.CONFIRM:
                    await read_frame(reader, MAX_FRAME_BYTES)
                    self.confirms.append(number)
                    writer.write(ENDS[self._end])
                    break
                host.receive(await read_frame(reader, MAX_FRAME_BYTES))
                for frame in host.data_to_send():
                    writer.write(len(frame).to_bytes(4, "big") + frame)
        writer.close()


@pytest.mark.parametrize("end", list(ENDS))
def test_false_hosts_get_one_guess_from_one_join(tmp_path: Path, bo: Identity, end: str) -> None:
    false = FalseHosts(tmp_path, 3, end)

    async def main() -> None:
        async with false.listening() as addresses:
            with pytest.raises(PairingFailed, match="new code"):
                await join(
                    CODE,
                    addresses,
                    lambda certificate: PairingJoiner(CODE, bo, "bo", certificate, secrets.token_bytes),
                    keep,
                    nobody,
                )

    run(main())
    assert len(false.confirms) == 1


async def nobody(host: str, digits: str) -> bool:
    raise AssertionError("nobody is to be asked")


def test_at_most_four_announced_addresses_are_tried() -> None:
    class Crowd:
        async def find(self, kind: str, found: Callable[[Found], None]) -> None:
            hosts = tuple(f"10.0.0.{number}" for number in (1, 1, *range(2, 40)))
            found(Found("x", hosts, 4822, {"number": "4821"}))

    async def main() -> None:
        found = await addresses_of(CODE, cast("Discovery", Crowd()))
        assert [address.host for address in found] == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]

    run(main())


# -- both persons agree


async def paired_with(
    ana: Identity, bo: Identity, host_says: Callable[[str], Awaitable[bool]], joiner_says: AskJoiner
) -> tuple[Joined | BaseException, NewDevice | BaseException, list[str]]:
    """Pair; return what both sides got, and the names that the host admitted."""
    admitted: list[str] = []

    async def ask(name: str, device: bytes, digits: str) -> bool:
        return await host_says(digits)

    async def admit(name: str, certificate: bytes) -> Welcome:
        admitted.append(name)
        return WELCOME

    host = PairingServer(lambda: PairingHost(SECRETS, ana, "ana", VAULT, secrets.token_bytes), ask, admit)
    async with host.listening(ana, "127.0.0.1", 0) as port:
        joining_ = join(
            CODE,
            [Address("127.0.0.1", port, secure=True)],
            lambda certificate: PairingJoiner(CODE, bo, "bo", certificate, secrets.token_bytes),
            keep,
            joiner_says,
        )
        joined, device = await asyncio.gather(joining_, host.paired(), return_exceptions=True)
    return joined, device, admitted


@pytest.mark.parametrize("first", ["host", "joiner"])
def test_both_see_the_same_digits_and_nobody_is_admitted_before_both_agree(
    ana: Identity, bo: Identity, first: str
) -> None:
    shown: list[str] = []

    async def main() -> None:
        answered = asyncio.Event()

        async def says(who: str, digits: str) -> bool:
            shown.append(digits)
            if who == first:
                answered.set()
            else:
                await answered.wait()
            return True

        joined, device, admitted = await paired_with(
            ana, bo, lambda digits: says("host", digits), lambda _, digits: says("joiner", digits)
        )
        assert isinstance(joined, Joined)
        assert isinstance(device, NewDevice)
        assert admitted == ["bo"]

    run(main())
    assert len(shown) == 2
    assert len(set(shown)) == 1


@pytest.mark.parametrize("who", ["host", "joiner"])
def test_one_person_refuses_while_the_other_is_still_asked(ana: Identity, bo: Identity, who: str) -> None:
    async def main() -> None:
        withdrawn = asyncio.Event()

        async def refuses() -> bool:
            return False

        async def thinks() -> bool:
            try:
                return await asyncio.Event().wait()
            finally:
                withdrawn.set()

        joined, device, admitted = await paired_with(
            ana,
            bo,
            lambda _: refuses() if who == "host" else thinks(),
            lambda *_: refuses() if who == "joiner" else thinks(),
        )
        assert isinstance(joined, PairingFailed)
        assert isinstance(device, PairingFailed)
        assert admitted == []
        assert withdrawn.is_set()

    run(main())


def test_a_host_whose_person_agreed_first_admits_nobody_that_refuses(ana: Identity, bo: Identity) -> None:
    async def main() -> None:
        agreed = asyncio.Event()

        async def agrees(_: str) -> bool:
            agreed.set()
            return True

        async def refuses(host: str, digits: str) -> bool:
            await agreed.wait()
            return False

        joined, device, admitted = await paired_with(ana, bo, agrees, refuses)
        assert isinstance(joined, PairingFailed)
        assert isinstance(device, PairingFailed)
        assert admitted == []

    run(main())
