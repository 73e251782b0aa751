from itertools import permutations

from crdtnotes.crdt import Register
from crdtnotes.crdt.ids import ROOT, OpId


def assigned(*assignments: tuple[OpId, str]) -> Register:
    result = Register()
    for id, value in assignments:
        result.assign(id, value)
    return result


def test_the_greatest_id_wins_in_every_order_and_all_values_are_remembered() -> None:
    several = [(ROOT, "zz"), (ROOT, "birth"), (OpId(2, 9), "b"), (OpId(3, 1), "a"), (OpId(2, 10), "z")]
    for order in permutations(several):
        register = assigned(*order, *order[:2])
        assert (register.id, register.value) == (OpId(3, 1), "a")
        assert register.past == {"zz", "birth", "b", "a", "z"}


def test_a_rename_always_wins_over_a_birth() -> None:
    assert assigned((OpId(1, 1), ""), (ROOT, "zz")).value == ""


def test_of_two_births_the_greater_value_wins() -> None:
    assert assigned((ROOT, "b"), (ROOT, "a")).value == assigned((ROOT, "a"), (ROOT, "b")).value == "b"
