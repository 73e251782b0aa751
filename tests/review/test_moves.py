"""Moves in a note's changes: who owns what lies in the old places of several."""

from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.review.moves import Moves, Pair, _owners
from crdtnotes.review.past import Past
from tests.crdt.merging import Peer
from tests.review.offers import changes, seen

pairs = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 4), st.integers(1, 12)), max_size=12)


@given(pairs)
def test_of_several_moves_the_first_owns_an_element(some: list[tuple[int, int, int]]) -> None:
    items = sorted((counter, move, Pair(1, counter, length, (100, move))) for counter, move, length in some)
    owned = {}
    end = 0
    for start, owner in _owners(items):
        assert end <= start < owner.end
        end = owner.end
        owned.update(dict.fromkeys(range(start, end), owner.move))
    wanted: dict[int, int] = {}
    for counter, move, pair in items:
        for at in range(counter, counter + pair.length):
            wanted[at] = min(move, wanted.get(at, move))
    assert owned == wanted


def test_a_text_deleted_by_two_and_pasted_by_both_is_moved_twice() -> None:
    ann, bob = Peer(1), Peer(2)
    ann.create("one\nmoved line\nend\n")
    ann.meet(bob)
    for peer in (ann, bob):
        peer.delete(4, 15)
        peer.type(0 if peer is ann else 8, "moved line\n")
    ann.meet(bob)
    moves = Moves(Past(ann.state, changes(ann), seen(ann)))
    assert len(moves.all) == 2
    assert len(moves.deletes) == 2
    [(owner, span)] = list(moves.split([(moves.all[1].pairs[0].actor, 5, 11)]))
    assert owner is not None
    assert owner.move == 0
    assert span[1:] == (5, 11)
    assert moves.owner(owner.pair.actor, 4) is None


def test_a_text_that_comes_back_too_late_was_not_moved() -> None:
    ann, bob = Peer(1), Peer(2)
    ann.create("one\nmoved line\nend\n")
    ann.meet(bob)
    ann.delete(4, 15)
    for _ in range(5):
        ann.type(0, "x")
    ann.type(0, "moved line\n")
    bob.type(8, "!")
    ann.meet(bob)
    assert not Moves(Past(ann.state, changes(ann), seen(ann))).all
