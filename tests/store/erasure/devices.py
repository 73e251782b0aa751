"""Paired devices from which text is erased, and looking for what is left of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crdtnotes.changes.codec import encode
from crdtnotes.vault import Vault
from tests.sync.circles import Members
from tests.vaults import fast


@contextmanager
def circle(folder: Path, *names: str) -> Iterator[tuple[Members, list[Vault]]]:
    """Devices of one vault; the first has founded it."""
    members = Members(folder)
    try:
        vaults: list[Vault] = []
        for name in names:
            vaults.append(fast(members.device(name, vaults[0] if vaults else None)))
        yield members, vaults
    finally:
        members.close()


def traces(vault: Vault, text: str) -> list[str]:
    """Where a text is still found: in the files of a vault, and in everything that they hold, opened."""
    found: list[str] = []
    for path in sorted(vault.path.parent.glob(f"{vault.path.name}*")):
        data = path.read_bytes()
        if text.encode() in data or text.encode("utf-16-le") in data:
            found.append(path.name)
    replica = vault.replica
    for change, data in replica.log.opened({}):
        if text.encode() in data or text.encode() in encode(change):
            found.append(f"change {change.seq} of {change.actor:x}")
    with sqlite3.connect(vault.path) as conn:
        tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found += [
            table
            for table in tables
            if table != "search"
            for row in conn.execute(f'SELECT * FROM "{table}"')
            if text in repr(row) or any(text.encode() in one for one in row if isinstance(one, bytes))
        ]
    conn.close()
    found += [info.name for info in vault.notes() if text in vault.note(info.name).text + info.name]
    found += [hit.note for hit in vault.search(f'"{text}"')]
    return found
