"""Vaults with very many streams, as a hostile member or many years make them."""

from collections.abc import Sequence

from crdtnotes.changes.batch import batches
from crdtnotes.changes.change import Change, birth_actor, note_id
from crdtnotes.changes.codec import encode
from crdtnotes.crdt.ops import Create
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
