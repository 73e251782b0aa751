"""Membership: the devices that belong to the vault by its records, and the changes they may have written.

The set of records only grows, and membership depends only on the set. So replicas with the same records
agree, in whatever order the records arrived.

1. The *root* is the record by which a device founded the vault's membership. Every replica knows its digest:
   from founding it, or from the device that it was paired with.
2. A record is *rooted* if a rooted record added its signer at the epoch that the record names, and the
   signature is by that device. Records that are not rooted are discarded.
3. A rooted Revoke counts forever: nothing undoes it, whatever happens to its signer.
4. A rooted record other than the root is *struck* if its signer was revoked at that epoch or a later one by
   a Revoke that does not keep the record. So a revoked device cannot add others, not even with an old date.
5. An Add *stands* if it is not struck and its signer has a record that stands; the root stands.
6. A device is active if the highest epoch of its standing records is above that of all its Revokes. So only
   a new pairing, which gives it a higher epoch, can bring it back.
7. If a device is not active, its changes stay only up to the heads that Revokes of it name for their stream.
   Revokes that are struck, or that the device signed itself, do not count for this.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crdtnotes.errors import DecodeError
from crdtnotes.trust.certificate import PublicKeys, read_certificate
from crdtnotes.trust.records import Add, Found, Record, Revoke
from crdtnotes.trust.signatures import head_is_signed

_At = tuple[bytes, int]
# A device's id and one of its epochs.

_Heads = dict[int, tuple[int, bytes]]
# Heads of streams: `{actor: (seq, hash of the chain)}`.


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
    """The devices of a vault, by records that chain back to the founder's record with the digest `root`."""

    def __init__(self, vault: bytes, root: bytes | None, records: Iterable[Record]) -> None:
        self._vault = vault
        self._keys: dict[_At, PublicKeys] = {}
        self.rooted: dict[bytes, Record] = {}
        """The rooted records, by digest; each comes after the record that added its signer."""
        self.adopted: _Heads = {}
        """The streams that the founder vouches for, and the head up to which it does."""
        self._founder_key = b""
        self._take(root, {record.digest: record for record in records})
        revokes = [r.body for r in self.rooted.values() if isinstance(r.body, Revoke)]
        self.members: dict[bytes, Member] = _members(self._standing(root, revokes), revokes, self._keys)
        """All devices that a standing record ever added, by id."""
        self._devices: dict[bytes, set[bytes]] = {}
        for (id, _), keys in self._keys.items():
            self._devices.setdefault(keys.signing, set()).add(id)
        self._kept = self._kept_heads(revokes)

    @property
    def active(self) -> dict[bytes, Member]:
        """The devices that belong to the vault now."""
        return {id: member for id, member in self.members.items() if member.active}

    def is_active(self, id: bytes) -> bool:
        """Tell whether a device belongs to the vault now."""
        member = self.members.get(id)
        return member is not None and member.active

    def signed_by(self, id: bytes) -> list[bytes]:
        """Return the digests of the records that a device signed."""
        return [digest for digest, record in self.rooted.items() if record.body.by == id]

    def next_epoch(self, id: bytes) -> int:
        """Return the epoch at which a device can be added now."""
        epochs = [record.body.epoch for record in self.rooted.values() if record.body.device == id]
        return max(epochs, default=0) + 1

    # -- changes

    def gone(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield `(device id, signing key)` of the devices that were added and are no longer active."""
        for key, ids in self._devices.items():
            if not any(map(self.is_active, ids)):
                yield from ((id, key) for id in sorted(ids))

    def may_have_written(self, signing_key: bytes, actor: int, seq: int, digest: bytes) -> bool:
        """Tell whether changes by the device with this key are accepted up to a head of its stream."""
        ids = self._devices.get(signing_key, set())
        if any(map(self.is_active, ids)):
            return True
        kept = [head for id in ids for head in self._kept.get((id, actor), ())]
        return any(seq < end or (seq, digest) == (end, tip) for end, tip in kept)

    def covers(
        self, signing_key: bytes | None, actor: int, seq: int, digest: bytes, signature: bytes
    ) -> bool:
        """Tell whether a signature covers a stream up to a head.

        `signing_key` is that of the stream's device, or None if the stream's name has no proof: then only
        the founder's signature counts, up to the head at which the founder adopted the stream.
        """
        if not self._is_adopted(actor, seq) and (
            signing_key is None or not self.may_have_written(signing_key, actor, seq, digest)
        ):
            return False
        return self.is_signed(signing_key, actor, seq, digest, signature)

    def is_signed(
        self, signing_key: bytes | None, actor: int, seq: int, digest: bytes, signature: bytes
    ) -> bool:
        """Tell whether a signature is by the device that vouches for a stream up to a head.

        This does not check whether the device still belongs to the vault. For `signing_key` see `covers`.
        """
        if self._is_adopted(actor, seq):
            if (seq, digest) != self.adopted[actor] and seq == self.adopted[actor][0]:
                return False
            return head_is_signed(signature, self._founder_key, self._vault, actor, seq, digest)
        return signing_key in self._devices and head_is_signed(
            signature, signing_key, self._vault, actor, seq, digest
        )

    def _is_adopted(self, actor: int, seq: int) -> bool:
        return seq <= self.adopted.get(actor, (0, b""))[0]

    # -- inside

    def _take(self, root: bytes | None, left: dict[bytes, Record]) -> None:
        """Move the rooted records from `left` to `rooted`."""
        founder = left.pop(root, None) if root is not None else None
        if founder is None or not isinstance(founder.body, Found) or founder.body.vault != self._vault:
            return
        keys = _keys_in(founder.body)
        if keys is None or not founder.signed_by(keys.signing):
            return
        self.rooted[founder.digest] = founder
        self.adopted = {actor: (seq, digest) for actor, seq, digest in founder.body.heads}
        self._founder_key = keys.signing
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
                if (
                    isinstance(body, Found)
                    or body.vault != self._vault
                    or not record.signed_by(signer.signing)
                ):
                    continue
                if isinstance(body, Add):
                    added = _keys_in(body)
                    if added is None or body.by == body.device:
                        continue
                    self._keys[body.device, body.epoch] = added
                self.rooted[digest] = record
                moved = True

    def _standing(self, root: bytes | None, revokes: list[Revoke]) -> list[Add | Found]:
        standing: list[Add | Found] = []
        vouched: set[_At] = set()
        left = [r for r in self.rooted.values() if not isinstance(r.body, Revoke)]
        moved = True
        while moved:
            moved = False
            for record in list(left):
                body = record.body
                if isinstance(body, Revoke):
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

    def _kept_heads(self, revokes: list[Revoke]) -> dict[tuple[bytes, int], set[tuple[int, bytes]]]:
        """Return, by device and actor, the heads that Revokes name; a fork can give several for one seq."""
        kept: dict[tuple[bytes, int], set[tuple[int, bytes]]] = {}
        for record in self.rooted.values():
            body = record.body
            if not isinstance(body, Revoke) or body.by == body.device or _struck(record, revokes):
                continue
            for actor, seq, digest in body.heads:
                kept.setdefault((body.device, actor), set()).add((seq, digest))
        return kept


def _keys_in(add: Add | Found) -> PublicKeys | None:
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


def _members(
    standing: list[Add | Found], revokes: list[Revoke], keys: dict[_At, PublicKeys]
) -> dict[bytes, Member]:
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
