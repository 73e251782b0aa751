"""Mending a replica whose file is damaged.

A new file is built from what the log still proves; with a peer's help, what is missing there is fetched.
Only then it takes the old file's place, which is renamed and never deleted. Nothing is lost that can still be
read: where the log has a hole that nobody could fill, the texts as they were last stored come back as notes.
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
from crdtnotes.store.upkeep.salvage import Entry, SavedText, Wreck, WreckedFile, keep, replay
from crdtnotes.vault import Vault

RECOVERED = "recovered"
"""The folder for notes made of texts whose changes are gone, where a peer may still have these changes."""

_GENERATIONS = 3
# A name's first notes are enough to know a vault by.

Fetch = Callable[[Path], None]
"""Brings the replica at a path what a peer has."""

Identify = Callable[[], bytes]
"""Returns the id of the vault that a peer serves."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did.

    `kept` changes were proven by the damaged file itself, `fetched` came from a peer, and `missing` are known
    to have been there and are in neither. `texts` names the notes that were made or completed from stored
    texts. `aside` is where the damaged file lies now.
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

    `fetch` is called with a new replica of the vault while it is being built; `identify` and `device` say
    whose it is where the file itself does not. `progress` counts the changes that are taken over. The new
    file writes as a new actor. Raises Damaged where not even the vault's id can be read and no peer is there
    to ask, VaultNotFound, NewerVault, Busy while another process writes, and what `fetch` raises; the file at
    `path` is then as it was.
    """
    part, scratch = (path.with_name(f"{path.name}.{secrets.token_hex(4)}.part") for _ in range(2))
    try:
        with closing(WreckedFile(path, scratch)) as old:
            wreck = old.read()
            vault = _identity(path, wreck, identify)
            with closing(Replica.create(part, wreck.device or device, vault)) as replica:
                rest = replay(wreck.entries, wreck.hashes, replica, progress)
                kept = _count(replica)
                keep(wreck, replica)
            if fetch is not None:
                fetch(part)
            done = _complete(part, wreck, rest, kept, at_home=fetch is None and not wreck.kept.get("peers"))
            aside = replace_file(path, part)
            local_state.move(part, path)
    finally:
        for temporary in (part, scratch):
            for left in (temporary, temporary.with_name(f"{temporary.name}-journal")):
                left.unlink(missing_ok=True)
            local_state.forget(temporary)
    return Repaired(aside, kept, *done)


def _identity(path: Path, wreck: Wreck, identify: Identify | None) -> bytes:
    """Return the vault's id, by the file itself or by a peer; the changes must agree."""
    if wreck.vault is not None and _fits(wreck.vault, wreck):
        return wreck.vault
    if identify is None:
        raise Damaged(
            f"{path} is damaged so far that not even its vault's id can be read; "
            "`crdtnotes repair --from ADDRESS` asks a peer for it."
        )
    vault = identify()
    if not _fits(vault, wreck):
        raise WrongVault("The peer keeps a different vault; nothing was done.")
    return vault


def _fits(vault: bytes, wreck: Wreck) -> bool:
    """Whether the ids of notes were made in a vault of this id, as far as there are any."""
    created = [
        (entry.change.note, name_key(op.name))
        for entry in wreck.entries
        for op in entry.change.ops
        if isinstance(op, Create)
    ]
    return not created or any(
        note == note_id(vault, key, generation) for note, key in created for generation in range(_GENERATIONS)
    )


def _complete(
    part: Path, wreck: Wreck, rest: list[Entry], kept: int, *, at_home: bool
) -> tuple[int, int, tuple[str, ...]]:
    """Add what fits now that a peer has helped; return how much was fetched and is missing, and the texts."""
    with Vault.open(part) as vault:
        fetched = _count(vault.replica) - kept
        replay(rest, wreck.hashes, vault.replica, no_progress)
        vault.replica.signatures.mend()
        version = vault.replica.version()
        missing = sum(max(0, seq - version.get(actor, 0)) for actor, seq in wreck.heads.items())
        names: list[str] = []
        if not covers(version, wreck.heads):
            with vault.transaction():
                found = [_save_text(vault, saved, at_home=at_home) for saved in wreck.texts]
            names = [name for name in found if name is not None]
        return fetched, missing, tuple(names)


def _count(replica: Replica) -> int:
    return sum(replica.version().values())


def _save_text(vault: Vault, saved: SavedText, *, at_home: bool) -> str | None:
    """Make sure that nothing of a stored text is lost; return the name of the note that had to get it.

    At home (no peer will ever bring the lost changes) that is the note itself. Elsewhere it is another one,
    for the note's own text comes back with its changes, and would be there twice.
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
                return wanted  # by a repair before
            number += 1
        except InvalidName:
            name, number = f"{RECOVERED}/{saved.uid.hex()}", 1
