"""Births of one note with different texts: all are kept, and no line is glued to another."""

from itertools import permutations

import pytest

from crdtnotes.crdt.births import Births, seam_actor
from crdtnotes.crdt.ids import WIDE
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import Create, Insert
from tests.crdt.merging import Peer, birth, entries
from tests.merge_model import show
from tests.reference import patched

OPEN, CLOSED, OTHER = "# one\nend", "# two\nend\n", "# three"


def born(*texts: str) -> list[Peer]:
    """Peers that made one note each, apart."""
    peers = [Peer(actor) for actor in range(1, len(texts) + 1)]
    for peer, text in zip(peers, texts, strict=True):
        peer.create(text)
    return peers


def merged(*peers: Peer) -> str:
    """The text on which peers agree, which is that of the model."""
    peers[0].meet(*peers[1:])
    peers[0].meet(*peers[1:])
    texts = {peer.text for peer in peers}
    assert texts == {show(entries(peers[0].changes)).text}
    return texts.pop()


def in_order(*texts: str) -> list[str]:
    """Texts in the order in which their births stand."""
    return sorted(texts, key=birth, reverse=True)


@pytest.mark.parametrize("texts", list(permutations((OPEN, CLOSED, OTHER, ""))))
def test_texts_stand_below_each_other(texts: tuple[str, ...]) -> None:
    first, second, third = in_order(OPEN, CLOSED, OTHER)
    wanted = "\n".join([first.removesuffix("\n"), second.removesuffix("\n"), third])
    assert merged(*born(*texts)) == wanted


def test_one_birth_has_no_newline_more_than_its_text() -> None:
    assert merged(*born(OPEN, OPEN)) == OPEN
    assert merged(*born(OPEN, "")) == OPEN
    peers = born(OPEN, CLOSED)
    first, last = in_order(OPEN, CLOSED)
    assert merged(*peers) == first.removesuffix("\n") + "\n" + last


def test_what_was_typed_at_the_end_stays_in_front_of_the_newline() -> None:
    first, last = in_order(OPEN, OTHER)
    one, two, three = born(first, last, first)
    one.type(len(first), " typed")
    three.write(first + " written")
    text = merged(one, two, three)
    assert text in (f"{first} typed written\n{last}", f"{first} written typed\n{last}")


def test_what_took_the_place_of_the_end_stays_in_front_of_the_newline() -> None:
    first, last = in_order(OPEN, OTHER)
    one, two = born(first, last)
    one.write(first[:-3] + "ending")
    two.type(0, "# top\n")
    assert merged(one, two) == f"# top\n{first[:-3]}ending\n{last}"


def test_the_newline_is_deleted_like_any_other_character() -> None:
    first, last = in_order(OPEN, OTHER)
    one, two, late = born(first, last, first)
    merged(one, two)
    one.delete(len(first), len(first) + 1)
    late.type(len(first), "!")
    assert merged(one, two, late) == f"{first}!{last}"


def test_text_behind_the_newline_stands_before_the_next_birth() -> None:
    first, last = in_order(OPEN, OTHER)
    one, two = born(first, last)
    merged(one, two)
    one.type(len(first) + 1, "between\n")
    two.type(len(first), "!")
    assert merged(one, two) == f"{first}!\nbetween\n{last}"


def test_one_edit_at_the_end_by_two_people_is_one_whoever_knows_of_the_other_birth() -> None:
    first, last = in_order(OPEN, OTHER)
    one, two, late = born(first, last, first)
    merged(one, two)
    one.replace(len(first), len(first), "\n- item")
    late.write(f"{first}\n- item")
    assert merged(one, two, late) == f"{first}\n- item\n{last}"


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_births_of_both_formats_have_newlines_between_them(order: tuple[int, ...]) -> None:
    """Actors of 8 bytes, the greatest and the least of 16 bytes: each has a place of its own."""
    births = [2**63, 2**63 + 1, WIDE, 2**128 - 2]
    changes = [(actor, 1, 1, (Create(of, "N", f"t{actor}", ()),)) for actor, of in enumerate(births, 1)]
    state, text = NoteState(), ""
    for number in order:
        text = patched(text, state.apply(*changes[number]))
        assert text == str(state.text)
    assert text == "t4\nt3\nt2\nt1"
    state.apply(9, 1, 10, (Insert((10, 9), (2, seam_actor(2**63 + 1)), "-"),))
    assert str(state.text) == "t4\nt3\nt2\n-t1"
    assert [state.births.birth_of(seam_actor(of)) for of in births] == [None, *births[1:]]


def test_births_know_what_stands_behind_them() -> None:
    births = Births()
    assert births.add(WIDE + 4, "end") is None
    assert births.add(WIDE + 2, "") is None
    assert births.add(WIDE + 9, "x\n") is None
    assert births.add(WIDE, "y") == (3, WIDE + 4)
    assert sorted(births.behind(WIDE + 9)) == [WIDE, WIDE + 4]
    assert list(births.behind(WIDE)) == []
    assert births.lengths == {WIDE + 4: -3, WIDE + 2: 0, WIDE + 9: 2, WIDE: -1}
