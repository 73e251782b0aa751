"""The findings of a vault; taking a version, and remembering what was seen.

What the user has marked as seen is kept in the vault's file (`store/marks.py`). It is not a change: it leaves
the file only in a backup.
"""

from collections.abc import Callable

from crdtnotes.changes.change import Change
from crdtnotes.crdt.note import NoteState
from crdtnotes.errors import OutOfRange
from crdtnotes.markup.values import Edit
from crdtnotes.progress import Progress, no_progress
from crdtnotes.results import Choice, Finding, Side
from crdtnotes.review.found import Found, Plan, Version
from crdtnotes.review.notes import findings
from crdtnotes.store.activity import signers
from crdtnotes.store.horizons import Horizons, fill, horizons, maybe_concurrent
from crdtnotes.store.marks import mark, marked
from crdtnotes.store.replica import Replica
from crdtnotes.store.views.claimed_times import shown_times
from crdtnotes.store.views.note_list import wall_time
from crdtnotes.store.writer import Writer

NOTES_AT_ONCE = 64
"""Notes whose changes are read together, because packed changes of many notes lie in one block."""

_Read = tuple[list[tuple[int, Change]], Horizons]
# The changes of a note with their log ids, and the horizons of their authors.


def review_note(replica: Replica, uid: bytes, *, with_seen: bool = False) -> list[Finding]:
    """Return the findings of a note, in the order of the text; none if it is deleted. Raises Damaged."""
    fill(replica)
    with replica.steady():
        return _shown(replica, uid, marked(replica), with_seen=with_seen)


def review_all(
    replica: Replica, *, with_seen: bool = False, progress: Progress = no_progress
) -> list[Finding]:
    """Return the findings of all notes, the notes with the newest first; `progress` counts notes.

    Only notes that several people edited apart are read. Raises Damaged.
    """
    fill(replica, progress)
    notes: list[list[Finding]] = []
    with replica.steady():
        seen = marked(replica)
        candidates = {replica.uid_of(row): row for row in maybe_concurrent(replica, progress)}
        uids = list(candidates)
        for begin in range(0, len(uids), NOTES_AT_ONCE):
            some = uids[begin : begin + NOTES_AT_ONCE]
            changes = replica.log.of_notes({uid: candidates[uid] for uid in some})
            known = horizons(replica, {change.actor for of in changes.values() for _, change in of})
            notes += [
                _shown(replica, uid, seen, with_seen=with_seen, read=(changes[uid], known)) for uid in some
            ]
            replica.documents.trim()
            progress(min(begin + NOTES_AT_ONCE, len(uids)), len(uids))
    notes = [found for found in notes if found]
    notes.sort(key=lambda some: (-max(_newest(one) for one in some), some[0].name))
    return [one for some in notes for one in some]


def settle(
    writer: Writer, finding: Finding, choice: Choice, rename: Callable[[bytes, str], None], *, edit: bool
) -> bool:
    """Do what a choice does; return whether that is an edit of the text, which is made only if `edit`.

    `rename` gives a note another name. Errors are those of `Vault.settle`.
    """
    replica, uid = writer.replica, bytes.fromhex(finding.note)
    with writer.transaction():
        writer.flush_draft()
        plan = _plan(replica, finding, choice)
        if plan.edits and edit:
            writer.replace(uid, plan.edits)
        elif plan.name is not None and plan.name != finding.standing.text:
            rename(uid, plan.name)
        elif plan.name is not None:
            writer.rename(uid, plan.name)
        elif plan.remove:
            writer.remove(uid)
        elif not plan.edits:
            mark(replica, [finding.key])
        writer.flush_draft()
    return bool(plan.edits)


def edits(replica: Replica, finding: Finding, choice: Choice) -> tuple[Edit, ...]:
    """Return the edits of the text, as it is now, that a choice makes; none if it is settled already."""
    try:
        return _plan(replica, finding, choice).edits
    except OutOfRange:
        return ()


def _plan(replica: Replica, finding: Finding, choice: Choice) -> Plan:
    uid = bytes.fromhex(finding.note)
    found = next((one for one, _ in _found(replica, uid) if one.key(uid) == finding.key), None)
    if found is None:
        raise OutOfRange("This is settled already.")
    if choice not in found.plans:
        raise OutOfRange(f"That cannot be settled in this way: {_ways(found)}.")
    return found.plans[choice]


def _ways(found: Found) -> str:
    names = ", ".join(choice.value for choice in found.plans)
    return f"its choices are {names}" if names else "edit the note instead"


def _newest(finding: Finding) -> int:
    return max(finding.standing.time, finding.other.time)


def _found(
    replica: Replica, uid: bytes, read: _Read | None = None
) -> list[tuple[Found, dict[tuple[int, int], int]]]:
    """Return the findings of a note, each with the times of the note's changes by actor and seq."""
    doc = replica.documents.open(uid)
    if doc is None or not doc.state.exists or _authors(doc.state) < 2:
        return []
    if read is None:
        changes = list(replica.log.of_note(doc.id, uid, 0))
        known = horizons(replica, {change.actor for _, change in changes})
    else:
        changes, known = read
    found = findings(doc.state, [change for _, change in changes], known.seen)
    if not found:
        return []
    shown = shown_times([(id, change.time) for id, change in changes], wall_time())
    times = {(change.actor, change.seq): time for (_, change), time in zip(changes, shown, strict=True)}
    return [(one, times) for one in found]


def _authors(state: NoteState) -> int:
    return len(state.edits.keys() | state.cover.keys())


def _shown(
    replica: Replica, uid: bytes, seen: frozenset[str], *, with_seen: bool, read: _Read | None = None
) -> list[Finding]:
    row = replica.notes.find(uid)
    found = [] if row is None else _found(replica, uid, read)
    found = [(one, times) for one, times in found if with_seen or one.key(uid) not in seen]
    if row is None or not found:
        return []
    actors = {version.change.actor for one, _ in found for version in (one.standing, one.other)}
    devices = signers(replica, actors)
    text = replica.documents.text(uid) or ""

    def side(version: Version, times: dict[tuple[int, int], int]) -> Side:
        actor = version.change.actor
        device = devices.get(actor, "") if replica.members.founded else None
        return Side(version.text, f"{actor:016x}", times[actor, version.change.seq], device)

    return [
        Finding(
            one.key(uid),
            uid.hex(),
            row.name,
            one.kind,
            1 if one.start is None else text.count("\n", 0, one.start) + 1,
            one.context,
            one.start,
            side(one.standing, times),
            side(one.other, times),
            tuple(one.plans),
            one.key(uid) in seen,
        )
        for one, times in found
    ]
