"""Texts that were acknowledged as saved: each typed text contains a character that occurs nowhere else.

Also the lines that people wrote.
"""

from collections.abc import Iterable
from itertools import count

_FIRST, _LAST = 0x20000, 0x2A6D6  # CJK extension B: Chinese characters, and none that the texts use otherwise


class Ledger:
    """Marks that were acknowledged, and marks that somebody may have deleted since."""

    def __init__(self) -> None:
        self._next = count(_FIRST)
        self.saved: dict[str, int] = {}
        """Mark → the machine that acknowledged it."""
        self.gone: set[str] = set()
        self.lines: set[str] = set()
        """The lines that somebody wrote, with their newlines."""

    def mark(self) -> str:
        """A new mark."""
        return chr(next(self._next))

    def save(self, text: str, machine: int) -> None:
        """Record that a text was acknowledged."""
        for mark in marks(text) - self.saved.keys():
            self.saved[mark] = machine

    def take(self, text: str) -> None:
        """Record that somebody deletes this text, or tries to."""
        self.gone |= marks(text)

    def wrote(self, lines: Iterable[str]) -> None:
        """Record lines that somebody writes."""
        self.lines.update(lines)

    def forgive(self, lost: set[str]) -> None:
        """Forget marks that were only in a file that its owner replaced."""
        for mark in lost:
            self.saved.pop(mark, None)

    def move(self, machine: int) -> None:
        """A machine got another file: texts it had acknowledged may now be on any machine."""
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
