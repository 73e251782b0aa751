"""Encrypted data in the age format, version 1 (https://age-encryption.org/v1), for a passphrase or a key.

Any age program can read what is written here, given the passphrase or the key. The data is encrypted with
ChaCha20-Poly1305 in segments under a random file key. The header holds that key, encrypted either under a key
that scrypt makes of the passphrase (RFC 7914), or under one from X25519 with the reader's public key
(RFC 7748). An HMAC under the file key covers the header.

The header is read before anything is proven, so everything in it is bounded: scrypt takes 128 * 8 * N bytes
of memory, and a header asks for N. Only one recipient is written and read.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
from typing import NamedTuple

from crdtnotes.errors import DecodeError, WrongPassphrase

MAGIC = b"age-encryption.org/v1\n"
"""The first line of such data."""

LOG_N = 17
"""log2 of scrypt's N for new files: 128 MiB and about half a second for each guess (OWASP's advice)."""

MAX_LOG_N = 18
"""The highest one that is accepted: 256 MiB."""

_SALT_BYTES = 16
_FILE_KEY_BYTES = 16
_TAG_BYTES = 16
_NONCE_BYTES = 16
_MAX_HEADER_BYTES = 512
_SEGMENT_BYTES = 64 * 1024
_SCRYPT_LABEL = b"age-encryption.org/v1/scrypt"
_X25519_LABEL = b"age-encryption.org/v1/X25519"
_HEADER = re.compile(
    rb"age-encryption\.org/v1\n"
    rb"-> (scrypt|X25519) ([A-Za-z0-9+/]{22,43})(?: ([1-9][0-9]?))?\n"
    rb"([A-Za-z0-9+/]{43})\n"
    rb"--- ([A-Za-z0-9+/]{43})\n"
)
_DAMAGED = "These encrypted data are damaged."


class _Header(NamedTuple):
    """`argument` is scrypt's salt or the ephemeral public key; `log_n` is 0 for X25519."""

    kind: bytes
    argument: bytes
    log_n: int
    wrapped: bytes
    covered: bytes
    mac: bytes
    length: int


def is_encrypted(data: bytes) -> bool:
    """Whether data is in this format, by its first line."""
    return data.startswith(MAGIC)


def encrypt_with_passphrase(data: bytes, passphrase: str) -> bytes:
    """Encrypt data so that the passphrase opens it."""
    salt, file_key = os.urandom(_SALT_BYTES), os.urandom(_FILE_KEY_BYTES)
    wrapped = _wrap(_stretch(passphrase, salt, LOG_N), file_key)
    return _sealed(b"-> scrypt %s %d\n%s\n" % (_text(salt), LOG_N, _text(wrapped)), file_key, data)


def decrypt_with_passphrase(data: bytes, passphrase: str) -> bytes:
    """Return what was encrypted; raises WrongPassphrase, or DecodeError if the data is damaged.

    Damage to the encrypted file key cannot be told from a wrong passphrase.
    """
    header = _read_header(data)
    if header.kind != b"scrypt":
        raise DecodeError("These data are encrypted for a key, not with a passphrase.")
    file_key = _unwrap(_stretch(passphrase, header.argument, header.log_n), header.wrapped)
    if file_key is None:
        raise WrongPassphrase("This is not the passphrase of this device's keys.")
    return _opened(header, file_key, data)


def encrypt_to_key(data: bytes, public: bytes) -> bytes:
    """Encrypt data for the owner of an X25519 public key (32 bytes); raises ValueError for a useless key."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    ephemeral = X25519PrivateKey.generate()
    share = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    file_key = os.urandom(_FILE_KEY_BYTES)
    wrapped = _wrap(_hkdf(shared, share + public, _X25519_LABEL), file_key)
    return _sealed(b"-> X25519 %s\n%s\n" % (_text(share), _text(wrapped)), file_key, data)


def decrypt_with_key(data: bytes, secret: bytes) -> bytes:
    """Return what was encrypted for the owner of an X25519 key; raises DecodeError."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    header = _read_header(data)
    if header.kind != b"X25519":
        raise DecodeError("These data are encrypted with a passphrase, not for a key.")
    own = X25519PrivateKey.from_private_bytes(secret)
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(header.argument))
    except ValueError:
        raise DecodeError(_DAMAGED) from None  # a point of small order
    public = own.public_key().public_bytes_raw()
    file_key = _unwrap(_hkdf(shared, header.argument + public, _X25519_LABEL), header.wrapped)
    if file_key is None:
        raise DecodeError("These data are encrypted for another key, or damaged.")
    return _opened(header, file_key, data)


def _read_header(data: bytes) -> _Header:
    found = _HEADER.match(data[:_MAX_HEADER_BYTES])
    if found is None:
        raise DecodeError(_DAMAGED)
    kind, argument, log_n, wrapped, mac = found.groups()
    is_scrypt = kind == b"scrypt"
    salt_or_share = _bytes(argument, _SALT_BYTES if is_scrypt else 32)
    if is_scrypt != (log_n is not None):
        raise DecodeError(_DAMAGED)
    if is_scrypt and int(log_n) > MAX_LOG_N:
        raise DecodeError("These encrypted data ask for more memory than is allowed.")
    return _Header(
        kind,
        salt_or_share,
        int(log_n or 0),
        _bytes(wrapped, _FILE_KEY_BYTES + _TAG_BYTES),
        data[: found.start(5) - 1],
        _bytes(mac, 32),
        found.end(),
    )


def _text(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _bytes(text: bytes, length: int) -> bytes:
    """Decode canonical base64 without padding to exactly `length` bytes; raises DecodeError."""
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise DecodeError(_DAMAGED) from None
    if len(data) != length or _text(data) != text:
        raise DecodeError(_DAMAGED)
    return data


def _stretch(passphrase: str, salt: bytes, log_n: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    kdf = Scrypt(salt=_SCRYPT_LABEL + salt, length=32, n=1 << log_n, r=8, p=1)
    return kdf.derive(passphrase.encode("utf-8"))


def _hkdf(key: bytes, salt: bytes | None, info: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(hashes.SHA256(), 32, salt=salt, info=info).derive(key)


def _wrap(key: bytes, file_key: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    # The key is used for this one message, so the nonce may be constant.
    return ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)


def _unwrap(key: bytes, wrapped: bytes) -> bytes | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        return ChaCha20Poly1305(key).decrypt(bytes(12), wrapped, None)
    except InvalidTag:
        return None


def _mac(file_key: bytes, covered: bytes) -> bytes:
    return hmac.digest(_hkdf(file_key, None, b"header"), covered, "sha256")


def _sealed(recipient: bytes, file_key: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    covered = MAGIC + recipient + b"---"
    nonce = os.urandom(_NONCE_BYTES)
    cipher = ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload"))
    count = max(1, -(-len(data) // _SEGMENT_BYTES))
    view = memoryview(data)
    segments = (
        cipher.encrypt(
            _nonce(number, count), view[number * _SEGMENT_BYTES : (number + 1) * _SEGMENT_BYTES], None
        )
        for number in range(count)
    )
    return b"".join([covered, b" ", _text(_mac(file_key, covered)), b"\n", nonce, *segments])


def _opened(header: _Header, file_key: bytes, data: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    if not hmac.compare_digest(_mac(file_key, header.covered), header.mac):
        raise DecodeError(_DAMAGED)
    start = header.length + _NONCE_BYTES
    cipher = ChaCha20Poly1305(_hkdf(file_key, data[header.length : start], b"payload"))
    body = memoryview(data)[start:]
    size = _SEGMENT_BYTES + _TAG_BYTES
    count = max(1, -(-len(body) // size))
    try:
        segments = [
            cipher.decrypt(_nonce(number, count), body[number * size : (number + 1) * size], None)
            for number in range(count)
        ]
    except (InvalidTag, ValueError):
        raise DecodeError(_DAMAGED) from None
    if count > 1 and not segments[-1]:
        raise DecodeError(_DAMAGED)
    return b"".join(segments)


def _nonce(number: int, count: int) -> bytes:
    """Return the nonce of a segment: its number (11 bytes, big-endian), then 1 for the last one, else 0."""
    return number.to_bytes(11, "big") + bytes([number == count - 1])
