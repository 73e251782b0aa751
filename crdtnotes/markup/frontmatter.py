"""Aliases and tags from the YAML at the top of a note.

Text that is not YAML gives no aliases and no tags.
"""

import re
from typing import NamedTuple

from crdtnotes.markup.names import fits
from crdtnotes.markup.wikilink import tag_value_end

_OPENING = re.compile(r"\ufeff?---[ \t]*\n")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*$\n?", re.MULTILINE)
_SEPARATORS = re.compile(r"[\s,，、]+")
_ALIAS_KEYS = frozenset({"alias", "aliases"})
_TAG_KEYS = frozenset({"tag", "tags"})


class FrontMatter(NamedTuple):
    """The front matter's aliases and tags, and the position where the text begins."""

    aliases: list[str]
    tags: list[tuple[str, int]]
    """Each tag with its 0-based line."""
    end: int
    """Code point position after the closing line; 0 if there is no front matter."""


def read_front_matter(source: str) -> FrontMatter:
    """The front matter of ``source``, whose lines must end with ``\\n`` alone."""
    aliases: list[str] = []
    tags: list[tuple[str, int]] = []
    opening = _OPENING.match(source)
    closing = _CLOSING.search(source, opening.end()) if opening else None
    if opening is None or closing is None:
        return FrontMatter(aliases, tags, 0)
    from crdtnotes.markup.yamlvalues import read_values  # loads PyYAML, and most notes have no front matter

    for key, value, line, in_list in read_values(source[opening.end() : closing.start()]):
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
