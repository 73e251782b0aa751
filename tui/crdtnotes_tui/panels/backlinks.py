"""The lines that link to the open note, and the lines that name it without a link."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from rich.cells import cell_len, set_cell_size
from textual import work
from textual.binding import Binding
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from crdtnotes.errors import NoteNotFound
from crdtnotes.graph.labels import printable
from crdtnotes.markup.names import title_of
from crdtnotes.note import Backlink, MentionInfo
from crdtnotes.vault import Vault
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.notes.link_mentions import Linking
from crdtnotes_tui.notes.workspace import Workspace
from crdtnotes_tui.panels.messages import GoTo
from crdtnotes_tui.panels.panel import Change, Panel, Side

MAX_MENTIONS = 50

MAX_CONTEXT_CELLS = 110
"""Longer lines are cut …"""

CHARACTERS_BEFORE = 20
"""… and begin at most this many characters before the link or mention."""


class BacklinksPanel(OptionList, Panel):
    """Backlinks, and below them unlinked mentions."""

    NAME = "backlinks"
    KEY = "ctrl+b"
    DESCRIPTION = "Backlinks and mentions"
    SIDE = Side.RIGHT
    FOLLOWS = Change.NOTE | Change.NOTES
    BORDER_TITLE = "Backlinks"
    BINDINGS = [
        Binding("m", "mentions", "Go to the unlinked mentions"),
        Binding("l", "link", "Make the mention a link"),
        Binding("u", "unlink", "Take the last such link back"),
    ]

    def __init__(self) -> None:
        super().__init__(id=self.NAME)
        self._content: tuple[Sequence[Backlink], Sequence[MentionInfo], bool] | None = None
        self._places: list[Backlink | MentionInfo | None] = []
        self.border_subtitle = "m · l links · u undoes"

    def attach(self, editor: NoteEditor, workspace: Workspace) -> None:
        """Take in the text to follow and the vault to ask."""
        super().attach(editor, workspace)
        self._linking = Linking(workspace.thread)

    async def fetch(self, buffer: Buffer) -> None:
        """Show the backlinks and mentions of the open note."""

        def job(vault: Vault) -> tuple[list[Backlink], list[MentionInfo]]:
            try:
                note = vault.note(buffer.name)
                return note.backlinks(), note.mentions(MAX_MENTIONS + 1)
            except NoteNotFound:
                return [], []

        # Mentions need the search index. It is updated in small steps, so that no key waits for it.
        while await self.workspace.thread.run(Vault.prepare_search):
            pass
        links, mentions = await self.workspace.thread.run(job)
        if buffer is self.editor.buffer:
            more = len(mentions) > MAX_MENTIONS
            self.show_places(title_of(buffer.name), links, mentions[:MAX_MENTIONS], more=more)

    def show_places(
        self, title: str, links: Sequence[Backlink], mentions: Sequence[MentionInfo], *, more: bool
    ) -> None:
        """Show the backlinks and mentions of the note `title`; `more` if there are mentions besides these."""
        if (links, mentions, more) == self._content:
            return
        self._content = (links, mentions, more)
        self.border_title = f"Backlinks ({len(links)})"
        highlighted = self.highlighted
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
        if highlighted is not None:
            self.highlighted = min(highlighted, len(self._places) - 1)

    def _add(self, place: Backlink | MentionInfo, about: str) -> None:
        self._places.append(place)
        context = cut(printable(place.context), about)
        self.add_option(Option(Content.assemble((printable(place.note), "bold"), "\n", (context, "dim"))))

    def _say(self, sentence: str) -> None:
        self._places.append(None)
        self.add_option(Option(Content.styled(sentence, "dim"), disabled=True))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to the line."""
        event.stop()
        place = self._places[event.option_index]
        if place is not None:
            self.post_message(GoTo(place.note, place.line))

    def action_mentions(self) -> None:
        """Highlight the first mention."""
        found = (at for at, place in enumerate(self._places) if isinstance(place, MentionInfo))
        self.highlighted = next(found, self.highlighted)

    def action_link(self) -> None:
        """Turn the highlighted mention into a link."""
        place = None if self.highlighted is None else self._places[self.highlighted]
        if isinstance(place, MentionInfo):
            self.link(place)

    def link(self, mention: MentionInfo) -> None:
        """Turn a mention into a link."""
        self._edit(partial(self._linking.link, mention))

    def action_unlink(self) -> None:
        """Turn the last link that was made here back into a mention."""
        self._edit(self._linking.take_back)

    @work(group="linking")
    async def _edit(self, job: Callable[[], Awaitable[object]]) -> None:
        with self.errors_shown():
            await job()
        self.update_panel(Change.NOTES)


def cut(context: str, about: str) -> str:
    """Return a line, or the part of a long one around the first occurrence of `about`."""
    if cell_len(context) <= MAX_CONTEXT_CELLS:
        return context
    at = max(0, context.casefold().find(about.casefold()) - CHARACTERS_BEFORE)
    part = context[at:]
    if cell_len(part) > MAX_CONTEXT_CELLS:
        part = set_cell_size(part, MAX_CONTEXT_CELLS - 1).rstrip() + "…"
    return ("…" if at else "") + part
