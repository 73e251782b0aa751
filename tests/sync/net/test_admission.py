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


def test_waiting_connections_can_be_dropped() -> None:
    gone: list[str] = []
    admission = admission_with(gone, [("a", "a"), ("b", "b")])
    admission.admit("a")
    admission.clear()
    assert gone == ["b"]
    admission.leave("b")
    admission.leave("a")
    assert len(admission) == 0
