import pytest

from crdtnotes_tui.text.reading.callouts import KINDS, default_title, kind_of


@pytest.mark.parametrize(
    ("name", "like"),
    [("NOTE", "note"), ("tldr", "abstract"), ("Error", "danger"), ("own-kind", "note"), ("tip|left", "tip")],
)
def test_kinds(name: str, like: str) -> None:
    assert kind_of(name) == KINDS[like]


def test_a_title_is_made_of_the_kind() -> None:
    assert default_title("WARNING|x") == "Warning"
