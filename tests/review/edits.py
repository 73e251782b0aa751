"""Edits of the note "A", for two people who work apart."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crdtnotes import Grouped, Patch, Vault
from tests.vaults import meet, replicas

Edit = Callable[[Vault], object]


def write(old: str, new: str) -> Edit:
    """Replace a part of the note in a whole-text write."""

    def edit(vault: Vault) -> None:
        note = vault.note("A")
        assert old in note.text
        note.write(note.text.replace(old, new, 1))

    return edit


def keys(*edits: tuple[int, int, str]) -> Edit:
    """Make these edits in an editor, one after the other."""

    def edit(vault: Vault) -> None:
        session = vault.note("A").open()
        for start, removed, inserted in edits:
            session.commit([Grouped(Patch(start, removed, inserted))])

    return edit


def rename(name: str) -> Edit:
    """Rename the note."""
    return lambda vault: vault.note("A").rename(name)


def remove(vault: Vault) -> None:
    """Delete the note."""
    vault.note("A").remove()


def after(*edits: Edit) -> Edit:
    """Make one edit after the other."""

    def edit(vault: Vault) -> None:
        for one in edits:
            one(vault)

    return edit


@contextmanager
def apart(folder: Path, text: str, *edits: Edit) -> Iterator[list[Vault]]:
    """Let people who have the note with this text edit it apart, and meet."""
    with replicas(folder, len(edits)) as vaults:
        vaults[0].create_note("A", text)
        meet(*vaults)
        for vault, edit in zip(vaults, edits, strict=True):
            edit(vault)
        meet(*vaults)
        yield vaults
