"""Full-text search as the person types."""

from collections.abc import Sequence

from crdtnotes_tui.notes.navigation import Line
from crdtnotes_tui.screens.picker import Answer, Picker
from crdtnotes_tui.vault.vault_thread import VaultThread

MAX_HITS = 50


class Search(Picker[Line]):
    """Finds the lines that contain all the words; its result is the line."""

    question = "Search all notes …"

    def __init__(self, thread: VaultThread) -> None:
        super().__init__()
        self._thread = thread

    async def answers(self, query: str) -> Sequence[Answer[Line]]:
        """Return the hits."""
        if not query.strip():
            return []
        hits = await self._thread.run(lambda vault: vault.search(query, MAX_HITS))
        return [Answer(Line(hit.note, hit.line), hit.note, hit.snippet, below=True) for hit in hits]
