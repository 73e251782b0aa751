"""Locking this device's keys, and the commands that ask for their passphrase."""

import json
import os
import sys
from pathlib import Path

import msgspec
import pytest

from crdtnotes import own_keys
from crdtnotes.trust import age, identity, key_lock
from crdtnotes.trust.identity import HOME_VARIABLE, own_identity
from crdtnotes.unsaved import Unsaved, encrypted, take
from crdtnotes.vault import Vault
from tests.cli.program import Program
from tests.trust.devices import device
from tests.trust.test_key_ring import Keyring

PASSPHRASE = "correct horse"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age, "LOG_N", 4)
    monkeypatch.setattr(identity, "_unlocked", {})
    monkeypatch.delenv(own_keys.FILE_VARIABLE, raising=False)


@pytest.fixture
def ana(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A device whose vault is paired."""
    home = tmp_path / "ana"
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    program = Program(tmp_path / "ana.crdtnotes", home)
    program.out("init", "--device", "ana")
    with Vault.open(program.path) as vault:
        vault.replica.devices.admit(device(tmp_path, "bo").certificate, "bo")
    return program


@pytest.fixture
def locked(ana: Program) -> Program:
    own_identity()
    key_lock.lock(PASSPHRASE)
    identity.forget_unlocked()
    return ana


class Keyboard:
    """Types answers where a passphrase is asked for."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.asked: list[str] = []

    def type(self, question: str) -> str:
        self.asked.append(question)
        return self.answers.pop(0)


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    """A terminal at standard input."""
    keys = Keyboard()
    monkeypatch.setattr("getpass.getpass", keys.type)

    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    return keys


def test_set_change_and_remove(ana: Program, keyboard: Keyboard) -> None:
    secret = own_identity().signing_secret
    assert ana.json("passphrase", "status") == {"locked": False, "in_keyring": False}
    keyboard.answers = [PASSPHRASE, PASSPHRASE]
    assert "locked from now on" in ana.out("passphrase", "set")
    assert ana.json("passphrase", "status") == {"locked": True, "in_keyring": False}
    assert secret not in b"".join(
        file.read_bytes() for file in (ana.home or ana.path).rglob("*") if file.is_file()
    )
    keyboard.answers = [PASSPHRASE, "another horse", "another horse"]
    assert "has changed" in ana.out("passphrase", "set")
    keyboard.answers = [PASSPHRASE]
    assert "not the passphrase" in ana.fails("passphrase", "remove")
    keyboard.answers = ["another horse"]
    assert "no passphrase any more" in ana.out("passphrase", "remove")
    assert ana.json("passphrase", "status") == {"locked": False, "in_keyring": False}
    assert own_identity().signing_secret == secret
    assert "have no passphrase" in ana.fails("passphrase", "remove")


def test_nothing_changes_if_the_passphrase_is_wrong_or_mistyped(locked: Program, keyboard: Keyboard) -> None:
    keyboard.answers = ["another horse"]
    assert "not the passphrase" in locked.fails("passphrase", "set")
    keyboard.answers = [PASSPHRASE, "one passphrase", "two passphrases"]
    assert "nothing has changed" in locked.fails("passphrase", "set")
    keyboard.answers = [PASSPHRASE, "short", "short"]
    assert "at least 8" in locked.fails("passphrase", "set")
    identity.forget_unlocked()
    key_lock.unlock(PASSPHRASE)


def test_without_a_terminal_one_sentence_says_what_to_do(locked: Program) -> None:
    for command in (["sync", "--once"], ["pair", "--yes"], ["revoke", "bo", "--yes"], ["serve"]):
        assert own_keys.FILE_VARIABLE in locked.fails(*command)
    assert "on a terminal only" in locked.fails("passphrase", "set")
    assert "on a terminal only" in locked.fails("passphrase", "remember")


def test_a_passphrase_is_asked_for_three_times(locked: Program, keyboard: Keyboard) -> None:
    keyboard.answers = ["wrong one", "wrong two", "wrong three"]
    result = locked.run("revoke", "bo", "--yes")
    assert result.exit_code == 1
    assert result.stderr.count("This is not the passphrase") == 3
    assert [one["state"] for one in locked.json("devices") if one["name"] == "bo"] == ["active"]
    keyboard.answers = ["wrong one", PASSPHRASE]
    assert 'Revoked "bo"' in locked.out("revoke", "bo", "--yes")
    assert len(keyboard.asked) == 5


def test_a_file_answers_instead(locked: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "passphrase"
    monkeypatch.setenv(own_keys.FILE_VARIABLE, str(file))
    file.write_text("another horse\n")
    assert "wrong" in locked.fails("revoke", "bo", "--yes")
    file.write_text(f"{PASSPHRASE}\n")
    assert 'Revoked "bo"' in locked.out("revoke", "bo", "--yes")


def test_erasing_asks_for_it_before_anything_else(
    locked: Program, keyboard: Keyboard, tmp_path: Path
) -> None:
    locked.out("new", "Servers", "--text", "root: hunter2-Geheim")
    keyboard.answers = [PASSPHRASE]
    result = locked.run("erase", "Servers", "--text", "hunter2-Geheim", stdin="y\n")
    assert result.exit_code == 0
    assert result.stderr.count("Erase this text") == 1
    assert len(keyboard.asked) == 1
    assert locked.text("Servers") == "root: "
    assert b"hunter2" not in locked.path.read_bytes()


def test_erasing_needs_it_for_unsaved_texts_that_are_encrypted(tmp_path: Path, locked: Program) -> None:
    """In a vault that was never paired, too: they would not belong to the new vault, and keep the text."""
    alone = Program(tmp_path / "alone.crdtnotes", locked.home)
    alone.out("init")
    alone.out("new", "Servers", "--text", "root: hunter2-Geheim")
    with Vault.open(alone.path) as vault:
        text = "root: hunter2-Geheim\nnot stored\n"
        unsaved = Unsaved(vault.id, vault.note("Servers").id, "Servers", "root: hunter2-Geheim", text)
    file = alone.path.with_name("alone.crdtnotes.x.unsaved")
    file.write_bytes(encrypted(msgspec.json.encode(unsaved)))
    assert own_keys.FILE_VARIABLE in alone.fails("erase", "Servers", "--text", "hunter2-Geheim", "--yes")
    assert alone.text("Servers") == "root: hunter2-Geheim"
    own_keys.unlock(PASSPHRASE)
    alone.out("erase", "Servers", "--text", "hunter2-Geheim", "--yes")
    assert own_keys.is_encrypted(file.read_bytes())
    with Vault.open(alone.path) as vault:
        left = take(file, vault.id)
    assert left is not None
    left.done(keep=True)
    assert (left.unsaved.base, left.unsaved.text) == ("root: ", "root: \nnot stored\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["role", "bo", "writer"], '"bo" is a writer of this vault.\n'), (["resign"], "Nothing to sign.\n")],
)
def test_what_an_owner_signs_asks_for_it(
    locked: Program, keyboard: Keyboard, arguments: list[str], said: str
) -> None:
    keyboard.answers = [PASSPHRASE]
    assert locked.out(*arguments) == said
    assert len(keyboard.asked) == 1


def test_notes_are_read_and_written_without_it(locked: Program) -> None:
    locked.out("new", "a note", "--text", "[[link]]")
    locked.out("append", "a note", "more")
    assert "more" in locked.text("a note")
    assert "No problems" in locked.out("check")
    assert "its keys are locked: 2 changes" in locked.out("status")
    assert {one["name"] for one in locked.json("devices") if one["own"]} == {"ana"}
    key_lock.unlock(PASSPHRASE)
    locked.out("new", "another note")
    assert "locked" not in locked.out("status")


def test_the_keyring_answers_instead(
    locked: Program, keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    keyboard.answers = ["another horse"]
    assert "not the passphrase" in locked.fails("passphrase", "remember")
    keyboard.answers = [PASSPHRASE]
    locked.out("passphrase", "remember")
    assert list(keyring.stored.values()) == [PASSPHRASE]
    keyboard.answers = [PASSPHRASE, "another horse", "another horse"]
    locked.out("passphrase", "set")
    assert list(keyring.stored.values()) == ["another horse"]
    identity.forget_unlocked()
    asked = len(keyboard.asked)
    assert 'Revoked "bo"' in locked.out("revoke", "bo", "--yes")
    assert len(keyboard.asked) == asked
    locked.out("passphrase", "forget")
    assert keyring.stored == {}
    assert "does not have" in locked.fails("passphrase", "forget")
    keyboard.answers = ["another horse", "another horse"]
    locked.out("passphrase", "remember")
    locked.out("passphrase", "remove")
    assert keyring.stored == {}
    assert json.loads(locked.out("passphrase", "status", "--json")) == {"locked": False, "in_keyring": False}


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo terminals")
def test_what_is_typed_is_not_shown(tmp_path: Path) -> None:
    from tests.tui.terminal.process import editor as in_terminal

    with in_terminal("passphrase", "set", home=tmp_path) as terminal:
        for question in ("New passphrase: ", "The same again: "):
            terminal.wait_for(question)
            terminal.settle()
            terminal.send(PASSPHRASE.encode() + b"\r")
        assert terminal.exit_code() == 0, terminal.text
        assert "locked from now on" in terminal.text
        assert PASSPHRASE not in terminal.text
    with in_terminal("passphrase", "set", home=tmp_path) as terminal:
        terminal.wait_for("Present passphrase: ")
        terminal.settle()
        terminal.send(b"\x03")
        assert terminal.exit_code() == 130, terminal.text
