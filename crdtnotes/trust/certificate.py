"""A device's certificate: an X.509 certificate that is both its TLS identity and the list of its public keys.

Two more keys are in an extension of our own. The device's id is the hash of the certificate, so it fixes all
three keys: nobody can substitute another signing key for a known id. The common name is a hash of the TLS
key (a certificate cannot contain its own hash). It must differ between devices, because OpenSSL looks up
trusted certificates by name. The certificate is CA:FALSE, and valid from 1970 to 9999, so that a wrong clock
locks nobody out.

Rules for a certificate from outside:

1. Only four fields are free: the serial number, the TLS key, the two further keys, and the signature. All
   other bytes follow from them. `read_certificate` takes the fields out, builds the certificate again and
   compares it byte for byte, so no other parser ever sees bytes that this module would not have written.
2. The TLS key is a point of P-256, and it has signed the certificate.
3. The further keys are not of small order: with such a key, everybody could sign for the device, or read
   what is encrypted to it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from crdtnotes.errors import DecodeError
from crdtnotes.trust.weak_keys import is_weak_sealing_key, is_weak_signing_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

MAX_CERTIFICATE_BYTES = 1024

KEY_BYTES = 32

_KEYS_OID = "2.25.298466373049462373318523829394836173105"
# An OID made from a random UUID (ITU-T X.667). The extension's value is the signing key and the sealing key,
# 32 bytes each.

_ECDSA = bytes.fromhex("300a06082a8648ce3d040302")
# The algorithm: ECDSA with SHA-256.

_VERSION_3 = bytes.fromhex("a003020102")
_VALIDITY = bytes.fromhex("3020170d") + b"700101000000Z" + bytes.fromhex("180f") + b"99991231235959Z"
_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_NOT_AN_AUTHORITY = bytes.fromhex("300c0603551d130101ff04023000")
_KEYS_EXTENSION = bytes.fromhex("305806146983c18ac494f1c9f686da97df8485aaebd8e23104" + "40")
# What comes before the point, and before the 64 bytes of the keys.

_POINT_BYTES = 65
_MAX_SERIAL_BYTES = 20
_CACHED = 8192


class PublicKeys(NamedTuple):
    """The public keys in a certificate besides its TLS key: an Ed25519 and an X25519 key."""

    signing: bytes
    sealing: bytes


def make_certificate(tls_key: EllipticCurvePrivateKey, keys: PublicKeys) -> bytes:
    """Return a self-signed certificate (DER) of a device."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    public = tls_key.public_key()
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hashlib.sha256(spki).hexdigest())])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(1970, 1, 1))
        .not_valid_after(datetime(9999, 12, 31, 23, 59, 59))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier(_KEYS_OID), keys.signing + keys.sealing),
            critical=False,
        )
        .sign(tls_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.DER)


@lru_cache(_CACHED)
def read_certificate(certificate: bytes) -> PublicKeys:
    """Return the keys in a device's certificate (DER); raises DecodeError.

    The certificate must be one that `make_certificate` could have made.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    fields = _fields(certificate)
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), fields.point)
        key.verify(fields.signature, fields.signed, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature):
        raise _wrong() from None
    return fields.keys


@lru_cache(_CACHED)
def keys_in(certificate: bytes) -> PublicKeys:
    """Return what `read_certificate` returns, for a certificate whose own signature was checked before.

    Raises DecodeError. This takes a fiftieth of the time.
    """
    return _fields(certificate).keys


class _Fields(NamedTuple):
    """The free fields of a certificate, and the bytes that its TLS key signs."""

    point: bytes
    keys: PublicKeys
    signed: bytes
    signature: bytes


def _fields(certificate: bytes) -> _Fields:
    """Return the free fields of a certificate whose other bytes follow from them; raises DecodeError."""
    if not 4 + 4 + 7 < len(certificate) <= MAX_CERTIFICATE_BYTES:
        raise _wrong()
    # Two headers of four bytes each, the version, and tag and length of the serial number come first.
    at = 8 + len(_VERSION_3)
    if certificate[at] != 2 or not 0 < certificate[at + 1] <= _MAX_SERIAL_BYTES:
        raise _wrong()
    serial = certificate[at + 2 : at + 2 + certificate[at + 1]]
    name_bytes = len(_name(bytes(_POINT_BYTES)))
    at += 2 + len(serial) + len(_ECDSA) + name_bytes + len(_VALIDITY) + name_bytes + len(_P256)
    point = certificate[at : at + _POINT_BYTES]
    at += _POINT_BYTES + 4 + len(_NOT_AN_AUTHORITY) + len(_KEYS_EXTENSION)
    keys = PublicKeys(certificate[at : at + KEY_BYTES], certificate[at + KEY_BYTES : at + 2 * KEY_BYTES])
    at += 2 * KEY_BYTES + len(_ECDSA) + 3
    signature = certificate[at:]
    signed = _to_be_signed(serial, point, keys)
    if (
        not _is_positive(serial)
        or point[:1] != b"\x04"
        or not _is_canonical_signature(signature)
        or certificate != _sequence(signed + _ECDSA + _tagged(3, b"\0" + signature))
        or is_weak_signing_key(keys.signing)
        or is_weak_sealing_key(keys.sealing)
    ):
        raise _wrong()
    return _Fields(point, keys, signed, signature)


def _to_be_signed(serial: bytes, point: bytes, keys: PublicKeys) -> bytes:
    """Return the TBSCertificate (RFC 5280, section 4.1) with these fields."""
    name = _name(point)
    extensions = _sequence(_NOT_AN_AUTHORITY + _KEYS_EXTENSION + keys.signing + keys.sealing)
    return _sequence(
        _VERSION_3
        + _tagged(2, serial)
        + _ECDSA
        + name
        + _VALIDITY
        + name
        + _P256
        + point
        + _tagged(0xA3, extensions)
    )


def _name(point: bytes) -> bytes:
    """Return the Name that follows from the TLS key: the common name alone."""
    common = hashlib.sha256(_P256 + point).hexdigest().encode("ascii")
    attribute = _sequence(bytes.fromhex("0603550403") + _tagged(12, common))
    return _sequence(_tagged(0x31, attribute))


def _is_positive(number: bytes) -> bool:
    """Tell whether these are the DER contents of an INTEGER above 0, without needless zeros."""
    return (
        len(number) > 0
        and number[0] < 0x80
        and number != b"\0"
        and not (len(number) > 1 and number[0] == 0 and number[1] < 0x80)
    )


def _is_canonical_signature(signature: bytes) -> bool:
    """Tell whether these bytes are the only DER form of two positive numbers (RFC 3279, section 2.2.3)."""
    numbers: list[bytes] = []
    at = 2
    while at + 2 <= len(signature) and len(numbers) < 2:
        length = signature[at + 1]
        numbers.append(signature[at + 2 : at + 2 + length])
        at += 2 + length
    return (
        len(numbers) == 2
        and all(len(number) <= KEY_BYTES + 1 and _is_positive(number) for number in numbers)
        and signature == _sequence(b"".join(_tagged(2, number) for number in numbers))
    )


def _sequence(content: bytes) -> bytes:
    return _tagged(0x30, content)


def _tagged(tag: int, content: bytes) -> bytes:
    """Return a DER value with its tag and its shortest length, which is below 65536 here."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    if length < 0x100:
        return bytes((tag, 0x81, length)) + content
    return bytes((tag, 0x82, length >> 8, length & 0xFF)) + content


def _wrong() -> DecodeError:
    return DecodeError("A device's certificate was not made by crdtnotes.")
