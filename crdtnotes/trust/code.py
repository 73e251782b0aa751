"""The code that pairs two devices: `4821-otter-violin-maple`.

The number only identifies the pairing and is announced on the network. The three words are the secret: 24
bits, and a stranger has one guess. A QR code carries a secret of 128 bits instead, and the address.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from crdtnotes.errors import LocalError
from crdtnotes.trust.words import WORDS

WORDS_KIND = 0
QR_KIND = 1

_SCHEME = "crdtnotes:"
_NUMBERS = 10_000
_COUNT = 3
_SECRET_BYTES = 16
_SEPARATORS = re.compile(r"[\s\-‐‑–—－_.,]+")
_QR = re.compile(r"crdtnotes:(\d{4})-([0-9a-f]{32})-([0-9a-f]{64})@(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Code:
    """A pairing code: `kind` says whether `secret` is that of the words or that of a QR code.

    Only a QR code gives `address` and `host` (the id of the device that shows the code).
    """

    number: int
    kind: int
    secret: bytes
    address: str = ""
    host: bytes = b""


def new_code(random: Callable[[int], bytes]) -> Code:
    """Return a new code of words; `random(n)` returns n random bytes."""
    picked = random(_COUNT)
    number = int.from_bytes(random(8), "big") % _NUMBERS
    return Code(number, WORDS_KIND, "-".join(WORDS[index] for index in picked).encode("ascii"))


def new_qr_code(number: int, address: str, host: bytes, random: Callable[[int], bytes]) -> Code:
    """Return the code that a QR code carries for the pairing with this number."""
    return Code(number, QR_KIND, random(_SECRET_BYTES).hex().encode("ascii"), address, host)


def written(code: Code) -> str:
    """Return the text of a code as it is shown to people and read by `read_code`."""
    secret = code.secret.decode("ascii")
    if code.kind == QR_KIND:
        return f"{_SCHEME}{code.number:04}-{secret}-{code.host.hex()}@{code.address}"
    return f"{code.number:04}-{secret}"


def read_code(text: str) -> Code:
    """Return the code that was typed or scanned; raises LocalError.

    Case, full-width forms and the separators between the words do not matter.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    scanned = _QR.fullmatch(text)
    if scanned is not None:
        number, secret, host, address = scanned.groups()
        return Code(int(number), QR_KIND, secret.lower().encode("ascii"), address, bytes.fromhex(host))
    parts = [part for part in _SEPARATORS.split(text.lower()) if part]
    if len(parts) != _COUNT + 1 or not re.fullmatch("[0-9]{4}", parts[0]):
        raise LocalError(f"{text!r} is not a pairing code; one looks like 4821-otter-violin-maple.")
    for word in parts[1:]:
        if word not in WORDS:
            raise LocalError(f"{word!r} is not a word of any pairing code; check it on the other device.")
    return Code(int(parts[0]), WORDS_KIND, "-".join(parts[1:]).encode("ascii"))
