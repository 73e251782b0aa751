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

NEWCOMER = 102
"""The number of a device that joins at the end."""


@cache
def identity(number: int) -> Identity:
    """The keys of the device with this number. (Nothing here uses TLS, so there is no file for it.)"""
    tls, signing, sealing = (sha256(f"{kind} {number}".encode()).digest() for kind in ("tls", "sign", "seal"))
    public = PublicKeys(
        Ed25519PrivateKey.from_private_bytes(signing).public_key().public_bytes_raw(),
        X25519PrivateKey.from_private_bytes(sealing).public_key().public_bytes_raw(),
    )
    sign = x509.CertificateBuilder.sign
    with (
        mock.patch.object(x509, "random_serial_number", return_value=number + 1),
        mock.patch.object(
            x509.CertificateBuilder,
            "sign",
            lambda self, key, algorithm: sign(self, key, algorithm, ecdsa_deterministic=True),
        ),
    ):
        certificate = make_certificate(
            ec.derive_private_key(int.from_bytes(tls, "big") >> 1, ec.SECP256R1()), public
        )
    return Identity(Path("/nowhere"), certificate, signing, sealing)
