from pathlib import Path

import pytest
from click.testing import CliRunner

from crdtnotes.cli import manual
from crdtnotes.cli.app import cli
from crdtnotes.errors import LocalError
from tests.cli.program import Program

GUIDE = """# The guide

Intro.

## Two laptops

They meet.

```
## no heading
```

### Without a network

A stick.

## 关系图

图。

## The graph

## The graph of time
"""


def test_a_section_has_the_sections_below_it() -> None:
    found = manual.sections(GUIDE)
    assert [section.heading for section in found] == [
        "Two laptops",
        "Without a network",
        "关系图",
        "The graph",
        "The graph of time",
    ]
    assert found[0].text.endswith("### Without a network\n\nA stick.\n\n")
    assert found[1].text == "### Without a network\n\nA stick.\n\n"
    assert "".join(found[number].text for number in (0, 2, 3, 4)) == GUIDE.partition("Intro.\n\n")[2]


@pytest.mark.parametrize(
    ("topic", "heading"),
    [
        ("two laptops", "Two laptops"),
        ("TWO-laptops", "Two laptops"),
        ("network", "Without a network"),
        ("关系", "关系图"),
        ("the graph", "The graph"),
        ("time", "The graph of time"),
    ],
)
def test_a_topic_is_found_by_its_words(topic: str, heading: str) -> None:
    assert manual.about(topic, manual.sections(GUIDE)).heading == heading


@pytest.mark.parametrize("topic", ["nonsense", "", "..."])
def test_an_unknown_topic_names_those_that_there_are(topic: str) -> None:
    with pytest.raises(LocalError, match=r"no command or topic.*Two laptops, Without a network"):
        manual.about(topic, manual.sections(GUIDE))


def test_several_topics_are_named() -> None:
    with pytest.raises(LocalError, match=r"Several topics match 'graph': The graph, The graph of time\."):
        manual.about("graph", manual.sections(GUIDE))


@pytest.mark.parametrize(
    ("variables", "heading"),
    [
        ({}, "## The graph\n"),
        ({"LANG": "en_GB.UTF-8"}, "## The graph\n"),
        ({"LANG": "zh_CN.UTF-8"}, "## 关系图\n"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "", "LC_ALL": "C"}, "## The graph\n"),
        ({"LANG": "C", "LC_MESSAGES": "zh_TW"}, "## 关系图\n"),
    ],
)
def test_the_guide_is_in_the_language_of_the_system(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], heading: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert heading in manual.guide()


def test_an_installed_guide_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text(GUIDE)
    monkeypatch.setattr(manual, "PAGES", tmp_path)
    monkeypatch.setenv("LC_ALL", "C")
    assert manual.guide() == GUIDE
    monkeypatch.setattr(manual, "PAGES", tmp_path / "none")
    monkeypatch.setattr(manual, "DOCS", tmp_path / "none")
    with pytest.raises(LocalError, match="not installed"):
        manual.guide()


def test_help_lists_explains_and_shows(nowhere: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    listed = nowhere.out("help")
    assert "  rename" in listed
    assert "\nTopics of the guide:\n  Getting started\n" in listed
    usage = CliRunner().invoke(cli, ["rename", "--help"], prog_name="crdtnotes").stdout
    assert nowhere.out("help", "rename").splitlines()[2:] == usage.splitlines()[2:]
    shown = nowhere.out("help", "without a common network")
    assert shown.startswith("### Without a common network\n")
    assert "bundle" in shown
    assert "no command or topic 'nonsense'" in nowhere.fails("help", "nonsense")
