"""Checking a replica: everything is computed again from the log and compared."""

import sqlite3
from collections.abc import Iterator

from crdtnotes.changes import snapshot
from crdtnotes.changes.change import Change
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.version import Version
from crdtnotes.errors import Busy, CrdtnotesError, Damaged, ReadOnly, StoreError
from crdtnotes.markup.names import name_key
from crdtnotes.markup.outline import TEXT_KINDS
from crdtnotes.progress import Progress
from crdtnotes.store import causality
from crdtnotes.store.log.log import Head
from crdtnotes.store.replica import Replica
from crdtnotes.store.signing import recut
from crdtnotes.store.signing.checkpoints import Signed
from crdtnotes.store.views.frontiers import FrontiersOfLog
from crdtnotes.store.views.names import Resolver
from crdtnotes.store.views.namesakes import Namesakes
from crdtnotes.store.views.note_facts import links_in, shown_base, shown_links
from crdtnotes.store.views.snapshots import content_digest

_SHOWN_EVERY = 256


def problems(replica: Replica, progress: Progress) -> Iterator[str]:
    """Yield a sentence for each problem found; nothing in the file is changed.

    `progress` counts the changes that were checked.
    """
    yield from _check_search(replica)
    with replica.steady():
        states: dict[bytes, NoteState] = {}
        found = FrontiersOfLog()
        yield from _as_far_as_readable(_check_file(replica))
        yield from _as_far_as_readable(_check_log(replica, states, found, progress))
        yield from _as_far_as_readable(_check_notes(replica, states, found))
        yield from _as_far_as_readable(_check_names(replica))
        yield from _as_far_as_readable(_check_targets(replica))
        yield from _as_far_as_readable(_check_devices(replica))


def _as_far_as_readable(found: Iterator[str]) -> Iterator[str]:
    """Yield the problems of one part; if it cannot be read to its end, yield that as the last problem."""
    try:
        yield from found
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        yield f"A part of the file cannot be read: {error}."
    except Damaged as error:
        yield str(error)


def _check_search(replica: Replica) -> Iterator[str]:
    """Let FTS5 check its index; it needs a write transaction for that, although nothing is written."""
    if replica.read_only:
        return
    try:
        with replica.transaction():
            replica.conn.execute("INSERT INTO search (search) VALUES ('integrity-check')")
    except Busy:
        raise
    except ReadOnly:
        return
    except StoreError as error:
        yield f"The search index is damaged: {error}"


def _check_file(replica: Replica) -> Iterator[str]:
    """Let SQLite check its pages and its indexes."""
    for (message,) in replica.conn.execute("PRAGMA integrity_check"):
        if message != "ok":
            yield f"The file is damaged: {message}."


def _check_log(
    replica: Replica, states: dict[bytes, NoteState], found: FrontiersOfLog, progress: Progress
) -> Iterator[str]:
    """Replay the log, check the chain and the causal order; build every note's state and frontier from it."""
    log = replica.log
    yield from log.dictionaries.problems()
    heads: dict[int, Head] = {}
    broken: set[bytes] = set()
    total = sum(head.seq for head in log.heads.values())
    unreadable: list[str] = []
    for number, (_, change, data, stored) in enumerate(log.entries(unreadable.append)):
        if number % _SHOWN_EVERY == 0:
            progress(number, total)
        yield from unreadable
        unreadable.clear()
        head = heads.setdefault(change.actor, Head())
        if change.seq != head.seq + 1:
            yield f"{causality.label(change)} follows change {head.seq} in the log."
        head.seq, head.hash = change.seq, log.chain(head.hash, change, data)
        if head.hash != stored:
            yield f"The hash of {causality.label(change)} does not match its bytes."
            head.hash = stored  # so that one damaged change is reported once
        for actor, seq in change.deps:
            if heads.get(actor, Head()).seq < seq:
                yield f"{causality.label(change)} comes in the log before a change that it depends on."
        found.follow(change)
        yield from _apply(change, states, broken)
    yield from unreadable
    yield from _check_reached(replica.conn)
    for actor, head in log.heads.items():
        replayed = heads.get(actor, Head())
        if (head.seq, head.hash) != (replayed.seq, replayed.hash):
            yield f"The head of {actor:016x} says {head.seq}, its log ends at {replayed.seq}."
    if len(heads) != len(log.heads):
        yield "The log contains changes of actors that have no head."


def _check_reached(conn: sqlite3.Connection) -> Iterator[str]:
    """Look for changes that belong to no stream, or that are stored twice."""
    (astray,) = conn.execute(
        """SELECT (SELECT count(*) FROM log LEFT JOIN actors ON actors.id = log.actor
                   WHERE actors.id IS NULL OR log.seq NOT BETWEEN 1 AND actors.seq)
                + (SELECT count(*) FROM blocks LEFT JOIN actors ON actors.id = blocks.actor
                   WHERE actors.id IS NULL OR blocks.seq < 1 OR until > actors.seq)"""
    ).fetchone()
    if astray:
        yield f"{astray} entries of the log belong to no stream."
    (twice,) = conn.execute(
        """SELECT count(*) FROM log JOIN blocks ON blocks.actor = log.actor
           AND until >= log.seq AND blocks.seq <= log.seq"""
    ).fetchone()
    if twice:
        yield f"{twice} changes are in the log twice."


def _apply(change: Change, states: dict[bytes, NoteState], broken: set[bytes]) -> Iterator[str]:
    if change.note in broken:
        return
    try:
        states.setdefault(change.note, NoteState()).apply(change.actor, change.seq, change.start, change.ops)
    except CrdtnotesError as error:
        broken.add(change.note)
        del states[change.note]
        yield f"{causality.label(change)} cannot be applied: {error}"


def _check_notes(replica: Replica, states: dict[bytes, NoteState], found: FrontiersOfLog) -> Iterator[str]:
    """Compare the stored notes with the notes that the log gives."""
    here = {
        uid: row
        for uid, *row in replica.conn.execute(
            """SELECT uid, notes.id, base, alive, digest, upto, head, state
               FROM notes LEFT JOIN texts ON note = notes.id"""
        )
    }
    frontiers = _stored_frontiers(replica)
    for uid, state in states.items():
        if uid not in here:
            yield f"Note {uid.hex()} is in the log but not among the notes."
            continue
        id, base, alive, digest, upto, head, dumped = here.pop(uid)
        name = base or uid.hex()
        yield from _as_far_as_readable(_check_snapshot(replica, id, uid, name, state, upto == head, dumped))
        if upto == head and content_digest(str(state.text).encode(), state.links.counts()) != digest:
            yield f"The digest of {name!r} does not match its content."
        if (shown_base(state), state.exists) != (base, bool(alive)):
            yield f"The name of {name!r} does not match the log."
        frontier = found.frontiers.get(uid, {})
        yield from _check_links(replica.conn, id, name, state, None if frontiers is None else frontier)
        if frontiers is not None and len(found.writers.get(uid, ())) > 1 and frontiers.get(id) != frontier:
            yield f"The concurrent edits of {name!r} do not match the log."
    for uid in here:
        yield f"Note {uid.hex() if isinstance(uid, bytes) else uid!r} is shown but not in the log."


def _stored_frontiers(replica: Replica) -> dict[int, Version] | None:
    """Return the stored frontiers; None in a file of an older version, which was opened only to be read."""
    conn = replica.conn
    if replica.read_only:
        table = "SELECT 1 FROM sqlite_master WHERE name = 'frontiers'"
        if conn.execute(table).fetchone() is None:
            return None
    frontiers: dict[int, Version] = {}
    for id, actor, seq in conn.execute("SELECT note, actor, seq FROM frontiers"):
        frontiers.setdefault(id, {})[actor] = seq
    return frontiers


def _check_links(
    conn: sqlite3.Connection, id: int, name: str, state: NoteState, frontier: Version | None
) -> Iterator[str]:
    """Compare a note's links with those that follow from the log, and these with its text.

    A file that has no frontiers shows the link set of each note.
    """
    links = {
        (kind, value): count
        for kind, value, count in conn.execute(
            "SELECT kind, value, count FROM links JOIN elements ON id = element WHERE note = ?", (id,)
        )
    }
    if not state.exists:
        expected = {}
    elif frontier is None:
        expected = state.links.counts()
    else:
        expected = shown_links(state, frontier)
    if links != expected:
        yield f"The links of {name!r} do not match the log."
    elif state.exists and frontier is not None:
        followed = {element for element in links if element[0] in TEXT_KINDS}
        if followed != links_in(str(state.text)).keys():
            yield (
                f"The links of {name!r} are not those in its text: its last author's program left them so. "
                "Editing the note corrects them."
            )


def _check_snapshot(
    replica: Replica, id: int, uid: bytes, name: str, state: NoteState, current: bool, dumped: bytes | None
) -> Iterator[str]:
    """Compare a note's state by the log with its snapshot, caught up if the snapshot lags behind."""
    wrong = f"The text of {name!r} does not match the log."
    try:
        shown = replica.documents.texts.read(id).decode()
        if not current or dumped is not None:
            wrong = f"The snapshot of {name!r} does not match the log."
            doc = replica.documents.copy(uid)
            shown, dumped = ("", b"") if doc is None else (str(doc.state.text), snapshot.dump(doc.state))
    except Damaged:
        yield wrong
        return
    if shown != str(state.text):
        yield f"The text of {name!r} does not match the log."
    elif dumped is not None and dumped != snapshot.dump(state):
        yield wrong


def _check_names(replica: Replica) -> Iterator[str]:
    """Compare the shown names with the ones that follow from the base names."""
    rows = replica.conn.execute("SELECT base, base_key, name FROM notes WHERE alive ORDER BY uid").fetchall()
    bases = {key for _, key, _ in rows}
    last: dict[str, int] = {}
    for base, key, name in rows:
        number = last.get(key, 0) + 1
        while number > 1 and name_key(f"{base} ({number})") in bases:
            number += 1
        last[key] = number
        if name != (base if number == 1 else f"{base} ({number})"):
            yield f"A note is shown as {name!r}, which does not follow from its name {base!r}."


def _check_targets(replica: Replica) -> Iterator[str]:
    """Compare where links lead with where their targets resolve to."""
    resolver = Resolver(replica.conn)
    namesakes = Namesakes(replica.conn, replica.documents)
    namesakes.refresh()
    for holder, name, value, target in replica.conn.execute(
        """SELECT note, name, value, target FROM links JOIN elements ON elements.id = element
           JOIN notes ON notes.id = note
           WHERE title_key IS NOT NULL AND name IS NOT NULL"""
    ).fetchall():
        if namesakes.meant(resolver.resolve(value, name), value, holder) != target:
            yield f"The link {value!r} in {name!r} does not lead where it should."


def _check_devices(replica: Replica) -> Iterator[str]:
    """Read the records about devices again, which raises Damaged unless all are signed, back to the founder.

    Then check that every change is signed by its author.
    """
    replica.members.check()
    if replica.members.founded:
        yield from _check_signatures(replica)


def _check_signatures(replica: Replica) -> Iterator[str]:
    signer, log = replica.signer, replica.log
    ends: dict[int, int] = {}
    for author in signer.checkpoints.authors():
        if not author.proven:
            yield f"The author of the changes of {author.actor:016x} is not proven."
    good: list[tuple[int, Signed]] = []
    for checkpoint, signed in signer.checkpoints.all_signed():
        actor, seq, _ = signed
        if signer.is_signed(*signed):
            good.append((checkpoint, signed))
            ends[actor] = max(seq, ends.get(actor, 0))
        else:
            yield f"The signature of change {seq} of {actor:016x} is not its author's."
    own = signer.own_key if signer.can_sign and not signer.is_reader else None
    for actor, head in log.heads.items():
        end = ends.get(actor, 0)
        # Signatures of other devices may not have come yet. A device has its own, unless it is a reader or
        # its keys are locked.
        waits = signer.checkpoints.is_waiting and signer.checkpoints.key_of(actor) != own
        if head.seq > end and not waits:
            yield f"Changes {end + 1} to {head.seq} of {actor:016x} are not signed by their author."
    if not recut.is_closed(log, good):
        yield "The signatures cover some changes before the changes that they depend on."
