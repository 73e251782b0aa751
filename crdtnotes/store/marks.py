"""The findings that the user has marked as seen, by key: kept in the file, outside what syncs."""

from collections.abc import Iterable

from crdtnotes.store.core import ReplicaCore


def marked(core: ReplicaCore) -> frozenset[str]:
    """Return the keys of the findings that were marked."""
    return frozenset(key for (key,) in core.conn.execute("SELECT key FROM reviewed"))


def mark(core: ReplicaCore, keys: Iterable[str]) -> None:
    """Mark findings; raises ReadOnly."""
    with core.transaction():
        core.conn.executemany("INSERT OR IGNORE INTO reviewed VALUES (?)", [(key,) for key in keys])
