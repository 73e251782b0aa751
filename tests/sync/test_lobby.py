from functools import partial

from crdtnotes.sync.lobby import Lobby


def lobby_with(gone: list[str], guests: list[tuple[str, str]]) -> Lobby:
    lobby = Lobby(waiting=4, waiting_per_host=3, total=6)
    for name, host in guests:
        lobby.enter(name, host, partial(gone.append, name))
    return lobby


def test_one_host_loses_its_own_oldest() -> None:
    gone: list[str] = []
    lobby = lobby_with(gone, [("a1", "a"), ("b1", "b"), ("a2", "a"), ("a3", "a"), ("a4", "a")])
    assert gone == ["a1"]
    assert len(lobby) == 4
    assert lobby.dropped == 1


def test_all_hosts_together_lose_the_oldest() -> None:
    gone: list[str] = []
    lobby_with(gone, [("a", "a"), ("b", "b"), ("c", "c"), ("d", "d"), ("e", "e")])
    assert gone == ["a"]


def test_who_is_admitted_stays_and_makes_room() -> None:
    gone: list[str] = []
    lobby = lobby_with(gone, [])
    for number in range(50):
        name = f"n{number}"
        lobby.enter(name, "a", partial(gone.append, name))
        if number < 5:
            lobby.admit(name)
    assert gone == [f"n{number}" for number in range(5, 49)]
    assert len(lobby) == 6


def test_when_all_places_are_taken_the_newcomer_goes() -> None:
    gone: list[str] = []
    lobby = lobby_with(gone, [])
    for name in "abcdefg":
        lobby.enter(name, name, partial(gone.append, name))
        lobby.admit(name)
    assert gone == ["g"]
    lobby.leave("a")
    lobby.enter("h", "h", partial(gone.append, "h"))
    assert gone == ["g"]


def test_the_waiting_can_be_sent_away() -> None:
    gone: list[str] = []
    lobby = lobby_with(gone, [("a", "a"), ("b", "b")])
    lobby.admit("a")
    lobby.clear()
    assert gone == ["b"]
    lobby.leave("b")
    lobby.leave("a")
    assert len(lobby) == 0
