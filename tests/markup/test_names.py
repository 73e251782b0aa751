import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdtnotes.errors import InvalidName
from crdtnotes.markup.names import clean_name, fits, folder_of, name_key, title_of

TEXTS = st.one_of(st.text(), st.text(st.sampled_from("aAéÉe\u0301ßẞİıſK./ md.MD\t甲｜ﬁ\u0345ᾳ")))


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("分布式系统", "分布式系统"),
        (" zh / 关系图谱.md ", "zh/关系图谱"),
        ("Cafe\u0301", "Café"),
        ("a.md.md", "a"),
        ("a.MD", "a"),
        ("a.mdx", "a.mdx"),
        ("C# notes", "C# notes"),
        ("a: b^c", "a: b^c"),
        ("\u3000甲\u3000", "甲"),
        ("v1.0", "v1.0"),
    ],
)
def test_clean_name(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", ".md", "/", "a//b", "/a", "a/", "a/ /b", ".", "..", "a/../b", "./a"),
        *("a\0b", "a\nb", "a\x7fb", "a\x85b", "a\u2028b", "a\u2029b", "a\ud800"),
        *("a[[b", "a]]b", "a|b", "a｜b", "a\\b"),
        *("目" * 81, "/".join(["目" * 80] * 5)),
    ],
)
def test_invalid_names(name: str) -> None:
    with pytest.raises(InvalidName, match=r"^[A-Z][^\n]*$"):
        clean_name(name)


def test_the_longest_names() -> None:
    assert clean_name("目" * 80 + ".md") == "目" * 80
    longest = "/".join(["目" * 80] * 4) + "/" + "a" * 36
    assert len(clean_name(longest).encode()) == 1000


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cafe\u0301", "CAFÉ"),
        ("Straße", "STRASSE"),
        ("zh/关系图谱.md", " zh / 关系图谱"),
        ("a.md.MD", "A"),
        ("Å", "\u212b"),
        ("\u1f80", "\u1f00\u03b9"),
    ],
)
def test_keys_of_the_same_name(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_keys_of_different_names() -> None:
    assert len({name_key(name) for name in ["a", "a b", "b", "甲", "a/b", "ａ"]}) == 6


@settings(deadline=None)
@given(TEXTS)
def test_a_key_is_its_own_key(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


def test_every_character_is_its_own_key_after_one_step() -> None:
    for code in range(0x20000):  # no character beyond has cases or is composed
        key = name_key(chr(code))
        assert name_key(key) == key, hex(code)


@settings(deadline=None)
@given(TEXTS)
def test_equivalent_spellings_have_one_key(name: str) -> None:
    for form in ("NFC", "NFD"):
        assert name_key(unicodedata.normalize(form, name)) == name_key(name)


@settings(deadline=None)
@given(TEXTS)
def test_a_clean_name_stays_unchanged_and_keeps_its_key(name: str) -> None:
    try:
        cleaned = clean_name(name)
    except InvalidName:
        return
    assert clean_name(cleaned) == cleaned
    assert name_key(cleaned) == name_key(name)


def test_title_and_folder() -> None:
    assert (title_of("zh/关系/图谱"), folder_of("zh/关系/图谱")) == ("图谱", "zh/关系")
    assert (title_of("图谱"), folder_of("图谱")) == ("图谱", "")


def test_fits() -> None:
    assert fits("目" * 333)
    assert not fits("目" * 334)
    assert not fits("")
    assert not fits("\ud800")
