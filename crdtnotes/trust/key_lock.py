"""Locking a device's own keys with a passphrase, and unlocking them.

Rules
    - The file of secrets (64 bytes) decides: it is either in the clear or encrypted with the passphrase, and
      one rename replaces it. So a kill or a power cut leaves the old state or the new one.
    - Before that, the first lock replaces the TLS key in the clear by one that is encrypted with a password
      that follows from the secrets. The encrypted one stays for good: without a passphrase it is as readable
      as the secrets. So nobody ever has to wait for two files to change together, and two processes that lock
      at once write what either can use.
    - A new file of secrets in the clear is written beside the old one. If it is left there by a kill, the
      keys are still locked, and the next program that is about to unlock them removes it.

What was on the disk in the clear before can still be on it: no program can erase a block of an SSD.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from crdtnotes.errors import BadIdentity, DecodeError, KeysLocked, LocalError
from crdtnotes.trust import age
from crdtnotes.trust.identity import (
    FOLDER,
    KEYS_FILE,
    LOCKED_TLS_FILE,
    TLS_FILE,
    Identity,
    damaged,
    home,
    identity_of,
    own_identity,
    pem_of,
    read_files,
    remember_unlocked,
    write_private,
)

MIN_PASSPHRASE = 8
"""Characters that a passphrase has at least."""

MAX_PASSPHRASE_BYTES = 1024

_CLEAR_PART = ".clear.part"


def is_locked(folder: Path | None = None) -> bool:
    """Whether this device has keys, and a passphrase locks them; `folder` defaults to `home()`.

    Raises BadIdentity.
    """
    keys = _folder(folder)
    try:
        if not keys.exists():
            return False
        _, _, secrets = read_files(keys)
        locked = age.is_encrypted(secrets)
        if locked:
            _remove_clear_parts(keys)
    except OSError as error:
        raise _unusable(keys, error) from error
    return locked


def is_unlocked(folder: Path | None = None) -> bool:
    """Whether this process can use this device's keys; raises BadIdentity."""
    if not is_locked(folder):
        return True
    try:
        own_identity(folder)
    except KeysLocked:
        return False
    return True


def unlock(passphrase: str, folder: Path | None = None) -> Identity:
    """Let this process use locked keys; returns them.

    Takes about half a second. Raises WrongPassphrase, or BadIdentity if the files are damaged. Keys that are
    not locked are returned whatever the passphrase is.
    """
    keys = _folder(folder)
    if not is_locked(folder):
        return own_identity(folder)
    try:
        tls_file, certificate, encrypted = read_files(keys)
    except OSError as error:
        raise _unusable(keys, error) from error
    try:
        secrets = age.decrypt_with_passphrase(encrypted, normal(passphrase))
    except DecodeError:
        raise damaged(keys) from None
    identity = identity_of(keys, tls_file, certificate, secrets)
    remember_unlocked(keys, secrets)
    return identity


def lock(passphrase: str, folder: Path | None = None) -> None:
    """Lock this device's keys with a passphrase, in place of the one that they have.

    The keys must be usable in this process (`unlock`). Raises LocalError if the passphrase is too short or
    too long, KeysLocked, or BadIdentity if the files cannot be read or written.
    """
    passphrase = normal(passphrase)
    if len(passphrase) < MIN_PASSPHRASE:
        raise LocalError(f"A passphrase needs at least {MIN_PASSPHRASE} characters.")
    if len(passphrase.encode("utf-8")) > MAX_PASSPHRASE_BYTES:
        raise LocalError(f"A passphrase can have at most {MAX_PASSPHRASE_BYTES:,} bytes.")
    identity = own_identity(folder)
    keys = _folder(folder)
    secrets = identity.signing_secret + identity.sealing_secret
    try:
        _encrypt_tls_key(keys, identity)
        _replace(keys / KEYS_FILE, age.encrypt_with_passphrase(secrets, passphrase), ".part")
    except OSError as error:
        raise _unusable(keys, error) from error
    remember_unlocked(keys, secrets)


def remove_lock(folder: Path | None = None) -> None:
    """Store this device's keys in the clear again; they must be usable in this process (`unlock`).

    Raises KeysLocked, or BadIdentity if the files cannot be read or written.
    """
    identity = own_identity(folder)
    keys = _folder(folder)
    if is_locked(folder):
        try:
            _replace(keys / KEYS_FILE, identity.signing_secret + identity.sealing_secret, _CLEAR_PART)
        except OSError as error:
            raise _unusable(keys, error) from error


def normal(passphrase: str) -> str:
    """Return a passphrase in the form that is used: keyboards differ in how they compose letters."""
    try:
        passphrase.encode("utf-8")
    except UnicodeEncodeError:
        raise LocalError("A passphrase can only have characters, not bytes that are none.") from None
    return unicodedata.normalize("NFC", passphrase)


def _folder(folder: Path | None) -> Path:
    return (home() if folder is None else folder) / FOLDER


def _encrypt_tls_key(keys: Path, identity: Identity) -> None:
    """Replace the TLS key in the clear by an encrypted one, unless that was done before."""
    from cryptography.hazmat.primitives import serialization

    clear, locked = keys / TLS_FILE, keys / LOCKED_TLS_FILE
    if not locked.exists():
        try:
            key = serialization.load_pem_private_key(clear.read_bytes(), None)
        except ValueError:
            raise damaged(keys) from None
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(identity.tls_password.encode("ascii")),
        )
        _replace(locked, pem + pem_of(identity.certificate), ".part")
    clear.unlink(missing_ok=True)
    _sync_folder(keys)


def _replace(path: Path, data: bytes, ending: str) -> None:
    """Replace a file durably by one with other contents: after a power cut it has the old or the new ones."""
    part = path.with_name(f"{path.name}.{os.urandom(4).hex()}{ending}")
    try:
        write_private(part, data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows cannot open folders, and NTFS journals names by itself
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_clear_parts(keys: Path) -> None:
    """Remove keys in the clear that a process left when it was killed before they took effect."""
    for part in keys.glob(f"{KEYS_FILE}.*{_CLEAR_PART}"):
        part.unlink(missing_ok=True)


def _unusable(keys: Path, error: OSError) -> BadIdentity:
    return BadIdentity(f"This device's keys in {keys} cannot be used: {error.strerror}.")
