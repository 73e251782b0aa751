"""What was written apart in the open note, kept up to date by commits, and settled in its buffer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from crdtnotes import Choice, Finding, Vault
from crdtnotes.errors import CrdtnotesError, NoteNotFound
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.vault.vault_thread import VaultThread

REST = 20
"""After it has looked, it does not look by itself again for this many times as long as that took.

A note with a very long history takes a while, and meanwhile no key is stored.
"""


class Review:
    """The findings of the open note; `open_note` opens another one by its name.

    It does not look by itself before `ready` is set.
    """

    def __init__(
        self, thread: VaultThread, open_note: Callable[[str], Awaitable[Buffer]], ready: asyncio.Event
    ) -> None:
        self.findings: Sequence[Finding] = ()
        self.changed: Callable[[], None] = lambda: None
        """Called when the findings may have changed."""
        self.actor = ""
        """The stream that this replica writes."""
        self._thread = thread
        self._open_note = open_note
        self._ready = ready
        self._of: Buffer | None = None
        self._looking: asyncio.Task[None] | None = None
        self._again = False
        self._rested_at = 0.0
        self._all: Sequence[Finding] = ()
        self._all_rested_at = 0.0

    def follow(self, buffer: Buffer) -> None:
        """Look through another note."""
        if buffer is not self._of:
            self._of, self.findings = buffer, ()
            self._rested_at = 0.0
        self.look()

    def committed(self, *, from_others: bool) -> None:
        """Look again after commits; one's own edits can only settle what was found."""
        if from_others or self.findings:
            self.look()

    def look(self) -> None:
        """Look through the open note soon; requests that come meanwhile are joined."""
        self._again = True
        if self._looking is None and self._of is not None:
            self._looking = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """End what is under way."""
        self._of = None
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _look(self) -> None:
        clock = asyncio.get_running_loop().time
        try:
            await self._ready.wait()
            while self._again:
                await asyncio.sleep(max(0.0, self._rested_at - clock()))
                self._again = False
                begun = clock()
                with suppress(CrdtnotesError):
                    await self.now()
                self._rested_at = clock() + REST * (clock() - begun)
        finally:
            self._looking = None

    async def now(self) -> None:
        """Look through the open note at once; raises a StoreError."""
        buffer = self._of
        if buffer is None:
            return

        def job(vault: Vault) -> tuple[str, list[Finding]]:
            try:
                return vault.actor, vault.review(vault.note_by_id(buffer.id).name)
            except NoteNotFound:
                return vault.actor, []

        actor, found = await self._thread.run(job)
        if buffer is self._of:
            self.actor, self.findings = actor, found
            self.changed()

    async def elsewhere(self) -> list[Finding]:
        """Return the findings of all notes but the open one; raises a StoreError.

        They may be those of a moment ago, if it takes long to find them.
        """
        clock = asyncio.get_running_loop().time
        begun = clock()
        if begun >= self._all_rested_at:
            self._all = await self._thread.run(Vault.review)
            self._all_rested_at = clock() + REST * (clock() - begun)
        return [one for one in self._all if self._of is None or one.note != self._of.id]

    async def settle(self, finding: Finding, choice: Choice) -> None:
        """Make the edit of a choice, in the finding's note, which is opened for that; undo takes it back.

        Raises the errors of `Vault.settle`.
        """
        buffer = self._of
        if finding.start is None:
            await self._thread.run(lambda vault: vault.settle(finding, choice))
        else:
            if buffer is None or buffer.id != finding.note:
                buffer = await self._open_note(finding.name)
            await buffer.settle(finding, choice)
        self._forget(finding)
        await self.now()

    async def mark_seen(self, finding: Finding) -> None:
        """Remember that the person has seen it; raises a StoreError."""
        await self._thread.run(lambda vault: vault.mark_seen(finding))
        self._forget(finding)
        await self.now()

    def _forget(self, finding: Finding) -> None:
        self._all = [one for one in self._all if one.key != finding.key]
