"""Vaults with very many streams, as a hostile member or many years make them."""

from collections.abc import Sequence
from functools import partial

from crdtnotes.changes.batch import batches
from crdtnotes.changes.change import NO_HASH, Change, chain, note_id
from crdtnotes.changes.codec import encode
from crdtnotes.changes.derived import birth_actor
from crdtnotes.changes.messages import Heads
from crdtnotes.crdt.ops import Create
from crdtnotes.trust.actors import new_actor
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.signatures import sign_head
from crdtnotes.vault import Vault


def strangers(vault: Vault, count: int, name: str = "flood", first: int = 1000) -> list[Change]:
    """One change of each of `count` streams, which know nothing of each other: all create the same note."""
    uid = note_id(bytes.fromhex(vault.id), name)
    create = Create(birth_actor(uid, "x"), name, "x", ())
    return [Change(first + number, 1, 1, (), 0, uid, (create,)) for number in range(count)]


def flood(vault: Vault, count: int, name: str = "flood", first: int = 1000) -> None:
    """Let a replica receive changes of that many streams."""
    pour(vault, strangers(vault, count, name, first))


def pour(vault: Vault, changes: Sequence[Change]) -> None:
    """Let a replica receive these changes in one transaction."""
    vault.replica.receive(list(batches(map(encode, changes))))


def signed_strangers(identity: Identity, vault: bytes, count: int, group: int = 1000) -> list[bytes | Heads]:
    """The same in a paired vault: groups of changes of one device, each in a stream of its own."""
    uid = note_id(vault, "flood")
    create = Create(birth_actor(uid, "x"), "flood", "x", ())
    items: list[bytes | Heads] = []
    for begin in range(0, count, group):
        authors = sorted(
            new_actor(identity.keys.signing, partial(number.to_bytes, byteorder="big"))
            for number in range(begin + 1, min(begin + group, count) + 1)
        )
        datas = [encode(Change(author.actor, 1, 1, (), 0, uid, (create,))) for author in authors]
        heads = tuple(
            (author.actor, 1, sign_head(identity, vault, author.actor, 1, chain(NO_HASH, data)))
            for author, data in zip(authors, datas, strict=True)
        )
        items += [*batches(datas), Heads(tuple((a.signing_key, a.nonce) for a in authors), heads)]
    return items
