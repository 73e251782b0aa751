"""Texts of snapshots as they lie in the file, each with a sum: a damaged one is never shown as if whole."""

from hashlib import blake2b

from crdtnotes.errors import Damaged

COLUMNS = "texts.text, texts.sum"
"""What to select to `read` a text."""


def text_sum(data: bytes) -> bytes:
    """Return the sum to store beside a text's UTF-8."""
    return blake2b(data, digest_size=8).digest()


def read(data: bytes, stored: bytes) -> str:
    """Return the text; raises Damaged when it is not what was stored."""
    if text_sum(data) != stored:
        raise Damaged("A note's text in the vault's file is damaged; `crdtnotes check` says which.")
    return data.decode()
