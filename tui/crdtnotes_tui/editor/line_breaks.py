"""Where a line is broken to fit a width: between words, and between Chinese and Japanese characters.

No section begins with closing punctuation or ends with opening punctuation. A break depends only on the
break before it and on the text of the section between them. So an edit in a huge line moves the breaks near
it; once a new break coincides with an old one, the old ones after it are kept.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from crdtnotes.terminal.text import visible
from crdtnotes_tui.text.graphemes import cluster_end, whole

_WIDE = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3105-\u312f\u31f0-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_OPENING = "（［｛「『〈《【〔“‘"
_CLOSING = "，。、；：？！）］｝」』〉》】〕”’…—～·ー々"
_JOINING = "\u0300-\u036f\u200d\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef"

CHUNK = re.compile(
    rf"[{_OPENING}\[({{*_~!]*[{_WIDE}][{_JOINING}{_CLOSING}\])}}*_~.,;:!?|]*\s?"
    rf"|[{_OPENING}]*[^\s{_WIDE}{_OPENING}{_CLOSING}]+[{_CLOSING}]*\s*"
    rf"|[{_OPENING}]+\s*|[{_CLOSING}]+\s*|\s+"
)
"""A piece that is not broken if it fits in a section: a word or one wide character, with its punctuation."""

_PLAIN = re.compile(r"\S+\s*|\s+")

_SIMPLE = re.compile(
    "[ -~\u3000-\u3029\u3041-\u3096\u30a1-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff60]*"
)
"""Characters of one byte in UTF-8 and one cell, or three bytes and two cells, that join with nothing."""

_ALWAYS_BETWEEN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]{2}")
"""Two characters that belong to different pieces, whatever is around them."""

_MAX_BACK = 16
"""How far back two such characters are looked for."""

_AHEAD = 4
"""How much text after a section is looked at to find out where its last piece ends."""

_MIN_KEPT = 8
"""With fewer breaks than this, or narrower sections, a line is broken anew after each edit."""


def chunks(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of the unbreakable pieces of a text, without gaps."""
    pattern = _PLAIN if text.isascii() else CHUNK
    for match in pattern.finditer(text, start, len(text) if end is None else end):
        yield match.span()


def cells_of(text: str, tab: int) -> int:
    """Return the width of a section; a tab reaches to the next multiple of `tab` cells."""
    if text.isascii() and "\t" not in text:
        return len(text)
    if not text.isprintable():
        text = visible(text)
    if "\t" not in text:
        return cell_len(text)
    cells = 0
    *parts, last = text.split("\t")
    for part in parts:
        cells += cell_len(part)
        cells += tab - cells % tab
    return cells + cell_len(last)


def column_at(text: str, cells: int, tab: int) -> int:
    """Return the last column of a section whose left edge is at or before this many cells.

    The column is never inside a cluster.
    """
    if cells <= 0:
        return 0
    low, high = 0, min(len(text), cells if text.isascii() and "\t" not in text else len(text))
    while low < high:
        middle = (low + high + 1) // 2
        if cells_of(text[:middle], tab) <= cells:
            low = middle
        else:
            high = middle - 1
    return whole(text, low)


def breaks_of(text: str, width: int, tab: int) -> list[int]:
    """Return the columns at which the sections of a line begin, but for the first section."""
    return list(_breaks(text, 0, width, tab))


def breaks_after(
    old: Sequence[int], text: str, start: int, removed: int, inserted: int, width: int, tab: int
) -> list[int]:
    """Return the breaks of a line after an edit at column `start`; `old` are those before the edit.

    The result is what `breaks_of` returns for the text after the edit.
    """
    # A break depends on the text of the section before it, and on the first piece after it: at most on the
    # two sections around it.
    kept = max(0, bisect_left(old, start) - 3)
    if len(old) < _MIN_KEPT or width < _MIN_KEPT:
        return breaks_of(text, width, tab)
    found = list(old[:kept])
    moved = inserted - removed
    follows = bisect_left(old, start + removed)
    for at in _breaks(text, found[-1] if found else 0, width, tab):
        found.append(at)
        if at >= start + inserted:
            while follows < len(old) and old[follows] + moved < at:
                follows += 1
            if follows < len(old) and old[follows] + moved == at:
                tail = old[follows + 1 :]
                found += [one + moved for one in tail] if moved else tail
                break
    return found


def _breaks(text: str, start: int, width: int, tab: int) -> Iterator[int]:
    """Yield the breaks after `start`, which is the beginning of a section."""
    if width <= 0:
        return
    plain, size = text.isascii() and "\t" not in text, len(text)
    pattern = _PLAIN if text.isascii() else CHUNK
    while True:
        limit = start + width if plain else _limit(text, start, width, tab)
        if limit >= size:
            return
        at = _last_piece(pattern, text, start, limit)
        if at == start:
            at = limit  # the piece is wider than a section
        at = whole(text, at)
        if at <= start:
            at = cluster_end(text, start)
        if at >= size:
            return
        yield at
        start = at


def _limit(text: str, start: int, width: int, tab: int) -> int:
    """Return the column up to which the text from `start` fits into the width."""
    end = min(start + width + 1, len(text))
    if _SIMPLE.fullmatch(text, start, end):
        return _simple_limit(text, start, width)
    # Characters without a width of their own make a section longer than `width` characters.
    reach = width + 1
    while True:
        section = text[start : start + reach]
        if start + reach >= len(text) or cells_of(section, tab) > width:
            break
        reach *= 2
    if cells_of(section, tab) <= width:
        return start + len(section)
    low, high = 0, len(section) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if cells_of(section[:middle], tab) <= width:
            low = middle
        else:
            high = middle - 1
    return start + low


def _simple_limit(text: str, start: int, width: int) -> int:
    at, cells = start, 0
    while cells < width:
        part = text[at : at + ((width - cells) // 2 or 1)]
        size = len(part)
        more = size + (len(part.encode()) - size) // 2
        if not part or cells + more > width:
            break
        at += size
        cells += more
    return at


def _last_piece(pattern: re.Pattern[str], text: str, start: int, limit: int) -> int:
    """Return the start of the first piece, counted from `start`, that does not end by `limit`."""
    if _ALWAYS_BETWEEN.match(text, limit - 1, limit + 1) and limit > start:
        return limit
    at = start
    if pattern is CHUNK:
        # The pieces before two ideographs need not be looked at.
        backwards = range(limit - 1, max(start, limit - _MAX_BACK), -1)
        at = next((back for back in backwards if _ALWAYS_BETWEEN.match(text, back - 1, back + 1)), start)
    # No piece contains a space and then something else.
    after = text.rfind(" ", at, limit) + 1
    if after > at and not text[after].isspace():
        at = after
    for match in pattern.finditer(text, at, limit + _AHEAD):
        if match.end() > limit:
            return match.start()
    return limit
