"""Which note is opened when many came in at once."""

import pytest

from crdtnotes import NoteInfo
from crdtnotes_tui.notes.landing import landing_note


def infos(**backlinks: int) -> list[NoteInfo]:
    names = {name.replace("__", "/"): count for name, count in backlinks.items()}
    return [NoteInfo(name, name.rpartition("/")[2], 0, 0, 0, 0, count) for name, count in names.items()]


@pytest.mark.parametrize(
    ("notes", "opened"),
    [
        ({"a": 9, "README": 0, "sub__index": 0}, "README"),
        ({"a": 9, "sub__ReadMe": 0, "Index": 0}, "Index"),
        ({"home": 0, "index": 0}, "index"),
        ({"a": 1, "首页": 0}, "首页"),
        ({"a": 1, "b": 3, "c": 3}, "b"),
        ({"sub__a": 0, "b": 0}, "b"),
    ],
)
def test_a_front_page_comes_first_and_then_what_is_linked_most(notes: dict[str, int], opened: str) -> None:
    found = infos(**notes)
    assert landing_note(found, {one.name for one in found}) == opened


def test_only_what_came_in_counts() -> None:
    assert landing_note(infos(README=3, a=0), {"a"}) == "a"
    assert landing_note(infos(README=3), ()) is None
