"""Copying a replica to a new file while it is in use."""

import os
import sqlite3
from pathlib import Path

from crdtnotes.errors import VaultExists
from crdtnotes.store.database import plain_errors
from crdtnotes.store.replica import Replica, random_actor


def backup(replica: Replica, path: Path) -> None:
    """Copy a replica, whole and consistent, to a path where nothing is; raises VaultExists.

    The copy gets an actor of its own: were it opened while the original lives on, both would else
    write different changes under the same numbers.
    """
    with plain_errors(path):
        part = path.with_name(path.name + ".part")
        part.unlink(missing_ok=True)
        try:
            _create_empty(path)
        except FileExistsError:
            raise VaultExists(f"There is already something at {path}.") from None
        try:
            _create_empty(part)
            target = sqlite3.connect(part)
            try:
                replica.conn.backup(target)
                target.execute("UPDATE meta SET value = ? WHERE key = 'actor'", (random_actor(),))
                target.commit()
            finally:
                target.close()
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            raise


def _create_empty(path: Path) -> None:
    """Reserve a path for a file that only its owner may read; raises FileExistsError."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
