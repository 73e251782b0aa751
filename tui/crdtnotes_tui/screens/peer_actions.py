"""Actions about peers: connecting, pairing, serving, and the list of what they changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.screen import Screen

from crdtnotes.errors import CrdtnotesError, KeysLocked
from crdtnotes.own_keys import unlock_unasked
from crdtnotes_tui.notes.navigation import Line
from crdtnotes_tui.options import ServeAt
from crdtnotes_tui.panels.messages import Failed, GoTo, VaultReplaced
from crdtnotes_tui.peers.collaboration import Collaboration
from crdtnotes_tui.peers.pairing import check_joinable, join_vault, pair_device
from crdtnotes_tui.screens.pairing import JoinScreen, PairScreen, ServingScreen
from crdtnotes_tui.screens.part import ScreenPart
from crdtnotes_tui.screens.passphrase import PassphraseScreen
from crdtnotes_tui.screens.prompt import Prompt
from crdtnotes_tui.screens.recent_changes import RecentChanges
from crdtnotes_tui.vault.vault_thread import VaultThread

if TYPE_CHECKING:
    from crdtnotes.peering.addresses import Address
    from crdtnotes.peering.codes import Code, Role
    from crdtnotes.peering.join import AskJoiner, JoinedVault, Tell
    from crdtnotes.peering.pair import NewDevice
    from crdtnotes.progress import Progress

ANYWHERE: ServeAt = (None, None)
"""Where peers are served if the command line does not say so."""

_TO_SYNC = "Without it, this editor reaches no other device; what you write is sent later."
TO_SIGN = "Without it, this device cannot sign anything, and nothing is changed."
"""Why a change of the vault's devices needs the keys."""

_TO_RESTORE = "Unsaved text from last time is encrypted, and comes back with it."


class PeerActions(ScreenPart):
    """Connects with peers at the start and on demand, pairs devices, and lists the peers' changes."""

    BINDINGS = (
        Binding("f4", "meet", "Sync with a peer", id="sync"),
        Binding("alt+c,shift+f4", "serve", "Let peers connect to this editor, or stop", id="serve"),
        Binding("alt+p", "pair", "Pair a device: show a code", id="pair"),
        Binding("alt+j", "join", "Join another device's vault with a code", id="join"),
        Binding("f5", "news", "What came in since I last looked", id="news"),
        Binding("alt+n", "next_news", "Go to the next thing that came in", id="next-news"),
    )

    def __init__(
        self,
        screen: Screen[None],
        collaboration: Collaboration,
        thread: VaultThread,
        close_vault: Callable[[], Awaitable[object]],
        serve_at: ServeAt | None,
        has_locked_texts: Callable[[], bool],
        unlocked: Callable[[], Awaitable[object]],
    ) -> None:
        """`close_vault` stores everything and closes the vault, to make room for one that is joined.

        `has_locked_texts` tells whether unsaved texts wait for this device's keys; `unlocked` is awaited once
        these are unlocked.
        """
        super().__init__(screen)
        self.collaboration = collaboration
        self._thread = thread
        self._close_vault = close_vault
        self._serve_at = serve_at
        self._has_locked_texts = has_locked_texts
        self._unlocked = unlocked

    def start(self) -> None:
        """Connect with the peers that are known, and serve if the command line says so."""
        self.run(self._start, asked=False)

    async def _start(self) -> None:
        await self.collaboration.start()
        await self.collaboration.look_for_news()
        if self._has_locked_texts():
            await self._ask_for_keys(_TO_RESTORE, self._connect, self._connect_if_unlocked)
        else:
            await self.with_keys(self._connect)

    async def _connect(self) -> None:
        if self._serve_at is not None:
            await self.collaboration.connections.serve(*self._serve_at)
        await self.collaboration.meet()
        self.collaboration.moved()

    async def _connect_if_unlocked(self) -> None:
        with suppress(KeysLocked):
            await self._connect()

    # -- the passphrase of this device's keys

    async def with_keys(self, job: Callable[[], Awaitable[object]], reason: str = _TO_SYNC) -> None:
        """Run a job that needs this device's keys; ask for the passphrase if they are locked.

        The job then runs again. `reason` says what happens without the passphrase, as a sentence.
        """
        if not self.collaboration.connections.keys_locked:
            try:
                await job()
            except KeysLocked:
                pass
            else:
                return
        await self._ask_for_keys(reason, job, None)

    async def _ask_for_keys(
        self,
        reason: str,
        job: Callable[[], Awaitable[object]],
        otherwise: Callable[[], Awaitable[object]] | None,
    ) -> None:
        """Unlock this device's keys, then run a job; if the person cancels, run `otherwise`."""

        async def go_on() -> None:
            await self._unlocked()
            await self.collaboration.keys_unlocked()
            await job()

        if await asyncio.to_thread(self._unlock_unasked):
            await go_on()
            return

        def answered(unlocked: bool | None) -> None:
            if unlocked:
                self.run(go_on)
            elif otherwise is not None:
                self.run(otherwise)

        self.app.push_screen(PassphraseScreen(reason), answered)

    def _unlock_unasked(self) -> bool:
        try:
            return unlock_unasked()
        except CrdtnotesError as error:
            self.app.call_from_thread(self.post_message, Failed(str(error)))
            return False

    def action_meet(self) -> None:
        """Ask for a peer's address and sync with it."""

        def answered(address: str) -> None:
            self.run(lambda: self.with_keys(lambda: self.collaboration.follow(address)))

        self.ask(Prompt("A peer's address, as `crdtnotes serve` prints it.", "ws://"), answered)

    def action_serve(self) -> None:
        """Let peers connect to this editor, and show the address; from there it can be stopped."""
        self.run(lambda: self.with_keys(self._serve))

    async def _serve(self) -> None:
        address = await self.collaboration.connections.serve(*(self._serve_at or ANYWHERE))

        def answered(stop: bool) -> None:
            if stop:
                self.run(self._stop_serving)

        self.ask(ServingScreen(address, paired=address.secure), answered)

    async def _stop_serving(self) -> None:
        await self.collaboration.connections.stop_serving()
        self.notify("Peers can no longer connect to this editor. F7 C allows it again.", timeout=10)

    # -- pairing

    def action_pair(self) -> None:
        """Show a code with which another device can join this vault."""
        self.pair(None)

    def pair(self, role: Role | None) -> None:
        """Show a code; the device that joins gets `role`, or for None the one that the person then says."""

        def done(result: NewDevice | CrdtnotesError | None) -> None:
            if isinstance(result, KeysLocked):
                self.run(lambda: self._ask_for_keys(_TO_SYNC, pair_again, None))
            elif isinstance(result, CrdtnotesError):
                self.post_message(Failed(str(result)))
            elif result is not None:
                self.notify(
                    "It gets all notes, and stays in sync while this editor is open there and here.",
                    title=f"Paired with {result.name}",
                    timeout=20,
                )

        async def pair_again() -> None:
            self.pair(role)

        self.app.push_screen(PairScreen(partial(pair_device, self.collaboration.connections), role), done)

    def action_join(self) -> None:
        """Join another device's vault, in place of this one if nothing was written here."""
        self.run(self._join)

    async def _join(self) -> None:
        await check_joinable(self._thread)
        closed = False

        async def close() -> None:
            nonlocal closed
            closed = True
            await self._close_vault()

        async def join(
            code: Code, address: Address | None, ask: AskJoiner, progress: Progress, tell: Tell
        ) -> JoinedVault:
            return await join_vault(self._thread, code, address, ask, progress, tell, close)

        def done(result: JoinedVault | CrdtnotesError | None) -> None:
            if closed:
                # Also if it failed or was stopped: the vault that was open here is closed.
                self.post_message(VaultReplaced())
            if isinstance(result, KeysLocked) and not closed:
                self.run(lambda: self._ask_for_keys(_TO_SYNC, self._join, None))
            elif isinstance(result, CrdtnotesError):
                self._not_joined(result, closed=closed)
            elif result is not None:
                self.notify(
                    "The notes will come as soon as it can be reached."
                    if result.notes is None
                    else f"{result.notes:,} {'note' if result.notes == 1 else 'notes'} received.",
                    title=f"Paired with {result.host}",
                    timeout=20,
                )

        self.app.push_screen(JoinScreen(join), done)

    def _not_joined(self, error: CrdtnotesError, *, closed: bool) -> None:
        if closed:
            # This screen is replaced: its error panel would not be seen.
            self.notify(str(error), title="Not joined", severity="error", timeout=60)
        else:
            self.post_message(Failed(str(error)))

    # -- what peers changed

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
