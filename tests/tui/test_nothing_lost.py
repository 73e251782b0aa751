"""Typed text survives a full disk and a killed process. See test_leaving for closed terminals."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from crdtnotes import Vault
from crdtnotes import unsaved as unsaved_texts
from crdtnotes.errors import DiskFull
from crdtnotes.unsaved import Unsaved, places
from crdtnotes_tui.vault import unsaved_files
from crdtnotes_tui.vault.unsaved_files import UnsavedFiles, bring_back, left_behind
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run, until


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def full(*_: object) -> None:
        raise DiskFull("There is no room left.")

    with monkeypatch.context() as patch:
        patch.setattr("crdtnotes.store.log.log.Log.write", full)
        yield


def unsaved(path: Path, base: str, text: str) -> Unsaved:
    with Vault.open(path) as vault:
        return Unsaved(vault.id, vault.note("n").id, "n", base, text)


def test_leaving_on_a_full_disk_asks_and_then_keeps_it_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = vault_of(tmp_path / "v", n="old ")

    async def leave() -> None:
        async with desktop(path, "n") as workspace:
            with full_disk(monkeypatch):
                await workspace.type("中文 typed")
                await workspace.press("ctrl+q")
                await workspace.sees("Not saved: n", "There is no room left.")
                assert workspace.app.is_running
                await workspace.type(" more")
                await workspace.press("ctrl+q")
                await until(lambda: bool(workspace.app.failure))
            assert "'n'" in workspace.app.failure
            assert "comes back at the next start" in workspace.app.failure

    async def come_back() -> None:
        async with desktop(path, "n") as workspace:
            await workspace.sees("Unsaved text from last time")
            assert workspace.text == workspace.stored() == "old , and Bo中文 typed more"
        with Vault.open(path) as vault:
            assert list(left_behind(path, vault.id)) == []

    run(leave())
    with Vault.open(path) as vault:
        assert vault.note("n").text == "old "
        vault.note("n").insert(4, ", and Bo")
    run(come_back())


def test_room_again_and_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        path = vault_of(tmp_path / "v", n="")
        async with desktop(path, "n") as workspace:
            with full_disk(monkeypatch):
                await workspace.type("kept")
                rescue = workspace.app.main.workspace.rescue
                await until(lambda: rescue.where(workspace.buffer.id) is not None)
                kept = rescue.where(workspace.buffer.id)
                assert kept is not None
                assert kept.parent == tmp_path
                assert kept.stat().st_mode & 0o077 == 0
            await workspace.sees("✓ saved")
            await until(lambda: not kept.exists())
            assert workspace.stored() == "kept"
        assert not workspace.app.failure

    run(main())


def test_a_living_editor_keeps_its_file_to_itself(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="a")
    rescue = UnsavedFiles(path)
    assert rescue.keep(unsaved(path, "a", "ab")) is not None
    with Vault.open(path) as vault:
        assert bring_back(vault) == []
        rescue.close()
        assert bring_back(vault) == ["n"]
        assert vault.note("n").text == "ab"
        assert bring_back(vault) == []


@pytest.mark.parametrize("gone", ["removed", "renamed"])
def test_it_comes_back_to_a_note_that_is_elsewhere(tmp_path: Path, gone: str) -> None:
    path = vault_of(tmp_path / "v", n="a")
    rescue = UnsavedFiles(path)
    rescue.keep(unsaved(path, "a", "a字"))
    rescue.close()
    with Vault.open(path) as vault:
        if gone == "removed":
            vault.note("n").remove()
        else:
            vault.note("n").rename("改名")
        (name,) = bring_back(vault)
        assert vault.note(name).text == "a字"


def test_where_the_folder_is_full_another_one_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = vault_of(tmp_path / "v", n="a")
    for module in (unsaved_texts, unsaved_files):
        monkeypatch.setattr(module, "places", lambda _: [tmp_path / "v" / "no folder", tmp_path / "other"])
    rescue = UnsavedFiles(path)
    kept = rescue.keep(unsaved(path, "a", "ab"))
    assert kept is not None
    assert kept.parent == tmp_path / "other"
    rescue.close()
    with Vault.open(path) as vault:
        assert bring_back(vault) == ["n"]


def test_what_is_no_such_file_is_left_alone(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="a")
    for name, data in [("x.unsaved", b"{"), ("y.unsaved", b"\xff"), ("z.unsaved", b'{"vault": 1}')]:
        (tmp_path / name).write_bytes(data)
    with Vault.open(path) as vault:
        assert bring_back(vault) == []
    assert len(list(tmp_path.glob("*.unsaved"))) == 3


# -- what other users of the machine may put where the files are


def only_temporary(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Leave only the folder for temporary files to write to; return it."""
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    folder.mkdir(exist_ok=True)
    real = places
    for module in (unsaved_texts, unsaved_files):
        monkeypatch.setattr(module, "places", lambda vault: real(vault)[-1:])
    return folder


@pytest.mark.parametrize("place", ["beside the vault", "among the temporary files", "in the private folder"])
@pytest.mark.parametrize("kind", ["fifo", "link to a fifo", "link", "folder"])
def test_something_else_at_the_path_of_an_unsaved_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, place: str
) -> None:
    path = vault_of(tmp_path / "v", n="a")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "shared"))
    folder = {
        "beside the vault": path.parent,
        "among the temporary files": tmp_path / "shared",
        "in the private folder": places(path)[-1],
    }[place]
    folder.mkdir(parents=True, exist_ok=True)
    there = folder / "v.x.unsaved"
    target = tmp_path / "elsewhere"
    target.mkdir()
    if kind == "folder":
        there.mkdir()
    elif kind == "fifo":
        os.mkfifo(there)
    elif kind == "link to a fifo":
        os.mkfifo(target / "fifo")
        there.symlink_to(target / "fifo")
    else:
        with Vault.open(path) as vault:
            left = Unsaved(vault.id, vault.note("n").id, "n", "a", "not typed here")
        (target / "text").write_bytes(msgspec.json.encode(left))
        there.symlink_to(target / "text")
    with Vault.open(path) as vault:
        assert bring_back(vault) == []
        assert vault.note("n").text == "a"
    assert os.path.lexists(there)


def test_a_text_of_another_user_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = vault_of(tmp_path / "v", n="a")
    rescue = UnsavedFiles(path)
    assert rescue.keep(unsaved(path, "a", "ab")) is not None
    rescue.close()
    with Vault.open(path) as vault:
        with monkeypatch.context() as patch:
            patch.setattr(os, "getuid", lambda: os.geteuid() + 1)
            assert bring_back(vault) == []
        assert bring_back(vault) == ["n"]


def test_among_the_temporary_files_a_text_is_in_a_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = vault_of(tmp_path / "v", n="a")
    shared = only_temporary(monkeypatch, tmp_path / "shared")
    rescue = UnsavedFiles(path)
    kept = rescue.keep(unsaved(path, "a", "ab"))
    assert kept is not None
    assert kept.parent.parent == shared
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    rescue.close()
    with Vault.open(path) as vault:
        assert bring_back(vault) == ["n"]


@pytest.mark.parametrize("kind", ["link", "file", "fifo"])
def test_somebody_has_taken_the_name_of_the_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = vault_of(tmp_path / "v", n="a")
    shared = only_temporary(monkeypatch, tmp_path / "shared")
    taken = places(path)[-1]
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    if kind == "link":
        taken.symlink_to(theirs)
    elif kind == "fifo":
        os.mkfifo(taken)
    else:
        taken.write_bytes(b"")
    rescue = UnsavedFiles(path)
    kept = rescue.keep(unsaved(path, "a", "ab"))
    assert kept is not None
    assert kept.parent.parent == shared
    assert kept.parent != taken
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert list(theirs.iterdir()) == []
    rescue.close()
    with Vault.open(path) as vault:
        assert bring_back(vault) == ["n"]
        assert vault.note("n").text == "ab"


def test_a_text_that_an_older_version_left_among_the_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = vault_of(tmp_path / "v", n="a")
    shared = only_temporary(monkeypatch, tmp_path / "shared")
    (shared / "v.x.unsaved").write_bytes(msgspec.json.encode(unsaved(path, "a", "ab")))
    with Vault.open(path) as vault:
        assert bring_back(vault) == ["n"]
    assert list(shared.iterdir()) == []
