"""Replicas of one vault, syncing between them, and changes made by hand."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from crdtnotes.changes.batch import Piece, batches, changes_in
from crdtnotes.changes.change import Change, note_id
from crdtnotes.changes.codec import decode, encode
from crdtnotes.changes.derived import birth_actor
from crdtnotes.crdt.ops import Create, Op
from crdtnotes.vault import Vault


def fast(vault: Vault) -> Vault:
    """The vault, without waiting for the disk: these tests are not about power failures."""
    vault.replica.conn.execute("PRAGMA synchronous = OFF")
    return vault


@contextmanager
def replicas(folder: Path, count: int = 2) -> Iterator[list[Vault]]:
    """Open replicas of a new vault."""
    with ExitStack() as stack:
        first = stack.enter_context(Vault.create(folder / "0.db", "d0"))
        others = [
            stack.enter_context(Vault.create(folder / f"{number}.db", f"d{number}", first.id))
            for number in range(1, count)
        ]
        yield [fast(vault) for vault in (first, *others)]


def send(source: Vault, to: Vault) -> None:
    """Give one replica everything that another has."""
    for batch in source.changes_since(to.version):
        to.apply(batch)


def meet(*vaults: Vault) -> None:
    """Give every replica the changes of all others."""
    for _ in range(2):
        for to in vaults:
            for source in vaults:
                if source is not to:
                    send(source, to)
    assert len({vault.digest for vault in vaults}) == 1


def changes(vault: Vault, since: dict[str, int] | None = None) -> list[bytes]:
    """The changes of a replica, in the order of its log."""
    return [data for batch in vault.changes_since(since or {}) for data in changes_in(batch)]


def batch(*items: Piece | Change) -> bytes:
    """One batch of these changes."""
    [result] = batches([encode(item) if isinstance(item, Change) else item for item in items])
    return result


def last_change(vault: Vault) -> Change:
    """The change that was logged last."""
    return decode(changes(vault)[-1])


def created(vault: Vault, *more: Op, name: str = "by hand", text: str = "text", actor: int = 77) -> Change:
    """The first change of another actor: it creates a note, followed by `more` operations."""
    uid = note_id(bytes.fromhex(vault.id), name)
    create = Create(birth_actor(uid, text), name, text, ())
    return Change(actor, 1, 1, (), 0, uid, (create, *more))


def state(vault: Vault) -> tuple[object, ...]:
    """Everything that a failed call must leave unchanged."""
    return (
        vault.version,
        vault.digest,
        [(info, vault.note(info.name).text) for info in vault.notes()],
        vault.actor,
    )
