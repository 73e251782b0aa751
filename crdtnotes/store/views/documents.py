"""Notes that this process has open: the snapshot from the file, then the log after it.

A snapshot is a note's visible text and, beside it, the rest of its state. It may lag behind the log;
opening the note catches up. A text whose snapshot is current is read without decoding anything. A note of
which only the birth exists is *birth only*: it has no snapshot, because that one change says everything.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, assert_never

from crdtnotes.crdt.ops import (
    Before,
    Create,
    Delete,
    Follow,
    Insert,
    Link,
    Op,
    Patch,
    Remove,
    Rename,
    Same,
    Set,
    Unknown,
    Unlink,
)
from crdtnotes.markup.names import name_key
from crdtnotes.store.views.note_facts import TextLinks
from crdtnotes.store.views.snapshots import Texts, content_digest, open_state

if TYPE_CHECKING:
    import sqlite3

    from crdtnotes.changes.change import Change
    from crdtnotes.crdt.note import NoteState
    from crdtnotes.store.log.log import Log
    from crdtnotes.store.views.note_facts import Facts

MAX_OPEN_DOCUMENTS = 64
"""The most documents that stay decoded in memory between transactions."""


MAX_LISTED = 1000
"""Notes that are named one by one when another process has written; beyond that, any may have changed."""


class Document:
    """One open note.

    `id` is its row, `upto` the last log id applied, `saved` the last log id in the stored snapshot, `checked`
    the log's tip when the document was last known to be current. `links_changed` and `text_changed` tell
    which derived data is out of date. `birth_only`: no change but its birth has been applied. `text_links`
    has the links that were last found in the text.
    """

    __slots__ = (
        "birth_only",
        "checked",
        "id",
        "links_changed",
        "modified",
        "saved",
        "state",
        "text_changed",
        "text_links",
        "uid",
        "upto",
    )

    def __init__(self, id: int, uid: bytes, state: NoteState, upto: int, modified: int) -> None:
        self.id = id
        self.uid = uid
        self.state = state
        self.upto = self.saved = self.checked = upto
        self.modified = modified
        self.text_links = TextLinks()
        self.links_changed = self.text_changed = self.birth_only = False

    def apply(self, change: Change, log_id: int) -> list[Patch]:
        """Apply a change that has just been logged, or that is read from the log to catch up."""
        patches = self.state.apply(change.actor, change.seq, change.start, change.ops)
        self.note(change, log_id)
        return patches

    def note(self, change: Change, log_id: int) -> None:
        """Record that the state includes a change."""
        self.birth_only = not self.upto and is_birth(change)
        self.upto = self.checked = log_id
        self.modified = max(self.modified, change.time)
        self.text_changed = True
        if any(map(_changes_links, change.ops)):
            self.links_changed = True

    def digest(self) -> bytes:
        """Return a hash of the note's text and links."""
        return content_digest(str(self.state.text).encode(), self.state.links.counts())


class Documents:
    """Opens documents and stores their snapshots. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection, log: Log) -> None:
        self._conn = conn
        self._log = log
        self.texts = Texts(conn, log)
        self._open: OrderedDict[bytes, Document] = OrderedDict()
        self._shown: dict[bytes, int] = {}  # the log id up to which notes that are not open were read

    def forget(self) -> None:
        """Drop all documents: after a rollback they contain changes that were never committed."""
        self._open.clear()
        self._shown.clear()

    def trim(self) -> None:
        """Drop the least recently used documents beyond MAX_OPEN_DOCUMENTS."""
        while len(self._open) > MAX_OPEN_DOCUMENTS:
            uid, doc = self._open.popitem(last=False)
            self._shown[uid] = doc.upto

    def seen(self, uid: bytes) -> Document | None:
        """Return the note as this process last saw it, even if another process has written to it since."""
        doc, upto = self._open.get(uid), self._shown.get(uid)
        if doc is not None or upto is None:
            return doc or self.open(uid)
        doc = self.open(uid)
        return doc if doc is None or doc.upto == upto else self._as_of(doc, upto)

    def open(self, uid: bytes) -> Document | None:
        """Return the note, caught up with the log; None if it is not here."""
        doc = self._open.get(uid)
        if doc is None:
            doc = self._load(uid)
            if doc is None:
                return None
            self._open[uid] = doc
            self._shown.pop(uid, None)
        self._open.move_to_end(uid)
        if doc.checked != self._log.tip:
            self.catch_up(doc)
        return doc

    def first(self) -> Document | None:
        """Return the note that came here first; None if there is none."""
        row = self._conn.execute("SELECT uid FROM notes ORDER BY id LIMIT 1").fetchone()
        return None if row is None else self.open(bytes(row[0]))

    def copy(self, uid: bytes) -> Document | None:
        """Return the note as a document of the caller's own, which changes only when `catch_up` is called."""
        doc = self._load(uid)
        if doc is not None:
            self.catch_up(doc)
        return doc

    def copy_as_of(self, doc: Document) -> Document:
        """Return a fresh copy in the state in which `doc` was last caught up; replays the note's log."""
        return self._as_of(doc, doc.upto)

    def catch_up(self, doc: Document) -> list[Patch]:
        """Apply the log's changes beyond a document; return their effect on its text as patches."""
        patches: list[Patch] = []
        recent = self._log.recent.of_note(doc.id, doc.checked, self._log.tip)
        for log_id, change in self._log.of_note(doc.id, doc.uid, doc.upto) if recent is None else recent:
            patches += doc.apply(change, log_id)
        doc.checked = self._log.tip
        return patches

    def changed_since(self, tip: int) -> frozenset[bytes] | None:
        """Return the notes that got changes after this log id; None for more than MAX_LISTED."""
        rows = self._conn.execute(
            """SELECT uid FROM notes WHERE id IN (
                SELECT note FROM log WHERE id > ?1
                UNION SELECT note FROM block_notes WHERE block IN (SELECT id FROM blocks WHERE id > ?1))
               LIMIT ?2""",
            (tip, MAX_LISTED + 1),
        ).fetchall()
        return None if len(rows) > MAX_LISTED else frozenset(uid for (uid,) in rows)

    def add(self, uid: bytes) -> Document:
        """Add a row for a note that is not here yet; return its empty document."""
        cursor = self._conn.execute(
            "INSERT INTO notes VALUES (NULL, ?, '', '', 0, NULL, NULL, 0, 0, 0, 0, 0, x'', NULL, 0)", (uid,)
        )
        doc = self._open[uid] = _empty(_new_row(cursor), uid)
        return doc

    def add_born(self, change: Change, log_id: int) -> tuple[int, Facts]:
        """Store a note that is not here yet with the change that is its birth; return its row and facts."""
        from crdtnotes.store.views.note_facts import of_birth

        [birth] = change.ops
        if not isinstance(birth, Create):
            raise TypeError("This change is not a birth.")
        facts = of_birth(birth)
        text = birth.text.encode()
        digest = content_digest(text, facts.links)
        key = name_key(facts.base)
        cursor = self._conn.execute(
            "INSERT INTO notes VALUES (NULL, ?, ?, ?, 1, NULL, NULL, ?, ?, ?, ?, ?, ?, NULL, 0)",
            (
                change.note,
                facts.base,
                key,
                log_id,
                log_id,
                change.time,
                len(birth.text),
                len(text),
                digest,
            ),
        )
        return _new_row(cursor), facts

    def has(self, uid: bytes) -> bool:
        """Return whether a note with this id exists or once existed here."""
        if uid in self._open:
            return True
        return self._conn.execute("SELECT 1 FROM notes WHERE uid = ?", (uid,)).fetchone() is not None

    def may_have_births(self, id: int) -> bool:
        """Whether the snapshot of the note in a row leaves it open that the note has several births."""
        from crdtnotes.changes import snapshot

        (state,) = self._conn.execute("SELECT state FROM texts WHERE note = ?", (id,)).fetchone()
        return not isinstance(state, bytes) or snapshot.derived_actors(state) != 1

    def text(self, uid: bytes) -> str | None:
        """Return a note's text, None if it is not here; its state is decoded only if the snapshot lags."""
        doc = self._open.get(uid)
        if doc is None:
            row = self._conn.execute(
                "SELECT id, upto FROM notes WHERE uid = ? AND upto = head", (uid,)
            ).fetchone()
            if row is not None:
                id, upto = row
                text = self.texts.read(id).decode()
                self._shown[uid] = upto
                return text
        doc = self.open(uid)
        return None if doc is None else str(doc.state.text)

    def stale(self) -> list[bytes]:
        """Return the notes whose snapshots lag behind the log."""
        return [uid for (uid,) in self._conn.execute("SELECT uid FROM notes WHERE upto < head")]

    def save(self, doc: Document) -> None:
        """Store the document's snapshot and the facts derived from its text."""
        from crdtnotes.changes import snapshot

        text = str(doc.state.text)
        data = text.encode()
        if not doc.birth_only:
            self.texts.write(doc.id, doc.uid, doc.upto, data, snapshot.dump(doc.state))
        self._conn.execute(
            "UPDATE notes SET upto = ?, characters = ?, size = ?, digest = ? WHERE id = ?",
            (doc.upto, len(text), len(data), content_digest(data, doc.state.links.counts()), doc.id),
        )
        doc.saved = doc.upto
        doc.text_changed = False

    def _load(self, uid: bytes) -> Document | None:
        from crdtnotes.changes import snapshot

        row = self._conn.execute(
            """SELECT id, modified, upto, length, text, sum, state
               FROM notes LEFT JOIN texts ON note = id WHERE uid = ?""",
            (uid,),
        ).fetchone()
        if row is None:
            return None
        id, modified, upto, *stored = row
        state = None
        if upto and stored[-1] is not None:
            dumped, text = open_state(uid, upto, *stored)
            state = snapshot.load(dumped, text.decode())
        if state is not None and (state.births or not state.derived):
            doc = Document(id, uid, state, upto, modified)
        else:
            # There is no snapshot, or it is from before schema 6 and does not say which births there are.
            doc = _empty(id, uid, modified)
            doc.saved = upto
        doc.checked = -1
        return doc

    def _as_of(self, doc: Document, upto: int) -> Document:
        """Return a note as it was at a log id; replays its log up to there."""
        past = _empty(doc.id, doc.uid)
        for log_id, change in self._log.of_note(doc.id, doc.uid, 0):
            if log_id > upto:
                break
            past.apply(change, log_id)
        return past


def _empty(id: int, uid: bytes, modified: int = 0) -> Document:
    """Return a document to which no change was applied yet."""
    from crdtnotes.crdt.note import NoteState

    return Document(id, uid, NoteState(), 0, modified)


def _new_row(cursor: sqlite3.Cursor) -> int:
    """Return the id that SQLite gave to the row just inserted."""
    if cursor.lastrowid is None:
        raise RuntimeError("nothing was inserted")
    return cursor.lastrowid


def _changes_links(op: Op) -> bool:
    """Whether an operation can change what a note links to, or what leads to it."""
    match op:
        case Insert() | Delete() | Same() | Set() | Before() | Remove() | Follow() | Unknown():
            return False
        case Create() | Rename() | Link() | Unlink():
            return True
        case _:
            assert_never(op)


def is_birth(change: Change) -> bool:
    """Whether a change is the birth of a note and nothing else."""
    return len(change.ops) == 1 and isinstance(change.ops[0], Create)
