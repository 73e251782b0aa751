"""A list of the note's headings."""

import asyncio
from collections.abc import Sequence

from crdtnotes.markup.outline import Heading, outline
from crdtnotes_tui.notes.matching import rank
from crdtnotes_tui.screens.picker import Answer, Picker


class Headings(Picker[int]):
    """Finds a heading; its result is the line, counted from 0."""

    question = "Go to a heading …"

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._headings: Sequence[Heading] | None = None

    async def answers(self, query: str) -> Sequence[Answer[int]]:
        """Return the matching headings, in the order of the text."""
        if self._headings is None:
            self._headings = (await asyncio.to_thread(outline, self._text)).headings
        wanted = query.strip().casefold()
        return [
            Answer(one.line, "  " * (one.level - 1) + one.text)
            for one in self._headings
            if not wanted or rank(wanted, one.text.casefold(), "") is not None
        ]
