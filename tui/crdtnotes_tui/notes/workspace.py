"""What lies open: the vault's names, the notes in hand, where the person was."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from crdtnotes.errors import CrdtnotesError, NoteNotFound
from crdtnotes.markup.names import clean_name
from crdtnotes.markup.outline import Outline, outline
from crdtnotes.note import Backlink
from crdtnotes.vault import Committed, Origin, Vault
from crdtnotes_tui.notes.buffer import Buffer, Opened, State, open_note
from crdtnotes_tui.notes.catalogue import Catalogue
from crdtnotes_tui.notes.navigation import NavigationHistory
from crdtnotes_tui.vault.result_cache import ResultCache
from crdtnotes_tui.vault.unsaved_files import Unsaved, UnsavedFiles, bring_back
from crdtnotes_tui.vault.vault_thread import VaultThread

KEPT = 16
"""Notes that stay in hand, with their undo, after another was opened."""

QUIET_SECONDS = 0.4
"""After a commit names and backlinks are looked at again once this long nothing was committed …"""

PATIENCE_SECONDS = 3.0
"""… or after this long at the latest."""

IDLE_SECONDS = 2.0
"""After so long without a commit the lists that take long are made anew, for whoever opens one next."""

LEAVE_SECONDS = 3.0
"""How long leaving waits for the disk."""

RESCUE_SECONDS = 1.0
"""How often what cannot be stored is written elsewhere while it grows."""

T = TypeVar("T")


class Lost(NamedTuple):
    """A text that could not be stored: why, the text, and the file that holds it (None if none does)."""

    name: str
    problem: str
    text: str
    path: Path | None


@dataclass(frozen=True, slots=True)
class Changed:
    """What commits have changed since the last time: names of notes, links, who belongs to the vault.

    `from_others`: some of it was written by peers or by other processes.
    """

    names: bool = False
    links: bool = False
    members: bool = False
    from_others: bool = False

    def and_then(self, commit: Committed) -> "Changed":
        """Return these and what one more commit has changed."""
        return Changed(
            self.names or commit.names_changed,
            self.links or commit.links_changed,
            self.members or commit.members_changed,
            self.from_others or commit.origin is not Origin.LOCAL,
        )


EVERYTHING = Changed(names=True, links=True, members=True, from_others=True)


class Workspace:
    """Open notes. `changed` hears of a buffer's state, `refreshed` what commits have changed, once it is
    quiet.
    """

    def __init__(
        self,
        thread: VaultThread,
        changed: Callable[[Buffer], None],
        refreshed: Callable[[Changed], None],
        *,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self.thread = thread
        self.catalogue = Catalogue()
        self.cache = ResultCache(thread)
        self.places = NavigationHistory()
        self.current: Buffer | None = None
        self._changed = changed
        self._refreshed = refreshed
        self._changes = Changed()
        self._quiet_seconds = quiet_seconds
        self._buffers: OrderedDict[str, Buffer] = OrderedDict()
        self._committed_at = 0.0
        self._refreshing: asyncio.Task[None] | None = None
        self._evicting: dict[str, asyncio.Task[None]] = {}
        self._rescuing: dict[str, asyncio.Task[None]] = {}
        self._stopped = False
        self._vault_id = ""
        self._names_stamp = b""
        self.rescue = UnsavedFiles(thread.path)
        self.brought_back: list[str] = []
        """Notes whose texts an earlier editor could not store, and this one could."""
        self.began_empty = False
        """Whether `first` found no notes."""
        self._wake = asyncio.Event()
        self._learned = asyncio.Event()

    async def start(self) -> None:
        """Open the vault; raises a StoreError. `learn` is for when the first note can be seen."""
        await self.thread.start(self._committed)
        self._vault_id = await self._run(lambda vault: vault.id)
        with suppress(CrdtnotesError):
            # Where there is still no room, it waits for the next start.
            self.brought_back = await self._run(bring_back)
        self._refreshing = asyncio.create_task(self._keep_fresh())

    async def learn(self) -> None:
        """Learn the names of all notes; in a large vault that takes a while."""
        await self._learn_again()
        self._learned.set()

    async def _learn_again(self) -> None:
        catalogue = await self._run(self._names)
        if catalogue is not None:
            self.catalogue = catalogue

    async def settle(self, seconds: float) -> list[Buffer]:
        """Store what is left; return the notes for which that did not work in this time."""
        open_ = list(self._buffers.values())
        tasks = [asyncio.create_task(buffer.settled()) for buffer in open_]
        if not tasks:
            return []
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        # What went wrong is in the buffers' own `crash`.
        await asyncio.gather(*tasks, return_exceptions=True)
        return [buffer for buffer in open_ if buffer.state is not State.SAVED]

    async def stop(self) -> list[Lost]:
        """Store what is left and close the vault; return what could not be stored, and where it is kept."""
        if self._stopped:
            return []
        self._stopped = True
        await self._cancel(self._refreshing)
        lost = []
        for buffer in await self.settle(LEAVE_SECONDS):
            kept = await self._put_down(buffer)
            if kept is not None:
                lost.append(kept)
        await self._cancel(*self._rescuing.values(), *self._evicting.values())
        self.rescue.close()
        await self.thread.stop()
        return lost

    async def _cancel(self, *tasks: asyncio.Task[None] | None) -> None:
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _put_down(self, buffer: Buffer) -> Lost | None:
        base, text = await buffer.put_down()
        await self._cancel(self._rescuing.pop(buffer.id, None))
        kept = await self._keep(buffer, base, text)
        return None if base == text else Lost(buffer.name, buffer.problem, text, kept)

    async def _keep(self, buffer: Buffer, base: str, text: str) -> Path | None:
        """Keep what differs; on the vault's thread, where all jobs go one after the other."""
        unsaved = Unsaved(self._vault_id, buffer.id, buffer.name, base, text)

        def job() -> Path | None:
            if base != text:
                return self.rescue.keep(unsaved)
            self.rescue.drop(buffer.id)
            return None

        return await self.thread.call(job)

    def _noticed(self, buffer: Buffer) -> None:
        """Keep what cannot be stored at the moment where a crash cannot take it."""
        if buffer.state is State.FAILED and buffer.id not in self._rescuing and not self._stopped:
            self._rescuing[buffer.id] = asyncio.create_task(self._rescued(buffer))
        self._changed(buffer)

    async def _rescued(self, buffer: Buffer) -> None:
        try:
            while buffer.state is not State.SAVED and buffer.crash is None:
                await self._keep(buffer, *await buffer.difference())
                await asyncio.sleep(RESCUE_SECONDS)
            if buffer.crash is None:
                await self.thread.call(lambda: self.rescue.drop(buffer.id))
        finally:
            self._rescuing.pop(buffer.id, None)

    # -- notes

    async def open(self, name: str) -> Buffer:
        """Open a note by what `[[name]]` would resolve to; raises NoteNotFound."""
        return await self._take(partial(open_note, name=name))

    async def create(self, name: str) -> Buffer:
        """Open a note, making it first if it is not there; raises InvalidName."""
        name = clean_name(name)

        def make(vault: Vault) -> Opened:
            try:
                return open_note(vault, name)
            except NoteNotFound:
                vault.create_note(name)
                return open_note(vault, name)

        return await self._take(make)

    async def today(self) -> Buffer:
        """Open the note of the local date, making it from its template first."""
        return await self._take(lambda vault: open_note(vault, vault.today().name))

    async def first(self) -> Buffer:
        """Open what an editor begins with: the note that changed last, today's in an empty vault."""

        def job(vault: Vault) -> Opened:
            note = vault.latest()
            self.began_empty = note is None
            return open_note(vault, (note or vault.today()).name)

        return await self._take(job)

    async def _take(self, job: Callable[[Vault], Opened]) -> Buffer:
        opened = await self._run(job)
        buffer = self._buffers.get(opened.note.id)
        if buffer is None:
            buffer = Buffer(self.thread, opened, self._noticed)
            self._buffers[buffer.id] = buffer
        self._buffers.move_to_end(buffer.id)
        self.current = buffer
        self.places.opened(opened.name)
        buffer.look()
        self._make_room()
        return buffer

    def _make_room(self) -> None:
        """Let go of the notes that were used longest ago, once they are stored."""
        for buffer in list(self._buffers.values())[: max(0, len(self._buffers) - KEPT)]:
            if buffer.id not in self._evicting:
                self._evicting[buffer.id] = asyncio.create_task(self._evict(buffer))

    async def _evict(self, buffer: Buffer) -> None:
        try:
            await buffer.settled()
            oldest = list(self._buffers)[: max(0, len(self._buffers) - KEPT)]
            if buffer.id in oldest and buffer.state is State.SAVED and buffer is not self.current:
                del self._buffers[buffer.id]
        finally:
            del self._evicting[buffer.id]

    async def rename(self, buffer: Buffer, name: str) -> int:
        """Rename a note, its links with it; return in how many notes links were rewritten.

        Raises NoteExists or InvalidName.
        """
        await buffer.settled()
        rewritten = await self._run(lambda vault: vault.note(buffer.name).rename(name))
        await buffer.renamed()
        return rewritten

    async def delete(self, buffer: Buffer) -> None:
        """Delete a note; `restore` brings it back."""
        await buffer.settled()
        await self._run(lambda vault: vault.note(buffer.name).remove())
        buffer.look()

    async def restore(self, buffer: Buffer) -> None:
        """Bring a deleted note back."""
        await buffer.restore()

    # -- about notes

    async def backlinks(self, buffer: Buffer) -> list[Backlink]:
        """Return what links to a note."""

        def job(vault: Vault) -> list[Backlink]:
            try:
                return vault.note(buffer.name).backlinks()
            except NoteNotFound:
                return []

        return await self._run(job)

    async def outline(self, target: str, holder: Buffer) -> Outline:
        """Return the outline of what a target in a note leads to; of the note itself for no target."""
        name = self.catalogue.resolve(target, holder.name) if target else holder.name
        if name is None:
            return outline("")
        text = holder.document.text
        if name != holder.name:
            text = await self._run(lambda vault: vault.note(name).text)
        return await asyncio.to_thread(outline, text)

    async def _run(self, job: Callable[[Vault], T]) -> T:
        return await self.thread.run(job)

    # -- keeping up

    def _committed(self, commit: Committed, by: object) -> None:
        """Act on what was committed, here or elsewhere: on what it names and on nothing else."""
        if commit.derived_only:
            return
        if commit.links_changed or commit.names_changed:
            self.cache.committed()
        buffer = self.current
        if buffer is not None:
            own = buffer is by and commit.origin is Origin.LOCAL
            moved = commit.touches(bytes.fromhex(buffer.id)) and not own
            if moved or commit.names_changed:
                buffer.look()
        self._changes = self._changes.and_then(commit)
        self._committed_at = asyncio.get_running_loop().time()
        self._wake.set()

    async def _keep_fresh(self) -> None:
        await self._learned.wait()
        while True:
            with suppress(CrdtnotesError):
                # The search index is filled bit by bit, so that no key waits for it.
                while await self._run(Vault.prepare_search):
                    pass
                await self._keep_lists()
            await self._wake.wait()
            self._wake.clear()
            await self._quiet()
            changes, self._changes = self._changes, Changed()
            if changes.names:
                try:
                    await self._learn_again()
                except CrdtnotesError:
                    self._changes = changes
                    continue  # the next commit brings us here again
            self._refreshed(changes)

    async def _keep_lists(self) -> None:
        """Make the lists that take long anew, unless something is committed meanwhile."""
        with suppress(TimeoutError):
            # Not `wait_for`: in Python 3.11 that can swallow a cancellation that comes with the event.
            async with asyncio.timeout(self._quiet_seconds / QUIET_SECONDS * IDLE_SECONDS):
                await self._wake.wait()
        for job in self.cache.jobs:
            if not self._wake.is_set() and not self.cache.is_fresh(job):
                await self.cache.fresh(job)

    async def _quiet(self) -> None:
        clock = asyncio.get_running_loop().time
        begun = clock()
        while clock() < min(self._committed_at + self._quiet_seconds, begun + PATIENCE_SECONDS):
            await asyncio.sleep(self._quiet_seconds / 4)

    def _names(self, vault: Vault) -> Catalogue | None:
        """Return the names, None where they are as they were at the last look."""
        stamp = vault.names_stamp()
        if stamp == self._names_stamp:
            return None
        catalogue = Catalogue(vault.names())
        # Names that came between the two are read once more at the next look.
        self._names_stamp = stamp
        return catalogue
