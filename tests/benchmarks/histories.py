"""Replicas with a history: a note typed in many small changes, an imported folder, many authors."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from crdtnotes import Vault
from crdtnotes.changes.batch import batches
from crdtnotes.changes.change import Change, note_id
from crdtnotes.changes.codec import encode
from crdtnotes.changes.derived import birth_actor
from crdtnotes.crdt.ops import Create
from crdtnotes.crdt.rga import Rga
from crdtnotes.mirror.importer import import_folder
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.traces import Patch

NOTE = "typed"
"""The name of the typed note."""

CHANGE = 5
"""Patches in a change: as many as an editor saves together during typing."""

_TRANSACTION = 200
"""Changes that are committed together."""


def grouped(patches: Sequence[Patch]) -> Iterator[Sequence[Patch]]:
    """Yield the patches that become one change each."""
    for start in range(0, len(patches), CHANGE):
        yield patches[start : start + CHANGE]


def type_history(path: Path, patches: Sequence[Patch]) -> None:
    """Make a vault at `path` with one note that results from these patches, in changes of CHANGE patches.

    The vault's own writer makes the changes, but many are committed together, and positions are looked up in
    a document in memory, because asking the vault each time would take minutes.
    """
    with Vault.create(path) as vault:
        vault._writer._now = _typist_clock().__next__
        uid = bytes.fromhex(vault.create_note(NOTE).id)
        groups = list(grouped(patches))
        for start in range(0, len(groups), _TRANSACTION):
            with vault.transaction():
                document = vault.replica.documents.open(uid)
                if document is None:
                    raise LookupError(NOTE)
                for group in groups[start : start + _TRANSACTION]:
                    _type(vault, uid, document.state.text, group)


def _typist_clock() -> Iterator[int]:
    """Yield the time of each change in ms: about six edits a second, with pauses and nights."""
    random = Random(6)
    now = 1_700_000_000_000
    while True:
        now += int(random.gammavariate(4, 200))
        if random.random() < 0.02:
            now += int(random.expovariate(1 / 60_000))
        if random.random() < 0.0005:
            now += 8 * 3_600_000
        yield now


def _type(vault: Vault, uid: bytes, text: Rga, patches: Sequence[Patch]) -> None:
    """Make one change of the patches; each applies to the text that the patch before left."""
    writer = vault._writer
    for start, deleted, inserted in patches:
        if deleted:
            writer.delete(uid, text.spans(start, deleted))
        if inserted:
            writer.insert(uid, text.before(start), inserted)
    writer.close_draft()


def typed_vault(inputs: Inputs) -> Path:
    """Return a vault with the longest recording typed into one note; do not write to it."""

    def make() -> Path:
        path = inputs.place("typed.vault")
        type_history(path, inputs.longest_trace.patches)
        return path

    return inputs.once("typed vault", make)


def imported_vault(inputs: Inputs) -> Path:
    """Return a vault with the folder of notes imported and indexed; do not write to it."""

    def make() -> Path:
        path = inputs.place("imported.vault")
        with Vault.create(path) as vault:
            import_folder(vault, inputs.notes_folder)
            vault.replica.flush_index()
        return path

    return inputs.once("imported vault", make)


def with_authors(path: Path, count: int) -> None:
    """Make a vault at `path` with one note by each of `count` other devices."""
    with Vault.create(path) as vault:
        vault_id = bytes.fromhex(vault.id)
        changes = []
        for author in range(1, count + 1):
            name, text = f"of {author}", f"What author {author} wrote."
            uid = note_id(vault_id, name)
            create = Create(birth_actor(uid, text), name, text, ())
            changes.append(encode(Change(author, 1, 1, (), 0, uid, (create,))))
        for batch in batches(changes):
            vault.apply(batch)
        vault.replica.flush_index()


def copy(path: Path, to: Path) -> Path:
    """Copy a closed vault's file and return the copy's path."""
    shutil.copyfile(path, to)
    return to
