"""Vaults, bundles and peers of version 0.1: they open, sync and end as they did there.

v0_1/README.md says what the files are. Nobody changes them: whatever this version writes differently, it has
to read and to answer these as before.
"""

import base64
import json
import lzma
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from crdtnotes import Vault
from crdtnotes.changes import messages
from crdtnotes.errors import VersionMismatch
from crdtnotes.sync.session.session import Session
from crdtnotes.trust.identity import Identity, own_identity
from tests.cli.program import Program
from tests.compat.make import described
from tests.sync.wire import Wire, settle
from tests.vaults import fast

FILES = Path(__file__).parent / "v0_1"
EXPECTED: dict[str, Any] = json.loads((FILES / "expected.json").read_text("utf-8"))
MEETINGS: dict[str, Any] = json.loads((FILES / "meetings.json").read_text("utf-8"))
# `。#理论` in a note that several devices edited: then, no tag could stand behind CJK punctuation.
EXPECTED["plain"]["tags"] = [[tag, number + (tag == "理论")] for tag, number in EXPECTED["plain"]["tags"]]
DEVICES = {
    "ana": "ana",
    "bo": "bo",
    "founder": "ana",
    "joined": "bo",
    "ana-fork-1": "ana",
    "ana-fork-2": "ana",
}
"""The paired vaults, with whose they are."""

VAULTS = ["plain", "fork-1", "fork-2", *DEVICES]


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine has not seen any of the files before."""
    monkeypatch.setenv("CRDTNOTES_STATE", str(tmp_path / "state"))


def home_of(folder: Path, device: str) -> Path:
    """The data folder of a device with its keys, copied, for their owner only."""
    home = folder / f"home-{device}"
    if not home.exists():
        shutil.copytree(FILES / "test-keys" / device, home)
        for file in (home / "identity").iterdir():
            file.chmod(0o600)
    return home


def identity_of(folder: Path, device: str) -> Identity:
    return own_identity(home_of(folder, device))


def copied(folder: Path, name: str) -> Path:
    """A copy of a vault's file."""
    path = folder / f"{name}.crdtnotes"
    path.write_bytes(lzma.decompress((FILES / f"{name}.crdtnotes.xz").read_bytes()))
    return path


@contextmanager
def opened(folder: Path, name: str) -> Iterator[Vault]:
    """A copy of a vault, open, with the keys of the device that it is from."""
    identity = identity_of(folder, DEVICES[name]) if name in DEVICES else None
    with Vault.open(copied(folder, name), identity=identity) as vault:
        yield fast(vault)


@contextmanager
def created(folder: Path, vault: Vault, device: str = "new") -> Iterator[Vault]:
    """A new and empty replica of a vault."""
    with Vault.create(folder / f"{device}.db", device, vault.id) as new:
        yield fast(new)


def texts(vault: Vault) -> dict[str, str]:
    return {info.name: vault.note(info.name).text for info in vault.notes()}


def expected_texts(name: str) -> dict[str, str]:
    return {note: content["text"] for note, content in EXPECTED[name]["notes"].items()}


def edit(vault: Vault) -> None:
    """Change an old note, give another a new name, delete one and make one."""
    names = [info.name for info in vault.notes()]
    vault.note(names[0]).append("写于新版 with [[New]]")
    vault.create_note("New", "made by the new version, [[Old name]]\n")
    vault.note(names[-1]).rename("Old name")
    vault.create_note("Short-lived", "").remove()


# -- vaults


@pytest.mark.parametrize("name", VAULTS)
def test_an_old_vault_says_what_it_said(tmp_path: Path, name: str) -> None:
    with opened(tmp_path, name) as vault:
        assert vault.check() == []
        assert described(vault) == EXPECTED[name]


@pytest.mark.parametrize("name", VAULTS)
def test_an_old_vault_can_be_read_where_nothing_may_be_written(tmp_path: Path, name: str) -> None:
    path = copied(tmp_path, name)
    before = path.read_bytes()
    with Vault.open(path, read_only=True) as vault:
        assert texts(vault) == expected_texts(name)
        assert vault.digest == EXPECTED[name]["digest"]
        assert vault.check() == []
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", [name for name in VAULTS if name != "joined"])
def test_an_old_vault_is_edited_and_synced_with_a_new_replica(tmp_path: Path, name: str) -> None:
    """All but the one that lacks signatures: nobody else takes what it has."""
    with opened(tmp_path, name) as old, created(tmp_path, old) as new:
        settle(Wire(old.replica, new.replica))
        assert new.digest == EXPECTED[name]["digest"]
        edit(old)
        settle(Wire(new.replica, old.replica))
        assert texts(new) == texts(old)
        digest = old.digest
        assert new.digest == digest != EXPECTED[name]["digest"]
        assert "写于新版" in "".join(texts(new).values())
        assert "Old name" in new
        assert old.check() == new.check() == []
    for path in (old.path, new.path):
        with Vault.open(path) as again:
            assert (again.digest, again.check()) == (digest, [])


def test_a_vault_that_lacks_signatures_gets_them_and_passes_everything_on(tmp_path: Path) -> None:
    with opened(tmp_path, "founder") as founder, opened(tmp_path, "joined") as joined:
        assert joined.status()["unsigned"] > 0
        settle(Wire(founder.replica, joined.replica))
        assert joined.status()["unsigned"] == 0
        with created(tmp_path, joined) as new:
            settle(Wire(joined.replica, new.replica))
            assert new.digest == joined.digest == founder.digest


def test_a_new_replica_of_an_old_vault_may_write_too(tmp_path: Path) -> None:
    with opened(tmp_path, "plain") as old, created(tmp_path, old) as new:
        settle(Wire(old.replica, new.replica))
        edit(new)
        old.note("Index").append("written at once")
        settle(Wire(old.replica, new.replica))
        assert new.digest == old.digest
        assert "written at once" in new.note("Index").text
        assert old.check() == new.check() == []


def test_an_old_deleted_note_comes_back_whole(tmp_path: Path) -> None:
    with opened(tmp_path, "plain") as vault:
        assert "Gone" not in vault
        gone = vault.note_by_id(EXPECTED["deleted"]["id"])
        gone.restore()
        assert vault.note("Gone").text == gone.text == EXPECTED["deleted"]["text"]
        assert "Gone" in {link.note for link in vault.note("Index").backlinks()}
        assert vault.check() == []


@pytest.mark.parametrize("name", VAULTS)
def test_an_old_vault_is_compacted(tmp_path: Path, name: str) -> None:
    with opened(tmp_path, name) as vault:
        vault.compact()
        assert described(vault) == EXPECTED[name]
        edit(vault)
        digest = vault.digest
        vault.compact()
        assert (vault.digest, vault.check()) == (digest, [])


@pytest.mark.parametrize("name", VAULTS)
def test_an_old_vault_is_repaired(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program(copied(tmp_path, name))
    if name in DEVICES:
        monkeypatch.setenv("CRDTNOTES_HOME", str(home_of(tmp_path, DEVICES[name])))
    with sqlite3.connect(program.path) as conn:
        assert conn.execute("UPDATE notes SET base = 'x', base_key = 'x'").rowcount > 0
        assert conn.execute("DELETE FROM names").rowcount > 0
    conn.close()
    assert program.run("check").exit_code == 1
    program.out("repair")
    assert program.json("check") == []
    with Vault.open(program.path) as vault:
        assert (vault.id, vault.digest) == (EXPECTED[name]["vault"], EXPECTED[name]["digest"])
        assert texts(vault) == expected_texts(name)


def test_an_old_vault_is_backed_up(tmp_path: Path) -> None:
    with opened(tmp_path, "plain") as vault:
        vault.backup(tmp_path / "backup.db")
    with Vault.open(tmp_path / "backup.db") as backup:
        edit(backup)
        assert backup.check() == []


# -- folders


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_an_old_vault_is_exported_as_it_was(tmp_path: Path) -> None:
    program = Program(copied(tmp_path, "plain"))
    program.out("export", tmp_path / "folder")
    assert files_in(tmp_path / "folder") == files_in(FILES / "folder")


def test_a_folder_of_an_old_export_is_imported(tmp_path: Path) -> None:
    old, new = Program(copied(tmp_path, "plain")), Program(tmp_path / "new.db")
    digest = old.json("status")["digest"]
    old.out("import", FILES / "folder")
    assert old.json("status")["digest"] == digest
    new.out("init")
    new.out("import", FILES / "folder")
    with Vault.open(new.path) as vault:
        assert texts(vault) == expected_texts("plain")
        assert vault.check() == []


# -- devices and bundles


@pytest.mark.parametrize("name", ["ana", "bo"])
def test_old_devices_know_each_other(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRDTNOTES_HOME", str(home_of(tmp_path, name)))
    listed = Program(copied(tmp_path, name)).json("devices")
    assert {one["name"] for one in listed} == ({"ana", "bo", "cem"} if name == "ana" else {"ana", "bo"})
    with opened(tmp_path, name) as vault:
        for device in ("ana", "bo"):
            assert vault.replica.devices.is_member(identity_of(tmp_path, device).id)
        assert not vault.replica.devices.is_member(bytes(32))


def test_old_devices_write_sign_and_agree(tmp_path: Path) -> None:
    with opened(tmp_path, "ana") as ana, opened(tmp_path, "bo") as bo:
        edit(ana)
        bo.note("after").append("bo, in the new version")
        settle(Wire(ana.replica, bo.replica))
        assert ana.digest == bo.digest
        assert "bo, in the new version" in ana.note("after").text
        assert ana.check() == bo.check() == []
        assert ana.status()["unsigned"] == bo.status()["unsigned"] == 0
        assert bo.replica.devices.is_member(identity_of(tmp_path, "cem").id)


def test_an_old_device_admits_a_new_one_and_revokes_an_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dan = own_identity(tmp_path / "home-dan")
    with opened(tmp_path, "ana") as ana, opened(tmp_path, "bo") as bo:
        ana.replica.devices.admit(dan.certificate, "dan")
        settle(Wire(ana.replica, bo.replica))
        assert bo.replica.devices.is_member(dan.id)
        bo.replica.devices.revoke(identity_of(tmp_path, "cem").id)
        settle(Wire(ana.replica, bo.replica))
        assert not ana.replica.devices.is_member(identity_of(tmp_path, "cem").id)
    monkeypatch.setenv("CRDTNOTES_HOME", str(tmp_path / "home-ana"))
    Program(tmp_path / "ana.crdtnotes").out("revoke", "dan", "--yes")
    assert Program(tmp_path / "ana.crdtnotes").json("check") == []


def test_an_old_bundle_is_applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRDTNOTES_HOME", str(home_of(tmp_path, "bo")))
    bo = Program(copied(tmp_path, "bo"))
    bo.out("bundle", "apply", FILES / "ana-to-bo.bundle")
    with Vault.open(bo.path) as vault:
        found = described(vault)
        assert vault.check() == []
    assert found == EXPECTED["bo with the bundle"]
    assert bo.out("bundle", "apply", FILES / "ana-to-bo.bundle") == "New here: 0 changes.\n"


# -- meetings


def frames_of(step: dict[str, Any], key: str = "frames") -> list[bytes]:
    return [base64.b64decode(frame) for frame in step.get(key, [])]


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("name", list(MEETINGS))
def test_an_old_peer_is_told_that_it_needs_an_update(tmp_path: Path, name: str, side: str) -> None:
    """Peers of version 0.1 speak protocol 2, in which no values and no edits alike can be said."""
    meeting = MEETINGS[name]
    own = meeting["sides"][side]
    with ExitStack() as stack:
        if own["file"] is None:
            vault = stack.enter_context(Vault.create(tmp_path / "new.db", own["device"], meeting["vault"]))
        else:
            vault = stack.enter_context(opened(tmp_path, own["file"]))
        digest = vault.digest
        hello = next(
            frame for step in meeting["meetings"][0] if step["by"] != side for frame in frames_of(step)
        )
        session = Session(vault.replica)
        session.start()
        session.data_to_send()
        session.receive([hello])
        assert isinstance(session.error, VersionMismatch)
        (bye,) = map(messages.decode, session.data_to_send())
        assert isinstance(bye, messages.Bye)
        assert bye.reason == messages.Reason.VERSION_MISMATCH
        assert bye.sentence == (
            "One side supports sync protocol 2 to 2, the other 4 to 4: the older crdtnotes needs an update."
        )
        assert session.closed
        assert vault.digest == digest
