"""Invariants of every world, at each step and at the end."""

from crdtnotes.changes import messages
from crdtnotes.changes.batch import changes_in
from crdtnotes.changes.codec import decode
from crdtnotes.errors import RemoteError
from crdtnotes.markup.outline import TEXT_KINDS
from crdtnotes.note import Note
from crdtnotes.store.replica import Replica
from crdtnotes.store.views.note_facts import links_in
from crdtnotes.vault import Vault

MAX_WAITING = 250
"""Bytes of changes that may wait for other changes, in a simulated world."""


class Broken(AssertionError):
    """An invariant is broken; the sentence says which."""


def require(holds: object, sentence: str) -> None:
    """Fail with the sentence unless the condition holds."""
    if not holds:
        raise Broken(sentence)


def check_sent(replica: Replica, frames: list[bytes]) -> None:
    """Check that nothing is sent or acknowledged before it is committed."""
    require(not replica.conn.in_transaction, "frames leave while a transaction is open")
    for frame in frames:
        try:
            message = messages.decode(frame)
        except RemoteError:
            continue
        if isinstance(message, messages.Ack):
            heads = replica.heads()
            for actor, seq in message.version:
                require(heads.get(actor, (0,))[0] >= seq, "an Ack names an uncommitted change")
        if isinstance(message, messages.Changes):
            for data in changes_in(messages.unpack(message)):
                require(_is_committed(replica, data), "an uncommitted change is sent")


def _is_committed(replica: Replica, data: bytes) -> bool:
    """Tell whether a change is in the log, or is kept to prove the winner of a fork to others."""
    change = decode(data)
    before = replica.forks.hash_at(change.actor, change.seq - 1)
    if before is not None and replica.log.chain(before, change, data) == replica.forks.hash_at(
        change.actor, change.seq
    ):
        return True
    return any(
        data in changes_in(item)
        for actor, first, _ in replica.forks.missing_winners()
        if actor == change.actor
        for item in replica.forks.proof(actor, first)
        if not isinstance(item, messages.Heads)
    )


def check_addressee(replica: Replica, device: bytes, frames: list[bytes]) -> None:
    """Check that nothing of the vault is sent to a device that does not (or no longer) belong to it."""
    if not replica.devices.is_member(device):
        kinds = {type(messages.decode(frame)) for frame in frames}
        told = kinds & {messages.Changes, messages.Heads, messages.Records, messages.Branch, messages.Hello}
        require(not told, "a device that does not belong to the vault got data of the vault")


def check_waiting(replica: Replica) -> None:
    """Check that changes that wait for others take bounded memory."""
    size = replica.ingest.waiting_bytes
    require(size <= MAX_WAITING, f"{size} bytes of changes wait")


def check_stream(replica: Replica) -> None:
    """Check that no replica continues a stream that lost a branch: its next number is taken."""
    gave_way = {actor for actor, _ in replica.winners}
    require(replica.actor not in gave_way, "a stream that lost its end is continued")


def check_links(vault: Vault, note: Note) -> None:
    """Check that the link set matches the text after a local edit."""
    written = {(kind, value): count for (kind, value), count in links_in(note.text).items()}
    rows = vault.replica.conn.execute(
        """SELECT kind, value, count FROM links JOIN elements ON elements.id = element
           JOIN notes ON notes.id = note WHERE uid = ?""",
        (bytes.fromhex(note.id),),
    ).fetchall()
    kept = {(kind, value): count for kind, value, count in rows if kind in TEXT_KINDS}
    require(written.keys() == kept.keys(), "links in the set and links in the text differ after an edit")
    require(all(kept[link] >= count for link, count in written.items()), "a link has fewer tags than places")
