"""The stored texts of snapshots; a damaged text is never shown as if it were intact.

A note of which only the birth exists has no snapshot: its text is that of the one change in the log, and
`notes.digest` is its checksum. The texts of other notes are stored compressed, with a checksum of the text
and one of the state. The checksums also cover the note's id and the last log id in the snapshot, so a damaged
row id or number cannot make another note's text, or an old one, appear.
"""

import sqlite3
from collections.abc import Mapping
from hashlib import blake2b

from crdtnotes.crdt.ops import Create, Element
from crdtnotes.errors import Damaged, DecodeError
from crdtnotes.store.log.log import Log

_SUM = 8
# Bytes of a checksum.

_DAMAGED = "A note's text in the vault's file is damaged; `crdtnotes check` says which."


def content_digest(text: bytes, links: Mapping[Element, int]) -> bytes:
    """Return a hash (16 bytes) of a note's text (UTF-8) and its links, in their order."""
    digester = blake2b(text, digest_size=16)
    digester.update(
        "".join([f"\0{kind}\0{value}\0{count}" for (kind, value), count in links.items()]).encode()
    )
    return digester.digest()


class Texts:
    """The texts of all snapshots. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection, log: Log) -> None:
        self._conn = conn
        self._log = log

    def read(self, note: int) -> bytes:
        """Return the text (UTF-8) of the snapshot of the note in a row; raises Damaged."""
        row = self._conn.execute(
            """SELECT uid, upto, digest, length, text, sum FROM notes LEFT JOIN texts ON note = notes.id
               WHERE notes.id = ?""",
            (note,),
        ).fetchone()
        if row is None:
            raise Damaged(_DAMAGED)
        uid, upto, digest, *snapshot = row
        if snapshot[-1] is None:
            return self.of_birth(uid, upto, digest)
        return open_text(uid, upto, *snapshot)

    def of_birth(self, uid: bytes, upto: int, digest: bytes) -> bytes:
        """Return the text of a note's birth, which is the change with log id `upto`; raises Damaged.

        `digest` is the note's content digest at its birth.
        """
        if not upto and not digest:
            return b""  # a note that is just being added
        change = self._log.change_at(upto)
        birth = change.ops[0] if change is not None and change.note == uid else None
        if isinstance(birth, Create):
            text = birth.text.encode()
            if content_digest(text, {(kind, value): count for kind, value, count in birth.links}) == digest:
                return text
        raise Damaged(_DAMAGED)

    def write(self, note: int, uid: bytes, upto: int, text: bytes, state: bytes) -> None:
        """Store the snapshot of the note in a row: its text, and the rest of its state, encoded.

        `uid` is the note's id, `upto` the log id of the last change in the snapshot.
        """
        from crdtnotes.changes.compression import compress_if_worthwhile

        smaller = compress_if_worthwhile(text)
        length, data = (None, text) if smaller is None else (len(text), smaller)
        sums = _sum(uid, upto, text) + _sum(uid, upto, state)
        self._conn.execute(
            "INSERT OR REPLACE INTO texts VALUES (?, ?, ?, ?, ?)", (note, length, data, sums, state)
        )


def open_text(uid: bytes, upto: int, length: int | None, data: bytes, stored: bytes) -> bytes:
    """Return the text of a stored snapshot; raises Damaged if it does not match its checksum."""
    _check_types(uid, upto, length, data, stored)
    text = data if length is None else _decompressed(data, length)
    if _sum(uid, upto, text) != stored[:_SUM]:
        raise Damaged(_DAMAGED)
    return text


def _decompressed(data: bytes, length: int) -> bytes:
    from crdtnotes.changes.compression import decompress  # most notes are too short to be compressed

    try:
        return decompress(data, length)
    except DecodeError:
        raise Damaged(_DAMAGED) from None


def open_state(
    uid: bytes, upto: int, length: int | None, data: bytes, stored: bytes, state: bytes
) -> tuple[bytes, bytes]:
    """Return `(encoded state, text)` of a stored snapshot; raises Damaged."""
    text = open_text(uid, upto, length, data, stored)
    if not isinstance(state, bytes) or _sum(uid, upto, state) != stored[_SUM:]:
        raise Damaged(_DAMAGED)
    return state, text


def _check_types(uid: object, upto: object, length: object, data: object, stored: object) -> None:
    """Raise Damaged if a value has a wrong type: a damaged file can hold anything."""
    if not (
        all(isinstance(value, bytes) for value in (uid, data, stored))
        and isinstance(upto, int)
        and isinstance(length, int | None)
    ):
        raise Damaged(_DAMAGED)


def _sum(uid: bytes, upto: int, content: bytes) -> bytes:
    digester = blake2b(b"%b%d " % (uid, upto), digest_size=_SUM)
    digester.update(content)
    return digester.digest()
