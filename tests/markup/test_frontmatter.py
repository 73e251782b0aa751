import pytest

from crdtnotes.markup import frontmatter
from crdtnotes.markup.frontmatter import Field, read_front_matter
from crdtnotes.markup.outline import occurrences

NOTE = "---\naliases: [a, b]\ntags: x, y\nup:\n- Parent\n- 上\n---\ntext"


def test_fields_come_with_their_lines_and_the_text_begins_after_them() -> None:
    front = read_front_matter(NOTE)
    assert front.values == [("alias", "a", 1), ("alias", "b", 1), ("tag", "x", 2), ("tag", "y", 2)]
    assert NOTE[front.end :] == "text"


def test_a_field_that_is_listed_belongs_to_the_link_set(monkeypatch: pytest.MonkeyPatch) -> None:
    up = Field("up", frozenset({"up"}), lambda scalar, _: iter([scalar]), names_notes=True)
    monkeypatch.setitem(frontmatter._BY_KEY, "up", up)
    assert occurrences("---\nup:\n- Parent\n- 上\n---\n") == {("up", "Parent"): 1, ("up", "上"): 1}
