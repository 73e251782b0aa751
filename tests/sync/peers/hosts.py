"""Hosts and joiners for the tests of pairing."""

import secrets
from collections.abc import Awaitable, Callable

from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.pairing import (
    Joined,
    PairingServer,
    join,
)
from crdtnotes.trust.code import Code
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.pairing import (
    PairingHost,
    PairingJoiner,
    Welcome,
)
from crdtnotes.trust.spake import BlindedSecret, PairingSide

VAULT = bytes(range(16))
CODE = Code(4821, 0, b"otter-violin-maple")
WRONG = Code(4821, 0, b"otter-violin-mango")
SECRETS = [(CODE, BlindedSecret(PairingSide.HOST, CODE.secret, secrets.token_bytes))]
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
