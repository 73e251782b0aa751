import pytest

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Reason
from crdtnotes.errors import (
    CrdtnotesError,
    DiskFull,
    Fork,
    InvalidChange,
    NotAMember,
    ProtocolError,
    Unreachable,
    VersionMismatch,
    WrongVault,
)
from crdtnotes.sync.session.close_reasons import bye_for, error_in


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (WrongVault("w"), Reason.WRONG_VAULT),
        (VersionMismatch("v"), Reason.VERSION_MISMATCH),
        (Fork("f", 1, 1), Reason.FORK),
        (NotAMember("n"), Reason.NOT_A_MEMBER),
        (InvalidChange("系统"), Reason.REFUSED),
    ],
)
def test_the_peer_is_told_its_fault(error: CrdtnotesError, reason: Reason) -> None:
    bye = bye_for(error)
    assert (bye.reason, bye.sentence) == (reason, str(error))


def test_local_errors_are_not_revealed_to_the_peer() -> None:
    bye = bye_for(DiskFull("There is no room left for /home/ana/notes."))
    assert bye.reason == Reason.TROUBLE
    assert "ana" not in bye.sentence


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (Reason.FORK, Fork),
        (Reason.NOT_A_MEMBER, NotAMember),
        (Reason.TROUBLE, Unreachable),
        (Reason.REFUSED, ProtocolError),
        (999, ProtocolError),
    ],
)
def test_a_peers_reason_is_an_error_here(reason: int, kind: type[CrdtnotesError]) -> None:
    error = error_in(messages.Bye(reason, "why"))
    assert type(error) is kind
    assert str(error) == "The peer says: why"


@pytest.mark.parametrize("reason", [Reason.DONE, Reason.LEAVING])
def test_a_normal_end_is_no_error(reason: Reason) -> None:
    assert error_in(messages.bye(reason, "bye")) is None
