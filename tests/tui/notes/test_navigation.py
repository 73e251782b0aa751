from crdtnotes_tui.notes.navigation import NavigationHistory, Place


def test_back_and_forward_as_in_a_browser() -> None:
    places = NavigationHistory()
    a, b, c = Place("a", 1), Place("b", 2), Place("c", 3)
    assert places.back(a) is None
    places.leave(a)
    places.leave(b)
    assert places.back(c) == b
    assert places.back(b) == a
    assert places.forward(a) == b
    assert places.forward(b) == c
    assert places.forward(c) is None
    places.back(c)
    places.leave(Place("d", 0))
    assert places.forward(a) is None


def test_recent_notes_come_first_and_only_once() -> None:
    places = NavigationHistory()
    for name in ("a", "b", "a"):
        places.opened(name)
    assert places.recent == ["a", "b"]
