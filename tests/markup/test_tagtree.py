from crdtnotes.markup.tagtree import Branch, is_within, tag_tree


def test_nested_tags_are_below_their_parents_and_count_with_them() -> None:
    assert tag_tree([("系统/一致性", 2), ("X/y", 2), ("x", 1), ("系统", 1), ("X/z", 2)]) == [
        Branch("X", 0, 2),
        Branch("X/y", 1, 1),
        Branch("X/z", 1, 1),
        Branch("系统", 0, 2),
        Branch("系统/一致性", 1, 1),
    ]
    assert tag_tree([]) == []


def test_the_tree_includes_levels_that_no_note_uses() -> None:
    assert [branch.tag for branch in tag_tree([("a/b/c", 1)])] == ["a", "a/b", "a/b/c"]


def test_a_tag_is_within_itself_and_its_parents() -> None:
    for tag, other in (("系统/一致性", "系统"), ("X/Y", "x"), ("x", "X")):
        assert is_within(tag, other)
    for tag, other in (("系统论", "系统"), ("x", "x/y")):
        assert not is_within(tag, other)
