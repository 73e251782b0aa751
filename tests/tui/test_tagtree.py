from crdtnotes_tui.model.tagtree import Branch, tag_tree


def test_nested_tags_are_below_their_parents_and_count_with_them() -> None:
    assert tag_tree({"b": ["系统/一致性", "X/y"], "a": ["x", "系统"]}) == [
        Branch("X", 0, ("a", "b")),
        Branch("X/y", 1, ("b",)),
        Branch("系统", 0, ("a", "b")),
        Branch("系统/一致性", 1, ("b",)),
    ]
    assert tag_tree({}) == []


def test_a_level_that_nobody_wrote_is_there_as_well() -> None:
    assert [branch.tag for branch in tag_tree({"n": ["a/b/c"]})] == ["a", "a/b", "a/b/c"]
