"""A device's own keys: made at first use, stored in the user's data folder, readable only by the owner.

They are stored apart from every vault file, so copying a vault does not copy the device. The folder has two
files: one with the signing and the sealing secret, and one with the TLS key and the certificate, in the form
that OpenSSL needs. In a new folder both are in the clear. `key_lock.py` locks them with a passphrase: then
the first file is encrypted with the passphrase, and the second one, which has another name, with a password
that follows from the two secrets. The certificate is readable always.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crdtnotes.errors import BadIdentity, CrdtnotesError, KeysLocked
from crdtnotes.trust.certificate import KEY_BYTES, PublicKeys, make_certificate, read_certificate
from crdtnotes.trust.device_id import device_id

if TYPE_CHECKING:
    import ssl

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

HOME_VARIABLE = "CRDTNOTES_HOME"
"""The environment variable that names a folder to use instead of the user's data folder: another device."""

FOLDER = "identity"
"""The folder of the keys, in `home()`."""

KEYS_FILE = "keys"
"""The file with the signing and the sealing secret, one after the other, or encrypted in the age format."""

TLS_FILE = "tls.pem"
"""The file with the TLS key in the clear, and the certificate."""

LOCKED_TLS_FILE = "device.pem"
"""The file with the encrypted TLS key, and the certificate; where it exists, the other one does not count."""

_MAX_FILE_BYTES = 64 * 1024
_TLS_PASSWORD = b"crdtnotes TLS key"

_unlocked: dict[Path, bytes] = {}
# The secrets that this process has unlocked, by the folder of their files.


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
    """A device's keys. `tls_file` holds its TLS key and certificate (see `load_into`)."""

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

    @property
    def tls_password(self) -> str:
        """The password with which the TLS key is encrypted if the keys are, or were, locked."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        secret = self.signing_secret + self.sealing_secret
        return HKDF(hashes.SHA256(), 32, salt=None, info=_TLS_PASSWORD).derive(secret).hex()

    def load_into(self, context: ssl.SSLContext) -> None:
        """Let a TLS context show this device's certificate; raises BadIdentity."""
        # The keys may have been locked since this identity was loaded.
        locked = self.tls_file.with_name(LOCKED_TLS_FILE)
        try:
            if locked.exists():
                context.load_cert_chain(locked, password=self.tls_password)
            else:
                context.load_cert_chain(self.tls_file)
        except OSError as error:  # ssl.SSLError is one, too
            raise BadIdentity(f"This device's TLS key cannot be read: {error.strerror or error}.") from None


def own_identity(folder: Path | None = None) -> Identity:
    """Return this device's identity, and make it at first use; `folder` defaults to `home()`.

    Raises BadIdentity if it cannot be made or read, KeysLocked if it is locked and `key_lock.unlock` was not
    called in this process.
    """
    folder = (home() if folder is None else folder) / FOLDER
    try:
        if not folder.exists():
            _make(folder)
        return _load(folder)
    except OSError as error:
        raise BadIdentity(f"This device's keys in {folder} cannot be used: {error.strerror}.") from error


def own_id(folder: Path | None = None) -> bytes:
    """Return this device's id, also while its keys are locked; raises BadIdentity."""
    try:
        return own_identity(folder).id
    except KeysLocked as locked:
        return device_id(locked.certificate)


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
        write_private(part / TLS_FILE, pem + pem_of(certificate))
        write_private(part / KEYS_FILE, signing.private_bytes_raw() + sealing.private_bytes_raw())
        try:
            part.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    finally:
        from shutil import rmtree

        rmtree(part, ignore_errors=True)


def pem_of(certificate: bytes) -> bytes:
    """Return a certificate (DER) in PEM."""
    import ssl

    return ssl.DER_cert_to_PEM_cert(certificate).encode("ascii")


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read, durably."""
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


def damaged(folder: Path) -> BadIdentity:
    """Return the error for a folder whose files do not hold the keys of one device."""
    return BadIdentity(
        f"This device's keys in {folder} are damaged: restore that folder from a backup, or move it away "
        "and pair this device again; its notes stay."
    )


def remember_unlocked(folder: Path, secrets: bytes) -> None:
    """Let this process use the secrets of a locked folder."""
    _unlocked[folder.resolve()] = secrets


def forget_unlocked() -> None:
    """Forget all secrets that this process has unlocked; identities that were returned stay usable."""
    _unlocked.clear()


def read_files(folder: Path) -> tuple[Path, bytes, bytes]:
    """Return the TLS file in use, the certificate in it (DER), and the contents of the file of secrets.

    Raises BadIdentity or OSError.
    """
    secrets = _read_private(folder / KEYS_FILE)
    # Locking replaces the second of these files by the first one, maybe right now.
    for name in (LOCKED_TLS_FILE, TLS_FILE, LOCKED_TLS_FILE):
        try:
            return folder / name, _certificate(folder, _read_private(folder / name)), secrets
        except FileNotFoundError as error:
            missing = error
    raise missing


def identity_of(folder: Path, tls_file: Path, certificate: bytes, secrets: bytes) -> Identity:
    """Return the identity with these secrets; raises BadIdentity if they do not match the certificate."""
    try:
        identity = Identity(tls_file, certificate, secrets[:KEY_BYTES], secrets[KEY_BYTES:])
        matches = identity.keys == PublicKeys(
            identity.signing_key.public_key().public_bytes_raw(),
            identity.sealing_key.public_key().public_bytes_raw(),
        )
    except (ValueError, CrdtnotesError):
        raise damaged(folder) from None
    if not matches:
        raise damaged(folder)
    return identity


def _load(folder: Path) -> Identity:
    from crdtnotes.trust import age

    tls_file, certificate, secrets = read_files(folder)
    if age.is_encrypted(secrets):
        unlocked = _unlocked.get(folder.resolve())
        if unlocked is None:
            raise KeysLocked("This device's keys are locked with a passphrase.", certificate)
        secrets = unlocked
    return identity_of(folder, tls_file, certificate, secrets)


def _certificate(folder: Path, pem: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    except ValueError:
        raise damaged(folder) from None


def _read_private(path: Path) -> bytes:
    _check_private(path)
    with path.open("rb") as file:
        return file.read(_MAX_FILE_BYTES)
