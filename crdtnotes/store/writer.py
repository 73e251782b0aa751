"""Local edits: they become operations of a change, which is closed when another note is edited.

A change's counters are consecutive and start at a value that depends on the deps, so only one change is open
at a time. When it is closed, operations are added to it that make the note's link set match its text.
Merging never creates changes; only this module does.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from crdtnotes.changes.change import Change, note_id
from crdtnotes.changes.codec import encode
from crdtnotes.changes.derived import NoteNames, birth_actor
from crdtnotes.changes.limits import DEPS_PER_CHANGE, MAX_TIME
from crdtnotes.crdt import authoring
from crdtnotes.crdt.ids import Id, OpId
from crdtnotes.crdt.ops import (
    Create,
    Element,
    Follow,
    Insert,
    Link,
    Op,
    Remove,
    Rename,
    Span,
    Unlink,
    next_counter,
)
from crdtnotes.crdt.version import Version, join, pairs
from crdtnotes.errors import CrdtnotesError, InvalidText, NeedsUpdate, NoteNotFound, TooLarge
from crdtnotes.markup.names import name_key
from crdtnotes.store.replica import Replica
from crdtnotes.store.views.documents import Document
from crdtnotes.store.views.note_facts import kept, links_in

if TYPE_CHECKING:
    # Reading a vault needs none of these; what only edits need is imported in those calls.
    from crdtnotes.crdt.note import NoteState
    from crdtnotes.markup.values import Edit
    from crdtnotes.store.deps import Deps

MAX_ALIKE = 1000
"""The most edits of one write that are the same whoever makes them: each takes 250 bytes of memory."""

MAX_TEXT = 8 * 1024 * 1024
"""The most characters in one insert; a change also has a limit in bytes."""


class Draft:
    """An open change: its operations so far are applied to the document, but not yet logged.

    `made` has the operations of the latest edit, each as it was added. `joins`: the note's link set may not
    match its text, because it was edited concurrently. Drafts implement `crdtnotes.crdt.authoring.Draft`.
    """

    __slots__ = (
        "actor",
        "counter",
        "deps",
        "doc",
        "joins",
        "made",
        "names",
        "ops",
        "outlined",
        "seq",
        "start",
        "text_edited",
    )

    def __init__(self, doc: Document, actor: int, seq: int, deps: "Deps", *, joins: bool) -> None:
        self.doc = doc
        self.joins = joins
        self.actor = actor
        self.names = NoteNames(doc.uid)
        self.seq = seq
        self.start = self.counter = deps.start(deps.named)
        self.deps = deps
        self.ops: list[Op] = []
        self.made: list[Op] = []
        self.text_edited = False
        self.outlined: tuple[str, dict[Element, int]] | None = None
        # A text and its links, where these were found before: no text is parsed twice.

    @property
    def state(self) -> "NoteState":
        """The note with the operations so far."""
        return self.doc.state

    def next_id(self) -> Id:
        """Return the id that the next operation has."""
        return OpId(self.counter, self.actor)

    def add(self, op: Op) -> None:
        """Apply the next operation; an insert that continues the last one becomes part of it."""
        from crdtnotes.store.causality import references

        actors = {actor for actor, counter in references(op) if counter}
        # The highest counters are in the streams that are named already, so these change nothing in `start`.
        self.deps.name(self.deps.streams_of(self.doc.state, actors))
        self.doc.state.apply(self.actor, self.seq, self.counter, (op,))
        self.made.append(op)
        last = self.ops[-1] if self.ops else None
        if isinstance(op, Insert) and isinstance(last, Insert) and _continues(last, op):
            self.ops[-1] = Insert(last.id, last.after, last.text + op.text)
        else:
            self.ops.append(op)
        self.counter = next_counter(self.counter, op)


class Made(NamedTuple):
    """Operations that one edit added to a change: `NoteState.apply` takes these fields."""

    actor: int
    seq: int
    start: int
    ops: tuple[Op, ...]


class Writer:
    """Writes to a replica, inside its transactions. `now` gives the wall time in ms.

    `created` holds the name keys of notes that a transaction has created and that are not in the index yet.
    """

    def __init__(self, replica: Replica, now: Callable[[], int]) -> None:
        self.replica = replica
        self._now = now
        self._draft: Draft | None = None
        self._depth = 0
        self._failure: CrdtnotesError | None = None
        self.created: set[str] = set()

    @property
    def active(self) -> bool:
        """Whether a transaction is open."""
        return self._depth > 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Lock the replica for writing; the edits made inside become visible to others together."""
        with self.replica.transaction():
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self.close_draft()
                    if self._failure is not None:
                        raise self._failure
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._draft = self._failure = None
                    self.created.clear()

    def drafted(self, uid: bytes) -> Document | None:
        """Return the document of a note if the open draft edits it, with the draft's edits; else None."""
        return self._draft.doc if self._draft is not None and self._draft.doc.uid == uid else None

    @contextmanager
    def reading(self) -> Iterator[Replica]:
        """Refresh after others' commits. It writes nothing: of an open draft it shows what is logged."""
        with self.replica.reading():
            yield self.replica

    @contextmanager
    def flushed(self) -> Iterator[Replica]:
        """Read what others have committed and, inside a transaction, what it has done so far.

        Inside a transaction this flushes the draft first; outside one it writes nothing.
        """
        if self.active:
            self.flush_draft()
        with self.reading() as replica:
            yield replica

    # -- edits

    def create(
        self,
        name: str,
        text: str,
        found: Mapping[Element, int] | None = None,
        modified: int | None = None,
    ) -> bytes:
        """Create a note and return its id.

        `found` are the links of its text, if they are known already. `modified` is when it was written, in ms
        since 1970; it counts if it is not in the future.
        """
        check_text(text)
        counts = links_in(text) if found is None else kept(found)
        links = tuple(sorted((kind, value, count) for (kind, value), count in counts.items()))
        with self.transaction():
            self.close_draft()
            uid = self._new_id(name)
            # A separate change: a text that is too large for one is refused here, before anything is changed.
            seq, deps = self._place()
            create = Create(birth_actor(uid, text), name, text, links)
            change = self._change(uid, seq, deps.start(deps.named), deps, (create,), modified)
            data = encode(change)
            self.created.add(name_key(name))
            self.replica.add_created(change, data)
            return uid

    def edit(
        self,
        uid: bytes,
        make: Callable[[Draft], None],
        actors: Collection[int] = (),
        *,
        links_later: bool = False,
    ) -> Made:
        """Let `make` add operations to the open change of a note; return what it added.

        `actors` are those of elements that it refers to, where it refers to very many. `links_later`: leave
        the link set as it is until `update_links` or another edit of the note.
        """
        with self.transaction():
            draft = self._draft_for(uid, actors)
            draft.text_edited |= not links_later
            start, draft.made = draft.counter, []
            make(draft)
            return Made(draft.actor, draft.seq, start, tuple(draft.made))

    def insert(self, uid: bytes, after: OpId, text: str, front: Id | None = None) -> None:
        """Insert text behind the element `after`, or before the element `front` if given."""
        check_text(text)
        if text:
            self.edit(uid, lambda draft: draft.add(authoring.typed(draft.next_id(), after, front, text)))

    def delete(self, uid: bytes, spans: Sequence[Span]) -> None:
        """Delete elements."""
        if spans:
            self.edit(uid, lambda draft: authoring.erase(draft, spans), {span.actor for span in spans})

    def replace(self, uid: bytes, edits: "Sequence[Edit]", rank: Id | None = None) -> None:
        """Make edits that are the same whoever makes them: a whole-text write, an import, a rename.

        They go from the last to the first, and each applies to the text that the one before it left. More
        than MAX_ALIKE edits at once are made as if they were typed. With the `rank` of another operation
        (`authoring.set_value`), they follow from it: they are a change of their own, which does not bring the
        note back if somebody has deleted it meanwhile.
        """
        for edit in edits:
            check_text(edit.patch.inserted)

        def make(draft: Draft) -> None:
            if rank is not None:
                draft.add(Follow(draft.next_id()))
            for (start, removed, inserted), is_value in edits:
                if is_value:
                    authoring.set_value(draft, start, removed, inserted, rank)
                elif len(edits) <= MAX_ALIKE:
                    authoring.replace(draft, start, removed, inserted)
                else:
                    authoring.type_over(draft, start, removed, inserted)

        with self.transaction():
            if rank is not None:
                self.close_draft()
            self.edit(uid, make)
            if rank is not None:
                self.close_draft()

    def update_links(self, uid: bytes) -> None:
        """Make a note's link set match its text, after edits with `links_later`.

        Writes nothing if they match already. Raises NoteNotFound.
        """
        with self.reading() as replica:
            doc = replica.documents.open(uid)
            if doc is None:
                raise NoteNotFound("This note is not here any more.")
            text = str(doc.state.text)
            links = links_in(text)
            if not any(_differences(doc.state, links)):
                return
        with self.transaction():
            draft = self._draft_for(uid)
            draft.text_edited = True
            draft.outlined = (text, links)

    def rename(self, uid: bytes, name: str) -> OpId:
        """Set a note's name; return the id of the operation."""
        with self.transaction():
            draft = self._draft_for(uid)
            own = OpId(*draft.next_id())
            draft.add(Rename(own, name))
            return own

    def remove(self, uid: bytes) -> None:
        """Delete a note, covering the edits that this replica has."""
        with self.transaction():
            draft = self._draft_for(uid)
            state = draft.doc.state
            draft = self._draft_for(uid, state.cover.keys() | state.edits.keys())
            cover: Version = {}
            join(cover, state.cover)
            join(cover, state.edits)
            entries = pairs(cover)
            for begin in range(0, len(entries), DEPS_PER_CHANGE):
                draft.add(Remove(entries[begin : begin + DEPS_PER_CHANGE]))

    # -- changes

    def close_draft(self) -> None:
        """Turn the open draft into a change and log it.

        If that fails, the document contains edits that the log does not, so the transaction cannot be
        committed, even if its caller goes on.
        """
        draft, self._draft = self._draft, None
        if draft is None:
            return
        if draft.text_edited or (draft.joins and any(not isinstance(op, Remove) for op in draft.ops)):
            self._reconcile(draft)
        if not draft.ops:
            return
        change = self._change(draft.doc.uid, draft.seq, draft.start, draft.deps, tuple(draft.ops))
        try:
            data = encode(change)
        except CrdtnotesError as error:
            self._failure = error
            raise
        self.replica.integrate(change, data, draft.doc)

    def _change(
        self, uid: bytes, seq: int, start: int, deps: "Deps", ops: tuple[Op, ...], time: int | None = None
    ) -> Change:
        now = min(max(0, self._now()), MAX_TIME)
        time = now if time is None else min(max(0, time), now)
        return Change(self.replica.actor, seq, start, pairs(deps.named), time, uid, ops)

    def _place(self, doc: Document | None = None, actors: Collection[int] = ()) -> "tuple[int, Deps]":
        """Return the seq and the deps of the next change.

        The change creates a note, or edits `doc` and refers to elements of these actors. Where it has no room
        for all deps, changes that only name streams are logged first.
        """
        from crdtnotes.store.deps import Deps

        replica = self.replica
        replica.ensure_own_stream()
        while True:
            deps = Deps(replica.log, replica.actor)
            if doc is not None:
                deps.name(deps.streams_of(doc.state, actors))
            filed_under = doc
            if len(deps.named) > DEPS_PER_CHANGE:
                filed_under = doc or replica.documents.first()
            if len(deps.named) <= DEPS_PER_CHANGE or filed_under is None:
                return replica.log.head(replica.actor).seq + 1, deps
            self._name_streams(filed_under, deps)

    def _name_streams(self, doc: Document, deps: "Deps") -> None:
        """Log a change of a note that does nothing but name streams."""
        actor, named = self.replica.actor, deps.first
        seq = self.replica.log.head(actor).seq + 1
        ops = (Remove(()),)
        change = Change(actor, seq, deps.start(named), pairs(named), doc.modified, doc.uid, ops)
        doc.state.apply(actor, seq, change.start, ops)
        self.replica.integrate(change, encode(change), doc)

    def flush_draft(self) -> None:
        """Log the open draft and derive names and links, so that they can be read inside a transaction."""
        self.close_draft()
        self.replica.derive()
        self.created.clear()

    def _draft_for(self, uid: bytes, actors: Collection[int] = ()) -> Draft:
        """Return the open draft for this note, after closing the draft of another note.

        `actors` are those of the elements that the next edit refers to, or of the edits that it covers.
        """
        draft = self._draft
        if draft is not None and draft.doc.uid == uid:
            streams = draft.deps.missing(draft.deps.streams_of(draft.doc.state, actors))
            if len(draft.deps.named) + len(streams) <= DEPS_PER_CHANGE:
                draft.deps.name(streams)
                return draft
        if draft is not None:
            self.close_draft()
        doc = self.replica.documents.open(uid)
        if doc is None:
            raise NoteNotFound("This note is not here any more.")
        if doc.state.newer:
            raise NeedsUpdate("This note was edited with a newer crdtnotes; update this one to edit it.")
        # The edit has all others in its horizon, so the link set that it leaves is the one that is shown.
        frontier = self.replica.derived.frontiers.of(doc)
        place = self._place(doc, {*actors, *frontier})  # this may begin a new stream
        self._draft = Draft(doc, self.replica.actor, *place, joins=len(frontier) > 1)
        return self._draft

    def _reconcile(self, draft: Draft) -> None:
        """Make the link set match the text."""
        state = draft.doc.state
        text = str(state.text)
        known = draft.outlined
        links = known[1] if known is not None and known[0] == text else links_in(text)
        adds, removes = _differences(state, links)
        for element in adds:
            draft.add(Link(OpId(*draft.next_id()), element))
        for element, tags in removes:
            draft.add(Unlink(element, tags))

    def _new_id(self, name: str) -> bytes:
        """Return the id for a new note: the first in the name's series that was never used here."""
        key = name_key(name)
        generation = 0
        while True:
            uid = note_id(self.replica.vault_id, key, generation)
            if not self.replica.documents.has(uid):
                return uid
            generation += 1


def _continues(last: Insert, op: Insert) -> bool:
    """Whether an insert continues where the last one ended, as in typing: both become one operation."""
    from crdtnotes.crdt.rga import GROW

    counter, actor = last.id
    return op.after == (counter + len(last.text) - 1, actor) and len(last.text) < GROW


def _differences(
    state: "NoteState", links: Mapping[Element, int]
) -> tuple[list[Element], list[tuple[Element, tuple[OpId, ...]]]]:
    """Return what to add to a note's link set and what to remove, so that it fits the links of the text."""
    from crdtnotes.markup.outline import TEXT_KINDS

    return state.links.reconcile(links, TEXT_KINDS)


def check_text(text: str) -> None:
    """Refuse a text that cannot be stored, before anything is changed."""
    if len(text) > MAX_TEXT:
        raise TooLarge(f"A text of {len(text):,} characters is over the limit of {MAX_TEXT:,}.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidText("The text contains half of a surrogate pair, which is not valid Unicode.") from None
