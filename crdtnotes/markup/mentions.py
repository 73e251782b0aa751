"""Where a text names a note without linking to it.

A mention is a note's name in the prose of a text, in upper or lower case; links, code, comments, HTML, tags
and the front matter do not count. A name made of letters must begin and end at word boundaries. If a name
begins or ends with a CJK character, or has one beside it, any position is a boundary, because CJK words are
written without spaces.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crdtnotes.markup.inline import Found, scan
from crdtnotes.markup.wikilink import escape_target
from crdtnotes.markup.words import CJK

_LETTER = rf"(?:(?![{CJK}])\w)"
_MARK = "\u0300-\u036f"
_WIKILINK = re.compile(r"\[\[[^\[\]\n]*+\]\]")
_URL = re.compile(r"\w+://\S+")


class Mention(NamedTuple):
    """A name in a text: ``text[start:end]``; ``line`` is counted from 0; ``cell`` is true in a table."""

    start: int
    end: int
    line: int
    cell: bool


class Names:
    """Names to look for."""

    def __init__(self, names: Iterable[str]) -> None:
        forms = {form for name in names if name.strip() for form in _forms(name.strip())}
        # The longest name first: if two names begin at the same place, the longer one is meant.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self.folded = [form.casefold() for form in ordered]
        self.pattern = re.compile("|".join(map(_bounded, ordered)), re.IGNORECASE)

    def may_be_in(self, text: str) -> bool:
        """Whether a text might contain one of the names: a quick check; False is always right."""
        folded = text.casefold()
        return any(name in folded for name in self.folded)


def mentions(text: str, names: Names) -> Iterator[Mention]:
    """Yield the places where a text contains one of the names, in text order."""
    # Most names occur in wiki-links: without the links, few texts need to be read.
    if not names.may_be_in(text) or not names.may_be_in(_WIKILINK.sub("", text)):
        return
    from crdtnotes.markup.blocks import find_prose
    from crdtnotes.markup.frontmatter import read_front_matter

    source = text.replace("\r\n", " \n").replace("\r", "\n")
    front = read_front_matter(source).end
    line, counted = 0, 0
    for start, prose, _, cell, hidden in find_prose(source[front:]):
        if hidden or not names.may_be_in(prose):
            continue
        start += front
        taken = [(start + url.start(), start + url.end()) for url in _URL.finditer(prose)]
        scan(prose, start, cell, Found([], [], [], taken))
        for match in names.pattern.finditer(prose):
            begin, end = start + match.start(), start + match.end()
            if any(begin < over and under < end for under, over in taken):
                continue
            line += text.count("\n", counted, begin)
            counted = begin
            yield Mention(begin, end, line, cell)


def linked(written: str, target: str, *, cell: bool) -> str:
    """The link to ``target`` that replaces a mention and displays the same words."""
    link = escape_target(target)
    if target == written:
        return f"[[{link}]]"
    bar = "\\|" if cell else "|"
    return f"[[{link}{bar}{written}]]"


def _forms(name: str) -> set[str]:
    return {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}


def _bounded(name: str) -> str:
    before = rf"(?<!{_LETTER})" if re.match(_LETTER, name) else ""
    after = rf"(?!{_LETTER})" if re.match(_LETTER, name[-1]) or name[-1] in _MARK else ""
    return f"{before}{re.escape(name)}(?![{_MARK}]){after}"
