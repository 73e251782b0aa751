"""The outline of a note's text: links, headings, block ids, tags and aliases, each with its place.

Positions are code points of the text as given, whatever line ends it has. Lines are counted from 0 and are
those of ``text.split("\\n")``.
"""

import re
from typing import TYPE_CHECKING, NamedTuple

from crdtnotes.markup.frontmatter import FIELDS, Value, read_front_matter
from crdtnotes.markup.inline import Definition, Found, Link, find_definitions, one_line, scan
from crdtnotes.markup.kinds import KIND_ALIAS, KIND_EMBED, KIND_LINK, KIND_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crdtnotes.markup.blocks import Prose

__all__ = [
    "KIND_ALIAS",
    "KIND_EMBED",
    "KIND_LINK",
    "KIND_TAG",
    "TEXT_KINDS",
    "Block",
    "Heading",
    "Link",
    "Outline",
    "Tag",
    "occurrences",
    "outline",
]

TEXT_KINDS = frozenset({KIND_LINK, KIND_EMBED, KIND_TAG, *(field.kind for field in FIELDS)})
"""The kinds that a text can hold; the link set may have others, which are set by hand."""

# A text that has none of these has nothing that occurrences() counts.
_MAY_HAVE_OCCURRENCES = re.compile(r"#|\[\[|【【|［［|\](?:\(|:)|\A\ufeff?---")


class Heading(NamedTuple):
    """A heading; ``text`` is its source, in one line and without its markers."""

    level: int
    text: str
    line: int


class Block(NamedTuple):
    """A block id, without its ``^``."""

    id: str
    line: int


class Tag(NamedTuple):
    """A tag, without its ``#``, in the text or in the front matter."""

    value: str
    line: int


class Outline(NamedTuple):
    """Everything found in a text; each list is in text order."""

    links: list[Link]
    headings: list[Heading]
    blocks: list[Block]
    tags: list[Tag]
    fields: list[Value]
    """The values in the front matter, its tags among them."""

    @property
    def aliases(self) -> list[str]:
        """The aliases in the front matter."""
        return [value for kind, value, _ in self.fields if kind == KIND_ALIAS]


def outline(text: str) -> Outline:
    """The outline of ``text``. Never raises; takes linear time."""
    # markdown-it-py takes longer to load than a command that reads no outline takes to run.
    from crdtnotes.markup.blocks import find_prose

    source = _with_plain_line_ends(text)
    front = read_front_matter(source)
    definitions: dict[str, Definition] = {}
    found = Found(front.links, [], [], definitions=definitions)
    titles: list[tuple[int, str, int]] = []
    begin = front.end or source.startswith("\ufeff")  # a byte order mark is no text
    pieces = find_prose(source[begin:])
    if "]:" in source:
        pieces = list(_without_definitions(pieces, begin, definitions))
    for start, prose, level, cell, _ in pieces:
        start += begin
        if level:
            titles.append((level, one_line(prose), start))
        scan(prose, start, cell, found)
    found.links.sort(key=lambda link: link.start)
    lines = _Lines(text)
    links = [link._replace(line=lines.at(link.start)) for link in found.links]
    lines = _Lines(text)
    headings = [Heading(level, title, lines.at(start)) for level, title, start in titles]
    lines = _Lines(text)
    blocks = [Block(block, lines.at(start)) for block, start in found.blocks]
    lines = _Lines(text)
    tags = [Tag(value, line) for kind, value, line in front.values if kind == KIND_TAG]
    tags += [Tag(tag, lines.at(start)) for tag, start in found.tags]
    return Outline(links, headings, blocks, tags, front.values)


def _without_definitions(
    pieces: "list[Prose]", begin: int, definitions: dict[str, Definition]
) -> "Iterator[Prose]":
    """Move the definitions of reference links from the prose to ``definitions``.

    The first definition of a label counts.
    """
    for piece in pieces:
        if piece.level or piece.cell or "]:" not in piece.text:
            yield piece
            continue
        defined, end = find_definitions(piece.text, begin + piece.start)
        for label, definition in defined.items():
            definitions.setdefault(label, definition)
        yield piece._replace(start=piece.start + end, text=piece.text[end:]) if end else piece


def occurrences(text: str) -> dict[tuple[str, str], int]:
    """How often each ``(kind, value)`` that belongs in the link set occurs in ``text``.

    Links that name no note (``[[#heading]]``) are left out.
    """
    if not _MAY_HAVE_OCCURRENCES.search(text):
        return {}
    read = outline(text)
    pairs = [(link.kind, link.target) for link in read.links if link.target]
    pairs += [(KIND_TAG, tag.value) for tag in read.tags]
    pairs += [(kind, value) for kind, value, _ in read.fields if kind != KIND_TAG]
    counts: dict[tuple[str, str], int] = {}
    for pair in pairs:
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def _with_plain_line_ends(text: str) -> str:
    """``text`` with ``\\n`` at the end of each line and every character at its old position."""
    if "\r" not in text:
        return text
    # A space at the end of a line does not change the outline.
    return text.replace("\r\n", " \n").replace("\r", "\n")


class _Lines:
    """Turns positions into lines; positions must be given in ascending order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pos = 0
        self._line = 0

    def at(self, pos: int) -> int:
        self._line += self._text.count("\n", self._pos, pos)
        self._pos = pos
        return self._line
