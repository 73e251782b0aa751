"""What panels and lists ask of the main screen: to go somewhere, or to show an error."""

from dataclasses import dataclass

from textual.message import Message


@dataclass
class GoTo(Message):
    """Open a note, at a line (counted from 1) if one is given; create it first if it is `new`."""

    name: str
    line: int | None = None
    new: bool = False


@dataclass
class FollowTarget(Message):
    """Go where a link of the open note leads; create the note if the link dangles."""

    target: str
    heading: str | None = None
    block: str | None = None


@dataclass
class ListTagged(Message):
    """List the notes with a tag, given without its `#`."""

    tag: str


@dataclass
class GoToLine(Message):
    """Put the caret at a line of the open note, counted from 0."""

    line: int


@dataclass
class Failed(Message):
    """Something did not work; the reason is one sentence for a person."""

    reason: str


@dataclass
class Worked(Message):
    """Something worked that was begun at this time of the monotonic clock: earlier errors are past."""

    begun: float


class TakenIn(Message):
    """Many notes came in at once: from a folder, or the sample notes."""


class VaultReplaced(Message):
    """The vault at this path is another one now, and the one that was open is closed."""
