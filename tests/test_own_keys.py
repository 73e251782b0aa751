"""This device's keys as programs use them: passphrases from a file and from the keyring, texts for itself."""

import os
from pathlib import Path

import pytest

from crdtnotes import own_keys
from crdtnotes.errors import DecodeError, KeysLocked, LocalError, WrongPassphrase
from crdtnotes.trust import age, identity, key_lock, key_ring
from crdtnotes.trust.identity import HOME_VARIABLE, own_id, own_identity

PASSPHRASE = "correct horse"


@pytest.fixture(autouse=True)
def _device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(age, "LOG_N", 4)
    monkeypatch.setattr(identity, "_unlocked", {})
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.delenv(own_keys.FILE_VARIABLE, raising=False)


@pytest.fixture
def locked() -> None:
    own_identity()
    key_lock.lock(PASSPHRASE)
    identity.forget_unlocked()


def test_keys_without_a_passphrase_need_nothing() -> None:
    assert not own_keys.are_locked()
    assert own_keys.unlock_unasked()
    assert own_keys.encrypt_for_this_device(b"text") is None
    assert own_keys.decrypt_on_this_device(b"text") == b"text"


@pytest.mark.usefixtures("locked")
def test_a_file_can_have_the_passphrase(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert own_keys.are_locked()
    assert not own_keys.unlock_unasked()
    file = tmp_path / "passphrase"
    monkeypatch.setenv(own_keys.FILE_VARIABLE, str(file))
    with pytest.raises(LocalError, match="cannot be read"):
        own_keys.unlock_unasked()
    for wrong, error in (
        (b"another horse", WrongPassphrase),
        (b"", WrongPassphrase),
        (b"\xff" * 9, LocalError),
    ):
        file.write_bytes(wrong)
        with pytest.raises(error, match="file"):
            own_keys.unlock_unasked()
    assert own_keys.are_locked()
    for ending in (b"", b"\n", b"\r\n", b"\nmore\n"):
        identity.forget_unlocked()
        file.write_bytes(PASSPHRASE.encode() + ending)
        assert own_keys.unlock_unasked()
        assert not own_keys.are_locked()


@pytest.mark.usefixtures("locked")
@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system does not name file descriptors")
def test_a_file_descriptor_can_have_the_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, f"{PASSPHRASE}\n".encode())
        os.close(writing)
        monkeypatch.setenv(own_keys.FILE_VARIABLE, f"/dev/fd/{reading}")
        assert own_keys.unlock_unasked()
    finally:
        os.close(reading)


@pytest.mark.usefixtures("locked")
def test_the_keyring_can_have_the_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {own_id(): "outdated"}
    monkeypatch.setattr(key_ring, "recall", given.get)
    assert not own_keys.unlock_unasked()
    given[own_id()] = PASSPHRASE
    assert own_keys.unlock_unasked()


@pytest.mark.usefixtures("locked")
def test_a_text_can_be_encrypted_but_not_read_while_the_keys_are_locked() -> None:
    encrypted = own_keys.encrypt_for_this_device("见 [[CAP]]".encode())
    assert encrypted is not None
    assert b"CAP" not in encrypted
    with pytest.raises(KeysLocked):
        own_keys.decrypt_on_this_device(encrypted)
    own_keys.unlock(PASSPHRASE)
    assert own_keys.decrypt_on_this_device(encrypted).decode() == "见 [[CAP]]"
    with pytest.raises(DecodeError):
        own_keys.decrypt_on_this_device(encrypted[:-1])
    key_lock.remove_lock()
    assert own_keys.decrypt_on_this_device(encrypted).decode() == "见 [[CAP]]"
