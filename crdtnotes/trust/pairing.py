"""The pairing protocol: two devices come to trust each other by a code that a person copies between them.

Frames in, frames out; no socket, no clock. It runs inside TLS 1.3, in which only the host shows a
certificate; the frames do the rest (docs/security.md, "Pairing")::

    joiner                                   host
    Hello: certificate, name, nonce   ──▶
                                      ◀──    Hello: name, nonce
    Share: SPAKE2 element             ──▶
                                      ◀──    Share: SPAKE2 element
    Confirm: MAC over the transcript  ──▶           a wrong MAC burns the code
                                      ◀──    Confirm: MAC
    Proof: signature, opening         ──▶           now both show six digits and ask their persons
    Agree                             ──▶
                                      ◀──    Welcome: vault, members
    Done                              ──▶

1. The identities in SPAKE2 are the hashes of both certificates, the host's as each side saw it in TLS.
   A man in the middle shows another certificate to the joiner, so the keys differ although the words are
   right.
2. The joiner confirms first, so a stranger who guesses reveals the guess to the host before learning whether
   it was right.
3. Only a wrong Confirm counts as a guess. Silence, and frames that are malformed or out of turn, only end
   the connection.
4. Nothing about the vault is sent before the joiner has confirmed and both persons have agreed.
5. A joiner makes one guess: once its Confirm has left, `guessed` is set, and the caller tries no other host.
6. Somebody who guessed the secret and sits in the middle has two conversations, whose digits agree by chance
   only. The joiner's nonce is the hash of its opening, which it sends last, and on which the digits depend:
   the one in the middle cannot look for frames with fitting digits before everything else is fixed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from crdtnotes.changes.messages import MAX_RECORD_BYTES, MAX_RECORDS
from crdtnotes.errors import DecodeError, PairingFailed, ProtocolError, RemoteError, VersionMismatch
from crdtnotes.trust.certificate import MAX_CERTIFICATE_BYTES, read_certificate
from crdtnotes.trust.code import QR_KIND, Code
from crdtnotes.trust.device_id import device_id
from crdtnotes.trust.records import MAX_NAME_LENGTH, printable_name
from crdtnotes.trust.signatures import SIGNATURE_BYTES, verify
from crdtnotes.trust.spake import BlindedSecret, PairingSide

if TYPE_CHECKING:
    from crdtnotes.trust.identity import Identity

OLDEST = NEWEST = 2
"""The versions of the pairing protocol that this code speaks."""

MAX_FRAME_BYTES = 8 * 1024
"""A frame of either side, except a Welcome."""

MAX_WELCOME_BYTES = 4 * 1024 * 1024

_NONCE_BYTES = 32
_SHARE_BYTES = 33
_DIGITS = 6
_LABEL = b"crdtnotes pairing 2"

_Bytes32 = Annotated[bytes, Meta(min_length=32, max_length=32)]
_Version = Annotated[int, Meta(ge=1, le=65535)]
_Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]


class _Frame(Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """An array of a tag and exactly these fields."""


class JoinerHello(_Frame, frozen=True, tag=1):
    """Names the pairing (`number`), the kind of secret, and the joining device.

    `nonce` is the SHA-256 of the opening that its Proof shows.
    """

    oldest: _Version
    newest: _Version
    number: Annotated[int, Meta(ge=0, le=9999)]
    kind: Annotated[int, Meta(ge=0, le=1)]
    name: _Name
    certificate: Annotated[bytes, Meta(min_length=1, max_length=MAX_CERTIFICATE_BYTES)]
    nonce: _Bytes32


class HostHello(_Frame, frozen=True, tag=2):
    """Names the answering device. `vault` is a hash of the vault's id, keyed with the joiner's nonce.

    Only a device that already knows the id can tell from the hash which vault it is.
    """

    oldest: _Version
    newest: _Version
    name: _Name
    nonce: _Bytes32
    vault: _Bytes32


class Share(_Frame, frozen=True, tag=3):
    """An element of SPAKE2."""

    element: Annotated[bytes, Meta(min_length=_SHARE_BYTES, max_length=_SHARE_BYTES)]


class Confirm(_Frame, frozen=True, tag=4):
    """Proves that its sender knew the secret and saw the same certificates."""

    mac: _Bytes32


class Proof(_Frame, frozen=True, tag=5):
    """The joiner's signature over the transcript: proves that it owns the signing key in its certificate.

    `opening` is what its nonce is the hash of.
    """

    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]
    opening: _Bytes32


class Welcome(_Frame, frozen=True, tag=6):
    """The vault, its root record's digest, all records, and the port where the host accepts sync."""

    vault: Annotated[bytes, Meta(min_length=16, max_length=16)]
    root: _Bytes32
    records: Annotated[
        tuple[Annotated[bytes, Meta(max_length=MAX_RECORD_BYTES)], ...], Meta(max_length=MAX_RECORDS)
    ]
    port: Annotated[int, Meta(ge=0, le=65535)]


class Done(_Frame, frozen=True, tag=7):
    """The joiner has stored the Welcome."""


class Refusal(_Frame, frozen=True, tag=8):
    """One side ends the pairing; `burnt` says that the code is no longer valid."""

    burnt: bool


class Agree(_Frame, frozen=True, tag=9):
    """The joiner's person has agreed."""


_Message = JoinerHello | HostHello | Share | Confirm | Proof | Welcome | Done | Refusal | Agree
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[_Message] = msgspec.msgpack.Decoder(_Message)


class Stage(Enum):
    """The step that comes next."""

    HELLO = "Hello"
    SHARE = "Share"
    CONFIRM = "Confirm"
    PROOF = "Proof"
    ASK = "the person's answer"
    WELCOME = "Welcome"
    DONE = "Done"
    CLOSED = "nothing"


class _Side:
    """The common part of both sides; a RemoteError ends the pairing and is kept in `error`."""

    def __init__(self) -> None:
        self.stage = Stage.HELLO
        self.error: RemoteError | None = None
        self._out: list[bytes] = []
        self._frames: list[bytes] = []
        self._spake: Any = None
        self._own_share = b""
        self._macs: dict[str, bytes] = {}
        self._digits_key = b""
        self._transcript = b""
        self.digits = ""
        """What both devices show to their persons, `482 913`, from Stage.ASK on."""

    @property
    def closed(self) -> bool:
        """Whether the pairing has ended; `data_to_send` may still return the last frames."""
        return self.stage is Stage.CLOSED

    def data_to_send(self) -> list[bytes]:
        """Return the next frames for the other side."""
        out, self._out = self._out, []
        return out

    def receive(self, frame: bytes) -> None:
        """Process a received frame."""
        if self.closed:
            return
        try:
            self._step(_decode(frame), frame)
        except RemoteError as error:
            self.error = error
            self.stage = Stage.CLOSED

    def _step(self, message: _Message, frame: bytes) -> None:
        raise NotImplementedError

    def _send(self, message: _Message, *, kept: bool = False) -> None:
        frame = _encoder.encode(message)
        if kept:
            self._frames.append(frame)
        self._out.append(frame)

    def _out_of_turn(self, message: _Message) -> ProtocolError:
        return ProtocolError(f"{type(message).__name__} came instead of {self.stage.value}.")

    def _begin_spake(self, side: Any) -> None:
        self._spake = side
        self._own_share = side.start()

    def _agree(self, element: bytes, host: bytes, joiner: bytes) -> None:
        """Derive the keys of both Confirms; the four earlier frames are in `_frames`, in order."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
        from spake2 import SPAKEError
        from spake2.ed25519_basic import NotOnCurve

        try:
            shared = self._spake.finish(element)
        except (SPAKEError, NotOnCurve, ValueError):
            raise ProtocolError("A share is not an element of the group.") from None
        hashed = hashlib.sha256(_LABEL + host + joiner)
        for frame in self._frames:
            hashed.update(len(frame).to_bytes(4, "big") + frame)
        self._transcript = hashed.digest()
        keys = HKDF(hashes.SHA256(), 96, salt=self._transcript, info=_LABEL).derive(shared)
        self._digits_key = keys[64:]
        for name, key in (("joiner", keys[:32]), ("host", keys[32:64])):
            self._macs[name] = hmac.digest(key, self._transcript, "sha256")

    def _show_digits(self, opening: bytes) -> None:
        """Compute the digits, in which both sides' randomness is fixed by now."""
        mac = hmac.digest(self._digits_key, opening, "sha256")
        digits = f"{int.from_bytes(mac[:8], 'big') % 10**_DIGITS:0{_DIGITS}}"
        self.digits = f"{digits[:3]} {digits[3:]}"


class PairingHost(_Side):
    """The side that shows the code. At Stage.ASK, call `decline`, or `accept` if the joiner has `agreed`."""

    def __init__(
        self,
        codes: Sequence[tuple[Code, BlindedSecret]],
        identity: Identity,
        name: str,
        vault: bytes,
        random: Callable[[int], bytes],
    ) -> None:
        """`codes` are the codes that are shown, each with its secret, which is blinded once for each code."""
        super().__init__()
        self._secrets = {(code.number, code.kind): secret for code, secret in codes}
        self._identity = identity
        self._name = name
        self._vault = vault
        self._random = random
        self._signing_key = b""
        self._nonce = b""
        self.burnt = False
        """Whether there was a wrong guess; the code must not be used again then."""
        self.name = ""
        self.certificate = b""
        """The joiner's name for itself, and its certificate, which is proven from Stage.ASK on."""
        self.confirmed = False
        """Whether the joiner knew the secret."""
        self.agreed = False
        """Whether the joiner's person has agreed."""

    @property
    def joiner(self) -> bytes:
        """The joiner's device id."""
        return device_id(self.certificate)

    def accept(self, vault: bytes, root: bytes, records: Sequence[bytes], port: int) -> None:
        """Welcome the joiner."""
        self._send(Welcome(vault, root, tuple(records), port))
        self.stage = Stage.DONE

    def decline(self) -> None:
        """Refuse the joiner because the person does not want it; the code is no longer valid."""
        self._refuse(burnt=True)

    def _refuse(self, *, burnt: bool) -> None:
        self.burnt = self.burnt or burnt
        self._send(Refusal(burnt))
        self.stage = Stage.CLOSED

    def _step(self, message: _Message, frame: bytes) -> None:
        if self.stage is Stage.HELLO and isinstance(message, JoinerHello):
            self._greet(message, frame)
        elif self.stage is Stage.SHARE and isinstance(message, Share):
            self._frames.append(frame)
            self._send(Share(self._own_share), kept=True)
            self._agree(message.element, self._identity.id, self.joiner)
            self.stage = Stage.CONFIRM
        elif self.stage is Stage.CONFIRM and isinstance(message, Confirm):
            if not hmac.compare_digest(message.mac, self._macs["joiner"]):
                self.error = PairingFailed("Somebody typed a wrong code, or is intercepting the connection.")
                self._refuse(burnt=True)
                return
            self.confirmed = True
            self._send(Confirm(self._macs["host"]))
            self.stage = Stage.PROOF
        elif self.stage is Stage.PROOF and isinstance(message, Proof):
            if not verify(self._signing_key, message.signature, _LABEL + self._transcript):
                raise ProtocolError("The joining device cannot sign with the key in its certificate.")
            if hashlib.sha256(message.opening).digest() != self._nonce:
                raise ProtocolError("The joining device does not open what its Hello was closed with.")
            self._show_digits(message.opening)
            self.stage = Stage.ASK
        elif self.stage is Stage.ASK and isinstance(message, Agree) and not self.agreed:
            self.agreed = True
        elif self.stage is Stage.ASK and isinstance(message, Refusal):
            self.burnt = True
            raise PairingFailed("At the other device, somebody refused the pairing.")
        elif self.stage is Stage.DONE and isinstance(message, Done):
            self.stage = Stage.CLOSED
        else:
            raise self._out_of_turn(message)

    def _greet(self, hello: JoinerHello, frame: bytes) -> None:
        _check_versions(hello.oldest, hello.newest)
        secret = self._secrets.get((hello.number, hello.kind))
        if secret is None:
            raise ProtocolError("A device used the number of another pairing.")
        self._signing_key = read_certificate(hello.certificate).signing
        self.certificate = hello.certificate
        self._nonce = hello.nonce
        self.name = printable_name(hello.name)
        self._frames.append(frame)
        tag = _vault_tag(self._vault, hello.nonce)
        name = printable_name(self._name)
        self._send(HostHello(OLDEST, NEWEST, name, self._random(_NONCE_BYTES), tag), kept=True)
        self._begin_spake(secret.conversation(b"A" + self._identity.id, b"B" + self.joiner))
        self.stage = Stage.SHARE


class PairingJoiner(_Side):
    """The side where the code is typed. At Stage.ASK, call `agree` or `decline`.

    `host_certificate` is the certificate that the host showed in TLS.

    `vault` is the id of the vault that this device already has and wants to be paired for again, if any.
    """

    def __init__(
        self,
        code: Code,
        identity: Identity,
        name: str,
        host_certificate: bytes,
        random: Callable[[int], bytes],
        vault: bytes | None = None,
    ) -> None:
        super().__init__()
        self._code = code
        self._identity = identity
        self._host = device_id(host_certificate)
        self._vault = vault
        self._secret = BlindedSecret(PairingSide.JOINER, code.secret, random)
        self._opening = random(_NONCE_BYTES)
        self._nonce = hashlib.sha256(self._opening).digest()
        self.host_name = ""
        self.guessed = False
        """Whether a Confirm was made: the other side can tell from it whether it knows the secret."""
        self.welcome: Welcome | None = None
        if code.kind == QR_KIND and code.host != self._host:
            self.error = PairingFailed("A different device answers at the address in the QR code.")
            self.stage = Stage.CLOSED
            return
        name = printable_name(name)
        hello = JoinerHello(OLDEST, NEWEST, code.number, code.kind, name, identity.certificate, self._nonce)
        self._send(hello, kept=True)

    @property
    def host(self) -> bytes:
        """The host's device id."""
        return self._host

    def agree(self) -> None:
        """Tell the host that the person has agreed."""
        self._send(Agree())
        self.stage = Stage.WELCOME

    def decline(self) -> None:
        """End the pairing because the person does not want it, and let the host end it, too."""
        self._send(Refusal(burnt=True))
        self.error = PairingFailed("The pairing was refused here; start again with a new code.")
        self.stage = Stage.CLOSED

    def finish(self) -> None:
        """Tell the host that the Welcome is stored."""
        self._send(Done())
        self.stage = Stage.CLOSED

    def _step(self, message: _Message, frame: bytes) -> None:
        if isinstance(message, Refusal):
            raise PairingFailed(
                "The code was wrong, or somebody is intercepting the connection; try again with a new code."
                if message.burnt and self.stage is Stage.CONFIRM
                else "The other device refused."
            )
        if self.stage is Stage.HELLO and isinstance(message, HostHello):
            self._greet(message, frame)
        elif self.stage is Stage.SHARE and isinstance(message, Share):
            self._frames.append(frame)
            self._agree(message.element, self._host, self._identity.id)
            self._send(Confirm(self._macs["joiner"]))
            self.guessed = True
            self.stage = Stage.CONFIRM
        elif self.stage is Stage.CONFIRM and isinstance(message, Confirm):
            if not hmac.compare_digest(message.mac, self._macs["host"]):
                raise PairingFailed(
                    "The other device does not know the code: somebody is intercepting the connection."
                )
            self._send(Proof(self._identity.sign(_LABEL + self._transcript), self._opening))
            self._show_digits(self._opening)
            self.stage = Stage.ASK
        elif self.stage is Stage.WELCOME and isinstance(message, Welcome):
            self.welcome = message
            self.stage = Stage.DONE
        else:
            raise self._out_of_turn(message)

    def _greet(self, hello: HostHello, frame: bytes) -> None:
        _check_versions(hello.oldest, hello.newest)
        if self._vault is not None and hello.vault != _vault_tag(self._vault, self._nonce):
            raise PairingFailed("The other device has a different vault from the one here.")
        self.host_name = printable_name(hello.name)
        self._frames.append(frame)
        self._begin_spake(self._secret.conversation(b"A" + self._host, b"B" + self._identity.id))
        self._send(Share(self._own_share), kept=True)
        self.stage = Stage.SHARE


def _decode(frame: bytes) -> _Message:
    try:
        return _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DecodeError(f"A frame cannot be read ({error}).") from None


def _check_versions(oldest: int, newest: int) -> None:
    if oldest > NEWEST or newest < OLDEST or oldest > newest:
        raise VersionMismatch("The two devices cannot pair: the older crdtnotes needs an update.")


def _vault_tag(vault: bytes, nonce: bytes) -> bytes:
    return hmac.digest(nonce, b"crdtnotes vault" + vault, "sha256")
