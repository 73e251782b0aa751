import pytest

from crdtnotes_tui.text.segmenter import segmenter
from crdtnotes_tui.text.words import word_at, word_end, word_left, words


def pairs(text: str) -> list[str]:
    """A segmenter that knows words of two characters only."""
    return [text[at : at + 2] for at in range(0, len(text), 2)]


@pytest.mark.parametrize(
    ("text", "divided"),
    [
        ("", ""),
        ("two words", "two| |words"),
        ("don't stop_it2", "don't| |stop_it2"),
        ("用CRDT同步，再merge一次。", "用|CRDT|同步|，|再|merge|一次|。"),
        ("カタカナとひらがなと漢字", "カタカナ|とひらがなと|漢字"),
        ("コーヒーを飲む", "コーヒー|を|飲|む"),
        ("한국어 문장", "한국어| |문장"),
        ("，。！？（） ok", "，。！？（）| |ok"),
        ("e\u0301te\u0301 か\u3099く", "e\u0301te\u0301| |か\u3099く"),
        ("a👨\u200d👩\u200d👧b", "a|👨\u200d👩\u200d👧|b"),
        ("第3章ab", "第|3|章|ab"),
    ],
)
def test_runs_of_one_class_are_words(text: str, divided: str) -> None:
    found = list(words(text))
    assert "|".join(text[one.start : one.end] for one in found) == divided


def test_a_segmenter_cuts_chinese_only() -> None:
    text = "分布式系统abcdef，再来"
    assert [text[one.start : one.end] for one in words(text, pairs)] == [
        "分布",
        "式系",
        "统",
        "abcdef",
        "，",
        "再来",
    ]


def test_a_segmenter_that_loses_characters_is_not_believed() -> None:
    assert [tuple(one)[:2] for one in words("分布式", lambda text: [text[0]])] == [(0, 3)]


@pytest.mark.parametrize(
    ("line", "stops"),
    [
        ("one two", [3, 7]),
        ("  one  two ", [5, 10, 11]),
        ("用CRDT同步，好", [1, 5, 7, 8, 9]),
        ("“引文”（注）", [1, 3, 5, 6, 7]),
        ("", [0]),
    ],
)
def test_to_the_right_each_word_ends_a_step(line: str, stops: list[int]) -> None:
    at, found = 0, list[int]()
    while not found or at < len(line):
        at = word_end(line, at)
        found.append(at)
    assert found == stops


@pytest.mark.parametrize(
    ("line", "stops"),
    [
        ("one two", [4, 0]),
        ("  one  two ", [7, 2, 0]),
        ("用CRDT同步，好", [8, 7, 5, 1, 0]),
        ("   ", [0]),
    ],
)
def test_to_the_left_each_word_starts_a_step(line: str, stops: list[int]) -> None:
    at, found = len(line), list[int]()
    while at > 0:
        at = word_left(line, at)
        found.append(at)
    assert found == stops


def test_steps_by_the_words_of_a_segmenter() -> None:
    assert word_end("分布式系统", 0, pairs) == 2
    assert word_left("分布式系统", 5, pairs) == 4
    assert word_left("分布式系统", 3, pairs) == 2


@pytest.mark.parametrize(
    ("line", "column", "found"),
    [
        ("one two", 1, "one"),
        ("one two", 3, " "),
        ("one two", 7, "two"),
        ("用CRDT同步", 3, "CRDT"),
        ("用CRDT同步，", 5, "同步"),
        ("", 0, ""),
    ],
)
def test_the_word_at_a_column(line: str, column: int, found: str) -> None:
    start, end = word_at(line, column)
    assert line[start:end] == found


def test_a_huge_line_is_divided_near_the_caret_only() -> None:
    asked: list[int] = []

    def note(text: str) -> list[str]:
        asked.append(len(text))
        return [text]

    line = "汉" * 1_000_000
    assert word_end(line, 500_000, note) > 500_000
    assert sum(asked) < 5_000


def test_the_segmenter_finds_words_if_it_is_installed() -> None:
    pytest.importorskip("rjieba")
    segment = segmenter()
    assert segment is not None
    text = "我们在研究分布式系统"
    assert [text[one.start : one.end] for one in words(text, segment)] == ["我们", "在", "研究", "分布式系统"]
