"""Data in the age format: what other programs wrote, and hostile data."""

import base64
import os

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from crdtnotes.errors import DecodeError, WrongPassphrase
from crdtnotes.trust import age

# Written by another implementation (rage 0.11, through pyrage).
FOREIGN = base64.b64decode(
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBES3lsVjhFSStHcTdjKzVhc05NWElRIDE3CitCMEpWcWgvenRxSHJtZk1rWXNY"
    "cFlKMkFYSitGbmx1MUl0YWtPWkFnYlkKLS0tIFFYZXJiQ3JJdUpnRVEyK0pUNHYzcUFpK0VuUVdkWVN5VXZ1SXlLWDR4TzAK9665DTWm"
    "WOwAZsuJR3i7PvVmKanCA2oIYrXXfnLhKu1bUnlTa614w/ZziCfXJzUPpg=="
)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age, "LOG_N", 4)


def test_data_of_another_program_is_read() -> None:
    assert age.decrypt_with_passphrase(FOREIGN, "correct horse").decode() == "见 [[CAP定理]]"


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_data_of_any_size_come_back(size: int) -> None:
    data = os.urandom(size)
    secret = X25519PrivateKey.generate()
    locked = age.encrypt_with_passphrase(data, "ein Käfer")
    sealed = age.encrypt_to_key(data, secret.public_key().public_bytes_raw())
    assert age.is_encrypted(locked)
    assert age.is_encrypted(sealed)
    assert age.decrypt_with_passphrase(locked, "ein Käfer") == data
    assert age.decrypt_with_key(sealed, secret.private_bytes_raw()) == data


def test_only_the_passphrase_or_the_key_opens_them() -> None:
    secret, other = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    locked = age.encrypt_with_passphrase(b"text", "one passphrase")
    sealed = age.encrypt_to_key(b"text", secret.public_key().public_bytes_raw())
    with pytest.raises(WrongPassphrase):
        age.decrypt_with_passphrase(locked, "another one")
    with pytest.raises(DecodeError):
        age.decrypt_with_key(sealed, other.private_bytes_raw())
    with pytest.raises(DecodeError):
        age.decrypt_with_passphrase(sealed, "one passphrase")
    with pytest.raises(DecodeError):
        age.decrypt_with_key(locked, secret.private_bytes_raw())


def test_every_flipped_byte_and_every_truncation_is_noticed() -> None:
    secret = X25519PrivateKey.generate()
    raw = secret.private_bytes_raw()
    sealed = age.encrypt_to_key(b"text", secret.public_key().public_bytes_raw())
    locked = age.encrypt_with_passphrase(b"text", "a passphrase")
    for place in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[place] ^= 1
        with pytest.raises(DecodeError):
            age.decrypt_with_key(bytes(damaged), raw)
        with pytest.raises(DecodeError):
            age.decrypt_with_key(sealed[:place], raw)
    for place in range(len(locked)):
        damaged = bytearray(locked)
        damaged[place] ^= 1
        with pytest.raises((DecodeError, WrongPassphrase)):
            age.decrypt_with_passphrase(bytes(damaged), "a passphrase")
    with pytest.raises(DecodeError):
        age.decrypt_with_key(sealed + b"\0", raw)


def test_segments_cannot_be_dropped_or_exchanged() -> None:
    secret = X25519PrivateKey.generate()
    sealed = age.encrypt_to_key(bytes(3 * 65_536), secret.public_key().public_bytes_raw())
    size = 65_536 + 16
    start = len(sealed) - 3 * size
    one, two, three = (sealed[start + n * size : start + (n + 1) * size] for n in range(3))
    for body in (one + two, two + one + three, one + three, one + two + three + three):
        with pytest.raises(DecodeError):
            age.decrypt_with_key(sealed[:start] + body, secret.private_bytes_raw())


@pytest.mark.parametrize("log_n", [b"19", b"24", b"31", b"62", b"99", b"0", b"04", b"-1", b"100", b""])
def test_a_header_cannot_ask_for_much_memory(log_n: bytes) -> None:
    locked = age.encrypt_with_passphrase(b"text", "a passphrase").replace(b" 4\n", b" " + log_n + b"\n", 1)
    with pytest.raises(DecodeError):
        age.decrypt_with_passphrase(locked, "a passphrase")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        age.MAGIC,
        age.MAGIC + b"-> scrypt\n",
        age.MAGIC + b"-> " + b"x" * 1_000_000,
        age.MAGIC + b"-> scrypt " + b"A" * 22 + b" 4\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n",
        # Base64 that decodes to the right length but is not the one that is written.
        age.MAGIC + b"-> scrypt " + b"A" * 21 + b"B 4\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n",
        age.MAGIC + b"-> X25519 " + b"A" * 43 + b"\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n",
        age.MAGIC + b"-> X25519 " + b"A" * 43 + b" 4\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n",
    ],
)
def test_hostile_headers_are_refused(text: bytes) -> None:
    with pytest.raises((DecodeError, WrongPassphrase)):
        age.decrypt_with_passphrase(text, "a passphrase")
    with pytest.raises(DecodeError):
        age.decrypt_with_key(text, bytes(range(32)))
