"""The digest: equal exactly when two replicas hold the same changes and show the same notes."""

import sqlite3
from collections.abc import Mapping
from hashlib import blake2b

from crdtnotes.store.log.log import Log


def digest(conn: sqlite3.Connection, log: Log, fresh: Mapping[bytes, bytes]) -> str:
    """Return a hash over every stream's chain and over each existing note's id, name and content.

    `fresh` maps the ids of the notes whose snapshots lag behind the log to the hashes of their content.
    """
    digester = blake2b(digest_size=16)
    for actor, head in sorted(log.heads.items()):
        digester.update(f"{actor:016x} {head.seq} {head.hash.hex()}\n".encode())
    for uid, name, content in conn.execute(
        "SELECT uid, name, digest FROM notes WHERE name IS NOT NULL ORDER BY uid"
    ):
        digester.update(f"{uid.hex()} {fresh.get(uid, content).hex()} {name}\n".encode())
    return digester.hexdigest()
