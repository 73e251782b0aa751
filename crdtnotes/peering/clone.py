"""Making a replica of the vault that a peer serves."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from crdtnotes.errors import StoreError, VaultExists
from crdtnotes.mirror.files import system_reason
from crdtnotes.peering.sync_once import sync_once
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store import Replica, local_state
from crdtnotes.store.file.database import sync_folder
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.transport import peek
from crdtnotes.vault import Vault


@dataclass(frozen=True, slots=True)
class Cloned:
    """The result of a clone: the name of the peer's device, and the number of notes and changes."""

    peer: str
    notes: int
    changes: int


async def clone_vault(address: Address, path: Path, device: str, progress: Progress = no_progress) -> Cloned:
    """Make a replica at `path` of the vault that the peer at `address` serves; on failure leave nothing.

    The replica is filled beside `path` and moved there when it is complete. `progress` counts changes. Raises
    VaultExists, Unreachable, a RemoteError or a StoreError.
    """
    refuse_existing(path)
    hello = await peek(address)
    total = sum(hello.version.values())
    progress(0, total)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        Replica.create(part, device, hello.vault).close()
        summary = await sync_once(part, address, lambda status: progress(status.received, total))
        notes = count_notes(part)
        refuse_existing(path)
        try:
            part.rename(path)
            local_state.move(part, path)
            sync_folder(path.parent)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {system_reason(error)}") from error
    finally:
        # A journal exists only if something went wrong with the file.
        for left in (part, part.with_name(f"{part.name}-journal")):
            left.unlink(missing_ok=True)
    return Cloned(summary.device, notes, summary.received)


def refuse_existing(path: Path) -> None:
    """Raise VaultExists if anything is at the path."""
    if path.exists() or path.is_symlink():
        raise VaultExists(f"There is already something at {path}.")


def count_notes(path: Path) -> int:
    """Return how many notes the vault at the path has."""
    with Vault.open(path) as vault:
        return len(vault)
