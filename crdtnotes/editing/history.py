"""The edits that one person made to a text in one session, by element, so that they can be undone.

Rules
    - A *step* is the effect of one operation: elements that were inserted, elements that were deleted, with
      their text, or a value that was set, with the one before it.
    - Undoing an insertion deletes those of its elements that are still visible, and the values that others
      have set between them, such as a tick. Undoing a deletion inserts its text right behind the tombstones,
      line by line: two people who both undo the deletion of a paragraph bring it back once. Either one is a
      new step, which the opposite direction undoes.
    - Undoing a Set sets the former value, if the new one still stands.
    - Elements that are inserted again have new ids. A step that names the old ids means the new ones too.
    - Edits of others belong to no step: they stay, wherever they are.
"""

from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Span
from crdtnotes.crdt.rga import Rga

MAX_UNDO_GROUPS = 1000
"""The most groups of steps that can be undone."""


Pieces = tuple[tuple[Span, str], ...]
"""Elements with their text."""


class Inserted(NamedTuple):
    """These elements were inserted, the first of them right behind `after`."""

    spans: tuple[Span, ...]
    after: OpId


class Deleted(NamedTuple):
    """These elements were deleted; each span comes with the text that it had."""

    pieces: Pieces


class Valued(NamedTuple):
    """The value behind the element `delimiter` was set from `old` to `new`."""

    delimiter: OpId
    old: str
    new: str


Step = Inserted | Deleted | Valued


class History:
    """The groups of steps to undo and to redo, the latest last."""

    def __init__(self) -> None:
        self.undos: list[list[Step]] = []
        self.redos: list[list[Step]] = []
        self._group = 0
        self._revived: list[tuple[Span, Span]] = []

    def record(self, group: int, steps: Iterable[Step]) -> None:
        """Add steps; consecutive steps of one group are undone together."""
        if group != self._group or not self.undos:
            self.undos.append([])
            del self.undos[:-MAX_UNDO_GROUPS]
        self._group = group
        self.redos.clear()
        for step in steps:
            _append(self.undos[-1], step)

    def close_group(self) -> None:
        """Let the next step begin a new group, whatever group number it has."""
        self._group = 0

    def revive(self, old: Span, new: Span) -> None:
        """Remember that the elements `old` were inserted again as `new`."""
        self._revived.append((old, new))

    @contextmanager
    def reviving(self) -> Iterator[None]:
        """Forget the calls of `revive` made inside the block if the block fails."""
        count = len(self._revived)
        try:
            yield
        except BaseException:
            del self._revived[count:]
            raise

    def living(self, spans: Iterable[Span], text: Rga) -> list[tuple[int, Span]]:
        """Return `(index, span)` of those elements that are visible, under their old or new ids."""
        return sorted({part for span in self._all(spans) for part in _visible(span, text)})

    def _all(self, spans: Iterable[Span]) -> list[Span]:
        found = list(spans)
        for old, new in self._revived:
            for span in tuple(found):
                first = max(span.counter, old.counter)
                last = min(span.counter + span.length, old.counter + old.length)
                if span.actor == old.actor and first < last:
                    found.append(Span(new.actor, new.counter + first - old.counter, last - first))
        return found


def places(pieces: Iterable[tuple[Span, str]], text: Rga) -> Iterator[tuple[Span, str]]:
    """Split pieces of tombstones where visible text lies between them."""
    for span, was in pieces:
        first, _ = text.position(_element(span, 0))
        last, _ = text.position(_element(span, span.length - 1))
        if first == last:
            yield span, was
            continue
        half = span.length // 2
        parts = (
            (Span(span.actor, span.counter, half), was[:half]),
            (Span(span.actor, span.counter + half, span.length - half), was[half:]),
        )
        yield from places(parts, text)


def lines(pieces: Iterable[tuple[Span, str]]) -> Iterator[tuple[Span, str]]:
    """Split pieces behind each newline."""
    for span, text in pieces:
        start = 0
        while start < len(text):
            end = text.find("\n", start) + 1 or len(text)
            yield Span(span.actor, span.counter + start, end - start), text[start:end]
            start = end


def joined(
    pieces: Iterable[tuple[Span, str]], text: Rga, values: Container[int]
) -> Iterator[list[tuple[Span, str]]]:
    """Join a value with the pieces of tombstones around it, if nothing visible lies between them.

    They come back as one text: what others have written behind one of them must not end up between them.
    `values` has the actors of values.
    """
    run: list[tuple[Span, str]] = []
    for span, was in pieces:
        if run:
            last, before = run[-1]
            ends = text.position(_element(last, last.length - 1))[0]
            is_apart = before.endswith("\n") or ends != text.position(_element(span, 0))[0]
            if is_apart or (last.actor in values) == (span.actor in values):
                yield run
                run = []
        run.append((span, was))
    if run:
        yield run


def _append(steps: list[Step], step: Step) -> None:
    """Add a step; continued typing is merged into one step, and so is continued deleting."""
    last = steps[-1] if steps else None
    if isinstance(last, Deleted) and isinstance(step, Deleted):
        (first, text), *rest = last.pieces
        before, was = step.pieces[-1]
        if _element(before, before.length) == _element(first, 0):  # by Backspace
            grown = Span(before.actor, before.counter, before.length + first.length)
            steps[-1] = Deleted((*step.pieces[:-1], (grown, was + text), *rest))
            return
    if isinstance(last, Inserted) and isinstance(step, Inserted):
        before, after = last.spans[-1], step.spans[0]
        end = _element(before, before.length - 1)
        if step.after == end and after.actor == end.actor and after.counter == end.counter + 1:
            grown = Span(before.actor, before.counter, before.length + after.length)
            steps[-1] = Inserted((*last.spans[:-1], grown, *step.spans[1:]), last.after)
            return
    steps.append(step)


def _visible(span: Span, text: Rga) -> Iterator[tuple[int, Span]]:
    """Yield the visible parts of a span with their indexes."""
    first, _ = text.position(_element(span, 0))
    last, alive = text.position(_element(span, span.length - 1))
    index = first
    for there in text.spans(first, last + alive - first):
        start = max(there.counter, span.counter)
        end = min(there.counter + there.length, span.counter + span.length)
        if there.actor == span.actor and start < end:
            yield index + start - there.counter, Span(span.actor, start, end - start)
        index += there.length


def _element(span: Span, offset: int) -> OpId:
    return OpId(span.counter + offset, span.actor)
