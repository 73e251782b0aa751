"""What people wrote apart and what met: in the open note, and below it in the others."""

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from rich.cells import cell_len, set_cell_size
from textual import work
from textual.binding import Binding
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from crdtnotes import Choice, Finding, Side
from crdtnotes.graph.labels import printable
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.panels.messages import Failed, GoTo
from crdtnotes_tui.panels.panel import Change, Panel
from crdtnotes_tui.panels.panel import Side as Place

MAX_CELLS = 110
"""Longer texts are cut."""

_KEYS = {Choice.OTHER: "t other", Choice.BOTH: "k both", Choice.STANDING: "d drop"}


class ReviewPanel(OptionList, Panel):
    """The findings of the open note, then those of other notes."""

    NAME = "review"
    KEY = "alt+m"
    DESCRIPTION = "What was written apart and met"
    SIDE = Place.BELOW
    FOLLOWS = Change.NOTE | Change.NOTES | Change.REVIEW
    BORDER_TITLE = "Written apart"
    DEFAULT_CSS = """
    ReviewPanel { height: 40%; min-height: 7; max-height: 16; }
    """
    BINDINGS = [
        Binding("t", f"settle('{Choice.OTHER}')", "Take the other version"),
        Binding("k", f"settle('{Choice.BOTH}')", "Keep both versions"),
        Binding("d", f"settle('{Choice.STANDING}')", "Drop the other version"),
        Binding("s", "seen", "Mark it as seen"),
    ]

    def __init__(self) -> None:
        super().__init__(id=self.NAME)
        self._shown: Sequence[Finding | None] = ()
        self._elsewhere: Sequence[Finding] = ()
        self._content: tuple[object, ...] = ()
        self._under_way: set[str] = set()
        """The keys of the findings that are being settled: one key may come twice in one read."""

    def update_panel(self, change: Change) -> None:
        """Show what was found in the open note; after other changes, look through the other notes, too."""
        if change is Change.REVIEW:
            self._show_known()
        else:
            self._look(opened=change is Change.SHOWN)

    async def fetch(self, buffer: Buffer) -> None:
        """Look through the other notes, and show what is found."""
        del buffer
        self._elsewhere = await self.workspace.review.elsewhere()
        self._show_known()

    @work(exclusive=True, group="update")
    async def _look(self, *, opened: bool) -> None:
        buffer = self.editor.buffer
        if buffer is not None:
            with self.errors_shown():
                if opened:
                    await self.workspace.review.now()
                await self.fetch(buffer)

    def _show_known(self) -> None:
        buffer = self.editor.buffer
        if buffer is not None:
            self.show_findings(buffer.name, self.workspace.review.findings, self._elsewhere)

    def show_findings(self, name: str, here: Sequence[Finding], elsewhere: Sequence[Finding]) -> None:
        """Show the findings of the open note and of the others."""
        if (name, here, elsewhere) == self._content:
            return
        self._content = (name, here, elsewhere)
        highlighted = self.highlighted
        shown: list[Finding | None] = []
        options: list[Option] = []

        def say(sentence: str) -> None:
            shown.append(None)
            options.append(Option(Content.styled(sentence, "dim"), disabled=True))

        if not here:
            say("Nothing in this note waits for you.")
        for one in here:
            shown.append(one)
            options.append(Option(self._described(one, here=True)))
        if elsewhere:
            say(f"─ Other notes ({len(elsewhere)})")
        for one in elsewhere:
            shown.append(one)
            options.append(Option(self._described(one, here=False)))
        self.clear_options()
        self._shown = shown
        self.add_options(options)
        self.border_title = f"Written apart ({len(here)})"
        self._highlight(highlighted)

    def _highlight(self, at: int | None) -> None:
        """Highlight the finding that is now where one was highlighted, or the nearest one."""
        found = [number for number, one in enumerate(self._shown) if one is not None]
        wanted = at or 0
        self.highlighted = min(found, key=lambda number: abs(number - wanted), default=None)
        self._show_keys()

    @property
    def _marked(self) -> Finding | None:
        at = self.highlighted
        return None if at is None or at >= len(self._shown) else self._shown[at]

    def _described(self, one: Finding, *, here: bool) -> Content:
        place = "" if one.start is None else f"line {one.line}"
        if not here:
            place = f"{one.name}:{one.line}" if one.start is not None else one.name
        return Content.assemble(
            (f"{printable(place)}  " if place else "", "bold"),
            one.summary,
            "\n  ",
            (_cut(printable(one.context).strip()), "italic"),
            *self._version("stands", one.standing, "$text-success"),
            *self._version("other ", one.other, "$text-warning"),
        )

    def _version(self, label: str, side: Side, colour: str) -> list[str | tuple[str, str]]:
        text = _cut(printable(side.text.strip("\n")))
        who = printable(side.device) if side.device else f"writer {side.actor[:8]}"
        if side.actor == self.workspace.review.actor:
            who = "this device"
        when = time.strftime("%d %b %H:%M", time.localtime(side.time / 1000))
        return [
            f"\n  {label}  ",
            (text, colour) if side.text else ("(deleted)", "dim"),
            (f"  {who}, {when}", "dim"),
        ]

    # -- keys

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show which keys the finding has."""
        event.stop()
        self._show_keys()

    def _show_keys(self) -> None:
        marked = self._marked
        ways = [] if marked is None else [_KEYS[choice] for choice in marked.choices]
        self.border_subtitle = " · ".join([*ways, "s seen"]) if marked is not None else ""

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to the place."""
        event.stop()
        marked = self._marked
        if marked is not None:
            self.post_message(GoTo(marked.name, marked.line))

    def action_settle(self, choice: str) -> None:
        """Do what a choice does with the highlighted finding."""
        marked = self._marked
        if marked is None:
            return
        if choice not in marked.choices:
            self.post_message(Failed("That cannot be settled in this way; the keys are below the list."))
            return
        self._do(marked, partial(self.workspace.review.settle, marked, Choice(choice)))

    def action_seen(self) -> None:
        """Mark the highlighted finding as seen."""
        marked = self._marked
        if marked is not None:
            self._do(marked, partial(self.workspace.review.mark_seen, marked))

    @work(group="settling")
    async def _do(self, finding: Finding, job: Callable[[], Awaitable[None]]) -> None:
        if finding.key in self._under_way:
            return
        self._under_way.add(finding.key)
        try:
            with self.errors_shown():
                await job()
        finally:
            self._under_way.discard(finding.key)
        opened, buffer = self.workspace.current, self.editor.buffer
        if opened is not None and opened is not buffer:
            self.post_message(GoTo(opened.name, finding.line))
            return
        self.update_panel(Change.NOTES)


def _cut(text: str) -> str:
    """Return a text, or the beginning of a long one."""
    return text if cell_len(text) <= MAX_CELLS else set_cell_size(text, MAX_CELLS - 1).rstrip() + "…"
