"""The Markdown files that this replica has imported or exported: local state, which never syncs.

Rules
    - For each file there is the hash of the bytes that it had when the two sides were last compared, the note
      that it belongs to, and that note's name then. So a later import tells a file that was edited from one
      that only stayed behind, and an export never overwrites an edit.
    - The *base* is the text of those bytes; edits on both sides are merged against it. If it was a text of
      the note, only the note's version is stored, and the base is read from the log: a dozen bytes a note.
      Otherwise (both sides had changed, or the file had another encoding) the text itself is stored.
    - A base that is read from the log counts only if it has the file's hash. So whatever happens to the log
      (text is erased, a branch moves, a repair loses changes), the base is at worst unknown.
    - Where a note's text is erased, its stored bases are deleted. The hashes stay: otherwise a file that
      still holds the text would count as edited, and importing it would bring the text back.
    - A folder is known by its real path. `below` is the folder of notes that its files belong to (`--into`).
"""

import zlib
from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from crdtnotes.errors import Damaged
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.past_texts import PastText, text_at

HASH_BYTES = 16

MAX_BASE_BYTES = 64 * 1024 * 1024
"""A stored base is never longer; a longer one can only be damage."""

_versions: msgspec.msgpack.Decoder[list[tuple[int, int]]] = msgspec.msgpack.Decoder(list[tuple[int, int]])


def hash_of(data: bytes) -> bytes:
    """Return the hash by which a file's content is compared."""
    return blake2b(data, digest_size=HASH_BYTES).digest()


class KnownFile(NamedTuple):
    """A file as it was when it was last imported or exported.

    `path` is below the folder, with `/`, as it is on disk; `note` is the note's id and `name` the name that
    it had; `hash` is that of the file's bytes. `version` or `text` gives the base, or neither does.
    """

    path: str
    note: bytes
    name: str
    hash: bytes
    version: bytes | None = None
    text: bytes | None = None


class Folder(NamedTuple):
    """A folder on disk: its row, its real path, and the folder of notes that its files belong to, or ""."""

    id: int
    path: bytes
    below: str


class KnownFiles:
    """The known files of a replica. Methods that write must be called inside a transaction."""

    def __init__(self, core: ReplicaCore) -> None:
        self._core = core
        self._conn = core.conn

    def folders(self) -> list[Folder]:
        """Return all known folders."""
        if not self._conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'folders'").fetchone():
            return []  # a file of an older version that is opened to be read only
        rows = self._conn.execute("SELECT id, path, below FROM folders").fetchall()
        if not all(isinstance(path, bytes) and isinstance(below, str) for _, path, below in rows):
            raise Damaged(f"The list of folders in {self._core.path} is damaged; run `crdtnotes repair`.")
        return [Folder(*row) for row in rows]

    def files(self, folder: Folder) -> dict[str, KnownFile]:
        """Return the known files of a folder by their paths."""
        rows = self._conn.execute(
            "SELECT path, note, name, hash, version, text FROM files WHERE folder = ?", (folder.id,)
        )
        return {row[0]: KnownFile(*row) for row in rows if _is_intact(row)}

    def ensure_folder(self, path: bytes, below: str) -> Folder:
        """Return the folder with this path, after storing what its files belong to."""
        self._conn.execute(
            """INSERT INTO folders VALUES (NULL, ?1, ?2)
               ON CONFLICT (path) DO UPDATE SET below = excluded.below""",
            (path, below),
        )
        (id,) = self._conn.execute("SELECT id FROM folders WHERE path = ?", (path,)).fetchone()
        return Folder(id, path, below)

    def put(self, folder: Folder, files: Iterable[KnownFile]) -> None:
        """Store what is known of files."""
        self._conn.executemany(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(folder.id, *file) for file in files],
        )

    def forget(self, folder: Folder, path: str) -> None:
        """Drop what is known of a file."""
        self._conn.execute("DELETE FROM files WHERE folder = ? AND path = ?", (folder.id, path))

    # -- bases

    def base(self, file: KnownFile) -> str | None:
        """Return the text that a file had; None if that is not known any more."""
        if file.text is not None:
            return _unpacked(file.text)
        if file.version is None:
            return None
        try:
            version = dict(_versions.decode(file.version))
        except msgspec.DecodeError:
            return None
        text = text_at(self._core, file.note, version)
        return text if text is not None and hash_of(text.encode()) == file.hash else None

    def born(self, path: str, note: bytes, name: str, data: bytes, text: str) -> KnownFile:
        """Return a file that has just become a new note, in the change that was logged last.

        `data` are the file's bytes, and `text` is its text.
        """
        actor = self._core.actor
        return _known(path, note, name, data, text, {actor: self._core.log.head(actor).seq})

    def compared(
        self, path: str, note: bytes, name: str, data: bytes, text: str, now: str | None = None
    ) -> KnownFile:
        """Return a file that has just been compared with its note, whose edits must be logged.

        `data` are the file's bytes, `text` is their text, and `now` is the note's text, if it is known.
        """
        doc = self._core.documents.open(note) if now in (None, text) else None
        same = doc is not None and str(doc.state.text) == text
        return _known(path, note, name, data, text, doc.state.writes if doc is not None and same else None)

    def earlier(self, path: str, note: bytes, name: str, data: bytes, past: PastText) -> KnownFile:
        """Return a file that has an earlier text of its note."""
        return _known(path, note, name, data, past.text, past.version)

    # -- when the log is rewritten

    def versions(self) -> dict[bytes, set[bytes]]:
        """Return the versions that are stored as bases, by note."""
        found: dict[bytes, set[bytes]] = {}
        rows = self._conn.execute("SELECT DISTINCT note, version FROM files WHERE version IS NOT NULL")
        for note, version in rows:
            if isinstance(note, bytes) and isinstance(version, bytes):
                found.setdefault(note, set()).add(version)
        return found

    def move_versions(self, moved: Mapping[tuple[bytes, bytes], bytes]) -> None:
        """Replace versions of notes by others, after all changes got new names."""
        rows = self._conn.execute("SELECT folder, path, note, version FROM files WHERE version IS NOT NULL")
        self._conn.executemany(
            "UPDATE files SET version = ? WHERE folder = ? AND path = ?",
            [(moved.get((note, version)), folder, path) for folder, path, note, version in rows.fetchall()],
        )

    def forget_texts(self, notes: Collection[bytes]) -> None:
        """Delete the stored texts of notes from which something is erased."""
        self._conn.executemany("UPDATE files SET text = NULL WHERE note = ?", [(note,) for note in notes])


def _known(
    path: str, note: bytes, name: str, data: bytes, text: str, version: Mapping[int, int] | None
) -> KnownFile:
    """Return a file whose text the note has or had at a version, or whose text is stored."""
    encoded = text.encode()
    if version is not None and encoded == data:
        return KnownFile(path, note, name, hash_of(data), packed_version(version))
    return KnownFile(path, note, name, hash_of(data), None, zlib.compress(encoded))


def packed_version(version: Mapping[int, int]) -> bytes:
    """Return a note's version as bytes."""
    return msgspec.msgpack.encode(sorted(version.items()))


def _unpacked(data: bytes) -> str | None:
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(data, MAX_BASE_BYTES)
        return text.decode() if inflate.eof else None
    except (zlib.error, UnicodeDecodeError):
        return None


def _is_intact(row: tuple[object, ...]) -> bool:
    path, note, name, digest, version, text = row
    return (
        isinstance(path, str)
        and isinstance(note, bytes)
        and isinstance(name, str)
        and isinstance(digest, bytes)
        and isinstance(version, bytes | None)
        and isinstance(text, bytes | None)
    )
