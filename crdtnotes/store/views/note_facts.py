"""The facts about a note that the indexes need: from its state, or from its birth if nothing else exists.

The links that a note shows are its link set, if the author of its last edit had seen all other edits: such an
author has made the set match the text. Otherwise (see `frontiers`), or if the note has operations that only a
newer crdtnotes knows, they are those found in the text, and of the set only what no text can hold.
"""

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple

from crdtnotes.changes.limits import MAX_VALUE_BYTES
from crdtnotes.crdt.ops import Create, Element
from crdtnotes.markup.names import clean_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from crdtnotes.crdt.note import NoteState


class Facts(NamedTuple):
    """A note as the indexes see it.

    `base` is the name in its register, in the form in which names are shown, empty before its birth is here;
    `past` are all the names it was ever given; `links` counts each link that it shows.
    """

    base: str
    past: AbstractSet[str]
    alive: bool
    links: dict[Element, int]


def shown_base(state: "NoteState") -> str:
    """Return the name that a note's register holds, in the form in which names are shown."""
    return clean_name(state.name.value) if state.derived else ""


class TextLinks:
    """The links of a note's text, which are read again only after an edit that may change them."""

    __slots__ = ("_links", "_text")

    def __init__(self) -> None:
        self._text: str | None = None
        self._links: dict[Element, int] = {}

    def of(self, text: str) -> dict[Element, int]:
        """Return the links of the text as it is now, like `links_in`."""
        from crdtnotes.markup.plain_edits import leaves_links  # reading a vault needs no grammar

        if self._text is None or not leaves_links(self._text, text):
            self._links = links_in(text)
        self._text = text
        return self._links


def of_state(state: "NoteState", frontier: "Collection[int]", known: TextLinks) -> Facts:
    """Return the facts of a note from its state, its frontier, and what is known of its text's links."""
    return Facts(shown_base(state), state.name.past, state.exists, shown_links(state, frontier, known))


def shown_links(
    state: "NoteState", frontier: "Collection[int]", known: TextLinks | None = None
) -> dict[Element, int]:
    """Return the links that a note shows, counted, from its state and its frontier.

    The links of the text are read, if they are needed, or taken from what is `known` of them.
    """
    counts = state.links.counts()
    if not state.newer and (len(frontier) < 2 or state.only_born):
        return counts
    from crdtnotes.markup.outline import TEXT_KINDS

    shown = {element: count for element, count in counts.items() if element[0] not in TEXT_KINDS}
    found = (known or TextLinks()).of(str(state.text))
    return dict(sorted((shown | found).items()))


def links_in(text: str) -> dict[Element, int]:
    """Return the links of a text that are stored, each with its number of occurrences."""
    from crdtnotes.markup.outline import occurrences  # reading a vault needs no grammar

    return kept(occurrences(text))


def kept(links: "Mapping[Element, int]") -> dict[Element, int]:
    """Return the links without those whose target is too long."""
    return {
        (kind, value): count
        for (kind, value), count in links.items()
        if len(value.encode()) <= MAX_VALUE_BYTES
    }


def of_birth(birth: Create) -> Facts:
    """Return the facts of a note of which only the birth is known."""
    links = {(kind, value): count for kind, value, count in birth.links}
    return Facts(clean_name(birth.name), {birth.name}, True, links)
