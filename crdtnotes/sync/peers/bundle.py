"""Changes in one file, for devices that share no network.

Its segments are messages of the sync protocol: first the records about devices, then changes in causal order.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Changes, Heads, Records
from crdtnotes.errors import DecodeError, LocalError, MissingChanges, NotPaired, NotSigned, ProtocolError
from crdtnotes.own_files import open_regular_file
from crdtnotes.store import Replica
from crdtnotes.store.file.database import new_file, plain_errors
from crdtnotes.sync.session.groups import Groups
from crdtnotes.sync.session.records import pieces
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.membership import Member
from crdtnotes.trust.sealing import read_header, seal, unseal


@dataclass(frozen=True, slots=True)
class BundleSummary:
    """How many changes, and how many records about devices, of a bundle were new here.

    `sender` and `receivers` are the ids of the devices that made the bundle and that can read it.
    """

    changes: int
    records: int
    sender: bytes
    receivers: tuple[bytes, ...]


def create_bundle(
    replica: Replica, identity: Identity, path: Path, receivers: Sequence[Member], since: Mapping[int, int]
) -> list[Member]:
    """Write the changes beyond a version to a new file; return the receivers that can read it.

    Raises VaultExists if something is at the path, NotPaired if there are no receivers, LocalError while
    signatures of these changes are missing here.
    """
    if not receivers:
        raise NotPaired("No other device belongs to this vault that could read a bundle.")
    if not replica.devices.is_member(identity.id):
        raise NotPaired("This device does not belong to the vault.")
    replica.signatures.sign_waiting()
    version = replica.version()
    if any(since.get(actor, 0) < version[actor] for actor in replica.signatures.unsigned_streams()):
        raise LocalError(
            "Some changes here still wait for the signature of the device that made them, without which no "
            "device accepts them; sync with that device first."
        )

    def segments() -> Iterator[bytes]:
        for piece in pieces(replica.devices.records()):
            yield messages.encode(Records(tuple(piece)))
        for item in replica.changes_since(since):
            yield messages.encode(item if isinstance(item, Heads) else messages.pack(item))

    with new_file(path) as part, part.open("wb") as out:
        return seal(out, identity, replica.vault_id, receivers, segments())


def apply_bundle(replica: Replica, identity: Identity, path: Path) -> BundleSummary:
    """Apply a bundle; raises a RemoteError if it is damaged, not for this device, or not from a member.

    The signature is checked before anything is stored.
    """
    changes = records = 0
    groups = Groups(replica)
    with plain_errors(path):
        source = open_regular_file(path)
        size = os.fstat(source.fileno()).st_size
    with source:
        header = read_header(source)
        source.seek(0)
        members = replica.members.membership().members
        for segment in unseal(source, size, identity, replica.vault_id, members):
            message = messages.decode(segment)
            match message:
                case Records():
                    records += replica.devices.take_records(list(message.records))
                case Changes() | Heads():
                    changes += _take(replica, groups, message)
                case _:
                    raise DecodeError("The bundle holds what does not belong in one.")
    if groups.clear():
        raise NotSigned("The bundle holds changes without the signatures of those who made them.")
    return BundleSummary(changes, records, header.sender, header.receivers)


def _take(replica: Replica, groups: Groups, message: Changes | Heads) -> int:
    """Store the group that a message ends, if it ends one; returns how many changes were new here."""
    try:
        group = groups.add(message)
    except ProtocolError:
        raise DecodeError("The bundle contains too many changes without a signature.") from None
    if not group:
        return 0
    try:
        return replica.receive(group).changes
    except MissingChanges:
        raise MissingChanges(
            "The bundle depends on changes that are not here; make one with --since of this replica's "
            "version."
        ) from None
