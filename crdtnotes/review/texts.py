"""Texts that were replaced side by side, deleted unseen, or edited where others deleted them."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from crdtnotes.crdt.ids import Id
from crdtnotes.crdt.ops import Same
from crdtnotes.results import Choice
from crdtnotes.review.assignments import line_at
from crdtnotes.review.found import Found, Plan, Version, typed
from crdtnotes.review.past import Done, Past
from crdtnotes.review.regions import Part, Region

BETWEEN = " / "
"""What stands between two words that are both kept."""


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
    for one, other in combinations(_authors(past, shown), 2):
        common = next((part for part in region if _both_deleted(past, part, one, other)), None)
        first, second = _of(past, shown, one), _of(past, shown, other)
        if common is None or not past.apart(first[0].changes[0], second[0].changes[0]):
            continue
        if any(_came_later(past, part, first[0], second[0]) for part in shown):
            continue
        start = first[0].at
        ours, theirs = _version(past, first), _version(past, second)
        plans = {
            Choice.OTHER: _without(first),
            Choice.BOTH: _separated(first, second),
            Choice.STANDING: _without(second),
        }
        identity = (ours.change.actor, theirs.change.actor, common.first)
        yield Found("words", identity, start, line_at(text, start), ours, theirs, plans)


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
    for author in _authors(past, shown):
        for deleter in dict.fromkeys(
            past.actor(change) for part in region if not part.visible for change in part.changes
        ):
            if deleter == author:
                continue
            parts = [
                part for part in _of(past, shown, author) if _is_inside(past, region, part, author, deleter)
            ]
            if not parts:
                continue
            gone = [part for part in region if _deleted_by(past, part, deleter, author, parts[0])]
            by = min(change for part in gone for change in part.changes if past.actor(change) == deleter)
            edit = _version(past, parts)
            settled = any(
                past.is_rewritten(part.text, (by, parts[0].changes[0])) for part in gone if part.text.strip()
            )
            theirs = _of(past, shown, deleter)
            instead = _version(past, theirs).text if theirs else ""
            whole = _whole(gone, parts)
            found = Found(
                "edited deletion",
                (edit.change.actor, past.changes[by].actor, gone[0].first),
                parts[0].at,
                next((line for line in whole.split("\n") if line.strip()), line_at(text, parts[0].at)),
                edit,
                Version(instead, past.changes[by]),
                {
                    Choice.OTHER: _without(parts),
                    Choice.BOTH: Plan(tuple(typed(part.at, 0, part.text) for part in reversed(gone))),
                },
            )
            yield (None if settled else found), parts
            break


def _deleted_by(past: Past, part: Part, deleter: int, author: int, edit: Part) -> bool:
    """Whether a part was deleted by one person, apart from another one's edit, and not by that one."""
    return (
        not part.visible
        and not any(past.actor(change) == author for change in part.changes)
        and any(
            past.actor(change) == deleter and past.apart(change, edit.changes[0]) for change in part.changes
        )
    )


def _is_inside(past: Past, region: Region, edit: Part, author: int, deleter: int) -> bool:
    """Whether an edit stands inside what another person deleted.

    It has such tombstones on both sides; or on one side in its own line, if whole lines were deleted.
    """
    at = region.index(edit)
    before = [part for part in region[:at] if _deleted_by(past, part, deleter, author, edit)]
    after = [part for part in region[at:] if _deleted_by(past, part, deleter, author, edit)]
    if before and after:
        return True
    if not any("\n" in part.text for part in before + after):
        return False
    if before:
        return not before[-1].text.endswith("\n") and not edit.text.startswith("\n")
    return bool(after) and not after[0].text.startswith("\n") and not edit.text.endswith("\n")


def _whole(gone: Sequence[Part], edits: Sequence[Part]) -> str:
    """Return the deleted text with the edits in it."""
    # Parts with the same place stand in the order in which they were found, tombstones in front.
    both = sorted([*gone, *edits], key=lambda part: (part.at, part.visible))
    return "".join(part.text for part in both)
