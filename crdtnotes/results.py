"""The values that a vault and its notes return: plain data that does not change when the vault does."""

from dataclasses import dataclass, field

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
