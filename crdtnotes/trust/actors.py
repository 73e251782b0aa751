"""Self-certifying actors: the name of a stream proves which signing key it belongs to.

`actor = 63 bits of BLAKE2b("crdtnotes actor" ‖ signing key ‖ nonce)`. So whoever holds (actor, signing key,
nonce) can check whose stream it is without asking anybody. The nonce lets one device begin as many streams
as it needs.
"""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from crdtnotes.crdt.ids import BIRTH

NONCE_BYTES = 16

_LABEL = b"crdtnotes actor"


class ActorRecord(NamedTuple):
    """A stream with what proves whose it is: an Ed25519 public key (32 bytes) and a nonce (16 bytes)."""

    actor: int
    signing_key: bytes
    nonce: bytes

    @property
    def proven(self) -> bool:
        """Whether the key and the nonce give this actor."""
        return len(self.nonce) == NONCE_BYTES and actor_of(self.signing_key, self.nonce) == self.actor


def actor_of(signing_key: bytes, nonce: bytes) -> int:
    """Return the actor of a signing key and a nonce; 0, which is no actor, once in 2⁶³."""
    digest = hashlib.blake2b(_LABEL + signing_key + nonce, digest_size=8).digest()
    return int.from_bytes(digest, "big") % BIRTH


def moved_actor(signing_key: bytes, content: bytes) -> ActorRecord:
    """Return the stream of the device with this key that begins with a change that moved there.

    `content` is what the change says, but for this name (crdtnotes/changes/relabel.py). So every replica
    that moves it gives it the same name.
    """
    return new_actor(signing_key, lambda count: hashlib.blake2b(content, digest_size=count).digest())


def new_actor(signing_key: bytes, random: Callable[[int], bytes]) -> ActorRecord:
    """Return a new stream of the device with this key; `random` returns so many random bytes."""
    while True:
        nonce = random(NONCE_BYTES)
        actor = actor_of(signing_key, nonce)
        if actor:
            return ActorRecord(actor, signing_key, nonce)
