"""Texts of snapshots as they lie in the file; a damaged one is never shown as if whole.

A note of which there is but its birth has no snapshot: its text is that of the one change in the log. The
others' texts lie compressed, each with a sum.
"""

import sqlite3
from collections.abc import Mapping
from hashlib import blake2b

from crdtnotes.changes.compression import compress, decompress
from crdtnotes.crdt.ops import Create, Element
from crdtnotes.errors import Damaged, DecodeError
from crdtnotes.store.log import Log

COMPRESSED = 512
"""Bytes from which on a text is compressed, where that saves an eighth."""

_DAMAGED = "A note's text in the vault's file is damaged; `crdtnotes check` says which."


def content_digest(text: bytes, links: Mapping[Element, int]) -> bytes:
    """Return a hash of what a note shows: its text (UTF-8) and its links, these in order."""
    digester = blake2b(text, digest_size=16)
    for (kind, value), count in links.items():
        digester.update(f"\0{kind}\0{value}\0{count}".encode())
    return digester.digest()


class Texts:
    """The texts of all snapshots. Writing happens inside the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection, log: Log) -> None:
        self._conn = conn
        self._log = log

    def read(self, note: int) -> bytes:
        """Return the text (UTF-8) of the snapshot of the note in a row; raises Damaged."""
        row = self._conn.execute("SELECT length, text, sum FROM texts WHERE note = ?", (note,)).fetchone()
        return self._of_birth(note) if row is None else open_text(*row)

    def _of_birth(self, note: int) -> bytes:
        upto, digest = self._conn.execute("SELECT upto, digest FROM notes WHERE id = ?", (note,)).fetchone()
        if not upto:
            return b""
        change = self._log.change_at(upto)
        birth = change.ops[0] if change is not None else None
        if isinstance(birth, Create):
            text = birth.text.encode()
            if content_digest(text, {(kind, value): count for kind, value, count in birth.links}) == digest:
                return text
        raise Damaged(_DAMAGED)

    def write(self, note: int, text: bytes, state: bytes) -> None:
        """Store the snapshot of the note in a row: its text and, encoded, the rest of its state."""
        length, data = None, text
        if len(text) >= COMPRESSED:
            smaller = compress(text)
            if len(smaller) <= len(text) * 7 // 8:
                length, data = len(text), smaller
        self._conn.execute(
            "INSERT OR REPLACE INTO texts VALUES (?, ?, ?, ?, ?)", (note, length, data, _sum(text), state)
        )


def open_text(length: int | None, data: bytes, stored: bytes) -> bytes:
    """Return the text that lies in a row; raises Damaged when it is not what was stored."""
    try:
        text = data if length is None else decompress(data, length)
    except DecodeError:
        raise Damaged(_DAMAGED) from None
    if _sum(text) != stored:
        raise Damaged(_DAMAGED)
    return text


def _sum(text: bytes) -> bytes:
    return blake2b(text, digest_size=8).digest()
