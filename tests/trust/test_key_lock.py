"""A device's own keys behind a passphrase."""

import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from crdtnotes.errors import BadIdentity, KeysLocked, LocalError, WrongPassphrase
from crdtnotes.trust import age, identity, key_lock
from crdtnotes.trust.identity import Identity, own_id, own_identity

PASSPHRASE = "correct horse 马"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age, "LOG_N", 4)
    monkeypatch.setattr(identity, "_unlocked", {})


@pytest.fixture
def before(tmp_path: Path) -> Identity:
    """The identity of a device whose keys are locked, as it was before."""
    found = own_identity(tmp_path)
    key_lock.lock(PASSPHRASE, tmp_path)
    identity.forget_unlocked()
    return found


def everything(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def tls_key_in(pem: bytes) -> bytes:
    return pem.split(b"-----END PRIVATE KEY-----")[0]


def test_locked_keys_are_in_no_file_in_the_clear(tmp_path: Path) -> None:
    found = own_identity(tmp_path)
    tls_key = tls_key_in(found.tls_file.read_bytes())
    assert found.signing_secret in everything(tmp_path)
    key_lock.lock(PASSPHRASE, tmp_path)
    stored = everything(tmp_path)
    for secret in (
        found.signing_secret,
        found.sealing_secret,
        tls_key,
        b"BEGIN PRIVATE KEY",
        found.tls_password.encode(),
        PASSPHRASE.encode(),
    ):
        assert secret not in stored
        assert secret.hex().encode() not in stored
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "identity").iterdir()} == {0o600}


def test_locked_keys_need_their_passphrase(tmp_path: Path, before: Identity) -> None:
    assert key_lock.is_locked(tmp_path)
    assert not key_lock.is_unlocked(tmp_path)
    with pytest.raises(KeysLocked) as caught:
        own_identity(tmp_path)
    assert caught.value.certificate == before.certificate
    assert own_id(tmp_path) == before.id
    with pytest.raises(WrongPassphrase):
        key_lock.unlock("correct horse 馬", tmp_path)
    assert not key_lock.is_unlocked(tmp_path)
    found = key_lock.unlock(PASSPHRASE, tmp_path)
    assert (found.signing_secret, found.sealing_secret) == (before.signing_secret, before.sealing_secret)
    assert own_identity(tmp_path) == found
    assert key_lock.is_locked(tmp_path)
    assert key_lock.is_unlocked(tmp_path)


@pytest.mark.parametrize("state", ["clear", "locked", "removed"])
def test_the_tls_key_can_be_used_in_every_state(tmp_path: Path, state: str) -> None:
    own_identity(tmp_path)
    if state != "clear":
        key_lock.lock(PASSPHRASE, tmp_path)
    if state == "removed":
        key_lock.remove_lock(tmp_path)
    own_identity(tmp_path).load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))


def test_a_program_that_runs_goes_on_when_the_keys_are_locked(tmp_path: Path) -> None:
    running = own_identity(tmp_path)
    key_lock.lock(PASSPHRASE, tmp_path)
    running.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    assert running.sign(b"message")


def test_the_passphrase_can_be_changed_and_removed(tmp_path: Path, before: Identity) -> None:
    with pytest.raises(KeysLocked):
        key_lock.lock("another passphrase", tmp_path)
    with pytest.raises(KeysLocked):
        key_lock.remove_lock(tmp_path)
    key_lock.unlock(PASSPHRASE, tmp_path)
    key_lock.lock("another passphrase", tmp_path)
    identity.forget_unlocked()
    with pytest.raises(WrongPassphrase):
        key_lock.unlock(PASSPHRASE, tmp_path)
    key_lock.unlock("another passphrase", tmp_path)
    key_lock.remove_lock(tmp_path)
    identity.forget_unlocked()
    found = own_identity(tmp_path)
    assert (found.signing_secret, found.sealing_secret) == (before.signing_secret, before.sealing_secret)
    assert not key_lock.is_locked(tmp_path)


def test_letters_may_be_composed_either_way(tmp_path: Path) -> None:
    own_identity(tmp_path)
    key_lock.lock("Ka\u0308fer im Glas", tmp_path)
    identity.forget_unlocked()
    key_lock.unlock("K\u00e4fer im Glas", tmp_path)


@pytest.mark.parametrize("passphrase", ["", "seven77", "x" * 1025, "马" * 342, "half \ud800 a pair"])
def test_bad_passphrases_change_nothing(tmp_path: Path, passphrase: str) -> None:
    own_identity(tmp_path)
    stored = everything(tmp_path)
    with pytest.raises(LocalError, match="passphrase"):
        key_lock.lock(passphrase, tmp_path)
    assert everything(tmp_path) == stored


def test_locked_keys_of_another_device_are_noticed(tmp_path: Path, before: Identity) -> None:
    own_identity(tmp_path / "other")
    key_lock.lock(PASSPHRASE, tmp_path / "other")
    (tmp_path / "other" / "identity" / "keys").replace(tmp_path / "identity" / "keys")
    with pytest.raises(BadIdentity, match="damaged"):
        key_lock.unlock(PASSPHRASE, tmp_path)


@pytest.mark.parametrize(
    "keys",
    [
        age.MAGIC,
        age.MAGIC + b"-> scrypt " + b"A" * 22 + b" 31\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n",
        age.MAGIC + bytes(10_000_000),
    ],
)
def test_hostile_files_of_keys_are_refused(tmp_path: Path, before: Identity, keys: bytes) -> None:
    (tmp_path / "identity" / "keys").write_bytes(keys)
    with pytest.raises(BadIdentity, match="damaged"):
        key_lock.unlock(PASSPHRASE, tmp_path)


def test_a_folder_without_keys_is_not_locked(tmp_path: Path) -> None:
    assert not key_lock.is_locked(tmp_path)
    assert list(tmp_path.iterdir()) == []


_KILLED = """
import os, shutil, sys
from pathlib import Path
from crdtnotes.trust import age, identity, key_lock
from cryptography.hazmat.primitives import serialization
age.LOG_N = 4
base = Path(sys.argv[1])

def killed_at(step, change, home):
    child = os.fork()
    if child == 0:
        left = [step]
        def hook(event, arguments):
            if event in ("open", "os.rename", "os.remove") and str(home) in str(arguments[0]):
                left[0] -= 1
                if left[0] < 0:
                    os._exit(9)
        sys.addaudithook(hook)
        change(home)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

def clear(home):
    return not key_lock.is_locked(home)

def first_lock(home):
    key_lock.lock("the new passphrase", home)

def change(home):
    key_lock.unlock("the old passphrase", home)
    key_lock.lock("the new passphrase", home)

def remove(home):
    key_lock.unlock("the old passphrase", home)
    key_lock.remove_lock(home)

for change, starts_locked in ((first_lock, False), (change, True), (remove, True)):
    start = base / change.__name__
    before = identity.own_identity(start)
    if starts_locked:
        key_lock.lock("the old passphrase", start)
    for step in range(1000):
        home = base / f"{change.__name__}-{step}"
        shutil.copytree(start, home)
        identity.forget_unlocked()
        killed = killed_at(step, change, home)
        identity.forget_unlocked()
        state = "clear" if clear(home) else "locked"
        for passphrase in ("the old passphrase", "the new passphrase"):
            try:
                found = key_lock.unlock(passphrase, home)
            except Exception as error:
                assert type(error).__name__ == "WrongPassphrase", repr(error)
            else:
                assert found.signing_secret == before.signing_secret
                import ssl
                found.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
                break
        else:
            raise AssertionError(f"no passphrase opens the keys: {change.__name__} {step}")
        stored = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
        if state == "locked":
            assert before.signing_secret not in stored, (change.__name__, step)
            assert b"BEGIN PRIVATE KEY" not in stored, (change.__name__, step)
        print(change.__name__, state, passphrase.split()[1] if state == "locked" else "-")
        shutil.rmtree(home)
        if not killed:
            break
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
def test_a_kill_at_any_step_leaves_the_old_keys_or_the_new_ones(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for change, first, last in (
        ("first_lock", "clear -", "locked new"),
        ("change", "locked old", "locked new"),
        ("remove", "locked old", "clear -"),
    ):
        states = [line.removeprefix(f"{change} ") for line in lines if line.startswith(f"{change} ")]
        assert len(states) > 4
        assert set(states) == {first, last}
        assert states == sorted(states, key=[first, last].index)
