"""What follows from the log: notes, their texts, names and links, and what can be searched.

Rules
    - A change is entered when the log has moved to it; what it touched is brought up to date by `derive`,
      once a transaction. Inside, only the notes in hand are current, not the indexes.
    - All of it can be made anew from the log.
    - A note's stored snapshot may lag behind the log; whoever opens the note catches up.
"""

import sqlite3

from crdtnotes.changes.change import Change
from crdtnotes.store.log.log import Log
from crdtnotes.store.views.documents import Document, Documents, is_birth
from crdtnotes.store.views.links import LinkIndex
from crdtnotes.store.views.names import NameIndex
from crdtnotes.store.views.note_facts import of_state, shown_base
from crdtnotes.store.views.search import SearchIndex

LAG = 64
"""A note's snapshot lags by at most this many changes …"""

SMALL = 16_384
"""… and not at all while its text has at most this many characters: then storing it costs little."""


class Derived:
    """What is derived from a log. What writes is called within a transaction of the replica's."""

    def __init__(self, conn: sqlite3.Connection, log: Log) -> None:
        self._conn = conn
        self._log = log
        self.documents = Documents(conn, log)
        self.names = NameIndex(conn)
        self.links = LinkIndex(conn)
        self.search = SearchIndex(conn, self.documents.texts)
        self._touched: dict[bytes, Document] = {}
        self.entered: set[bytes] = set()
        """The notes that got changes since somebody cleared it."""

    def forget(self) -> None:
        """Drop what is in memory: after a rollback it holds what never happened."""
        self.documents.forget()
        self.names.forget()
        self.links.forget()
        self._touched.clear()

    def look(self) -> None:
        """Notice that another process has written."""
        self.links.look()

    def clear(self) -> None:
        """Remove all of it; whoever does that enters the log's changes again in the same transaction."""
        for table in ("notes", "texts", "names", "links"):
            self._conn.execute(f"DELETE FROM {table}")
        self.search.clear()
        self.documents.forget()
        self.links.forget()

    def touch(self, doc: Document) -> None:
        """Let what follows from a note be brought up to date: changes were applied to it."""
        self._touched[doc.uid] = doc
        self.entered.add(doc.uid)

    def enter(self, change: Change, data: bytes, doc: Document | None, *, in_row: bool = True) -> int:
        """Move the log to a change and apply it to its note, if that is here; return the note's row.

        The change is yet to be stored: in a row of its own (`in_row`), which can serve as the snapshot of
        a note, or in a block.
        """
        if doc is None and in_row and is_birth(change):
            return self.add_created(change, data)
        doc = doc or self.documents.add(change.note)
        doc.apply(change, self._log.advance(change, data))
        doc.birth_only &= in_row
        self.touch(doc)
        return doc.id

    def add_created(self, change: Change, data: bytes) -> int:
        """Move the log to a birth of a note that is not here, and add the note; return its row."""
        log_id = self._log.advance(change, data)
        id, facts = self.documents.add_born(change, log_id)
        self.entered.add(change.note)
        self.names.add(id, facts)
        self.links.add(id, facts.links)
        return id

    def derive(self) -> None:
        """Bring everything up to date with what was entered in this transaction."""
        for doc in self._touched.values():
            moved = self.names.place(doc.id, shown_base(doc.state), doc.state.exists)
            if doc.links_changed or moved:
                facts = of_state(doc.state)
                self.names.update(doc.id, facts)
                self.names.changed |= self.links.update(doc.id, facts.links if facts.alive else {})
                doc.links_changed = False
            self._conn.execute(
                "UPDATE notes SET head = ?, modified = ?, newer = ? WHERE id = ?",
                (doc.upto, doc.modified, doc.state.newer, doc.id),
            )
        self.names.settle(self.search.take_out)
        self.links.settle(self.names.dirty_titles, self.names.dirty_holders)
        self.names.dirty_titles.clear()
        self.names.dirty_holders.clear()
        for doc in self._touched.values():
            if doc.text_changed and (
                len(doc.state.text) <= SMALL or doc.upto - doc.saved > LAG or not doc.saved
            ):
                self._save(doc)
        self._touched.clear()

    def flush_snapshots(self) -> None:
        """Store the snapshots that lag behind the log."""
        for uid in self.documents.stale():
            if (doc := self.documents.open(uid)) is not None:
                self._save(doc)

    def read_newer(self) -> None:
        """Read anew the notes that hold operations which an older crdtnotes did not know."""
        rows = self._conn.execute("SELECT id, uid FROM notes WHERE newer").fetchall()
        for id, uid in rows:
            self.search.take_out(id)
            self._conn.execute("DELETE FROM texts WHERE note = ?", (id,))
            self._conn.execute("UPDATE notes SET upto = 0 WHERE id = ?", (id,))
            if (doc := self.documents.open(uid)) is not None:
                self.touch(doc)

    def _save(self, doc: Document) -> None:
        self.search.take_out(doc.id)
        self.documents.save(doc)
