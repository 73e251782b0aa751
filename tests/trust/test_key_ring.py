"""The passphrase in the system's keyring, with a keyring made for the test."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from crdtnotes.errors import LocalError
from crdtnotes.trust import key_ring
from crdtnotes.trust.identity import own_identity

DEVICE = bytes(range(32))


class Keyring(SimpleNamespace):
    """What the package `keyring` offers."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], str] = {}
        self.asked = 0
        self.fails = False

    def _check(self) -> None:
        self.asked += 1
        if self.fails:
            raise RuntimeError("The collection\nis \x1b[31mlocked")

    def get_password(self, service: str, user: str) -> str | None:
        self._check()
        return self.stored.get((service, user))

    def set_password(self, service: str, user: str, password: str) -> None:
        self._check()
        self.stored[service, user] = password

    def delete_password(self, service: str, user: str) -> None:
        self._check()
        del self.stored[service, user]


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Keyring:
    own_identity(tmp_path)
    made = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", made)
    return made


def test_a_passphrase_is_remembered_until_it_is_forgotten(keyring: Keyring, tmp_path: Path) -> None:
    assert key_ring.recall(DEVICE, tmp_path) is None
    assert keyring.asked == 0, "nobody's keyring is asked unless they wanted that"
    key_ring.remember(DEVICE, "correct horse", tmp_path)
    assert key_ring.is_remembered(tmp_path)
    assert key_ring.recall(DEVICE, tmp_path) == "correct horse"
    assert key_ring.recall(bytes(32), tmp_path) is None
    assert key_ring.forget(DEVICE, tmp_path)
    assert keyring.stored == {}
    assert not key_ring.is_remembered(tmp_path)
    assert not key_ring.forget(DEVICE, tmp_path)


def test_a_keyring_that_fails_is_reported_or_ignored(keyring: Keyring, tmp_path: Path) -> None:
    key_ring.remember(DEVICE, "correct horse", tmp_path)
    keyring.fails = True
    assert key_ring.recall(DEVICE, tmp_path) is None
    for call in (
        lambda: key_ring.remember(DEVICE, "another", tmp_path),
        lambda: key_ring.forget(DEVICE, tmp_path),
    ):
        with pytest.raises(LocalError, match="keyring did not") as caught:
            call()
        assert str(caught.value).isprintable()
    assert key_ring.is_remembered(tmp_path)


def test_a_passphrase_that_somebody_removed_elsewhere_can_be_forgotten(
    keyring: Keyring, tmp_path: Path
) -> None:
    key_ring.remember(DEVICE, "correct horse", tmp_path)
    keyring.stored.clear()
    assert key_ring.recall(DEVICE, tmp_path) is None
    assert key_ring.forget(DEVICE, tmp_path)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own_identity(tmp_path)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(LocalError, match=r"crdtnotes\[keyring\]"):
        key_ring.remember(DEVICE, "correct horse", tmp_path)
    assert not key_ring.is_remembered(tmp_path)
