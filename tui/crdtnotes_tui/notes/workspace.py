"""The editor's state without the screen: the vault's names, the open notes, the navigation history."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from crdtnotes import Backlink, Committed, Origin, Vault
from crdtnotes.erasing import check_keys
from crdtnotes.errors import CrdtnotesError, NoteNotFound, NotPermitted
from crdtnotes.markup.names import clean_name
from crdtnotes.markup.outline import Outline, outline
from crdtnotes.markup.places import Lines, find_place
from crdtnotes.unsaved import Unsaved, are_locked
from crdtnotes_tui.notes.buffer import Buffer, Opened, State, open_note
from crdtnotes_tui.notes.catalogue import Catalogue
from crdtnotes_tui.notes.navigation import NavigationHistory
from crdtnotes_tui.notes.review import Review
from crdtnotes_tui.vault.result_cache import ResultCache
from crdtnotes_tui.vault.unsaved_files import UnsavedFiles, bring_back
from crdtnotes_tui.vault.vault_thread import VaultThread

MAX_OPEN_NOTES = 16
"""The number of notes that stay in memory, with their undo history."""

QUIET_SECONDS = 0.4
"""After a commit, names and backlinks are read again once there was no commit for this long …"""

PATIENCE_SECONDS = 3.0
"""… or at the latest after this long."""

IDLE_SECONDS = 2.0
"""After this long without a commit, the slow lists are computed again, before somebody opens them."""

LEAVE_SECONDS = 3.0
"""How long closing waits for the disk."""

RESCUE_SECONDS = 1.0
"""The interval at which text that cannot be stored is written to a file elsewhere."""

T = TypeVar("T")


class Lost(NamedTuple):
    """A text that could not be stored: the reason, the text, and the file that holds it (None if none)."""

    name: str
    problem: str
    text: str
    path: Path | None


@dataclass(frozen=True, slots=True)
class Changed:
    """The kinds of things that recent commits have changed: names of notes, links, members of the vault.

    `from_others`: some of these commits came from peers or other processes.
    """

    names: bool = False
    links: bool = False
    members: bool = False
    from_others: bool = False

    def and_then(self, commit: Committed) -> "Changed":
        """Return these changes combined with those of one more commit."""
        return Changed(
            self.names or commit.names_changed,
            self.links or commit.links_changed,
            self.members or commit.members_changed,
            self.from_others or commit.origin is not Origin.LOCAL,
        )


EVERYTHING = Changed(names=True, links=True, members=True, from_others=True)


class Workspace:
    """Open notes. `changed` is called with a buffer whose state may have changed, `refreshed` with the
    changes of recent commits, once there are no more for a moment.
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
        """Names of notes whose texts an earlier editor could not store, but this one could."""
        self.has_locked_texts = False
        """Whether such texts are encrypted for this device's keys, which are locked."""
        self.began_empty = False
        """Whether `first` found no notes."""
        self.may_write = True
        """Whether this device may write, when it was last asked (`ask_role`)."""
        self._wake = asyncio.Event()
        self._learned = asyncio.Event()
        self.review = Review(thread, self.open, self._learned)

    async def start(self) -> None:
        """Open the vault; raises a StoreError. Call `learn` once the first note is shown."""
        await self.thread.start(self._committed)
        self._vault_id = await self._run(lambda vault: vault.id)
        await self.ask_role()
        await self.bring_back()
        self._refreshing = asyncio.create_task(self._keep_fresh())

    async def bring_back(self) -> None:
        """Restore texts that earlier editors could not store; see `brought_back`, `has_locked_texts`."""
        with suppress(CrdtnotesError):
            # If there is still no room, the texts stay in their files until the next start.
            self.brought_back = await self._run(bring_back)
            self.has_locked_texts = await self.thread.call(lambda: are_locked(self.thread.path))

    async def ask_role(self) -> None:
        """Find out whether this device may write."""
        with suppress(CrdtnotesError):
            self.may_write = await self._run(lambda vault: vault.may_write)

    async def learn(self) -> None:
        """Read the names of all notes; this takes a while in a large vault."""
        await self._learn_again()
        self._learned.set()

    async def names(self) -> Catalogue:
        """Return the names of all notes, once `learn` has read them."""
        await self._learned.wait()
        return self.catalogue

    async def _learn_again(self) -> None:
        catalogue = await self._run(self._names)
        if catalogue is not None:
            self.catalogue = catalogue

    async def settle(self, seconds: float) -> list[Buffer]:
        """Store all unsaved text; return the buffers for which that failed within `seconds`."""
        open_ = list(self._buffers.values())
        tasks = [asyncio.create_task(buffer.settled()) for buffer in open_]
        if not tasks:
            return []
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        # Unexpected exceptions are recorded in each buffer's `crash`.
        await asyncio.gather(*tasks, return_exceptions=True)
        return [buffer for buffer in open_ if buffer.state is not State.SAVED]

    async def stop(self) -> list[Lost]:
        """Store all unsaved text and close the vault; return the texts that could not be stored."""
        if self._stopped:
            return []
        self._stopped = True
        await self._cancel(self._refreshing)
        await self.review.stop()
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
        """Write the text to a file if it differs from `base`; on the vault's thread, to keep the order."""
        unsaved = Unsaved(self._vault_id, buffer.id, buffer.name, base, text)

        def job() -> Path | None:
            if base != text:
                return self.rescue.keep(unsaved)
            self.rescue.drop(buffer.id)
            return None

        return await self.thread.call(job)

    def _noticed(self, buffer: Buffer) -> None:
        """Write text that cannot be stored at the moment to a file, so that a crash does not lose it."""
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
        """Open the note that `[[name]]` resolves to; raises NoteNotFound."""
        return await self._take(partial(open_note, name=name))

    async def create(self, name: str) -> Buffer:
        """Open a note, creating it first if there is none; raises InvalidName."""
        name = clean_name(name)

        def make(vault: Vault) -> Opened:
            try:
                return open_note(vault, name)
            except NoteNotFound:
                vault.create_note(name)
                return open_note(vault, name)

        return await self._take(make)

    async def today(self) -> Buffer:
        """Open the note of the local date, creating it from its template if needed."""
        return await self._take(lambda vault: open_note(vault, vault.today().name))

    async def first(self) -> Buffer:
        """Open the first note that an editor shows: the last one changed, or today's in an empty vault.

        Raises NotPermitted if there is none and this device may only read.
        """

        def job(vault: Vault) -> Opened:
            note = vault.latest()
            if note is None and not vault.may_write:
                raise NotPermitted(
                    "There are no notes here yet, and this device may only read: `crdtnotes sync --once` "
                    "fetches them."
                )
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
        buffer.refresh()
        self._make_room()
        return buffer

    def _make_room(self) -> None:
        """Evict the least recently used notes, once they are stored."""
        for buffer in list(self._buffers.values())[: max(0, len(self._buffers) - MAX_OPEN_NOTES)]:
            if buffer.id not in self._evicting:
                self._evicting[buffer.id] = asyncio.create_task(self._evict(buffer))

    async def _evict(self, buffer: Buffer) -> None:
        try:
            await buffer.settled()
            oldest = list(self._buffers)[: max(0, len(self._buffers) - MAX_OPEN_NOTES)]
            if buffer.id in oldest and buffer.state is State.SAVED and buffer is not self.current:
                del self._buffers[buffer.id]
        finally:
            del self._evicting[buffer.id]

    async def rename(self, buffer: Buffer, name: str) -> int:
        """Rename a note and rewrite the links to it; return the number of notes rewritten.

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
        buffer.refresh()

    async def restore(self, buffer: Buffer) -> None:
        """Bring a deleted note back."""
        await buffer.restore()

    async def check_erasable(self) -> bool:
        """Return whether the vault is paired; raises KeysLocked if erasing will need keys that are locked."""

        def job(vault: Vault) -> bool:
            check_keys(vault)
            return vault.is_paired

        return await self._run(job)

    async def erase(self, buffer: Buffer, text: str | None) -> int:
        """Erase a text from all that a note ever held, or for None the whole note; it cannot be undone.

        Returns how many changes held some of it. Raises the errors of `Note.erase`.
        """
        changes = await buffer.erase(text)
        self._vault_id = await self._run(lambda vault: vault.id)
        return changes

    # -- queries

    async def backlinks(self, buffer: Buffer) -> list[Backlink]:
        """Return the backlinks of a note."""

        def job(vault: Vault) -> list[Backlink]:
            try:
                return vault.note(buffer.name).backlinks()
            except NoteNotFound:
                return []

        return await self._run(job)

    async def outline(self, target: str, holder: Buffer) -> Outline:
        """Return the outline of the note that a target in `holder` leads to; of `holder` if it is empty."""
        name = self.catalogue.resolve(target, holder.name) if target else holder.name
        if name is None:
            return outline("")
        text = holder.document.text
        if name != holder.name:
            text = await self._run(lambda vault: vault.note(name).text)
        return await asyncio.to_thread(outline, text)

    async def place(self, buffer: Buffer, heading: str | None, block: str | None) -> Lines | None:
        """Return where a heading or block is in an open note, as a link names it; None if it has none."""
        return await asyncio.to_thread(find_place, buffer.document.text, heading, block)

    async def _run(self, job: Callable[[Vault], T]) -> T:
        return await self.thread.run(job)

    # -- following commits

    def _committed(self, commit: Committed, by: object) -> None:
        """Handle a commit, made here or elsewhere: refresh only the parts that it names."""
        if commit.derived_only:
            return
        if commit.links_changed or commit.names_changed:
            self.cache.committed()
        buffer = self.current
        if buffer is not None:
            own = buffer is by and commit.origin is Origin.LOCAL
            moved = commit.touches(bytes.fromhex(buffer.id)) and not own
            if moved or commit.names_changed:
                buffer.refresh()
        self._changes = self._changes.and_then(commit)
        self._committed_at = asyncio.get_running_loop().time()
        self._wake.set()

    async def _keep_fresh(self) -> None:
        await self._learned.wait()
        while True:
            with suppress(CrdtnotesError):
                # The search index is filled in small steps, so that no key press waits for it.
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
                    continue  # tried again after the next commit
            self.review.committed(from_others=changes.from_others)
            self._refreshed(changes)

    async def _keep_lists(self) -> None:
        """Compute the slow lists again, unless there is a commit meanwhile."""
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
        """Return the names of all notes, None if they have not changed since the last call."""
        stamp = vault.names_stamp()
        if stamp == self._names_stamp:
            return None
        catalogue = Catalogue(vault.names())
        # Names that were committed between the two reads are read again at the next call.
        self._names_stamp = stamp
        return catalogue
