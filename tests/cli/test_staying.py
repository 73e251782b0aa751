from dataclasses import replace
from pathlib import Path

import pytest

from crdtnotes.cli.dialling import fetching
from crdtnotes.cli.staying import Company
from crdtnotes.sync.peers.conversation import PeerStatus
from crdtnotes.sync.peers.node import Node
from crdtnotes.vault import Vault

HERE = PeerStatus("10.0.0.2", "bo", True, True, True, 3, 4, id=bytes(32), dialled_port=4821)
GONE = replace(HERE, connected=False, in_step=False)


def test_losing_one_of_two_connections_is_not_reported_as_leaving(
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
    assert capsys.readouterr().out == 'In sync with "bo"\n'
    monkeypatch.setattr(Node, "peers", property(lambda _: []))
    company._notice(GONE)
    assert capsys.readouterr().out == '"bo" disconnected: 3 changes received, 4 changes sent\n'
    assert remembered == ["wss://10.0.0.2:4821"] * 2


def test_progress_from_several_peers_is_shown_as_one() -> None:
    told: list[tuple[int, int]] = []
    report = fetching(lambda done, total: told.append((done, total)))
    bo, cem = (replace(HERE, id=bytes([number]) * 32, received=0) for number in (1, 2))
    report(bo)
    report(replace(bo, to_come=10))
    report(replace(cem, to_come=10))
    report(replace(bo, received=4, to_come=6))
    report(replace(cem, received=3, to_come=3))
    assert told == [(0, 10), (0, 10), (4, 14), (7, 13)]
