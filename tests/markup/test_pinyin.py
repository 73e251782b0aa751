import os

import pytest

from crdtnotes import NoteNames
from crdtnotes.markup.pinyin import pinyin_ranks
from crdtnotes_tui.notes.catalogue import Catalogue


def rank(word: str, key: str, title: str | None = None) -> float | None:
    return pinyin_ranks(word, [(key, title or key)]).get(key)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("fbsxt", "分布式系统"),
        ("fenbushi", "分布式系统"),
        ("fenbushixitong", "分布式系统"),
        ("fenbsxt", "分布式系统"),
        ("xitong", "分布式系统"),
        ("分bs", "分布式系统"),
        ("capdl", "cap定理"),
        ("dingli", "cap定理"),
        ("chongqing", "重庆"),
        ("zhongqing", "重庆"),
        ("nvren", "女人"),
        ("nuren", "女人"),
        ("xian", "西安"),
        ("elel", "二〇二六"),
    ],
)
def test_initials_and_syllables_of_all_readings_spell_a_name(word: str, name: str) -> None:
    assert rank(word, name) is not None


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("fbx", "分布式系统"),
        ("fenn", "分布"),
        ("enbu", "分布"),
        ("fbsxtt", "分布式系统"),
        ("zz", "分布"),
        ("分布", "分布"),
        ("fb", "fb"),
        ("a", "é"),
    ],
)
def test_other_letters_do_not(word: str, name: str) -> None:
    assert rank(word, name) is None


def test_the_whole_title_is_best_then_its_beginning_then_its_inside() -> None:
    ranks = [
        rank("fbs", "zh/分布式", "分布式"),
        rank("fbs", "zh/分布式系统", "分布式系统"),
        rank("fbs", "分布式/甲", "甲"),
        rank("fbs", "zh/大分布式", "大分布式"),
    ]
    assert None not in ranks
    assert ranks == sorted(ranks, key=lambda one: one or 0)


def test_the_best_place_in_a_name_counts() -> None:
    for key, title, begins in (
        ("大分 分", "大分 分", 2.5),  # inside a word, then at the beginning of one
        ("分/大分", "大分", 2.5),
        ("分/分", "分", 0.5),
        ("大分/大分", "大分", 3.5),
    ):
        assert rank("fen", key, title) == pytest.approx(begins + len(key) / 1000)


def test_the_environment_is_left_as_it_was() -> None:
    rank("fb", "分布")
    assert "PYPINYIN_NO_PHRASES" not in os.environ


def found(query: str, *names: str) -> list[str]:
    return [way.name for way in Catalogue([NoteNames(name, 0, (), ()) for name in names]).find(query, 10)]


def test_names_in_latin_letters_come_first() -> None:
    assert found("fbs", "zh/分布式", "en/fbs", "en/fbs notes", "zh/分布式系统") == [
        "en/fbs",
        "zh/分布式",
        "en/fbs notes",
        "zh/分布式系统",
    ]


def test_words_in_pinyin_and_in_latin_letters_go_together() -> None:
    assert found("crdt xt", "zh/crdt系统", "zh/系统", "en/crdt") == ["zh/crdt系统"]


def test_pinyin_comes_before_scattered_letters() -> None:
    assert found("fbs", "en/far below sea", "zh/大分布式") == ["zh/大分布式", "en/far below sea"]


def test_the_order_of_words_does_not_matter() -> None:
    names = [f"zh/分布式系统{n}" for n in range(20)] + ["zh/系统", "en/fenbu", "en/xitong"]
    assert len(found("xt fenbushi", *names)) == 10
    assert found("xt fenbushi", *names) == found("fenbushi xt", *names)
    assert found("xt xt", *names) == found("xt", *names)
