from crdtnotes_tui.text.excerpt import MAX_LINES, excerpt

TEXT = "---\naliases: [x]\n---\n\n# 标题\n\none\n\n## Two\n\ntwo ^block\n\n"


def test_it_begins_below_the_front_matter() -> None:
    assert excerpt(TEXT)[0] == "# 标题"
    assert excerpt(TEXT.replace("\n", "\r\n"))[0].strip() == "# 标题"


def test_it_begins_at_a_heading_or_a_block() -> None:
    assert excerpt(TEXT, heading="Two") == ["## Two", "", "two ^block"]
    assert excerpt(TEXT, block="block") == ["two ^block"]
    assert excerpt(TEXT, heading="none")[0] == "# 标题"


def test_it_is_short() -> None:
    assert len(excerpt("x\n" * 1000)) == MAX_LINES
    assert excerpt("") == []
