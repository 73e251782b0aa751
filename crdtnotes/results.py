"""The values that a vault and its notes return: plain data that does not change when the vault does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MOST_ARRIVALS = 100
"""`Vault.arrivals` returns at most this many, the latest ones."""


@dataclass(frozen=True, slots=True)
class NoteInfo:
    """A note in a listing.

    `modified` is wall time in ms since 1970, by its author's clock; `characters` counts code points,
    `size` bytes of UTF-8, `links` distinct targets, `backlinks` notes that link here.
    """

    name: str
    title: str
    modified: int
    characters: int
    size: int
    links: int
    backlinks: int


@dataclass(frozen=True, slots=True)
class NoteNames:
    """All names of a note: its name, its aliases, and the keys of all names that it ever had.

    `modified` is as in NoteInfo. `elsewhere` has the targets in this note that lead to a note other than the
    one that shows their name, each with that note's name: two notes were renamed to one name.
    """

    name: str
    modified: int
    aliases: tuple[str, ...]
    former: tuple[str, ...]
    elsewhere: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a note: its target as written, and the name of the note it leads to (None if it dangles).

    `kind` is `link`, `embed`, `tag`, `alias` or a relation that was set by hand; `count` is how often
    the note has it.
    """

    target: str
    note: str | None
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Backlink:
    """A place where another note links here: that note's name, the 1-based line and its text."""

    note: str
    line: int
    context: str
    kind: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A line of another note that names this one without a link: that note, the 1-based line, its text.

    `written` is the name as it is written there, at code point `start` of the text; `link` is the link that
    would replace it.
    """

    note: str
    line: int
    context: str
    written: str
    start: int
    link: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A note, or the target of a dangling link, to which or from which a note has links.

    `kinds` are the kinds of the links between the two, `count` is the number of links.
    """

    name: str
    exists: bool
    incoming: bool
    outgoing: bool
    kinds: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Dangling:
    """A link target that matches no note, and the names of the notes that link to it."""

    target: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A note that a search found: its name, the 1-based line where the words are, and that line."""

    note: str
    line: int
    snippet: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one actor changed in one note: the number of `changes`; the last one is on line `line` (1-based).

    `note` is the note's id, `actor` has 16 hex digits, `time` is that of the last change, in ms since 1970 by
    its author's clock, `context` is the current text of the line, or of the last non-empty line above it.
    `device` is the name of the device whose signatures cover the actor's stream, "" if they do not tell, and
    None in a vault that is not paired, which has no signatures.
    """

    note: str
    name: str
    actor: str
    changes: int
    time: int
    line: int
    context: str
    device: str | None = None


class Choice(StrEnum):
    """What can be done about a Finding, besides marking it as seen."""

    OTHER = "other"
    """Take the other version in place of the one that stands; accept an offered edit."""
    BOTH = "both"
    """Keep both versions."""
    STANDING = "standing"
    """Keep only the version that stands."""


FINDING_KINDS: Mapping[str, str] = {
    "value": "Two values were set apart; one of them stands.",
    "deleted value": "A value was set in a text that was deleted at the same time.",
    "name": "The note was renamed apart to two names; one of them stands.",
    "addition": "The same text was added apart, and one of the two copies was deleted.",
    "words": "The same text was replaced apart; both new texts are in the note.",
    "edited deletion": "A text was deleted, and edited at the same time; the edits are left over.",
    "note": "The note was deleted, and edited at the same time; it came back.",
    "moved": "A text was moved, and edited at the same time at its old place.",
    "births": "The note was created apart with two texts; both are in it.",
    "numbering": "Items were added to a numbered list apart; their numbers do not follow each other.",
    "repeated item": "The same item was added apart to a list of the front matter; it is there twice.",
}
"""The kinds of findings, each with the sentence that says what happened."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two versions of a Finding: its text, who made it, and when.

    `text` is "" where this side deleted something. `actor` has 16 hex digits, `device` is as in Arrival,
    `time` is in ms since 1970, by its author's clock if that is credible.
    """

    text: str
    actor: str
    time: int
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What two people wrote apart and what met in a note: two versions, of which one stands or both do.

    `key` names the finding for good, on every replica. `note` is the note's id and `name` its name, `kind`
    is one of FINDING_KINDS. `line` is the 1-based line where it stands, or stood, and `context` that line as
    it is or, if it was deleted, as it was. `start` is the code point of its place in the text, None if it
    concerns the whole note.

    `standing` is the version that the note shows, or the first one if it shows both, and `other` the other
    one. If nothing of a version is left, its text is as it was written. `choices` are the ways to settle it;
    each is an ordinary edit, so it reaches all replicas, where the finding then disappears. `seen`: the user
    of this replica has marked it as seen.

    An offered edit is a Finding too: `standing.text` is what it would change, `other.text` what would then be
    there, `Choice.OTHER` makes it, and marking it as seen dismisses it.
    """

    key: str
    note: str
    name: str
    kind: str
    line: int
    context: str
    start: int | None
    standing: Side
    other: Side
    choices: tuple[Choice, ...]
    seen: bool = False

    @property
    def summary(self) -> str:
        """One sentence that says what happened."""
        return FINDING_KINDS[self.kind]


@dataclass(slots=True)
class Received:
    """The result of receiving batches: changes stored, changes that were here already, changes that wait
    for others.

    `version` (`{actor: seq}`, actors as numbers) includes the batches' changes that are stored here.
    `newly_signed`: some changes that were here before have become signed.
    """

    changes: int = 0
    known: int = 0
    waiting: int = 0
    newly_signed: bool = False
    version: dict[int, int] = field(default_factory=dict)
