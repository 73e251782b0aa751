"""Which text of a note was last shown or written here by a command.

So `write` can warn if the note has changed since. It is a hint: it is kept in the user's state folder and not
in the vault, because showing a note writes nothing there; if it cannot be kept, nobody is warned.
"""

import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec

from crdtnotes.own_files import open_own_file, write_regular_file
from crdtnotes.store.local_state import state_folder

MAX_NOTES = 100
"""The notes of a vault that are remembered, the latest ones."""

_MAX_BYTES = 64 * 1024

_decoder: msgspec.json.Decoder[dict[str, str]] = msgspec.json.Decoder(dict[str, str])


def recall(vault: Path, note: str) -> str | None:
    """Return the digest of a note's text when it was last shown or written; None if that is not known."""
    return _read(_place(vault)).get(note)


def remember(vault: Path, note: str, digest: str) -> None:
    """Remember the text of a note that is shown or was written, if the state folder can be written."""
    place = _place(vault)
    known = _read(place)
    if known.get(note) == digest:
        return
    known.pop(note, None)
    known[note] = digest
    latest = dict(list(known.items())[-MAX_NOTES:])
    with suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(write_regular_file(place), "wb") as file:
            file.truncate()
            file.write(msgspec.json.encode(latest))


def _place(vault: Path) -> Path:
    name = blake2b(str(vault.resolve()).encode(errors="surrogateescape"), digest_size=16).hexdigest()
    return state_folder() / "shown" / name


def _read(place: Path) -> dict[str, str]:
    try:
        with open_own_file(place) as file:
            return _decoder.decode(file.read(_MAX_BYTES))
    except (OSError, msgspec.DecodeError):
        return {}
