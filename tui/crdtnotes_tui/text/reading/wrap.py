"""Breaks lines of mixed Chinese and Latin text.

A line does not begin with closing punctuation (。，、；：！？）」』》…) and does not end with an opening mark
(（「『《); the mark keeps its neighbour beside it. Chinese may break between any other two characters, Latin
text at spaces. A word that is wider than a line is broken anywhere.
"""

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from crdtnotes_tui.text.reading.pieces import Piece

_OPEN = r"（《「『【〔〈［｛〖〘〝“‘(\[{¥＄￥£"
_CLOSE = (
    r"。，、；：！？）》」』】〕〉］｝〗〙〞”’…‥～〜·・％‰℃々〻"
    r"ーぁぃぅぇぉっゃゅょァィゥェォッャュョ．,.;:!?)\]}%"
)
_WIDE = (
    r"\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3"
    r"\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\U0001f1e6-\U0001faff\U00020000-\U0003fffd"
)
_EXTEND = r"\u0300-\u036f\u200d\u20d0-\u20ff\ufe00-\ufe0f\U0001f3fb-\U0001f3ff"
_CHARACTER = rf"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[\s\S](?:[{_EXTEND}]|(?<=\u200d)[\s\S])*)"
_WORD = rf"[^\s{_WIDE}（“‘…—](?:[^\s{_WIDE}“”‘’…—]|[’'](?=\w))*"
_ATOM = re.compile(
    rf"[{_OPEN}]*(?:—+|(?=[{_WIDE}]){_CHARACTER}|{_WORD}|[^\s])?[{_CLOSE}]*[ \t\u3000]*|{_CHARACTER}"
)
_ONE = re.compile(_CHARACTER)


def line_ends(text: str, width: int) -> list[int]:
    """Return where each line of a text without newlines ends, the last one included.

    Spaces at the end of a line belong to it and may stand out of the `width`, which is in cells.
    """
    if cell_len(text) <= width:
        return [len(text)]
    ends: list[int] = []
    used = 0
    for atom in _ATOM.finditer(text):
        if not atom[0]:
            continue
        bare = cell_len(atom[0].rstrip(" \t\u3000"))
        if used and used + bare > width:
            ends.append(atom.start())
            used = 0
        if bare > width:
            inside, used = _cut(atom[0], width)
            ends += [atom.start() + at for at in inside]
        else:
            used += cell_len(atom[0])
    return [*ends, len(text)]


def _cut(word: str, width: int) -> tuple[list[int], int]:
    """Return where a word is cut into lines, and the cells that its rest takes."""
    cuts, used = [], 0
    for one in _ONE.finditer(word):
        cells = cell_len(one[0])
        if used and used + cells > width and not one[0].isspace():
            cuts.append(one.start())
            used = 0
        used += cells
    return cuts, used


def split(pieces: Iterable[Piece], separator: str = "\n") -> list[list[Piece]]:
    """Return the lines of pieces that contain line breaks."""
    lines: list[list[Piece]] = [[]]
    for piece in pieces:
        first, *rest = piece.text.split(separator)
        if first:
            lines[-1].append(piece._replace(text=first))
        lines += [[piece._replace(text=part)] if part else [] for part in rest]
    return lines


def wrap(pieces: Sequence[Piece], width: int) -> list[list[Piece]]:
    """Return the rows of one line of pieces, without the spaces at the end of each row."""
    text = "".join(piece.text for piece in pieces)
    rows: list[list[Piece]] = []
    start = 0
    for end in line_ends(text, max(1, width)):
        rows.append(cut(pieces, start, start + len(text[start:end].rstrip(" \t"))))
        start = end
    return rows


def cut(pieces: Sequence[Piece], start: int, end: int) -> list[Piece]:
    """Return the part of pieces between two positions of their text."""
    found = []
    at = 0
    for piece in pieces:
        low, high = max(start - at, 0), min(end - at, len(piece.text))
        if low < high:
            found.append(piece._replace(text=piece.text[low:high]))
        at += len(piece.text)
        if at >= end:
            break
    return found


def cells(pieces: Iterable[Piece]) -> int:
    """Return the width of pieces in cells."""
    return sum(cell_len(piece.text) for piece in pieces)
