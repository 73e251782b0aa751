"""With others: what the main screen offers for meeting peers and for seeing what they did."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import work
from textual.binding import Binding
from textual.screen import Screen

from crdtnotes.errors import CrdtnotesError
from crdtnotes_tui.notes.navigation import Line
from crdtnotes_tui.notes.workspace import Lost, Workspace
from crdtnotes_tui.panels.messages import Failed, GoTo, VaultReplaced
from crdtnotes_tui.peers.collaboration import Collaboration
from crdtnotes_tui.peers.pairing import check_joinable, join_vault, pair_device
from crdtnotes_tui.screens.pairing import JoinScreen, PairScreen, ServingScreen
from crdtnotes_tui.screens.prompt import Prompt
from crdtnotes_tui.screens.recent_changes import WhatCameIn

if TYPE_CHECKING:
    from crdtnotes.peering.join import JoinedVault, Tell
    from crdtnotes.peering.progress import ShowProgress
    from crdtnotes.sync.net.address import Address
    from crdtnotes.sync.peers.pairing import NewDevice
    from crdtnotes.trust.code import Code

ANYWHERE = (None, None)
"""Where peers come to when no place was named."""


class PeerActions(Screen[None]):
    """A screen that shares its notes with others."""

    BINDINGS = [
        Binding("f4", "meet", "Sync with a peer"),
        Binding("shift+f4", "serve", "Let peers connect to this editor, or stop"),
        Binding("alt+p", "pair", "Pair a device: show a code"),
        Binding("alt+j", "join", "Join another device's vault with a code"),
        Binding("f5", "news", "What came in since I last looked"),
        Binding("alt+n", "next_news", "Go to the next thing that came in"),
    ]

    collaboration: Collaboration
    workspace: Workspace
    serve_at: tuple[str | None, int | None] | None

    async def leave(self) -> list[Lost]:
        """Store what is left and close the vault; return what could not be stored."""
        raise NotImplementedError

    def action_meet(self) -> None:
        """Stay in step with a peer."""

        def answered(address: str | None) -> None:
            if address is not None:
                self._meet(address)

        self.app.push_screen(Prompt("A peer's address, as `crdtnotes serve` prints it.", "ws://"), answered)

    @work(group="meeting")
    async def _meet(self, address: str) -> None:
        try:
            await self.collaboration.follow(address)
        except CrdtnotesError as error:
            self.post_message(Failed(str(error)))

    @work(group="meeting")
    async def action_serve(self) -> None:
        """Let peers connect to this editor, and show where; from there it can be stopped."""
        service = self.collaboration.connections
        try:
            address = await service.serve(*(self.serve_at or ANYWHERE))
        except CrdtnotesError as error:
            self.post_message(Failed(str(error)))
            return

        def answered(stop: bool | None) -> None:
            if stop:
                self._stop_serving()

        self.app.push_screen(ServingScreen(address, paired=address.secure), answered)

    @work(group="meeting")
    async def _stop_serving(self) -> None:
        await self.collaboration.connections.stop_serving()
        self.notify("Nobody can connect to this editor any more. Shift+F4 allows it again.", timeout=10)

    # -- pairing

    def action_pair(self) -> None:
        """Show a code with which another device can join this vault."""

        def done(result: NewDevice | CrdtnotesError | None) -> None:
            if isinstance(result, CrdtnotesError):
                self.post_message(Failed(str(result)))
            elif result is not None:
                self.notify(
                    "It gets all notes, and stays in step while this editor is open there and here.",
                    title=f"Paired with {result.name}",
                    timeout=20,
                    markup=False,
                )

        self.app.push_screen(PairScreen(partial(pair_device, self.collaboration.connections)), done)

    @work(group="meeting")
    async def action_join(self) -> None:
        """Join another device's vault, in place of this one if nothing was written here."""
        thread = self.workspace.thread
        try:
            await check_joinable(thread)
        except CrdtnotesError as error:
            self.post_message(Failed(str(error)))
            return
        closed = False

        async def close() -> None:
            nonlocal closed
            closed = True
            await self.leave()

        async def join(code: Code, address: Address | None, show: ShowProgress, tell: Tell) -> JoinedVault:
            return await join_vault(thread, code, address, show, tell, close)

        def done(result: JoinedVault | CrdtnotesError | None) -> None:
            if closed:
                self.post_message(VaultReplaced())
            if isinstance(result, CrdtnotesError) and closed:
                self.notify(str(result), title="Not joined", severity="error", timeout=60, markup=False)
            elif isinstance(result, CrdtnotesError):
                self.post_message(Failed(str(result)))
            elif result is not None:
                self.notify(
                    "The notes come as soon as it is reached."
                    if result.notes is None
                    else f"{result.notes:,} {'note' if result.notes == 1 else 'notes'} came.",
                    title=f"Paired with {result.host}",
                    timeout=20,
                    markup=False,
                )

        self.app.push_screen(JoinScreen(join), done)

    # -- what they did

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
