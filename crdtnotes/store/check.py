"""Is the replica what its log says? Everything is computed again from the log and compared."""

from collections.abc import Iterator

from crdtnotes.changes import snapshot
from crdtnotes.changes.change import Change, chain
from crdtnotes.crdt.note import NoteState
from crdtnotes.errors import CrdtnotesError, Damaged
from crdtnotes.markup.names import name_key
from crdtnotes.store import causality
from crdtnotes.store.facts import shown_base
from crdtnotes.store.log import Head, Log
from crdtnotes.store.names import Resolver
from crdtnotes.store.replica import Replica
from crdtnotes.store.texts import content_digest


def problems(replica: Replica) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong."""
    try:
        if not replica.read_only:
            replica.settle_texts()
    except Damaged as error:
        yield str(error)
    with replica.steady():
        for (message,) in replica.conn.execute("PRAGMA quick_check"):
            if message != "ok":
                yield f"The file is damaged: {message}."
        states: dict[bytes, NoteState] = {}
        yield from _check_log(replica.log, states)
        yield from _check_notes(replica, states)
        yield from _check_names(replica)
        yield from _check_targets(replica)


def _check_log(log: Log, states: dict[bytes, NoteState]) -> Iterator[str]:
    """Replay the log, checking the chain and causality, and build every note's state from it."""
    heads: dict[int, Head] = {}
    broken: set[bytes] = set()
    unreadable: list[str] = []
    for _, change, data, stored in log.entries(unreadable.append):
        yield from unreadable
        unreadable.clear()
        head = heads.setdefault(change.actor, Head())
        if change.seq != head.seq + 1:
            yield f"{causality.label(change)} follows change {head.seq} in the log."
        head.seq, head.hash = change.seq, chain(head.hash, data)
        if head.hash != stored:
            yield f"The hash of {causality.label(change)} does not fit its bytes."
        for actor, seq in change.deps:
            if heads.get(actor, Head()).seq < seq:
                yield f"{causality.label(change)} stands in the log before what it depends on."
        yield from _apply(change, states, broken)
    yield from unreadable
    for actor, head in log.heads.items():
        replayed = heads.get(actor, Head())
        if (head.seq, head.hash) != (replayed.seq, replayed.hash):
            yield f"The head of {actor:016x} says {head.seq}, its log ends at {replayed.seq}."
    if len(heads) != len(log.heads):
        yield "The log holds changes of actors that have no head."


def _apply(change: Change, states: dict[bytes, NoteState], broken: set[bytes]) -> Iterator[str]:
    if change.note in broken:
        return
    try:
        states.setdefault(change.note, NoteState()).apply(change.actor, change.seq, change.ops)
    except CrdtnotesError as error:
        broken.add(change.note)
        del states[change.note]
        yield f"{causality.label(change)} cannot be applied: {error}"


def _check_notes(replica: Replica, states: dict[bytes, NoteState]) -> Iterator[str]:
    """Compare what is shown with what the log says."""
    here = {
        uid: row
        for uid, *row in replica.conn.execute(
            "SELECT uid, notes.id, base, alive, digest, state FROM notes LEFT JOIN texts ON note = notes.id"
        )
    }
    for uid, state in states.items():
        if uid not in here:
            yield f"Note {uid.hex()} is in the log but not among the notes."
            continue
        id, base, alive, digest, stored = here.pop(uid)
        name = base or uid.hex()
        data = str(state.text).encode()
        try:
            text = replica.documents.texts.read(id)
        except Damaged:
            text = None
        if data != text:
            yield f"The text of {name!r} is not what the log says."
        elif stored is not None and not _fits(stored, state):
            yield f"The snapshot of {name!r} is not what the log says."
        if content_digest(data, state.links.counts()) != digest:
            yield f"The digest of {name!r} is not that of its content."
        if (shown_base(state), state.exists) != (base, bool(alive)):
            yield f"The name of {name!r} is not what the log says."
        links = {
            (kind, value): count
            for kind, value, count in replica.conn.execute(
                "SELECT kind, value, count FROM links JOIN elements ON id = element WHERE note = ?", (id,)
            )
        }
        if links != (state.links.counts() if state.exists else {}):
            yield f"The links of {name!r} are not what the log says."
    for uid in here:
        yield f"Note {uid.hex()} is shown but not in the log."


def _fits(stored: bytes, state: NoteState) -> bool:
    """Whether a stored snapshot is that of this state."""
    try:
        return snapshot.dump(snapshot.load(stored, str(state.text))) == snapshot.dump(state)
    except Damaged:
        return False


def _check_names(replica: Replica) -> Iterator[str]:
    """Compare the names that are shown with what the base names make of them."""
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
    """Compare where links lead with what their targets mean."""
    resolver = Resolver(replica.conn)
    for name, value, target in replica.conn.execute(
        """SELECT name, value, target FROM links JOIN elements ON elements.id = element
           JOIN notes ON notes.id = note
           WHERE title_key IS NOT NULL AND name IS NOT NULL"""
    ).fetchall():
        if resolver.resolve(value, name) != target:
            yield f"The link {value!r} in {name!r} does not lead where it should."
