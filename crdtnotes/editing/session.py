"""EditSession: one note as one editor shows it.

Rules
    - The session's text moves only inside `commit`, `look`, `undo` and `redo`, and each returns what moved
      beyond what the caller asked for: so positions that come from the editor are never misread, whatever
      has been committed to the note in the meantime by peers or other processes.
    - An edit names elements of that text. It is committed with the ids that the log gives it, and stands in
      the session's text at once; then the log is caught up with, where the session's own changes do nothing
      more.
    - When a transaction fails, the session is as it was before: the same edits can be tried again.
    - After a fork the log is written anew and elements have new names. The session then takes the note as
      it is now, puts edits where they belong by comparing the texts, and forgets what could be undone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from crdtnotes.crdt.diff import edits as differences
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import Patch, Span
from crdtnotes.crdt.rebase import rebase
from crdtnotes.crdt.rga import Rga
from crdtnotes.editing.history import Deleted, History, Inserted, Step, places
from crdtnotes.errors import NoteNotFound, StoreError
from crdtnotes.store.views.documents import Document
from crdtnotes.store.writer import Writer


class Grouped(NamedTuple):
    """An edit and the group of edits with which it is undone."""

    edit: Patch
    group: int = 0


class EditSession:
    """A note in an editor. Positions are code points; to be used from the thread of its vault."""

    def __init__(self, writer: Writer, uid: bytes) -> None:
        self._writer = writer
        self._uid = uid
        self._history = History()
        self._unsettled = False
        with writer.reading():
            self._doc = self._copy()
            self._epoch = writer.replica.epoch

    @property
    def text(self) -> str:
        """The text as this session knows it."""
        return str(self._rga)

    @property
    def exists(self) -> bool:
        """Whether the note is there; after a delete, the next edit brings it back."""
        return self._doc.state.exists

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit of this session to take back."""
        return bool(self._history.undos)

    @property
    def can_redo(self) -> bool:
        """Whether there is something taken back to do again."""
        return bool(self._history.redos)

    @property
    def _rga(self) -> Rga:
        return self._doc.state.text

    def anchor(self, index: int) -> OpId:
        """Return the character before a position; it stays the same whatever is edited."""
        return self._rga.before(index)

    def position(self, anchor: OpId) -> int:
        """Return the position behind an anchor, or where it was."""
        index, alive = self._rga.position(anchor)
        return index + alive

    # -- editing

    def commit(self, edits: Sequence[Grouped]) -> list[Patch]:
        """Make edits, each on the text that the one before it left, in one durable transaction.

        Returns what others did since the session last looked, as patches of the text after these edits.
        Links follow when `settle` is called. Raises OutOfRange, InvalidText, TooLarge or a StoreError.
        """
        done: list[tuple[int, list[Step]]] = []
        with self._writing():
            if self._outdated:
                return self._commit_anew(edits)
            done.extend((group, self._make(edit)) for edit, group in edits)
        for group, steps in done:
            if steps:
                self._history.record(group, steps)
                self._unsettled = True
        try:
            return self.look()
        except StoreError:
            # The edits are stored: an error now would make whoever called make them again.
            return []

    def look(self) -> list[Patch]:
        """Return what others did to the text since the session last looked."""
        with self._writer.reading() as replica:
            if self._epoch != replica.epoch:
                before = self.text
                self._renew()
                return differences(before, self.text)
            return replica.documents.catch_up(self._doc)

    def undo(self) -> list[Patch]:
        """Take back this session's last group of edits; return what that did to the text."""
        return self._turn(self._history.undos, self._history.redos)

    def redo(self) -> list[Patch]:
        """Do again what was taken back last; return what that did to the text."""
        return self._turn(self._history.redos, self._history.undos)

    def settle(self) -> None:
        """Bring the note's links in line with its text, if this session has edited it since."""
        if self._unsettled:
            self._writer.settle_links(self._uid)
            self._unsettled = False

    # -- inside

    @contextmanager
    def _writing(self) -> Iterator[None]:
        doc, epoch = self._doc, self._epoch
        try:
            with self._writer.transaction():
                yield
        except BaseException:
            with self._writer.reading() as replica:
                outdated = epoch != replica.epoch
                # Of an outdated document nothing was touched.
                self._doc = doc if outdated else replica.documents.copy_as_of(doc)
                self._epoch = epoch
            raise

    @property
    def _outdated(self) -> bool:
        """Whether the log has been written anew since the session took the note."""
        return self._epoch != self._writer.replica.epoch

    def _copy(self) -> Document:
        doc = self._writer.replica.documents.copy(self._uid)
        if doc is None:
            raise NoteNotFound("This note is not here any more.")
        return doc

    def _renew(self) -> None:
        """Take the note as the log has it now; elements that could be undone have other names there."""
        self._doc = self._copy()
        self._epoch = self._writer.replica.epoch
        self._history = History()

    def _commit_anew(self, edits: Sequence[Grouped]) -> list[Patch]:
        """Make edits of the text that this session shows in a log that has been written anew."""
        before = shown = self.text
        for (start, removed, inserted), _ in edits:
            shown = shown[:start] + inserted + shown[start + removed :]
        self._renew()
        moved = rebase(differences(before, shown), differences(before, self.text))
        for patch in sorted(moved, reverse=True):
            self._make(patch)
        self._unsettled = True
        return differences(shown, self.text)

    def _make(self, edit: Patch) -> list[Step]:
        steps: list[Step] = []
        after = self._rga.before(edit.start)
        spans = self._rga.spans(edit.start, edit.removed)
        if spans:
            step, _ = self._erase(list(_placed(spans, edit.start)))
            steps.append(step)
        if edit.inserted:
            span, _ = self._insert(after, edit.inserted)
            steps.append(Inserted((span,), after))
        return steps

    def _insert(self, after: OpId, text: str) -> tuple[Span, list[Patch]]:
        id = self._writer.insert(self._uid, after, text, links_later=True)
        if id is None:
            raise ValueError("there is nothing to insert")
        return Span(id.actor, id.counter, len(text)), self._rga.insert(id, after, text)

    def _erase(self, parts: list[tuple[int, Span]]) -> tuple[Deleted, list[Patch]]:
        text = str(self._rga)
        spans = [span for _, span in parts]
        self._writer.delete(self._uid, spans, links_later=True)
        gone = tuple((span, text[index : index + span.length]) for index, span in parts)
        return Deleted(gone), self._rga.delete(spans)

    def _turn(self, source: list[list[Step]], target: list[list[Step]]) -> list[Patch]:
        """Take back the last group of `source`; what takes that back again goes to `target`."""
        patches: list[Patch] = []
        made: list[Step] = []
        with self._writer.reading():
            if self._outdated:
                return self.look()
        if source:
            with self._history.reviving(), self._writing():
                for step in reversed(source[-1]):
                    patches += self._take_back(step, made)
            source.pop()
            target.append(made)
            self._history.close_group()
            self._unsettled = True
        return patches

    def _take_back(self, step: Step, made: list[Step]) -> list[Patch]:
        patches: list[Patch] = []
        if isinstance(step, Inserted):
            parts = self._history.living(step.spans, self._rga)
            if parts:
                deleted, patches = self._erase(parts)
                made.append(deleted)
            return patches
        spans: list[Span] = []
        for old, text in list(places(step.pieces, self._rga)):
            span, done = self._insert(OpId(old.counter + old.length - 1, old.actor), text)
            self._history.revive(old, span)
            spans.append(span)
            patches += done
        made.append(Inserted(tuple(spans), ROOT))
        return patches


def _placed(spans: Sequence[Span], index: int) -> Iterator[tuple[int, Span]]:
    for span in spans:
        yield index, span
        index += span.length
