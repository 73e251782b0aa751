"""A device's certificate: an X.509 certificate that is both its TLS identity and the list of its public keys.

Two more keys are in an extension of our own. The device's id is the hash of the certificate, so it fixes all
three keys: nobody can substitute another signing key for a known id. The common name is a hash of the TLS
key (a certificate cannot contain its own hash). It must differ between devices, because OpenSSL looks up
trusted certificates by name. The certificate is CA:FALSE, and valid from 1970 to 9999, so that a wrong clock
locks nobody out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from crdtnotes.errors import DecodeError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

MAX_CERTIFICATE_BYTES = 1024

KEY_BYTES = 32

_KEYS_OID = "2.25.298466373049462373318523829394836173105"
# An OID made from a random UUID (ITU-T X.667). The extension's value is the signing key and the sealing key,
# 32 bytes each.


@dataclass(frozen=True, slots=True)
class PublicKeys:
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


def read_certificate(certificate: bytes) -> PublicKeys:
    """Return the keys in a device's certificate (DER); raises DecodeError.

    The certificate must have the form that `make_certificate` gives it: one curve, self-signed, no authority.
    """
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec

    unreadable = (
        ValueError,
        TypeError,
        InvalidSignature,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.ExtensionNotFound,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    )
    wrong = DecodeError("A device's certificate was not made by crdtnotes.")
    if len(certificate) > MAX_CERTIFICATE_BYTES:
        raise wrong
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        key = parsed.public_key()
        authority = parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        more = parsed.extensions.get_extension_for_oid(x509.ObjectIdentifier(_KEYS_OID)).value
        parsed.verify_directly_issued_by(parsed)
    except unreadable:
        raise wrong from None
    if (
        authority
        or not isinstance(key, ec.EllipticCurvePublicKey)
        or not isinstance(key.curve, ec.SECP256R1)
        or not isinstance(more, x509.UnrecognizedExtension)
        or len(more.value) != 2 * KEY_BYTES
    ):
        raise wrong
    return PublicKeys(more.value[:KEY_BYTES], more.value[KEY_BYTES:])
