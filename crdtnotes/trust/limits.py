"""What Revokes and demotions strike of what a device signed, and which owner is senior to which.

A *demotion* is a Grant at epoch 2 or later that makes a device a writer or a reader, signed by an owner that
is senior to it.

1. Seniority: the founder comes first; then the owners that it added, by the times at which it says that it
   added them (digests decide between equal times, and records without a time come last); then those that
   these added, in the order of whoever added them; and so on. Where several records make a device an owner,
   the one that makes it the most senior counts. A device that was never an owner is junior to all owners.
2. A Revoke at an epoch strikes what its device signed at that epoch or an earlier one, except what it keeps.
   A demotion at an epoch does the same for what its device signed at earlier epochs.
3. A demotion itself is struck only by Revokes that a device senior to its signer signed, and by demotions of
   its signer. So nobody undoes a demotion by revoking, in return or with an old date, whoever signed it.

Rule 3 and the definition lead from each demotion to ever more senior signers, so there is no circle.
Seniority depends on rooted records only, so it is the same wherever the records are.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping

from crdtnotes.trust.records import Add, Grant, Record, Remark, Revoke
from crdtnotes.trust.roles import Role

_LAST = 2**63
# Comes after all times, and after all owners.


class Limits:
    """The limits of one device: how far its Revokes reach, and what all limits keep."""

    def __init__(self) -> None:
        self.epoch = 0
        self.by = b""
        self._kept: list[tuple[int, set[bytes]]] = []
        self._epochs: list[int] = []
        self._left: list[set[bytes]] = []
        # For each epoch of a limit, ascending: what all limits at this epoch or later keep.

    def add(self, epoch: int, by: bytes, kept: set[bytes]) -> None:
        """Take in a limit on what was signed up to an epoch.

        `kept` may still grow until the first call of `strikes`.
        """
        self.epoch, self.by = max((self.epoch, self.by), (epoch, by))
        self._kept.append((epoch, kept))

    def strikes(self, digest: bytes, by_epoch: int) -> bool:
        """Tell whether one of them strikes a record that the device signed at an epoch."""
        if not self._epochs:
            left: set[bytes] | None = None
            for epoch, kept in sorted(self._kept, key=lambda one: -one[0]):
                left = set(kept) if left is None else left & kept
                if self._epochs and self._epochs[-1] == epoch:
                    self._left[-1] = left
                else:
                    self._epochs.append(epoch)
                    self._left.append(left)
            self._epochs.reverse()
            self._left.reverse()
        at = bisect_left(self._epochs, by_epoch)
        return at < len(self._epochs) and digest not in self._left[at]


class Seniority:
    """The order of the devices that rooted records made owners."""

    def __init__(self, rooted: Mapping[bytes, Record], founder: bytes) -> None:
        self._order = _order(rooted, founder)

    def place(self, id: bytes) -> int:
        """Return the place of a device, from 0 for the most senior one."""
        return self._order.get(id, _LAST)

    def is_senior(self, id: bytes, other: bytes) -> bool:
        """Tell whether a device is senior to another one."""
        return self.place(id) < self.place(other)

    def is_demotion(self, record: Record) -> bool:
        """Tell whether a record is a demotion."""
        body = record.body
        return (
            isinstance(body, Grant)
            and body.epoch > 1
            and body.role < Role.OWNER
            and self.is_senior(body.by, body.device)
        )


def _order(rooted: Mapping[bytes, Record], founder: bytes) -> dict[bytes, int]:
    times: dict[bytes, int] = {}
    made: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for digest, record in rooted.items():
        body = record.body
        if isinstance(body, Remark):
            times[body.about] = min(body.time, times.get(body.about, _LAST))
        elif isinstance(body, Add | Grant) and body.role is Role.OWNER:
            made.setdefault(body.by, []).append((digest, body.device))
    order = {founder: 0}
    layer = [founder]
    while layer:
        found: dict[bytes, tuple[int, int, bytes]] = {}
        for by in layer:
            for digest, device in made.get(by, ()):
                if device not in order:
                    place = (order[by], times.get(digest, _LAST), digest)
                    found[device] = min(place, found.get(device, place))
        layer = sorted(found, key=found.__getitem__)
        for device in layer:
            order[device] = len(order)
    return order


class Struck:
    """Which of the rooted records are struck; `remarks` are those that continue Revokes and Grants."""

    def __init__(
        self, rooted: Mapping[bytes, Record], remarks: Iterable[Remark], seniority: Seniority
    ) -> None:
        self.revoked: dict[bytes, Limits] = {}
        """The Revokes by the device that they revoke."""
        self.ended: set[tuple[bytes, int]] = set()
        """The devices and epochs that Revokes name."""
        self._by_seniors: dict[bytes, Limits] = {}
        self._demoted: dict[bytes, Limits] = {}
        self._seniority = seniority
        kept: dict[bytes, set[bytes]] = {}
        demotions: dict[bytes, list[tuple[Record, Grant]]] = {}
        for digest, record in rooted.items():
            body = record.body
            if isinstance(body, Revoke):
                kept[digest] = set(body.kept)
                self.ended.add((body.device, body.epoch))
                self.revoked.setdefault(body.device, Limits()).add(body.epoch, body.by, kept[digest])
                if seniority.is_senior(body.by, body.device):
                    limits = self._by_seniors.setdefault(body.device, Limits())
                    limits.add(body.epoch, body.by, kept[digest])
            elif isinstance(body, Grant) and seniority.is_demotion(record):
                kept[digest] = set(body.kept)
                demotions.setdefault(body.by, []).append((record, body))
        for remark in remarks:
            if remark.about in kept:
                kept[remark.about].update(remark.kept)
        for by in sorted(demotions, key=seniority.place):
            # All demotions of this signer are by more senior ones, so they are known here.
            for record, body in demotions[by]:
                if not self.strikes(record):
                    limits = self._demoted.setdefault(body.device, Limits())
                    limits.add(body.epoch - 1, by, kept[record.digest])

    def strikes(self, record: Record) -> bool:
        """Tell whether a record is struck; the root must not be asked for."""
        body = record.body
        revoked = self._by_seniors if self._seniority.is_demotion(record) else self.revoked
        return any(
            body.by in limits and limits[body.by].strikes(record.digest, body.by_epoch)
            for limits in (revoked, self._demoted)
        )
