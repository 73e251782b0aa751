"""Starting and ending a helper."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

MIN_BYTES_FOR_HELPERS = 4 * 1024 * 1024
"""With fewer bytes of text, starting helpers is not worthwhile: it takes a few tenths of a second."""

Helper = subprocess.Popen[bytes]
"""A running helper; its standard input and output are pipes."""


def start(module: str) -> Helper:
    """Start a process that runs a module of this package; raises OSError."""
    return subprocess.Popen(  # noqa: S603 - modules of ours only
        # -P: do not import modules from the current folder.
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def end(helper: Helper) -> None:
    """Kill a helper, whatever it is doing, and wait until it is gone.

    Another thread that is writing to it or reading from it gets an OSError or the end of the stream.
    """
    helper.kill()
    helper.wait()


def close_pipes(helper: Helper) -> None:
    """Close the pipes of a helper that has ended; no thread may still be using them."""
    for stream in (helper.stdin, helper.stdout):
        if stream is not None:
            with suppress(OSError):  # buffered data could not be written
                stream.close()


def spare_cores() -> int:
    """Return the number of further processes that have a core to run on."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 1
    return cores - 1
