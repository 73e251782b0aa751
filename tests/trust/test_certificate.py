"""Certificates from outside: only what `make_certificate` could have made is read."""

import hashlib
import logging
import ssl
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import NameOID
from cryptography.x509.name import _ASN1Type

from crdtnotes.errors import DecodeError
from crdtnotes.sync.net.tls import Listening, dialling_context
from crdtnotes.trust.certificate import PublicKeys, keys_in, make_certificate, read_certificate
from crdtnotes.trust.membership import Membership
from crdtnotes.trust.records import Add, decode_record
from tests.trust.devices import VAULT, added, device, founded, unchecked

P = 2**255 - 19


def variant(keys: PublicKeys, **changes: Any) -> bytes:
    """A certificate that differs from ours in one thing, signed as it should be."""
    key = ec.generate_private_key(changes.get("curve", ec.SECP256R1()))
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    common = hashlib.sha256(spki).hexdigest()
    name = changes.get("name", x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)]))
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(changes.get("issuer", name))
        .public_key(key.public_key())
        .serial_number(changes.get("serial", 7))
        .not_valid_before(changes.get("begin", datetime(1970, 1, 1)))
        .not_valid_after(changes.get("end", datetime(9999, 12, 31, 23, 59, 59)))
        .add_extension(x509.BasicConstraints(ca=changes.get("ca", False), path_length=None), critical=True)
        .add_extension(
            x509.UnrecognizedExtension(
                x509.ObjectIdentifier("2.25.298466373049462373318523829394836173105"),
                keys.signing + keys.sealing,
            ),
            critical=changes.get("critical", False),
        )
    )
    for extension in changes.get("more", ()):
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, changes.get("hash", hashes.SHA256())).public_bytes(serialization.Encoding.DER)


def unloadable(keys: PublicKeys) -> bytes:
    """A certificate that `cryptography` reads and OpenSSL cannot load: its name is not valid UTF-8."""
    good = variant(keys, name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a" * 64)]))
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    at = good.index(bytes.fromhex("3059301306072a8648ce3d0201"))
    signed = good[4:at] + spki + good[at + len(spki) :]
    size = 4 + int.from_bytes(signed[2:4], "big")
    signed = signed[:size].replace(b"a" * 64, b"\xff\xfe" * 32)
    signature = key.sign(signed, ec.ECDSA(hashes.SHA256()))
    rest = (
        bytes.fromhex("300a06082a8648ce3d040302") + b"\x03" + bytes([len(signature) + 1]) + b"\0" + signature
    )
    whole = signed + rest
    return b"\x30\x82" + len(whole).to_bytes(2, "big") + whole


def test_what_is_made_is_read(tmp_path: Path) -> None:
    keys = device(tmp_path, "a").keys
    for serial in (1, 0x7F, 0x80, 0xFF00, 2**159 - 1):
        certificate = variant(keys, serial=serial)
        assert read_certificate(certificate) == keys_in(certificate) == keys
    for _ in range(20):
        made = make_certificate(ec.generate_private_key(ec.SECP256R1()), keys)
        assert read_certificate(made) == keys
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=made)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": x509.Name([])},
        {"name": x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another")])},
        {"name": x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a" * 64, _ASN1Type.BMPString)])},
        {"issuer": x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a" * 64)])},
        {"begin": datetime(1970, 1, 2)},
        {"end": datetime(2049, 1, 1)},
        {"ca": True},
        {"critical": True},
        {"curve": ec.SECP384R1()},
        {"hash": hashes.SHA384()},
        {"more": [x509.SubjectAlternativeName([x509.DNSName("a")])]},
    ],
    ids=[
        "no name",
        "another name",
        "a name in UTF-16",
        "another issuer",
        "another begin",
        "another end",
        "an authority",
        "a critical extension",
        "another curve",
        "another hash",
        "a further extension",
    ],
)
def test_a_certificate_that_differs_in_anything_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        read_certificate(variant(device(tmp_path, "a").keys, **changes))


def test_another_signature_or_another_form_of_it_is_refused(tmp_path: Path) -> None:
    one, two = device(tmp_path, "a"), device(tmp_path, "b")
    certificate = variant(one.keys)
    at = certificate.rindex(b"\x30", 0, len(certificate) - 64)
    for spoilt in (
        certificate[:-1] + bytes([certificate[-1] ^ 1]),
        certificate.replace(one.keys.signing, two.keys.signing),
        certificate + b"\0",
        certificate[:at] + b"\x30\x81" + certificate[at + 1 :],
    ):
        with pytest.raises(DecodeError):
            read_certificate(spoilt)


@pytest.mark.parametrize("number", [0, 1, P - 1, P, P + 1, 2**255 - 1, 2**256 - 1, 2**255])
def test_keys_of_small_order_are_refused(tmp_path: Path, number: int) -> None:
    keys = device(tmp_path, "a").keys
    weak = number.to_bytes(32, "little")
    for spoilt in (PublicKeys(weak, keys.sealing), PublicKeys(keys.signing, weak)):
        with pytest.raises(DecodeError):
            read_certificate(variant(spoilt))


@pytest.mark.parametrize(
    ("signing", "sealing"),
    [
        ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", None),
        ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", None),
        (None, "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        (None, "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    ],
)
def test_keys_of_order_eight_are_refused(tmp_path: Path, signing: str | None, sealing: str | None) -> None:
    keys = device(tmp_path, "a").keys
    weak = PublicKeys(
        bytes.fromhex(signing) if signing else keys.signing,
        bytes.fromhex(sealing) if sealing else keys.sealing,
    )
    with pytest.raises(DecodeError):
        read_certificate(variant(weak))


def test_an_unloadable_certificate_is_refused_and_keeps_nobody_else_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """`cryptography` reads this certificate, so earlier versions kept the record; OpenSSL cannot load it."""
    a, b = device(tmp_path, "a"), device(tmp_path, "b")
    bad = unloadable(a.keys)
    x509.load_der_x509_certificate(bad).public_key()
    with pytest.raises(ssl.SSLError):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=bad)
    with pytest.raises(DecodeError):
        read_certificate(bad)
    root = founded(a)
    record = decode_record(unchecked(Add(VAULT, bad, "bad", 1, a.id, 1), a))
    membership = Membership(VAULT, root.digest, [root, record, added(b, a)])
    assert set(membership.active) == {a.id, b.id}
    assert record.digest not in membership.rooted
    assert membership.unexplained() == []
    # Even if such a certificate were trusted, it would be left out, and the others would not.
    with caplog.at_level(logging.WARNING):
        context = dialling_context(a, [bad, b.certificate])
    assert context.cert_store_stats()["x509"] == 1
    listening = Listening(a)
    listening.trust({b"1": bad, b"2": b.certificate})
    assert listening.knows(b"2")
    assert {one.getMessage()[:45] for one in caplog.records} == {
        "OpenSSL cannot load the certificate of device"
    }
