"""Grapheme clusters: what a person sees as one character, though it may be several code points.

Positions are code points, as in the CRDT. A caret stands between clusters only.
"""

import re

_ALONE = re.compile(
    "[\0-\u02ff\u0370-\u0482\u2010-\u2027\u3000-\u3029\u303b-\u3096\u309b-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff60]"
)
"""Characters of which no two form a cluster. (No line contains CR LF.)"""

_LONGEST = 1024
"""Text is divided from a character that joins with none, but not from further back than this."""


def cluster_start(text: str, at: int) -> int:
    """Return the start of the cluster that ends at `at` or contains it; 0 at the start of the text."""
    if at <= 1:
        return 0
    if _alone(text, at - 1) and (at >= len(text) or _alone(text, at)):
        return min(at, len(text)) - 1
    return _cluster_around(text, at - 1)[0]


def cluster_end(text: str, at: int) -> int:
    """Return the end of the cluster that starts at `at` or contains it; the length at the text's end."""
    if at >= len(text) - 1:
        return len(text)
    if _alone(text, at) and _alone(text, at + 1):
        return at + 1
    return _cluster_around(text, at)[1]


def whole(text: str, at: int) -> int:
    """Return `at` if it lies between clusters, otherwise the start of the cluster that contains it."""
    if at <= 0 or at >= len(text) or (_alone(text, at) and _alone(text, at - 1)):
        return max(0, min(at, len(text)))
    return _cluster_around(text, at)[0]


def _cluster_around(text: str, at: int) -> tuple[int, int]:
    """Return the start and the end of the cluster that contains the character at `at`."""
    from wcwidth import iter_graphemes  # loaded with the first character that may need it

    start = at
    while start > 0 and at - start < _LONGEST and not (_alone(text, start) and _alone(text, start - 1)):
        start -= 1
    end = start
    for cluster in iter_graphemes(text[start : at + _LONGEST]):
        start, end = end, end + len(cluster)
        if end > at:
            break
    return start, end


def _alone(text: str, at: int) -> bool:
    """Return whether a character forms no cluster with others like it."""
    return _ALONE.match(text, at) is not None
