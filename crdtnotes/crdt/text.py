"""One person's replica of one text: an RGA, a Lamport clock and a queue of waiting operations.

It needs nothing else of crdtnotes. Operations go from one `Text` to another in any order, any number of
times; an operation that arrives before an operation it depends on waits for it.
"""

from hashlib import blake2b

from crdtnotes.crdt.ids import BIRTH, Id, LamportClock
from crdtnotes.crdt.ops import Delete, Insert, Patch
from crdtnotes.crdt.rga import Rga
from crdtnotes.errors import InvalidChange, MissingChanges, OutOfRange

TextOp = Insert | Delete


class Text:
    """A text that several people edit at once; replicas with the same operations have the same text.

    `actor` names this replica: a number from 1 to 2⁶³−1, or any string, whose hash is used. No two
    replicas of one text may have the same actor. Positions and lengths are code points.
    """

    __slots__ = ("_clock", "_rga", "_waiting", "actor")

    def __init__(self, actor: int | str) -> None:
        self.actor = _number(actor) if isinstance(actor, str) else actor
        self._rga = Rga()
        self._clock = LamportClock()
        self._waiting: dict[Id, list[TextOp]] = {}

    def __str__(self) -> str:
        return str(self._rga)

    def __len__(self) -> int:
        return len(self._rga)

    def __repr__(self) -> str:
        return f"Text({self.actor:016x}, {str(self)!r})"

    @property
    def waiting(self) -> int:
        """How many operations wait for others to arrive."""
        return sum(len(ops) for ops in self._waiting.values())

    def insert(self, index: int, text: str) -> Insert:
        """Insert `text` before position `index` and return the operation for the others.

        Raises OutOfRange unless 0 ≤ index ≤ len.
        """
        rga = self._rga
        if not 0 <= index <= len(rga):
            raise OutOfRange(f"There is no position {index}: the text has {len(rga)} characters.")
        id = (self._clock.take(len(text)), self.actor)
        if not text:
            return Insert(id, rga.before(index), text)
        return Insert(id, rga.insert_at(index, id, text), text)

    def delete(self, index: int, length: int) -> Delete:
        """Delete `length` characters from `index` on and return the operation for the others.

        Raises OutOfRange where the text is shorter.
        """
        if index < 0 or length < 0 or index + length > len(self._rga):
            raise OutOfRange(f"There are no {length} characters at {index}: the text has {len(self._rga)}.")
        return Delete(self._rga.delete_at(index, length))

    def apply(self, op: TextOp) -> list[Patch]:
        """Apply another replica's operation and return its effect, with that of operations it released.

        Each patch applies to the text that the patch before it left. Raises InvalidChange, and changes
        nothing, when an insert claims to be older than the element it goes after.
        """
        if isinstance(op, Insert) and op.after >= op.id:
            raise InvalidChange("An insert goes after an element that is not older than itself.")
        patches = self._apply(op)
        if self._waiting:
            ready = self._woken_by(op)
            while ready:
                op = ready.pop()
                patches += self._apply(op)
                ready += self._woken_by(op)
        return patches

    def _apply(self, op: TextOp) -> list[Patch]:
        """Apply one operation, or queue it until the first element that it lacks arrives."""
        try:
            if isinstance(op, Delete):
                return self._rga.delete(op.spans)
            patches = self._rga.insert(op.id, op.after, op.text)
        except MissingChanges:
            self._waiting.setdefault(self._first_missing(op), []).append(op)
            return []
        self._clock.witness(op.id[0] + len(op.text) - 1)
        return patches

    def _first_missing(self, op: TextOp) -> Id:
        if isinstance(op, Delete):
            return next(id for span in op.spans if (id := self._rga.first_missing(span)) is not None)
        return op.after

    def _woken_by(self, op: TextOp) -> list[TextOp]:
        """Remove from the queue, and return, the operations that waited for the characters of this insert."""
        ready: list[TextOp] = []
        if isinstance(op, Insert) and op.id in self._rga:
            for counter in range(op.id[0], op.id[0] + len(op.text)):
                ready += self._waiting.pop((counter, op.id[1]), ())
        return ready


def _number(name: str) -> int:
    """Return the actor for a name."""
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % BIRTH or 1
