from crdtnotes.sync.session.versions import Versions


def met(ours: dict[int, int], theirs: dict[int, int]) -> Versions:
    versions = Versions()
    versions.offer(ours)
    versions.greeted(theirs)
    return versions


def test_equal_versions_are_caught_up_at_once() -> None:
    versions = met({1: 2}, {1: 2})
    assert versions.caught_up
    assert versions.equal
    assert versions.behind == (0, 0)


def test_both_must_have_what_the_other_named() -> None:
    versions = met({1: 3, 2: 1}, {1: 1, 3: 2})
    assert versions.behind == (3, 2)
    versions.took({3: 2})
    assert not versions.caught_up
    assert versions.acknowledged({1: 3, 2: 1}) == 3
    assert versions.caught_up
    assert versions.equal


def test_later_commits_do_not_affect_being_caught_up() -> None:
    versions = met({1: 1}, {1: 1})
    versions.committed({1: 2})
    assert versions.caught_up
    assert not versions.equal


def test_neither_side_waits_for_unsigned_changes() -> None:
    versions = met({1: 1, 2: 1}, {3: 1, 4: 1})
    versions.withhold([1])
    versions.waive([3])
    versions.took({4: 1})
    versions.acknowledged({2: 1})
    assert versions.caught_up
    assert not versions.equal
