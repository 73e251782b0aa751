from crdtnotes.changes.change import Change
from crdtnotes.store.log.recent import MAX_CHANGE_BYTES, MAX_CHANGES, RecentChanges


def change(seq: int) -> Change:
    return Change(1, seq, seq, (), 0, b"n" * 16, ())


def test_the_changes_of_a_note_after_an_id_are_returned_in_order() -> None:
    recent = RecentChanges()
    for id in range(5, 11):
        recent.add(id, id % 2, change(id), 10)
    assert [id for id, _ in recent.of_note(1, 6, 10) or ()] == [7, 9]
    assert recent.of_note(0, 4, 10) == [(6, change(6)), (8, change(8)), (10, change(10))]
    assert recent.of_note(1, 10, 10) == []


def test_where_some_are_not_kept_the_log_has_to_be_read() -> None:
    recent = RecentChanges()
    assert recent.of_note(1, 0, 1) is None
    recent.add(3, 1, change(3), 10)
    assert recent.of_note(1, 1, 3) is None  # 2 is missing
    assert recent.of_note(1, 2, 4) is None  # 4 was stored by another process
    recent.add(4, 1, change(4), MAX_CHANGE_BYTES + 1)
    assert recent.of_note(1, 2, 4) is None
    recent.add(5, 1, change(5), 10)
    assert recent.of_note(1, 4, 5) == [(5, change(5))]
    recent.clear()
    assert recent.of_note(1, 4, 5) is None


def test_only_the_last_ones_are_kept() -> None:
    recent = RecentChanges()
    for id in range(1, MAX_CHANGES + 2):
        recent.add(id, 1, change(id), 10)
    assert recent.of_note(1, 0, MAX_CHANGES + 1) is None
    assert len(recent.of_note(1, 1, MAX_CHANGES + 1) or ()) == MAX_CHANGES
