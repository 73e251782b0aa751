from crdtnotes_tui.text.excerpt import LINES, peek

TEXT = "---\naliases: [x]\n---\n\n# 标题\n\none\n\n## Two\n\ntwo ^block\n\n"


def test_it_begins_below_the_front_matter() -> None:
    assert peek(TEXT)[0] == "# 标题"
    assert peek(TEXT.replace("\n", "\r\n"))[0].strip() == "# 标题"


def test_it_begins_at_a_heading_or_a_block() -> None:
    assert peek(TEXT, heading="Two") == ["## Two", "", "two ^block"]
    assert peek(TEXT, block="block") == ["two ^block"]
    assert peek(TEXT, heading="none")[0] == "# 标题"


def test_it_is_short() -> None:
    assert len(peek("x\n" * 1000)) == LINES
    assert peek("") == []
