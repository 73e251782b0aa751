"""Extracting the links of many texts, on every core.

Reading Markdown takes most of the time of an import, and one process uses only one core. So other processes
handle batches of texts while this process stores notes; if it needs a batch that nobody has begun, it does
the batch itself. If a process cannot be started, or dies, this process does the rest alone.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from crdtnotes.helpers.outliner import Links, links_of
from crdtnotes.helpers.pipes import receive, send
from crdtnotes.helpers.process import Helper, close_pipes, end, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

BATCH_CHARACTERS = 128 * 1024
"""Approximate characters in a batch: a few hundredths of a second of work."""

MAX_HELPERS = 3
"""The most processes beside this one. This one stores their results, which is a quarter of the work."""

_decoder: msgspec.msgpack.Decoder[list[Links]] = msgspec.msgpack.Decoder(list[Links])


class Batch(NamedTuple):
    """Some texts, and the links that another process will find in them, if there is such a process."""

    texts: list[str]
    found: Future[list[Links]] | None


class Outlining:
    """Finds links with `helpers` other processes; a context manager."""

    def __init__(self, helpers: int) -> None:
        self._helpers = helpers
        self._processes: list[Helper] = []
        self._idle: SimpleQueue[Helper] = SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self._processes:
            end(process)
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            close_pipes(process)

    def begin(self, texts: list[str]) -> list[Batch]:
        """Hand texts to the other processes; they are started when the first texts come."""
        if texts and self._threads is None and self._helpers:
            self._start()
        return [
            Batch(some, None if self._threads is None else self._threads.submit(self._ask, some))
            for some in _cut(texts)
        ]

    def finish(self, batches: list[Batch]) -> Iterator[Links]:
        """Yield the links of each text, in order."""
        for texts, found in batches:
            links: list[Links] | None = None
            if found is not None and not found.cancel():
                with suppress(OSError, Empty, msgspec.DecodeError):
                    links = found.result()
            yield from links or map(links_of, texts)

    def _start(self) -> None:
        with suppress(OSError):
            for _ in range(self._helpers):
                self._processes.append(start("crdtnotes.helpers.outliner"))
        self._helpers = len(self._processes)
        if self._processes:
            # Each thread first waits until a process is ready; until then, no batch counts as begun.
            self._threads = ThreadPoolExecutor(len(self._processes), "crdtnotes-outlining")
            for process in self._processes:
                self._threads.submit(self._wait_for, process)

    def _wait_for(self, process: Helper) -> None:
        if process.stdout is not None and receive(process.stdout) is not None:
            self._idle.put(process)

    def _ask(self, texts: list[str]) -> list[Links]:
        """Let an idle process find the links; raises Empty, OSError or DecodeError if none can."""
        process = self._idle.get_nowait()
        if process.stdin is None or process.stdout is None:
            raise OSError
        send(process.stdin, texts)
        answer = receive(process.stdout)
        if answer is None:
            raise OSError
        links = _decoder.decode(answer)
        if len(links) != len(texts):
            raise OSError
        self._idle.put(process)
        return links


def _cut(texts: list[str]) -> Iterator[list[str]]:
    """Divide texts into batches."""
    some: list[str] = []
    characters = 0
    for text in texts:
        some.append(text)
        characters += len(text)
        if characters >= BATCH_CHARACTERS:
            yield some
            some, characters = [], 0
    if some:
        yield some
