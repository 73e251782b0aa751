"""How the program ends: its exit codes, and one sentence for each failure that is foreseen.

Exit codes: 0 done, 1 failed (one plain sentence on stderr), 2 wrong usage, 130 interrupted, 141 nobody reads
the output any more (`crdtnotes.terminal.standard`).

Ctrl-C ends the program quietly at any moment. While its modules are loaded, nothing is open yet, and
while it ends, nothing is open any more: then it ends at once. While a command runs, Ctrl-C raises
KeyboardInterrupt, so that everything that is open is closed. SQLite and Python's own clean-up turn that into
other errors or swallow it; `Interrupt.happened` tells.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

DONE = 0
INTERRUPTED = 128 + 2
"""As shells call the end of a program by SIGINT (signal 2)."""


def end_at_once_when_interrupted() -> None:
    """From now on Ctrl-C ends the process at once and quietly, unless its parent ignores Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _end_at_once)


def _end_at_once(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    os._exit(INTERRUPTED)


class Interrupt:
    """Ctrl-C while a command runs."""

    def __init__(self) -> None:
        self.happened = False

    def raise_it(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Remember the signal and raise KeyboardInterrupt."""
        self.happened = True
        raise KeyboardInterrupt

    def unraisable(self, unraisable: sys.UnraisableHookArgs) -> None:
        """Say nothing of a KeyboardInterrupt that Python cannot raise where it came."""
        if not isinstance(unraisable.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(unraisable)


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Within the block Ctrl-C raises KeyboardInterrupt; afterwards it ends the process at once."""
    interrupt = Interrupt()
    if signal.getsignal(signal.SIGINT) is not _end_at_once:
        yield interrupt
        return
    hook = sys.unraisablehook
    sys.unraisablehook = interrupt.unraisable
    signal.signal(signal.SIGINT, interrupt.raise_it)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, _end_at_once)
        sys.unraisablehook = hook
