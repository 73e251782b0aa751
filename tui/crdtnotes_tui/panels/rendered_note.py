"""The rendered note, with links to click, in place of the text."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import work
from textual.binding import Binding
from textual.containers import VerticalScroll

from crdtnotes_tui.panels.messages import FollowTarget
from crdtnotes_tui.panels.panel import Change, Panel, Side

if TYPE_CHECKING:
    from textual.widgets import Markdown

WEB = ("http://", "https://")


class RenderedNote(VerticalScroll, Panel, can_focus=True):
    """Textual's Markdown widget on the open note.

    That widget takes long to import, so it is imported when this panel is opened for the first time.
    """

    NAME = "reading"
    KEY = "alt+r"
    DESCRIPTION = "Read the note, write again"
    SIDE = Side.INSTEAD
    FOLLOWS = Change.NOTE | Change.NAMES | Change.NOTES | Change.TEXT
    DEFAULT_CSS = """
    RenderedNote {
        background: $background; scrollbar-size-vertical: 1;
        & Markdown { padding: 0 1; }
        & MarkdownH1 { margin: 1 0; content-align: left middle; }
        & MarkdownH2 { margin: 1 0; }
    }
    """
    BINDINGS = [Binding("j", "scroll_down", show=False), Binding("k", "scroll_up", show=False)]

    def __init__(self) -> None:
        super().__init__(id=self.NAME)
        self.resolves: Callable[[str], bool] = lambda _: True
        """Whether a link target in the open note leads to a note."""
        self._rendered: tuple[str, str] | None = None
        self._wanted: tuple[str, str] | None = None
        self._rendering = False
        self._rendered_name = ""
        self._markdown: Markdown | None = None

    def update_panel(self, change: Change) -> None:
        """Render the note again."""
        buffer = self.editor.buffer
        if buffer is not None:
            catalogue, name = self.workspace.catalogue, buffer.name
            self.resolves = lambda target: catalogue.resolve(target, name) is not None
            self._render_note(name, self.editor.text, again=bool(change & Change.NAMES))

    @work(group="render")
    async def _render_note(self, name: str, text: str, *, again: bool) -> None:
        """Render a text; `again` even if it is the same, because links may lead elsewhere now.

        This must not be cancelled, or the Markdown widget stays half updated. A call during another one
        leaves its text to that one, which renders it next.
        """
        self._wanted = name, text
        if again:
            self._rendered = None
        if self._rendering:
            return
        self._rendering = True
        try:
            while self._rendered != (wanted := self._wanted):
                self._rendered = wanted
                await self._update_markdown(*wanted)
        finally:
            self._rendering = False

    async def _update_markdown(self, name: str, text: str) -> None:
        from crdtnotes_tui.text.markdown_view import without_front_matter

        await (await self._markdown_widget()).update(without_front_matter(text))
        if name != self._rendered_name:
            self._rendered_name = name
            self.scroll_home(animate=False)

    async def _markdown_widget(self) -> "Markdown":
        if self._markdown is None:
            from textual.widgets import Markdown

            from crdtnotes_tui.text.markdown_view import parser

            self._markdown = Markdown(parser_factory=lambda: parser(self.resolves), open_links=False)
            await self.mount(self._markdown)
        return self._markdown

    def on_markdown_link_clicked(self, event: "Markdown.LinkClicked") -> None:
        """Follow a link, or open its address in the browser."""
        from crdtnotes_tui.text.markdown_view import target_of

        event.stop()
        place = target_of(event.href)
        if place is not None:
            self.post_message(FollowTarget(*place))
        elif event.href.startswith(WEB):
            self.app.open_url(event.href)
