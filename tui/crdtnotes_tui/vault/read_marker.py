"""The version that this person has seen: one small file for each vault, in the user's state folder."""

from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec
from platformdirs import user_state_path

_MAX_BYTES = 4 * 1024 * 1024


class ReadMarker(msgspec.Struct):
    """The version that was seen last (None before the first time), and the device name of each actor.

    The names are what other editors of a vault that is not paired say of themselves.
    """

    version: dict[str, int] | None = None
    devices: dict[str, str] = {}


class ReadMarkerFile:
    """Reads and writes a ReadMarker; if the file cannot be read, starts with an empty one."""

    def __init__(self, vault: Path) -> None:
        key = blake2b(str(vault.absolute()).encode(errors="surrogatepass"), digest_size=8).hexdigest()
        self._path = user_state_path("crdtnotes", appauthor=False) / f"seen-{key}.json"

    def read(self) -> ReadMarker:
        """Return the marker that was written last."""
        try:
            if self._path.stat().st_size > _MAX_BYTES:
                return ReadMarker()
            return msgspec.json.decode(self._path.read_bytes(), type=ReadMarker)
        except (OSError, msgspec.DecodeError, UnicodeError):
            return ReadMarker()

    def write(self, seen: ReadMarker) -> None:
        """Replace the file; errors are ignored."""
        part = self._path.with_suffix(".part")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(msgspec.json.encode(seen))
            part.replace(self._path)
