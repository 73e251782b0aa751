"""What a local change names in its deps.

A replica knows thousands of streams, and a change names few of them.

Invariants
    - The past of a change (its stream before it, its deps, and their past) is everything that is here when it
      is written. For that it names the leaves of the log (`log/leaves.py`) that its stream has not named.
    - Its start is above every counter that is here, because counters grow along each dependency.
    - The *horizon* that receivers compute (`causality.py`) has only what the author's stream has named, not
      the past of that. So a change also names each stream whose elements, births or edits its operations
      refer to, unless its stream has named them before.
    - One change names at most DEPS_PER_CHANGE streams. What is more is named by changes before it that do
      nothing else: each has one Remove that covers nothing.
"""

from collections.abc import Iterable, Iterator

from crdtnotes.changes.limits import DEPS_PER_CHANGE
from crdtnotes.crdt.ids import BIRTH
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.version import Version
from crdtnotes.store.log.log import Log


class Deps:
    """The deps of the next change of the stream `own`. Nothing else may be logged before that change."""

    def __init__(self, log: Log, own: int) -> None:
        self._log = log
        self._own = own
        self._seen = log.seen(own)
        self.named: Version = {}
        """The streams to name, with the seqs of their heads."""
        self.name(leaf for leaf in log.leaves() if leaf != own)

    def has(self, actor: int, seq: int) -> bool:
        """Whether a change of another stream, or of this one, lies in the horizon of the next change."""
        return (
            actor == self._own or seq <= self._seen.get(actor, (0, 0))[0] or seq <= self.named.get(actor, 0)
        )

    def missing(self, actors: Iterable[int]) -> list[int]:
        """Return those of these streams whose heads are not in the horizon yet."""
        head = self._log.head
        return [actor for actor in actors if not self.has(actor, head(actor).seq)]

    def name(self, actors: Iterable[int]) -> None:
        """Name these streams."""
        self.named.update((actor, self._log.head(actor).seq) for actor in self.missing(actors))

    @property
    def first(self) -> Version:
        """As many of the named streams as one change can name."""
        return dict(sorted(self.named.items())[:DEPS_PER_CHANGE])

    def start(self, named: Iterable[int]) -> int:
        """Return the first counter of the next change if it names these streams."""
        return 1 + max([self._log.head(self._own).last, *(self._log.head(actor).last for actor in named)])

    def streams_of(self, state: NoteState, actors: Iterable[int]) -> set[int]:
        """Return the streams that an edit of a note must have in its horizon.

        The edit refers to elements of these actors, some of which may be derived.
        """
        streams: set[int] = set()
        derived: set[int] = set()
        for actor in actors:
            if actor >= BIRTH:
                derived.update(self._births_for(state, actor))
            else:
                streams.add(actor)
        if not derived and not any(self._is_brought(state, actor) for actor in state.derived):
            derived.update(sorted(state.derived)[:1])
        for actor in derived:
            if actor in state.derived and not self._is_brought(state, actor):
                streams.add(min(state.derived[actor]))
        return streams

    def _births_for(self, state: NoteState, derived: int) -> Iterator[int]:
        """Yield a derived actor that operations bring; for that of a seam the two births that bring it."""
        birth = state.births.birth_of(derived)
        if birth is None:
            yield derived
            return
        yield birth
        behind = list(state.births.behind(birth))
        yield next((other for other in behind if self._is_brought(state, other)), min(behind))

    def _is_brought(self, state: NoteState, derived: int) -> bool:
        by = state.derived[derived]
        if by.get(self._own):
            return True
        if len(self._seen) + len(self.named) < len(by):
            return any(actor in by and self.has(actor, by[actor]) for actor in (*self._seen, *self.named))
        return any(self.has(actor, seq) for actor, seq in by.items())
