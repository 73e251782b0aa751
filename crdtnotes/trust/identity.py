"""A device's own keys: made at first use, stored in the user's data folder, readable only by the owner.

They are stored apart from every vault file, so copying a vault does not copy the device.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crdtnotes.errors import BadIdentity, CrdtnotesError
from crdtnotes.trust.certificate import KEY_BYTES, PublicKeys, make_certificate, read_certificate
from crdtnotes.trust.device_id import device_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

HOME_VARIABLE = "CRDTNOTES_HOME"
"""The environment variable that names a folder to use instead of the user's data folder: another device."""

_FOLDER = "identity"
_TLS_FILE = "tls.pem"
_KEYS_FILE = "keys"


def home() -> Path:
    """Return the folder of this user's crdtnotes data."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        # A service's settings do not expand `~`. (Path.expanduser raises if there is no home.)
        return Path(os.path.expanduser(chosen))  # noqa: PTH111
    from platformdirs import user_data_path

    return user_data_path("crdtnotes", appauthor=False)


@dataclass(frozen=True)
class Identity:
    """A device's keys. `tls_file` holds its TLS key and certificate, in the form that stdlib `ssl` needs."""

    tls_file: Path
    certificate: bytes
    signing_secret: bytes
    sealing_secret: bytes

    @property
    def id(self) -> bytes:
        """The device's id."""
        return device_id(self.certificate)

    @cached_property
    def keys(self) -> PublicKeys:
        """The public keys in the certificate."""
        return read_certificate(self.certificate)

    @cached_property
    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs changes and records."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.signing_secret)

    @cached_property
    def sealing_key(self) -> X25519PrivateKey:
        """The key that opens bundles."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        return X25519PrivateKey.from_private_bytes(self.sealing_secret)

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature (64 bytes) of a message."""
        return self.signing_key.sign(message)


def own_identity(folder: Path | None = None) -> Identity:
    """Return this device's identity, and make it at first use; `folder` defaults to `home()`.

    Raises BadIdentity if it cannot be made or read.
    """
    folder = (home() if folder is None else folder) / _FOLDER
    try:
        if not folder.exists():
            _make(folder)
        return _load(folder)
    except OSError as error:
        raise BadIdentity(f"This device's keys in {folder} cannot be used: {error.strerror}.") from error


def _make(folder: Path) -> None:
    """Make the files in a temporary folder and move it into place, unless another process was faster."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    tls = ec.generate_private_key(ec.SECP256R1())
    signing, sealing = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
    public = PublicKeys(signing.public_key().public_bytes_raw(), sealing.public_key().public_bytes_raw())
    certificate = make_certificate(tls, public)
    pem = tls.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f"{folder.name}.{os.urandom(4).hex()}.part")
    part.mkdir(mode=0o700)
    try:
        _write(part / _TLS_FILE, pem + _pem_of(certificate))
        _write(part / _KEYS_FILE, signing.private_bytes_raw() + sealing.private_bytes_raw())
        try:
            part.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    finally:
        from shutil import rmtree

        rmtree(part, ignore_errors=True)


def _pem_of(certificate: bytes) -> bytes:
    import ssl

    return ssl.DER_cert_to_PEM_cert(certificate).encode("ascii")


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _check_private(path: Path) -> None:
    """Raise BadIdentity if a file of keys is another user's, or others can read or write it."""
    if os.name != "posix":
        return
    found = path.stat()
    if found.st_uid != os.geteuid():
        raise BadIdentity(
            f"This device's keys in {path.parent} belong to another user of this machine; use your own data "
            f"folder ({HOME_VARIABLE})."
        )
    if not stat.S_ISREG(found.st_mode):
        raise BadIdentity(f"{path}, where this device's keys should be, is not a file.")
    if found.st_mode & 0o077:
        raise BadIdentity(f"Others can read this device's keys; run: chmod -R go= {path.parent}")


def _load(folder: Path) -> Identity:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    wrong = BadIdentity(
        f"This device's keys in {folder} are damaged: restore that folder from a backup, or move it away "
        "and pair this device again; its notes stay."
    )
    for name in (_KEYS_FILE, _TLS_FILE):
        _check_private(folder / name)
    keys = (folder / _KEYS_FILE).read_bytes()
    try:
        parsed = x509.load_pem_x509_certificate((folder / _TLS_FILE).read_bytes())
        identity = Identity(
            folder / _TLS_FILE,
            parsed.public_bytes(serialization.Encoding.DER),
            keys[:KEY_BYTES],
            keys[KEY_BYTES:],
        )
        matches = identity.keys == PublicKeys(
            identity.signing_key.public_key().public_bytes_raw(),
            identity.sealing_key.public_key().public_bytes_raw(),
        )
    except (ValueError, CrdtnotesError):
        raise wrong from None
    if not matches:
        raise wrong
    return identity
