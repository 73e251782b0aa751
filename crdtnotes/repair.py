"""Repairing a replica whose file is damaged.

A new file is built from the changes that the log still proves; missing changes are fetched from a peer if one
is given. Only then does the new file replace the old one, which is renamed and never deleted. Nothing that
can still be read is lost: if the log has a gap that no peer could fill, the last stored texts become notes.
"""

import secrets
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from crdtnotes.changes.change import note_id
from crdtnotes.crdt.diff import edits
from crdtnotes.crdt.ops import Create
from crdtnotes.crdt.version import covers
from crdtnotes.errors import Damaged, InvalidName, NoteExists, WrongVault
from crdtnotes.markup.names import name_key
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store import local_state
from crdtnotes.store.file.database import replace_file
from crdtnotes.store.replica import Replica
from crdtnotes.store.upkeep.salvage import DamagedFile, Entry, SalvagedData, SavedText, copy_unlogged, replay
from crdtnotes.vault import Vault

RECOVERED = "recovered"
"""The folder for notes made from texts whose changes are lost here but may still exist at a peer."""

_GENERATIONS = 3
# Enough to recognise a vault: the first notes that were created with a name.

Fetch = Callable[[Path], None]
"""Fetches the changes that a peer has into the replica at a path."""

Identify = Callable[[], bytes]
"""Returns the id of the vault that a peer serves."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """The result of a repair.

    `kept` changes were proven by the damaged file itself, `fetched` changes came from a peer, and `missing`
    changes are known to have existed but were found in neither. `texts` names the notes that were created or
    completed from stored texts. `aside` is the path of the damaged file now.
    """

    aside: Path
    kept: int
    fetched: int
    missing: int
    texts: tuple[str, ...]


def repair(
    path: Path,
    fetch: Fetch | None = None,
    identify: Identify | None = None,
    device: str = "laptop",
    progress: Progress = no_progress,
) -> Repaired:
    """Rebuild the replica at `path` and set its old file aside.

    `fetch` is called with the path of the new replica while it is being built. `identify` and `device` give
    the vault's id and the device's name if the file itself does not. `progress` counts the changes added. The
    new file writes as a new actor. Raises Damaged if not even the vault's id can be read and there is no peer
    to ask, VaultNotFound, NewerVault, Busy while another process writes, and what `fetch` raises; the file at
    `path` is then unchanged.
    """
    part, scratch = (path.with_name(f"{path.name}.{secrets.token_hex(4)}.part") for _ in range(2))
    try:
        with closing(DamagedFile(path, scratch)) as old:
            salvaged = old.read()
            vault = _identity(path, salvaged, identify)
            with closing(Replica.create(part, salvaged.device or device, vault)) as replica:
                with replica.transaction():
                    replica.log.erased.put(salvaged.erased.items())
                rest = replay(salvaged.entries, salvaged.hashes, replica, progress)
                kept = _count(replica)
                copy_unlogged(salvaged, replica)
            if fetch is not None:
                fetch(part)
            done = _complete(
                part, salvaged, rest, kept, at_home=fetch is None and not salvaged.kept.get("peers")
            )
            aside = replace_file(path, part)
            local_state.move(part, path)
    finally:
        for temporary in (part, scratch):
            for left in (temporary, temporary.with_name(f"{temporary.name}-journal")):
                left.unlink(missing_ok=True)
            local_state.forget(temporary)
    return Repaired(aside, kept, *done)


def _identity(path: Path, salvaged: SalvagedData, identify: Identify | None) -> bytes:
    """Return the vault's id, from the file itself or from a peer; the changes must agree with it."""
    if salvaged.vault is not None and _fits(salvaged.vault, salvaged):
        return salvaged.vault
    if identify is None:
        raise Damaged(
            f"{path} is so badly damaged that not even its vault's id can be read; "
            "`crdtnotes repair --from ADDRESS` asks a peer for it."
        )
    vault = identify()
    if not _fits(vault, salvaged):
        raise WrongVault("The peer has a different vault; nothing was changed.")
    return vault


def _fits(vault: bytes, salvaged: SalvagedData) -> bool:
    """Whether the notes' ids were derived from this vault's id; also true if there are no notes."""
    created = [
        (entry.change.note, name_key(op.name))
        for entry in salvaged.entries
        for op in entry.change.ops
        if isinstance(op, Create)
    ]
    return not created or any(
        note == note_id(vault, key, generation) for note, key in created for generation in range(_GENERATIONS)
    )


def _complete(
    part: Path, salvaged: SalvagedData, rest: list[Entry], kept: int, *, at_home: bool
) -> tuple[int, int, tuple[str, ...]]:
    """Add the changes that are ready after fetching; return `(fetched, missing, names of saved texts)`."""
    with Vault.open(part) as vault:
        fetched = _count(vault.replica) - kept
        replay(rest, salvaged.hashes, vault.replica, no_progress)
        vault.replica.signatures.mend()
        version = vault.replica.version()
        missing = sum(max(0, seq - version.get(actor, 0)) for actor, seq in salvaged.heads.items())
        names: list[str] = []
        if not covers(version, salvaged.heads):
            with vault.transaction():
                found = [_save_text(vault, saved, at_home=at_home) for saved in salvaged.texts]
            names = [name for name in found if name is not None]
        return fetched, missing, tuple(names)


def _count(replica: Replica) -> int:
    return sum(replica.version().values())


def _save_text(vault: Vault, saved: SavedText, *, at_home: bool) -> str | None:
    """Make sure that no part of a stored text is lost; return the name of the note written for it, or None.

    If `at_home` (no peer will ever send the lost changes), the text goes to the note itself. Otherwise it
    goes to another note, because the note's own text comes back with its changes and would be duplicated.
    """
    doc = vault.replica.documents.open(saved.uid)
    now = "" if doc is None else str(doc.state.text)
    gone = doc is None and at_home
    if not gone and not any(edit.removed for edit in edits(saved.text, now)):
        return None
    if at_home and doc is not None and saved.name in vault and vault.note(saved.name).id == saved.uid.hex():
        vault.note(saved.name).write(saved.text)
        return saved.name
    name = saved.name if at_home else f"{RECOVERED}/{saved.name}"
    number = 1
    while True:
        wanted = name if number == 1 else f"{name} {number}"
        try:
            return vault.create_note(wanted, saved.text).name
        except NoteExists:
            if vault.note(wanted).text == saved.text:
                return wanted  # written by an earlier repair
            number += 1
        except InvalidName:
            name, number = f"{RECOVERED}/{saved.uid.hex()}", 1
