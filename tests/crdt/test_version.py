from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.crdt import version
from crdtnotes.crdt.version import Version

versions = st.dictionaries(st.integers(1, 4), st.integers(1, 5))


def changes(of: Version) -> set[tuple[int, int]]:
    return {(actor, seq) for actor, last in of.items() for seq in range(1, last + 1)}


@given(versions, versions)
def test_a_version_is_a_set_of_changes(one: Version, other: Version) -> None:
    assert version.covers(one, other) == (changes(one) >= changes(other))
    assert version.count_missing(one, other) == len(changes(one) - changes(other))
    assert changes(version.ahead(one, other)) >= changes(one) - changes(other)
    joined = dict(one)
    version.join(joined, other)
    assert changes(joined) == changes(one) | changes(other)
    assert changes(dict(version.pairs(one))) == changes(one)
    assert version.pairs(one) == tuple(sorted(one.items()))
