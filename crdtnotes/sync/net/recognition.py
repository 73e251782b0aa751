"""How two programs of one user of this machine recognise each other on a connection without TLS.

Any user of a machine can connect to its loopback addresses, and any user can listen at a port that is free.
So before anything else is sent, each side proves that it has the account key (`account_key.py`):

    dialler  → listener   Challenge  a nonce
    listener → dialler    Answer     a nonce, and the listener's proof
    dialler  → listener   Proof      the dialler's proof

A proof is HMAC-SHA-256 under the key. It covers which side made it, both nonces, and the addresses of both
ends of the connection.

Invariants
    - The key is never sent, and a proof is of no use on any other connection: nonces are fresh, and no two
      connections of a machine have the same two ends. So whoever listens at a port in place of the true
      program can neither use what it hears nor pass it on to the true program.
    - The dialler sends nothing about a vault before it has checked the listener's proof, and the listener
      nothing before it has checked the dialler's.
"""

import asyncio
import hmac
import ipaddress
import logging
import secrets
from hashlib import sha256
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Bye, Reason
from crdtnotes.errors import DecodeError, NotAMember, Unreachable

RECOGNITION_SECONDS = 10.0
"""How long the other side may take for its part."""

_LABEL = b"crdtnotes account 1"

_log = logging.getLogger("crdtnotes.sync")

_Bytes32 = Annotated[bytes, Meta(min_length=32, max_length=32)]


class Challenge(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, tag=11):
    """The dialler's nonce."""

    nonce: _Bytes32


class Answer(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, tag=12):
    """The listener's nonce and proof."""

    nonce: _Bytes32
    proof: _Bytes32


class Proof(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, tag=13):
    """The dialler's proof."""

    proof: _Bytes32


T = TypeVar("T", Challenge, Answer, Proof)

_encode = msgspec.msgpack.encode


async def prove_to_listener(connection: ClientConnection, key: bytes, place: str) -> None:
    """Exchange proofs with the program that listens at `place`.

    Raises NotAMember if it does not run for this user, Unreachable if it does not answer. The caller closes
    the connection then.
    """
    nonce = secrets.token_bytes(32)
    try:
        async with asyncio.timeout(RECOGNITION_SECONDS):
            await connection.send(_encode(Challenge(nonce)))
            frame = await connection.recv(decode=False)
            answer = _read(frame, Answer)
            if answer is None:
                raise _refusal(frame, place)
            if not _holds(answer.proof, connection, key, "listener", nonce + answer.nonce):
                raise NotAMember(
                    f"The program at {place} runs for another user of this machine; nothing was exchanged."
                )
            await connection.send(_encode(Proof(_proof(connection, key, "dialler", nonce + answer.nonce))))
    except (TimeoutError, ConnectionClosed):
        raise Unreachable(f"The program at {place} does not answer.") from None


async def recognise_dialler(connection: ServerConnection, key: bytes) -> bool:
    """Exchange proofs with a program that has connected; returns whether it runs for this user.

    If it does not, it is told so, and the refusal is logged. The caller closes the connection then.
    """
    nonce = secrets.token_bytes(32)
    host = str((connection.remote_address or ("it",))[0])
    try:
        async with asyncio.timeout(RECOGNITION_SECONDS):
            challenge = _read(await connection.recv(decode=False), Challenge)
            if challenge is not None:
                nonces = challenge.nonce + nonce
                mine = _proof(connection, key, "listener", nonces)
                await connection.send(_encode(Answer(nonce, mine)))
                proof = _read(await connection.recv(decode=False), Proof)
                if proof is not None and _holds(proof.proof, connection, key, "dialler", nonces):
                    return True
            bye = messages.bye(
                Reason.NOT_A_MEMBER,
                "This vault is served only to programs of the user who serves it; update crdtnotes if you "
                "are that user.",
            )
            await connection.send(messages.encode(bye))
    except (TimeoutError, ConnectionClosed):
        pass
    _log.warning("refused %s: it did not prove that it runs for this user", host)
    return False


def _refusal(frame: bytes, place: str) -> NotAMember:
    """Return the error for a program that has sent another frame than an Answer."""
    try:
        message = messages.decode(frame)
    except DecodeError:
        message = None
    if isinstance(message, Bye):
        return NotAMember(f"The peer says: {message.sentence}")
    return NotAMember(
        f"The program at {place} does not prove that it runs for this user; nothing was exchanged. It may be "
        "an older crdtnotes."
    )


def _read(frame: bytes, kind: type[T]) -> T | None:
    """Return the message of this kind in a frame, None if it holds anything else."""
    try:
        return msgspec.msgpack.decode(frame, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _holds(proof: bytes, connection: Connection, key: bytes, side: str, nonces: bytes) -> bool:
    return hmac.compare_digest(proof, _proof(connection, key, side, nonces))


def _proof(connection: Connection, key: bytes, side: str, nonces: bytes) -> bytes:
    ends = [_end(connection.local_address), _end(connection.remote_address)]
    if isinstance(connection, ServerConnection):
        ends.reverse()
    return hmac.digest(key, b"\0".join((_LABEL, side.encode(), nonces + b"".join(ends))), sha256)


def _end(address: object) -> bytes:
    """Return an end of a connection as 18 bytes: the IP address, in 16 bytes, and the port."""
    if not isinstance(address, tuple):  # the connection is gone
        return bytes(18)
    packed = ipaddress.ip_address(str(address[0])).packed
    return packed.rjust(16, b"\0") + int(address[1]).to_bytes(2, "big")
