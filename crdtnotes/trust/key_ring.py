"""The passphrase of this device's keys in the system's keyring, through the package `keyring`, where it is.

Keyrings are the Keychain of macOS, the Credential Locker of Windows, and the Secret Service of Linux
desktops. A file beside the keys says that a person wanted this. Without it no keyring is asked, because a
locked one opens a window.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from crdtnotes.errors import BadIdentity, LocalError
from crdtnotes.trust.identity import FOLDER, home

if TYPE_CHECKING:
    from pathlib import Path

_SERVICE = "crdtnotes"
_MARK = "in-keyring"


class _Keyring(Protocol):
    def get_password(self, service: str, user: str) -> str | None: ...

    def set_password(self, service: str, user: str, password: str) -> None: ...

    def delete_password(self, service: str, user: str) -> None: ...


def is_remembered(folder: Path | None = None) -> bool:
    """Whether the passphrase was stored in the keyring; `folder` defaults to `home()`."""
    return _mark(folder).exists()


def remember(device: bytes, passphrase: str, folder: Path | None = None) -> None:
    """Store the passphrase of the device with this id in the system's keyring; raises LocalError."""
    keyring = _keyring()
    try:
        keyring.set_password(_SERVICE, device.hex(), passphrase)
    except Exception as error:  # noqa: BLE001 - each system's keyring fails in its own way
        raise LocalError(f"The system's keyring did not take the passphrase: {_reason(error)}") from None
    try:
        _mark(folder).touch(0o600)
    except OSError as error:
        raise BadIdentity(f"{_mark(folder)} cannot be written: {error.strerror}.") from None


def recall(device: bytes, folder: Path | None = None) -> str | None:
    """Return the passphrase from the keyring; None if it was not stored there, or cannot be had now."""
    if not is_remembered(folder):
        return None
    try:
        return _keyring().get_password(_SERVICE, device.hex())
    except Exception:  # noqa: BLE001
        return None


def forget(device: bytes, folder: Path | None = None) -> bool:
    """Remove the passphrase from the keyring; return whether it was stored there. Raises LocalError."""
    if not is_remembered(folder):
        return False
    keyring = _keyring()
    try:
        if keyring.get_password(_SERVICE, device.hex()) is not None:
            keyring.delete_password(_SERVICE, device.hex())
    except Exception as error:  # noqa: BLE001
        raise LocalError(f"The system's keyring did not remove the passphrase: {_reason(error)}") from None
    _mark(folder).unlink(missing_ok=True)
    return True


def _mark(folder: Path | None) -> Path:
    return (home() if folder is None else folder) / FOLDER / _MARK


def _keyring() -> _Keyring:
    try:
        found = import_module("keyring")
    except ImportError:
        raise LocalError(
            "The package `keyring` is not installed; pip install 'crdtnotes[keyring]' installs it."
        ) from None
    return cast("_Keyring", found)


def _reason(error: Exception) -> str:
    from crdtnotes.terminal import printable

    sentence = printable(" ".join(str(error).split())) or type(error).__name__
    return sentence if sentence.endswith(".") else f"{sentence}."
