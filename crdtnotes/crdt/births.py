"""The births of one note, and the newlines between their texts (docs/crdt.md, "Birth").

Two people who create one note with different texts bring two births. All are kept, one behind the other: a
birth with a greater actor comes first, because its characters have greater ids.

Rules
    - A birth whose text is not empty and lacks a final newline is *open*.
    - An open birth has a *seam*, one newline, once a birth with a smaller actor, whose text is not empty, is
      known too: that one's text stands behind it.
    - The seam hangs at the last character of its birth's text, `(n, birth)`, and has the id
      `(n, seam_actor(birth))`. Everything else that hangs there has a counter greater than n. So the seam is
      the last child, and what people typed at the end of the text stays in front of it.

Why replicas agree
    Which seams there are is a function of the set of births, and it only grows. A seam is newer than what it
    hangs at, like every element of an RGA; otherwise it is an element like any other, and can be deleted.
"""

from collections.abc import Iterator

from crdtnotes.crdt.ids import WIDE, Id

SEAM = "\n"
"""The text of a seam."""


def seam_actor(birth: int) -> int:
    """Return the actor of a birth's seam: greater than the birth, and no other birth, piece or value has it.

    Derived actors are hashes, so nobody finds a text whose hash is one more than that of another text. A
    birth of format 1 has a hash of 8 bytes, of which that is not true; its seam lies among the others.
    """
    return birth + 1 if birth >= WIDE else WIDE + birth


class Births:
    """The births of a note.

    `lengths` has the number of characters of each birth's text, by actor; negative if the birth is open.
    """

    __slots__ = ("_birth_of", "_least", "lengths")

    def __init__(self) -> None:
        self.lengths: dict[int, int] = {}
        self._least = 0
        self._birth_of: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.lengths)

    def __contains__(self, birth: int) -> bool:
        return birth in self.lengths

    def add(self, birth: int, text: str) -> Id | None:
        """Take in a birth that is not here yet; return the element at which a new seam hangs, if any."""
        return self.restore(birth, -len(text) if text[-1:] not in ("", "\n") else len(text))

    def restore(self, birth: int, length: int) -> Id | None:
        """Take in a birth as `lengths` has it; otherwise like `add`."""
        self.lengths[birth] = length
        if not length:
            return None
        first = self._least
        self._least = min(birth, first) if first else birth
        # Of all births but the one that stands last, those that are open have their seams already.
        above = max(birth, first) if first else 0
        if not above or self.lengths[above] > 0:
            return None
        self._birth_of[seam_actor(above)] = above
        return -self.lengths[above], above

    def birth_of(self, actor: int) -> int | None:
        """Return the birth whose seam has this actor; None if it is no seam's."""
        return self._birth_of.get(actor)

    def behind(self, birth: int) -> Iterator[int]:
        """Yield the births whose texts stand behind that of a birth: each makes its seam show."""
        return (other for other, length in self.lengths.items() if other < birth and length)
