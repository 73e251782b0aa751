"""The list of devices through a pseudo terminal, with the keys that every terminal sends."""

import os
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.peering.devices import list_devices
from crdtnotes.trust.roles import Role
from tests.sync.laptops import Laptop, founder
from tests.tui.terminal.process import CTRL_Q, editor

F6, DOWN, UP = b"\x1b[17~", b"\x1b[B", b"\x1b[A"


@pytest.fixture
def ana(tmp_path: Path) -> Laptop:
    ana = founder(tmp_path)
    ana.add(Laptop(tmp_path, "bo"))
    ana.add(Laptop(tmp_path, "陈"), Role.READER)
    ana.write("n", "text")
    return ana


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
def test_a_role_is_changed_and_a_device_revoked(
    ana: Laptop, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "CRDTNOTES_HOME", str(ana.home))
    with editor("--vault", str(ana.path), "tui", "n", size=size) as terminal:
        terminal.wait_for("n  ✓ saved", "not here yet")
        terminal.send(F6)
        terminal.wait_for_screen(
            "Devices of this vault", "ana  owner  this device", "陈  reader", "esc closes"
        )
        terminal.send(DOWN * 2 + b"c")
        terminal.wait_for_screen('What may "陈" do?', "w  writer")
        terminal.send(b"w")
        terminal.wait_for_screen('"陈" is a writer now.')
        terminal.send(UP + b"x")
        terminal.wait_for_screen('Revoke "bo"', "y revokes")
        terminal.send(b"y")
        terminal.wait_for_screen('Revoked "bo".', "bo  owner  revoked by ana")
        terminal.send(b"l")
        terminal.wait_for_screen("Who added and revoked whom", ": made", ": revoked")
        terminal.send(b"\x1b")
        terminal.wait_for_screen("bo  owner  revoked by ana")
        terminal.send(CTRL_Q)
        assert terminal.exit_code() == 0, terminal.text
        assert "Traceback" not in terminal.text
    with Vault.open(ana.path, identity=ana.identity) as vault:
        found = {one.name: (one.role, one.active) for one in list_devices(vault)}
    assert found == {"ana": (Role.OWNER, True), "bo": (Role.OWNER, False), "陈": (Role.WRITER, True)}
