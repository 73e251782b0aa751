"""Starting and ending a helper."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

WORTH = 4 * 1024 * 1024
"""Bytes of text from which on helpers are worth their start, which takes some tenths of a second."""

Helper = subprocess.Popen[bytes]
"""A helper that runs; its standard input and output are pipes."""


def start(module: str) -> Helper:
    """Start a process that runs a module of this package; raises OSError."""
    return subprocess.Popen(  # noqa: S603 - modules of ours only
        # -P: a folder is no place for modules because it happens to be the current one.
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def end(helper: Helper) -> None:
    """End a helper, whatever it does, and wait until it is gone.

    Who writes to it or reads from it meanwhile, on another thread, gets an OSError or the end of the stream.
    """
    helper.kill()
    helper.wait()


def close_pipes(helper: Helper) -> None:
    """Close the pipes of a helper that has ended, once no thread uses them any more."""
    for stream in (helper.stdin, helper.stdout):
        if stream is not None:
            with suppress(OSError):  # what could not be written any more
                stream.close()


def spare_cores() -> int:
    """Return how many processes beside this one have a core to run on."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 1
    return cores - 1
