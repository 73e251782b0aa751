"""Numbered lists to which two people added items: the offer to number them again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crdtnotes import Choice, Finding, Vault
from tests.vaults import meet, replicas

LIST = "1. one\n2. two\n3. three\n"
ANN = "1. one\n2. ann\n3. two\n4. three\n"
BOB = "1. one\n2. bob\n3. two\n4. three\n"


@contextmanager
def written_apart(folder: Path, base: str, *texts: str) -> Iterator[list[Vault]]:
    with replicas(folder, len(texts)) as vaults:
        vaults[0].create_note("A", base)
        meet(*vaults)
        for vault, text in zip(vaults, texts, strict=True):
            vault.note("A").write(text)
        meet(*vaults)
        yield vaults


def offers(vault: Vault) -> list[Finding]:
    return [found for found in vault.review("A") if found.kind == "numbering"]


@pytest.mark.parametrize("both_accept", [False, True])
@pytest.mark.parametrize("indent", ["", "  "])
@pytest.mark.parametrize("mark", [".", ")"])
def test_two_items_in_one_place_are_numbered_on(
    tmp_path: Path, mark: str, indent: str, both_accept: bool
) -> None:
    base, ann, bob = (
        f"# 清单\n\n{text.replace('. ', f'{mark} ')}".replace("\n1", f"\n{indent}1")
        .replace("\n2", f"\n{indent}2")
        .replace("\n3", f"\n{indent}3")
        .replace("\n4", f"\n{indent}4")
        for text in (LIST, ANN, BOB)
    )
    with written_apart(tmp_path, base, ann, bob) as vaults:
        [mine], [theirs] = map(offers, vaults)
        assert mine == theirs
        assert mine.choices == (Choice.OTHER,)
        for vault in vaults if both_accept else vaults[:1]:
            [offer] = offers(vault)
            vault.settle(offer, Choice.OTHER)
        meet(*vaults)
        text = vaults[0].note("A").text
        assert text == vaults[1].note("A").text
        numbers = [line.strip()[0] for line in text.splitlines()[2:]]
        assert numbers == ["1", "2", "3", "4", "5"]
        assert {line.strip()[3:] for line in text.splitlines()[2:]} == {"one", "ann", "bob", "two", "three"}
        assert all(offers(vault) == [] for vault in vaults)
        assert all(vault.check() == [] for vault in vaults)


@pytest.mark.parametrize(
    ("base", "one", "other"),
    [
        (LIST, ANN, ANN),  # the same item: once, and numbered
        ("1. one\n1. two\n", "1. one\n1. ann\n1. two\n", "1. one\n1. bob\n1. two\n"),  # never numbered
        ("1. one\n\n5. five\n", "1. one\n\n5. five\n6. six\n", "0. zero\n\n5. five\n"),  # two lists
        (
            "1. one\n3. three\n",
            "1. one\n3. three\nmore\n",
            "first\n1. one\n3. three\n",
        ),  # no item was
    ],
)
def test_what_needs_no_numbers_is_not_offered(tmp_path: Path, base: str, one: str, other: str) -> None:
    with written_apart(tmp_path, base, one, other) as vaults:
        assert all(offers(vault) == [] for vault in vaults)


def test_what_is_dismissed_stays_away(tmp_path: Path) -> None:
    with written_apart(tmp_path, LIST, ANN, BOB) as vaults:
        vaults[0].mark_seen(*offers(vaults[0]))
        assert offers(vaults[0]) == []
        assert len(offers(vaults[1])) == 1
