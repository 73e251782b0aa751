import inspect
from itertools import pairwise

import pytest
from textual import _wrap
from textual.document._wrapped_document import WrappedDocument

from crdtnotes_tui.editor.wrapping import Wrapping, chunks
from crdtnotes_tui.notes.document import NoteDocument


def wrapped(text: str, width: int) -> list[str]:
    return Wrapping(NoteDocument(text), width).lines[0]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 8, ["one two ", "three"]),
        ("看 [[CAP定理]] 的内容很长", 15, ["看 [[CAP定理]] ", "的内容很长"]),
        ("中文没有空格也换行", 8, ["中文没有", "空格也换", "行"]),
        ("一二三，四五", 6, ["一二", "三，四", "五"]),
        ("一二（三四）五", 6, ["一二", "（三", "四）五"]),
        ("very-long-word-indeed", 8, ["very-lon", "g-word-i", "ndeed"]),
    ],
)
def test_lines_break_at_words_and_between_wide_characters(text: str, width: int, lines: list[str]) -> None:
    assert [line.rstrip() for line in wrapped(text, width)] == [line.rstrip() for line in lines]


@pytest.mark.parametrize("text", ["a  b\t中，文（x）！！ …… 「」 ーabc 。。", "  ", "，", "（"])
def test_nothing_is_lost_between_chunks(text: str) -> None:
    spans = [(start, end) for start, end, _ in chunks(text)]
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text)
    assert all(one[1] == next_one[0] for one, next_one in pairwise(spans))


def test_textual_wraps_with_the_chunks_of_here() -> None:
    assert _wrap.chunks is chunks
    assert "in chunks(text)" in inspect.getsource(_wrap.compute_wrap_offsets)
    assert issubclass(Wrapping, WrappedDocument)
