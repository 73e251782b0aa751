"""What a set of records means: which devices belong to the vault.

The set only grows and its meaning depends on nothing but the set, so replicas that hold the same records
agree, in whatever order these came.

1. The *root* is the record by which the founding device added itself. Every replica knows its digest: from
   founding the vault, or from the device that it was paired with.
2. A record is *rooted* if its signer was added, at the epoch that the record names, by a rooted Add, and
   the signature is that device's. What is not rooted is not kept.
3. A rooted Revoke counts for ever: whatever becomes of its signer, nothing takes it back.
4. A rooted Add is *struck* if its signer was revoked at that epoch or a later one by a record that does not
   keep it. So who holds a revoked device cannot add others, not even backdated.
5. An Add *stands* if it is the root, or is not struck and was signed by a device with an Add that stands.
6. A device is active if the highest epoch of its standing Adds is above that of all its Revokes. So only
   pairing anew, which gives it a higher epoch, brings it back.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from crdtnotes.errors import DecodeError
from crdtnotes.trust.certificate import PublicKeys, read_certificate
from crdtnotes.trust.records import Add, Record, Revoke

_At = tuple[bytes, int]
# A device at one of its epochs.


@dataclass(frozen=True, slots=True)
class Member:
    """A device that belongs to the vault, or once did; `added_by` and `revoked_by` are ids."""

    id: bytes
    name: str
    certificate: bytes
    keys: PublicKeys
    epoch: int
    added_by: bytes
    active: bool
    revoked_by: bytes | None


class Membership:
    """The devices of a vault, by a set of records that chain back to `root`, the digest of the founder's."""

    def __init__(self, vault: bytes, root: bytes | None, records: Iterable[Record]) -> None:
        self._keys: dict[_At, PublicKeys] = {}
        self.rooted: dict[bytes, Record] = {}
        """The records that count, by digest; each comes after its signer's."""
        self._take(vault, root, {record.digest: record for record in records})
        revokes = [r.body for r in self.rooted.values() if isinstance(r.body, Revoke)]
        self.members: dict[bytes, Member] = _members(self._standing(root, revokes), revokes, self._keys)
        """All devices that ever were added by a record that stands, by id."""

    @property
    def active(self) -> dict[bytes, Member]:
        """The devices that belong to the vault now."""
        return {id: member for id, member in self.members.items() if member.active}

    def is_active(self, id: bytes) -> bool:
        """Tell whether a device belongs to the vault now."""
        member = self.members.get(id)
        return member is not None and member.active

    def added_by(self, id: bytes) -> list[bytes]:
        """Return the digests of the Adds that a device signed."""
        return [
            digest
            for digest, record in self.rooted.items()
            if isinstance(record.body, Add) and record.body.by == id
        ]

    def next_epoch(self, id: bytes) -> int:
        """Return the epoch at which a device can be added now."""
        epochs = [record.body.epoch for record in self.rooted.values() if record.body.device == id]
        return max(epochs, default=0) + 1

    def _take(self, vault: bytes, root: bytes | None, left: dict[bytes, Record]) -> None:
        """Sort the rooted records out of `left`."""
        founder = left.pop(root, None) if root is not None else None
        if founder is None or not isinstance(founder.body, Add) or founder.body.vault != vault:
            return
        keys = _keys_in(founder.body)
        if keys is None or founder.body.by != founder.body.device or not founder.signed_by(keys.signing):
            return
        self.rooted[founder.digest] = founder
        self._keys[founder.body.device, founder.body.epoch] = keys
        moved = True
        while moved:
            moved = False
            for digest, record in list(left.items()):
                body = record.body
                signer = self._keys.get((body.by, body.by_epoch))
                if signer is None:
                    continue
                del left[digest]
                if body.vault != vault or not record.signed_by(signer.signing):
                    continue
                if isinstance(body, Add):
                    added = _keys_in(body)
                    if added is None or body.by == body.device:
                        continue
                    self._keys[body.device, body.epoch] = added
                self.rooted[digest] = record
                moved = True

    def _standing(self, root: bytes | None, revokes: list[Revoke]) -> list[Add]:
        standing: list[Add] = []
        vouched: set[_At] = set()
        left = [r for r in self.rooted.values() if isinstance(r.body, Add)]
        moved = True
        while moved:
            moved = False
            for record in list(left):
                body = record.body
                if not isinstance(body, Add):
                    continue
                if record.digest != root and (
                    (body.by, body.by_epoch) not in vouched or _struck(record, revokes)
                ):
                    continue
                left.remove(record)
                standing.append(body)
                vouched.add((body.device, body.epoch))
                moved = True
        return standing


def _keys_in(add: Add) -> PublicKeys | None:
    try:
        return read_certificate(add.certificate)
    except DecodeError:
        return None


def _struck(record: Record, revokes: list[Revoke]) -> bool:
    return any(
        revoke.device == record.body.by
        and revoke.epoch >= record.body.by_epoch
        and record.digest not in revoke.kept
        for revoke in revokes
    )


def _members(standing: list[Add], revokes: list[Revoke], keys: dict[_At, PublicKeys]) -> dict[bytes, Member]:
    ends: dict[bytes, tuple[int, bytes]] = {}
    for revoke in revokes:
        ends[revoke.device] = max(ends.get(revoke.device, (0, b"")), (revoke.epoch, revoke.by))
    members: dict[bytes, Member] = {}
    for add in sorted(standing, key=lambda add: (add.epoch, add.by, add.name)):
        epoch, by = ends.get(add.device, (0, b""))
        active = add.epoch > epoch
        members[add.device] = Member(
            add.device,
            add.name,
            add.certificate,
            keys[add.device, add.epoch],
            add.epoch,
            add.by,
            active,
            None if active else by,
        )
    return members
