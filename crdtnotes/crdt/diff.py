"""A small edit that turns one text into another, cut at lines, words and grapheme clusters.

Rules
    - Whole lines are compared first. A line that was only added or removed is added or removed whole, with
      its newline, so a merge of such edits holds no line that nobody wrote.
    - Lines that stand for each other, because they have enough words in common in one order, are compared
      word by word. A CJK character is a word. A replaced word goes as a whole: it leaves no letters behind
      that an edit of the old word by somebody else could mix with the new word.
    - No cut is inside a grapheme cluster (Unicode UAX 29): flags, emoji and accents are replaced whole.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from string import punctuation

from wcwidth import iter_graphemes

from crdtnotes.crdt.ops import Patch

_WORD = re.compile(r"\w+|\s+|.", re.ASCII | re.DOTALL)

_LETTER = re.compile(r"[^\W\u2e80-\U0003ffff]")
"""The first character of a cluster that is part of a longer word."""

_NUMBER = re.compile(r"[ \t>]*\d{1,9}[.)][ \t]+(?=\S)")
"""The number of an item in a list: it tells which place the item has, not which item it is."""

_PUNCTUATION = frozenset(punctuation + "，。、；：？！“”‘’（）《》【】「」")
"""What lines of every content have in common: the marks of lists and tasks, ends of sentences."""

MAX_PAIRS = 1_000_000
"""If the product of two numbers of lines is larger than this, a faster, less thorough comparison is used."""

MAX_WORDS = 4000
"""If more words than this differ on either side, all are replaced at once: comparing takes quadratic time."""

MAX_SIMILARITIES = 10_000
"""In a block of more pairs of lines than this, no lines stand for each other."""

MAX_ROUNDS = 10
"""How often the best pairs of lines are sought, while some of them have less in common in one order."""

SIMILAR = 0.5
"""The share of words that two lines need in common, in one order, in order to stand for each other.

With less, a merge too often mixes a line with another one that took its place (tests/crdt/test_lines.py). One
line that takes the place of one line also stands for it if either has all words of the other: words were
added, or were deleted. Words in another order do not count, because comparing word by word does not keep
them.
"""


def edits(old: str, new: str) -> list[Patch]:
    """Return patches, from the last to the first, that turn `old` into `new`.

    Applied in this order, each patch finds its positions in `old` still valid, because all patches
    before it changed only later parts of the text.
    """
    head, tail = common_lines(old, new)
    old_lines = _lines(old[head : len(old) - tail])
    new_lines = _lines(new[head : len(new) - tail])
    patches: list[Patch] = []
    at = head
    done = 0
    for before, after in _differing(old_lines, new_lines):
        at += sum(map(len, old_lines[done : before.start]))
        for patch in _block(at, old_lines[before], new_lines[after]):
            last = patches[-1] if patches else None
            begins_line = patch.start == 0 or old[patch.start - 1] == "\n"
            if (
                last is not None
                and last.start + last.removed == patch.start
                and not (begins_line and last.inserted[-1:] in ("", "\n"))
            ):
                # Neighbours are one edit: its text stays together. Where a line begins, they are two.
                joined = Patch(last.start, last.removed + patch.removed, last.inserted + patch.inserted)
                patches[-1] = joined
            else:
                patches.append(patch)
        done = before.start
    patches.reverse()
    return patches


def words(text: str) -> list[str]:
    """Split into words, white space and single grapheme clusters."""
    if text.isascii():
        return _WORD.findall(text)
    found: list[str] = []
    kind = ""
    for cluster in iter_graphemes(text):
        now = "word" if _LETTER.match(cluster) else "space" if cluster.isspace() else ""
        if now and now == kind:
            found[-1] += cluster
        else:
            found.append(cluster)
        kind = now
    return found


def _block(at: int, old: Sequence[str], new: Sequence[str]) -> Iterator[Patch]:
    """Yield the patches of a block in which all lines differ, in order; it begins at position `at`."""
    i = j = 0
    for p, q in [*_standing(old, new), (len(old), len(new))]:
        removed, inserted = "".join(old[i:p]), "".join(new[j:q])
        if removed or inserted:
            yield Patch(at, len(removed), inserted)
        at += len(removed)
        if p < len(old):
            yield from _within(at, old[p], new[q])
            at += len(old[p])
        i, j = p + 1, q + 1


def _standing(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the indexes of lines that stand for each other, so paired that most words are in common."""
    if len(old) * len(new) > MAX_SIMILARITIES:
        return []
    old_words = [_counted(line) for line in old]
    new_words = [_counted(line) for line in new]
    old_counts, new_counts = list(map(Counter, old_words)), list(map(Counter, new_words))
    alone = len(old) == len(new) == 1
    # Words in one order take long to count. There are at most as many as in any order; so that is the
    # likeness until a pair is among the best.
    likeness = [
        [
            _likeness((old_counts[i] & new_counts[j]).total(), old_words[i], new_words[j], alone=alone)
            for j in range(len(new))
        ]
        for i in range(len(old))
    ]
    counted: set[tuple[int, int]] = set()
    for _ in range(MAX_ROUNDS):
        doubtful = [pair for pair in _best_pairs(likeness) if pair not in counted]
        if not doubtful:
            break
        for i, j in doubtful:
            common = _in_one_order(old_words[i], new_words[j])
            likeness[i][j] = _likeness(common, old_words[i], new_words[j], alone=alone)
        counted.update(doubtful)
    return [pair for pair in _best_pairs(likeness) if pair in counted]


def _best_pairs(likeness: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Return the pairs of indexes, in order, that have the greatest sum of likeness; 0 is no pair."""
    olds, news = len(likeness), len(likeness[0]) if likeness else 0
    # best[i][j] is the greatest sum from i and j on (Needleman & Wunsch 1970).
    best = [[0.0] * (news + 1) for _ in range(olds + 1)]
    for i in range(olds - 1, -1, -1):
        for j in range(news - 1, -1, -1):
            alike = likeness[i][j]
            best[i][j] = max(best[i + 1][j], best[i][j + 1], alike + best[i + 1][j + 1] if alike else 0.0)
    pairs = []
    i = j = 0
    while i < olds and j < news:
        alike = likeness[i][j]
        if alike and best[i][j] == alike + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _counted(line: str) -> list[str]:
    """Return the words of a line that count, without its number in a list.

    Punctuation counts only where there is nothing else.
    """
    found = [word for word in words(_NUMBER.sub("", line)) if not word.isspace()]
    return [word for word in found if word not in _PUNCTUATION] or found


def _likeness(common: int, one: Sequence[str], other: Sequence[str], *, alone: bool) -> float:
    """Return the share, up to 1, that so many common words are of two lines; 0 if it is too small.

    `alone`: there are no other lines.
    """
    total = len(one) + len(other)
    share = 2 * common / total if total else 0.0
    return share if share >= SIMILAR or (alone and common == min(len(one), len(other))) else 0.0


def _in_one_order(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words two lines have in common in one order (Hyyrö 2004, with a bit for each word)."""
    head, tail = _common_ends(one, other)
    one, other = one[head : len(one) - tail], other[head : len(other) - tail]
    if len(one) > MAX_WORDS or len(other) > MAX_WORDS:
        return head + tail  # what is between them is replaced at once
    places: dict[str, int] = {}
    for at, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << at
    every = unmatched = (1 << len(one)) - 1
    for word in other:
        if word in places:
            found = unmatched & places[word]
            unmatched = unmatched + found | unmatched - found
    return head + len(one) - (unmatched & every).bit_count() + tail


def _common_ends(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """Return how many words two sequences have in common at the beginning, and how many others at the end."""
    limit = min(len(one), len(other))
    head = 0
    while head < limit and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < limit - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    return head, tail


def _within(at: int, old: str, new: str) -> Iterator[Patch]:
    """Yield the patches inside a line, in order."""
    old_words, new_words = words(old), words(new)
    head, tail = _common_ends(old_words, new_words)
    at += sum(map(len, old_words[:head]))
    old_words = old_words[head : len(old_words) - tail]
    new_words = new_words[head : len(new_words) - tail]
    if len(old_words) > MAX_WORDS or len(new_words) > MAX_WORDS:
        yield Patch(at, sum(map(len, old_words)), "".join(new_words))
        return
    done = 0
    for before, after in _differing(old_words, new_words):
        at += sum(map(len, old_words[done : before.start]))
        yield Patch(at, sum(map(len, old_words[before])), "".join(new_words[after]))
        done = before.start


def _differing(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[slice, slice]]:
    """Yield the slices that differ between the two, in order."""
    # In long texts, lines that recur often (blank lines) are not used as anchors: comparing each of them
    # with every other takes quadratic time.
    often = len(old) * len(new) > MAX_PAIRS
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=often).get_opcodes():
        if tag != "equal":
            yield slice(i, j), slice(k, m)


def _lines(text: str) -> list[str]:
    """Split after each newline, and nowhere else."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def common_lines(old: str, new: str) -> tuple[int, int]:
    """Return the lengths of the whole lines that both texts begin and end with."""
    limit = min(len(old), len(new))
    head = _largest(limit, lambda size: old[:size] == new[:size])
    if head < limit or len(old) != len(new):
        head = old.rfind("\n", 0, head) + 1
    rest = limit - head
    tail = _largest(rest, lambda size: old[len(old) - size :] == new[len(new) - size :])
    # The common end begins behind a newline of both texts, or where one of them begins.
    while tail:
        in_old, in_new = len(old) - tail, len(new) - tail
        if (in_old == 0 or old[in_old - 1] == "\n") and (in_new == 0 or new[in_new - 1] == "\n"):
            break
        newline = old.find("\n", in_old)
        tail = len(old) - newline - 1 if newline >= 0 else 0
    return head, tail


def _largest(limit: int, holds: Callable[[int], bool]) -> int:
    """Return the largest size up to `limit` for which a condition holds that holds for all smaller ones."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
