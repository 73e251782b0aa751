"""Lists of the front matter to which two people added the same item: the offer to keep it once."""

from pathlib import Path

import pytest

from crdtnotes import Choice, Finding, Vault
from tests.review.test_numbering import written_apart

FLOW = "---\ntags: [{}]\nstatus: open\n---\ntext\n"
PLAIN = "---\ntags: {}\n---\ntext\n"
BLOCK = "---\naliases:\n{}status: open\n---\ntext\n"


def offers(vault: Vault) -> list[Finding]:
    return [found for found in vault.review("A") if found.kind == "repeated item"]


def entries(*items: str, indent: str = "  ") -> str:
    return "".join(f"{indent}- {item}\n" for item in items)


@pytest.mark.parametrize("both_accept", [False, True])
@pytest.mark.parametrize(
    ("form", "base", "one", "other", "wanted"),
    [
        (FLOW, "a", "a, b, c", "a, c, d", {"a, b, c, d", "a, c, d, b"}),
        (FLOW, "甲", "甲, 乙, 丙", "甲, 丙, 丁", {"甲, 乙, 丙, 丁", "甲, 丙, 丁, 乙"}),
        (FLOW, "a, z", "a, b, c, z", "a, c, d, z", {"a, b, c, d, z", "a, c, d, b, z"}),
        (FLOW, "a", "a, b, c, d", "a, c, d, e", {"a, b, c, d, e", "a, c, d, e, b"}),
        (PLAIN, "a, z", "a, b, c, z", "a, c, d, z", {"a, b, c, d, z", "a, c, d, b, z"}),
        (
            BLOCK,
            entries("a"),
            entries("a", "b", "c"),
            entries("a", "c", "d"),
            {entries("a", "b", "c", "d"), entries("a", "c", "d", "b")},
        ),
    ],
)
def test_an_item_that_two_people_added_is_offered_once(
    tmp_path: Path, form: str, base: str, one: str, other: str, wanted: set[str], both_accept: bool
) -> None:
    with written_apart(tmp_path, form.format(base), form.format(one), form.format(other)) as vaults:
        [mine], [theirs] = map(offers, vaults)
        assert mine == theirs
        assert mine.choices == (Choice.OTHER,)
        for vault in vaults if both_accept else vaults[:1]:
            [offer] = offers(vault)
            vault.settle(offer, Choice.OTHER)
            assert offers(vault) == []
        for batch in vaults[0].changes_since(vaults[1].version):
            vaults[1].apply(batch)
        for batch in vaults[1].changes_since(vaults[0].version):
            vaults[0].apply(batch)
        assert vaults[0].note("A").text == vaults[1].note("A").text
        assert vaults[0].note("A").text in map(form.format, wanted)
        assert all(offers(vault) == [] and vault.check() == [] for vault in vaults)


@pytest.mark.parametrize(
    ("base", "one", "other"),
    [
        (FLOW.format("a"), FLOW.format("a, b"), FLOW.format("a, b")),  # the same: once already
        (FLOW.format("a, a"), FLOW.format("a, a, b"), FLOW.format("a, a, c")),  # one person wrote it twice
        ("- a\n", "- a\n- b\n- c\n", "- a\n- c\n- d\n"),  # no front matter
        ("---\nk: {}\n---\n", "---\nk: {b: c}\n---\n", "---\nk: {c: d}\n---\n"),
        (
            BLOCK.format(entries("n: a")),
            BLOCK.format(entries("n: a", "n: b", "n: c")),
            BLOCK.format(entries("n: a", "n: c", "n: d")),  # no simple items
        ),
    ],
)
def test_what_is_no_list_with_an_item_twice_is_not_offered(
    tmp_path: Path, base: str, one: str, other: str
) -> None:
    with written_apart(tmp_path, base, one, other) as vaults:
        assert all(offers(vault) == [] for vault in vaults)


def test_an_item_of_several_lines_is_left_alone(tmp_path: Path) -> None:
    long = "  - c\n    goes on\n"
    base = BLOCK.format(entries("a"))
    one, other = BLOCK.format(entries("a", "b") + long), BLOCK.format(entries("a", "d") + long)
    with written_apart(tmp_path, base, one, other) as vaults:
        assert all(offers(vault) == [] for vault in vaults)
