from functools import partial

from crdtnotes.sync.net.admission import Admission


def lobby_with(gone: list[str], guests: list[tuple[str, str]]) -> Admission:
    admission = Admission(waiting=4, waiting_per_host=3, total=6)
    for name, host in guests:
        admission.enter(name, host, partial(gone.append, name))
    return admission


def test_one_host_loses_its_own_oldest() -> None:
    gone: list[str] = []
    admission = lobby_with(gone, [("a1", "a"), ("b1", "b"), ("a2", "a"), ("a3", "a"), ("a4", "a")])
    assert gone == ["a1"]
    assert len(admission) == 4
    assert admission.dropped == 1


def test_all_hosts_together_lose_the_oldest() -> None:
    gone: list[str] = []
    lobby_with(gone, [("a", "a"), ("b", "b"), ("c", "c"), ("d", "d"), ("e", "e")])
    assert gone == ["a"]


def test_who_is_admitted_stays_and_makes_room() -> None:
    gone: list[str] = []
    admission = lobby_with(gone, [])
    for number in range(50):
        name = f"n{number}"
        admission.enter(name, "a", partial(gone.append, name))
        if number < 5:
            admission.admit(name)
    assert gone == [f"n{number}" for number in range(5, 49)]
    assert len(admission) == 6


def test_when_all_places_are_taken_the_newcomer_goes() -> None:
    gone: list[str] = []
    admission = lobby_with(gone, [])
    for name in "abcdefg":
        admission.enter(name, name, partial(gone.append, name))
        admission.admit(name)
    assert gone == ["g"]
    admission.leave("a")
    admission.enter("h", "h", partial(gone.append, "h"))
    assert gone == ["g"]


def test_the_waiting_can_be_sent_away() -> None:
    gone: list[str] = []
    admission = lobby_with(gone, [("a", "a"), ("b", "b")])
    admission.admit("a")
    admission.clear()
    assert gone == ["b"]
    admission.leave("b")
    admission.leave("a")
    assert len(admission) == 0
