import unicodedata

import pytest

from crdtnotes.markup.mentions import Names, linked, mentions


def found(text: str, *names: str) -> list[str]:
    return [text[one.start : one.end] for one in mentions(text, Names(names))]


@pytest.mark.parametrize(
    ("text", "names", "written"),
    [
        ("About CRDT and crdts and crdt.", ["CRDT"], ["CRDT", "crdt"]),
        ("学习CRDT的人", ["CRDT"], ["CRDT"]),
        ("大型分布式系统里", ["分布式系统"], ["分布式系统"]),
        ("两个字：系统。", ["系统"], ["系统"]),
        ("CAP定理 and CAP", ["CAP", "CAP定理"], ["CAP定理", "CAP"]),
        ("- [ ] ask about Paxos\n> Paxos says", ["Paxos"], ["Paxos", "Paxos"]),
        ("# Paxos\n\n| a |\n|---|\n| Paxos |", ["Paxos"], ["Paxos", "Paxos"]),
        ("line\r\nPaxos\r\n", ["Paxos"], ["Paxos"]),
        ("C++ and c#.", ["C++"], ["C++"]),
    ],
)
def test_a_name_in_prose_is_a_mention(text: str, names: list[str], written: list[str]) -> None:
    assert found(text, *names) == written


@pytest.mark.parametrize(
    "text",
    [
        "[[Paxos]]",
        "[[other|Paxos]]",
        "![[Paxos]]",
        "[Paxos](note.md)",
        "[Paxos](https://example.org)",
        "`Paxos`",
        "```\nPaxos\n```",
        "    Paxos",
        "%% Paxos %%",
        "<!-- Paxos -->",
        "#Paxos",
        "https://example.org/Paxos",
        "---\ntitle: Paxos\n---\n",
        "Paxosian",
        "MultiPaxos",
        "Paxos_2",
        "【【Paxos】】",
    ],
)
def test_these_are_not_mentions(text: str) -> None:
    assert found(text, "Paxos") == []


def test_composed_and_decomposed_names_are_the_same() -> None:
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, "in Café Müller")
        assert found(text, "Café Müller") == [text[3:]]
    assert found(unicodedata.normalize("NFD", "Café"), "Cafe") == []


def test_lines_count_from_0() -> None:
    assert [one.line for one in mentions("系统\n\n- x\n- 系统系统\n", Names(["系统"]))] == [0, 3, 3]


def test_without_names_there_are_no_mentions() -> None:
    assert found("text") == found("text", " ") == []


def test_a_mention_turned_into_a_link_reads_the_same() -> None:
    assert linked("CAP", "CAP", cell=False) == "[[CAP]]"
    assert linked("cap", "zh/CAP定理", cell=False) == "[[zh/CAP定理|cap]]"
    assert linked("cap", "CAP", cell=True) == "[[CAP\\|cap]]"
    assert linked("C#", "C#", cell=False) == "[[C\\#]]"
