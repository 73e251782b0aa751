"""Turning mentions into links, and undoing that."""

from crdtnotes import Mention, Vault
from crdtnotes.crdt import Patch
from crdtnotes.editing import EditSession, Grouped
from crdtnotes.errors import LocalError
from crdtnotes_tui.vault.vault_thread import VaultThread


class Linking:
    """Links mentions in other notes; each link is an edit that can be undone."""

    def __init__(self, thread: VaultThread) -> None:
        self._thread = thread
        self._done: list[tuple[str, EditSession]] = []

    async def link(self, mention: Mention) -> None:
        """Turn a mention into a link; raises LocalError if its text has changed meanwhile."""
        session = await self._thread.run(lambda vault: _link(vault, mention))
        self._done.append((mention.note, session))

    async def take_back(self) -> str | None:
        """Undo the last link that was made; return the name of its note, None if there is nothing to undo."""
        if not self._done:
            return None
        name, session = self._done.pop()

        def job(_: Vault) -> None:
            session.refresh()
            session.undo()
            session.update_links()

        await self._thread.run(job)
        return name


def _link(vault: Vault, mention: Mention) -> EditSession:
    session = vault.note(mention.note).open()
    length = len(mention.written)
    if session.text[mention.start : mention.start + length] != mention.written:
        raise LocalError("That line has changed; the mentions are being searched again.")
    session.commit([Grouped(Patch(mention.start, length, mention.link), 1, alike=True)])
    session.update_links()
    return session
