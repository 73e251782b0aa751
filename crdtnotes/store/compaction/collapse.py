"""Rewriting a log so that all of it is one stream, with the same notes and the same history of each.

A new vault of the same notes (`revoke --all-others`) needs none of the old streams: no device has them, and
nobody's signatures count there. It may have thousands of them, more than the founder could vouch for.

Rules
    - The changes are replayed in the order of the log, which is causal, note by note. Each becomes one change
      of the new stream that has the same effect on the note: on its text, names, links and existence.
    - The new stream has seen everything before each of its changes, so its elements are the newest, and text
      goes exactly where the old change showed it. Counters, elements and tags get new names.
    - The links of a note that was edited concurrently are those of its text, so they become its link set.
    - A value becomes text like all other. Changes without an effect are left out. Operations of unknown kinds
      are kept, if they are of the format that is written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from crdtnotes.changes.change import FORMAT, Change
from crdtnotes.changes.codec import encode
from crdtnotes.changes.derived import birth_actor
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import (
    Create,
    Delete,
    Element,
    Insert,
    Link,
    Op,
    Remove,
    Rename,
    Unknown,
    Unlink,
    next_counter,
)
from crdtnotes.crdt.orset import MAX_UNLINKED
from crdtnotes.crdt.version import Version
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.known_files import KnownFiles, packed_version
from crdtnotes.store.views.frontiers import FrontiersOfLog
from crdtnotes.store.views.note_facts import shown_links

_MAX_LINKED = 1000
# Links of one kind and value that are added to those of a note's birth; only a forged count is larger.


class _Copy:
    """One note as it was and as it becomes; both show the same."""

    def __init__(self) -> None:
        self.old = NoteState()
        self.new = NoteState()
        self._actor = self._seq = self._counter = 0
        self._ops: list[Op] = []

    def follow(self, change: Change, actor: int, seq: int, start: int) -> tuple[Op, ...]:
        """Apply a change to the old state; return the operations that have the same effect on the new one."""
        self._actor, self._seq, self._counter, self._ops = actor, seq, start, []
        counter = change.start
        for op in change.ops:
            self._follow_op(change, counter, op)
            counter = next_counter(counter, op)
        if self.new.derived:
            if self.old.name.value != self.new.name.value:
                self._put(Rename(self._id, self.old.name.value))
            if any(isinstance(op, Create | Link | Unlink) for op in change.ops):
                self._change_links(self.old.links.counts())
            self._follow_existence()
        return tuple(self._ops)

    def show_links(self, frontier: Version, actor: int, seq: int, start: int) -> tuple[Op, ...]:
        """Return the operations that make the new link set hold the links which the old note shows."""
        self._actor, self._seq, self._counter, self._ops = actor, seq, start, []
        if len(frontier) > 1 and self.old.exists and not self.old.newer:
            self._change_links(shown_links(self.old, frontier))
        return tuple(self._ops)

    @property
    def _id(self) -> OpId:
        return OpId(self._counter, self._actor)

    def _put(self, op: Op) -> None:
        self.new.apply(self._actor, self._seq, self._counter, (op,))
        self._ops.append(op)
        self._counter = next_counter(self._counter, op)

    def _follow_op(self, change: Change, counter: int, op: Op) -> None:
        patches = self.old.apply(change.actor, change.seq, counter, (op,))
        if isinstance(op, Create) and not self.new.derived:
            self._put(op._replace(birth=birth_actor(change.note, op.text)))
            return
        for start, removed, inserted in patches:
            if removed:
                self._put(Delete(self.new.text.spans(start, removed)))
            if inserted:
                self._put(Insert(self._id, self.new.text.before(start), inserted))
        if isinstance(op, Rename) or (isinstance(op, Create) and op.name not in self.new.name.past):
            self._put(Rename(self._id, op.name))
        if isinstance(op, Unknown) and change.format == FORMAT:
            self._put(op)

    def _change_links(self, wanted: Mapping[Element, int]) -> None:
        found = self.new.links.counts()
        for element in sorted(wanted.keys() | found.keys()):
            more = wanted.get(element, 0) - found.get(element, 0)
            for _ in range(min(more, _MAX_LINKED)):
                self._put(Link(self._id, element))
            if more < 0:
                self._put(Unlink(element, self.new.links.tags(element, min(-more, MAX_UNLINKED))))

    def _follow_existence(self) -> None:
        if self.old.exists and not self.new.exists:
            self._put(Delete(()))
        elif self.new.exists and not self.old.exists:
            self._put(Remove(((self._actor, self._seq),)))


def collapsed(
    changes: Iterable[Change], actor: int, follow: Callable[[bytes, NoteState, int], None] | None = None
) -> Iterator[Change]:
    """Yield the changes of one stream that show the same as these, which come in causal order.

    `follow` is called after each old change with its note, that note's old state, and the seq reached.
    """
    notes: dict[bytes, _Copy] = {}
    times: dict[bytes, int] = {}
    found = FrontiersOfLog()
    seq = end = 0
    for change in changes:
        found.follow(change)
        times[change.note] = max(change.time, times.get(change.note, 0))
        ops = notes.setdefault(change.note, _Copy()).follow(change, actor, seq + 1, end + 1)
        if ops:
            seq += 1
            made = Change(actor, seq, end + 1, (), change.time, change.note, ops)
            end = made.last
            yield made
        if follow is not None:
            follow(change.note, notes[change.note].old, seq)
    for uid, note in notes.items():
        if ops := note.show_links(found.frontiers.get(uid, {}), actor, seq + 1, end + 1):
            seq += 1
            made = Change(actor, seq, end + 1, (), times[uid], uid, ops)
            end = made.last
            yield made


def collapse(core: ReplicaCore, form: Callable[[Change], Change] = lambda change: change) -> None:
    """Rewrite the log of a vault without members as one new stream, in the caller's transaction.

    `form` returns what is left of each change.
    """
    log, derived = core.log, core.derived
    actor = core.new_actor()
    files = KnownFiles(core)
    versions = files.versions()
    moved: dict[tuple[bytes, bytes], bytes] = {}

    def follow(note: bytes, old: NoteState, seq: int) -> None:
        if note in versions and (version := packed_version(old.writes)) in versions[note]:
            moved[note, version] = packed_version({actor: seq})

    changes = list(collapsed((form(change) for change, _ in log.opened({})), actor, follow))
    files.move_versions(moved)
    log.clear()
    derived.clear()
    log.erased.delete()
    core.winners.clear()
    core.begin_epoch()
    core.stream.begin(actor)
    core.enter_anew((change, encode(change)) for change in changes)
