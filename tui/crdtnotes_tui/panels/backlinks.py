"""What links to the note, and what names it without a link, each with its line."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from crdtnotes import Backlink, Mention
from crdtnotes.graph.labels import printable
from crdtnotes_tui.panels.messages import GoTo

CELLS = 110
"""Of a longer line that much is shown …"""

BEFORE = 20
"""… beginning so many characters before the link or mention."""


class BacklinksPanel(OptionList):
    """Backlinks, below them unlinked mentions."""

    BORDER_TITLE = "Backlinks"
    BINDINGS = [
        Binding("m", "mentions", "Go to the unlinked mentions"),
        Binding("l", "link", "Make the mention a link"),
        Binding("u", "unlink", "Take the last such link back"),
    ]

    @dataclass
    class LinkWanted(Message):
        """A mention is to become a link."""

        mention: Mention

    class UnlinkWanted(Message):
        """The last link that was made so is to be a mention again."""

    def __init__(self) -> None:
        super().__init__(id="backlinks")
        self._shown: tuple[Sequence[Backlink], Sequence[Mention], bool] | None = None
        self._places: list[Backlink | Mention | None] = []
        self.border_subtitle = "m · l links · u undoes"

    def show(self, title: str, links: Sequence[Backlink], mentions: Sequence[Mention], *, more: bool) -> None:
        """Show the places that lead to the note of a title; `more` if there are more mentions than these."""
        if (links, mentions, more) == self._shown:
            return
        self._shown = (links, mentions, more)
        self.border_title = f"Backlinks ({len(links)})"
        marked = self.highlighted
        self.clear_options()
        self._places = []
        for link in links:
            self._add(link, title)
        if not links:
            self._say("Nothing links here yet.")
        if mentions:
            self._say(f"─ Unlinked mentions ({len(mentions)}{'+' if more else ''})")
        for mention in mentions:
            self._add(mention, mention.written)
        if marked is not None:
            self.highlighted = min(marked, len(self._places) - 1)

    def _add(self, place: Backlink | Mention, about: str) -> None:
        self._places.append(place)
        context = cut(printable(place.context), about)
        self.add_option(Option(Content.assemble((printable(place.note), "bold"), "\n", (context, "dim"))))

    def _say(self, sentence: str) -> None:
        self._places.append(None)
        self.add_option(Option(Content.styled(sentence, "dim"), disabled=True))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go there."""
        event.stop()
        place = self._places[event.option_index]
        if place is not None:
            self.post_message(GoTo(place.note, place.line))

    def action_mentions(self) -> None:
        """Mark the first mention."""
        found = (at for at, place in enumerate(self._places) if isinstance(place, Mention))
        self.highlighted = next(found, self.highlighted)

    def action_link(self) -> None:
        """Make the marked mention a link."""
        place = None if self.highlighted is None else self._places[self.highlighted]
        if isinstance(place, Mention):
            self.post_message(self.LinkWanted(place))

    def action_unlink(self) -> None:
        """Take the last one back."""
        self.post_message(self.UnlinkWanted())


def cut(context: str, about: str) -> str:
    """Return of a long line the part where what it is about stands first, in so many cells."""
    if cell_len(context) <= CELLS:
        return context
    at = max(0, context.casefold().find(about.casefold()) - BEFORE)
    part = context[at:]
    if cell_len(part) > CELLS:
        part = set_cell_size(part, CELLS - 1).rstrip() + "…"
    return ("…" if at else "") + part
