"""What people were told is saved: every text that is typed bears a character that occurs nowhere else."""

from itertools import count

_FIRST, _LAST = 0x20000, 0x2A6D6  # CJK extension B: Chinese characters, and none that the texts use otherwise


class Ledger:
    """Marks that were acknowledged, and marks that somebody may have taken away since."""

    def __init__(self) -> None:
        self._next = count(_FIRST)
        self.saved: dict[str, int] = {}
        """Mark → the machine that acknowledged it."""
        self.gone: set[str] = set()

    def mark(self) -> str:
        """A new mark."""
        return chr(next(self._next))

    def save(self, text: str, machine: int) -> None:
        """A text was acknowledged."""
        for mark in marks(text) - self.saved.keys():
            self.saved[mark] = machine

    def take(self, text: str) -> None:
        """Somebody deletes this text, or tries to."""
        self.gone |= marks(text)

    def forgive(self, lost: set[str]) -> None:
        """These marks were only in a file that its owner replaced."""
        for mark in lost:
            self.saved.pop(mark, None)

    def move(self, machine: int) -> None:
        """A machine has got another file: what it had said is saved is now only anywhere."""
        for mark, where in self.saved.items():
            if where == machine:
                self.saved[mark] = -1

    def missing(self, text: str, machine: int | None = None) -> set[str]:
        """Acknowledged marks, of one machine or of all, that are not in the text and should be."""
        due = {mark for mark, where in self.saved.items() if machine in (None, where)}
        return due - self.gone - marks(text)


def marks(text: str) -> set[str]:
    """The marks in a text."""
    return {one for one in text if _FIRST <= ord(one) <= _LAST}
