"""A joiner guesses once, and nobody is admitted before both persons agree."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from crdtnotes.errors import PairingFailed
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.tls import pairing_context
from crdtnotes.sync.peers.discovery import Discovery, Found
from crdtnotes.sync.peers.pairing import (
    AskJoiner,
    Joined,
    NewDevice,
    PairingServer,
    addresses_of,
    join,
    read_frame,
)
from crdtnotes.trust.identity import Identity, own_identity
from crdtnotes.trust.pairing import (
    MAX_FRAME_BYTES,
    PairingHost,
    PairingJoiner,
    Stage,
    Welcome,
)
from crdtnotes.trust.spake import BlindedSecret, PairingSide
from tests.sync.peers.hosts import CODE, SECRETS, VAULT, WELCOME, WRONG, keep
from tests.sync.running import run

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
        guess = BlindedSecret(PairingSide.HOST, WRONG.secret, secrets.token_bytes)
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
