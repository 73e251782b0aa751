from functools import partial

from crdtnotes.sync.net.admission import Admission


def admission_with(gone: list[str], guests: list[tuple[str, str]]) -> Admission:
    admission = Admission(waiting=4, waiting_per_host=3, total=6)
    for name, host in guests:
        admission.enter(name, host, partial(gone.append, name))
    return admission


def test_a_host_over_its_limit_loses_its_oldest_connection() -> None:
    gone: list[str] = []
    admission = admission_with(gone, [("a1", "a"), ("b1", "b"), ("a2", "a"), ("a3", "a"), ("a4", "a")])
    assert gone == ["a1"]
    assert len(admission) == 4
    assert admission.dropped == 1


def test_over_the_common_limit_the_oldest_connection_is_dropped() -> None:
    gone: list[str] = []
    admission_with(gone, [("a", "a"), ("b", "b"), ("c", "c"), ("d", "d"), ("e", "e")])
    assert gone == ["a"]


def test_an_admitted_connection_stays_and_makes_room() -> None:
    gone: list[str] = []
    admission = admission_with(gone, [])
    for number in range(50):
        name = f"n{number}"
        admission.enter(name, "a", partial(gone.append, name))
        if number < 5:
            admission.admit(name)
    assert gone == [f"n{number}" for number in range(5, 49)]
    assert len(admission) == 6


def test_a_new_connection_is_dropped_if_all_places_are_taken() -> None:
    gone: list[str] = []
    admission = admission_with(gone, [])
    for name in "abcdefg":
        admission.enter(name, name, partial(gone.append, name))
        admission.admit(name)
    assert gone == ["g"]
    admission.leave("a")
    admission.enter("h", "h", partial(gone.append, "h"))
    assert gone == ["g"]


def test_a_connection_makes_room_only_for_those_at_its_own_stage() -> None:
    gone: list[str] = []
    admission = Admission(waiting=4, waiting_per_host=3, total=20)
    admission.enter("honest", "a", partial(gone.append, "honest"))
    admission.advance("honest")
    for number in range(50):
        admission.enter(f"n{number}", "a", partial(gone.append, f"n{number}"))
    assert gone == [f"n{number}" for number in range(47)]
    admission.advance("n47")
    admission.advance("n48")
    assert len(gone) == 47
    admission.advance("n49")
    assert gone[47:] == ["honest"]


def test_a_connection_that_goes_on_finds_room_among_those_that_do_not() -> None:
    gone: list[str] = []
    admission = Admission(waiting=4, waiting_per_host=3, total=20)
    for number in range(12):
        admission.enter(f"n{number}", "a", partial(gone.append, f"n{number}"))
        for _ in range(3 - number // 3):
            admission.advance(f"n{number}")
    assert gone == []
    admission.enter("honest", "a", partial(gone.append, "honest"))
    for _ in range(3):
        admission.advance("honest")
    admission.admit("honest")
    assert gone == ["n9", "n6", "n3", "n0"]
    admission.advance("honest")
    assert len(gone) == 4


def test_waiting_connections_can_be_dropped() -> None:
    gone: list[str] = []
    admission = admission_with(gone, [("a", "a"), ("b", "b")])
    admission.admit("a")
    admission.clear()
    assert gone == ["b"]
    admission.leave("b")
    admission.leave("a")
    assert len(admission) == 0
