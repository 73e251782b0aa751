"""A second reading of docs/security.md, "Membership" and "Roles": slow, without `crdtnotes.trust.membership`.

Tests and simulated worlds compare what it says with what replicas say. It leaves out certificates that are
refused, and signers beyond their quota of Adds.
"""

from collections.abc import Iterable
from functools import cache

from crdtnotes.trust.certificate import keys_in
from crdtnotes.trust.records import (
    Add,
    Erase,
    Found,
    Grant,
    Keep,
    Name,
    Record,
    Remark,
    Revoke,
    decode_record,
)
from crdtnotes.trust.roles import Role

_Adds = Add | Grant | Found


class MemberModel:
    """What records say about devices; `root` is the digest of the founder's."""

    def __init__(self, root: bytes, datas: Iterable[bytes]) -> None:
        self._given = [decode_record(data) for data in datas]
        self.rooted: list[Record] = [one for one in self._given if one.digest == root]
        self.founder = self.rooted[0].body.by if self.rooted else b""
        while fresh := [one for one in self._given if one not in self.rooted and self._is_rooted(one)]:
            self.rooted += fresh
        self._seniors = self._by_seniority()
        self._remarks = [one for one in self.rooted if isinstance(one.body, Remark)]
        self._remarks = [one for one in self._remarks if not self.strikes(one)]
        self.roles_at: dict[tuple[bytes, int], Role] = {}
        self._stand()
        self.roles: dict[bytes, Role] = self._active()
        """The role of each device that belongs to the vault."""

    # -- what is rooted

    def _added(self, device: bytes, epoch: int, role: Role) -> bool:
        return any(
            isinstance(one.body, _Adds)
            and (one.body.device, one.body.epoch) == (device, epoch)
            and one.body.role >= role
            for one in self.rooted
        )

    def _is_rooted(self, record: Record) -> bool:
        body = record.body
        if isinstance(body, Found) or not self.rooted or body.vault != self.rooted[0].body.vault:
            return False
        if isinstance(body, Add | Grant | Revoke):
            least = Role.OWNER
        else:
            least = Role.WRITER if isinstance(body, Keep | Erase) else Role.READER
        if not self._added(body.by, body.by_epoch, least):
            return False
        keys = {
            _key_in(one.body.certificate)
            for one in self.rooted
            if isinstance(one.body, _Adds) and one.body.device == body.by
        }
        if not any(_is_signed(record.data, key) for key in keys):
            return False
        if isinstance(body, Add | Grant):
            return body.by != body.device and (
                body.epoch == 1 or self._added(body.device, body.epoch - 1, Role.READER)
            )
        if isinstance(body, Revoke):
            return self._added(body.device, body.epoch, Role.READER)
        if isinstance(body, Keep):
            return self._added(body.device, 1, Role.READER)
        if isinstance(body, Remark):
            return any(
                one.digest == body.about
                and isinstance(one.body, Add | Revoke | Found | Grant)
                and (one.body.by, one.body.by_epoch) == (body.by, body.by_epoch)
                for one in self.rooted
            )
        return True

    # -- who is senior

    def _by_seniority(self) -> list[bytes]:
        """The devices that were ever owners, the most senior first."""
        times: dict[bytes, list[int]] = {}
        for one in self.rooted:
            if isinstance(one.body, Remark):
                times.setdefault(one.body.about, []).append(one.body.time)
        order = [self.founder]
        done = 0
        while done < len(order):
            adders, done = order[done:], len(order)
            found = sorted(
                (adders.index(one.body.by), min(times.get(one.digest, [2**63])), one.digest, one.body.device)
                for one in self.rooted
                if isinstance(one.body, Add | Grant) and one.body.role is Role.OWNER and one.body.by in adders
            )
            for *_, device in found:
                if device not in order:
                    order.append(device)
        return order

    def _place(self, device: bytes) -> int:
        return self._seniors.index(device) if device in self._seniors else 2**63

    def _is_demotion(self, record: Record) -> bool:
        body = record.body
        return (
            isinstance(body, Grant)
            and body.epoch > 1
            and body.role < Role.OWNER
            and self._place(body.by) < self._place(body.device)
        )

    # -- what is struck

    def _keeps(self, limit: Record, digest: bytes) -> bool:
        assert isinstance(limit.body, Revoke | Grant)
        return digest in limit.body.kept or any(
            isinstance(one.body, Remark) and one.body.about == limit.digest and digest in one.body.kept
            for one in self._remarks
        )

    def strikes(self, record: Record) -> bool:
        """Whether a rooted record other than the root does not count because its signer lost its rights."""
        body = record.body
        for limit in self.rooted:
            about = limit.body
            if not isinstance(about, Revoke | Grant) or about.device != body.by:
                continue
            if isinstance(about, Revoke):
                reaches = about.epoch >= body.by_epoch
                if self._is_demotion(record) and self._place(about.by) >= self._place(body.by):
                    continue
            else:
                reaches = about.epoch > body.by_epoch
                if not self._is_demotion(limit) or self.strikes(limit):
                    continue
            if reaches and not self._keeps(limit, record.digest):
                return True
        return False

    # -- who belongs to the vault

    def _stand(self) -> None:
        waiting = [
            one
            for one in self.rooted
            if isinstance(one.body, Add | Grant) and self._may_stand(one.body) and not self.strikes(one)
        ]
        if self.founder:
            self.roles_at[self.founder, 1] = Role.OWNER
        while ready := [
            (self._place(one.body.by), one.digest, one)
            for one in waiting
            if self.roles_at.get((one.body.by, one.body.by_epoch)) is Role.OWNER
        ]:
            *_, record = min(ready)
            waiting.remove(record)
            assert isinstance(record.body, Add | Grant)
            self.roles_at.setdefault((record.body.device, record.body.epoch), record.body.role)

    def _may_stand(self, body: Add | Grant) -> bool:
        return (
            body.epoch == 1
            or body.role is Role.OWNER
            or self._place(body.by) < self._place(body.device)
            or body.epoch - 1 in self._ended(body.device)
        )

    def _ended(self, device: bytes) -> list[int]:
        return [
            one.body.epoch
            for one in self.rooted
            if isinstance(one.body, Revoke) and one.body.device == device
        ]

    def owners_of(self, key: bytes) -> list[bytes]:
        """The devices to which a signing key belongs."""
        added = {
            one.body.device
            for one in self.rooted
            if isinstance(one.body, _Adds) and _key_in(one.body.certificate) == key
        }
        named = {one.body.by for one in self.rooted if isinstance(one.body, Name)}
        return sorted(added & named or added)

    def _active(self) -> dict[bytes, Role]:
        roles = {}
        for one in self.rooted:
            if not isinstance(one.body, _Adds):
                continue
            device = one.body.device
            owners = self.owners_of(_key_in(one.body.certificate))
            if self._highest(device) and device in owners and not any(map(self._is_over, owners)):
                epoch = self._highest(device)
                roles[device] = self.roles_at[device, epoch]
        return roles

    def _highest(self, device: bytes) -> int:
        return max((epoch for id, epoch in self.roles_at if id == device), default=0)

    def _is_over(self, device: bytes) -> bool:
        ended = self._ended(device)
        return bool(ended) and self._highest(device) <= max(ended)

    # -- changes

    def may_write(self, key: bytes) -> bool:
        """Whether changes with this signing key are accepted without anybody keeping them."""
        return any(self.roles.get(id, Role.READER) >= Role.WRITER for id in self.owners_of(key))

    def kept(self, key: bytes) -> dict[int, list[tuple[int, bytes]]]:
        """The heads of streams with this signing key that records keep, by actor."""
        owners = self.owners_of(key)
        kept: dict[int, list[tuple[int, bytes]]] = {}
        for one in self.rooted:
            body = one.body
            if isinstance(body, Revoke | Grant | Keep) and body.device in owners and body.by != body.device:
                if self.strikes(one):
                    continue
                more = [
                    remark.body.heads
                    for remark in self._remarks
                    if isinstance(remark.body, Remark) and remark.body.about == one.digest
                ]
                for heads in (body.heads, *more):
                    for actor, seq, digest in heads:
                        kept.setdefault(actor, []).append((seq, digest))
        return kept


@cache
def _key_in(certificate: bytes) -> bytes:
    return keys_in(certificate).signing


@cache
def _is_signed(data: bytes, key: bytes) -> bool:
    return decode_record(data).signed_by(key)
