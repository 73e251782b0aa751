"""Back and forward, as in a browser."""

from typing import NamedTuple

MAX_REMEMBERED = 200
"""Places to go back to, and names of recent notes."""


class Place(NamedTuple):
    """A note, and the position in it."""

    name: str
    position: int


class Line(NamedTuple):
    """A note, and a line in it, counted from 1."""

    name: str
    number: int


class NavigationHistory:
    """Where the person was, and which notes lately."""

    def __init__(self) -> None:
        self._back: list[Place] = []
        self._forward: list[Place] = []
        self.recent: list[str] = []
        """Names of the notes that were open, the latest first."""

    def leave(self, place: Place) -> None:
        """Remember a place that is being left for a new one."""
        self._back.append(place)
        del self._back[:-MAX_REMEMBERED]
        self._forward.clear()

    def opened(self, name: str) -> None:
        """Remember that a note is open now."""
        if name in self.recent:
            self.recent.remove(name)
        self.recent.insert(0, name)
        del self.recent[MAX_REMEMBERED:]

    def back(self, here: Place) -> Place | None:
        """Return the place before, None if there is none."""
        return _step(self._back, self._forward, here)

    def forward(self, here: Place) -> Place | None:
        """Return the place that `back` came from, None if there is none."""
        return _step(self._forward, self._back, here)


def _step(source: list[Place], target: list[Place], here: Place) -> Place | None:
    if not source:
        return None
    target.append(here)
    return source.pop()
