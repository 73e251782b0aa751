"""The operations that a change is made of. Each is plain data and applies to one note."""

from typing import NamedTuple, assert_never

from crdtnotes.crdt.ids import Id, OpId

Element = tuple[str, str]
"""`(kind, value)` of a link: an element of a note's OR-set."""


class Span(NamedTuple):
    """`length` characters with consecutive counters of one actor."""

    actor: int
    counter: int
    length: int


Elements = tuple[int, int, int]
"""`(actor, counter, length)`: a `Span` whose parts have no names, like an `Id` compared with an `OpId`."""


class Insert:
    """Inserts `text` right after the element `after`; its characters take the counters from `id` on."""

    __slots__ = ("after", "id", "text")

    def __init__(self, id: Id, after: Id, text: str) -> None:
        self.id = id
        self.after = after
        self.text = text

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Insert)
            and self.id == other.id
            and self.after == other.after
            and self.text == other.text
        )

    def __hash__(self) -> int:
        return hash((self.id, self.after, self.text))

    def __repr__(self) -> str:
        return f"Insert({self.id!r}, {self.after!r}, {self.text!r})"


class Delete:
    """Turns elements into tombstones."""

    __slots__ = ("spans",)

    def __init__(self, spans: tuple[Elements, ...]) -> None:
        self.spans = spans

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Delete) and self.spans == other.spans

    def __hash__(self) -> int:
        return hash(self.spans)

    def __repr__(self) -> str:
        return f"Delete({self.spans!r})"


class Create(NamedTuple):
    """Creates a note with its first text.

    `birth` is an actor derived from the note's id and the text, so two replicas that create the same
    note with the same text give each character the same id. `links` counts the text's links.
    """

    birth: int
    name: str
    text: str
    links: tuple[tuple[str, str, int], ...]


class Rename(NamedTuple):
    """Sets the name register."""

    id: OpId
    name: str


class Link(NamedTuple):
    """Adds `element` to the link set under the tag `id`."""

    id: OpId
    element: Element


class Unlink(NamedTuple):
    """Removes the tags of `element` that the author had seen."""

    element: Element
    tags: tuple[OpId, ...]


class Remove(NamedTuple):
    """Deletes the note as its author saw it: only edits outside the version `cover` keep the note alive."""

    cover: tuple[tuple[int, int], ...]


class Unknown(NamedTuple):
    """An operation of a kind that only a newer crdtnotes knows; kept and passed on unchanged."""

    kind: int
    raw: bytes


Op = Insert | Delete | Create | Rename | Link | Unlink | Remove | Unknown


def next_counter(counter: int, op: Op) -> int:
    """Return the counter of the operation after `op`, where `counter` is that of `op`.

    An insert takes one counter for each character, any other operation takes one. After a creation,
    counting continues above the counters of the first text's characters, which start at 1.
    """
    if isinstance(op, Insert):
        return counter + len(op.text)
    if isinstance(op, Create):
        return max(counter, len(op.text)) + 1
    if isinstance(op, (Delete, Rename, Link, Unlink, Remove, Unknown)):
        return counter + 1
    assert_never(op)


class Patch(NamedTuple):
    """An edit of a text: at `start`, `removed` characters are replaced with `inserted`.

    Positions are code points. In a sequence, each patch applies to the text that the patch before it left,
    unless the function that takes or returns them says otherwise.
    """

    start: int
    removed: int
    inserted: str
