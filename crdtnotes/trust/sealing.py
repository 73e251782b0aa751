"""Bytes that only some devices can read, from an authenticated writer (docs/security.md, "Bundles").

A random key encrypts the segments (ChaCha20-Poly1305; the nonce counts the segments and marks the last).
That key is wrapped for each receiver: X25519 between a key made for this bundle and the receiver's sealing
key, HKDF, ChaCha20-Poly1305 over the ids of writer and receiver. The writer's Ed25519 signature over
everything is at the end and is checked first. So the header names the writer and all receivers, and nobody
can change that: not even a receiver, who knows the random key.

Bundles of version 1, whose wrapped keys name nobody, are still read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, BinaryIO, NamedTuple

import msgspec
from msgspec import Meta, Struct

from crdtnotes.errors import DecodeError, NotAMember, NotPaired, TooLarge
from crdtnotes.trust.membership import Member
from crdtnotes.trust.signatures import SIGNATURE_BYTES, verify

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    from crdtnotes.trust.identity import Identity

MAGIC = b"crdtnotes bundle 2\n"

MAX_SEGMENT_BYTES = 9 * 1024 * 1024
MAX_RECEIVERS = 16_384

_MAGIC_1 = b"crdtnotes bundle 1\n"
_MAX_HEADER_BYTES = 2 * 1024 * 1024
_KEY_BYTES = 32
_TAG_BYTES = 16
_READ_BYTES = 1024 * 1024
_SIGNED = b"crdtnotes bundle"
_WRAPPING = b"crdtnotes bundle key"

_Bytes32 = Annotated[bytes, Meta(min_length=32, max_length=32)]
_Wrapped = Annotated[bytes, Meta(min_length=_KEY_BYTES + _TAG_BYTES, max_length=_KEY_BYTES + _TAG_BYTES)]


class _Header(Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """The writer's id, the public key made for this bundle, and the wrapped key for each receiver's id."""

    sender: _Bytes32
    ephemeral: _Bytes32
    receivers: Annotated[tuple[tuple[_Bytes32, _Wrapped], ...], Meta(min_length=1, max_length=MAX_RECEIVERS)]


class Header(NamedTuple):
    """What a bundle says about itself: the ids of its writer and of its receivers."""

    sender: bytes
    receivers: tuple[bytes, ...]


def seal(
    out: BinaryIO, identity: Identity, vault: bytes, receivers: Sequence[Member], segments: Iterable[bytes]
) -> list[Member]:
    """Write segments to a file so that only the receivers can read them.

    Returns the receivers that can: one with whose key nothing can be encrypted is left out. Raises NotPaired
    if none is left, TooLarge if there are too many.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    key = ChaCha20Poly1305.generate_key()
    ephemeral = X25519PrivateKey.generate()
    public = ephemeral.public_key().public_bytes_raw()
    wrapped: list[tuple[bytes, bytes]] = []
    readers: list[Member] = []
    for member in receivers:
        try:
            shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(member.keys.sealing))
        except ValueError:
            continue  # a key of small order
        wrapping = _wrapping(shared, public, member.keys.sealing)
        wrapped.append((member.id, wrapping.encrypt(bytes(12), key, identity.id + member.id)))
        readers.append(member)
    if not readers:
        raise NotPaired("No other device of this vault has a key with which a bundle can be encrypted.")
    if len(readers) > MAX_RECEIVERS:
        raise TooLarge(f"A bundle can have at most {MAX_RECEIVERS:,} receivers; make one --for each device.")
    header = msgspec.msgpack.encode(_Header(identity.id, public, tuple(wrapped)))
    hashed = hashlib.sha256()

    def write(data: bytes) -> None:
        hashed.update(data)
        out.write(data)

    write(MAGIC + len(header).to_bytes(4, "big") + header)
    cipher, bound = ChaCha20Poly1305(key), _bound(header, vault)
    for number, (segment, last) in enumerate(_with_last(segments)):
        sealed = cipher.encrypt(_nonce(number, last), segment, bound)
        write(len(sealed).to_bytes(4, "big") + sealed)
    out.write(identity.sign(_SIGNED + hashed.digest()))
    return readers


def read_header(source: BinaryIO) -> Header:
    """Return what a bundle says about itself; raises DecodeError. `unseal` proves it."""
    _, header_bytes = _read_header(source)
    header = _decode_header(header_bytes)
    return Header(header.sender, tuple(id for id, _ in header.receivers))


def unseal(
    source: BinaryIO, size: int, identity: Identity, vault: bytes, members: dict[bytes, Member]
) -> Iterator[bytes]:
    """Check the signature of a bundle of `size` bytes, then yield its segments.

    Raises NotAMember if its writer does not belong to the vault, DecodeError if it is damaged or not meant
    for this device.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    damaged = DecodeError("The bundle is damaged.")
    magic, header_bytes = _read_header(source)
    header = _decode_header(header_bytes)
    sender = members.get(header.sender)
    if sender is None or not sender.active:
        raise NotAMember("The bundle was made by a device that does not belong to this vault.")
    body = source.tell()
    end = size - SIGNATURE_BYTES
    _check_signature(source, end, sender)
    wrapped = dict(header.receivers).get(identity.id)
    if wrapped is None:
        raise DecodeError("The bundle was made for another device.")
    named = None if magic == _MAGIC_1 else header.sender + identity.id
    try:
        shared = identity.sealing_key.exchange(X25519PublicKey.from_public_bytes(header.ephemeral))
        key = _wrapping(shared, header.ephemeral, identity.keys.sealing).decrypt(bytes(12), wrapped, named)
        cipher, bound = ChaCha20Poly1305(key), _bound(header_bytes, vault)
        source.seek(body)
        number = 0
        while source.tell() < end:
            length = int.from_bytes(source.read(4), "big")
            if length > MAX_SEGMENT_BYTES + _TAG_BYTES or source.tell() + length > end:
                raise damaged
            last = source.tell() + length == end
            yield cipher.decrypt(_nonce(number, last), source.read(length), bound)
            number += 1
    except (InvalidTag, ValueError):
        raise damaged from None


def _read_header(source: BinaryIO) -> tuple[bytes, bytes]:
    """Return the first line of a bundle, which tells its version, and the bytes of its header."""
    magic = source.read(len(MAGIC))
    if magic not in (MAGIC, _MAGIC_1):
        raise DecodeError("The file is not a bundle that this version of crdtnotes can read.")
    length = int.from_bytes(source.read(4), "big")
    if length > _MAX_HEADER_BYTES:
        raise DecodeError("The bundle is damaged.")
    return magic, source.read(length)


def _decode_header(data: bytes) -> _Header:
    try:
        header = msgspec.msgpack.decode(data, type=_Header)
    except (msgspec.DecodeError, RecursionError):
        raise DecodeError("The bundle is damaged.") from None
    if len({id for id, _ in header.receivers}) != len(header.receivers):
        raise DecodeError("The bundle names a receiver twice.")
    return header


def _check_signature(source: BinaryIO, end: int, sender: Member) -> None:
    source.seek(0)
    hashed = hashlib.sha256()
    left = end
    while left > 0 and (data := source.read(min(left, _READ_BYTES))):
        hashed.update(data)
        left -= len(data)
    signature = source.read(SIGNATURE_BYTES)
    if left or not verify(sender.keys.signing, signature, _SIGNED + hashed.digest()):
        raise DecodeError("The bundle is damaged, or was not made by the device it names.")


def _wrapping(shared: bytes, ephemeral: bytes, receiver: bytes) -> ChaCha20Poly1305:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(hashes.SHA256(), 32, salt=ephemeral + receiver, info=_WRAPPING).derive(shared)
    return ChaCha20Poly1305(derived)


def _bound(header: bytes, vault: bytes) -> bytes:
    """Return the data that each segment is bound to: the header and the vault's id, which the file lacks."""
    return hashlib.sha256(header + vault).digest()


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _with_last(segments: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each segment and whether it is the last; one empty segment if there are none."""
    before: bytes | None = None
    for segment in segments:
        if before is not None:
            yield before, False
        before = segment
    yield before if before is not None else b"", True
