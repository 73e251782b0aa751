"""The carets of others as positions in the text on the screen."""

from dataclasses import dataclass, replace

from crdtnotes.crdt.ops import Patch
from crdtnotes_tui.notes.transform import follow

COLOURS = ("#f5a97f", "#8bd5ca", "#c6a0f6", "#a6da95", "#eed49f", "#7dc4e4")
"""Colours of people; black letters are readable on each."""


@dataclass(frozen=True)
class Mark:
    """A person's caret and the other end of their selection, as positions in the text."""

    person: int
    name: str
    colour: str
    caret: int
    start: int

    def past(self, patch: Patch) -> "Mark":
        """Return the mark after a patch; text inserted at the caret comes before the caret."""
        return replace(
            self,
            caret=follow(self.caret, patch, behind=False),
            start=follow(self.start, patch, behind=False),
        )


class Colours:
    """Assigns each person a colour for as long as the editor is open."""

    def __init__(self) -> None:
        self._given: dict[int, str] = {}

    def of(self, person: int) -> str:
        """Return a person's colour."""
        return self._given.setdefault(person, COLOURS[len(self._given) % len(COLOURS)])
