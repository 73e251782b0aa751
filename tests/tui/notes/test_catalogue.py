from crdtnotes import NoteNames
from crdtnotes_tui.notes.catalogue import Catalogue

NOTES = [
    NoteNames("en/CRDT", 3, ("replicated type",), ("en/crdts",)),
    NoteNames("en/Causality and clocks", 5, (), ()),
    NoteNames("zh/CAP定理", 1, ("CAP",), ()),
    NoteNames("zh/分布式系统", 2, (), ()),
]


def found(query: str, recent: tuple[str, ...] = ()) -> list[str]:
    return [way.name for way in Catalogue(NOTES).find(query, 10, recent)]


def test_links_are_resolved() -> None:
    catalogue = Catalogue(NOTES)
    assert catalogue.resolve("CAP", "x") == "zh/CAP定理"
    assert catalogue.resolve("分布式系统", "zh/CAP定理") == "zh/分布式系统"
    assert catalogue.resolve("crdts", "x") == "en/CRDT"
    assert catalogue.resolve("nothing", "x") is None
    assert catalogue.resolve("", "x") is None
    assert "EN/crdt" in catalogue
    assert "crdt" not in catalogue


def test_a_link_that_means_a_namesake_leads_there() -> None:
    notes = [
        NoteNames("Z", 1, (), ("z", "p")),
        NoteNames("Z (2)", 2, (), ("z", "q")),
        NoteNames("holder", 3, (), (), (("Z", "Z (2)"),)),
    ]
    catalogue = Catalogue(notes)
    assert catalogue.resolve(" Z ", "holder") == "Z (2)"
    assert catalogue.resolve("Z", "other") == "Z"
    assert catalogue.resolve("Z (2)", "other") == "Z (2)"


def test_the_best_match_comes_first() -> None:
    assert found("crdt")[0] == "en/CRDT"
    assert found("cap")[0] == "zh/CAP定理"
    assert found("系统") == ["zh/分布式系统"]
    assert found("clock caus") == ["en/Causality and clocks"]
    assert found("cauclo") == ["en/Causality and clocks"]
    assert found("zzz") == []


def test_an_empty_query_gives_recent_notes_then_the_newest() -> None:
    assert found("", ("zh/CAP定理", "gone")) == [
        "zh/CAP定理",
        "en/Causality and clocks",
        "en/CRDT",
        "zh/分布式系统",
    ]


def test_spelling_is_the_shortest_target_that_leads_to_the_note() -> None:
    notes = [*NOTES, NoteNames("other/CRDT", 0, (), ())]
    catalogue = Catalogue(notes)
    ways = {way.text: way for way in catalogue.ways}
    assert catalogue.spelling(ways["zh/CAP定理"], "en/x") == "CAP定理"
    assert catalogue.spelling(ways["CAP"], "en/x") == "CAP"
    assert catalogue.spelling(ways["en/CRDT"], "en/x") == "CRDT"
    assert catalogue.spelling(ways["other/CRDT"], "en/x") == "other/CRDT"
