import json

import pytest
from rich.cells import cell_len

from crdtnotes.terminal import HIDDEN, json_escaped, printable, visible

EVERY_CONTROL = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

INNOCENT = [
    "分布式系统",
    "a\tb\nc\n",
    "👩\u200d👩\u200d👧 ❤\ufe0f 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "क्\u200dष and नि\u200cर",
    "مرحبا \u200f(x)\u200e \u061c",
    "e\u0301 soft\u00adhyphen a\u00a0b \u3000",
    "private \ue000 unassigned \u0378",
]


@pytest.mark.parametrize("text", INNOCENT)
def test_what_languages_and_emoji_need_stays(text: str) -> None:
    assert visible(text) == text
    assert json_escaped(text) == text


def test_every_hidden_character_becomes_one_visible_cell() -> None:
    hidden = EVERY_CONTROL + BIDI + "\u2028\u2029\ud800\udfff\ufffe\uffff"
    shown = visible(hidden)
    assert len(shown) == len(hidden) == cell_len(shown.replace("\n", " ").replace("\t", " "))
    assert not set(shown) & set(HIDDEN)
    assert {one for one in hidden if one in shown} == {"\n", "\t"}


@pytest.mark.parametrize(
    ("text", "lines", "line"),
    [
        ("\x1b]0;title\x07", "␛]0;title␇", "␛]0;title␇"),
        ("\x9b31m\x7f", "�31m␡", "�31m␡"),
        ("a\r\nb\tc", "a␍\nb\tc", "a  b c"),
        ("\u202egpj\u202c", "⇠gpj⇤", "⇠gpj⇤"),
        ("a\u2028b", "a↵b", "a b"),
    ],
)
def test_texts_and_lines(text: str, lines: str, line: str) -> None:
    assert visible(text) == lines
    assert printable(text) == line


def test_json_says_the_same_with_escapes() -> None:
    value = [EVERY_CONTROL, BIDI, "\u2028\ufffe", "中"]
    for indent in (None, 1):
        document = json_escaped(json.dumps(value, ensure_ascii=False, indent=indent))
        assert json.loads(document) == value
        assert visible(document) == document
    assert json_escaped('"\x9b\u202e"') == '"\\u009b\\u202e"'
