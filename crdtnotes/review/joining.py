"""Makes one text of two that people wrote as the first text of one note.

Rules
    - The second text's lines go into the first where they belong: behind the lines that they follow in the
      second. A line that both have in the same order is there once; of a changed line both forms are kept,
      one below the other.
    - Two texts are *alike* if at least the share `ALIKE` of the shorter one's lines, blank ones not counted,
      are lines of the other in the same order.
    - If both have front matter, the result has one block: the first's, with the keys that only the second
      has, and lists of both with the items of both. Where the two give one key different scalars, the
      first's stands.
    - If the texts are not alike but both have front matter, only that is joined, and the rest of the second
      stays where it is. If the second has none either, nothing is joined.

Lines are matched by those that occur once in both (Cohen's patience diff), which takes linear time; lines
between two matches are compared again in the same way.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from crdtnotes.crdt.ops import Patch
from crdtnotes.markup.frontmatter import front_matter_lines, read_front_matter

ALIKE = 0.5
"""The share of the shorter text's lines that two texts need in common to be joined line by line."""

MAX_DEPTH = 12
"""How often the lines between two matches are compared again."""

MAX_PAIRS = 10_000
"""Where no line occurs once in both, each is compared with each, if these are at most so many pairs."""

MAX_INSERTS = 900
"""The most places at which lines go into the first text."""


def joined(one: str, two: str) -> list[Patch]:
    """Return patches of `one + two`, from the last to the first, that join them; none if they differ much."""
    end_one, end_two = read_front_matter(one).end, read_front_matter(two).end
    front = _joined_front(one, two) if end_two else []
    body_one, body_two = one[end_one:], two[end_two:]
    inserts = _inserts(body_one, body_two)
    if inserts is None:
        if not end_one or not end_two:
            return []
        return [Patch(len(one), end_two, ""), *reversed(front)]
    patches = [Patch(end_one + place, 0, text) for place, text in inserts]
    return [*_without(one, two, patches), *reversed(front)]


def _without(one: str, two: str, patches: list[Patch]) -> list[Patch]:
    """Return the patches from the last to the first, and before them the one that takes the second text away.

    The result ends with a newline if the second text does.
    """
    if two.endswith("\n"):
        return [Patch(len(one), len(two), ""), *reversed(patches)]
    last = patches[-1] if patches else None
    if last is not None and last.start == len(one):
        patches = [*patches[:-1], last._replace(inserted=last.inserted.removesuffix("\n"))]
    elif one.endswith("\n"):
        patches = [*patches, Patch(len(one) - 1, 1, "")]
    return [Patch(len(one), len(two), ""), *reversed(patches)]


# -- lines


def _inserts(one: str, two: str) -> list[tuple[int, str]] | None:
    """Return what goes into the first text, with the places, in order; None if the two are not alike."""
    old, new = _lines(one), _lines(two)
    shorter = min(_counted(old), _counted(new))
    common = Counter(filter(None, old)) & Counter(filter(None, new))
    if common.total() < ALIKE * shorter:
        return None
    places = [0]
    for line in old:
        places.append(places[-1] + len(line) + 1)
    found: list[tuple[int, str]] = []
    alike = j = 0
    for before, after, size in [*_matches(old, new), (len(old), len(new), 0)]:
        if j < after:
            place = min(places[before], len(one))
            text = "".join([f"{line}\n" for line in new[j:after]])
            if place == len(one) and one and not one.endswith("\n"):
                text = f"\n{text}"
            found.append((place, text))
        alike += _counted(old[before : before + size])
        j = after + size
    if alike < ALIKE * shorter or len(found) > MAX_INSERTS:
        return None
    return found


def _lines(text: str) -> list[str]:
    """Return the lines without their newlines; a newline at the end begins no other line."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _counted(lines: Sequence[str]) -> int:
    return sum(1 for line in lines if line.strip())


class _Block(NamedTuple):
    """Lines that are compared: from `i` up to `j` in the first text, from `k` up to `m` in the other."""

    i: int
    j: int
    k: int
    m: int
    depth: int


def _matches(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return stretches of equal lines `(place in old, place in new, length)`, ascending in both."""
    found: list[tuple[int, int, int]] = []
    stack = [_Block(0, len(old), 0, len(new), 0)]
    while stack:
        i, j, k, m, depth = stack.pop()
        begin = i
        while i < j and k < m and old[i] == new[k]:
            i, k = i + 1, k + 1
        if begin < i:
            found.append((begin, k - (i - begin), i - begin))
        tail = 0
        while i < j - tail and k < m - tail and old[j - 1 - tail] == new[m - 1 - tail]:
            tail += 1
        if tail:
            found.append((j - tail, m - tail, tail))
            j, m = j - tail, m - tail
        if i == j or k == m or depth == MAX_DEPTH:
            continue
        anchors = _anchors(old, new, _Block(i, j, k, m, depth))
        if not anchors and (j - i) * (m - k) <= MAX_PAIRS:
            matcher = SequenceMatcher(None, old[i:j], new[k:m], autojunk=False)
            found += [(i + a, k + b, size) for a, b, size in matcher.get_matching_blocks() if size]
        for a, b in anchors:
            stack.append(_Block(i, a, k, b, depth + 1))
            found.append((a, b, 1))
            i, k = a + 1, b + 1
        if anchors:
            stack.append(_Block(i, j, k, m, depth + 1))
    return sorted(found)


def _anchors(old: Sequence[str], new: Sequence[str], block: _Block) -> list[tuple[int, int]]:
    """Return the longest ascending row of lines that are not blank and occur once in both parts."""
    here, there = Counter(old[block.i : block.j]), Counter(new[block.k : block.m])
    place = {new[b]: b for b in range(block.k, block.m) if there[new[b]] == 1}
    pairs = [
        (a, place[old[a]])
        for a in range(block.i, block.j)
        if here[old[a]] == 1 and old[a].strip() and old[a] in place
    ]
    ends: list[int] = []  # the least end of a row of each length
    rows: list[int] = []  # the number of the pair there
    before: list[int] = []
    for number, (_, b) in enumerate(pairs):
        length = bisect_left(ends, b)
        before.append(rows[length - 1] if length else -1)
        ends[length : length + 1] = [b]
        rows[length : length + 1] = [number]
    row: list[tuple[int, int]] = []
    number = rows[-1] if rows else -1
    while number >= 0:
        row.append(pairs[number])
        number = before[number]
    return row[::-1]


# -- front matter

_KEY = re.compile(r"([^\s#:\-][^:\n]*?)[ \t]*:(?=[ \t\n]|$)")
_FLOW = re.compile(r"[^:\n]*:[ \t]*\[(?P<items>[^\[\]{}\"'#\n]*)\][ \t]*\n?")
_ITEMS = re.compile(r"[^:\n]*:[ \t]*\n(?P<items>(?:[ \t]*- [^\n]*\n?)+)")
_ITEM = re.compile(r"(?P<mark>[ \t]*- +)(?P<item>[^\n]*?)[ \t]*(?:\n|$)")


class _Entry(NamedTuple):
    """A key of a block of front matter with all its lines, and where these begin in the note's text."""

    key: str
    start: int
    text: str

    @property
    def value(self) -> str:
        return self.text.partition(":")[2].strip()


def _joined_front(one: str, two: str) -> list[Patch]:
    """Return patches of the first text, in order, that bring the second's front matter into its own."""
    begin, end = front_matter_lines(one)
    theirs = _entries(two, *front_matter_lines(two))
    if not read_front_matter(one).end:
        return [Patch(0, 0, two[: read_front_matter(two).end])]
    own = {entry.key: entry for entry in _entries(one, begin, end)}
    patches = []
    new = ""
    for entry in theirs:
        mine = own.get(entry.key)
        if mine is None:
            new += entry.text if entry.text.endswith("\n") else f"{entry.text}\n"
        elif (patch := _union(mine, entry)) is not None:
            patches.append(patch)
    patches.sort()
    return [*patches, Patch(end, 0, new)] if new else patches


def _entries(text: str, begin: int, end: int) -> list[_Entry]:
    found: list[_Entry] = []
    at = begin
    for line in text[begin:end].splitlines(keepends=True):
        key = _KEY.match(line)
        if key is not None:
            found.append(_Entry(key[1].casefold(), at, line))
        elif found:
            found[-1] = found[-1]._replace(text=found[-1].text + line)
        at += len(line)
    return found


def _union(mine: _Entry, theirs: _Entry) -> Patch | None:
    """Return the patch that adds what only the other's entry has; None if there is no simple one."""
    if not mine.value and theirs.value:
        place = mine.start + mine.text.index(":") + 1
        return Patch(place, 0, theirs.text.partition(":")[2].rstrip())
    flow, block = _FLOW.fullmatch(mine.text), _ITEMS.fullmatch(mine.text)
    have = {item.strip("\"'") for item in _items(mine.text)}
    more = [item for item in dict.fromkeys(_items(theirs.text)) if item.strip("\"'") not in have]
    if not more:
        return None
    if flow is not None and not any("," in item for item in more):
        items = flow["items"].rstrip()
        return Patch(
            mine.start + flow.start("items") + len(items), 0, (", " if items else "") + ", ".join(more)
        )
    if block is not None and mine.text.endswith("\n"):
        mark = _ITEM.findall(block["items"])[-1][0]
        return Patch(mine.start + len(mine.text), 0, "".join([f"{mark}{item}\n" for item in more]))
    return None


def _items(text: str) -> list[str]:
    """Return the items of a list as they are written, if an entry is one that is written simply."""
    flow, block = _FLOW.fullmatch(text), _ITEMS.fullmatch(text)
    if flow is not None:
        return [item for one in flow["items"].split(",") if (item := one.strip())]
    return [] if block is None else [item for _, item in _ITEM.findall(block["items"]) if item]
