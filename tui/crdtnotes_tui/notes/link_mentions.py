"""Turning mentions into links, and taking that back."""

from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import EditSession, Grouped
from crdtnotes.errors import LocalError
from crdtnotes.note import MentionInfo
from crdtnotes.vault import Vault
from crdtnotes_tui.vault.vault_thread import VaultThread


class Linking:
    """Links mentions in other notes, each an edit that can be taken back."""

    def __init__(self, thread: VaultThread) -> None:
        self._thread = thread
        self._done: list[tuple[str, EditSession]] = []

    async def link(self, mention: MentionInfo) -> None:
        """Make a mention a link; raises LocalError where its text has changed meanwhile."""
        session = await self._thread.run(lambda vault: _link(vault, mention))
        self._done.append((mention.note, session))

    async def take_back(self) -> str | None:
        """Undo the last one that is not undone; return the note it is in, None where there is none."""
        if not self._done:
            return None
        name, session = self._done.pop()

        def job(_: Vault) -> None:
            session.look()
            session.undo()
            session.settle()

        await self._thread.run(job)
        return name


def _link(vault: Vault, mention: MentionInfo) -> EditSession:
    session = vault.note(mention.note).open()
    length = len(mention.written)
    if session.text[mention.start : mention.start + length] != mention.written:
        raise LocalError("That line has changed meanwhile; the mentions are searched again.")
    session.commit([Grouped(Patch(mention.start, length, mention.link), 1)])
    session.settle()
    return session
