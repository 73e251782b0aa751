"""All findings of one note, as a function of its state and its changes."""

from collections.abc import Iterable

from crdtnotes.changes.change import Change
from crdtnotes.changes.erasing import ERASED_NAME, FILLER
from crdtnotes.crdt.note import NoteState
from crdtnotes.review.assignments import existence, names, values
from crdtnotes.review.births import births
from crdtnotes.review.following import Following
from crdtnotes.review.found import Found, Version
from crdtnotes.review.numbering import numberings
from crdtnotes.review.past import Past, Seen
from crdtnotes.review.regions import regions
from crdtnotes.review.repeated import repetitions
from crdtnotes.review.texts import additions, replaced


def findings(state: NoteState, changes: Iterable[Change], seen: Seen) -> list[Found]:
    """Return the findings of a note, in the order of the text; those about the whole note come first.

    `changes` are all changes of the note, in any order, and `state` is what they show. `seen` tells what an
    author had seen (`Past`). A note with operations of unknown kinds has no findings, and what was erased
    gives none.
    """
    if state.newer:
        return []
    past = Past(state, changes, seen)
    if not past.apart_from_some:
        return []
    stretches = regions(past)
    following = Following(past)
    found = [
        *existence(past),
        *names(past),
        *births(past),
        *numberings(past),
        *repetitions(past),
        *[one for one in values(past, stretches) if one.identity[0] not in following.delimiters],
        *additions(past),
        *[one for one in replaced(past, stretches) if one.start not in following.texts],
        *following.offers,
    ]
    if any(change.is_erased for change in past.changes):
        found = [one for one in found if not _is_of_erased(one)]
    return sorted(found, key=_order)


def _is_of_erased(found: Found) -> bool:
    """Whether a finding shows, or would bring back, what is left of a text that was erased."""
    texts = [found.context, found.standing.text, found.other.text]
    texts += [edit.patch.inserted for plan in found.plans.values() for edit in plan.edits]
    return any(FILLER in text for text in texts) or any(map(_is_erased_name, (found.standing, found.other)))


def _is_erased_name(version: Version) -> bool:
    return version.change.is_erased and version.text == ERASED_NAME


def _order(found: Found) -> tuple[bool, int, str, str]:
    return found.start is not None, found.start or 0, found.kind, repr(found.identity)
