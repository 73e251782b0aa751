from datetime import date

from crdtnotes.markup.templates import filled


def test_the_date_and_the_title_are_filled_in_and_nothing_else() -> None:
    text = "# {{title}}\n\n{{ Date }}, {{date}} {{time}} {title} 标题：{{title}}"
    assert (
        filled(text, r"会议 \1 {{date}}", date(2026, 3, 1))
        == "# 会议 \\1 {{date}}\n\n2026-03-01, 2026-03-01 {{time}} {title} 标题：会议 \\1 {{date}}"
    )
