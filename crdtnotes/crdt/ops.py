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


class Same(NamedTuple):
    """Inserts text after the element `after`, with ids that do not depend on the author.

    The text consists of pieces, each up to and including a newline. The characters of a piece take the
    counters from `base + 1` on, continuing from piece to piece, and the piece's actor, which is derived from
    the place, the `series` and the piece. So the same edit, made twice, brings the same elements. The first
    piece goes after `after`, each other piece after the last element of the piece before it.

    `id` is the operation's own id, `base` is at least the counter of `after` and less than that of `id`.
    """

    id: Id
    after: Id
    base: int
    series: int
    pieces: tuple[tuple[int, str], ...]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join([text for _, text in self.pieces])

    @property
    def runs(self) -> list[tuple[int, int, str]]:
        """The actor, the first counter and the text of each piece."""
        found: list[tuple[int, int, str]] = []
        counter = self.base + 1
        for actor, text in self.pieces:
            found.append((actor, counter, text))
            counter += len(text)
        return found


class Set(NamedTuple):
    """Sets the value behind a delimiter, the element `after`: of several values only one stands.

    The value's characters take the counters from `base + 1` on and the actor `value`, which is derived from
    the delimiter, the base and the text. Of the values behind one delimiter the one that was set with the
    greatest `(rank, value)` stands. The elements in `spans`, which stood there before, become tombstones;
    none of them belongs to a value.

    `id` is the operation's own id and not less than `rank`; for `base` see `Same`.
    """

    id: Id
    after: Id
    base: int
    value: int
    text: str
    rank: Id
    spans: tuple[Elements, ...]


class Before(NamedTuple):
    """Inserts `text` in front of the element `before`; its characters take the counters from `id` on."""

    id: Id
    before: Id
    text: str


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


class Follow(NamedTuple):
    """Marks the change that it begins as one that follows from another edit, as links follow from a rename.

    Such a change is no edit by a person who wants this note: it does not bring the note back if somebody has
    deleted it meanwhile.
    """

    id: Id


class Unknown(NamedTuple):
    """An operation of a kind that only a newer crdtnotes knows; kept and passed on unchanged.

    `counters` is the number of counters that it takes.
    """

    kind: int
    counters: int
    raw: bytes


Op = Insert | Delete | Create | Same | Set | Before | Rename | Link | Unlink | Remove | Follow | Unknown
"""What a change does to a note: one of these."""


def next_counter(counter: int, op: Op) -> int:
    """Return the counter of the operation after `op`, where `counter` is that of `op`.

    What brings characters takes one counter for each; an unknown operation says how many it takes; any other
    takes one. After a creation,
    counting continues above the counters of the first text's characters, which start at 1.
    """
    if isinstance(op, (Insert, Same, Set, Before)):
        return counter + len(op.text)
    if isinstance(op, Create):
        return max(counter, len(op.text)) + 1
    if isinstance(op, Unknown):
        return counter + op.counters
    if isinstance(op, (Delete, Rename, Link, Unlink, Remove, Follow)):
        return counter + 1
    assert_never(op)


def runs_of(op: Op) -> list[tuple[int, int, str]]:
    """Return the actor, the first counter and the text of each run of characters that an operation brings."""
    if isinstance(op, (Insert, Before)):
        return [(op.id[1], op.id[0], op.text)]
    if isinstance(op, Same):
        return op.runs
    if isinstance(op, Set):
        return [(op.value, op.base + 1, op.text)]
    if isinstance(op, Create):
        return [(op.birth, 1, op.text)]
    if isinstance(op, (Delete, Rename, Link, Unlink, Remove, Follow, Unknown)):
        return []
    assert_never(op)


class Patch(NamedTuple):
    """An edit of a text: at `start`, `removed` characters are replaced with `inserted`.

    Positions are code points. In a sequence, each patch applies to the text that the patch before it left,
    unless the function that takes or returns them says otherwise.
    """

    start: int
    removed: int
    inserted: str
