"""The list of changes that came in since the person last looked."""

import time
from collections.abc import Sequence

from crdtnotes_tui.notes.navigation import Line
from crdtnotes_tui.peers.collaboration import News
from crdtnotes_tui.screens.picker import Answer, Picker


class RecentChanges(Picker[Line]):
    """Finds changes of others by device, note and text; its result is the line."""

    question = "What came in …"

    def __init__(self, news: News) -> None:
        super().__init__()
        self._news = news

    async def answers(self, query: str) -> Sequence[Answer[Line]]:
        """Return the matching changes, the latest first."""
        wanted = query.strip().casefold()
        return [
            Answer(
                Line(one.name, one.line),
                f"{one.name}  {who}",
                f"{time.strftime('%d %b %H:%M', time.localtime(one.time / 1000))}  {one.context}",
                below=True,
            )
            for who, one in self._news
            if wanted in f"{one.name} {who} {one.context}".casefold()
        ]
