import pytest

from crdtnotes_tui.text.styling import code_lines, links_in, style_line


def styled(line: str, block: str | None = None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for start, end, style in style_line(line, block, lambda target: target != "nowhere"):
        assert 0 <= start <= end <= len(line)
        found.setdefault(style, []).append(line[start:end])
    return found


@pytest.mark.parametrize(
    ("line", "style", "text"),
    [
        ("## A heading", "heading", "## A heading"),
        ("- [ ] to do", "mark", "-"),
        ("- [x] did", "done", " did"),
        ("> said", "quote", "> said"),
        ("a `[[x]]` b", "code", "`[[x]]`"),
        ("a **bold** b", "strong", "**bold**"),
        ("a *soft* b", "emphasis", "*soft*"),
        ("~~gone~~", "struck", "~~gone~~"),
        ("see [[分布式系统|系统]]。", "link", "[[分布式系统|系统]]"),
        ("see 【【目标】】", "link", "【【目标】】"),
        ("![[picture]]", "link", "![[picture]]"),
        ("[[#heading]]", "link", "[[#heading]]"),
        ("[[nowhere]]", "dangling", "[[nowhere]]"),
        ("a #tag/with here", "tag", "#tag/with"),
        ("[label](file.md)", "url", "[label](file.md)"),
        ("https://example.org/a_b_c", "url", "https://example.org/a_b_c"),
        ("***", "mark", "***"),
    ],
)
def test_what_looks_how(line: str, style: str, text: str) -> None:
    assert text in styled(line)[style]


@pytest.mark.parametrize("line", ["plain", "a_b_c", "2 * 3 * 4", "#1", r"\[[no]]", "[[]]", "", "中文"])
def test_what_is_plain(line: str) -> None:
    assert styled(line) == {}


def test_no_link_in_code() -> None:
    assert links_in("`[[a]]` [[b]]")[0].target == "b"
    assert styled("[[a]]", "code") == {"code": ["[[a]]"]}


def test_no_link_in_mathematics() -> None:
    found = links_in(r"$x=[[1]]$ $$[[2]]$$ \([[3]]\) $5 [[a]] $6 [[b]] $$ [[c]]")
    assert [link.target for link in found] == ["a", "b", "c"]


def test_blocks_of_code_and_front_matter() -> None:
    lines = ["---", "tags: a", "---", "text", "```py", "# no heading", "```", "# heading", "~~~", "open"]
    assert code_lines(lines) == ["meta"] * 3 + [None] + ["code"] * 3 + [None] + ["code"] * 2
    assert code_lines(["\ufeff---", "a: b", "---", "text"]) == ["meta"] * 3 + [None]
    assert code_lines(["---", "no end"]) == [None, None]
    assert code_lines([""]) == [None]


@pytest.mark.parametrize("character", "*_~`[(#>- \\")
def test_long_lines_of_marks_take_no_time_to_speak_of(character: str) -> None:
    style_line(character * 3000, None, lambda _: True)
    style_line((character + "a") * 3000, None, lambda _: True)
