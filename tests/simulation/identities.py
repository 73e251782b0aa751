"""Devices with their own keys, the same in every run: a seed must always do the same."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from crdtnotes.trust.certificate import PublicKeys, make_certificate
from crdtnotes.trust.identity import Identity

LIAR = 100
"""The number of a device that belongs to the vault and lies."""

STRANGER = 101
"""The number of a device that does not belong to the vault."""

TWIN = 200
"""Added to the number of a device: another TLS key, for a certificate with that device's further keys."""

NEWCOMER = 102
"""The number of a device that joins at the end."""


@cache
def identity(number: int) -> Identity:
    """The keys of the device with this number. (Nothing here uses TLS, so there is no file for it.)"""
    signing, sealing = (sha256(f"{kind} {number}".encode()).digest() for kind in ("sign", "seal"))
    public = PublicKeys(
        Ed25519PrivateKey.from_private_bytes(signing).public_key().public_bytes_raw(),
        X25519PrivateKey.from_private_bytes(sealing).public_key().public_bytes_raw(),
    )
    return Identity(Path("/nowhere"), certificate(number, public), signing, sealing)


@cache
def certificate(number: int, public: PublicKeys) -> bytes:
    """The certificate of the TLS key with this number, with any further keys."""
    tls = sha256(f"tls {number}".encode()).digest()
    sign = x509.CertificateBuilder.sign
    with (
        mock.patch.object(x509, "random_serial_number", return_value=number + 1),
        mock.patch.object(
            x509.CertificateBuilder,
            "sign",
            lambda self, key, algorithm: sign(self, key, algorithm, ecdsa_deterministic=True),
        ),
    ):
        return make_certificate(
            ec.derive_private_key(int.from_bytes(tls, "big") >> 1, ec.SECP256R1()), public
        )
