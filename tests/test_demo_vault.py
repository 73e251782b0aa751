"""The notes that `crdtnotes demo` shows: each link leads to the intended note."""

from collections.abc import Iterable

import networkx as nx
import pytest

from crdtnotes.demo_vault import demo_notes
from crdtnotes.markup.names import clean_name, name_key, title_of
from crdtnotes.markup.outline import KIND_EMBED, outline
from crdtnotes.markup.resolve import Candidate, resolve

NOTES = dict(demo_notes())
OUTLINES = {name: outline(text) for name, text in NOTES.items()}
DANGLING = {"Byzantine faults", "拜占庭将军问题", "共识算法"}


class DemoNames:
    """The demo's names and aliases, looked up as a replica does."""

    def exact(self, key: str) -> str | None:
        return next((name for name in NOTES if name_key(name) == key), None)

    def candidates(self, title_key: str) -> Iterable[Candidate]:
        for name in NOTES:
            for known in (name, *OUTLINES[name].aliases):
                if name_key(title_of(known)) == title_key:
                    yield Candidate(name_key(known), name)


def resolved(target: str, holder: str) -> str | None:
    return resolve(target, holder, DemoNames())


def test_names_are_valid_note_names() -> None:
    assert list(NOTES) == sorted(NOTES)
    assert [clean_name(name) for name in NOTES] == list(NOTES)
    assert len({name_key(name) for name in NOTES}) == len(NOTES) == 12
    assert {name.partition("/")[0] for name in NOTES} == {"en", "zh"}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_begins_with_its_title_and_is_linked_and_tagged(name: str) -> None:
    assert [heading.text for heading in OUTLINES[name].headings if heading.level == 1] == [title_of(name)]
    assert len(OUTLINES[name].links) >= 2
    assert OUTLINES[name].tags
    assert "\r" not in NOTES[name]
    assert NOTES[name].endswith("\n")


@pytest.mark.parametrize("name", NOTES)
def test_links_to_headings_and_blocks_have_a_target(name: str) -> None:
    for link in OUTLINES[name].links:
        found = resolved(link.target, name)
        if found is None:
            continue
        if link.heading:
            assert link.heading in {heading.text for heading in OUTLINES[found].headings}
        if link.block:
            assert link.block in {block.id for block in OUTLINES[found].blocks}


def test_only_the_intended_links_dangle() -> None:
    links = [(name, link) for name in NOTES for link in OUTLINES[name].links]
    assert {link.target for name, link in links if resolved(link.target, name) is None} == DANGLING


def test_a_title_counts_before_an_alias_that_is_nearer() -> None:
    assert resolved("CRDT", "en/Start here") == resolved("CRDT", "zh/CAP定理") == "en/CRDT"


def test_every_kind_of_link_is_shown() -> None:
    links = [link for name in NOTES for link in OUTLINES[name].links]
    assert any(link.kind == KIND_EMBED for link in links)
    assert any(link.label for link in links)
    assert any(link.heading for link in links)
    assert any(link.block for link in links)
    assert any(name_key(link.target) == name_key("版本向量") for link in links)  # an alias


def test_every_note_can_be_reached_from_either_start() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph(
        (name, target)
        for name in NOTES
        for link in OUTLINES[name].links
        if (target := resolved(link.target, name)) is not None
    )
    for start in ("en/Start here", "zh/从这里开始"):
        assert nx.descendants(graph, start) | {start} == set(NOTES)
