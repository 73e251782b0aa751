"""What the panels ask of the main screen: to go somewhere, or to say that something did not work."""

from dataclasses import dataclass

from textual.message import Message


@dataclass
class GoTo(Message):
    """Open a note: made first if it is `new`, at a line (counted from 1) if one is given."""

    name: str
    line: int | None = None
    new: bool = False


@dataclass
class FollowTarget(Message):
    """Go where a link of the open note leads, making the note if it dangles."""

    target: str
    heading: str | None = None
    block: str | None = None


@dataclass
class Failed(Message):
    """Something did not work; the reason is one plain sentence."""

    reason: str


class VaultReplaced(Message):
    """The vault at this path is another one now, and the one that was open is closed."""
