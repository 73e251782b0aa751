"""Runs asynchronous work that Ctrl-C or SIGTERM ends cleanly, and shows its log messages."""

import asyncio
import logging
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` and return its result; raises KeyboardInterrupt once a signal has cancelled it.

    The work has finished its cleanup by then.
    """
    return asyncio.run(_until_signal(work))


async def _until_signal(work: Coroutine[Any, Any, T]) -> T:
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    signals: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in signals:
            loop.add_signal_handler(number, task.cancel)
    except NotImplementedError:
        # On Windows asyncio itself cancels the work at Ctrl-C and raises KeyboardInterrupt.
        signals = ()
    try:
        return await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


class _Lines(logging.Handler):
    """Writes each message as a line on stderr, without tracebacks and without repeated messages."""

    def __init__(self) -> None:
        super().__init__()
        self._last = ""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message != self._last:
            self._last = message
            click.echo(message, err=True)


@contextmanager
def saying_what_happens(level: int) -> Iterator[None]:
    """Show the library's log messages of `level` or above on stderr, such as lost or refused peers."""
    logger = logging.getLogger("crdtnotes")
    # Otherwise each program that connects to the port without being a peer would add a traceback.
    strangers = logging.getLogger("crdtnotes.sync.websockets")
    before = logger.level, logger.propagate, logger.handlers, strangers.level
    logger.setLevel(level)
    logger.propagate = False
    logger.handlers = [_Lines()]
    strangers.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        level, logger.propagate, logger.handlers, strangers_level = before
        logger.setLevel(level)
        strangers.setLevel(strangers_level)
