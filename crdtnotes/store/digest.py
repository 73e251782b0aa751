"""The digest: equal exactly when two replicas hold the same changes and show the same notes."""

import sqlite3
from hashlib import blake2b

from crdtnotes.store.log import Log


def digest(conn: sqlite3.Connection, log: Log) -> str:
    """Return a hash over every stream's chain and over each existing note's id, name and content.

    Snapshots must be current.
    """
    digester = blake2b(digest_size=16)
    for actor, head in sorted(log.heads.items()):
        digester.update(f"{actor:016x} {head.seq} {head.hash.hex()}\n".encode())
    for uid, name, content in conn.execute(
        "SELECT uid, name, digest FROM notes WHERE name IS NOT NULL ORDER BY uid"
    ):
        digester.update(f"{uid.hex()} {content.hex()} {name}\n".encode())
    return digester.hexdigest()
