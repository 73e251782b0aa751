"""The key by which programs that run for one user of this machine recognise each other.

It is a random secret in the user's state folder, in a file that only this user can read, and is made when it
is first needed. Whoever can read it can read the user's vaults as well. It never leaves this machine: a
program proves that it has the key and does not send it (`crdtnotes.sync.net.recognition`).
"""

import errno
import os
import secrets
import stat
from pathlib import Path
from shutil import rmtree

from crdtnotes.errors import LocalError
from crdtnotes.store.local_state import state_folder

KEY_BYTES = 32

_FOLDER = "account"
_FILE = "key"


def account_key() -> bytes:
    """Return this user's key (32 bytes), and make it if there is none.

    Raises LocalError if it cannot be made or read, or if another user could read it.
    """
    folder = state_folder() / _FOLDER
    try:
        try:
            return _read(folder / _FILE)
        except FileNotFoundError:
            _make(folder)
            return _read(folder / _FILE)
    except OSError as error:
        raise LocalError(
            f"The key in {folder}, by which your programs recognise each other, cannot be used: "
            f"{error.strerror}."
        ) from None


def _read(file: Path) -> bytes:
    # Something else than a file at this path must not make the program wait.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(file, flags | getattr(os, "O_BINARY", 0)), "rb") as opened:
        found = os.fstat(opened.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        if os.name == "posix" and (found.st_uid != os.geteuid() or found.st_mode & 0o077):
            # On Windows, the folder's access list keeps other users out.
            raise OSError(
                errno.EPERM, f"another user can read it; remove the folder {file.parent}, a new key is made"
            )
        key = opened.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise OSError(errno.EINVAL, f"it is damaged; remove the folder {file.parent}, a new key is made")
    return key


def _make(folder: Path) -> None:
    """Make the file in a folder of its own and move that into place, unless another process was faster."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.part")
    part.mkdir(mode=0o700)
    try:
        with os.fdopen(os.open(part / _FILE, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as made:
            made.write(secrets.token_bytes(KEY_BYTES))
        try:
            part.rename(folder)
        except OSError:
            if not (folder / _FILE).exists():
                raise
    finally:
        rmtree(part, ignore_errors=True)
