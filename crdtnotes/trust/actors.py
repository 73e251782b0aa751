"""Self-certifying actors: the name of a stream proves which signing key it belongs to.

`actor = 63 bits of BLAKE2b("crdtnotes actor" ‖ signing key ‖ nonce)`. So anyone with (actor, signing key,
nonce) can check which device owns the stream, without asking anyone. The nonce lets one device begin as many
streams as it needs.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from crdtnotes.crdt.ids import BIRTH

NONCE_BYTES = 16

_LABEL = b"crdtnotes actor"


@dataclass(frozen=True, slots=True)
class ActorRecord:
    """A stream with the proof of its owner: an Ed25519 public key (32 bytes) and a nonce (16 bytes)."""

    actor: int
    signing_key: bytes
    nonce: bytes

    @property
    def proven(self) -> bool:
        """Whether the key and the nonce give this actor."""
        return len(self.nonce) == NONCE_BYTES and actor_of(self.signing_key, self.nonce) == self.actor


def actor_of(signing_key: bytes, nonce: bytes) -> int:
    """Return the actor of a signing key and a nonce; once in 2⁶³ times it is 0, which is not an actor."""
    digest = hashlib.blake2b(_LABEL + signing_key + nonce, digest_size=8).digest()
    return int.from_bytes(digest, "big") % BIRTH


def moved_actor(signing_key: bytes, content: bytes) -> ActorRecord:
    """Return the stream, owned by the device with this key, that begins with a moved change.

    `content` is the change without this name (crdtnotes/changes/relabel.py). So every replica that moves the
    change gives the stream the same name.
    """
    return new_actor(signing_key, lambda count: hashlib.blake2b(content, digest_size=count).digest())


def new_actor(signing_key: bytes, random: Callable[[int], bytes]) -> ActorRecord:
    """Return a new stream of the device with this key; `random(n)` returns n random bytes."""
    while True:
        nonce = random(NONCE_BYTES)
        actor = actor_of(signing_key, nonce)
        if actor:
            return ActorRecord(actor, signing_key, nonce)
