"""A question with a few answers, each with a key of its own."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from crdtnotes.graph.labels import printable
from crdtnotes_tui.screens.modal import Modal

V = TypeVar("V")


class Offer(NamedTuple, Generic[V]):
    """An answer: its key, its words, and the value that it stands for."""

    key: str
    text: str
    value: V


class Choice(Modal[V | None], Generic[V]):
    """A question whose result is the value of an answer, or None.

    The first answer is highlighted: give the harmless one first.
    """

    BINDINGS = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("down", "move(1)", "Next", show=False),
        Binding("up", "move(-1)", "Previous", show=False),
        Binding("enter", "pick", "Take what is highlighted", show=False),
        Binding("pagedown", "scroll(1)", "Further", show=False),
        Binding("pageup", "scroll(-1)", "Back", show=False),
    ]

    def __init__(self, question: str, offers: Sequence[Offer[V]]) -> None:
        super().__init__()
        self._question = question
        self._offers = offers

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with VerticalScroll(id="choice") as scroll:
            scroll.can_focus = False
            yield Static(self._question, id="choice-question", markup=False)
            offers = OptionList(*[Option(_content(one)) for one in self._offers], id="choice-offers")
            offers.can_focus = False
            offers.highlighted = 0
            yield offers

    def action_move(self, by: int) -> None:
        """Move the highlight."""
        offers = self.query_one(OptionList)
        offers.highlighted = min(max(0, (offers.highlighted or 0) + by), len(self._offers) - 1)

    def action_scroll(self, by: int) -> None:
        """Scroll a question that is longer than the screen."""
        scroll = self.query_one("#choice", VerticalScroll)
        scroll.scroll_relative(y=by * max(1, scroll.size.height - 1), animate=False)

    def action_pick(self) -> None:
        """Take the answer that is highlighted."""
        self.dismiss(self._offers[self.query_one(OptionList).highlighted or 0].value)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the answer that was clicked."""
        self.dismiss(self._offers[event.option_index].value)

    def on_key(self, event: events.Key) -> None:
        """Take the answer with this key."""
        for one in self._offers:
            if event.key == one.key:
                event.stop()
                event.prevent_default()
                self.dismiss(one.value)
                break


def _content(offer: Offer[V]) -> Content:
    return Content.assemble((offer.key, "bold"), f"  {printable(offer.text)}")
