"""EditSession: one note as one editor shows it.

Rules
    - The session's text changes only inside `commit`, `refresh`, `undo` and `redo`, and each returns the
      changes beyond those that the caller asked for. So positions from the editor are never misread, whatever
      peers or other processes have committed to the note in the meantime.
    - An edit refers to elements of that text. It is committed with the ids that the log gives it, and is in
      the session's text at once; then the session catches up with the log, where its own changes have no
      further effect.
    - When a transaction fails, the session is as it was before: the same edits can be tried again.
    - After a fork the log is rewritten and elements have new ids. The session then reloads the note, finds
      the places of edits by comparing the texts, and forgets its undo history.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from crdtnotes.changes.derived import NoteNames
from crdtnotes.crdt import authoring
from crdtnotes.crdt.diff import edits as differences
from crdtnotes.crdt.ids import ROOT, Id, OpId
from crdtnotes.crdt.ops import Delete, Insert, Patch, Same, Set, Span, next_counter
from crdtnotes.crdt.rga import Rga
from crdtnotes.crdt.values import elements
from crdtnotes.editing.history import Deleted, History, Inserted, Pieces, Step, Valued, joined, lines, places
from crdtnotes.errors import NoteNotFound, StoreError
from crdtnotes.markup.values import Edit, box_in, rebase_values
from crdtnotes.store.views.documents import Document
from crdtnotes.store.writer import MAX_ALIKE, Draft, Made, Writer, check_text

MAX_BOX = 3
"""The most characters in an edit that ticks a task: a box with its brackets."""

_ALONE = -1
# The undo group of an edit that is undone by itself.


class Grouped(NamedTuple):
    """An edit and its undo group; edits of one group are undone together.

    `alike`: the edit is the same whoever makes it, as a replacement is, or a change of the indentation. Two
    people who make it apart mean one edit; where they type the same text, they mean two.
    """

    edit: Patch
    group: int = 0
    alike: bool = False


class EditSession:
    """A note in an editor. Positions are code points; to be used from the thread of its vault."""

    def __init__(self, writer: Writer, uid: bytes) -> None:
        self._writer = writer
        self._uid = uid
        self._history = History()
        self._begun: set[Id] = set()
        """The first elements of what this session has inserted."""
        self._links_outdated = False
        with writer.flushed():
            self._doc = self._copy()
            self._rewrites = writer.replica.rewrites

    @property
    def text(self) -> str:
        """The text as this session knows it."""
        return str(self._rga)

    @property
    def exists(self) -> bool:
        """Whether the note exists; after a delete, the next edit restores it."""
        return self._doc.state.exists

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit of this session to undo."""
        return bool(self._history.undos)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone edit to redo."""
        return bool(self._history.redos)

    @property
    def _rga(self) -> Rga:
        return self._doc.state.text

    def anchor(self, index: int) -> OpId:
        """Return the element before a position; it stays the same whatever is edited."""
        return self._rga.before(index)

    def position(self, anchor: OpId) -> int:
        """Return the position behind an anchor, or the place where it was if it is deleted."""
        index, alive = self._rga.position(anchor)
        return index + alive

    # -- editing

    def commit(self, edits: Sequence[Grouped]) -> list[Patch]:
        """Commit edits, each relative to the text after the one before it, in one durable transaction.

        Returns others' edits since the session was last refreshed, as patches of the text after these edits.
        Call `update_links` for the links. Raises OutOfRange, InvalidText, TooLarge or a StoreError.
        """
        done: list[tuple[int, list[Step]]] = []
        alike = Counter(edit.group for edit in edits if edit.alike)
        with self._writing():
            if self._outdated:
                return self._commit_anew(edits)
            done.extend(
                (group, self._make(edit, alike=is_alike and alike[group] <= MAX_ALIKE))
                for edit, group, is_alike in edits
            )
        for group, steps in done:
            if steps:
                self._history.record(group, steps)
                self._links_outdated = True
        try:
            return self.refresh()
        except StoreError:
            # The edits are stored: an error now would make the caller repeat them.
            return []

    def refresh(self) -> list[Patch]:
        """Return others' edits of the text since the session was last refreshed, as patches."""
        with self._writer.reading() as replica:
            if self._rewrites != replica.rewrites:
                before = self.text
                self._renew()
                return differences(before, self.text)
            return replica.documents.catch_up(self._doc)

    def replace(self, make: Callable[[], Sequence[Edit]]) -> list[Patch]:
        """Commit edits that are the same whoever makes them, as one group to undo.

        `make` returns them, from the last to the first; it is called in the transaction, when the session's
        text is what the log shows, and the positions of all edits refer to that text. Returns the effect on
        the session's text, with others' edits before it; errors are those of `commit`.
        """
        patches: list[Patch] = []
        steps: list[Step] = []
        while True:
            patches += self.refresh()
            with self._writing():
                if not self._is_current:
                    continue
                for (start, removed, inserted), is_value in make():
                    made, done = self._replace(start, removed, inserted, is_value=is_value)
                    steps += made
                    patches += done
            break
        self._history.close_group()
        self._history.record(_ALONE, steps)
        self._history.close_group()
        self._links_outdated = True
        return patches

    def undo(self) -> list[Patch]:
        """Undo this session's last group of edits; return the effect on the text as patches."""
        return self._turn(self._history.undos, self._history.redos)

    def redo(self) -> list[Patch]:
        """Redo the group that was undone last; return the effect on the text as patches."""
        return self._turn(self._history.redos, self._history.undos)

    def update_links(self) -> None:
        """Make the note's links match its text, if this session has edited it since the last call."""
        if self._links_outdated:
            self._writer.update_links(self._uid)
            self._links_outdated = False

    # -- inside

    @contextmanager
    def _writing(self) -> Iterator[None]:
        doc, rewrites = self._doc, self._rewrites
        try:
            with self._writer.transaction():
                yield
        except BaseException:
            with self._writer.reading() as replica:
                outdated = rewrites != replica.rewrites
                # An outdated document was not modified.
                self._doc = doc if outdated else replica.documents.copy_as_of(doc)
                self._rewrites = rewrites
            raise

    @property
    def _outdated(self) -> bool:
        """Whether the log was rewritten since the session loaded the note."""
        return self._rewrites != self._writer.replica.rewrites

    @property
    def _is_current(self) -> bool:
        """Whether the session's text is the one that the log shows; asked inside a transaction."""
        doc = self._writer.replica.documents.open(self._uid)
        return not self._outdated and doc is not None and doc.upto == self._doc.upto

    def _copy(self) -> Document:
        doc = self._writer.replica.documents.copy(self._uid)
        if doc is None:
            raise NoteNotFound("This note is not here any more.")
        return doc

    def _renew(self) -> None:
        """Reload the note from the log; the elements of the undo history have other ids there."""
        self._doc = self._copy()
        self._rewrites = self._writer.replica.rewrites
        self._history = History()
        self._begun = set()

    def _commit_anew(self, edits: Sequence[Grouped]) -> list[Patch]:
        """Commit edits of the text that this session shows to a log that was rewritten."""
        before = shown = self.text
        for (start, removed, inserted), *_ in edits:
            shown = shown[:start] + inserted + shown[start + removed :]
        self._renew()
        moved = rebase_values(before, differences(before, shown), differences(before, self.text))
        alike = len(edits) <= MAX_ALIKE and all(edit.alike for edit in edits)
        # From the last to the first; of an insert and a delete at one place, first the delete.
        for patch in sorted(moved, key=lambda patch: (patch.start, patch.removed), reverse=True):
            self._make(patch, alike=alike)
        self._links_outdated = True
        return differences(shown, self.text)

    def _make(self, edit: Patch, *, alike: bool) -> list[Step]:
        if 0 < edit.removed == len(edit.inserted) <= MAX_BOX:
            at = self._box_within(edit)
            if at is not None:
                steps, _ = self._set(at, 1, edit.inserted[at - edit.start])
                return steps
        steps = []
        after = self._rga.before(edit.start)
        spans = self._rga.spans(edit.start, edit.removed)
        gone = self._with_text(_placed(spans, edit.start)) if spans else ()
        if edit.inserted and alike:
            state = self._doc.state
            came, _ = self._insert_same(
                lambda draft: authoring.same(draft, state, after, spans, edit.inserted), edit.inserted
            )
            steps.append(Inserted(came, after))
        if gone:
            step, _ = self._erase(gone)
            steps.append(step)
        if edit.inserted and not alike:
            span, _ = self._insert(after, edit.inserted)
            steps.append(Inserted((span,), after))
        return steps

    def _box_within(self, edit: Patch) -> int | None:
        """Return the position of a task's box value if an edit changes just this character, else None."""
        text = self.text
        old = text[edit.start : edit.start + edit.removed]
        changed = [at for at, pair in enumerate(zip(old, edit.inserted, strict=False)) if pair[0] != pair[1]]
        if len(old) != edit.removed or len(changed) != 1:
            return None
        index = edit.start + changed[0]
        start, end = text.rfind("\n", 0, index) + 1, text.find("\n", index)
        is_box = box_in(text[start : end if end >= 0 else len(text)]) == (index - start, index - start + 1)
        return index if is_box else None

    def _apply(self, make: Callable[[Draft], None]) -> tuple[Made, list[Patch]]:
        """Write operations, and apply them to the text that this session shows."""
        made = self._writer.edit(self._uid, make, links_later=True)
        return made, self._doc.state.apply(*made)

    def _insert(self, after: OpId, text: str) -> tuple[Span, list[Patch]]:
        check_text(text)
        # In front of what this session has begun to write right here, so that a block stays together that a
        # person writes upwards.
        front = self._begun_behind(after) or authoring.birth_behind(self._doc.state, after)

        def make(draft: Draft) -> None:
            known = front if front is not None and front in draft.state.text else None
            draft.add(authoring.typed(draft.next_id(), after, known, text))

        made, patches = self._apply(make)
        span = Span(made.actor, made.start, len(text))
        if after != OpId(made.start - 1, made.actor):
            self._begun.add(OpId(made.start, made.actor))
        return span, patches

    def _begun_behind(self, after: OpId) -> OpId | None:
        """Return the element behind `after` if this session has begun to write there."""
        right = self._rga.neighbour(after)
        if right is not None and right not in self._begun and after == ROOT and len(self._rga):
            right = self._rga.id_at(0)  # what was typed in front of a birth's text hangs at its front
        return right if right is not None and right > after and right in self._begun else None

    def _insert_same(self, same: Callable[[Draft], Same], text: str) -> tuple[tuple[Span, ...], list[Patch]]:
        """Insert text whose elements do not depend on the author; return them."""
        check_text(text)
        made, patches = self._apply(lambda draft: draft.add(same(draft)))
        return _spans(next(op for op in made.ops if isinstance(op, Same))), patches

    def _erase(self, gone: Pieces) -> tuple[Deleted, list[Patch]]:
        spans = [span for span, _ in gone]
        made, patches = self._apply(lambda draft: authoring.erase(draft, spans, self._doc.state))
        counter = made.start
        for op in made.ops:
            if isinstance(op, Insert):  # a value that lost its delimiter is written again, as text
                at, actor = op.after
                size = len(op.text)
                self._history.revive(Span(actor, at, size), Span(made.actor, counter, size))
            counter = next_counter(counter, op)
        return Deleted(gone), patches

    def _with_text(self, parts: Iterable[tuple[int, Span]]) -> Pieces:
        """Return elements at positions with their text."""
        text = self.text
        return tuple((span, text[index : index + span.length]) for index, span in parts)

    def _set(self, start: int, removed: int, value: str) -> tuple[list[Step], list[Patch]]:
        """Set the value that stands at a position; if that is not one value any more, replace the text."""
        before, end = self.text, start + removed
        delimiter, spans = self._rga.before(start), self._rga.spans(start, removed)
        is_value = (
            delimiter != ROOT
            and 0 < len(value) <= authoring.MAX_VALUE
            and removed <= authoring.MAX_VALUE
            and authoring.is_one_value(self._doc.state, delimiter, spans)
        )

        is_gone = False

        def make(draft: Draft) -> None:
            nonlocal is_gone
            text = draft.state.text
            index, alive = text.position(delimiter)
            if alive and len(text) > index + removed and text.spans(index + 1, removed) == spans:
                authoring.set_value(draft, index + 1, removed, value)
            elif alive and is_value:
                # Others have set it since this session was last refreshed.
                authoring.set_seen_value(draft, delimiter, spans, value)
            else:
                is_gone = not alive and not any(text.position(id)[1] for id in elements(spans))

        made, patches = self._apply(make)
        if is_gone:
            return [], []  # others have deleted it, with its line
        if not made.ops:
            deleted, patches = self._erase(self._with_text(_placed(spans, start)))
            span, more = self._insert(delimiter, value)
            return [deleted, Inserted((span,), delimiter)], patches + more
        return self._steps(made, before, start, end, spans), patches

    def _replace(
        self, start: int, removed: int, inserted: str, *, is_value: bool
    ) -> tuple[list[Step], list[Patch]]:
        """Replace a text, or set a value, as everybody would; the session's text is the log's."""
        check_text(inserted)
        before, spans = self.text, self._rga.spans(start, removed)

        def make(draft: Draft) -> None:
            if is_value:
                authoring.set_value(draft, start, removed, inserted)
            else:
                authoring.replace(draft, start, removed, inserted)

        made, patches = self._apply(make)
        return self._steps(made, before, start, start + removed, spans), patches

    def _steps(self, made: Made, before: str, start: int, end: int, spans: Sequence[Span]) -> list[Step]:
        """Return the steps of operations that replaced `before[start:end]`, which were these elements."""
        steps: list[Step] = []
        for op in made.ops:
            if isinstance(op, Set):
                index, _ = self._rga.position(op.after)
                steps.append(Valued(OpId(*op.after), before[index + 1 : end], op.text))
            elif isinstance(op, Same):
                steps.append(Inserted(_spans(op), OpId(*op.after)))
            elif isinstance(op, Delete):
                parts = _placed(spans, start)
                steps.append(Deleted(tuple((span, before[at : at + span.length]) for at, span in parts)))
        return steps

    def _turn(self, source: list[list[Step]], target: list[list[Step]]) -> list[Patch]:
        """Undo the last group of `source`; the steps that undo it again go to `target`."""
        patches: list[Patch] = []
        made: list[Step] = []
        with self._writer.reading():
            if self._outdated:
                return self.refresh()
        if source:
            deleted = [step.pieces for step in source[-1] if isinstance(step, Deleted)]
            alike = sum(text.count("\n") + 1 for pieces in deleted for _, text in pieces) <= MAX_ALIKE
            with self._history.reviving(), self._writing():
                for step in reversed(source[-1]):
                    patches += self._take_back(step, made, alike=alike)
            source.pop()
            target.append(made)
            self._history.close_group()
            self._links_outdated = True
        return patches

    def _take_back(self, step: Step, made: list[Step], *, alike: bool) -> list[Patch]:
        """Undo a step; `alike`: deleted text comes back the same whoever brings it back."""
        patches: list[Patch] = []
        if isinstance(step, Valued):
            index, alive = self._rga.position(step.delimiter)
            end = index + 1 + len(step.new)
            if alive and self.text[index + 1 : end] == step.new:
                steps, patches = self._set(index + 1, len(step.new), step.old)
                made += steps
            return patches
        if isinstance(step, Inserted):
            parts = self._history.living(step.spans, self._rga)
            for value in authoring.enclosed_values(self._doc.state, [span for _, span in parts]):
                span = Span(*value)
                parts.append((self._rga.position(OpId(span.counter, span.actor))[0], span))
            parts.sort()
            if parts:
                deleted, patches = self._erase(self._with_text(parts))
                made.append(deleted)
            return patches
        pieces = list(places(step.pieces, self._rga))
        spans: list[Span] = []
        for run in joined(lines(pieces) if alike else pieces, self._rga, self._doc.state.values.cell_of):
            last = run[-1][0]
            whole = "".join([text for _, text in run])
            came, done = self._bring_back(
                OpId(last.counter + last.length - 1, last.actor), whole, alike=alike
            )
            at = came.counter
            for old, text in run:
                self._history.revive(old, Span(came.actor, at, len(text)))
                at += len(text)
            spans.append(came)
            patches += done
        made.append(Inserted(tuple(spans), ROOT))
        return patches

    def _bring_back(self, after: OpId, text: str, *, alike: bool) -> tuple[Span, list[Patch]]:
        """Insert the text of tombstones right behind them; `after` is the last one."""
        if not alike:
            return self._insert(after, text)
        state = self._doc.state
        found = authoring.again(NoteNames(self._uid), state, after, text)
        if found is not None:  # another person's undo was here first
            return found, []
        (came,), patches = self._insert_same(
            lambda draft: authoring.same_again(draft, state, after, text), text
        )
        return came, patches


def _spans(op: Same) -> tuple[Span, ...]:
    return tuple(Span(actor, counter, len(text)) for actor, counter, text in op.runs)


def _placed(spans: Sequence[Span], index: int) -> Iterator[tuple[int, Span]]:
    for span in spans:
        yield index, span
        index += span.length
