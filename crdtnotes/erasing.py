"""Erasing a text wherever this device keeps it: in its vault, and in texts that an editor could not store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdtnotes import unsaved

if TYPE_CHECKING:
    from crdtnotes.note import Note
    from crdtnotes.vault import Vault

OUT_OF_REACH = (
    "Out of reach: backups, bundles, exported files and other copies that were made before, devices that do "
    "not sync any more, and what a disk keeps of deleted data. If it was a password, change it."
)
"""What erasing does not promise."""


def check_keys(vault: Vault) -> None:
    """Raise KeysLocked if erasing in a vault will need this device's keys and a passphrase locks them.

    Records are signed with them, and they encrypt texts that an editor could not store.
    """
    if vault.is_paired or unsaved.are_locked(vault.path):
        vault.replica.signer.identity  # noqa: B018 - reading it raises KeysLocked


def erase_everywhere(vault: Vault, note: Note, text: str | None = None) -> int:
    """Erase a note, or each occurrence of `text` in what it ever held; it cannot be undone.

    Returns how many changes held some of it. Does what `Note.erase` does and raises its errors, and erases
    the same from the note's unsaved texts that earlier editors left.
    """
    before = vault.id
    changes = note.erase(text)
    if changes:
        unsaved.erase_unsaved(vault.path, before, vault.id, note.id, text)
    return changes
