"""What must hold in every world, at each step and at the end."""

from crdtnotes.changes import messages
from crdtnotes.changes.batch import changes_in
from crdtnotes.changes.change import chain
from crdtnotes.changes.codec import decode
from crdtnotes.errors import RemoteError
from crdtnotes.markup.outline import TEXT_KINDS
from crdtnotes.note import Note
from crdtnotes.store.replica import Replica
from crdtnotes.store.writer import _links
from crdtnotes.vault import Vault

MAX_WAITING = 250
"""Bytes that may wait for others, in a simulated world."""


class Broken(AssertionError):
    """A promise is broken; the sentence says which."""


def require(holds: object, sentence: str) -> None:
    """Fail with a sentence unless it holds."""
    if not holds:
        raise Broken(sentence)


def check_sent(replica: Replica, frames: list[bytes]) -> None:
    """Nothing is sent before it is committed, nor acknowledged."""
    require(not replica.conn.in_transaction, "frames leave while a transaction is open")
    for frame in frames:
        try:
            message = messages.decode(frame)
        except RemoteError:
            continue
        if isinstance(message, messages.Ack):
            heads = replica.heads()
            for actor, seq in message.version:
                require(heads.get(actor, (0,))[0] >= seq, "an Ack names what is not committed")
        if isinstance(message, messages.Changes):
            for data in changes_in(messages.unpack(message)):
                require(_is_committed(replica, data), "a change is sent that is not committed")


def _is_committed(replica: Replica, data: bytes) -> bool:
    """Tell whether a change lies in the log, or in what proves to others which version of another stands."""
    change = decode(data)
    before = replica.forks.hash_at(change.actor, change.seq - 1)
    if before is not None and chain(before, data) == replica.forks.hash_at(change.actor, change.seq):
        return True
    return any(
        data in changes_in(item)
        for actor, first, _ in replica.forks.missing_winners()
        if actor == change.actor
        for item in replica.forks.proof(actor, first)
        if not isinstance(item, messages.Heads)
    )


def check_addressee(replica: Replica, device: bytes, frames: list[bytes]) -> None:
    """Nothing of the vault is sent to a device that does not belong to it (any more)."""
    if not replica.devices.is_member(device):
        kinds = {type(messages.decode(frame)) for frame in frames}
        told = kinds & {messages.Changes, messages.Heads, messages.Records, messages.Branch, messages.Hello}
        require(not told, "a device that does not belong to the vault is sent something of it")


def check_waiting(replica: Replica) -> None:
    """What waits for others takes bounded memory."""
    size = replica.ingest.waiting_bytes
    require(size <= MAX_WAITING, f"{size} bytes of changes wait")


def check_stream(replica: Replica) -> None:
    """Nobody goes on with a stream of which a branch has given way: its next number is taken."""
    gave_way = {actor for actor, _ in replica.winners}
    require(replica.actor not in gave_way, "a stream that lost its end is written on")


def check_links(vault: Vault, note: Note) -> None:
    """After a local edit the link set is what the text says."""
    written = {(kind, value): count for (kind, value), count in _links(note.text).items()}
    rows = vault.replica.conn.execute(
        """SELECT kind, value, count FROM links JOIN elements ON elements.id = element
           JOIN notes ON notes.id = note WHERE uid = ?""",
        (bytes.fromhex(note.id),),
    ).fetchall()
    kept = {(kind, value): count for kind, value, count in rows if kind in TEXT_KINDS}
    require(written.keys() == kept.keys(), "links in the set and links in the text differ after an edit")
    require(all(kept[link] >= count for link, count in written.items()), "a link has fewer tags than places")
