import pytest

from crdtnotes_tui.text.graphemes import cluster_end, cluster_start, whole

FAMILY = "👨\u200d👩\u200d👧\u200d👦"

TEXTS = [
    ["a", "b", "c"],
    ["é", "e\u0301", "a\u0323\u0302", "x"],
    ["中", "文", "，", "好"],
    ["か\u3099", "は\u309a", "が"],
    ["a", FAMILY, "👍🏽", FAMILY, "z"],
    ["🇨🇳", "🇩🇪", "🇫🇷"],
    ["❤\ufe0f", "1\ufe0f\u20e3", "☂"],
    ["\u1112\u1161\u11ab", "\u1100\u1173\u11af", "한", "글"],
    ["葛\U000e0100", "城"],
    ["क्षि", "क"],
]


@pytest.mark.parametrize("clusters", TEXTS, ids="".join)
def test_a_caret_stands_between_clusters_only(clusters: list[str]) -> None:
    text = "".join(clusters)
    start = 0
    for cluster in clusters:
        end = start + len(cluster)
        for at in range(start, end):
            assert cluster_end(text, at) == end
            assert cluster_start(text, at + 1) == start
            assert whole(text, at) == start
        start = end
    assert whole(text, len(text)) == len(text)


def test_the_ends_of_a_text_are_boundaries() -> None:
    assert (cluster_start("", 0), cluster_end("", 0), whole("", 0)) == (0, 0, 0)
    assert (cluster_start("ab", 0), cluster_end("ab", 2), cluster_end("ab", 1)) == (0, 2, 2)


@pytest.mark.parametrize("flags", [200, 201])
def test_a_long_run_of_flags_keeps_its_pairs(flags: int) -> None:
    text = "x" + "🇨🇳" * flags
    assert cluster_start(text, len(text)) == len(text) - 2
    assert cluster_end(text, len(text) - 4) == len(text) - 2
    assert whole(text, len(text) - 1) == len(text) - 2
