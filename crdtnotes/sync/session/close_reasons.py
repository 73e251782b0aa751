"""Why a conversation ends: converts errors of this side to a Bye, and the peer's Bye to an error."""

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Bye, Reason
from crdtnotes.errors import (
    CrdtnotesError,
    Fork,
    NotAMember,
    ProtocolError,
    RemoteError,
    Unreachable,
    VersionMismatch,
    WrongVault,
)

_REASONS: dict[type[CrdtnotesError], Reason] = {
    WrongVault: Reason.WRONG_VAULT,
    VersionMismatch: Reason.VERSION_MISMATCH,
    Fork: Reason.FORK,
    NotAMember: Reason.NOT_A_MEMBER,
}
_ERRORS: dict[int, type[CrdtnotesError]] = {
    Reason.WRONG_VAULT: WrongVault,
    Reason.VERSION_MISMATCH: VersionMismatch,
    Reason.FORK: Fork,
    Reason.NOT_A_MEMBER: NotAMember,
    Reason.TROUBLE: Unreachable,
}


def bye_for(error: CrdtnotesError) -> Bye:
    """Return the Bye that tells the peer of an error, whoever is at fault."""
    if isinstance(error, RemoteError):
        return messages.bye(_REASONS.get(type(error), Reason.REFUSED), str(error))
    # The text of a local error may name files of this machine, so it is not sent.
    return messages.bye(Reason.TROUBLE, "The peer cannot read or write its replica at the moment.")


def error_in(bye: Bye) -> CrdtnotesError | None:
    """Return the error that a peer's Bye reports; None for a normal end."""
    if bye.reason in (Reason.DONE, Reason.LEAVING):
        return None
    return _ERRORS.get(bye.reason, ProtocolError)(f"The peer says: {bye.sentence}")
