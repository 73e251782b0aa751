"""Back and forward, as in a browser."""

from typing import NamedTuple

MAX_REMEMBERED = 200
"""The maximum number of places to go back to, and of recent notes."""


class Place(NamedTuple):
    """A position in a note."""

    name: str
    position: int


class Line(NamedTuple):
    """A line in a note, counted from 1."""

    name: str
    number: int


class NavigationHistory:
    """The places that the person visited, and the recently opened notes."""

    def __init__(self) -> None:
        self._back: list[Place] = []
        self._forward: list[Place] = []
        self.recent: list[str] = []
        """Names of the notes that were opened, latest first."""

    def leave(self, place: Place) -> None:
        """Remember a place that is being left for a new one."""
        self._back.append(place)
        del self._back[:-MAX_REMEMBERED]
        self._forward.clear()

    def opened(self, name: str) -> None:
        """Record that a note was opened."""
        if name in self.recent:
            self.recent.remove(name)
        self.recent.insert(0, name)
        del self.recent[MAX_REMEMBERED:]

    def back(self, here: Place) -> Place | None:
        """Return the previous place, None if there is none."""
        return _step(self._back, self._forward, here)

    def forward(self, here: Place) -> Place | None:
        """Return the place that `back` came from, None if there is none."""
        return _step(self._forward, self._back, here)


def _step(source: list[Place], target: list[Place], here: Place) -> Place | None:
    if not source:
        return None
    target.append(here)
    return source.pop()
