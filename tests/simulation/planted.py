"""Bugs planted on purpose: some seed must find each of them soon, or the oracles are worthless."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest import mock

import msgspec

from crdtnotes.crdt import rga
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.orset import OrSet
from crdtnotes.crdt.register import Register
from crdtnotes.store import causality, core, ingest
from crdtnotes.store.compaction import packing
from crdtnotes.store.file import database
from crdtnotes.store.forks import split
from crdtnotes.store.forks.forks import Forks
from crdtnotes.store.ingest import Ingest
from crdtnotes.store.log.blocks import Blocks
from crdtnotes.store.log.log import Log
from crdtnotes.store.own_stream import OwnStream
from crdtnotes.store.signing.checkpoints import Checkpoints
from crdtnotes.store.signing.members import Members
from crdtnotes.store.signing.signer import Signer
from crdtnotes.store.views.documents import Documents
from crdtnotes.store.views.names import NameIndex
from crdtnotes.store.writer import Writer
from crdtnotes.sync.session import fork_resolution
from crdtnotes.sync.session.fork_resolution import Settling
from crdtnotes.sync.session.outgoing import Outgoing
from crdtnotes.sync.session.session import Session
from crdtnotes.trust.membership import Membership
from crdtnotes.trust.records import Add, Record, Remark
from crdtnotes.trust.roles import Role
from crdtnotes.trust.rooted import RootedRecords

Plant = Callable[[], AbstractContextManager[object]]


def _instead(owner: object, name: str, make: Callable[[Any], Any]) -> Plant:
    """Replace an attribute with something that `make` derives from the correct one."""
    return lambda: mock.patch.object(owner, name, make(getattr(owner, name)))


def _last_to_arrive_wins(_: Any) -> Any:
    def assign(self: Any, id: Any, value: str) -> None:
        self.past.add(value)
        self.id, self.value = id, value

    return assign


def _no_tombstones(right: Any) -> Any:
    """Some deletes leave their first span in place."""

    def delete(self: Any, spans: Any) -> Any:
        return right(self, spans[1:] if len(spans) > 1 else spans)

    return delete


def _commit_later(_: Any) -> Any:
    """Acknowledge before the commit: only the next transaction commits every second one."""
    left_open: dict[int, Any] = {}

    @contextmanager
    def writing(db: Any, path: Any) -> Iterator[None]:
        with database.plain_errors(path):
            if left_open.pop(id(db.conn), None) is None or not db.conn.in_transaction:
                db.conn.execute("BEGIN IMMEDIATE")
                left_open[id(db.conn)] = db.conn
            yield
            if id(db.conn) not in left_open:
                db.conn.execute("COMMIT")

    return writing


def _read_once(right: Any) -> Any:
    """A process does not reread changes that other processes have written."""

    def refresh(self: Any) -> None:
        if not self.heads:
            right(self)

    return refresh


def _stale_snapshot(_: Any) -> Any:
    """A snapshot claims to contain changes that it lacks."""

    def save(self: Any, doc: Any) -> None:
        doc.saved, doc.text_changed = doc.upto, False
        self._conn.execute("UPDATE notes SET upto = ? WHERE id = ?", (doc.upto, doc.id))

    return save


def _room_for_all(right: Any) -> Any:
    def take_waiting(self: Any, result: Any) -> Any:
        with mock.patch.object(ingest, "MAX_WAITING", 2**40):
            return right(self, result)

    return take_waiting


def _no_dependency_check(_: Any) -> Any:
    def is_ready(change: Any, log: Any) -> bool:
        return bool(change.seq <= log.head(change.actor).seq + 1)

    return is_ready


def _first_tag_only(right: Any) -> Any:
    def remove(self: Any, element: Any, tags: Any) -> None:
        right(self, element, tags[:1])

    return remove


def _dropped_cover(right: Any) -> Any:
    def apply(self: Any, actor: int, seq: int, ops: Any) -> Any:
        patches = right(self, actor, seq, ops)
        if self.cover:
            self.cover.pop(min(self.cover))
        return patches

    return apply


def _ack_too_much(right: Any) -> Any:
    def store(self: Any, batches: Any) -> None:
        right(self, batches)
        for actor in self._ack_due:
            self._ack_due[actor] += 1

    return store


def _send_once_too_few(right: Any) -> Any:
    def next_batch(self: Any) -> Any:
        batch = right(self)
        if batch is not None and self._pass is not None and not self._sent:
            return right(self)
        return batch

    return next_batch


def _same_stream_for_copies(_: Any) -> Any:
    return lambda self: True


def _links_not_settled(_: Any) -> Any:
    return lambda self, draft: None


def _names_by_arrival(right: Any) -> Any:
    def wanted(self: Any, group: Any) -> Any:
        return sorted(right(self, group), key=lambda row: row[0], reverse=True)[:1]

    return wanted


def _branch_thrown_away(right: Any) -> Any:
    def divide(*place: Any) -> Any:
        return right(*place)._replace(moved=[])

    return divide


def _a_note_forgotten(right: Any) -> Any:
    """A block does not list one of the notes that it has changes of."""

    def add(self: Any, actor: int, before: bytes, entries: Any, packed: Any, notes: Any) -> None:
        rows = sorted(set(notes))
        right(self, actor, before, entries, packed, rows[1:] or rows)

    return add


def _whatever_lies_there(right: str) -> str:
    """Births that are the only snapshot of their notes are packed, too."""
    return right.replace("AND EXISTS (SELECT 1 FROM texts WHERE texts.note = log.note)", "")


def _chained_to_nothing(right: Any) -> Any:
    def write_block(self: Any, _before: bytes, opened: Any, notes: Any) -> None:
        right(self, bytes(16), opened, notes)

    return write_block


def _heads_believed(right: Any) -> Any:
    """The hashes in a Hello are not compared."""

    def greet(self: Any, hello: Any) -> None:
        heads = tuple(
            (actor, seq, self._replica.forks.hash_at(actor, seq) or tip) for actor, seq, tip in hello.heads
        )
        right(self, msgspec.structs.replace(hello, heads=heads))

    return greet


def _nothing(_: Any) -> Any:
    return lambda *_: None


def _never(_: Any) -> Any:
    return lambda *_: False


def _stays(_: Any) -> Any:
    """Changes that build on a moved branch are not moved."""
    return lambda change, moves: change.actor in moves


def _both(*plants: Plant) -> Plant:
    """Plant several bugs at once, because one alone would be caught by the code that another disables."""

    @contextmanager
    def planted() -> Iterator[None]:
        with ExitStack() as stack:
            for plant in plants:
                stack.enter_context(plant())
            yield

    return planted


def _in_any_order(_: Any) -> Any:
    """A block comes before changes that its later changes depend on."""

    def in_order(self: Any, streams: Any) -> Iterator[Any]:
        for stream in streams:
            for item in stream:
                yield item.piece

    return in_order


def _goes_on(right: Any) -> Any:
    """A replica whose stream lost its end still writes to it."""

    def divide(*place: Any) -> Any:
        return right(*place)._replace(cut=set())

    return divide


def _always(_: Any) -> Any:
    return lambda *_: True


def _first_signature_only(right: Any) -> Any:
    """Only one signature is kept for a group with several streams."""

    def put(self: Any, size: int, entries: Any) -> None:
        right(self, size, list(entries)[:1])

    return put


def _key_of_a_twin(right: Any) -> Any:
    """A signing key counts as long as any device that was added with it is not revoked."""

    def may_have_written(self: Any, signing_key: bytes, *head: Any) -> bool:
        added = {id for (id, _), keys in self._found.keys.items() if keys.signing == signing_key}
        return right(self, signing_key, *head) or any(id not in self._struck.revoked for id in added)

    return may_have_written


def _named_by_others(_: Any) -> Any:
    """A device is called what whoever added it last calls it."""

    def names(self: Any) -> Any:
        adds = [one.body for one in self.rooted.values() if isinstance(one.body, Add)]
        return {add.device: (1, add.name) for add in sorted(adds, key=lambda add: (add.epoch, add.by))}

    return property(names)


def _epochs_jump(_: Any) -> Any:
    def missing(self: Any, record: Any) -> Any:
        body = record.body
        if (body.by, body.by_epoch) not in self.keys:
            return body.by, body.by_epoch, Role.READER
        return body.about if isinstance(body, Remark) and body.about not in self.records else None

    return missing


def _anybodys_remarks(_: Any) -> Any:
    """A Remark may be about a record by another signer."""
    acceptable = RootedRecords._acceptable

    def right(self: Any, record: Any) -> bool:
        if isinstance(record.body, Remark):
            return bool(record.signed_by(self.keys[record.body.by, record.body.by_epoch].signing))
        return acceptable(self, record)

    return right


PLANTED: dict[str, Plant] = {
    "a dependency check skipped": _instead(causality, "is_ready", _no_dependency_check),
    "the last rename to arrive wins": _instead(Register, "assign", _last_to_arrive_wins),
    "a tombstone forgotten": _instead(rga.Rga, "delete", _no_tombstones),
    "a remove that misses tags": _instead(OrSet, "remove", _first_tag_only),
    "a remove that forgets the version it names": _instead(NoteState, "apply", _dropped_cover),
    "an acknowledgement before the commit": _instead(core, "writing", _commit_later),
    "an Ack of changes that are not here": _instead(Session, "_store", _ack_too_much),
    "a batch that is never sent": _instead(Outgoing, "_next_item", _send_once_too_few),
    "a seq used again after a restore": _instead(OwnStream, "_matches_remembered", _same_stream_for_copies),
    "commits of another process not seen": _instead(Log, "refresh", _read_once),
    "links that do not follow the text": _instead(Writer, "_reconcile", _links_not_settled),
    "a snapshot not stored": _instead(Documents, "save", _stale_snapshot),
    "names that depend on the order of arrival": _instead(NameIndex, "_wanted", _names_by_arrival),
    "a queue of waiting changes without a bound": _instead(Ingest, "_take_waiting", _room_for_all),
    "a moved branch that is lost": _instead(split, "divide", _branch_thrown_away),
    "a moved branch that is continued": _instead(split, "divide", _goes_on),
    "a log that is sent in any order": _instead(Log, "_in_order", _in_any_order),
    "a block that forgets one of its notes": _instead(Blocks, "add", _a_note_forgotten),
    "a birth packed that is a note's only snapshot": _instead(packing, "_CANDIDATES", _whatever_lies_there),
    "a block that is chained to nothing": _instead(Log, "write_block", _chained_to_nothing),
    "hashes of heads that nobody compares": _instead(Session, "_greet", _heads_believed),
    "a second version of a change that is ignored": _both(
        _instead(Forks, "check", _nothing), _instead(Settling, "found_in_winner", _nothing)
    ),
    "a fork in which neither side gives way": _instead(fork_resolution, "gives_way", _never),
    "a branch that moves without the changes that build on it": _instead(split, "moves_with", _stays),
    "a signature that nobody checks": _instead(Signer, "_is_accepted", _always),
    "a revocation that counts for no change": _instead(Membership, "may_have_written", _always),
    "a device that is only checked once": _instead(Session, "_check_peer", _nothing),
    "a revoked device that nobody vouches for": _instead(Members, "answer_for_gone", _nothing),
    "a signature that is not kept": _instead(Checkpoints, "put", _first_signature_only),
    "a record that anybody may sign": _instead(Record, "signed_by", _always),
    "a signing key that belongs to whoever adds it": _instead(Membership, "may_have_written", _key_of_a_twin),
    "a device that any member renames": _instead(Membership, "_names", _named_by_others),
    "epochs that jump": _instead(RootedRecords, "_missing", _epochs_jump),
    "a remark that anybody may make": _instead(RootedRecords, "_acceptable", _anybodys_remarks),
}

IN_PAIRED_WORLDS = frozenset(list(PLANTED)[-10:])
"""Bugs in membership and signatures."""
