"""The frontier of each note: the edits of it that no other edit of it had seen.

Rules
    - An edit is a change that does more than delete the note. It has *seen* an edit that lies in its horizon
      (`store/causality.py`). The frontier has the edits that no edit has seen.
    - Changes come in causal order, so nothing here has seen an edit that arrives: it enters the frontier, and
      those that it has seen leave it. So the frontier depends only on the set of changes.
    - If it is a single edit, then the author of that edit had seen all others: each of them was seen by an
      edit, and so on up to an edit that nobody has seen; and what an author has seen includes its past.
    - An author who makes an edit makes the link set match the text (`store/writer.py`), and has all edits in
      its horizon, because a draft names their streams. So with one edit in the frontier the set is right;
      with several, two correct sets were merged, and the links are taken from the text (`note_facts`).
    - The table has the frontiers of the notes that several streams have edited. Those of other notes are the
      last edits of their only stream. It is never behind the log, unlike snapshots, because an old change's
      horizon cannot be computed without the whole log before it.
"""

import sqlite3
from collections.abc import Iterable, Mapping

from crdtnotes.changes.change import Change
from crdtnotes.crdt.ops import Remove
from crdtnotes.crdt.version import Version
from crdtnotes.store.views.documents import Document


class Frontiers:
    """The frontiers of all notes. Methods that write must be called inside a transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._fresh: dict[int, Version] = {}  # those that changed and are not in the table yet, by note

    def forget(self) -> None:
        """Drop what was not saved: the transaction was rolled back."""
        self._fresh.clear()

    def of(self, doc: Document) -> Version:
        """Return a note's frontier as `{actor: seq}`."""
        fresh = self._fresh.get(doc.id)
        if fresh is not None:
            return dict(fresh)
        writes = doc.state.writes
        return dict(writes) if len(writes) < 2 else self._stored(doc.id) or dict(writes)

    def advance(self, doc: Document, change: Change, horizon: Mapping[int, tuple[int, int]]) -> bool:
        """Note that a change was applied to a note; return whether its frontier has or had several edits.

        `horizon` has the changes of other streams that the author had seen: `{actor: (seq, …)}`.
        """
        writes = doc.state.writes
        if len(writes) == (change.actor in writes) or not is_edit(change):
            return False
        frontier = self._fresh.get(doc.id) or self._stored(doc.id)
        if not frontier:
            frontier = {actor: seq for actor, seq in writes.items() if actor != change.actor}
        before = len(frontier)
        gone = [actor for actor in _in_both(frontier, horizon) if frontier[actor] <= horizon[actor][0]]
        _advance(frontier, change, gone)
        self._fresh[doc.id] = frontier
        return before > 1 or len(frontier) > 1

    def save(self) -> None:
        """Write the frontiers that have changed."""
        notes = [(note,) for note in self._fresh]
        self._conn.executemany("DELETE FROM frontiers WHERE note = ?", notes)
        self._conn.executemany(
            "INSERT INTO frontiers VALUES (?, ?, ?)",
            [(note, *edit) for note, frontier in self._fresh.items() for edit in sorted(frontier.items())],
        )
        self._fresh.clear()

    def fill(self, found: "FrontiersOfLog") -> list[bytes]:
        """Set all frontiers to those found in the log; return the notes with several edits in theirs."""
        several: list[bytes] = []
        for note, uid in self._conn.execute("SELECT id, uid FROM notes").fetchall():
            if len(found.writers.get(uid, ())) > 1:
                self._fresh[note] = found.frontiers[uid]
                if len(self._fresh[note]) > 1:
                    several.append(uid)
        self.save()
        return several

    def _stored(self, note: int) -> Version:
        return dict(self._conn.execute("SELECT actor, seq FROM frontiers WHERE note = ?", (note,)))


class FrontiersOfLog:
    """The frontiers of all notes, computed from a whole log."""

    def __init__(self) -> None:
        self.frontiers: dict[bytes, Version] = {}
        """The frontier of each note, by id."""
        self.writers: dict[bytes, set[int]] = {}
        """The streams that have edits of each note."""
        self._seen: dict[int, Version] = {}

    def follow(self, change: Change) -> None:
        """Take the next change in the order of the log."""
        horizon = self._seen.setdefault(change.actor, {})
        horizon.update(change.deps)
        if is_edit(change):
            self.writers.setdefault(change.note, set()).add(change.actor)
            frontier = self.frontiers.setdefault(change.note, {})
            gone = [actor for actor in _in_both(frontier, horizon) if frontier[actor] <= horizon[actor]]
            _advance(frontier, change, gone)


def is_edit(change: Change) -> bool:
    """Whether a change does more than delete its note."""
    return any(not isinstance(op, Remove) for op in change.ops)


def _in_both(frontier: Version, horizon: Mapping[int, object]) -> list[int]:
    """Return the streams that are in a frontier and in a horizon.

    Takes time by the smaller of the two: either can have thousands of streams, and this runs for each change.
    """
    smaller, larger = (frontier, horizon) if len(frontier) < len(horizon) else (horizon, frontier)
    return [actor for actor in smaller if actor in larger]


def _advance(frontier: Version, change: Change, gone: Iterable[int]) -> None:
    """Add an edit to a frontier; the edits of the streams in `gone` leave it, because its author saw them."""
    for actor in gone:
        del frontier[actor]
    frontier.pop(change.actor, None)
    frontier[change.actor] = change.seq
