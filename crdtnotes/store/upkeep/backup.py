"""Copying a replica to a new file while it is in use."""

import sqlite3
from pathlib import Path

from crdtnotes.store.file.database import new_file
from crdtnotes.store.replica import Replica


def backup(replica: Replica, path: Path) -> None:
    """Copy a replica, complete and consistent, to a new path; raises VaultExists if something is there.

    The copy gets an actor of its own: otherwise, if both were used, they would write different changes
    under the same numbers.
    """
    with new_file(path) as part:
        target = sqlite3.connect(part)
        try:
            replica.conn.backup(target)
            target.execute("UPDATE meta SET value = ? WHERE key = 'actor'", (replica.new_actor(),))
            target.commit()
        finally:
            target.close()
