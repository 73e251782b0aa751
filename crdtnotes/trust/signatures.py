"""A device's signature over the head of a stream: it states which changes are the device's.

One signature over the head of the hash chain covers every change up to it. It names the vault, so it proves
nothing in another vault.
"""

from typing import Protocol

SIGNATURE_BYTES = 64

_HEAD = b"crdtnotes head"


class SigningKey(Protocol):
    """An object that can sign for a device, such as `Identity`."""

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature of a message."""
        ...


def head_message(vault: bytes, actor: int, seq: int, digest: bytes) -> bytes:
    """Return the bytes that are signed for a head; all fields have fixed lengths."""
    return _HEAD + vault + actor.to_bytes(8, "big") + seq.to_bytes(8, "big") + digest


def sign_head(signer: SigningKey, vault: bytes, actor: int, seq: int, digest: bytes) -> bytes:
    """Return the signature (64 bytes) for a stream whose chain has the hash `digest` at `seq`."""
    return signer.sign(head_message(vault, actor, seq, digest))


def head_is_signed(
    signature: bytes, signing_key: bytes, vault: bytes, actor: int, seq: int, digest: bytes
) -> bool:
    """Tell whether the signature is by this key and for this head."""
    return verify(signing_key, signature, head_message(vault, actor, seq, digest))


def verify(signing_key: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether an Ed25519 signature of the message is by this key; False for a malformed key, too."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(signing_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
