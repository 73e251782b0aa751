"""A member's sessions with valid signatures and hostile content; `python -m tests.fuzz --messages N`."""

from pathlib import Path

import pytest

from crdtnotes.trust import rooted
from crdtnotes.trust.roles import Role
from tests.fuzz import member
from tests.fuzz.corpus import build
from tests.shares import Share


@pytest.mark.parametrize("seed", [1, 2])
def test_honest_devices_go_on_after_whatever_a_member_sends(seed: int, share: Share, tmp_path: Path) -> None:
    wanted = max(2 * member.ROUND, share.frames // 20)
    sent = member.run(seed, wanted, tmp_path, build(tmp_path, seed), lambda _: None)
    assert sent.messages >= wanted
    assert {"DecodeError", "InvalidChange", "MissingChanges"} <= set(sent.ends)
    assert sent.accepted > 10
    assert sent.records > 10


def test_a_replica_that_takes_everybody_for_an_owner_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = rooted._signer
    monkeypatch.setattr(rooted, "_signer", lambda record: (*real(record)[:2], Role.READER))
    with pytest.raises(AssertionError):
        member.run(1, 20 * member.ROUND, tmp_path, build(tmp_path, 1), lambda _: None)
