"""Full-text search, as one types."""

from collections.abc import Sequence

from crdtnotes_tui.keeper import Keeper
from crdtnotes_tui.model.places import Line
from crdtnotes_tui.screens.picker import Answer, Picker

SHOWN = 50


class Search(Picker[Line]):
    """Finds the lines where all the words are."""

    question = "Search all notes …"

    def __init__(self, keeper: Keeper) -> None:
        super().__init__()
        self._keeper = keeper

    async def answers(self, query: str) -> Sequence[Answer[Line]]:
        """Return the hits."""
        if not query.strip():
            return []
        hits = await self._keeper.run(lambda vault: vault.search(query, SHOWN))
        return [Answer(Line(hit.note, hit.line), hit.note, hit.snippet, below=True) for hit in hits]
