"""A question with a list of answers that narrows as the person types."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from crdtnotes.errors import CrdtnotesError
from crdtnotes.graph.labels import printable
from crdtnotes_tui.editor.line_input import LineInput
from crdtnotes_tui.screens.modal import Modal

V = TypeVar("V")

PAGE_SIZE = 50
"""Answers that are added to the list at a time, because a long list takes long to lay out."""

MIN_AHEAD = 15
"""When fewer answers follow the highlighted one, or the visible ones, the next page is added."""


NOTHING = "Nothing found."
"""What a list says if nothing matches what was typed."""


class Answer(NamedTuple, Generic[V]):
    """A line of the list: its value, its text, and a remark beside the text or `below` it."""

    value: V
    text: str
    remark: str = ""
    below: bool = False


class Picker(Modal[V | None], Generic[V]):
    """A question whose result is the value that was picked, or None."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("down", "move(1)", "Next", show=False),
        Binding("up", "move(-1)", "Previous", show=False),
        Binding("pagedown", "move(10)", "Further", show=False),
        Binding("pageup", "move(-10)", "Back", show=False),
    ]

    question = ""
    empty = ""
    """The sentence shown when there are no answers at all."""

    def __init__(self) -> None:
        super().__init__()
        # Answers may arrive when the list is already closed. These widgets are there even then.
        self._input = LineInput(id="question")
        self._list = OptionList(id="answers")
        self._answers: Sequence[Answer[V]] = ()
        self._query: str | None = None
        self._picking = False

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="picker"):
            self._input.placeholder = self.question
            yield self._input
            yield self._list

    @property
    def typed(self) -> str:
        """The text in the line."""
        return self._input.value

    async def answers(self, query: str) -> Sequence[Answer[V]]:
        """Return the answers that match a query, the best first."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show the answers for an empty query."""
        self._list.can_focus = False
        self.watch(self._list, "scroll_y", self._scrolled, init=False)
        self._ask("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list."""
        if not self._picking:
            self._ask(event.value)

    def ask_again(self) -> None:
        """Show the present answers; the highlight stays on its answer."""
        self._ask(self._input.value, again=True)

    @work(exclusive=True, group="answers")
    async def _ask(self, query: str, *, again: bool = False) -> None:
        await self._show(query, again=again)

    async def _show(self, query: str, *, again: bool = False) -> None:
        problem = ""
        found: Sequence[Answer[V]] = ()
        try:
            found = await self.answers(query)
        except CrdtnotesError as error:
            problem = str(error)
        if not self._list.is_attached:
            return
        # Nothing is awaited from here on, so the list is replaced as a whole or not at all.
        marked = self._marked if again else None
        self._answers, self._query = found, query
        options = self._list
        options.clear_options()
        self._more()
        said = problem or ("" if found else NOTHING if query.strip() else self.empty)
        if said:
            options.add_option(Option(Content.styled(printable(said), "dim"), disabled=True))
        at = next((at for at, one in enumerate(found) if marked is not None and one.value == marked.value), 0)
        while options.option_count <= at < len(found):
            self._more()
        options.highlighted = at if found else None

    @property
    def _marked(self) -> Answer[V] | None:
        at = self._list.highlighted
        return None if at is None or at >= len(self._answers) else self._answers[at]

    def _more(self) -> None:
        """Add the next page of answers to the list."""
        options = self._list
        shown = options.option_count
        more = self._answers[shown : shown + PAGE_SIZE]
        options.add_options([Option(_content(one, self._query or "")) for one in more])

    def _scrolled(self) -> None:
        options = self._list
        if options.scroll_y >= options.max_scroll_y - MIN_AHEAD and options.option_count < len(self._answers):
            self._more()

    def action_move(self, by: int) -> None:
        """Move the highlight."""
        options = self._list
        if (options.highlighted or 0) + by + MIN_AHEAD >= options.option_count < len(self._answers):
            self._more()
        if self._answers:
            options.highlighted = min(max(0, (options.highlighted or 0) + by), len(self._answers) - 1)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Pick the highlighted answer; if the list is not up to date with the query, its first match."""
        self.workers.cancel_group(self, "answers")
        self._picking = True  # later keys are meant for the note
        self._pick(event.value)

    @work(group="picking")
    async def _pick(self, query: str) -> None:
        if self._query != query:
            await self._show(query)
        self._picking = False
        marked = self._marked
        if marked is not None:
            self.dismiss(marked.value)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Pick the answer that was clicked."""
        self.dismiss(self._answers[event.option_index].value)


def _content(answer: Answer[V], query: str) -> Content:
    remark = printable(answer.remark)
    gap = "\n  " if answer.below else "  "
    text = _marked(Content(printable(answer.text)), query)
    if not remark:
        return text
    shown = Content.styled(f"{gap}{remark}", "dim")
    return Content.assemble(text, _marked(shown, query) if answer.below else shown)


def _marked(text: Content, query: str) -> Content:
    """Highlight where a text holds the words of a query."""
    plain = text.plain.casefold()
    if len(plain) != len(text.plain):
        return text  # the places would not be those of the text
    for word in query.replace('"', " ").casefold().split():
        at = plain.find(word)
        while at >= 0:
            text = text.stylize("bold underline not dim", at, at + len(word))
            at = plain.find(word, at + len(word))
    return text
