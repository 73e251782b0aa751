"""With others: what the main screen offers for meeting peers and for seeing what they did."""

from textual import work
from textual.binding import Binding
from textual.screen import Screen

from crdtnotes.errors import CrdtnotesError
from crdtnotes_tui.notes.navigation import Line
from crdtnotes_tui.panels.messages import Failed, GoTo
from crdtnotes_tui.peers.collaboration import Collaboration
from crdtnotes_tui.screens.prompt import Prompt
from crdtnotes_tui.screens.recent_changes import WhatCameIn

ANYWHERE = (None, None)
"""Where peers come to when no place was named."""


class PeerActions(Screen[None]):
    """A screen that shares its notes with others."""

    BINDINGS = [
        Binding("f4", "meet", "Sync with a peer"),
        Binding("shift+f4", "serve", "Let peers come to this editor"),
        Binding("f5", "news", "What came in since I last looked"),
        Binding("alt+n", "next_news", "Go to the next thing that came in"),
    ]

    collaboration: Collaboration
    serve_at: tuple[str | None, int | None] | None

    def action_meet(self) -> None:
        """Stay in step with a peer."""

        def answered(address: str | None) -> None:
            if address is not None:
                self._meet(address)

        self.app.push_screen(Prompt("A peer's address, as `crdtnotes serve` prints it.", "ws://"), answered)

    @work(group="meeting")
    async def _meet(self, address: str) -> None:
        try:
            await self.collaboration.connections.follow([("", address)])
        except CrdtnotesError as error:
            self.post_message(Failed(str(error)))

    @work(group="meeting")
    async def action_serve(self) -> None:
        """Let peers come to this editor."""
        try:
            address = await self.collaboration.connections.serve(*(self.serve_at or ANYWHERE))
        except CrdtnotesError as error:
            self.post_message(Failed(str(error)))
        else:
            self.notify(f"Peers can come to {address}", title="Serving", timeout=20, markup=False)

    def action_news(self) -> None:
        """Show what came in, and begin anew."""

        def chosen(line: Line | None) -> None:
            self._looked()
            if line is not None:
                self.post_message(GoTo(line.name, line.number))

        self.app.push_screen(WhatCameIn(self.collaboration.news), chosen)

    @work(group="meeting")
    async def _looked(self) -> None:
        try:
            await self.collaboration.looked()
        except CrdtnotesError as error:
            self.post_message(Failed(str(error)))

    def action_next_news(self) -> None:
        """Go to the next thing that came in."""
        arrival = self.collaboration.next_news()
        if arrival is None:
            self.notify("Nothing new came in.", timeout=3)
        else:
            self.post_message(GoTo(arrival.name, arrival.line))
