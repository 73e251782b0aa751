"""One bit flips in a replica file: reads give correct data or fail, and repair restores the vault."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from crdtnotes.repair import repair
from crdtnotes.vault import Vault
from tests.damage import PAGE, Damage
from tests.shares import Share


@pytest.fixture(params=["in rows", "packed", "condensed"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Damage:
    return Damage(tmp_path, packed=request.param == "packed", condensed=request.param == "condensed")


def flipped(whole: bytes, random: Random, bits: int) -> Iterator[tuple[str, bytes]]:
    """The file with one bit flipped, for some bits of every page, and for more bits in structural parts."""
    for page in range(len(whole) // PAGE):
        places = [
            *(random.randrange(100) for _ in range((bits + 1) // 2)),
            *(random.randrange(PAGE) for _ in range(bits)),
        ]
        for place in places:
            bit = random.randrange(8)
            spoilt = bytearray(whole)
            spoilt[page * PAGE + place] ^= 1 << bit
            yield f"page {page}, byte {place}, bit {bit}", bytes(spoilt)


def test_a_flipped_bit_anywhere_never_shows_a_wrong_text(either: Damage, share: Share) -> None:
    damage, bits = either, share.flipped_bits
    refused = 0
    for where, content in flipped(damage.whole, Random(1), bits):
        damage.spoil(content)
        try:
            refused += not damage.nothing_wrong_is_shown()
            damage.is_sent_right_or_not_at_all()
        except BaseException as error:
            error.add_note(where)
            raise
    assert refused > 20 * bits // 12


def test_repair_with_a_peer_brings_everything_back(either: Damage, share: Share) -> None:
    damage, bits = either, max(1, share.flipped_bits // 6)
    said: list[int] = []
    for where, content in flipped(damage.whole, Random(2), bits):
        damage.spoil(content)
        try:
            repaired = repair(damage.path, damage.fetch, damage.identify)
            with Vault.open(damage.path) as vault:
                assert vault.digest == damage.digest
                assert vault.check() == []
                assert vault.actor != damage.actor
            said.append(repaired.missing)
            assert repaired.texts == ()
            assert repaired.aside.stat().st_size >= len(content) - PAGE
        except BaseException as error:
            error.add_note(where)
            raise
    # The flipped bit may be in the file's own count of its content.
    assert sum(map(bool, said)) < len(said) / 20
