"""Building the search index on another core while a replica receives very many notes.

Indexing the texts of a first sync takes nearly as long as storing them. So if transactions with much text
follow one another and nothing is indexed yet, the stored texts are passed to another process, which builds
an index of them; `SearchIndex.take_over` writes that index to the file in one go. If no such process can be
started, or it dies, the notes are indexed here, later, like all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import NamedTuple

import msgspec

from crdtnotes.helpers.indexer import END, Rows
from crdtnotes.helpers.pipes import receive, send
from crdtnotes.helpers.process import Helper, close_pipes, end, start

MIN_BULK_CHARACTERS = 256 * 1024
"""Characters from which on a transaction counts as one with much text."""

MIN_HELPER_CHARACTERS = 2 * 1024 * 1024
"""Characters in consecutive transactions of that kind from which on another process is started."""

_AHEAD = 6
# Transactions whose texts may be queued for the other process; beyond that `give` blocks.

_rows_decoder: msgspec.msgpack.Decoder[tuple[str, Rows]] = msgspec.msgpack.Decoder(tuple[str, Rows])


class Text(NamedTuple):
    """A stored note to be indexed.

    `id` is its row, `name` the name that it shows; `upto` and `digest` are those in `notes`, from which it
    can be told later whether this is still the note's text.
    """

    id: int
    name: str
    upto: int
    digest: bytes
    text: str


class Given(NamedTuple):
    """The parts of a `Text` that are remembered."""

    name: str
    upto: int
    digest: bytes


class Built(NamedTuple):
    """An index of some notes: the rows of FTS5's tables by table name suffix, and the notes in the index."""

    tables: list[tuple[str, Rows]]
    given: dict[int, Given]


class Indexing:
    """Another process that builds an index of the texts that it is given."""

    def __init__(self, helper: Helper, statement: str) -> None:
        """`statement` is the SQL statement that creates the index's table."""
        self._helper = helper
        self._given: dict[int, Given] = {}
        self._lost = False
        self._room = BoundedSemaphore(_AHEAD)
        self._messages: SimpleQueue[object] = SimpleQueue()
        self._feeder = Thread(target=self._feed, name="crdtnotes-indexing", daemon=True)
        self._feeder.start()
        self._put(statement)

    @classmethod
    def start(cls, statement: str) -> Indexing | None:
        """Start a process; None if none can be started."""
        with suppress(OSError):
            return cls(start("crdtnotes.helpers.indexer"), statement)
        return None

    def give(self, texts: Sequence[Text]) -> None:
        """Queue texts for indexing; blocks while too many are queued."""
        self._given.update((id, Given(name, upto, digest)) for id, name, upto, digest, _ in texts)
        if texts:
            self._put([(id, name, text) for id, name, _, _, text in texts])

    def finish(self) -> Built | None:
        """Wait for the index of all given texts and return it, then end; None if the process was lost."""
        self._put([])
        tables: list[tuple[str, Rows]] = []
        try:
            with suppress(OSError, EOFError, msgspec.DecodeError):
                self._answer()  # the first answer says that the index is ready
                while (answer := self._answer()) != END:
                    tables.append(answer)
                return None if self._lost else Built(tables, self._given)
            return None
        finally:
            self.close()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        end(self._helper)
        self._messages.put(None)
        self._feeder.join()
        close_pipes(self._helper)

    def _answer(self) -> tuple[str, Rows]:
        """Read a message from the process; raises OSError, EOFError or DecodeError."""
        data = None if self._helper.stdout is None else receive(self._helper.stdout)
        if data is None:
            raise EOFError
        return _rows_decoder.decode(data)

    def _put(self, message: object) -> None:
        self._room.acquire()
        self._messages.put(message)

    def _feed(self) -> None:
        """Write messages to the process; runs on its own thread, because the process may be slow to read."""
        while (message := self._messages.get()) is not None:
            if not self._lost and self._helper.stdin is not None:
                try:
                    send(self._helper.stdin, message)
                except OSError:
                    self._lost = True
            self._room.release()
