"""The facts about a note that the indexes need: from its state, or from its birth if nothing else exists."""

from collections.abc import Set as AbstractSet
from typing import NamedTuple

from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import Create, Element
from crdtnotes.markup.names import clean_name


class Facts(NamedTuple):
    """A note as the indexes see it.

    `base` is the name in its register, in the form in which names are shown, empty before its birth is here;
    `past` are all the names it was ever given; `links` counts the living tags of each link.
    """

    base: str
    past: AbstractSet[str]
    alive: bool
    links: dict[Element, int]


def shown_base(state: NoteState) -> str:
    """Return the name that a note's register holds, in the form in which names are shown."""
    return clean_name(state.name.value) if state.derived else ""


def of_state(state: NoteState) -> Facts:
    """Return the facts of a note from its state."""
    return Facts(shown_base(state), state.name.past, state.exists, state.links.counts())


def of_birth(birth: Create) -> Facts:
    """Return the facts of a note of which only the birth is known."""
    links = {(kind, value): count for kind, value, count in birth.links}
    return Facts(clean_name(birth.name), {birth.name}, True, links)
