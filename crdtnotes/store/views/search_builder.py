"""Making the search index on another core while a replica takes in very much.

Indexing the texts of a first sync takes nearly as long as storing them. So where one transaction of much
text follows another and nothing is indexed yet, another process is given what was stored and makes the
index of it; `SearchIndex.take_over` puts that into the file in one go. Where no such process can be had, or
it dies, the index is made here, later, as it is of everything else.
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

LEAST = 256 * 1024
"""Characters from which on a transaction counts as one of much text."""

WORTH = 2 * 1024 * 1024
"""Characters in a row of such transactions from which on another process is worth its start."""

_AHEAD = 6
# Transactions whose texts may wait for the other process; then this one waits.

_rows_decoder: msgspec.msgpack.Decoder[tuple[str, Rows]] = msgspec.msgpack.Decoder(tuple[str, Rows])


class Text(NamedTuple):
    """A stored note as it is indexed.

    `id` is its row, `name` the name that it shows, `upto` and `digest` are as in `notes`: they tell later
    whether this is still its text.
    """

    id: int
    name: str
    upto: int
    digest: bytes
    text: str


class Given(NamedTuple):
    """What of a `Text` is remembered."""

    name: str
    upto: int
    digest: bytes


class Built(NamedTuple):
    """An index of some notes: rows of FTS5's tables by their endings, and which notes are in it."""

    tables: list[tuple[str, Rows]]
    given: dict[int, Given]


class Indexing:
    """Another process that makes an index of texts as they are given to it."""

    def __init__(self, helper: Helper, statement: str) -> None:
        """`statement` makes the index's table."""
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
        """Return one; None where no process can be started."""
        with suppress(OSError):
            return cls(start("crdtnotes.helpers.indexer"), statement)
        return None

    def give(self, texts: Sequence[Text]) -> None:
        """Have these indexed; waits while much else is still to be."""
        self._given.update((id, Given(name, upto, digest)) for id, name, upto, digest, _ in texts)
        if texts:
            self._put([(id, name, text) for id, name, _, _, text in texts])

    def finish(self) -> Built | None:
        """Return the index of all that was given, once it is made, and end; None where it was lost."""
        self._put([])
        tables: list[tuple[str, Rows]] = []
        try:
            with suppress(OSError, EOFError, msgspec.DecodeError):
                self._answer()  # it is ready
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
        """Write messages to the process; on a thread of its own, for the process reads when it has time."""
        while (message := self._messages.get()) is not None:
            if not self._lost and self._helper.stdin is not None:
                try:
                    send(self._helper.stdin, message)
                except OSError:
                    self._lost = True
            self._room.release()
