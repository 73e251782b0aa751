"""Signed records about devices to bytes and back (docs/security.md, "Membership").

A record is a body and a device's signature over it. This module checks the form of all input from outside,
once; whether a record counts depends on its signer, which `rooted` and `membership` check.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from crdtnotes.changes.derived import from_wire
from crdtnotes.changes.limits import MAX_TIME
from crdtnotes.changes.messages import MAX_RECORD_BYTES
from crdtnotes.crdt.ids import BIRTH, MAX_COUNTER
from crdtnotes.crdt.tags import Tags
from crdtnotes.errors import DecodeError, TooLarge
from crdtnotes.trust.certificate import MAX_CERTIFICATE_BYTES
from crdtnotes.trust.device_id import device_id
from crdtnotes.trust.roles import Role
from crdtnotes.trust.signatures import SIGNATURE_BYTES, SigningKey, verify

MAX_NAME_LENGTH = 64
"""A device's name, in code points."""

MAX_EPOCH = 2**31 - 1
"""An epoch can only follow the one before, so a device would have to be added this often."""

MAX_HEADS = 1000
MAX_KEPT = 500
"""Streams and records that a Revoke or a Grant names, and a Remark again; what is more goes into further
Remarks, or for a Keep into further Keeps."""

MAX_SPANS = 1000
MAX_PLACES = 500
"""Runs of ids and changes that an Erase names; what is more goes into further ones."""

MAX_ADOPTED = 1500
"""The most streams that a vault can have when it is founded."""

_LABEL = b"crdtnotes record"
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
# Categories of characters that could hide in a name, or reorder the text around it.

_VaultId = Annotated[bytes, Meta(min_length=16, max_length=16)]
_Id = Annotated[bytes, Meta(min_length=32, max_length=32)]
_Epoch = Annotated[int, Meta(ge=1, le=MAX_EPOCH)]
_Actor = Annotated[int, Meta(ge=1, le=BIRTH - 1)]
_Seq = Annotated[int, Meta(ge=1, le=MAX_COUNTER)]
_Hash = Annotated[bytes, Meta(min_length=16, max_length=16)]
_Time = Annotated[int, Meta(ge=0, le=MAX_TIME)]


class _Body(Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """An array of a tag and exactly these fields."""


_Heads = tuple[tuple[_Actor, _Seq, _Hash], ...]


class Add(_Body, frozen=True, tag=1):
    """Says, signed by the owner `by`, that the device with this certificate is an owner, too.

    `epoch` counts how often the device was added or got another role, from 1; `by_epoch` is the signer's own
    epoch.
    """

    vault: _VaultId
    certificate: Annotated[bytes, Meta(min_length=1, max_length=MAX_CERTIFICATE_BYTES)]
    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
    epoch: _Epoch
    by: _Id
    by_epoch: _Epoch

    @property
    def device(self) -> bytes:
        """The device's id."""
        return device_id(self.certificate)

    @property
    def role(self) -> Role:
        """The role that the device has at this epoch."""
        return Role.OWNER


class Revoke(_Body, frozen=True, tag=2):
    """Says that the device, at this epoch or an earlier one, no longer belongs to the vault.

    Its changes up to `heads` (actor, seq, hash of the chain) stay, and so do the records that it signed whose
    digests are in `kept`.
    """

    vault: _VaultId
    device: _Id
    epoch: _Epoch
    by: _Id
    by_epoch: _Epoch
    heads: Annotated[_Heads, Meta(max_length=MAX_HEADS)]
    kept: Annotated[tuple[_Id, ...], Meta(max_length=MAX_KEPT)]


class Found(_Body, frozen=True, tag=3):
    """The device with this certificate founds the membership, and vouches for all streams up to `heads`."""

    vault: _VaultId
    certificate: Annotated[bytes, Meta(min_length=1, max_length=MAX_CERTIFICATE_BYTES)]
    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
    heads: Annotated[_Heads, Meta(max_length=MAX_ADOPTED)]

    @property
    def device(self) -> bytes:
        """The device's id."""
        return device_id(self.certificate)

    @property
    def by(self) -> bytes:
        """The signer: the device itself."""
        return self.device

    @property
    def epoch(self) -> int:
        """The founder's epoch, which is its first."""
        return 1

    @property
    def by_epoch(self) -> int:
        """The signer's epoch."""
        return 1

    @property
    def role(self) -> Role:
        """The founder's role."""
        return Role.OWNER


class Name(_Body, frozen=True, tag=4):
    """Says, signed by the device `by` itself, what it is called; the Name with the highest `number` counts.

    It also proves that the device has the secret key to the signing key in its certificate. `time` is the
    wall time in ms that the signer claims.
    """

    vault: _VaultId
    by: _Id
    by_epoch: _Epoch
    number: _Seq
    time: _Time
    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]

    @property
    def device(self) -> bytes:
        """The device that is named: the signer."""
        return self.by


class Remark(_Body, frozen=True, tag=5):
    """Adds to the record `about`, by the same signer, the wall time in ms at which it was signed.

    If that is a Revoke or a Grant which names more streams or records than fit into it, `heads` and `kept`
    continue it.
    """

    vault: _VaultId
    about: _Id
    by: _Id
    by_epoch: _Epoch
    time: _Time
    heads: Annotated[_Heads, Meta(max_length=MAX_HEADS)]
    kept: Annotated[tuple[_Id, ...], Meta(max_length=MAX_KEPT)]


class Grant(_Body, frozen=True, tag=6):
    """Says, signed by the owner `by`, which role the device with this certificate has from this epoch on.

    What the device signed at earlier epochs stays as in a Revoke, unless the role is that of an owner: the
    records whose digests are in `kept`, and, for a reader, its changes up to `heads`.
    """

    vault: _VaultId
    certificate: Annotated[bytes, Meta(min_length=1, max_length=MAX_CERTIFICATE_BYTES)]
    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
    epoch: _Epoch
    role: Role
    by: _Id
    by_epoch: _Epoch
    heads: Annotated[_Heads, Meta(max_length=MAX_HEADS)]
    kept: Annotated[tuple[_Id, ...], Meta(max_length=MAX_KEPT)]

    @property
    def device(self) -> bytes:
        """The device's id."""
        return device_id(self.certificate)


class Keep(_Body, frozen=True, tag=7):
    """Says, signed by the writer or owner `by`, that it holds the device's changes up to `heads`.

    So these stay, although the device was revoked or became a reader. (Owners say it of revoked devices with
    a further Revoke, which earlier versions of crdtnotes know, too.)
    """

    vault: _VaultId
    device: _Id
    by: _Id
    by_epoch: _Epoch
    heads: Annotated[_Heads, Meta(min_length=1, max_length=MAX_HEADS)]


class Erase(_Body, frozen=True, tag=8):
    """Says that the texts with certain ids are erased from a note, for good, by the writer or owner `by`.

    `spans` are `(actor, counter, length)`, a derived actor as bytes. `places` names the changes that bring
    them: the hash of its stream that each gives without those texts, and the one that it gave as its author
    wrote it. `time` is the wall time in ms that the signer claims.
    """

    vault: _VaultId
    by: _Id
    by_epoch: _Epoch
    time: _Time
    note: _Hash
    spans: Annotated[tuple[tuple[int | bytes, _Seq, _Seq], ...], Meta(min_length=1, max_length=MAX_SPANS)]
    places: Annotated[tuple[tuple[_Hash, _Hash], ...], Meta(min_length=1, max_length=MAX_PLACES)]

    @property
    def ids(self) -> Tags:
        """The ids of what is erased."""
        ids = Tags()
        for wire, first, length in self.spans:
            ids.add(from_wire(wire) or 0, first, first + length)
        return ids


Body = Add | Revoke | Found | Name | Remark | Grant | Keep | Erase


class _Envelope(Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    body: Annotated[bytes, Meta(max_length=MAX_RECORD_BYTES)]
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


class Record(Struct, frozen=True):
    """A record as it is stored and sent, with its decoded body."""

    data: bytes
    body: Body
    signed: bytes
    signature: bytes
    digest: bytes
    """The SHA-256 of the record's bytes, which identifies the record."""

    def signed_by(self, signing_key: bytes) -> bool:
        """Tell whether the signature is by this key."""
        return verify(signing_key, self.signature, _LABEL + self.signed)


_encoder = msgspec.msgpack.Encoder()
_envelope_decoder = msgspec.msgpack.Decoder(_Envelope)
_body_decoder: msgspec.msgpack.Decoder[Body] = msgspec.msgpack.Decoder(Body)


def sign_record(body: Body, signer: SigningKey) -> Record:
    """Return a record with this body and the signer's signature; raises TooLarge if it would be refused."""
    signed = _encoder.encode(body)
    data = _encoder.encode(_Envelope(signed, signer.sign(_LABEL + signed)))
    try:
        return decode_record(data)
    except DecodeError as error:
        raise TooLarge(f"This cannot be said about a device: {error}") from None


def decode_record(data: bytes) -> Record:
    """Return the record in these bytes; raises DecodeError. Does not check the signature."""
    if len(data) > MAX_RECORD_BYTES:
        raise DecodeError("A record about a device is too large.")
    try:
        envelope = _envelope_decoder.decode(data)
        body = _body_decoder.decode(envelope.body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DecodeError(f"A record about a device cannot be read ({error}).") from None
    if _encoder.encode(body) != envelope.body or _encoder.encode(envelope) != data:
        raise DecodeError("A record about a device is not in its canonical form.")
    if isinstance(body, Add | Found | Name | Grant) and _UNPRINTABLE.search(body.name):
        raise DecodeError("A device's name holds control characters.")
    if isinstance(body, Name) and printable_name(body.name) != body.name:
        raise DecodeError("A device's name is not in the form in which devices name themselves.")
    if isinstance(body, Revoke | Found | Remark | Grant | Keep) and any(
        former[0] >= latter[0] for former, latter in pairwise(body.heads)
    ):
        raise DecodeError("The heads in a record are not in ascending order.")
    if isinstance(body, Erase) and not all(
        from_wire(actor) is not None and first + length - 1 <= MAX_COUNTER
        for actor, first, length in body.spans
    ):
        raise DecodeError("A record names text that cannot be.")
    return Record(data, body, envelope.body, envelope.signature, hashlib.sha256(data).digest())


def printable_name(name: str) -> str:
    """Return a name as a device may bear it: composed (NFC), without invisible characters, within the limit.

    Spaces are single, and a name without any character is "unnamed".
    """
    visible = (
        " " if unicodedata.category(character) in _INVISIBLE else character
        for character in unicodedata.normalize("NFC", name)
    )
    return " ".join("".join(visible).split())[:MAX_NAME_LENGTH].strip() or "unnamed"


def remarks(
    signer: SigningKey,
    about: Record,
    now: int,
    heads: Sequence[tuple[int, int, bytes]] = (),
    kept: Sequence[bytes] = (),
) -> list[Record]:
    """Return Remarks about an own record: when it was signed (ms), and the heads and digests left over."""
    pieces = max(1, -(-len(heads) // MAX_HEADS), -(-len(kept) // MAX_KEPT))
    return [
        sign_record(
            Remark(
                about.body.vault,
                about.digest,
                about.body.by,
                about.body.by_epoch,
                now,
                tuple(heads[piece * MAX_HEADS : (piece + 1) * MAX_HEADS]),
                tuple(kept[piece * MAX_KEPT : (piece + 1) * MAX_KEPT]),
            ),
            signer,
        )
        for piece in range(pieces)
    ]
