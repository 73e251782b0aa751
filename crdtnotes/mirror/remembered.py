"""What a vault remembers of one folder's files, for an import or an export of that folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from crdtnotes.store.known_files import KnownFile, KnownFiles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crdtnotes.vault import Vault


class Remembered:
    """The known files of the folder with a real path; `below` is the folder of notes that it belongs to."""

    def __init__(self, vault: Vault, root: str, into: str = "") -> None:
        """With `into`, files that are not known yet become notes below that folder from now on."""
        self._vault = vault
        self._path = os.fsencode(root)
        with vault.replica.reading():
            self.files = KnownFiles(vault.replica)
            folders = self.files.folders()
            own = next((one for one in folders if one.path == self._path), None)
            self._others = [one for one in folders if one.path != self._path]
            self.known = {} if own is None else self.files.files(own)
        self.below = into or ("" if own is None else own.below)

    def elsewhere(self) -> dict[bytes, list[tuple[Path, KnownFile]]]:
        """The known files of other folders by their note, each with its folder."""
        found: dict[bytes, list[tuple[Path, KnownFile]]] = {}
        with self._vault.replica.reading():
            for folder in self._others:
                place = Path(os.fsdecode(folder.path))
                for file in self.files.files(folder).values():
                    found.setdefault(file.note, []).append((place, file))
        return found

    def put(self, files: Iterable[KnownFile], gone: Iterable[str] = ()) -> None:
        """Store what is known of files now, and forget those at the paths `gone`; inside a transaction."""
        folder = self.files.ensure_folder(self._path, self.below)
        for path in gone:
            self.files.forget(folder, path)
        self.files.put(folder, files)
