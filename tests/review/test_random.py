"""Random histories: all replicas find the same, each choice can be made, and settling ends."""

import random
from pathlib import Path

import pytest

from crdtnotes import Finding, Grouped, Note, Patch, Vault
from tests.vaults import meet, replicas, send

TEXT = "---\nstatus: open\n---\n# Plan\n- [ ] milk\n- [ ] tea\n\nWe meet on Monday, ok.\nThe dog runs far.\n"
WORDS = ("done", "x", "Tuesday", "星期二", "two words", "line\n", "- [ ] more\n", "")


def edit(note: Note, dice: random.Random) -> None:
    """Make a random edit: in an editor, or as a whole-text write."""
    text = note.text
    start = dice.randint(0, len(text))
    removed = min(dice.choice((0, 1, 3, 12)), len(text) - start)
    word = dice.choice(WORDS)
    if dice.random() < 0.3:
        note.write(text.replace(dice.choice(("open", "[ ]", "Monday", "dog", "milk\n")), word or "[x]", 1))
    elif dice.random() < 0.5:
        note.write(text[:start] + word + text[start + removed :])
    else:
        note.open().commit([Grouped(Patch(start, removed, word))])


def check_findings(vaults: list[Vault]) -> list[Finding]:
    found = vaults[0].review(with_seen=True)
    for vault in vaults:
        assert vault.review(with_seen=True) == found
        assert len({one.key for one in found}) == len(found)
        for one in found:
            note = vault.note_by_id(one.note)
            assert one.summary
            if one.start is not None:
                assert 0 <= one.start <= len(note.text)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_random_histories(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    with replicas(tmp_path, 3) as vaults:
        vaults[0].create_note("A", TEXT)
        meet(*vaults)
        uid = vaults[0].note("A").id
        for _ in range(3):
            for vault in vaults:
                note = vault.note_by_id(uid)
                for _ in range(dice.randint(0, 3)):
                    kind = dice.random()
                    if not vault.names() or kind < 0.03:
                        note.restore()
                    elif kind < 0.06:
                        note.remove()
                        note.restore()
                    elif kind < 0.15:
                        note.rename(dice.choice(("A", "B", "C")))
                    else:
                        edit(note, dice)
            send(*dice.sample(vaults, 2))
        meet(*vaults)
        found = check_findings(vaults)
        for _ in range(len(found) * 3 + 3):
            found = [one for one in check_findings(vaults) if one.choices]
            if not found:
                break
            one = dice.choice(found)
            vault = dice.choice(vaults)
            choice = dice.choice(one.choices)
            before = vault.version
            vault.settle(one, choice)
            if vault.version == before:
                assert one.key not in {other.key for other in vault.review()}
                vault.settle(one, one.choices[0])
            assert one.key not in {other.key for other in vault.review(with_seen=True)}, (one, choice)
            meet(*vaults)
        for vault in vaults:
            assert vault.check() == []
