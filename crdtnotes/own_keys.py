"""This device's own keys as a program uses them: are they locked, how to unlock them, texts for this device.

A passphrase comes from a file, from the system's keyring, or from the person, whom the program has to ask.
`unlock_unasked` tries the first two.
"""

from __future__ import annotations

import os
from pathlib import Path

from crdtnotes.errors import BadIdentity, KeysLocked, LocalError, WrongPassphrase
from crdtnotes.trust import age, key_lock, key_ring
from crdtnotes.trust.certificate import read_certificate
from crdtnotes.trust.identity import own_id, own_identity

FILE_VARIABLE = "CRDTNOTES_PASSPHRASE_FILE"
"""The environment variable that names a file with the passphrase; `/dev/fd/3` reads a file descriptor."""


def are_locked() -> bool:
    """Whether a passphrase locks this device's keys and this process has not unlocked them.

    Raises BadIdentity.
    """
    return not key_lock.is_unlocked()


def unlock(passphrase: str) -> None:
    """Let this process use this device's keys; takes about half a second.

    Raises WrongPassphrase, or BadIdentity if the files are damaged.
    """
    key_lock.unlock(passphrase)


def unlock_unasked() -> bool:
    """Unlock this device's keys if that is possible without a person; return whether they can be used now.

    Raises LocalError if the file with the passphrase cannot be read, WrongPassphrase if that is a wrong one,
    or BadIdentity. A wrong passphrase in the keyring is ignored.
    """
    if not are_locked():
        return True
    given = _passphrase_in_file()
    if given is not None:
        try:
            unlock(given)
        except WrongPassphrase:
            raise WrongPassphrase(
                f"The passphrase in the file that {FILE_VARIABLE} names is a wrong one."
            ) from None
        return True
    remembered = key_ring.recall(own_id())
    if remembered is None:
        return False
    try:
        unlock(remembered)
    except WrongPassphrase:
        return False
    return True


def _passphrase_in_file() -> str | None:
    """Return the first line of the file that the environment names; raises LocalError."""
    name = os.environ.get(FILE_VARIABLE)
    if not name:
        return None
    path = Path(name)
    try:
        with path.open("rb") as file:
            line = file.read(key_lock.MAX_PASSPHRASE_BYTES + 2).split(b"\n", 1)[0].removesuffix(b"\r")
        return line.decode("utf-8")
    except OSError as error:
        reason = error.strerror
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    raise LocalError(f"The file that {FILE_VARIABLE} names cannot be read: {reason}.")


def is_encrypted(data: bytes) -> bool:
    """Whether data, or its first bytes, are what `encrypt_for_this_device` returns."""
    return age.is_encrypted(data)


def encrypt_for_this_device(data: bytes) -> bytes | None:
    """Return data so that only this device's keys open them; None if no passphrase locks these keys.

    This works while they are locked. Raises BadIdentity.
    """
    try:
        if not key_lock.is_locked():
            return None
        sealing = own_identity().keys.sealing
    except KeysLocked as locked:
        sealing = read_certificate(locked.certificate).sealing
    try:
        return age.encrypt_to_key(data, sealing)
    except ValueError:
        raise BadIdentity("This device's key cannot encrypt anything.") from None


def decrypt_on_this_device(data: bytes) -> bytes:
    """Return what `encrypt_for_this_device` encrypted, or data that is not encrypted as it is.

    Raises KeysLocked, BadIdentity, or DecodeError if it was encrypted for another device or is damaged.
    """
    if not age.is_encrypted(data):
        return data
    return age.decrypt_with_key(data, own_identity().sealing_secret)
