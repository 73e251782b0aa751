"""The suite sends thousands of frames (tests/shares.py); `python -m tests.fuzz --frames N` any number."""

from pathlib import Path

import pytest

from crdtnotes.changes import messages
from crdtnotes.errors import DecodeError
from crdtnotes.store.signing.signer import Signer
from crdtnotes.store.views.documents import Documents
from tests.fuzz import loop
from tests.shares import Share

FRAMES = 20_000
"""Within so many, each planted bug is noticed."""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_invalid_input_changes_nothing(seed: int, share: Share, tmp_path: Path) -> None:
    tally = loop.run(seed, share.frames, tmp_path)
    assert tally.frames == share.frames
    assert {
        "DecodeError",
        "Damaged",
        "InvalidChange",
        "MissingChanges",
        "ProtocolError",
        "Fork",
        "NotSigned",
    } <= set(tally.refused)
    assert tally.taken_in > 50


def test_an_error_of_another_family_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decode = messages.decode

    def careless(frame: bytes) -> messages.Message:
        try:
            return decode(frame)
        except DecodeError:
            raise KeyError(frame[:1]) from None

    def decode_frame(frame: bytes) -> loop.Outcome:
        monkeypatch.setattr(messages, "decode", careless)
        try:
            return real(frame)
        finally:
            monkeypatch.setattr(messages, "decode", decode)

    real = loop._decode_frame
    monkeypatch.setattr(loop, "_decode_frame", decode_frame)
    with pytest.raises(KeyError) as caught:
        loop.run(1, FRAMES, tmp_path)
    assert "replay: python -m tests.fuzz --seed 1" in caught.value.__notes__[0]


def test_a_replica_that_keeps_refused_data_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bug: after a refusal, the document in memory keeps the transaction's effect."""
    monkeypatch.setattr(Documents, "forget", lambda self: None)
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - it shows in one of several ways
        loop.run(1, FRAMES, tmp_path)
    assert not isinstance(caught.value, KeyboardInterrupt)


def test_a_paired_replica_that_does_not_check_signatures_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Signer, "_is_covered", lambda *_: True)
    with pytest.raises((AssertionError, KeyError)):
        loop.run(1, FRAMES, tmp_path)
