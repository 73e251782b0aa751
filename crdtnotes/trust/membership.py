"""What a set of records means: which devices belong to the vault, and which changes they may have written.

The set only grows and its meaning depends on nothing but the set, so replicas that hold the same records
agree, in whatever order these came.

1. The *root* is the record by which a device founded the circle. Every replica knows its digest: from
   founding it, or from the device that it was paired with.
2. A record is *rooted* if its signer was added, at the epoch that the record names, by a rooted record, and
   the signature is that device's. What is not rooted is not kept.
3. A rooted Revoke counts for ever: whatever becomes of its signer, nothing takes it back.
4. A rooted record other than the root is *struck* if its signer was revoked at that epoch or a later one by
   a record that does not keep it. So who holds a revoked device cannot add others, not even backdated.
5. An Add *stands* if it is not struck and was signed by a device with a record that stands; the root does.
6. A device is active if the highest epoch of its standing records is above that of all its Revokes. So only
   pairing anew, which gives it a higher epoch, brings it back.
7. Of a device that is not active, those changes stay that lie at or below a head which a Revoke of it
   names for their stream; Revokes that are struck, or that it signed itself, name none.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crdtnotes.errors import DecodeError
from crdtnotes.trust.certificate import PublicKeys, read_certificate
from crdtnotes.trust.records import Add, Found, Record, Revoke
from crdtnotes.trust.signatures import head_is_signed

_At = tuple[bytes, int]
# A device at one of its epochs.

_Heads = dict[int, tuple[int, bytes]]
# Streams up to somewhere: `{actor: (seq, hash of the chain)}`.


class Member(NamedTuple):
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
        self._vault = vault
        self._keys: dict[_At, PublicKeys] = {}
        self.rooted: dict[bytes, Record] = {}
        """The records that count, by digest; each comes after its signer's."""
        self.adopted: _Heads = {}
        """The streams for which the founder answers, and how far."""
        self._founder_key = b""
        self._take(root, {record.digest: record for record in records})
        revokes = [r.body for r in self.rooted.values() if isinstance(r.body, Revoke)]
        self.members: dict[bytes, Member] = _members(self._standing(root, revokes), revokes, self._keys)
        """All devices that ever were added by a record that stands, by id."""
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
        """Yield `(device id, signing key)` of the devices that were added and are not active now."""
        for key, ids in self._devices.items():
            if not any(map(self.is_active, ids)):
                yield from ((id, key) for id in sorted(ids))

    def may_have_written(self, signing_key: bytes, actor: int, seq: int, digest: bytes) -> bool:
        """Tell whether changes by the device with this key are taken up to a head of its stream."""
        ids = self._devices.get(signing_key, set())
        if any(map(self.is_active, ids)):
            return True
        kept = [head for id in ids for head in self._kept.get((id, actor), ())]
        return any(seq < end or (seq, digest) == (end, tip) for end, tip in kept)

    def covers(
        self, signing_key: bytes | None, actor: int, seq: int, digest: bytes, signature: bytes
    ) -> bool:
        """Tell whether a signature covers a stream up to a head.

        `signing_key` is that of the stream's device, None if the stream has no name that could be proven:
        then only the founder's word counts, up to where it adopted the stream.
        """
        if not self._is_adopted(actor, seq) and (
            signing_key is None or not self.may_have_written(signing_key, actor, seq, digest)
        ):
            return False
        return self.is_signed(signing_key, actor, seq, digest, signature)

    def is_signed(
        self, signing_key: bytes | None, actor: int, seq: int, digest: bytes, signature: bytes
    ) -> bool:
        """Tell whether a signature is that of the device which answers for a stream up to a head.

        Whether that still belongs to the vault is not asked. For `signing_key` see `covers`.
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
        """Sort the rooted records out of `left`."""
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
        """Return, by device and actor, the heads that Revokes name: a fork may have several of one seq."""
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
