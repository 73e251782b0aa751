import pytest

from crdtnotes_tui.text.list_editing import is_task, on_enter, toggled


@pytest.mark.parametrize(
    ("line", "then"),
    [
        ("- one", "- one\n- "),
        ("  * one", "  * one\n  * "),
        ("9. nine", "9. nine\n10. "),
        ("3) three", "3) three\n4) "),
        ("- [x] done", "- [x] done\n- [ ] "),
        ("> said", "> said\n> "),
        ("> - item", "> - item\n> - "),
        ("- 中文", "- 中文\n- "),
        ("- ", ""),
        ("- [ ] ", ""),
        ("> ", ""),
        ("> - ", "> "),
        ("plain", None),
        ("-no list", None),
        ("", None),
    ],
)
def test_enter_at_the_end_of_a_line(line: str, then: str | None) -> None:
    enter = on_enter(line, len(line))
    assert (None if enter is None else line[: enter.start] + enter.text) == then


def test_enter_before_the_text_of_an_item_is_plain() -> None:
    assert on_enter("- one", 0) is None
    assert on_enter("- [ ] one", 2) is None


@pytest.mark.parametrize(
    ("line", "then"),
    [("- [ ] a", "- [x] a"), ("- [x] a", "- [ ] a"), ("1. a", "1. [ ] a"), ("> - [X] a", "> - [ ] a")],
)
def test_tasks_are_ticked(line: str, then: str) -> None:
    edit = toggled(line)
    assert edit is not None
    start, end, text = edit
    assert line[:start] + text + line[end:] == then


def test_a_task_is_told_from_other_items() -> None:
    assert all(map(is_task, ["- [ ] a", "  1. [x] a", "> * [X] a"]))
    assert not any(map(is_task, ["- a", "[ ] a", "- [y] a", "a - [ ] b"]))


def test_what_is_no_item_is_not_ticked() -> None:
    assert toggled("a - b") is None
