"""Data derived from the log: notes, their texts, names and links, and the search index.

Rules
    - A change is entered when the log has advanced to it; `derive` brings the views that it affects up to
      date, once a transaction. Before that, only the open documents are current, not the indexes.
    - All of it can be computed again from the log.
    - A note's stored snapshot may lag behind the log; opening the note catches up. Its frontier never lags.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from crdtnotes.errors import Damaged
from crdtnotes.markup.names import name_key, title_of
from crdtnotes.store.views.documents import Document, Documents, is_birth
from crdtnotes.store.views.note_facts import of_state, shown_base

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from crdtnotes.changes.change import Change
    from crdtnotes.store.log.log import Log
    from crdtnotes.store.views.frontiers import Frontiers
    from crdtnotes.store.views.links import LinkIndex
    from crdtnotes.store.views.names import NameIndex
    from crdtnotes.store.views.namesakes import Namesakes
    from crdtnotes.store.views.search import SearchIndex

DERIVE_EVERY = 500
"""While a log is rewritten, or many notes are read again, derived data is updated after this many changes or
notes, so that memory stays bounded."""

MAX_SNAPSHOT_LAG = 64
"""A note's stored snapshot lags by at most this many changes …"""

MAX_CHARACTERS_SAVED_AT_ONCE = 16_384
"""… and not at all while its text has at most this many characters, because storing it is cheap."""


class Derived:
    """The data derived from a log. Methods that write must be called inside a transaction of the replica.

    An index is loaded when it is first used, because a command that shows a note uses none.
    """

    def __init__(self, conn: sqlite3.Connection, log: Log) -> None:
        self._conn = conn
        self._log = log
        self.documents = Documents(conn, log)
        self._touched: dict[bytes, Document] = {}
        self.entered: set[bytes] = set()
        """The notes that got changes since somebody cleared it."""

    @cached_property
    def frontiers(self) -> Frontiers:
        """The last edits of each note."""
        from crdtnotes.store.views.frontiers import Frontiers

        return Frontiers(self._conn)

    @cached_property
    def names(self) -> NameIndex:
        """The names that notes show."""
        from crdtnotes.store.views.names import NameIndex

        return NameIndex(self._conn)

    @cached_property
    def namesakes(self) -> Namesakes:
        """The notes that share a name."""
        from crdtnotes.store.views.namesakes import Namesakes

        return Namesakes(self._conn, self.documents)

    @cached_property
    def links(self) -> LinkIndex:
        """What notes link to."""
        from crdtnotes.store.views.links import LinkIndex

        return LinkIndex(self._conn, self.namesakes)

    @cached_property
    def search(self) -> SearchIndex:
        """The search index."""
        from crdtnotes.store.views.search import SearchIndex

        return SearchIndex(self._conn, self.documents.texts)

    def is_used(self, index: str) -> bool:
        """Whether an index, an attribute of this object, was used: then it may have data in memory."""
        return index in vars(self)

    def forget(self) -> None:
        """Drop the data in memory: after a rollback it reflects changes that were never committed."""
        self.documents.forget()
        if self.is_used("frontiers"):
            self.frontiers.forget()
        if self.is_used("names"):
            self.names.forget()
        if self.is_used("links"):
            self.links.forget()
        self._touched.clear()

    def refresh(self) -> None:
        """Drop cached link targets: another process has written."""
        if self.is_used("links"):
            self.links.refresh()

    def clear(self) -> None:
        """Delete all derived data; the caller must enter the log's changes again in the same transaction."""
        for table in ("notes", "texts", "names", "links", "frontiers"):
            self._conn.execute(f"DELETE FROM {table}")
        self.search.clear()
        self.documents.forget()
        self.frontiers.forget()
        self.links.forget()

    def touch(self, doc: Document) -> None:
        """Mark a document as changed, so that `derive` brings its views up to date."""
        self._touched[doc.uid] = doc
        self.entered.add(doc.uid)

    def enter(self, change: Change, data: bytes, doc: Document | None, *, in_row: bool = True) -> int:
        """Advance the log to a change and apply it to its note, which is added if new; return the note's row.

        The caller must then store the change: in a row of its own (`in_row`), which can serve as the snapshot
        of a note, or in a block.
        """
        if doc is None and in_row and is_birth(change):
            return self.add_created(change, data)
        doc = doc or self.documents.add(change.note)
        doc.apply(change, self._log.advance(change, data))
        doc.birth_only &= in_row
        self.follow(doc, change)
        return doc.id

    def follow(self, doc: Document, change: Change) -> None:
        """Note that a document includes a change, to which the log has just advanced."""
        if self.frontiers.advance(doc, change, self._log.seen(change.actor)) or doc.state.newer:
            doc.links_changed = True
        self.touch(doc)

    def add_created(self, change: Change, data: bytes) -> int:
        """Advance the log to the birth of a note that is not here, and add the note; return its row."""
        log_id = self._log.advance(change, data)
        id, facts = self.documents.add_born(change, log_id)
        self.entered.add(change.note)
        self.names.add(id, facts)
        self.links.add(id, facts.links)
        return id

    def derive(self) -> None:
        """Bring all views up to date with the changes that were entered in this transaction."""
        for doc in self._touched.values():
            moved = self.names.place(doc.id, shown_base(doc.state), doc.state.exists)
            if doc.links_changed or moved:
                facts = of_state(doc.state, self.frontiers.of(doc), doc.text_links)
                self.names.update(doc.id, facts)
                self.names.changed |= self.links.update(doc.id, facts.links if facts.alive else {})
                doc.links_changed = False
            self._conn.execute(
                "UPDATE notes SET head = ?, modified = ?, newer = ? WHERE id = ?",
                (doc.upto, doc.modified, doc.state.newer, doc.id),
            )
        self.frontiers.save()
        self.names.flush(self.search.take_out)
        self._follow_namesakes()
        self.links.flush(self.names.dirty_titles, self.names.dirty_holders)
        self.names.dirty_titles.clear()
        self.names.dirty_holders.clear()
        for doc in self._touched.values():
            if doc.text_changed and (
                len(doc.state.text) <= MAX_CHARACTERS_SAVED_AT_ONCE
                or doc.upto - doc.saved > MAX_SNAPSHOT_LAG
                or not doc.saved
            ):
                self._save(doc)
        self._touched.clear()

    def _follow_namesakes(self) -> None:
        """Read which notes share a name, and note which links may therefore lead elsewhere now."""
        self.namesakes.refresh()
        if self.namesakes.keys:
            for doc in self._touched.values():
                key = name_key(shown_base(doc.state))
                if key in self.namesakes.keys:
                    self.names.dirty_titles.add(title_of(key))
                    self.names.changed = True
                if doc.state.values.cells:
                    self.names.dirty_holders.add(doc.id)
                    self.names.changed = True

    def fill_frontiers(self) -> None:
        """Compute all frontiers from the log, and update the links of the notes whose text gives them."""
        from crdtnotes.store.views.frontiers import FrontiersOfLog

        found = FrontiersOfLog()
        # A note that a damaged change belongs to gives the links of its text.
        with suppress(Damaged):
            for entry in self._log.entries(lambda _: None):
                found.follow(entry.change)
        self._find_links_of(self.frontiers.fill(found))

    def read_links(self) -> None:
        """Find again the links that follow from texts, and where links lead; their rules have changed.

        Where an alias is in use, another note may have it as its title.
        """
        rows = self._conn.execute(
            """SELECT uid FROM notes
               WHERE newer OR id IN (SELECT note FROM frontiers GROUP BY note HAVING count(*) > 1)"""
        ).fetchall()
        self._find_links_of(uid for (uid,) in rows)
        self.names.dirty_titles |= self.names.titles_of_aliases()
        self.derive()

    def _find_links_of(self, notes: Iterable[bytes]) -> None:
        """Find again the links of notes, by id; those that are damaged are passed over."""
        for number, uid in enumerate(notes, 1):
            with suppress(Damaged):
                if (doc := self.documents.open(uid)) is not None:
                    doc.links_changed = True
                    self.touch(doc)
            if number % DERIVE_EVERY == 0:
                self.derive()
                self.documents.trim()

    def flush_snapshots(self) -> None:
        """Store the snapshots that lag behind the log."""
        for uid in self.documents.stale():
            if (doc := self.documents.open(uid)) is not None:
                self._save(doc)

    def read_newer(self) -> None:
        """Read the notes again that contain operations which an older crdtnotes did not know."""
        self.documents.forget()  # so that all of them are read from the log, and stored
        rows = self._conn.execute("SELECT id, uid FROM notes WHERE newer").fetchall()
        for id, uid in rows:
            self._read_again(id, uid)

    def read_births(self) -> None:
        """Read the notes again that have several births, from snapshots of a version that had no seams."""
        self.documents.forget()  # so that all of them are read from the log, and stored
        rows = self._conn.execute("SELECT id, uid FROM notes JOIN texts ON note = id").fetchall()
        for id, uid in rows:
            if self.documents.may_have_births(id) and self._births(uid) > 1:
                self._read_again(id, uid)

    def _births(self, uid: bytes) -> int:
        """Return how many births a note has, by the log."""
        try:
            doc = self.documents.copy(uid)
        except Damaged:
            return 0  # `check` says so
        return 0 if doc is None else len(doc.state.births)

    def _read_again(self, id: int, uid: bytes) -> None:
        """Read a note again from the log, because it may show something else now."""
        self.search.take_out(id)
        self._conn.execute("DELETE FROM texts WHERE note = ?", (id,))
        self._conn.execute("UPDATE notes SET upto = 0 WHERE id = ?", (id,))
        if (doc := self.documents.open(uid)) is not None:
            self.touch(doc)

    def _save(self, doc: Document) -> None:
        self.search.take_out(doc.id)
        self.documents.save(doc)
