"""Records the file operations of a process, call by call, and reads them back.

The recorder (recorder.c) is preloaded into the process, so it sees exactly the calls that SQLite makes.
"""

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEAD = struct.Struct("<cIQI")
_SOURCE = Path(__file__).with_name("recorder.c")


@dataclass(frozen=True, slots=True)
class Call:
    """One call; recorder.c explains `kind` and the meaning of the fields."""

    kind: str
    handle: int
    number: int
    data: bytes

    @property
    def paths(self) -> list[str]:
        """The paths in the call."""
        return [os.fsdecode(part) for part in self.data.split(b"\0")]


def why_not() -> str | None:
    """Return the reason why this system cannot record, or None if it can."""
    if not sys.platform.startswith("linux"):
        return "a recorder is preloaded (LD_PRELOAD) on Linux only"
    if compiler() is None:
        return "there is no C compiler to build the recorder with"
    return None


def compiler() -> str | None:
    """Return a C compiler, if there is one."""
    return next(filter(None, map(shutil.which, (os.environ.get("CC", "cc"), "gcc", "clang"))), None)


def record(program: list[str], below: Path, scratch: Path) -> list[Call]:
    """Run a Python program on files below a folder and return its calls; the program must succeed."""
    library, trace = scratch / "recorder.so", scratch / "trace"
    subprocess.run(
        [
            compiler() or "cc",
            "-shared",
            "-fPIC",
            "-O1",
            "-o",
            str(library),
            str(_SOURCE),
            "-ldl",
            "-lpthread",
        ],
        check=True,
    )
    trace.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "LD_PRELOAD": str(library),
        "RECORD_BELOW": f"{below}/",
        "RECORD_TO": str(trace),
    }
    subprocess.run([sys.executable, *program], cwd=Path(__file__).parents[2], env=environment, check=True)
    return list(_read(trace.read_bytes()))


def _read(data: bytes) -> Iterator[Call]:
    at = 0
    while at < len(data):
        kind, handle, number, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        yield Call(kind.decode(), handle, number, data[at : at + length])
        at += length
