"""The changes that the log keeps in rows of their own: their bytes, opened, and proved by the chain."""

import sqlite3
from typing import NamedTuple

from crdtnotes.changes.batch import Form, Packed, Piece, open_piece, piece_of
from crdtnotes.changes.change import Change, chain
from crdtnotes.changes.codec import decode
from crdtnotes.errors import Damaged, DecodeError
from crdtnotes.store.log.blocks import Block
from crdtnotes.store.log.dictionaries import Dictionaries
from crdtnotes.store.log.erased import ErasedTips

PAGE = 256
"""Changes that are read at a time: no cursor stays open, so that no reader keeps a writer waiting."""

PAGE_BYTES = 1024 * 1024
"""Bytes at which a page ends early."""

_DAMAGED = "A change in the vault's log is damaged; run `crdtnotes repair`."


class Next(NamedTuple):
    """The next piece of an actor's stream, up to a seq. `key` orders pieces causally (see `Log.ordered`)."""

    key: int
    actor: int
    seq: int
    piece: Piece
    block: Block | None = None

    @property
    def size(self) -> int:
        """The bytes of the piece before compression."""
        return self.piece.length if isinstance(self.piece, Packed) else len(self.piece)


class Rows:
    """The table `log` of one file, for reading."""

    def __init__(self, conn: sqlite3.Connection, dictionaries: Dictionaries, erased: ErasedTips) -> None:
        self._conn = conn
        self._dictionaries = dictionaries
        self._erased = erased

    def page(self, row: int, actor: int, after: int, upto: int, tip: bytes) -> list[tuple[bytes, Next]]:
        """Return `(hash, piece)` of the next changes that are stored in rows of their own, without a gap.

        `row` is the row id of the actor; `tip` is the chain's hash before them.
        """
        page: list[tuple[bytes, Next]] = []
        size = 0
        cursor = self._conn.execute(
            """SELECT seq, last, hash, length, data FROM log
               WHERE actor = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?""",
            (row, after, upto, PAGE),
        )
        for seq, last, stored, length, data in cursor:
            if seq != after + 1:
                break
            piece = self.piece(length, data)
            tip = self.verify(tip, _content(piece), stored)
            # A compressed change is sent as it is stored, unless the receiver would need a dictionary.
            page.append((tip, Next(last, actor, seq, piece if length is None else shrunk(piece))))
            size += len(data)
            after = seq
            if size > PAGE_BYTES:
                break
        cursor.close()
        return page

    def verify(self, before: bytes, data: bytes, stored: bytes) -> bytes:
        """Return the chain's hash after a change; raises Damaged if it is not the stored one."""
        tip = chain(before, data) if isinstance(before, bytes) else b""
        if tip != stored and not (tip in self._erased and _original(data) == stored):
            raise Damaged(_DAMAGED)
        return stored

    def piece(self, length: int | None, data: bytes) -> Piece:
        """Return the piece stored in a row; raises Damaged for a wrong type: a file can hold anything."""
        if not isinstance(data, bytes) or not isinstance(length, int | None):
            raise Damaged(_DAMAGED)
        if length is None:
            return data
        try:
            return self._dictionaries.plain(Packed(Form.CHANGE, length, data))
        except DecodeError:
            raise Damaged(_DAMAGED) from None

    def open(self, length: int | None, data: bytes) -> tuple[Change, bytes]:
        """Return the change in a row, and its bytes; raises Damaged."""
        try:
            [opened] = open_piece(self.piece(length, data))
        except DecodeError as error:
            raise Damaged(f"A change in the vault's file is damaged: {error}") from None
        return opened


def _original(data: bytes) -> bytes:
    """Return the hash that an erased change gave as its author wrote it."""
    try:
        return decode(data).original
    except DecodeError:
        raise Damaged(_DAMAGED) from None


def shrunk(piece: Piece) -> Piece:
    """Return a change compressed, if that is worthwhile."""
    return piece if isinstance(piece, Packed) else piece_of(piece)


def _content(piece: Piece) -> bytes:
    """Return the bytes of the change in a row, not decoded."""
    if not isinstance(piece, Packed):
        return piece
    from crdtnotes.changes.compression import decompress

    try:
        return decompress(piece.data, piece.length)
    except DecodeError:
        raise Damaged(_DAMAGED) from None
