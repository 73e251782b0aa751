"""A simulated disk: what may be on it after a power cut.

Synced data is there. Of everything since then (each written sector, each change of a file's size, each name
that was created, moved or removed), any part may be there, regardless of the order in which it was done:
    - a file's content counts as durable when the file was synced
    - a name counts as durable when its folder was synced
    - a sector (512 bytes) is written whole or not at all
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.crashes.recording import Call

SECTOR = 512

Chance = Callable[[], bool]
"""Decides for each unsynced item whether it reached the disk."""


@dataclass
class _File:
    """A file: its durable content, and the unsynced changes since: `(offset, bytes)` or `(size, None)`."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for at, data in self.pending:
            _change(self.durable, at, data)
        self.pending.clear()

    def after_the_cut(self, chance: Chance) -> bytes:
        content = bytearray(self.durable)
        for at, data in self.pending:
            if data is None:
                if chance():
                    _change(content, at, None)
                continue
            for start in range(at - at % SECTOR, at + len(data), SECTOR):
                first, last = max(start, at), min(start + SECTOR, at + len(data))
                if chance():
                    _change(content, first, data[first - at : last - at])
        return bytes(content)


def _change(content: bytearray, at: int, data: bytes | None) -> None:
    """Write bytes at an offset, or with None truncate or extend to a size."""
    end = at + len(data or b"")
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if data is None:
        del content[at:]
    else:
        content[at:end] = data


class Disk:
    """One folder on such a disk; it gets the calls of a recording in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._handles: dict[int, _File | None] = {}  # None: the folder itself
        self._names: dict[str, _File] = {}
        self._durable_names: dict[str, _File] = {}
        self._pending_names: list[tuple[Call, _File | None]] = []

    def do(self, call: Call) -> bool:
        """Apply the call; return whether it changed the possible states after a power cut."""
        file = self._handles.get(call.handle)
        match call.kind:
            case "O":
                return self._open(call)
            case "C":
                self._handles.pop(call.handle, None)
                return False
            case "S":
                if file is None:
                    self._durable_names = dict(self._names)
                    self._pending_names.clear()
                else:
                    file.sync()
            case "W" if file is not None:
                file.pending.append((call.number, call.data))
            case "T" if file is not None:
                file.pending.append((call.number, None))
            case "U" | "R" | "L":
                self._rename(self._names, call)
                self._pending_names.append((call, None))
        return True

    def _open(self, call: Call) -> bool:
        [path] = call.paths
        if path == self._folder:
            self._handles[call.handle] = None
            return False
        created = path not in self._names
        if created:
            self._names[path] = _File()
            self._pending_names.append((call, self._names[path]))
        file = self._handles[call.handle] = self._names[path]
        if call.number & 2:
            file.pending.append((0, None))
        return created or bool(call.number & 2)

    def _rename(self, names: dict[str, _File], call: Call) -> None:
        source, *target = call.paths
        if source in names:
            if target:
                names[target[0]] = names[source]
            if call.kind != "L":
                del names[source]

    def after_the_cut(self, chance: Chance) -> dict[str, bytes]:
        """Return the files, by path, that exist when the power is back."""
        names = dict(self._durable_names)
        for call, made in self._pending_names:
            if not chance():
                continue
            if made is None:
                self._rename(names, call)
            else:
                names[call.paths[0]] = made
        return {path: file.after_the_cut(chance) for path, file in names.items()}
