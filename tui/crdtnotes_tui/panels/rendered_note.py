"""The note as it reads: Textual's Markdown, with links that lead somewhere."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.containers import VerticalScroll

from crdtnotes_tui.panels.messages import FollowTarget

if TYPE_CHECKING:
    from textual.widgets import Markdown

WEB = ("http://", "https://")


class Reading(VerticalScroll, can_focus=True):
    """In place of the editor while one reads.

    Markdown takes long to load: that waits until somebody reads.
    """

    BINDINGS = [Binding("j", "scroll_down", show=False), Binding("k", "scroll_up", show=False)]

    def __init__(self) -> None:
        super().__init__(id="reading")
        self.resolves: Callable[[str], bool] = lambda _: True
        """Whether a target, written in the note that is shown, leads to a note."""
        self._shown: tuple[str, str] | None = None
        self._wanted: tuple[str, str] | None = None
        self._showing = False
        self._drawn = ""
        self._markdown: Markdown | None = None

    async def show(self, name: str, text: str, *, again: bool = False) -> None:
        """Show a note; `again` where what its links lead to may have changed.

        Not to be cancelled: Markdown that is stopped on its way stays half drawn. What is wanted meanwhile is
        shown right after, by the call that is under way.
        """
        self._wanted = name, text
        if again:
            self._shown = None
        if self._showing:
            return
        self._showing = True
        try:
            while self._shown != (wanted := self._wanted):
                self._shown = wanted
                await self._draw(*wanted)
        finally:
            self._showing = False

    async def _draw(self, name: str, text: str) -> None:
        from crdtnotes_tui.text.markdown_view import body

        await (await self._ready()).update(body(text))
        if name != self._drawn:
            self._drawn = name
            self.scroll_home(animate=False)

    async def _ready(self) -> "Markdown":
        if self._markdown is None:
            from textual.widgets import Markdown

            from crdtnotes_tui.text.markdown_view import parser

            self._markdown = Markdown(parser_factory=lambda: parser(self.resolves), open_links=False)
            await self.mount(self._markdown)
        return self._markdown

    def on_markdown_link_clicked(self, event: "Markdown.LinkClicked") -> None:
        """Go where a link leads."""
        from crdtnotes_tui.text.markdown_view import target_of

        event.stop()
        place = target_of(event.href)
        if place is not None:
            self.post_message(FollowTarget(*place))
        elif event.href.startswith(WEB):
            self.app.open_url(event.href)
