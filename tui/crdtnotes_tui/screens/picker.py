"""A question with a list of answers that narrows as one types."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from crdtnotes.errors import CrdtnotesError
from crdtnotes.graph.labels import printable

V = TypeVar("V")

PAGE = 50
"""Answers that are put into the list at a time: long lists take long to lay out."""

AHEAD = 15
"""More are put in when so few lie ahead of what is marked, or below what is on the screen."""


class Answer(NamedTuple, Generic[V]):
    """One line of the list: what it stands for, what it says, and a remark beside or below that."""

    value: V
    text: str
    remark: str = ""
    below: bool = False


class Picker(ModalScreen[V | None], Generic[V]):
    """Asks; is dismissed with what was picked, or None."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("down,ctrl+n", "move(1)", "Next", show=False),
        Binding("up", "move(-1)", "Previous", show=False),
        Binding("pagedown", "move(10)", "Further", show=False),
        Binding("pageup", "move(-10)", "Back", show=False),
    ]

    question = ""
    empty = ""
    """What is said where there is nothing to pick from."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: Sequence[Answer[V]] = ()

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="picker"):
            yield Input(placeholder=self.question, id="question")
            yield OptionList(id="answers")

    async def answers(self, query: str) -> Sequence[Answer[V]]:
        """Return what fits a query, the best first."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show what there is before anything is typed."""
        options = self.query_one(OptionList)
        options.can_focus = False
        self.watch(options, "scroll_y", self._scrolled, init=False)
        self._ask("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list."""
        self._ask(event.value)

    @work(exclusive=True, group="answers")
    async def _ask(self, query: str) -> None:
        await self._show(query)

    async def _show(self, query: str) -> None:
        problem = ""
        try:
            self._answers = await self.answers(query)
        except CrdtnotesError as error:
            self._answers, problem = (), str(error)
        options = self.query_one(OptionList)
        options.clear_options()
        self._more()
        said = problem or ("" if self._answers or query else self.empty)
        if said:
            options.add_option(Option(Content.styled(printable(said), "dim"), disabled=True))
        options.highlighted = 0 if self._answers else None

    def _more(self) -> None:
        """Put the next answers into the list."""
        options = self.query_one(OptionList)
        shown = options.option_count
        options.add_options([Option(_content(one)) for one in self._answers[shown : shown + PAGE]])

    def _scrolled(self) -> None:
        options = self.query_one(OptionList)
        if options.scroll_y >= options.max_scroll_y - AHEAD and options.option_count < len(self._answers):
            self._more()

    def action_move(self, by: int) -> None:
        """Move the mark."""
        options = self.query_one(OptionList)
        if (options.highlighted or 0) + by + AHEAD >= options.option_count < len(self._answers):
            self._more()
        if self._answers:
            options.highlighted = min(max(0, (options.highlighted or 0) + by), len(self._answers) - 1)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Pick what is marked, as the list is for what is typed now."""
        self.workers.cancel_group(self, "answers")
        marked = self.query_one(OptionList).highlighted
        await self._show(event.value)
        if self._answers:
            at = marked if marked is not None and marked < len(self._answers) else 0
            self.dismiss(self._answers[at].value)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Pick what was clicked."""
        self.dismiss(self._answers[event.option_index].value)


def _content(answer: Answer[V]) -> Content:
    remark = printable(answer.remark)
    gap = "\n  " if answer.below else "  "
    return Content.assemble(printable(answer.text), (f"{gap}{remark}" if remark else "", "dim"))
