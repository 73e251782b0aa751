"""The parts of a text where something was deleted or written apart.

A *region* is a stretch of neighbouring elements, tombstones included, between two characters that everybody
had seen before they edited apart, or that came after they had met.
"""

from collections.abc import Iterator
from typing import NamedTuple

from crdtnotes.crdt.ids import Id
from crdtnotes.review.past import Past

_NONE: tuple[int, ...] = ()


class Part(NamedTuple):
    """Neighbouring elements of one actor with the same history: `length` elements from `counter` on.

    `at` is the number of visible characters before them. `changes` are those that brought them if they
    are visible, else those that deleted them; `text` is what they show, or showed.
    """

    actor: int
    counter: int
    length: int
    at: int
    visible: bool
    changes: tuple[int, ...]
    text: str

    @property
    def first(self) -> Id:
        """The id of the first element."""
        return self.counter, self.actor

    def has(self, id: Id) -> bool:
        """Whether an element is among these."""
        return id[1] == self.actor and self.counter <= id[0] < self.counter + self.length


Region = list[Part]


def regions(past: Past) -> list[Region]:
    """Return the regions that have a part which was deleted apart from some other change."""
    found: list[Region] = []
    region: Region = []
    for part in parts(past):
        apart = any(change in past.apart_from_some for change in part.changes)
        if apart:
            region.append(part)
        elif part.visible:
            found.append(region)
            region = []
    found.append(region)
    return [region for region in found if not all(part.visible for part in region)]


def parts(past: Past) -> Iterator[Part]:
    """Yield all elements of the text in order."""
    index = 0
    for actor, counter, length, text in past.state.text.runs():
        end = counter + length
        while counter < end:
            if text:
                written = past.written(actor, counter)
                until, changes = end, _NONE
                if written is not None:
                    until, changes = min(end, written.end), written.changes
                size = until - counter
                yield Part(actor, counter, size, index, True, changes, text[:size])
                text = text[size:]
                index += size
            else:
                until, changes = _deleted_alike(past, actor, counter, end)
                size = until - counter
                shown = past.text_of(actor, counter, size) if changes else ""
                yield Part(actor, counter, size, index, False, changes, shown)
            counter = until


def _deleted_alike(past: Past, actor: int, counter: int, end: int) -> tuple[int, tuple[int, ...]]:
    """Return up to where tombstones from `counter` on were deleted by the same changes, and these."""
    changes: set[int] = set()
    for one in past.deletions(actor, counter, end - counter):
        if one.counter <= counter:
            changes.add(one.change)
            end = min(end, one.end)
        else:
            end = min(end, one.counter)
    return end, tuple(sorted(changes))
