"""One open note: sends local edits to the replica, and applies everybody else's edits to the screen.

    keys ──> document ──> queue ──> session (the replica's thread) ──> durable
    screen <── document <── rebased over the queue <── patches

Rules
    - The document is always `session's text + edits in flight + queue`.
    - One request runs at a time. Meanwhile edits collect in the queue: a burst of keys becomes one commit.
    - Undo and redo requests are queued like edits, in the order of the key presses.
    - Edits that could not be stored stay in the queue and are retried. Edits are dropped only if the replica
      can never accept them (too large); then the screen goes back to the replica's text.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from enum import Enum
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from crdtnotes import Choice, Finding, Note, Vault
from crdtnotes.crdt import OpId, Patch
from crdtnotes.editing import EditSession, Grouped
from crdtnotes.erasing import erase_everywhere
from crdtnotes.errors import CrdtnotesError, MissingChanges, NoteNotFound, StoreError
from crdtnotes_tui.notes.document import NoteDocument
from crdtnotes_tui.notes.transform import follow, rebase
from crdtnotes_tui.notes.undo_groups import UndoGroups
from crdtnotes_tui.vault.vault_thread import VaultThread

SETTLE_SECONDS = 0.6
"""How long no edit is made before the links are updated from the text."""

RETRY_SECONDS = 1.0

T = TypeVar("T")


class State(Enum):
    """Whether the typed text is stored."""

    SAVED = "saved"
    SAVING = "saving"
    FAILED = "not saved"


class View(Protocol):
    """A widget that shows a buffer."""

    def patched(self, patches: Sequence[Patch], *, own: bool) -> None:
        """Apply these patches to the document, one after the other; `own` for undo and redo."""
        ...

    def replaced(self) -> None:
        """Show the buffer's new document."""
        ...


class UndoRequest(Enum):
    """Requests to the session besides edits."""

    UNDO = "undo"
    REDO = "redo"


class Settling(NamedTuple):
    """A request to change the session's text by a job: settling a finding, or erasing."""

    job: Callable[[], list[Patch]]
    done: asyncio.Future[None]


class Opened(NamedTuple):
    """A note that was opened on the replica's thread."""

    note: Note
    name: str
    session: EditSession
    text: str
    vault: Vault


def open_note(vault: Vault, name: str) -> Opened:
    """Open a note for editing; runs on the vault's thread. Raises NoteNotFound."""
    note = vault.note(name)
    session = note.open()
    return Opened(note, note.name, session, session.text, vault)


class Buffer:
    """A note in the editor. `changed` is called when its state or name may have changed."""

    def __init__(
        self,
        thread: VaultThread,
        opened: Opened,
        changed: Callable[["Buffer"], None] = lambda _: None,
        *,
        settle_seconds: float = SETTLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = opened.note.id
        self.name = opened.name
        self.exists = True
        self.problem = ""
        self.crash: BaseException | None = None
        self.document = NoteDocument(opened.text, self._edited)
        self.view: View | None = None
        self.left_at: int | None = None
        """The caret's position when the view was removed."""
        self._thread = thread
        self._note = opened.note
        self._session = opened.session
        self._vault = opened.vault
        self._changed = changed
        self._settle_seconds = settle_seconds
        self._queue: list[list[Grouped] | UndoRequest | Settling] = []
        self._in_flight = False
        self._looking = False
        self._unsettled = False
        self._edited_at = 0.0
        self._groups = UndoGroups(clock)
        self._alike = False
        self._pump: asyncio.Task[None] | None = None
        self._stopped = False
        self._hurry = asyncio.Event()

    @property
    def state(self) -> State:
        """Whether all typed text is on disk."""
        if self.problem or self.crash is not None:
            return State.FAILED
        return State.SAVING if self._queue or self._in_flight else State.SAVED

    # -- actions of the person

    def _edited(self, start: int, removed: int, inserted: str) -> None:
        edit = Patch(start, removed, inserted)
        self._enqueue([Grouped(edit, self._groups.number(edit), self._alike)])
        self._unsettled = True
        self._edited_at = asyncio.get_running_loop().time()

    def end_group(self) -> None:
        """Let the next edit be undone separately from the earlier ones."""
        self._groups.end()

    def one_group(self) -> AbstractContextManager[None]:
        """Let all edits made inside be undone together, and separately from others."""
        return self._groups.joined()

    @contextmanager
    def alike(self) -> Iterator[None]:
        """Let the edits made inside be those of a command, which are the same whoever gives it."""
        self._alike = True
        try:
            yield
        finally:
            self._alike = False

    def undo(self) -> None:
        """Undo the person's own last group of edits."""
        self._enqueue(UndoRequest.UNDO)

    def redo(self) -> None:
        """Redo the group of edits that was undone last."""
        self._enqueue(UndoRequest.REDO)

    async def settle(self, finding: Finding, choice: Choice) -> None:
        """Make the edit of a finding's choice, which undo takes back; raises the errors of `Vault.settle`."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        job = partial(self._vault.settle, finding, choice, self._session)
        self._enqueue(Settling(job, done))
        await done

    async def erase(self, text: str | None) -> int:
        """Erase a text from all that the note ever held, or for None the note; undo does not bring it back.

        Returns how many changes held some of it. Raises the errors of `Note.erase`.
        """
        changes = 0

        def job() -> list[Patch]:
            nonlocal changes
            changes = erase_everywhere(self._vault, self._note, text)
            return self._session.refresh()

        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._enqueue(Settling(job, done))
        await done
        await self._refresh()
        return changes

    def refresh(self) -> None:
        """Apply commits to this note's text or name soon."""
        self._looking = True
        self._hurry.set()
        self._start()

    async def renamed(self) -> None:
        """Refresh at once, after the note was renamed."""
        await self._refresh()

    async def restore(self) -> None:
        """Bring the note back after a delete."""
        await self._thread.call(self._note.restore)
        await self._refresh()

    async def settled(self) -> None:
        """Wait until all typed text is stored and the links are updated; a pending retry starts at once."""
        self._edited_at = float("-inf")
        self._hurry.set()
        self._start()
        while self._pump is not None:
            await asyncio.wait([self._pump])
            await asyncio.sleep(0)  # let `_ended` be called
        if self.crash is not None:
            raise self.crash

    async def anchors(self, caret: int, start: int) -> tuple[OpId, OpId] | None:
        """Return the elements before positions on the screen; None while typed text is not stored."""
        if self.state is not State.SAVED or self._looking:
            return None
        # Jobs that change the session run on the same thread, after this one.
        return await self._thread.call(lambda: (self._session.anchor(caret), self._session.anchor(start)))

    async def positions(self, places: Sequence[tuple[OpId, OpId]]) -> list[tuple[int, int] | None] | None:
        """Return the screen positions of pairs of elements; None for a pair with an element missing here.

        The result is None while typed text is not stored, because the screen is ahead of the replica then.
        """

        def where(place: tuple[OpId, OpId]) -> tuple[int, int] | None:
            try:
                return self._session.position(place[0]), self._session.position(place[1])
            except MissingChanges:
                return None

        if self.state is not State.SAVED or self._looking:
            return None
        before = self.document, self.document.revision
        found = await self._thread.call(lambda: list(map(where, places)))
        return found if before == (self.document, self.document.revision) else None

    async def difference(self) -> tuple[str, str]:
        """Return the session's text in the replica, and the text on the screen."""
        stored = await self._thread.call(lambda: self._session.text)
        return stored, self.document.text

    async def put_down(self) -> tuple[str, str]:
        """Stop trying to store the typed text, and return the remaining `difference`."""
        self._stopped = True
        self._hurry.set()
        while self._pump is not None:
            await asyncio.wait([self._pump])
            await asyncio.sleep(0)  # let `_ended` be called
        return await self.difference()

    # -- exchange with the replica

    def _enqueue(self, what: list[Grouped] | UndoRequest | Settling) -> None:
        last = self._queue[-1] if self._queue else None
        if isinstance(what, list) and isinstance(last, list):
            last.extend(what)
        else:
            self._queue.append(what)
        if not isinstance(what, list):
            self._groups.end()
            self._unsettled = True
        self._hurry.set()
        self._changed(self)
        self._start()

    def _start(self) -> None:
        if self._pump is None and self.crash is None and not self._stopped:
            self._pump = asyncio.create_task(self._run())
            self._pump.add_done_callback(self._ended)

    def _ended(self, pump: asyncio.Task[None]) -> None:
        """Remember an unexpected exception: going on after one could lose typed text."""
        if not pump.cancelled():
            self.crash = self.crash or pump.exception()
        self._changed(self)

    async def _run(self) -> None:
        try:
            while await self._step():
                pass
        finally:
            # Clear it here, not in `_ended`: code that runs before `_ended` must be able to start a new pump.
            self._pump = None

    async def _step(self) -> bool:
        """Do one pending task; return whether there may be more."""
        if self._stopped:
            return False
        if self._queue:
            item = self._queue.pop(0)
            if isinstance(item, Settling):
                await self._settle(item)
            else:
                await self._send(item)
        elif self._looking:
            self._looking = False
            await self._refresh()
        elif self._unsettled:
            wait = self._edited_at + self._settle_seconds - asyncio.get_running_loop().time()
            if wait > 0:
                await self._pause(wait)
            else:
                self._unsettled = False
                await self._ask(self._session.update_links)
        else:
            return False
        return True

    async def _pause(self, seconds: float) -> None:
        self._hurry.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()

    async def _send(self, item: list[Grouped] | UndoRequest) -> None:
        session = self._session
        if isinstance(item, list):
            job = partial(session.commit, item)
        else:
            job = partial(session.undo if item is UndoRequest.UNDO else session.redo)
            self._looking = True
        self._in_flight = True
        try:
            patches = await self._thread.call(job, self)
        except StoreError as error:
            self._queue.insert(0, item)
            await self._fail(error)
        except CrdtnotesError as error:
            await self._start_over(error)
        else:
            self.problem = ""
            self._receive(patches, own=isinstance(item, UndoRequest))
        finally:
            self._in_flight = False
            self._changed(self)

    async def _settle(self, item: Settling) -> None:
        """Make an edit that is not tried again if it fails: the person then asks for it again."""
        self._in_flight = True
        try:
            patches = await self._thread.call(item.job, self)
        except CrdtnotesError as error:
            if not item.done.cancelled():
                item.done.set_exception(error)
        else:
            self._receive(patches, own=True)
            if not item.done.cancelled():
                item.done.set_result(None)
        finally:
            self._in_flight = False
            self._changed(self)

    async def _refresh(self) -> None:
        def refresh() -> tuple[list[Patch], str | None]:
            patches = self._session.refresh()
            try:
                return patches, self._note.name
            except NoteNotFound:
                return patches, None

        found = await self._ask(refresh)
        if found is not None:
            patches, name = found
            self.exists = name is not None
            self.name = name or self.name
            self._receive(patches, own=False)
            self._changed(self)

    async def _ask(self, job: Callable[[], T]) -> T | None:
        """Run a job that can also run later; if it fails, record the problem and return None."""
        try:
            result = await self._thread.call(job, self)
        except CrdtnotesError as error:
            self.problem = str(error)
            self._changed(self)
            return None
        if self.problem and not self._queue:
            self.problem = ""
            self._changed(self)
        return result

    async def _fail(self, error: StoreError) -> None:
        """Show the problem, and wait before the next try."""
        self.problem = str(error)
        self._in_flight = False
        self._changed(self)
        self._hurry.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(RETRY_SECONDS):
                await self._hurry.wait()

    async def _start_over(self, error: CrdtnotesError) -> None:
        """Show the replica's text, because the replica can never accept the typed text."""
        text = await self._ask(lambda: self._session.text)
        self.problem = str(error)
        if text is not None:
            # Later edits are based on the rejected ones.
            self._queue.clear()
            self.document = NoteDocument(text, self._edited)
            if self.view is not None:
                self.view.replaced()

    def _receive(self, patches: Sequence[Patch], *, own: bool) -> None:
        """Apply the replica's patches to the screen, and rebase the queue over them."""
        for at, item in enumerate(self._queue):
            if patches and isinstance(item, list):
                patches, self._queue[at] = rebase(patches, item)
        if not patches:
            return
        if self.view is not None:
            self.view.patched(patches, own=own)
        else:
            for patch in patches:
                self.document.patch(patch)
                if self.left_at is not None:
                    self.left_at = follow(self.left_at, patch, behind=True)
