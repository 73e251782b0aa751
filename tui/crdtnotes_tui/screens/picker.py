"""A question with a list of answers that narrows as one types."""

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


class Picker(Modal[V | None], Generic[V]):
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
        self._query: str | None = None
        self._picking = False

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="picker"):
            yield LineInput(placeholder=self.question, id="question")
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
        if not self._picking:
            self._ask(event.value)

    def ask_again(self) -> None:
        """Show what there is now; the mark stays on what it is on."""
        self._ask(self.query_one(Input).value, again=True)

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
        # From here on nothing waits: a list is shown whole, or the one before stays.
        marked = self._marked if again else None
        self._answers, self._query = found, query
        options = self.query_one(OptionList)
        options.clear_options()
        self._more()
        said = problem or ("" if found or query else self.empty)
        if said:
            options.add_option(Option(Content.styled(printable(said), "dim"), disabled=True))
        at = next((at for at, one in enumerate(found) if marked is not None and one.value == marked.value), 0)
        while options.option_count <= at < len(found):
            self._more()
        options.highlighted = at if found else None

    @property
    def _marked(self) -> Answer[V] | None:
        at = self.query_one(OptionList).highlighted
        return None if at is None or at >= len(self._answers) else self._answers[at]

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

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Pick what is marked; where the list is not yet for what is typed now, the first that fits."""
        self.workers.cancel_group(self, "answers")
        self._picking = True  # what is typed from here on is for the note
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
        """Pick what was clicked."""
        self.dismiss(self._answers[event.option_index].value)


def _content(answer: Answer[V]) -> Content:
    remark = printable(answer.remark)
    gap = "\n  " if answer.below else "  "
    return Content.assemble(printable(answer.text), (f"{gap}{remark}" if remark else "", "dim"))
