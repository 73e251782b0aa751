"""What a vault must show, computed naively from its log; and the same log replayed into a new file."""

import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path

from crdtnotes.changes.batch import changes_in
from crdtnotes.changes.change import Change
from crdtnotes.changes.codec import decode
from crdtnotes.crdt.ops import Element, Op, Remove
from crdtnotes.markup.names import name_key
from crdtnotes.markup.outline import occurrences
from crdtnotes.vault import Vault
from tests.reference import NoteModel, note_of
from tests.vaults import fast


def notes_in_log(vault: Vault) -> dict[bytes, NoteModel]:
    """Every note in the log, by id."""
    changes: dict[bytes, list[tuple[int, int, int, tuple[Op, ...]]]] = {}
    for change in _changes(vault):
        changes.setdefault(change.note, []).append((change.actor, change.seq, change.start, change.ops))
    return {uid: note_of(of_note) for uid, of_note in changes.items()}


def edited_concurrently(vault: Vault) -> set[bytes]:
    """The notes that have several edits which no other edit of theirs had seen."""
    changes = _changes(vault)
    named: dict[tuple[int, int], dict[int, int]] = {}  # what each change's stream had named up to it
    for change in sorted(changes, key=lambda change: change.seq):
        before = named.get((change.actor, change.seq - 1), {})
        named[change.actor, change.seq] = before | dict(change.deps) | {change.actor: change.seq}
    edits: dict[bytes, list[tuple[int, int]]] = {}
    for change in changes:
        if not all(isinstance(op, Remove) for op in change.ops):
            edits.setdefault(change.note, []).append((change.actor, change.seq))
    return {
        uid
        for uid, of_note in edits.items()
        if sum(
            all(one == other or named[other].get(one[0], 0) < one[1] for other in of_note) for one in of_note
        )
        > 1
    }


def links_of_text(text: str) -> dict[Element, int]:
    """The links that a text has."""
    return {
        element: count for element, count in occurrences(text).items() if len(element[1].encode()) <= 4000
    }


def _changes(vault: Vault) -> list[Change]:
    return [decode(data) for batch in vault.changes_since({}) for data in changes_in(batch)]


def shown_names(notes: dict[bytes, NoteModel]) -> dict[bytes, str]:
    """The unique names of the notes that exist."""
    living = {uid: note for uid, note in notes.items() if note.exists}
    bases = {name_key(note.name) for note in living.values()}
    result: dict[bytes, str] = {}
    last: dict[str, int] = {}
    for uid, note in sorted(living.items()):
        key = name_key(note.name)
        number = last.get(key, 0) + 1
        while number > 1 and name_key(f"{note.name} ({number})") in bases:
            number += 1
        last[key] = number
        result[uid] = note.name if number == 1 else f"{note.name} ({number})"
    return result


def check_against_log(vault: Vault, unfinished: Collection[bytes] = ()) -> None:
    """Fail unless names, texts and links match the log, and the links match the text.

    All edits must have been made by a vault, which makes the link set match the text, except those of the
    `unfinished` notes: an editor that was killed had typed in them.
    """
    notes = notes_in_log(vault)
    concurrent = edited_concurrently(vault)
    names = shown_names(notes)
    shown = {bytes.fromhex(vault.note(info.name).id): info.name for info in vault.notes()}
    assert shown == names
    for uid, name in names.items():
        assert vault.note(name).text == notes[uid].text
        links = shown_links(vault, uid)
        written = links_of_text(notes[uid].text)
        if uid not in unfinished:
            assert links.keys() == written.keys(), f"{name}: {notes[uid].text!r}"
            assert all(links[element] >= count for element, count in written.items())
        # Only a birth that several people brought is edited by several and has no text of its own to show.
        if uid not in concurrent or links != written:
            assert links == notes[uid].links


def check_against_new_file(vault: Vault, path: Path) -> None:
    """Fail unless all derived data equals that of a new file which receives the same changes at once."""
    with Vault.create(path, vault=vault.id) as other:
        fast(other)
        for batch in vault.changes_since({}):
            other.apply(batch)
        assert other.version == vault.version
        assert other.digest == vault.digest
        for here, there in zip(_derived(vault), _derived(other), strict=True):
            assert here == there, f"{here}\n{there}"


def shown_links(vault: Vault, uid: bytes) -> dict[Element, int]:
    """The links that a vault shows for a note, counted."""
    return {(kind, value): count for kind, value, count, *_ in _links(vault.replica.conn, uid)}


def _links(conn: sqlite3.Connection, uid: bytes) -> list[tuple[str, str, int, bytes | None]]:
    return conn.execute(
        """SELECT kind, value, count, target.uid FROM links
               JOIN elements ON elements.id = element JOIN notes ON notes.id = note
           LEFT JOIN notes target ON target.id = links.target WHERE notes.uid = ? ORDER BY kind, value""",
        (uid,),
    ).fetchall()


def _derived(vault: Vault) -> Iterator[object]:
    """Rows of the derived tables, with ids in place of row numbers."""
    vault.search("settle")
    conn = vault.replica.conn
    for uid, *columns in conn.execute(
        """SELECT uid, base, base_key, alive, name, key, modified, digest, indexed, newer
           FROM notes ORDER BY uid"""
    ).fetchall():
        yield uid, *columns
        yield _links(conn, uid)
        yield conn.execute(
            """SELECT title_key, names.key, rank FROM names JOIN notes ON id = note
               WHERE uid = ? ORDER BY 1, 2, 3""",
            (uid,),
        ).fetchall()
        yield vault.replica.documents.text(uid)
    # The index contains exactly the words that it should, each at its place.
    conn.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab('main', 'search', 'instance')"
    )
    yield conn.execute(
        'SELECT term, uid, col, "offset" FROM temp.words JOIN notes ON id = doc ORDER BY 1, 2, 3, 4'
    ).fetchall()
    yield conn.execute("SELECT count(*) FROM temp.words").fetchone()
