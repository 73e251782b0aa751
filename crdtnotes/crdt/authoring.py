"""Turns edits by position into the operations that say what the author meant.

    - `replace` makes an edit that is the same whoever makes it: an import, a whole-text write, a rename, a
      template. It is a Same, with a Delete of what gives way.
    - `same` and `same_again` make the Same alone, for an editor: of a command that rewrites text, and of an
      undo that brings deleted text back.
    - `set_value` sets one value behind its delimiter: a task's box, a scalar of the front matter, a link's
      target. `set_seen_value` does so for an author who has not seen the latest state.
    - `type_over` makes an edit of this author, as a person who types does.
    - `erase` deletes.

What a person types or pastes is an Insert, or a Before in front of what the same person has just written, or
in front of a birth's text (`birth_behind`).

Each function applies its operations to the note through `Draft.add`, one after another, because each depends
on the text that the one before it leaves. Positions are code points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from zlib import crc32

from crdtnotes.crdt.ids import ROOT, Id
from crdtnotes.crdt.ops import Before, Delete, Elements, Insert, Op, Same, Set, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crdtnotes.crdt.note import NoteState

MAX_PIECES = 256
"""The most pieces of one Same; the last takes the rest of the text. Each takes about 250 bytes of memory."""

MAX_VALUE = 1000
"""The most characters of one value, and of what a Set names that stood there before."""


NEWLINE_FIRST = 2**32
"""The smallest series of a text that begins with a newline and does not end with one."""

AGAIN = 2**16
"""The first series of text that an undo brings back, so that it is not taken for text that was written."""


class Names(Protocol):
    """Derives the actors of elements from what they are; see `crdtnotes.changes.derived`."""

    def piece(self, after: Id, base: int, series: int, text: str) -> int:
        """Return the actor of a piece of a Same."""
        ...

    def value(self, delimiter: Id, base: int, text: str) -> int:
        """Return the actor of a value."""
        ...


class Draft(Protocol):
    """An open change of one note."""

    @property
    def state(self) -> NoteState:
        """The note with the operations so far."""
        ...

    @property
    def names(self) -> Names:
        """Derives the actors of this note's elements."""
        ...

    def next_id(self) -> Id:
        """Return the id that the next operation has."""
        ...

    def add(self, op: Op) -> None:
        """Apply the next operation."""
        ...


def pieces(text: str) -> list[str]:
    """Cut a text behind each newline into at most `MAX_PIECES` pieces."""
    found = text.split("\n", MAX_PIECES - 1)
    return [f"{line}\n" for line in found[:-1]] + ([found[-1]] if found[-1] else [])


def named(names: Names, after: Id, base: int, series: int, text: str) -> tuple[tuple[int, str], ...]:
    """Return the pieces of a Same with their actors."""
    result = []
    for piece in pieces(text):
        actor = names.piece(after, base, series, piece)
        result.append((actor, piece))
        base += len(piece)
        after = (base, actor)
    return tuple(result)


def base_of(state: NoteState, after: Id, leaving: Sequence[Elements]) -> int:
    """Return the base of elements that stand right of `after` and left of the first element that stays.

    It is a function of these two neighbours: elements from `base + 1` on stand between them on every replica,
    whatever tombstones lie there. `leaving` are visible elements that give way, right behind `after`. If
    nothing stays behind them, the first of them takes the place of the right neighbour: what others append
    meanwhile stays behind the new elements.
    """
    least = state.text.least_between(after, leaving)
    if not least and leaving:
        least = state.text.least_between(after, ())
    return max(after[0], least)


def replace(draft: Draft, start: int, removed: int, text: str) -> None:
    """Replace `removed` characters from `start` on with a text; the same edit by others counts once."""
    state = draft.state
    spans = state.text.spans(start, removed)
    after: Id = state.text.before(start)
    for part in _parts(text):
        series = crc32(part.encode()) + NEWLINE_FIRST if part[0] == "\n" else 0
        op = _bring(draft, after, spans, part, series)
        actor, counter, piece = op.runs[-1]
        after = (counter + len(piece) - 1, actor)
    erase(draft, spans, alike=True)


def _bring(draft: Draft, after: Id, leaving: Sequence[Elements], text: str, series: int = 0) -> Same:
    """Insert a text in place of elements right behind `after`; return the Same that has its last piece.

    If the first of the pieces were here before, and were deleted for good, the others hang behind them, as
    they do for everybody else, and these are inserted again in front.
    """
    state = draft.state
    base = base_of(state, after, leaving)
    while True:
        op = Same(draft.next_id(), after, base, series, named(draft.names, after, base, series, text))
        known = 0
        while known < len(op.pieces) and (op.runs[known][1], op.pieces[known][0]) in state.text:
            known += 1
        if known < len(op.pieces):
            break
        series += 1
    draft.add(op)
    if known:
        _bring(draft, after, leaving, "".join([piece for _, piece in op.pieces[:known]]))
    return op


def _parts(text: str) -> list[str]:
    """Cut a text that is to be inserted into one part for each Same.

    Lines that come behind a last line without a newline begin with one. Each of them is a part, and its
    series tells what follows the newline: two people who add different lines there do not share it.
    """
    if not text.startswith("\n") or text.endswith("\n"):
        return [text] if text else []
    return [f"\n{line}" for line in text[1:].split("\n", MAX_PIECES - 1)]


def same(draft: Draft, seen: NoteState, after: Id, leaving: Sequence[Elements], text: str) -> Same:
    """Return the insertion of a text in place of the elements `leaving`, which stand right behind `after`.

    `seen` is the note as the author saw it; the draft may know more. Who makes this edit there in the same
    place, without having seen this one, brings the same elements.
    """
    return _same(draft, seen, after, base_of(seen, after, leaving), text)


def same_again(draft: Draft, seen: NoteState, after: Id, text: str) -> Same:
    """Return the insertion of a text right behind the tombstone `after`, the last of those that had the text.

    Other tombstones behind it may get their text back as well, so this one stays in front of all of them.
    """
    right = seen.text.neighbour(after)
    return _same(draft, seen, after, max(after[0], right[0] if right is not None else 0), text, AGAIN)


def again(names: Names, seen: NoteState, after: Id, line: str) -> Span | None:
    """Return the elements with which somebody made `same_again` of a line; None if they are not there now."""
    right = seen.text.neighbour(after)
    if right is None or right[1] != names.piece(after, right[0] - 1, AGAIN, line):
        return None
    first, _ = seen.text.position(right)
    last, alive = seen.text.position((right[0] + len(line) - 1, right[1]))
    return Span(right[1], right[0], len(line)) if last + alive > first else None


def _same(draft: Draft, seen: NoteState, after: Id, base: int, text: str, series: int = 0) -> Same:
    first = pieces(text)[0]
    while (base + 1, draft.names.piece(after, base, series, first)) in seen.text:
        series += 1  # it was here before, and was deleted for good
    return Same(draft.next_id(), after, base, series, named(draft.names, after, base, series, text))


def birth_behind(state: NoteState, after: Id) -> Id | None:
    """Return the first element of a birth's text if nothing stands between `after` and that text.

    What is typed there goes before that element. Behind `after`, the beginning, it would come in front of the
    texts of all births, if others made the note apart with another text.
    """
    first = state.text.neighbour(ROOT) if after == ROOT else None
    return first if first is not None and first[1] in state.births else None


def typed(id: Id, after: Id, front: Id | None, text: str) -> Insert | Before:
    """Return the insertion of a typed text: before the element `front` if given, otherwise behind `after`."""
    return Insert(id, after, text) if front is None else Before(id, front, text)


def type_over(draft: Draft, start: int, removed: int, text: str) -> None:
    """Replace `removed` characters from `start` on with a text, as a person who types."""
    state = draft.state
    spans, after = state.text.spans(start, removed), state.text.before(start)
    if text:
        draft.add(typed(draft.next_id(), after, birth_behind(state, after), text))
    erase(draft, spans)


def set_value(draft: Draft, start: int, removed: int, text: str, rank: Id | None = None) -> None:
    """Set the value right behind its delimiter: it takes the place of `removed` characters from `start` on.

    `rank` is the id of the operation that the Set follows from, made just before it by the same author; of
    several values the one with the greatest rank stands. Where these characters are not exactly one value,
    they are replaced, as by `replace`.
    """
    state, values = draft.state, draft.state.values
    whole = str(state.text) if values.cells else ""
    while start and state.text.id_at(start - 1)[1] in values.cell_of:
        start -= 1  # a part of a value delimits nothing
        removed += 1
        text = whole[start] + text
    spans = state.text.spans(start, removed)
    delimiter = state.text.before(start)
    fits = 0 < len(text) <= MAX_VALUE and removed <= MAX_VALUE
    if delimiter == ROOT or not fits or not is_one_value(state, delimiter, spans):
        replace(draft, start, removed, text)
        return
    _add_set(draft, delimiter, spans, spans, text, rank)


def set_seen_value(draft: Draft, delimiter: Id, seen: Sequence[Elements], text: str) -> None:
    """Set the value behind a delimiter for an author who saw it as the elements `seen`.

    Others may have set it since. `seen` is one value, as `is_one_value` says of
    the state that the author saw; the text has 1 to `MAX_VALUE` characters.
    """
    cell = draft.state.values.cells.get(delimiter)
    leaving = [*seen, *(draft.state.values.visible(cell) if cell is not None else ())]
    _add_set(draft, delimiter, seen, leaving, text, None)


def _add_set(
    draft: Draft,
    delimiter: Id,
    seen: Sequence[Elements],
    leaving: Sequence[Elements],
    text: str,
    rank: Id | None,
) -> None:
    """Add a Set; it names those of `seen` that belong to no value. `leaving` gives way, for the base."""
    state = draft.state
    base = base_of(state, delimiter, leaving)
    former = tuple(span for span in seen if span[0] not in state.values.cell_of)
    id = draft.next_id()
    value = draft.names.value(delimiter, base, text)
    while not _can_be(state, value, text):
        base += 1
        value = draft.names.value(delimiter, base, text)
    draft.add(Set(id, delimiter, base, value, text, id if rank is None else rank, former))


def _can_be(state: NoteState, actor: int, text: str) -> bool:
    """Whether a value's elements are new, or have this text: it was erased from the history otherwise."""
    cell = state.values.cell_of.get(actor)
    return cell is None or cell.values[actor].text == text


def erase(
    draft: Draft, spans: Sequence[Elements], seen: NoteState | None = None, *, alike: bool = False
) -> None:
    """Delete elements that the author saw, in the state `seen` or, by default, in that of the draft.

    If a value loses its delimiter and would go with it, though it is not among them, it is written again: as
    a Same if the edit is to be `alike`, whoever makes it. A value that the author did not see goes, as it
    does when it is set and deleted apart.
    """
    if not spans:
        return
    state = draft.state
    kept = [
        (id, character)
        for id, character in _values_behind(state if seen is None else seen, spans)
        if seen is None or state.text.position(id)[1]
    ]
    stretches = _stretches(state, kept) if alike else [([id], text) for id, text in kept]
    draft.add(Delete(tuple(spans)))
    for ids, text in stretches:
        id = ids[-1]
        if state.text.position(id)[1]:
            continue
        if alike:
            _bring(draft, id, (), text)
        else:
            draft.add(Insert(draft.next_id(), id, text))


def _stretches(state: NoteState, elements: Sequence[tuple[Id, str]]) -> list[tuple[list[Id], str]]:
    """Join elements with consecutive ids between which nothing else is visible."""
    found: list[tuple[list[Id], str]] = []
    for id, character in elements:
        if found:
            ids, text = found[-1]
            last = ids[-1]
            if (
                id == (last[0] + 1, last[1])
                and state.text.position(id)[0] == state.text.position(last)[0] + 1
            ):
                ids.append(id)
                found[-1] = ids, text + character
                continue
        found.append(([id], character))
    return found


def is_one_value(state: NoteState, delimiter: Id, spans: Sequence[Elements]) -> bool:
    """Whether elements right behind a delimiter are its value, whole, or what stands there without one."""
    from crdtnotes.crdt.values import within

    values = state.values
    if delimiter[1] in values.cell_of:
        return False  # a part of a value delimits nothing
    if not values.cells:
        return True
    cell = values.cells.get(delimiter)
    own = sum([span[2] for span in spans if values.cell_of.get(span[0]) is cell]) if cell is not None else 0
    if cell is not None and own != sum([length for _, _, length in values.visible(cell)]):
        return False
    others = [span for span in spans if cell is None or values.cell_of.get(span[0]) is not cell]
    if any(span[0] in values.cell_of for span in others):
        return False
    return not any(values.visible(values.cells[id]) for id in within(others, values.cells))


def enclosed_values(state: NoteState, spans: Sequence[Elements]) -> Iterator[Elements]:
    """Yield the visible values, not among the spans, that stand between two elements of the spans.

    Such as what stands in the box of a task whose brackets are among them: alone it means nothing.
    """
    from crdtnotes.crdt.values import elements, within

    for delimiter in within(spans, state.values.cells):
        shown = state.values.visible(state.values.cells[delimiter])
        if not shown or within(spans, [*elements(shown)]):
            continue
        actor, counter, length = shown[-1]
        behind = state.text.position((counter + length - 1, actor))[0] + 1
        if behind < len(state.text) and within(spans, [state.text.id_at(behind)]):
            yield from shown


def _values_behind(state: NoteState, spans: Sequence[Elements]) -> Iterator[tuple[Id, str]]:
    """Yield the visible elements, with their characters, whose value's delimiter goes and they do not."""
    from crdtnotes.crdt.values import within

    characters: dict[Id, str] = {}
    for delimiter in within(spans, state.values.cells):
        cell = state.values.cells[delimiter]
        for actor, counter, length in state.values.visible(cell):
            value = cell.values[actor]
            for at in range(counter, counter + length):
                characters[at, actor] = value.text[at - value.counter]
    going = set(within(spans, characters))
    yield from ((id, character) for id, character in characters.items() if id not in going)
