"""Two births of one note: the offer to make one text of the two that stand one behind the other.

The edits keep what the first text has, put in what only the second has, and take the second away. They are
computed from the note's state alone, and a Same has the same elements whoever makes it, so it does not matter
how many people accept the offer.
"""

from collections.abc import Iterator

from crdtnotes.crdt.ops import Create
from crdtnotes.results import Choice
from crdtnotes.review.assignments import line_at
from crdtnotes.review.found import Found, Plan, Version, patched, typed
from crdtnotes.review.joining import joined
from crdtnotes.review.past import Past

MAX_OFFERED = 20
"""How many other births are compared with the first at a time: each takes time in proportion to its text."""


def births(past: Past) -> Iterator[Found]:
    """Yield the offers to join another birth's text with the first: at most one for each of the next ones."""
    if len(past.state.births) < 2:
        return
    text = str(past.state.text)
    changes: dict[int, int] = {}
    for done in past.done:
        if isinstance(done.op, Create):
            changes.setdefault(done.op.birth, done.change)
    parts = _parts(past, text)
    if not parts:
        return
    first, _, end = parts[0]
    one = text[:end]
    for birth, begin, until in parts[1 : 1 + MAX_OFFERED]:
        both = one + text[begin:until]
        patches = joined(one, text[begin:until])
        if not patches:
            continue
        placed = [
            patch._replace(start=patch.start + begin - end) if patch.removed and patch.start >= end else patch
            for patch in patches
        ]
        yield Found(
            "births",
            (first, birth),
            begin,
            line_at(text, begin),
            Version(both, past.changes[changes[first]]),
            Version(patched(both, patches), past.changes[changes[birth]]),
            {Choice.OTHER: Plan(tuple(typed(*patch) for patch in placed))},
        )


def _parts(past: Past, text: str) -> list[tuple[int, int, int]]:
    """Return each birth that has a text, and where it begins and ends: what hangs in it belongs to it."""
    array = past.state.text
    found: list[tuple[int, int, int]] = []
    end = len(text)
    for birth in sorted(birth for birth, length in past.state.births.lengths.items() if length):
        start, _ = array.position((1, birth))
        found.append((birth, start, end))
        end = start
    found.reverse()
    if found:
        found[0] = found[0][0], 0, found[0][2]
    return [(birth, start, end) for birth, start, end in found if text[start:end].strip()]
