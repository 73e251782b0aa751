"""Fields from the YAML at the top of a note: its aliases, its tags, and everything else in `FIELDS`.

Where the YAML is broken, each field that is YAML by itself is read; of the others, those whose values stand
on one line are read as plain text.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from crdtnotes.markup.inline import Link
from crdtnotes.markup.kinds import KIND_ALIAS, KIND_TAG
from crdtnotes.markup.names import fits
from crdtnotes.markup.wikilink import tag_value_end

_OPENING = re.compile(r"\ufeff?---[ \t]*\n")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*$\n?", re.MULTILINE)
_COMMAS = re.compile(r"[,，]")
_SEPARATORS = re.compile(r"[\s,，、]+")


class Field(NamedTuple):
    """A field whose values are part of the note's link set, under a kind of their own."""

    kind: str
    keys: frozenset[str]
    """The names of the field in the YAML."""
    read: Callable[[str, bool], Iterator[str]]
    """Yields the field's values in one YAML scalar, given whether that is an item of a list."""
    names_notes: bool = False
    """Whether the values lead to notes, as the targets of links do."""


class Value(NamedTuple):
    """One value of a field, and its 0-based line."""

    kind: str
    value: str
    line: int


class FrontMatter(NamedTuple):
    """The front matter's values and wiki-links, and the position where the text begins."""

    values: list[Value]
    end: int
    """Code point position after the closing line; 0 if there is no front matter."""
    links: list[Link]
    """The wiki-links in any of its scalars; their lines are not set."""
    broken: tuple[int, ...] = ()
    """The 0-based lines where fields begin that are not YAML."""


def _aliases(scalar: str, in_list: bool) -> Iterator[str]:
    for part in [scalar] if in_list else _COMMAS.split(scalar):
        alias = part.strip()
        if fits(alias) and "\n" not in alias:
            yield alias


def _tags(scalar: str, in_list: bool) -> Iterator[str]:
    for word in [scalar.strip()] if in_list else _SEPARATORS.split(scalar):
        tag = word.removeprefix("#")
        if tag and tag_value_end(tag, 0) == len(tag):
            yield tag


FIELDS = (
    Field(KIND_ALIAS, frozenset({"alias", "aliases"}), _aliases),
    Field(KIND_TAG, frozenset({"tag", "tags"}), _tags),
)
"""Every field that is read. The link set, and so every replica, has the values of all of them."""

_BY_KEY = {key: field for field in FIELDS for key in field.keys}


def front_matter_lines(source: str) -> tuple[int, int]:
    """Return where the YAML of the front matter begins and ends in a text, without the lines around it."""
    opening = _OPENING.match(source)
    closing = _CLOSING.search(source, opening.end()) if opening else None
    return (opening.end(), closing.start()) if opening and closing else (0, 0)


def read_front_matter(source: str) -> FrontMatter:
    """The front matter of ``source``, whose lines must end with ``\\n`` alone."""
    opening = _OPENING.match(source)
    closing = _CLOSING.search(source, opening.end()) if opening else None
    if opening is None or closing is None:
        return FrontMatter([], 0, [])
    # These load PyYAML, and most notes have no front matter.
    from crdtnotes.markup.yamllinks import read_links
    from crdtnotes.markup.yamlvalues import read_values

    scalars, broken = read_values(source[opening.end() : closing.start()])
    values = [
        Value(field.kind, value, line + 1)
        for key, scalar, line, in_list in scalars
        if (field := _BY_KEY.get(key)) is not None
        for value in field.read(scalar, in_list)
    ]
    links = read_links(source, opening.end(), closing.start())
    return FrontMatter(values, closing.end(), links, tuple(line + 1 for line in broken))
