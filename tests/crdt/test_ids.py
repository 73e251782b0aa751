from crdtnotes.crdt.ids import ROOT, LamportClock, OpId


def test_ids_are_ordered_by_counter_and_then_actor() -> None:
    assert sorted([OpId(2, 1), OpId(1, 9), OpId(2, 0), ROOT]) == [ROOT, OpId(1, 9), OpId(2, 0), OpId(2, 1)]


def test_a_clock_is_ahead_of_every_counter_it_saw() -> None:
    clock = LamportClock()
    assert clock.take(3) == 1
    clock.witness(2)
    assert clock.take(1) == 4
    clock.witness(40)
    assert clock.take(2) == 41
    assert clock.last == 42
