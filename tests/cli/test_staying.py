from dataclasses import replace
from pathlib import Path

import pytest

from crdtnotes.cli.staying import Company
from crdtnotes.sync.conversation import PeerStatus
from crdtnotes.sync.node import Node
from crdtnotes.vault import Vault

HERE = PeerStatus("10.0.0.2", "bo", True, True, True, 3, 4, id=bytes(32), dialled_port=4821)
GONE = replace(HERE, connected=False, in_step=False)


def test_one_of_two_connections_that_ends_is_no_leaving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "vault"
    Vault.create(path, "ana").close()
    remembered: list[str] = []
    monkeypatch.setattr(Company, "_remember", lambda _, device, address: remembered.append(str(address)))
    company = Company(path, None)
    company._notice(HERE)
    monkeypatch.setattr(Node, "peers", property(lambda _: [HERE]))
    company._notice(GONE)
    assert capsys.readouterr().out == 'In step with "bo"\n'
    monkeypatch.setattr(Node, "peers", property(lambda _: []))
    company._notice(GONE)
    assert capsys.readouterr().out == '"bo" has left: 3 changes received, 4 changes sent\n'
    assert remembered == ["wss://10.0.0.2:4821"] * 2
