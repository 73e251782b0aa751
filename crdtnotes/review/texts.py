"""Texts that were replaced side by side, deleted unseen, or edited where others deleted them."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from crdtnotes.crdt.ids import Id
from crdtnotes.crdt.ops import Same
from crdtnotes.results import Choice
from crdtnotes.review.assignments import line_at
from crdtnotes.review.found import Found, Plan, Version, typed
from crdtnotes.review.past import Done, Past
from crdtnotes.review.regions import Part, Region

BETWEEN = " / "
"""What stands between two words that are both kept."""

MAX_COMPARED = 4_000_000
"""If the parts of a region times the visible ones are more than this, left-over edits are not looked for."""


def additions(past: Past) -> Iterator[Found]:
    """Yield texts that several people added alike, and that one deleted who had not seen another add them."""
    told: set[Id] = set()
    for done in past.done:
        if not isinstance(done.op, Same) or done.change not in past.apart_from_some:
            continue
        for first, text, deleter in _unseen_deletions(past, done, done.op):
            if first in told or not text.strip() or past.is_rewritten(text, (done.change, deleter)):
                continue
            told.add(first)
            start, _ = past.state.text.position(first)
            yield Found(
                "addition",
                (first,),
                start,
                next(line for line in text.split("\n") if line.strip()),
                Version("", past.changes[deleter]),
                Version(text, past.changes[done.change]),
                {Choice.OTHER: Plan((typed(start, 0, text),))},
            )


def _unseen_deletions(past: Past, done: Done, op: Same) -> list[tuple[Id, str, int]]:
    """Return the first element, the text and the deleter of what nobody deleted who had seen this Same."""
    found: list[tuple[Id, str, int]] = []
    joins = False
    for actor, counter, text in op.runs:
        cuts = {counter, counter + len(text)}
        some = list(past.deletions(actor, counter, len(text)))
        for one in some:
            cuts |= {max(counter, one.counter), min(counter + len(text), one.end)}
        places = sorted(cuts)
        for start, end in pairwise(places):
            by = [one.change for one in some if one.counter <= start and end <= one.end]
            if not by or any(past.knows(change, done.change) for change in by):
                joins = False
                continue
            part = text[start - counter : end - counter]
            if joins:
                first, before, deleter = found[-1]
                found[-1] = first, before + part, deleter
            else:
                found.append(((start, actor), part, min(by)))
            joins = True
    return found


def replaced(past: Past, regions: list[Region]) -> Iterator[Found]:
    """Yield texts that two people replaced side by side, and edits inside what somebody deleted apart."""
    text = str(past.state.text)
    for region in regions:
        shown = [part for part in region if part.visible]
        if not shown:
            continue
        left_over: set[Id] = set()
        for found, parts in _edited(past, region, text):
            left_over.update(part.first for part in parts)
            if found is not None:
                yield found
        yield from _side_by_side(past, region, [part for part in shown if part.first not in left_over], text)


def _authors(past: Past, parts: Sequence[Part]) -> list[int]:
    """Return the authors of parts that only one person wrote, in the order of the text."""
    return list(dict.fromkeys(past.actor(part.changes[0]) for part in parts if len(part.changes) == 1))


def _of(past: Past, parts: Sequence[Part], author: int) -> list[Part]:
    return [part for part in parts if len(part.changes) == 1 and past.actor(part.changes[0]) == author]


def _side_by_side(past: Past, region: Region, shown: list[Part], text: str) -> Iterator[Found]:
    """Yield the neighbours among the texts that took the place of one text."""
    first: list[Part] = []
    for author in _authors(past, shown):
        second = _of(past, shown, author)
        if not first:
            first = second
            continue
        common = _common(past, region, first[0], second[0])
        if common is None:
            continue
        ours, theirs = _version(past, first), _version(past, second)
        if not any(_came_later(past, part, first[0], second[0]) for part in shown):
            start = first[0].at
            plans = {
                Choice.OTHER: _without(first),
                Choice.BOTH: _separated(first, second),
                Choice.STANDING: _without(second),
            }
            identity = (ours.change.actor, theirs.change.actor, common.first)
            yield Found("words", identity, start, line_at(text, start), ours, theirs, plans)
        first = second


def _common(past: Past, region: Region, one: Part, other: Part) -> Part | None:
    """Return what the authors of two parts both deleted apart, if they wrote these parts apart, too."""
    if not past.apart(one.changes[0], other.changes[0]):
        return None
    ours, theirs = past.actor(one.changes[0]), past.actor(other.changes[0])
    return next((part for part in region if _both_deleted(past, part, ours, theirs)), None)


def _came_later(past: Past, part: Part, one: Part, other: Part) -> bool:
    """Whether a part was written by somebody who had seen both of two others: they are looked after."""
    return all(past.knows(part.changes[0], side.changes[0]) and part is not side for side in (one, other))


def _both_deleted(past: Past, part: Part, one: int, other: int) -> bool:
    if part.visible:
        return False
    ours = [change for change in part.changes if past.actor(change) == one]
    theirs = [change for change in part.changes if past.actor(change) == other]
    return any(past.apart(change, another) for change in ours for another in theirs)


def _version(past: Past, parts: Sequence[Part]) -> Version:
    """Return what is left of one person's text, with the last of the changes that it comes from."""
    texts = []
    end = parts[0].at
    for part in parts:
        texts += [part.text] if part.at == end else ["…", part.text]
        end = part.at + part.length
    return Version("".join(texts), past.changes[max(change for part in parts for change in part.changes)])


def _without(parts: Sequence[Part]) -> Plan:
    return Plan(tuple(typed(part.at, part.length, "") for part in reversed(parts)))


def _separated(first: Sequence[Part], second: Sequence[Part]) -> Plan:
    """Return what keeps two texts apart that stand in one line: words need something between them."""
    before, after = first[-1], second[0]
    if before.at + before.length != after.at or before.text.endswith("\n") or after.text[0] == "\n":
        return Plan()
    return Plan((typed(after.at, 0, BETWEEN),))


def _edited(past: Past, region: Region, text: str) -> Iterator[tuple[Found | None, list[Part]]]:
    """Yield the edits that are left over inside what another person deleted, with their parts.

    The finding is None if it was settled.
    """
    shown = [part for part in region if part.visible]
    if len(shown) * len(region) > MAX_COMPARED:
        return
    deleters = dict.fromkeys(
        past.actor(change) for part in region if not part.visible for change in part.changes
    )
    for author in _authors(past, shown):
        for deleter in deleters:
            if deleter == author:
                continue
            inside = _Inside(past, region, author, deleter)
            parts = [part for part in _of(past, shown, author) if inside.has(part)]
            if parts:
                yield _left_over(past, inside, parts, _of(past, shown, deleter), text), parts
                break


class _Inside:
    """Where a person's edits stand inside of what another one deleted apart from them, and they did not."""

    def __init__(self, past: Past, region: Region, author: int, deleter: int) -> None:
        self.deleter = deleter
        self._past = past
        self._region = region
        self._places = {part.first: place for place, part in enumerate(region)}
        self._deletions = [
            (place, [change for change in part.changes if past.actor(change) == deleter])
            for place, part in enumerate(region)
            if not part.visible and not any(past.actor(change) == author for change in part.changes)
        ]
        self._gone: dict[int, list[int]] = {}

    def gone(self, edit: int) -> list[int]:
        """Return the places in the region of what was deleted apart from a change."""
        if edit not in self._gone:
            apart = {change: self._past.apart(change, edit) for _, some in self._deletions for change in some}
            self._gone[edit] = [
                place for place, some in self._deletions if any(apart[change] for change in some)
            ]
        return self._gone[edit]

    def parts(self, edit: int) -> list[Part]:
        """Return what was deleted apart from a change."""
        return [self._region[place] for place in self.gone(edit)]

    def has(self, edit: Part) -> bool:
        """Whether an edit has such tombstones on both sides, or on one in its own line.

        On one side counts only where whole lines were deleted: otherwise two people edited side by side.
        """
        gone = self.gone(edit.changes[0])
        at = bisect_left(gone, self._places[edit.first])
        if 0 < at < len(gone):
            return True
        if not any("\n" in self._region[place].text for place in gone):
            return False
        if at:
            before = self._region[gone[at - 1]]
            return not before.text.endswith("\n") and not edit.text.startswith("\n")
        return not self._region[gone[0]].text.startswith("\n") and not edit.text.endswith("\n")


def _left_over(
    past: Past, inside: _Inside, parts: list[Part], instead: list[Part], text: str
) -> Found | None:
    """Return the finding for edits that are left over; `instead` is what the other one wrote there."""
    gone = inside.parts(parts[0].changes[0])
    by = min(change for part in gone for change in part.changes if past.actor(change) == inside.deleter)
    over = (by, parts[0].changes[0])
    if any(past.is_rewritten(part.text, over) for part in gone if part.text.strip()):
        return None
    edit = _version(past, parts)
    whole = _whole(gone, parts)
    return Found(
        "edited deletion",
        (edit.change.actor, inside.deleter, gone[0].first),
        parts[0].at,
        next((line for line in whole.split("\n") if line.strip()), line_at(text, parts[0].at)),
        edit,
        Version(_version(past, instead).text if instead else "", past.changes[by]),
        {
            Choice.OTHER: _without(parts),
            Choice.BOTH: Plan(tuple(typed(part.at, 0, part.text) for part in reversed(gone))),
        },
    )


def _whole(gone: Sequence[Part], edits: Sequence[Part]) -> str:
    """Return the deleted text with the edits in it."""
    # Parts with the same place stand in the order in which they were found, tombstones in front.
    both = sorted([*gone, *edits], key=lambda part: (part.at, part.visible))
    return "".join(part.text for part in both)
