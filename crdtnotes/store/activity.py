"""Recent changes by others, as a list for the user, computed from the changes themselves."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import assert_never

from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import (
    Before,
    Create,
    Delete,
    Follow,
    Insert,
    Link,
    Op,
    Remove,
    Rename,
    Same,
    Set,
    Unknown,
    Unlink,
)
from crdtnotes.results import MOST_ARRIVALS, Arrival
from crdtnotes.store.file.database import rows_for
from crdtnotes.store.replica import Replica
from crdtnotes.store.views.claimed_times import shown_times
from crdtnotes.store.views.note_list import wall_time

MAX_CHANGES_READ = 600
"""Changes that are read, the last ones of each actor: nobody reads a list of a large first sync, and it must
not keep the vault's thread busy for long.
"""


@dataclass(slots=True)
class _Gathered:
    changes: int = 0
    time: int = 0
    arrived: int = 0
    element: OpId | None = None


def arrivals(replica: Replica, version: Mapping[int, int]) -> list[Arrival]:
    """Return the changes of others beyond a version, the latest first, at most MOST_ARRIVALS."""
    heads = replica.version()
    fresh = {
        actor: seq for actor, seq in heads.items() if actor != replica.actor and seq > version.get(actor, 0)
    }
    each = max(1, MAX_CHANGES_READ // max(1, len(fresh)))
    known = replica.version()
    known.update((actor, max(version.get(actor, 0), seq - each)) for actor, seq in fresh.items())
    gathered: dict[tuple[bytes, int], _Gathered] = {}
    with replica.steady():
        changes = replica.log.opened(known)
        for arrived, (change, _) in enumerate(changes):
            one = gathered.setdefault((change.note, change.actor), _Gathered())
            one.changes += 1
            one.time, one.arrived = change.time, arrived
            for op in change.ops:
                one.element = _element(op) or one.element
    rows = rows_for(replica.conn, "SELECT uid, name FROM notes", "uid", {note for note, _ in gathered})
    names = {uid: name for uid, name in rows if name is not None}
    times = shown_times([(one.arrived, one.time) for one in gathered.values()], wall_time())
    for one, time in zip(gathered.values(), times, strict=True):
        one.time = time
    latest = sorted(
        ((one, note, actor) for (note, actor), one in gathered.items() if note in names),
        key=lambda found: (-found[0].time, names[found[1]], found[2]),
    )
    devices = signers(replica, {actor for _, _, actor in latest})
    return [
        Arrival(
            note.hex(),
            names[note],
            f"{actor:016x}",
            one.changes,
            one.time,
            *_line(replica, note, one.element),
            devices.get(actor, "") if replica.members.founded else None,
        )
        for one, note, actor in latest[:MOST_ARRIVALS]
    ]


def signers(replica: Replica, actors: AbstractSet[int]) -> dict[int, str]:
    """Map each stream whose name proves that it is a device's own to the name of that device."""
    names: dict[bytes, set[str]] = {}
    for member in replica.members.membership().members.values():
        names.setdefault(member.keys.signing, set()).add(member.name)
    devices: dict[int, str] = {}
    for actor in actors:
        key = replica.signer.checkpoints.key_of(actor)
        found = names.get(key, set()) if key is not None else set()
        if len(found) == 1:
            (devices[actor],) = found
    return devices


def _element(op: Op) -> OpId | None:
    """Return the last element that an operation inserted or deleted."""
    match op:
        case Insert() | Before():
            counter, actor = op.id
            return OpId(counter + len(op.text) - 1, actor)
        case Delete():
            if not op.spans:
                return None
            actor, counter, _ = op.spans[-1]
            return OpId(counter, actor)
        case Same():
            return OpId(op.base + len(op.text), op.pieces[-1][0])
        case Set():
            return OpId(op.base + len(op.text), op.value)
        case Create() | Rename() | Link() | Unlink() | Remove() | Follow() | Unknown():
            return None
        case _:
            assert_never(op)


def _line(replica: Replica, note: bytes, element: OpId | None) -> tuple[int, str]:
    doc = replica.documents.open(note)
    if doc is None or element is None:
        return 1, ""
    index, _ = doc.state.text.position(element)
    text = str(doc.state.text)
    start = text.rfind("\n", 0, index) + 1
    end = text.find("\n", index)
    line = text[start : end if end >= 0 else len(text)].strip()
    return text.count("\n", 0, index) + 1, line or text[:start].rstrip().rpartition("\n")[2].strip()
