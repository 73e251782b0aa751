from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdtnotes.markup.names import folder_of, name_key, title_of
from crdtnotes.markup.resolve import (
    DEPENDS,
    Candidate,
    meant_name,
    relative_target,
    resolve,
    resolve_anywhere,
)


class Vault:
    """Names of notes with their aliases, in memory."""

    def __init__(self, notes: dict[str, list[str]] | list[str]) -> None:
        self.notes = notes if isinstance(notes, dict) else {name: [] for name in notes}

    def exact(self, key: str) -> str | None:
        return next((name for name in self.notes if name_key(name) == key), None)

    def candidates(self, title_key: str) -> Iterable[Candidate]:
        for name, aliases in self.notes.items():
            for called in [name, *aliases]:
                if title_of(name_key(called)) == title_key:
                    yield Candidate(name_key(called), name)


@pytest.mark.parametrize(
    ("notes", "holder", "target", "expected"),
    [
        (["甲", "zh/甲"], "zh/乙", "甲", "甲"),
        (["zh/甲", "en/甲"], "en/乙", "甲", "en/甲"),
        (["zh/sub/甲", "en/甲"], "zh/乙", "sub/甲", "zh/sub/甲"),
        (["zh/sub/甲", "en/甲"], "zh/乙", "甲", "zh/sub/甲"),
        (["a/x/n", "a/b/c/d/n"], "a/b/h", "n", "a/x/n"),
        (["a/x/n", "a/b/c/n"], "a/b/h", "n", "a/b/c/n"),
        (["bb/n", "a/n"], "h", "n", "a/n"),
        (["b/n", "a/n"], "h", "n", "a/n"),
        (["a/sub/b", "c/b"], "c/h", "sub/b", "a/sub/b"),
        (["a/xsub/b"], "h", "sub/b", None),
        (["Café"], "h", "cafe\u0301.MD", "Café"),
        (["C# notes"], "h", "c# notes", "C# notes"),
        (["a/n"], "a/b/h", "../n", "a/n"),
        (["a/n", "n"], "a/h", "./n", "a/n"),
        (["n"], "a/h", "./n", None),
        (["n"], "a/h", "../../n", None),
        (["n", "a/n"], "a/h", "/n", "n"),
        (["a/n"], "a/h", "/n", None),
        (["n"], "h", "", None),
        (["n"], "h", " .md ", None),
        (["n"], "h", "m", None),
        ([], "h", "\ud800/\0", None),
    ],
)
def test_resolve(notes: list[str], holder: str, target: str, expected: str | None) -> None:
    assert resolve(target, holder, Vault(notes)) == expected


def test_aliases_count_like_titles() -> None:
    vault = Vault({"zh/分布式系统": ["DS", "系统/分布式"], "en/Distributed systems": ["DS"]})
    assert resolve("ds", "en/x", vault) == "en/Distributed systems"
    assert resolve("ds", "zh/x", vault) == "zh/分布式系统"
    assert resolve("分布式", "x", vault) == "zh/分布式系统"


@pytest.mark.parametrize(
    ("target", "holder", "name"),
    [
        ("./x", "p/a", "p/x"),
        ("./x", "a", "x"),
        ("../o", "p/a", "o"),
        ("../o/./n", "p/q/a", "p/o/n"),
        ("../../o", "p/a", "../../o"),
        ("/a/o", "p/a", "a/o"),
        ("/", "p/a", "/"),
        (" 甲/乙 ", "p/a", "甲/乙"),
        ("x", "p/a", "x"),
    ],
)
def test_the_name_that_a_dangling_target_asks_for(target: str, holder: str, name: str) -> None:
    assert meant_name(target, holder) == name


def test_a_name_wins_over_a_nearer_alias() -> None:
    assert resolve("甲", "zh/x", Vault({"甲": [], "zh/乙": ["甲"]})) == "甲"


SEGMENTS = st.sampled_from(["a", "b", "甲", "É"])
PATHS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)


@settings(deadline=None)
@given(st.dictionaries(PATHS, st.lists(PATHS, max_size=2), max_size=8), PATHS, PATHS, st.randoms())
def test_the_order_of_notes_does_not_matter(
    notes: dict[str, list[str]], holder: str, target: str, random: Random
) -> None:
    shuffled = list(notes.items())
    random.shuffle(shuffled)
    assert resolve(target, holder, Vault(notes)) == resolve(target, holder, Vault(dict(shuffled)))


@settings(deadline=None)
@given(PATHS, PATHS)
def test_a_relative_target_finds_its_note(name: str, holder: str) -> None:
    target = relative_target(name, holder)
    assert target.startswith(("./", "../"))
    assert resolve(target, holder, Vault([name])) == name


def by_the_rules(target: str, holder: str, vault: Vault) -> str | None:
    """The module's documented rules, applied one by one."""
    folder = folder_of(holder)
    if target.startswith("/"):
        return vault.exact(name_key(target.lstrip("/")))
    for name in (target, f"{folder}/{target}" if folder else target):
        found = vault.exact(name_key(name))
        if found is not None:
            return found
    key = name_key(target)
    fits = [one.name for one in vault.candidates(title_of(key)) if f"/{one.key}".endswith(f"/{key}")]
    fits = [name for name in fits if f"/{name_key(name)}".endswith(f"/{key}")] or fits
    return min(fits, key=lambda name: (steps(folder, folder_of(name)), len(name), name), default=None)


def steps(here: str, there: str) -> int:
    """The number of folders up and down from one folder to another."""
    one, other = (name_key(folder).split("/") if folder else [] for folder in (here, there))
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    return len(one) + len(other)


@settings(deadline=None)
@given(
    st.dictionaries(PATHS, st.lists(PATHS, max_size=2), max_size=8),
    st.lists(PATHS, min_size=1),
    st.one_of(PATHS, PATHS.map("/".__add__)),
)
def test_a_result_for_anywhere_holds_for_every_holder(
    notes: dict[str, list[str]], holders: list[str], target: str
) -> None:
    vault = Vault({name: aliases for name, aliases in notes.items() if name == vault_name(notes, name)})
    expected = [by_the_rules(target, holder, vault) for holder in holders]
    assert [resolve(target, holder, vault) for holder in holders] == expected
    anywhere = resolve_anywhere(target, vault)
    if anywhere != DEPENDS:
        assert set(expected) == {anywhere}


def vault_name(notes: Iterable[str], name: str) -> str:
    """The name that a vault shows for this key: only one note has it."""
    return next(other for other in notes if name_key(other) == name_key(name))


def test_a_relative_target_depends_on_its_holder() -> None:
    assert resolve_anywhere("./n", Vault(["n"])) == DEPENDS
    assert resolve_anywhere("n", Vault(["a/n", "b/n"])) == DEPENDS
    assert resolve_anywhere("n", Vault(["n", "b/n"])) == "n"
    assert resolve_anywhere("n", Vault({"a/m": ["n"]})) == "a/m"
    assert resolve_anywhere("n", Vault(["m"])) is None
