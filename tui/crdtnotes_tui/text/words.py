"""Words for moving, deleting and selecting: runs of one class of characters, and the words of Chinese.

All columns are code points of one line. Words do not reach across lines.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

Segmenter = Callable[[str], list[str]]
"""Cuts a text without spaces into its words, without losing a character."""

_JOINING = "\u0300-\u036f\u200d\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef"
_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HIRAGANA = "\u3041-\u3096\u309d-\u309f"
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_HANGUL = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
_CJK = _HAN + _HIRAGANA + _KATAKANA + _HANGUL

_RUN = re.compile(
    rf"(?P<han>[{_HAN}][{_HAN}{_JOINING}]*)"
    rf"|(?P<hiragana>[{_HIRAGANA}][{_HIRAGANA}ー{_JOINING}]*)"
    rf"|(?P<katakana>[{_KATAKANA}][{_KATAKANA}{_JOINING}]*)"
    rf"|(?P<hangul>[{_HANGUL}][{_HANGUL}{_JOINING}]*)"
    rf"|(?P<word>[^\W{_CJK}](?:[^\W{_CJK}]|[{_JOINING}]|['’](?=[^\W\d_{_CJK}]))*)"
    r"|(?P<space>\s+)"
    rf"|(?P<mark>(?:[^\w\s]|[{_JOINING}])+)"
    r"|(?P<other>.)",
    re.DOTALL,
)

_AROUND = 512
"""How near to the caret a text is divided into words; a huge line costs no more than a short one."""


class Word(NamedTuple):
    """A run of characters from `start` to before `end`; `kind` is its class, such as `han` or `space`."""

    start: int
    end: int
    kind: str


def words(text: str, segment: Segmenter | None = None) -> Iterator[Word]:
    """Yield the words of a text, with spaces and marks between them, without gaps."""
    for match in _RUN.finditer(text):
        kind = str(match.lastgroup)
        if kind == "han" and segment is not None and len(match[0]) > 1:
            at = match.start()
            for piece in _cut(match[0], segment):
                yield Word(at, at + len(piece), kind)
                at += len(piece)
        else:
            yield Word(match.start(), match.end(), kind)


def word_left(line: str, column: int, segment: Segmenter | None = None) -> int:
    """Return the start of the word before a column; spaces before the column are passed over."""
    found, first = _near(line, column, segment)
    target = first
    for word in found:
        if word.start >= column:
            break
        if word.kind != "space":
            target = word.start
    return target


def word_end(line: str, column: int, segment: Segmenter | None = None) -> int:
    """Return the end of the word at or after a column; spaces before that word are passed over."""
    found, _ = _near(line, column, segment)
    for word in found:
        if word.end > column and word.kind != "space":
            return word.end
    return found[-1].end if found else len(line)


def word_at(line: str, column: int, segment: Segmenter | None = None) -> tuple[int, int]:
    """Return the start and end of the word at a column; at the end of the line, of the last word."""
    found, _ = _near(line, column, segment)
    for word in found:
        if word.start <= column < word.end:
            return word.start, word.end
    return (found[-1].start, found[-1].end) if found else (0, 0)


def _near(line: str, column: int, segment: Segmenter | None) -> tuple[list[Word], int]:
    """Return the words around a column, and the column at which the first one starts."""
    first, last = max(0, column - _AROUND), min(len(line), column + _AROUND)
    found = words(line[first:last], segment)
    return [Word(first + start, first + end, kind) for start, end, kind in found], first


@lru_cache(maxsize=256)
def _cut(text: str, segment: Segmenter) -> tuple[str, ...]:
    pieces = segment(text)
    return tuple(pieces) if "".join(pieces) == text else (text,)
