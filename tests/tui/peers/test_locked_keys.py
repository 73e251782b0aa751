"""The editor of a device whose keys are locked with a passphrase."""

from pathlib import Path

import pytest

from crdtnotes import Vault, own_keys
from crdtnotes.peering.service import Ways
from crdtnotes.store import Replica
from crdtnotes.trust import age, identity, key_lock
from crdtnotes.trust.identity import HOME_VARIABLE, own_identity
from crdtnotes.unsaved import Unsaved, are_locked
from crdtnotes_tui.screens.passphrase import PassphraseScreen
from crdtnotes_tui.vault.unsaved_files import UnsavedFiles, bring_back
from tests.trust.devices import device
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run, until

PASSPHRASE = "correct horse"
WAYS = Ways(host="127.0.0.1", port=0, discover=False)


@pytest.fixture(autouse=True)
def _locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age, "LOG_N", 4)
    monkeypatch.setattr(identity, "_unlocked", {})
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.delenv(own_keys.FILE_VARIABLE, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    own_identity()
    key_lock.lock(PASSPHRASE)


@pytest.fixture
def paired(tmp_path: Path) -> Path:
    path = vault_of(tmp_path / "v", n="old ")
    replica = Replica(path)
    replica.devices.admit(device(tmp_path, "bo").certificate, "bo")
    replica.close()
    identity.forget_unlocked()
    return path


def asks(workspace: Desktop) -> bool:
    return isinstance(workspace.app.screen, PassphraseScreen)


def is_served(workspace: Desktop) -> bool:
    return workspace.app.main.collaboration.connections.address is not None


def unsigned(path: Path) -> int:
    with Vault.open(path) as vault:
        return int(vault.status()["unsigned_own"])


def test_a_paired_vault_asks_and_then_meets_its_devices(paired: Path) -> None:
    async def main() -> None:
        async with desktop(paired, "n", ways=WAYS) as workspace:
            await until(lambda: asks(workspace))
            await workspace.sees("The passphrase of this device's keys", "reaches no other device")
            await workspace.type("wrong horse\n")
            await workspace.sees("This is not the passphrase")
            assert not is_served(workspace)
            await workspace.type(PASSPHRASE)
            assert PASSPHRASE not in workspace.screen_text()
            await workspace.press("enter")
            await until(lambda: not asks(workspace))
            await until(lambda: is_served(workspace))
            await workspace.type("text")
            await workspace.saved()
            assert unsigned(paired) == 0

    run(main())


def test_without_it_the_editor_goes_on_alone(paired: Path) -> None:
    async def main() -> None:
        async with desktop(paired, "n", ways=WAYS) as workspace:
            await until(lambda: asks(workspace))
            await workspace.press("escape")
            await until(lambda: not asks(workspace))
            await workspace.type("typed ")
            await workspace.saved()
            assert workspace.stored() == "old typed "
            assert unsigned(paired) > 0
            assert not is_served(workspace)
            # Whatever needs the other devices asks again.
            await workspace.press("alt+c")
            await until(lambda: asks(workspace))
            await workspace.type(f"{PASSPHRASE}\n")
            await workspace.sees("This vault's devices can connect")
            await until(lambda: unsigned(paired) == 0)
            await workspace.press("escape")
            await workspace.sees("bo not here yet")
            assert workspace.screen_text().count("not here yet") == 1
        assert not workspace.app.failure

    run(main())


def test_pairing_asks_too(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "unpaired", n="")
    identity.forget_unlocked()

    async def main() -> None:
        async with desktop(path, "n", ways=WAYS) as workspace:
            assert not asks(workspace)
            await workspace.press("alt+p")
            await until(lambda: asks(workspace))
            await workspace.type(f"{PASSPHRASE}\n")
            await workspace.sees("crdtnotes join")
            await workspace.press("escape")

    run(main())


def test_a_file_answers_instead(paired: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    monkeypatch.setenv(own_keys.FILE_VARIABLE, str(file))

    async def main() -> None:
        async with desktop(paired, "n", ways=WAYS) as workspace:
            await until(lambda: is_served(workspace))
            assert not asks(workspace)

    run(main())


def unsaved(path: Path, text: str) -> Unsaved:
    with Vault.open(path) as vault:
        return Unsaved(vault.id, vault.note("n").id, "n", vault.note("n").text, text)


def test_unsaved_texts_are_encrypted_and_come_back_with_the_passphrase(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="old")
    identity.forget_unlocked()
    rescue = UnsavedFiles(path)
    kept = rescue.keep(unsaved(path, "old and 机密"))
    assert kept is not None
    stored = kept.read_bytes()
    assert "机密".encode() not in stored
    assert b"\\u673a" not in stored
    rescue.close()

    async def main() -> None:
        async with desktop(path, "n", ways=WAYS) as workspace:
            await until(lambda: asks(workspace))
            await workspace.sees("Unsaved text from last time is encrypted")
            await workspace.press("escape")
            await until(lambda: not asks(workspace))
            assert workspace.stored() == "old"
            assert kept.exists()
        async with desktop(path, "n", ways=WAYS) as workspace:
            await until(lambda: asks(workspace))
            await workspace.type(f"{PASSPHRASE}\n")
            await workspace.sees("Unsaved text from last time is back")
            await until(lambda: workspace.text == "old and 机密")
            assert not kept.exists()

    run(main())


def test_texts_of_other_vaults_and_devices_stay_where_they_are(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="old")
    other = vault_of(tmp_path / "other", n="old")
    rescue = UnsavedFiles(path)
    kept = rescue.keep(unsaved(path, "changed"))
    assert kept is not None
    rescue.close()
    identity.forget_unlocked()
    assert are_locked(path)
    assert not are_locked(other)
    with Vault.open(path) as vault:
        assert bring_back(vault) == []
        kept.write_bytes(age.encrypt_to_key(b"{}", device(tmp_path, "bo").keys.sealing))
        own_keys.unlock(PASSPHRASE)
        assert not are_locked(path)
        assert bring_back(vault) == []
        assert kept.exists()


def test_they_are_readable_after_the_passphrase_was_removed(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="old")
    rescue = UnsavedFiles(path)
    assert rescue.keep(unsaved(path, "changed")) is not None
    rescue.close()
    key_lock.remove_lock()
    identity.forget_unlocked()
    with Vault.open(path) as vault:
        assert bring_back(vault) == ["n"]
        assert vault.note("n").text == "changed"
