"""An observed-remove set (Shapiro et al. 2011) that may hold an element several times.

Every add has a tag of its own (its operation id); a remove names the tags that its author had seen. An
element is in the set while one of its tags is alive, so an add that the remover had not seen survives.
Removed tags are remembered: a tag that is removed before its add arrives never becomes alive. So the
state depends only on which operations arrived, not on their order or on how often each arrived.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Element
from crdtnotes.crdt.tags import Run, Tags

MAX_UNLINKED = 50_000
"""Tags of one element that one edit removes; what is more goes with the next edits."""

_NONE = Tags()
# Never modified.


class OrSet:
    """The links of one note."""

    __slots__ = ("_alive", "_removed")

    def __init__(self) -> None:
        self._alive: dict[Element, Tags] = {}
        self._removed: dict[Element, Tags] = {}

    def add(self, element: Element, tag: OpId, count: int = 1) -> None:
        """Apply an add; of a birth, all `count` adds of the element, with consecutive tags from `tag` on."""
        counter, actor = tag
        new = self._removed.get(element, _NONE).missing(actor, counter, counter + count)
        if new:
            alive = self._alive.get(element)
            if alive is None:
                alive = self._alive[element] = Tags()
            for first, end in new:
                alive.add(actor, first, end)

    def remove(self, element: Element, tags: Iterable[OpId]) -> None:
        """Apply a remove of the tags that its author had seen."""
        gone = Tags()
        for counter, actor in tags:
            gone.add(actor, counter, counter + 1)
        if not gone:
            return
        removed = self._removed.get(element)
        if removed is None:
            removed = self._removed[element] = Tags()
        alive = self._alive.get(element, _NONE)
        for actor, first, length in gone.runs():
            removed.add(actor, first, first + length)
            alive.discard(actor, first, first + length)
        if not alive:
            self._alive.pop(element, None)

    def __contains__(self, element: Element) -> bool:
        return element in self._alive

    def __len__(self) -> int:
        return len(self._alive)

    def __iter__(self) -> Iterator[Element]:
        return iter(self._alive)

    def count(self, element: Element) -> int:
        """Return how many tags of the element are alive."""
        return len(self._alive.get(element, _NONE))

    def tags(self, element: Element, limit: int | None = None) -> tuple[OpId, ...]:
        """Return the element's living tags in order, or `limit` of them."""
        return tuple(sorted(islice(self._alive.get(element, _NONE), limit)))

    def counts(self) -> dict[Element, int]:
        """Return every element with the number of its living tags, in a fixed order."""
        return {element: len(self._alive[element]) for element in sorted(self._alive)}

    def reconcile(
        self, wanted: Mapping[Element, int], kinds: frozenset[str]
    ) -> tuple[list[Element], list[tuple[Element, tuple[OpId, ...]]]]:
        """Compare with the elements of a text and return which to add and which tags to remove.

        An element that occurs more often in `wanted` than it has tags must be added once for each extra
        occurrence; an element of these `kinds` that no longer occurs loses all tags seen here, but at most
        MAX_UNLINKED. Fewer occurrences than tags change nothing: if two people each delete one of two links,
        both must not go.
        """
        adds = [
            element
            for element, count in sorted(wanted.items())
            for _ in range(count - len(self._alive.get(element, _NONE)))
        ]
        removes = [
            (element, self.tags(element, MAX_UNLINKED))
            for element in sorted(self._alive)
            if element[0] in kinds and element not in wanted
        ]
        return adds, removes

    def export(self) -> list[tuple[Element, list[Run], list[Run]]]:
        """Return the state as `(element, runs of living tags, runs of removed tags)`, in a fixed order."""
        elements = sorted(self._alive.keys() | self._removed.keys())
        return [(e, self._alive.get(e, _NONE).runs(), self._removed.get(e, _NONE).runs()) for e in elements]

    @classmethod
    def load(cls, state: Iterable[tuple[Element, Iterable[Run], Iterable[Run]]]) -> "OrSet":
        """Rebuild a set from what `export` returned."""
        result = cls()
        for element, alive, removed in state:
            if living := _tags(alive):
                result._alive[element] = living
            if gone := _tags(removed):
                result._removed[element] = gone
        return result


def _tags(runs: Iterable[Run]) -> Tags:
    tags = Tags()
    for actor, first, length in runs:
        tags.add(actor, first, first + length)
    return tags
