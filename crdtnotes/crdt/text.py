"""One person's replica of one text: an RGA, a Lamport clock and a waiting room.

It stands alone. Operations go from one `Text` to another in any order, any number of times; one that
comes before what it depends on waits until that has come.
"""

from hashlib import blake2b

from crdtnotes.crdt.ids import BIRTH, ROOT, LamportClock, OpId
from crdtnotes.crdt.ops import Delete, Insert, Patch
from crdtnotes.crdt.rga import Rga
from crdtnotes.errors import OutOfRange

TextOp = Insert | Delete


class Text:
    """A text that several people edit at once; all who have the same operations have the same text.

    `actor` is who writes here: a number from 1 to 2⁶³−1, or any string, which stands for its hash. No
    two replicas of one text may have the same. Positions and lengths are code points.
    """

    __slots__ = ("_clock", "_rga", "_waiting", "actor")

    def __init__(self, actor: int | str) -> None:
        self.actor = _number(actor) if isinstance(actor, str) else actor
        self._rga = Rga()
        self._clock = LamportClock()
        self._waiting: dict[OpId, list[TextOp]] = {}

    def __str__(self) -> str:
        return str(self._rga)

    def __len__(self) -> int:
        return len(self._rga)

    def __repr__(self) -> str:
        return f"Text({self.actor:016x}, {str(self)!r})"

    @property
    def waiting(self) -> int:
        """How many operations wait for others to come."""
        return sum(len(ops) for ops in self._waiting.values())

    def insert(self, index: int, text: str) -> Insert:
        """Insert `text` before position `index` and return the operation for the others.

        Raises OutOfRange unless 0 ≤ index ≤ len.
        """
        if not 0 <= index <= len(self._rga):
            raise OutOfRange(f"There is no position {index}: the text has {len(self._rga)} characters.")
        after = self._rga.before(index)
        op = Insert(OpId(self._clock.take(len(text)), self.actor), after, text)
        self._rga.insert(op.id, op.after, op.text)
        return op

    def delete(self, index: int, length: int) -> Delete:
        """Delete `length` characters from `index` on and return the operation for the others.

        Raises OutOfRange where the text is shorter.
        """
        op = Delete(self._rga.spans(index, length))
        self._rga.delete(op.spans)
        return op

    def apply(self, op: TextOp) -> list[Patch]:
        """Take in somebody's operation and return what it, and what waited for it, did to the text.

        Each patch is to be made on the text that the one before it left. Raises InvalidChange, and
        changes nothing, when an insert claims to be older than what it goes after.
        """
        missing = self._missing(op)
        if missing is not None:
            self._waiting.setdefault(missing, []).append(op)
            return []
        patches: list[Patch] = []
        ready = [op]
        while ready:
            op = ready.pop()
            missing = self._missing(op)
            if missing is not None:
                self._waiting.setdefault(missing, []).append(op)
            elif isinstance(op, Delete):
                patches += self._rga.delete(op.spans)
            else:
                patches += self._rga.insert(op.id, op.after, op.text)
                last = op.id.counter + len(op.text) - 1
                self._clock.witness(last)
                if self._waiting:
                    for counter in range(op.id.counter, last + 1):
                        ready += self._waiting.pop(OpId(counter, op.id.actor), ())
        return patches

    def _missing(self, op: TextOp) -> OpId | None:
        """Return the first element that must come before the operation can be applied."""
        if isinstance(op, Delete):
            for span in op.spans:
                missing = self._rga.first_missing(span)
                if missing is not None:
                    return missing
            return None
        return None if op.after == ROOT or op.after in self._rga else op.after


def _number(name: str) -> int:
    """Return the actor that a name stands for."""
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % BIRTH or 1
