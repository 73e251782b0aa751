"""Actions about peers: connecting with them, and going through their changes."""

from textual.binding import Binding
from textual.screen import Screen

from crdtnotes_tui.notes.navigation import Line
from crdtnotes_tui.options import ServeAt
from crdtnotes_tui.panels.messages import GoTo
from crdtnotes_tui.peers.collaboration import Collaboration
from crdtnotes_tui.screens.part import ScreenPart
from crdtnotes_tui.screens.prompt import Prompt
from crdtnotes_tui.screens.recent_changes import RecentChanges

ANYWHERE: ServeAt = (None, None)
"""Where peers are served if the command line does not say so."""


class PeerActions(ScreenPart):
    """Connects with peers at the start and on demand, and lists their changes."""

    BINDINGS = (
        Binding("f4", "meet", "Sync with a peer"),
        Binding("shift+f4", "serve", "Let peers come to this editor"),
        Binding("f5", "news", "What came in since I last looked"),
        Binding("alt+n", "next_news", "Go to the next thing that came in"),
    )

    def __init__(self, screen: Screen[None], collaboration: Collaboration, serve_at: ServeAt | None) -> None:
        super().__init__(screen)
        self.collaboration = collaboration
        self._serve_at = serve_at

    def start(self) -> None:
        """Connect with the peers that are known, and serve if the command line says so."""
        self.run(self._start)

    async def _start(self) -> None:
        await self.collaboration.start()
        await self.collaboration.look_for_news()
        if self._serve_at is not None:
            await self.collaboration.connections.serve(*self._serve_at)
        await self.collaboration.connections.meet()
        self.collaboration.moved()

    def action_meet(self) -> None:
        """Ask for a peer's address and sync with it."""

        def answered(address: str) -> None:
            self.run(lambda: self.collaboration.connections.follow([("", address)]))

        self.ask(Prompt("A peer's address, as `crdtnotes serve` prints it.", "ws://"), answered)

    def action_serve(self) -> None:
        """Let peers connect to this editor."""
        self.run(self._serve)

    async def _serve(self) -> None:
        address = await self.collaboration.connections.serve(*(self._serve_at or ANYWHERE))
        self.notify(f"Peers can connect to {address}.", title="Serving", timeout=20)

    def action_news(self) -> None:
        """List the changes that came in; only later ones count as new from now on."""

        def closed(line: Line | None) -> None:
            self.run(self.collaboration.looked)
            if line is not None:
                self.post_message(GoTo(line.name, line.number))

        self.app.push_screen(RecentChanges(self.collaboration.news), closed)

    def action_next_news(self) -> None:
        """Go to the next change that came in."""
        arrival = self.collaboration.next_news()
        if arrival is None:
            self.notify("Nothing new came in.", timeout=3)
        else:
            self.post_message(GoTo(arrival.name, arrival.line))
