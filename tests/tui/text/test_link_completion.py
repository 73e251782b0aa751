import pytest

from crdtnotes_tui.text.link_completion import Typing, accepted, typing_at


@pytest.mark.parametrize(
    ("line", "typing"),
    [
        ("see [[CA", Typing(4, 8, "name", "CA", "")),
        ("【【分布", Typing(0, 4, "name", "分布", "")),
        ("[[a]] and [[", Typing(10, 12, "name", "", "")),
        ("[[Note#He", Typing(0, 9, "heading", "He", "Note")),
        ("[[Note#^b", Typing(0, 9, "block", "b", "Note")),
        ("[[#He", Typing(0, 5, "heading", "He", "")),
        ("[[C\\# no", Typing(0, 8, "name", "C# no", "")),
        ("[[a]]", None),
        ("[[a|lab", None),
        ("plain", None),
    ],
)
def test_what_is_being_typed(line: str, typing: Typing | None) -> None:
    assert typing_at(line, len(line)) == typing


@pytest.mark.parametrize(
    ("line", "column", "chosen", "then"),
    [
        ("see [[CA", 8, "CAP定理", "see [[CAP定理]]"),
        ("【【分", 3, "分布式系统", "[[分布式系统]]"),
        ("[[CA]] x", 4, "CAP", "[[CAP]] x"),
        ("[[N#h", 5, "Heading", "[[N#Heading]]"),
        ("[[N#^", 5, "id", "[[N#^id]]"),
        ("[[C", 3, "C# notes", "[[C\\# notes]]"),
    ],
)
def test_what_is_chosen_finishes_the_link(line: str, column: int, chosen: str, then: str) -> None:
    typing = typing_at(line, column)
    assert typing is not None
    start, end, text = accepted(line, typing, chosen)
    assert line[:start] + text + line[end:] == then
