"""The values that a vault and its notes return: plain data, that does not change when the vault does."""

from dataclasses import dataclass, field

MOST_ARRIVALS = 100
"""`Vault.arrivals` returns at most this many, the latest."""


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
    """What leads to a note: its name, its aliases, and the keys of all names that it ever had.

    `modified` is as in NoteInfo.
    """

    name: str
    modified: int
    aliases: tuple[str, ...]
    former: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a note: its target as written, the name of the note it leads to (None if it dangles).

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

    `written` is the name as it stands there, from code point `start` of the text on; `link` is the link that
    would take its place.
    """

    note: str
    line: int
    context: str
    written: str
    start: int
    link: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What a note is linked with: a note, or the target of a dangling link.

    `kinds` are the kinds of the links between them, `count` how many there are.
    """

    name: str
    exists: bool
    incoming: bool
    outgoing: bool
    kinds: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Dangling:
    """A target that no note answers to, and the names of the notes that link to it."""

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
    """What one actor changed in one note: `changes` of them, the last on line `line` (from 1).

    `note` is the note's id, `actor` has 16 hex digits, `time` is of the last change, in ms since 1970 by its
    author's clock, `context` what the line says now, or where it is empty the last one above it that is not.
    """

    note: str
    name: str
    actor: str
    changes: int
    time: int
    line: int
    context: str


@dataclass(slots=True)
class Received:
    """The result of receiving batches: changes stored, changes that were here already, changes that wait.

    `version` (`{actor: seq}`, actors as numbers) includes the batches' changes that are stored here.
    `newly_signed`: some changes that were here before are signed only now.
    """

    changes: int = 0
    known: int = 0
    waiting: int = 0
    newly_signed: bool = False
    version: dict[int, int] = field(default_factory=dict)
