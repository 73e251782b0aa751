"""An observed-remove set (Shapiro et al. 2011) that may hold an element several times.

Every add has a tag of its own (its operation id); a remove names the tags that its author had seen. An
element is in the set while one of its tags is alive, so an add that the remover had not seen survives.
Removed tags are remembered: a tag that is removed before its add arrives never becomes alive. So the
state depends only on which operations arrived, not on their order or on how often each arrived.
"""

from collections.abc import Iterable, Iterator, Mapping

from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Element


class OrSet:
    """The links of one note."""

    __slots__ = ("_alive", "_removed")

    def __init__(self) -> None:
        self._alive: dict[Element, set[OpId]] = {}
        self._removed: dict[Element, set[OpId]] = {}

    def add(self, element: Element, tag: OpId) -> None:
        """Apply an add."""
        if tag not in self._removed.get(element, ()):
            self._alive.setdefault(element, set()).add(tag)

    def remove(self, element: Element, tags: Iterable[OpId]) -> None:
        """Apply a remove of the tags that its author had seen."""
        gone = set(tags)
        if not gone:
            return
        self._removed.setdefault(element, set()).update(gone)
        alive = self._alive.get(element)
        if alive is not None:
            alive -= gone
            if not alive:
                del self._alive[element]

    def __contains__(self, element: Element) -> bool:
        return element in self._alive

    def __len__(self) -> int:
        return len(self._alive)

    def __iter__(self) -> Iterator[Element]:
        return iter(self._alive)

    def count(self, element: Element) -> int:
        """Return how many tags of the element are alive."""
        return len(self._alive.get(element, ()))

    def tags(self, element: Element) -> tuple[OpId, ...]:
        """Return the element's living tags in order."""
        return tuple(sorted(self._alive.get(element, ())))

    def counts(self) -> dict[Element, int]:
        """Return every element with the number of its living tags, in a fixed order."""
        return {element: len(self._alive[element]) for element in sorted(self._alive)}

    def reconcile(
        self, wanted: Mapping[Element, int], kinds: frozenset[str]
    ) -> tuple[list[Element], list[tuple[Element, tuple[OpId, ...]]]]:
        """Compare with the elements of a text and return which to add and which tags to remove.

        An element that occurs more often in `wanted` than it has tags must be added once for each extra
        occurrence; an element of these `kinds` that no longer occurs loses all tags seen here. Fewer
        occurrences than tags change nothing: if two people each delete one of two links, both must not go.
        """
        adds = [
            element
            for element, count in sorted(wanted.items())
            for _ in range(count - len(self._alive.get(element, ())))
        ]
        removes = [
            (element, self.tags(element))
            for element in sorted(self._alive)
            if element[0] in kinds and element not in wanted
        ]
        return adds, removes

    def export(self) -> list[tuple[Element, list[OpId], list[OpId]]]:
        """Return the whole state as `(element, living tags, removed tags)`, in a fixed order."""
        elements = sorted(self._alive.keys() | self._removed.keys())
        return [(e, sorted(self._alive.get(e, ())), sorted(self._removed.get(e, ()))) for e in elements]

    @classmethod
    def load(cls, state: Iterable[tuple[Element, Iterable[OpId], Iterable[OpId]]]) -> "OrSet":
        """Rebuild a set from what `export` returned."""
        result = cls()
        for element, alive, removed in state:
            if living := set(alive):
                result._alive[element] = living
            if gone := set(removed):
                result._removed[element] = gone
        return result
