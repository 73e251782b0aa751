"""Faults in roles, membership, erasing and signing: each is found by worlds with roles, or by random records.

Those in `RULES` are found by records that are drawn at random and read twice
(tests/trust/test_member_model.py), the others by the worlds of the first seeds in which devices have roles.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from crdtnotes.store.erasure.erasing import Erasing
from crdtnotes.store.signing.signer import Signer
from crdtnotes.trust import member_log, rooted
from crdtnotes.trust.limits import Limits, Seniority, Struck
from crdtnotes.trust.membership import Membership
from crdtnotes.trust.records import Add, Grant, Keep, Remark, Revoke
from crdtnotes.trust.roles import Role
from crdtnotes.trust.rooted import RootedRecords
from tests.crdt.planted import instead

Plant = Callable[[], AbstractContextManager[object]]


def _always(_: Any) -> Any:
    return lambda *_: True


def _never(_: Any) -> Any:
    return lambda *_: False


def _nothing(_: Any) -> Any:
    return lambda *_, **__: None


def _wrong_way(right: Any) -> Any:
    return lambda self, id, other: right(self, other, id)


def _signed_by_any(*kinds: type) -> Callable[[Any], Any]:
    """A record of these kinds needs no more of its signer than that it was ever added."""

    def make(right: Any) -> Any:
        def signer(record: Any) -> Any:
            id, epoch, role = right(record)
            return id, epoch, Role.READER if isinstance(record.body, kinds) else role

        return signer

    return make


def _without_the_epoch_before(right: Any) -> Any:
    """An Add or a Grant may have any epoch."""

    def missing(self: Any, record: Any) -> Any:
        needed = right(self, record)
        before = isinstance(record.body, Add | Grant) and needed is not None and needed[0] != record.body.by
        return None if before else needed

    return missing


def _by_anybody(_: Any) -> Any:
    """A revocation by a junior strikes a demotion."""

    def strikes(self: Any, record: Any) -> bool:
        body = record.body
        return any(
            body.by in found and found[body.by].strikes(record.digest, body.by_epoch)
            for found in (self.revoked, self._demoted)
        )

    return strikes


def _at_its_epoch_only(right: Any) -> Any:
    """A limit does not reach what was signed at an earlier epoch."""

    def strikes(self: Any, digest: bytes, by_epoch: int) -> bool:
        return bool(right(self, digest, by_epoch) and by_epoch == self.epoch)

    return strikes


def _while_active(_: Any) -> Any:
    """Whoever belongs to the vault may write, readers too."""
    return lambda self, id: id in self.active


def _struck_or_not(_: Any) -> Any:
    """What a struck record keeps stays."""

    def kept(self: Any) -> Any:
        found: dict[Any, Any] = {}
        for body in (record.body for record in self.rooted.values()):
            if isinstance(body, Revoke | Grant | Keep) and body.by != body.device:
                for actor, seq, digest in body.heads:
                    found.setdefault((body.device, actor), set()).add((seq, digest))
        return found

    return property(kept)


def _in_order_of_arrival(_: Any) -> Any:
    def in_order(membership: Any, _times: Any) -> Any:
        return [one for one in membership.rooted.values() if not isinstance(one.body, Remark | Keep)]

    return in_order


def _only_the_first(right: Any) -> Any:
    """Of the changes that hold an erased text, one is left as it is."""

    def write_anew(self: Any, changes: Any) -> None:
        given = list(changes)
        before = {(one.change.actor, one.change.seq): one for one in self._logged()}
        for at, (change, _) in enumerate(given):
            one = before[change.actor, change.seq]
            if one.change != change:
                given[at] = (one.change, one.data)
                break
        right(self, given)

    return write_anew


def _readers_branch_only(right: Any) -> Any:
    """A device that may write again does not sign what it wrote in between."""

    def match_role(self: Any) -> None:
        if self.is_reader:
            right(self)

    return match_role


SECURITY: dict[str, Plant] = {
    "seniority that compares the wrong way": instead(Seniority, "is_senior", _wrong_way),
    "a writer that adds devices": instead(rooted, "_signer", _signed_by_any(Add, Grant)),
    "a Keep by a reader that counts": instead(rooted, "_signer", _signed_by_any(Keep)),
    "an epoch without a bound": instead(RootedRecords, "_missing", _without_the_epoch_before),
    "a demotion that a junior undoes": instead(Struck, "strikes", _by_anybody),
    "a demotion that nobody heeds": instead(Seniority, "is_demotion", _never),
    "an owner that demotes its senior": instead(Membership, "_may_stand", _always),
    "a revocation that keeps what was signed after it": instead(Limits, "strikes", _never),
    "a revocation of one epoch only": instead(Limits, "strikes", _at_its_epoch_only),
    "a struck record that keeps changes": instead(Membership, "_kept", _struck_or_not),
    "a reader whose changes are accepted": instead(Membership, "may_write", _while_active),
    "a log of devices in the order of arrival": instead(member_log, "_in_order", _in_order_of_arrival),
    "a reader that signs": instead(Signer, "check_writes", _nothing),
    "a reader that keeps signatures which nobody accepts": instead(Signer, "match_role", _nothing),
    "a writer that does not sign what it wrote as a reader": instead(
        Signer, "match_role", _readers_branch_only
    ),
    "an erased text in one of its changes": instead(Erasing, "_write_anew", _only_the_first),
}
"""Each is a fault of one rule."""

RULES = frozenset(list(SECURITY)[:11])
"""Those that random records show, without a world."""
