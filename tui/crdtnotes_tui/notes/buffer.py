"""One open note: local edits on their way to the replica, everybody else's on their way back.

    keys ──> document ──> queue ──> session (the replica's thread) ──> durable
    screen <── document <── rebased over the queue <── patches

Rules
    - The document is always `session's text + edits in flight + queue`.
    - One request is under way at a time. While it is, edits gather in the queue: a burst of keys is one
      commit.
    - Undo and redo stand in the queue like edits, in the order in which they were asked for.
    - Edits that could not be stored stay in the queue and are tried again; nothing is dropped unless the
      replica will never take it (too large), and then the screen goes back to what the replica has.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import Enum
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import EditSession, Grouped
from crdtnotes.errors import CrdtnotesError, MissingChanges, NoteNotFound, StoreError
from crdtnotes.note import Note
from crdtnotes.vault import Vault
from crdtnotes_tui.notes.document import NoteDocument
from crdtnotes_tui.notes.transform import follow, rebase
from crdtnotes_tui.vault.vault_thread import VaultThread

GROUP_SECONDS = 1.0
"""Edits that are further apart are undone apart."""

SETTLE_SECONDS = 0.6
"""How long an editor is quiet before links follow the text."""

RETRY_SECONDS = 1.0

T = TypeVar("T")


class State(Enum):
    """How it stands with what was typed."""

    SAVED = "saved"
    SAVING = "saving"
    FAILED = "not saved"


class View(Protocol):
    """What shows a buffer."""

    def patched(self, patches: Sequence[Patch], *, own: bool) -> None:
        """Make these patches in the document, each on the one before; `own` for undo and redo."""
        ...

    def replaced(self) -> None:
        """The buffer has a new document."""
        ...


class UndoRequest(Enum):
    """What can be asked of the session besides edits."""

    UNDO = "undo"
    REDO = "redo"


class Opened(NamedTuple):
    """A note as it was found on the replica's thread."""

    note: Note
    name: str
    session: EditSession
    text: str


def open_note(vault: Vault, name: str) -> Opened:
    """Open a note for editing; runs on the vault's thread. Raises NoteNotFound."""
    note = vault.note(name)
    session = note.open()
    return Opened(note, note.name, session, session.text)


class Buffer:
    """A note in the editor. `changed` is called when its state or name may have changed."""

    def __init__(
        self,
        thread: VaultThread,
        opened: Opened,
        changed: Callable[["Buffer"], None] = lambda _: None,
        *,
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        self.id = opened.note.id
        self.name = opened.name
        self.exists = True
        self.problem = ""
        self.crash: BaseException | None = None
        self.document = NoteDocument(opened.text, self._edited)
        self.view: View | None = None
        self.left_at: int | None = None
        """Where the caret was when the view was taken away."""
        self._thread = thread
        self._note = opened.note
        self._session = opened.session
        self._changed = changed
        self._settle_seconds = settle_seconds
        self._queue: list[list[Grouped] | UndoRequest] = []
        self._in_flight = False
        self._looking = False
        self._unsettled = False
        self._edited_at = 0.0
        self._group = 1
        self._grouping = False
        self._last: Patch | None = None
        self._last_at = 0.0
        self._pump: asyncio.Task[None] | None = None
        self._stopped = False
        self._hurry = asyncio.Event()

    @property
    def state(self) -> State:
        """Whether all that was typed is on disk."""
        if self.problem or self.crash is not None:
            return State.FAILED
        return State.SAVING if self._queue or self._in_flight else State.SAVED

    # -- what the person does

    def _edited(self, start: int, removed: int, inserted: str) -> None:
        now = asyncio.get_running_loop().time()
        edit = Patch(start, removed, inserted)
        collaboration = now - self._last_at <= GROUP_SECONDS and _goes_on(self._last, edit)
        if not (collaboration or self._grouping):
            self._group += 1
        self._last, self._last_at = edit, now
        self._enqueue([Grouped(edit, self._group)])
        self._unsettled = True
        self._edited_at = now

    def begin_group(self) -> None:
        """Let the next edit be undone apart from the ones before."""
        self._last = None

    @contextmanager
    def one_group(self) -> Iterator[None]:
        """Let all edits made inside be undone together, and apart from others."""
        self._group += 1
        self._grouping = True
        try:
            yield
        finally:
            self._grouping = False
            self._last = None

    def undo(self) -> None:
        """Take back the person's own last group of edits."""
        self._enqueue(UndoRequest.UNDO)

    def redo(self) -> None:
        """Do again what was taken back last."""
        self._enqueue(UndoRequest.REDO)

    def look(self) -> None:
        """Something was committed to this note, or to what it is called: take it in."""
        self._looking = True
        self._hurry.set()
        self._start()

    async def renamed(self) -> None:
        """Look now which name the note has."""
        await self._look()

    async def restore(self) -> None:
        """Bring the note back after a delete."""
        await self._thread.call(self._note.restore)
        await self._look()

    async def settled(self) -> None:
        """Wait until everything typed is stored and the links follow; at once where a retry was waiting."""
        self._edited_at = float("-inf")
        self._hurry.set()
        self._start()
        while self._pump is not None:
            await asyncio.wait([self._pump])
            await asyncio.sleep(0)  # let `_ended` be called
        if self.crash is not None:
            raise self.crash

    async def anchors(self, caret: int, start: int) -> tuple[OpId, OpId] | None:
        """Return the elements before positions on the screen; None while something typed is not stored."""
        if self.state is not State.SAVED or self._looking:
            return None
        # Whatever moves the session is asked of the same thread after this.
        return await self._thread.call(lambda: (self._session.anchor(caret), self._session.anchor(start)))

    async def positions(self, places: Sequence[tuple[OpId, OpId]]) -> list[tuple[int, int] | None] | None:
        """Return where pairs of elements are on the screen, None for one of which there is no element here.

        None for all while something typed is not stored: then the screen is ahead of the replica.
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
        """Return the text that the replica has of this session, and the one on the screen."""
        stored = await self._thread.call(lambda: self._session.text)
        return stored, self.document.text

    async def put_down(self) -> tuple[str, str]:
        """Try no more to store what was typed, and return the `difference` that stays."""
        self._stopped = True
        self._hurry.set()
        while self._pump is not None:
            await asyncio.wait([self._pump])
            await asyncio.sleep(0)  # let `_ended` be called
        return await self.difference()

    # -- the way to the replica and back

    def _enqueue(self, what: list[Grouped] | UndoRequest) -> None:
        last = self._queue[-1] if self._queue else None
        if isinstance(what, list) and isinstance(last, list):
            last.extend(what)
        else:
            self._queue.append(what)
        if isinstance(what, UndoRequest):
            self._last = None
            self._unsettled = True
        self._hurry.set()
        self._changed(self)
        self._start()

    def _start(self) -> None:
        if self._pump is None and self.crash is None and not self._stopped:
            self._pump = asyncio.create_task(self._run())
            self._pump.add_done_callback(self._ended)

    def _ended(self, pump: asyncio.Task[None]) -> None:
        """Remember a bug: going on after one could lose what is typed."""
        if not pump.cancelled():
            self.crash = self.crash or pump.exception()
        self._changed(self)

    async def _run(self) -> None:
        try:
            while await self._step():
                pass
        finally:
            # At once, not in `_ended`: what comes before that is called must find no pump and start one.
            self._pump = None

    async def _step(self) -> bool:
        """Do one thing that is to do; return whether there may be more."""
        if self._stopped:
            return False
        if self._queue:
            await self._send(self._queue.pop(0))
        elif self._looking:
            self._looking = False
            await self._look()
        elif self._unsettled:
            wait = self._edited_at + self._settle_seconds - asyncio.get_running_loop().time()
            if wait > 0:
                await self._pause(wait)
            else:
                self._unsettled = False
                await self._ask(self._session.settle)
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

    async def _look(self) -> None:
        def look() -> tuple[list[Patch], str | None]:
            patches = self._session.look()
            try:
                return patches, self._note.name
            except NoteNotFound:
                return patches, None

        found = await self._ask(look)
        if found is not None:
            patches, name = found
            self.exists = name is not None
            self.name = name or self.name
            self._receive(patches, own=False)
            self._changed(self)

    async def _ask(self, job: Callable[[], T]) -> T | None:
        """Run a job that can be left for later; returns None, and says why, if it failed."""
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
        """Say why nothing is stored, and wait before the next try."""
        self.problem = str(error)
        self._in_flight = False
        self._changed(self)
        self._hurry.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(RETRY_SECONDS):
                await self._hurry.wait()

    async def _start_over(self, error: CrdtnotesError) -> None:
        """Show what the replica has: it will never take what was typed."""
        text = await self._ask(lambda: self._session.text)
        self.problem = str(error)
        if text is not None:
            # Whatever was typed since stands on what will never be.
            self._queue.clear()
            self.document = NoteDocument(text, self._edited)
            if self.view is not None:
                self.view.replaced()

    def _receive(self, patches: Sequence[Patch], *, own: bool) -> None:
        """Let the screen have what happened at the replica, and move what is queued past it."""
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


def _goes_on(last: Patch | None, edit: Patch) -> bool:
    """Whether an edit goes on where the last one ended, as typing or deleting does."""
    if last is None or len(edit.inserted) > 1 or edit.removed > 1 or "\n" in last.inserted:
        return False
    if edit.inserted:
        return not edit.removed and bool(last.inserted) and edit.start == last.start + len(last.inserted)
    return not last.inserted and edit.start in (last.start - 1, last.start)
