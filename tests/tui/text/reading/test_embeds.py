import pytest

from crdtnotes_tui.text.reading.embeds import (
    MAX_DEPTH,
    MAX_LINES,
    Embed,
    embedded_targets,
    names_to_load,
    part_of,
)

TEXT = "intro\n\n# One\na\n\n## Two\nb ^id\nc\n\n# Three\n- item ^item\n- other\n"


@pytest.mark.parametrize(
    ("embed", "part"),
    [
        (Embed("n"), TEXT),
        (Embed("n", "One"), "# One\na\n\n## Two\nb ^id\nc\n"),
        (Embed("n", "two"), "## Two\nb ^id\nc\n"),
        (Embed("n", "One#Two"), "## Two\nb ^id\nc\n"),
        (Embed("n", "Three"), "# Three\n- item ^item\n- other\n"),
        (Embed("n", None, "item"), "- item ^item"),
        (Embed("n", "Four"), None),
        (Embed("n", None, "no"), None),
    ],
)
def test_the_part_that_an_embed_names(embed: Embed, part: str | None) -> None:
    assert part_of(TEXT, embed) == (None if part is None else (part, False))


def test_a_long_part_is_cut_short() -> None:
    assert part_of("x\n" * 1000, Embed("n")) == ("\n".join(["x"] * MAX_LINES), True)


def test_what_a_text_embeds() -> None:
    text = "![[a]] `![[code]]` ![[b#c]]\n```\n![[block]]\n```\n![[p.png]] [[link]] ！【【全】】"
    assert list(embedded_targets(text)) == ["a", "b", "全"]


def test_nested_embeds_are_loaded_up_to_a_depth_and_cycles_end() -> None:
    vault = {str(n): f"![[{n + 1}]]" for n in range(10)} | {"me": "![[me]] ![[0]]"}
    texts: dict[str, str | None] = {}
    while names := names_to_load(vault["me"], "me", texts, lambda target, _: target):
        texts |= {name: vault[name] for name in names}
    assert sorted(texts) == [str(n) for n in range(MAX_DEPTH)]


def test_a_note_that_is_gone_is_not_asked_for_again() -> None:
    assert names_to_load("![[a]]", "n", {"a": None}, lambda target, _: target) == set()
