"""A device's id: the SHA-256 of its certificate, and the form in which people read and type it.

It is shown as base32 in eight groups of seven characters, like Syncthing's. Every thirteen characters are
followed by a check character (Luhn mod 32), so a mistyped id is noticed.
"""

import hashlib

from crdtnotes.errors import LocalError

ID_BYTES = 32

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_STRETCH = 13
_GROUP = 7
_CHARACTERS = 52
_MISREAD = str.maketrans("018", "OIB")


def device_id(certificate: bytes) -> bytes:
    """Return the id of the device with this certificate (DER)."""
    return hashlib.sha256(certificate).digest()


def shown(id: bytes) -> str:
    """Return an id in the form that people see: `ABCDEFG-…`, eight groups."""
    number = int.from_bytes(id, "big") << (_CHARACTERS * 5 - ID_BYTES * 8)
    plain = "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_CHARACTERS)))
    checked = "".join(
        plain[start : start + _STRETCH] + _check(plain[start : start + _STRETCH])
        for start in range(0, _CHARACTERS, _STRETCH)
    )
    return "-".join(checked[start : start + _GROUP] for start in range(0, len(checked), _GROUP))


def short(id: bytes) -> str:
    """Return the first group of an id, which is enough to tell a person's devices apart."""
    return shown(id)[:_GROUP]


def read(text: str) -> bytes:
    """Return the id that was typed, in any grouping; raises LocalError."""
    typed = _normal(text)
    stretch = _STRETCH + 1
    parts = [typed[start : start + stretch] for start in range(0, len(typed), stretch)]
    if len(parts) != _CHARACTERS // _STRETCH or any(
        len(part) != stretch or not set(part) <= set(_ALPHABET) or _check(part[:-1]) != part[-1]
        for part in parts
    ):
        raise LocalError(f"{text!r} is not a device id.")
    number = 0
    for character in "".join(part[:-1] for part in parts):
        number = number << 5 | _ALPHABET.index(character)
    spare = _CHARACTERS * 5 - ID_BYTES * 8
    if number & (1 << spare) - 1:
        raise LocalError(f"{text!r} is not a device id.")
    return (number >> spare).to_bytes(ID_BYTES, "big")


def begins(id: bytes, typed: str) -> bool:
    """Tell whether `typed` is the beginning of an id, at least one character long."""
    wanted = _normal(typed)
    return bool(wanted) and _normal(shown(id)).startswith(wanted)


def _normal(text: str) -> str:
    return "".join(text.split()).replace("-", "").upper().translate(_MISREAD)


def _check(text: str) -> str:
    """Return the Luhn mod 32 check character of a text."""
    total = 0
    for place, character in enumerate(reversed(text)):
        value = _ALPHABET.index(character) * (2 if place % 2 == 0 else 1)
        total += value // 32 + value % 32
    return _ALPHABET[-total % 32]
