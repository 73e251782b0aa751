"""Where others have their carets in the text on the screen."""

from dataclasses import dataclass, replace

from crdtnotes.crdt import Patch
from crdtnotes_tui.notes.transform import follow

COLOURS = ("#f5a97f", "#8bd5ca", "#c6a0f6", "#a6da95", "#eed49f", "#7dc4e4")
"""What tells people apart; black letters can be read on each."""


@dataclass(frozen=True)
class Mark:
    """Somebody's caret and the other end of the selection, as positions in the text."""

    person: int
    name: str
    colour: str
    caret: int
    start: int

    def past(self, patch: Patch) -> "Mark":
        """Return where it is after a patch; text that comes at the caret was most likely typed there."""
        return replace(
            self,
            caret=follow(self.caret, patch, behind=False),
            start=follow(self.start, patch, behind=False),
        )


class Colours:
    """Gives each person a colour, and the same one for as long as the editor is open."""

    def __init__(self) -> None:
        self._given: dict[int, str] = {}

    def of(self, person: int) -> str:
        """Return a person's colour."""
        return self._given.setdefault(person, COLOURS[len(self._given) % len(COLOURS)])
