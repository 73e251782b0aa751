"""Aliases and tags from the YAML at the top of a note.

The YAML is read as a stream of events, never built into objects: values stay as they are written (``1.10``
and ``2024-01-01`` are those characters), and neither deep nesting (on which PyYAML's composer over libyaml
overflows the stack and takes the process with it) nor references that multiply can do harm. What is no YAML
gives no aliases and no tags.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from crdtnotes.markup.names import fits
from crdtnotes.markup.wikilink import tag_value_end

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

MAX_BYTES = 64 * 1024
"""A longer front matter is stepped over, and nothing is read from it."""

_MAX_DEPTH = 32
_OPENING = re.compile(r"\ufeff?---[ \t]*\n")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*$\n?", re.MULTILINE)
_SEPARATORS = re.compile(r"[\s,，、]+")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_ALIAS_KEYS = frozenset({"alias", "aliases"})
_TAG_KEYS = frozenset({"tag", "tags"})


class FrontMatter(NamedTuple):
    """The top of a note: what it says, and where the text begins."""

    aliases: list[str]
    tags: list[tuple[str, int]]
    """Each with its 0-based line."""
    end: int
    """Code point position after the closing line; 0 without a front matter."""


class _Value(NamedTuple):
    key: str
    value: str
    line: int
    in_list: bool


def read_front_matter(source: str) -> FrontMatter:
    """The front matter of ``source``, whose lines must end with ``\\n`` alone."""
    aliases: list[str] = []
    tags: list[tuple[str, int]] = []
    opening = _OPENING.match(source)
    closing = _CLOSING.search(source, opening.end()) if opening else None
    if opening is None or closing is None:
        return FrontMatter(aliases, tags, 0)
    for key, value, line, in_list in _read(source[opening.end() : closing.start()]):
        if key in _ALIAS_KEYS:
            alias = value.strip()
            if fits(alias) and "\n" not in alias:
                aliases.append(alias)
        elif key in _TAG_KEYS:
            for word in [value.strip()] if in_list else _SEPARATORS.split(value):
                tag = word.removeprefix("#")
                if tag and tag_value_end(tag, 0) == len(tag):
                    tags.append((tag, line + 1))
    return FrontMatter(aliases, tags, closing.end())


def _read(document: str) -> list[_Value]:
    """The scalars that the top level's keys have as a value or in a list; none if it is not YAML."""
    if len(document) > MAX_BYTES:
        return []
    try:
        if len(document.encode()) > MAX_BYTES:
            return []
        return list(_scalars(document))
    except (yaml.YAMLError, ValueError):  # ValueError: half of a surrogate pair
        return []


def _scalars(document: str) -> Iterator[_Value]:
    depth = 0
    key: str | None = None
    in_list = False
    events: Iterator[Any] = yaml.parse(document, Loader=_Loader)
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH or (depth == 1 and not isinstance(event, yaml.MappingStartEvent)):
                return
            if depth == 2:
                in_list = isinstance(event, yaml.SequenceStartEvent)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            if depth == 1:
                key, in_list = None, False
        elif isinstance(event, yaml.NodeEvent) and (depth == 1 or (depth == 2 and in_list)):
            scalar = event.value if isinstance(event, yaml.ScalarEvent) else ""
            if depth == 1 and key is None:
                key = scalar.strip().casefold()
                continue
            if key and not _is_null(event):
                yield _Value(key, scalar, event.start_mark.line if event.start_mark else 0, in_list)
            if depth == 1:
                key = None


def _is_null(event: Any) -> bool:
    """Nothing that could be a value: null, or a list in a list."""
    return not isinstance(event, yaml.ScalarEvent) or (event.implicit[0] and event.value in _NULLS)
