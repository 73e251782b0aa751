"""Connects this editor with other people: their carets, their changes, and news from other devices."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from crdtnotes import MOST_ARRIVALS, Arrival, Vault
from crdtnotes.errors import CrdtnotesError, LocalError
from crdtnotes.peering.addresses import Address
from crdtnotes.peering.listener import Listener
from crdtnotes.peering.service import PeerService
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.editor.remote_carets import Colours, Mark
from crdtnotes_tui.notes.workspace import Changed, Workspace
from crdtnotes_tui.peers.peer_states import PeerStates
from crdtnotes_tui.vault.read_marker import ReadMarker, ReadMarkerFile

if TYPE_CHECKING:
    from crdtnotes.peering.listener import PeerStatus

WRITING_SECONDS = 3.0
"""How long the sign that somebody is writing stays after their last change."""

SOMEBODY = "another device"
"""The author of changes whose device is not known."""

News = list[tuple[str, Arrival]]
"""Arrivals, latest first, each with the name of the device that it came from."""


class Collaboration:
    """Sends this editor's caret to others, and shows theirs in the editor.

    `changed` is called when `summary` may have changed.
    """

    def __init__(self, editor: NoteEditor, workspace: Workspace, changed: Callable[[], None]) -> None:
        self._editor = editor
        self._workspace = workspace
        self._changed = changed
        self.states = PeerStates()
        self.connections = PeerService(
            workspace.thread,
            Listener(
                status=self._status_changed,
                presence=self._met,
                serving=lambda _: changed(),
                refused=self._refused,
            ),
        )
        self._colours = Colours()
        self._read_marker_file = ReadMarkerFile(workspace.thread.path)
        self._read_marker = ReadMarker()
        self._moved = asyncio.Event()
        self._following = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._wrote_at = float("-inf")
        self._counted: dict[tuple[str, str], int] = {}
        """The changes since the person last looked, by note and actor."""
        self._writers: list[str] = []
        """Who made the last changes to the open note."""
        self._next = 0
        self._left_out = False
        self.news: News = []
        """Changes by others since the person last looked."""

    async def start(self) -> None:
        """Start; the vault must be open."""
        self._read_marker = await asyncio.to_thread(self._read_marker_file.read)
        if self._read_marker.version is None:
            self._read_marker.version = await self._workspace.thread.run(lambda vault: vault.version)
            self._read_marker_file.write(self._read_marker)
        self._tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._follow())]

    async def stop(self) -> None:
        """Stop, and disconnect from the peers."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
            self._tasks = []
            self._read_marker_file.write(self._read_marker)
        await self.connections.close()

    # -- peers

    async def meet(self) -> None:
        """Connect to the vault's devices; raises a LocalError.

        Call it again when a commit has changed the vault's members: it may be paired while it is open. An
        address without encryption is never dialled here: whoever listens there now may be somebody else.
        """
        await self.connections.meet()
        self._changed()

    async def keys_unlocked(self) -> None:
        """Connect to the vault's devices now that this device's keys are unlocked; raises a LocalError."""
        await self.connections.keys_unlocked()
        self._changed()

    async def follow(self, address: str) -> None:
        """Stay in sync with the peer at an address.

        Raises LocalError for an invalid address, or a ws:// address if the vault is paired, NotPaired for a
        wss:// address if it is not.
        """
        place = Address.parse(address)
        if place not in (self.connections.address, *self.connections.following):
            self.states.expect("", place)
            try:
                await self.connections.follow(place)
            except LocalError as error:
                self.states.refused(place, error)
                raise
        self._changed()

    def _status_changed(self, status: "PeerStatus") -> None:
        self.states.heard(self.connections.name(status.id) or status.device, status)
        self._changed()

    def _refused(self, address: Address, error: CrdtnotesError) -> None:
        self.states.refused(address, error)
        self._changed()

    def _peers(self) -> str:
        """Return the states of the peers; if there are none, the address for programs on this machine."""
        summary = self.states.summary(self.connections.unseen)
        address = self.connections.address
        return summary or (f"at {address}" if address is not None and not address.secure else "")

    # -- carets

    def moved(self) -> None:
        """Handle a move of the caret, or that typed text is now stored."""
        if self.connections.has_peers:
            self._moved.set()
            self._following.set()

    def _met(self) -> None:
        for one in self.connections.people:
            if one.source is None:
                self._read_marker.devices[one.actor] = one.device
        self._following.set()
        self._changed()

    async def _tell(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            buffer = self._editor.buffer
            if buffer is None or self._editor.document is not buffer.document:
                continue
            start, caret = map(self._editor.note_document.get_index_from_location, self._editor.selection)
            try:
                place = await buffer.anchors(caret, start)
                if place is not None:
                    actor = await self._workspace.thread.run(lambda vault: vault.actor)
                    self.connections.be_at(buffer.id, *place, actor)
            except CrdtnotesError:
                continue  # the next move is sent

    async def _follow(self) -> None:
        while True:
            await self._following.wait()
            self._following.clear()
            buffer = self._editor.buffer
            if buffer is None:
                continue
            people = [one for one in self.connections.people if one.note == buffer.id]
            try:
                places = await buffer.positions([(one.caret, one.start) for one in people]) if people else []
            except CrdtnotesError:
                continue
            if places is None or buffer is not self._editor.buffer:
                continue  # repeated once the typed text is stored
            known = {mark.person: mark for mark in self._editor.marks}
            marks = []
            for one, place in zip(people, places, strict=True):
                if place is not None:
                    marks.append(Mark(one.person, one.device, self._colours.of(one.person), *place))
                elif one.person in known:
                    marks.append(known[one.person])
            self._editor.mark_others(marks)
            self._changed()

    # -- changes by others

    def wrote(self) -> None:
        """Handle a change by somebody else to the open note."""
        self._wrote_at = asyncio.get_running_loop().time()
        self._editor.set_timer(WRITING_SECONDS + 0.1, self._changed)

    @property
    def summary(self) -> str:
        """The states of the peers, the people in this note, and the number of news."""
        return "  ".join(part for part in (self._peers(), self._here(), self._new()) if part)

    def _here(self) -> str:
        names = ", ".join(dict.fromkeys(mark.name for mark in self._editor.marks))
        if asyncio.get_running_loop().time() - self._wrote_at < WRITING_SECONDS:
            return f"✎ {', '.join(self._writers) or 'somebody'}"
        return f"with {names}" if names else ""

    def _new(self) -> str:
        more = "+" if self._left_out else ""
        return f"{len(self.news)}{more} new (F5)" if self.news else ""

    async def keep_up(self, changed: Changed) -> None:
        """Handle commits: look for news, and connect to the devices if the members changed."""
        if self._read_marker.version is None:
            return  # not started
        if changed.from_others:
            await self.look_for_news()
        if changed.members:
            await self.meet()

    async def look_for_news(self) -> None:
        """Read the changes that others made since the person last looked."""
        if self._read_marker.version is None:
            return  # not started
        since = dict(self._read_marker.version)
        try:
            found: Sequence[Arrival] = await self._workspace.thread.run(lambda vault: vault.arrivals(since))
        except CrdtnotesError:
            return  # tried again after the next commit
        here = self._editor.buffer
        if here is not None:
            self._note_writers(here.id, found)
        self._left_out = len(found) >= MOST_ARRIVALS
        self.news = [(self._author(one), one) for one in found if here is None or one.note != here.id]
        self._changed()

    def _note_writers(self, note: str, found: Sequence[Arrival]) -> None:
        more = [
            self._author(one)
            for one in found
            if one.note == note and one.changes > self._counted.get((note, one.actor), 0)
        ]
        if more:
            self._writers = list(dict.fromkeys(more))
        self._counted = {(one.note, one.actor): one.changes for one in found}

    def _author(self, arrival: Arrival) -> str:
        """Return the name of the device that made changes.

        In a paired vault its signatures tell. In any other, editors say of themselves which stream is theirs.
        """
        if arrival.device is None:
            return self._read_marker.devices.get(arrival.actor, SOMEBODY)
        return arrival.device or SOMEBODY

    async def looked(self) -> None:
        """Clear the news, because the person has seen them."""
        self._read_marker.version = await self._workspace.thread.run(_version)
        self.news, self._next, self._counted = [], 0, {}
        await asyncio.to_thread(self._read_marker_file.write, self._read_marker)
        self._changed()

    def next_news(self) -> Arrival | None:
        """Return the next of the news, in turn; None if there are none."""
        if not self.news:
            return None
        arrival = self.news[self._next % len(self.news)][1]
        self._next += 1
        return arrival


def _version(vault: Vault) -> dict[str, int]:
    return vault.version
