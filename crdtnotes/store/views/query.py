"""What a search looks for: a query as terms, and the places of the terms in a text.

A note must contain all terms. A term is a word, which also finds longer words that begin with it, or a phrase
of whole words in "double quotes". A run of CJK characters is a phrase of its characters, found anywhere.

A term is literal if ASCII symbols tell it from other words: it begins or ends with one (`C++`, `.NET`,
`#tag`), has one anywhere in double quotes, or has no words at all (`->`). A note must then contain it as it
stands, apart from folding (`crdtnotes.markup.words`), because the index has no ASCII symbols.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from crdtnotes.markup.words import CJK, SYMBOLS, fold, is_cjk, spaced

_PHRASES = re.compile(r'"([^"]*)"|(\S+)')
_WORDS = re.compile(r"[^\W_]+")
_SYMBOL = re.compile(r"[-+#$<>=|~^@%&/\\\[\]{}`]")
_BEGIN = re.compile(rf"{_SYMBOL.pattern}|\.\w")
_END = re.compile(rf"{_SYMBOL.pattern}\Z")

_AROUND = "*()'\",;:!?，。；：！？（）‘’、"
# What stands around a word in prose, and the asterisk that people type for a longer word.


class Term(NamedTuple):
    """One thing to look for.

    `words` are words of the index with spaces between them, none if only the texts can tell. The last one is
    a prefix if `prefix` says so. `literal` is a folded text that a note must contain, empty if none.
    `pattern` finds the term in a folded line.
    """

    words: str
    prefix: bool
    literal: str
    pattern: re.Pattern[str]


def terms(query: str) -> list[Term]:
    """Return the terms of a query; none if there is nothing to look for.

    A single ASCII symbol is a bullet, a dash, or the beginning of a longer term, and is not looked for.
    """
    phrases = _PHRASES.findall(fold(query).replace("“", '"').replace("”", '"'))
    found = [_phrase(quoted) if quoted else _word(plain) for quoted, plain in phrases]
    every = [term for term in found if term is not None]
    return [term for term in every if term.words or len(term.literal) > 1]


def match_expression(found: list[Term]) -> str:
    """Return the FTS5 expression for terms; empty if the index knows none of them."""
    return " ".join(f'"{term.words}"' + ("*" if term.prefix else "") for term in found if term.words)


def index_words(text: str) -> str:
    """Return the words of a text as the index has them, with spaces between them."""
    return " ".join(_WORDS.findall(spaced(text).replace("_", " ")))


def _phrase(text: str) -> Term | None:
    """Return the term of a folded text that was in double quotes."""
    return _term(text.strip(), prefix=False, literal=_SYMBOL.search(text) is not None)


def _word(text: str) -> Term | None:
    """Return the term of a folded text without spaces."""
    text = text.lstrip(_AROUND).rstrip(_AROUND + ".")
    literal = _BEGIN.match(text) is not None or _END.search(text) is not None
    return _term(text, prefix=not (literal and _END.search(text)), literal=literal)


def _term(text: str, *, prefix: bool, literal: bool) -> Term | None:
    words = index_words(text)
    if literal:
        pattern = re.escape(text)
    elif words:
        pattern = r"[\W_]*".join(map(re.escape, _pieces().findall(text)))
    else:
        return None
    return Term(
        words, prefix and words != "" and not is_cjk(words[-1]), text if literal else "", re.compile(pattern)
    )


def _pieces() -> re.Pattern[str]:
    """Return the pattern of what the index takes for one word in a folded text."""
    return re.compile(rf"[{CJK}{SYMBOLS}]|[^\W_{CJK}]+")
