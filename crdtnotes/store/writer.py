"""Local edits: each becomes operations of a change, which is closed when the edits turn to another note.

A change's counters are consecutive and begin where the deps say, so only one change is open at a time.
When it is closed, the note's link set is brought in line with its text by operations of that change.
Merging never writes; this module is the only one that does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from crdtnotes.changes.change import Change, birth_actor, note_id
from crdtnotes.changes.codec import encode
from crdtnotes.changes.limits import MAX_TIME, MAX_VALUE_BYTES
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import (
    Create,
    Delete,
    Element,
    Insert,
    Link,
    Op,
    Remove,
    Rename,
    Span,
    Unlink,
    next_counter,
)
from crdtnotes.crdt.rga import GROW
from crdtnotes.crdt.version import Version, join, pairs
from crdtnotes.errors import CrdtnotesError, InvalidText, NoteNotFound, TooLarge
from crdtnotes.markup.names import name_key
from crdtnotes.markup.outline import TEXT_KINDS, occurrences
from crdtnotes.store.replica import Replica
from crdtnotes.store.views.documents import Document

MAX_TEXT = 8 * 1024 * 1024
"""Characters in one insert; a change has a limit in bytes besides."""


_Deps = tuple[tuple[int, int], ...]


class Draft:
    """A change in the making: the operations so far are applied to the document, not yet logged."""

    __slots__ = ("counter", "deps", "doc", "ops", "outlined", "seq", "start", "text_edited")

    def __init__(self, doc: Document, seq: int, start: int, deps: _Deps) -> None:
        self.doc = doc
        self.seq = seq
        self.start = self.counter = start
        self.deps = deps
        self.ops: list[Op] = []
        self.text_edited = False
        self.outlined: tuple[str, dict[Element, int]] | None = None
        # A text and its links, where these were found before: no text is parsed twice.


class Writer:
    """Writes to a replica, inside its transactions. `now` gives the wall time in ms.

    `created` holds the name keys of notes that a transaction has created and the index does not show yet.
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
        """Hold the replica for writing; the edits made inside become visible to others together."""
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
        """Return a note while the open draft edits it: it exists then and is as its writer sees it."""
        return self._draft.doc if self._draft is not None and self._draft.doc.uid == uid else None

    @contextmanager
    def reading(self) -> Iterator[Replica]:
        """See what others have committed, and inside a transaction also what it has done so far."""
        if self.active:
            self.settle_names()
        with self.replica.reading():
            yield self.replica

    # -- edits

    def create(self, name: str, text: str, found: Mapping[Element, int] | None = None) -> bytes:
        """Create a note and return its id; `found` are its text's links where somebody has looked already."""
        _check_text(text)
        kept = _kept(occurrences(text) if found is None else found)
        links = tuple(sorted((kind, value, count) for (kind, value), count in kept.items()))
        with self.transaction():
            self.close_draft()
            uid = self._new_id(name)
            # A change of its own: what is too large for one is refused here, before anything is done.
            change = self._change(uid, *self._place(), (Create(birth_actor(uid, text), name, text, links),))
            data = encode(change)
            self.created.add(name_key(name))
            self.replica.add_created(change, data)
            return uid

    def insert(self, uid: bytes, after: OpId, text: str, *, links_later: bool = False) -> OpId | None:
        """Insert text behind an element; return the first character's id, None where there is no text.

        `links_later`: leave the link set as it is until `settle_links` or another edit of the note.
        """
        _check_text(text)
        if not text:
            return None
        with self.transaction():
            draft = self._draft_for(uid)
            draft.text_edited |= not links_later
            own = OpId(draft.counter, self.replica.actor)
            self._apply(draft, Insert(own, after, text))
            return own

    def delete(self, uid: bytes, spans: Sequence[Span], *, links_later: bool = False) -> None:
        """Delete elements; `links_later` as for `insert`."""
        if spans:
            with self.transaction():
                draft = self._draft_for(uid)
                draft.text_edited |= not links_later
                self._apply(draft, Delete(tuple(spans)))

    def settle_links(self, uid: bytes) -> None:
        """Bring a note's link set in line with its text, where edits left that for later.

        Writes nothing where they agree. Raises NoteNotFound.
        """
        with self.reading() as replica:
            doc = replica.documents.open(uid)
            if doc is None:
                raise NoteNotFound("This note is not here any more.")
            text = str(doc.state.text)
            links = _links(text)
            if not any(doc.state.links.reconcile(links, TEXT_KINDS)):
                return
        with self.transaction():
            draft = self._draft_for(uid)
            draft.text_edited = True
            draft.outlined = (text, links)

    def rename(self, uid: bytes, name: str) -> None:
        """Set a note's name."""
        with self.transaction():
            draft = self._draft_for(uid)
            self._apply(draft, Rename(OpId(draft.counter, self.replica.actor), name))

    def remove(self, uid: bytes) -> None:
        """Delete a note as this replica has it."""
        with self.transaction():
            draft = self._draft_for(uid)
            cover: Version = {}
            join(cover, draft.doc.state.cover)
            join(cover, draft.doc.state.edits)
            self._apply(draft, Remove(pairs(cover)))

    # -- changes

    def close_draft(self) -> None:
        """Turn the open draft into a change and log it.

        If that fails the document holds what the log does not, so the transaction cannot be committed,
        even where its caller goes on.
        """
        draft, self._draft = self._draft, None
        if draft is None:
            return
        if draft.text_edited:
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

    def _change(self, uid: bytes, seq: int, start: int, deps: _Deps, ops: tuple[Op, ...]) -> Change:
        return Change(self.replica.actor, seq, start, deps, min(max(0, self._now()), MAX_TIME), uid, ops)

    def _place(self) -> tuple[int, int, _Deps]:
        """Return the seq, the start and the deps that the next change has."""
        replica, log = self.replica, self.replica.log
        replica.ensure_own_stream()
        head, seen = log.head(replica.actor), log.seen(replica.actor)
        deps = {
            actor: other.seq
            for actor, other in log.heads.items()
            if actor != replica.actor and other.seq > seen.get(actor, (0, 0))[0]
        }
        start = 1 + max([head.last, *(log.head(actor).last for actor in deps)])
        return head.seq + 1, start, pairs(deps)

    def settle_names(self) -> None:
        """Log what is open and derive names and links, so that they can be asked inside a transaction."""
        self.close_draft()
        self.replica.derive()
        self.created.clear()

    def _draft_for(self, uid: bytes) -> Draft:
        """Return the open draft for this note, after closing that of another."""
        draft = self._draft
        if draft is not None:
            if draft.doc.uid == uid:
                return draft
            self.close_draft()
        doc = self.replica.documents.open(uid)
        if doc is None:
            raise NoteNotFound("This note is not here any more.")
        self._draft = Draft(doc, *self._place())
        return self._draft

    def _apply(self, draft: Draft, op: Op) -> None:
        draft.doc.state.apply(self.replica.actor, draft.seq, (op,))
        last = draft.ops[-1] if draft.ops else None
        if isinstance(op, Insert) and isinstance(last, Insert) and _continues(last, op):
            draft.ops[-1] = Insert(last.id, last.after, last.text + op.text)
        else:
            draft.ops.append(op)
        draft.counter = next_counter(draft.counter, op)

    def _reconcile(self, draft: Draft) -> None:
        """Bring the link set in line with the text."""
        state = draft.doc.state
        text = str(state.text)
        known = draft.outlined
        links = known[1] if known is not None and known[0] == text else _links(text)
        adds, removes = state.links.reconcile(links, TEXT_KINDS)
        for element in adds:
            self._apply(draft, Link(OpId(draft.counter, self.replica.actor), element))
        for element, tags in removes:
            self._apply(draft, Unlink(element, tags))

    def _new_id(self, name: str) -> bytes:
        """Return the id for a new note: the first in the name's series that is not used up here."""
        key = name_key(name)
        generation = 0
        while True:
            uid = note_id(self.replica.vault_id, key, generation)
            if not self.replica.documents.has(uid):
                return uid
            generation += 1


def _continues(last: Insert, op: Insert) -> bool:
    """Whether an insert goes on where the last one ended: typing, which makes one operation."""
    counter, actor = last.id
    return op.after == (counter + len(last.text) - 1, actor) and len(last.text) < GROW


def _links(text: str) -> dict[Element, int]:
    """Return the links of a text that are kept."""
    return _kept(occurrences(text))


def _kept(links: Mapping[Element, int]) -> dict[Element, int]:
    """Return the links without those whose target is too long to be one."""
    return {
        (kind, value): count
        for (kind, value), count in links.items()
        if len(value.encode()) <= MAX_VALUE_BYTES
    }


def _check_text(text: str) -> None:
    """Refuse what cannot be stored before anything is changed."""
    if len(text) > MAX_TEXT:
        raise TooLarge(f"A text of {len(text):,} characters is over the limit of {MAX_TEXT:,}.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidText("The text holds half of a surrogate pair, which is not valid Unicode.") from None
