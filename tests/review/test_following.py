"""What others did to a text that was moved away: the offer to let it follow."""

from pathlib import Path
from random import Random
from time import process_time

import pytest

from crdtnotes import Choice, Finding, OutOfRange, Vault
from crdtnotes.review.notes import findings
from tests.crdt.merging import Peer
from tests.review.edits import Edit, after, apart, keys, write
from tests.review.offers import accept, changes, seen
from tests.vaults import meet

TEXT = "one\n\nthe big dog and cat\n\nthree\n\nend\n"
DOG = "the big dog and cat\n"
CUT = TEXT.index(DOG)
WITHOUT = TEXT.replace(DOG, "")
END = len(WITHOUT)
TASKS = "- [ ] milk\n- [ ] tea\n\n# Later\n"

Case = tuple[str, Edit, Edit, str]

cut_and_paste = keys((CUT, len(DOG), ""), (END, 0, DOG))
paste_and_cut = keys((len(TEXT), 0, DOG), (CUT, len(DOG), ""))
MOVED = WITHOUT + DOG

CASES: dict[str, Case] = {
    "a word more": (
        TEXT,
        cut_and_paste,
        write("big dog", "big black dog"),
        MOVED.replace("big", "big black"),
    ),
    "pasted before it was cut": (
        TEXT,
        paste_and_cut,
        write("dog", "old dog"),
        MOVED.replace("dog", "old dog"),
    ),
    "a word less": (TEXT, cut_and_paste, write("big ", ""), MOVED.replace("big ", "")),
    "another word": (TEXT, cut_and_paste, write("cat", "mouse"), MOVED.replace("cat", "mouse")),
    "words at both ends": (
        TEXT,
        cut_and_paste,
        keys((CUT + len(DOG) - 1, 0, "!"), (CUT, 0, "Now ")),
        WITHOUT + "Now the big dog and cat!\n",
    ),
    "typed letter by letter": (
        TEXT,
        cut_and_paste,
        keys(*[(CUT + 8 + i, 0, letter) for i, letter in enumerate("fat ")]),
        MOVED.replace("dog", "fat dog"),
    ),
    "moved by a whole new text": (
        TEXT,
        write(TEXT, WITHOUT + DOG),
        write("dog", "old dog"),
        MOVED.replace("dog", "old dog"),
    ),
    "moved without its newline": (
        TEXT,
        keys((CUT, len(DOG) - 1, ""), (END, 0, "\n\n" + DOG[:-1])),
        write("dog", "old dog"),
        TEXT.replace(DOG, "\n")[:-1] + "\n\nthe big old dog and cat\n",
    ),
    "moved on from there": (
        TEXT,
        after(cut_and_paste, keys((END, len(DOG), ""), (0, 0, DOG))),
        write("dog", "old dog"),
        DOG.replace("dog", "old dog") + WITHOUT,
    ),
    "edited at its new place": (
        TEXT,
        after(cut_and_paste, keys((END + 4, 3, "small"))),
        write("dog", "old dog"),
        MOVED.replace("big dog", "small old dog"),
    ),
    "a line in it": (
        "a\nb\nx1 long\nx2 long\nx3 long\nc\n",
        keys((4, 24, ""), (6, 0, "x1 long\nx2 long\nx3 long\n")),
        write("x2", "new\nx2"),
        "a\nb\nc\nx1 long\nnew\nx2 long\nx3 long\n",
    ),
    "two lines in one cut each": (
        "a\nfirst line\nsecond line\nend\n",
        keys((2, 11, ""), (2, 12, ""), (6, 0, "first line\n"), (17, 0, "second line\n")),
        after(write("first", "1st"), write("second", "2nd")),
        "a\nend\n1st line\n2nd line\n",
    ),
    "a task ticked": (
        TASKS,
        keys((11, 10, ""), (len(TASKS) - 10, 0, "- [ ] tea\n")),
        write("[ ] tea", "[x] tea"),
        "- [ ] milk\n\n# Later\n- [x] tea\n",
    ),
    "a task ticked and named": (
        TASKS,
        keys((11, 10, ""), (len(TASKS) - 10, 0, "- [ ] tea\n")),
        after(keys((14, 1, "x")), write("tea", "green tea")),
        "- [ ] milk\n\n# Later\n- [x] green tea\n",
    ),
    "段落": (
        "一。\n\n大狗和猫在院子里。\n\n三。\n",
        keys((4, 10, ""), (len("一。\n\n\n三。\n"), 0, "大狗和猫在院子里。\n")),
        write("院子", "花园"),
        "一。\n\n\n三。\n大狗和猫在花园里。\n",
    ),
}


def moved(vault: Vault) -> list[Finding]:
    return [found for found in vault.review("A") if found.kind == "moved"]


@pytest.mark.parametrize("accepting", [(0,), (1,), (0, 1)], ids=["the mover", "the other", "both"])
@pytest.mark.parametrize("name", CASES)
def test_an_edit_follows_what_was_moved(tmp_path: Path, name: str, accepting: tuple[int, ...]) -> None:
    text, first, second, wanted = CASES[name]
    with apart(tmp_path, text, first, second) as vaults:
        offers = moved(vaults[0])
        assert offers
        assert vaults[0].review() == vaults[1].review() == offers
        assert all(offer.choices == (Choice.OTHER,) for offer in offers)
        for number in accepting:
            for offer in offers:
                vaults[number].settle(offer, Choice.OTHER)
            assert vaults[number].note("A").text == wanted
        meet(*vaults)
        for vault in vaults:
            assert vault.note("A").text == wanted
            assert vault.review() == []
            assert vault.check() == []
            with pytest.raises(OutOfRange):
                vault.settle(offers[0], Choice.OTHER)


def test_an_offer_shows_the_line_before_and_after(tmp_path: Path) -> None:
    with apart(tmp_path, TEXT, cut_and_paste, write("dog", "old dog")) as [one, _]:
        [offer] = one.review()
        assert (offer.standing.text, offer.other.text) == (DOG[:-1], DOG[:-1].replace("dog", "old dog"))
        assert offer.context == DOG[:-1]
        assert offer.line == one.note("A").text[: one.note("A").text.index(DOG)].count("\n") + 1


NOTHING: dict[str, tuple[Edit, Edit]] = {
    "edited elsewhere": (cut_and_paste, write("three", "four")),
    "a line added before it": (cut_and_paste, write("one\n", "one\nmore\n")),
    "a line added behind it": (cut_and_paste, write("\nthree", "new\n\nthree")),
    "moved alike": (write(TEXT, MOVED), write(TEXT, MOVED)),
    "moved apart": (cut_and_paste, keys((CUT, len(DOG), ""), (0, 0, DOG))),
    "deleted at its new place": (after(cut_and_paste, keys((END, len(DOG), ""))), write("three", "four")),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_follows(tmp_path: Path, name: str) -> None:
    with apart(tmp_path, TEXT, *NOTHING[name]) as [one, two]:
        assert moved(one) == moved(two) == []


def test_what_was_deleted_at_its_new_place_is_an_edit_of_deleted_text(tmp_path: Path) -> None:
    mover = after(cut_and_paste, keys((END, len(DOG), "")))
    with apart(tmp_path, TEXT, mover, write("dog", "old dog")) as [one, _]:
        assert [found.kind for found in one.review()] == ["edited deletion"]


def test_an_edit_that_came_after_the_move_stays_where_it_is(tmp_path: Path) -> None:
    with apart(tmp_path, TEXT, cut_and_paste, write("three", "four")) as [one, two]:
        two.note("A").insert(CUT, "in its place\n")
        meet(one, two)
        assert moved(one) == []
        assert "in its place\n" in one.note("A").text


def test_a_dismissed_offer_comes_again_for_another_edit(tmp_path: Path) -> None:
    edits = cut_and_paste, write("dog", "old dog"), write("three", "four")
    with apart(tmp_path, TEXT, *edits) as [one, *_]:
        one.mark_seen(*one.review())
        assert one.review() == []


def test_a_moved_megabyte_takes_linear_time() -> None:
    """Twice the text may take some more than twice the time, and not four times."""
    took = []
    for size in (20_000, 40_000):
        ann, bob = Peer(1), Peer(2)
        lines = [f"line {number} of many\n" for number in range(size)]
        text = "".join(lines)
        ann.create(f"# top\n{text}# end\n")
        ann.meet(bob)
        ann.delete(6, 6 + len(text))
        ann.type(len(ann.text), text)
        for at in range(10, len(text), len(text) // 50):
            bob.type(at, "typed")
            bob.delete(at + 20, at + 24)
        for one, other in ((ann, bob), (bob, ann)):
            one.receive(*other.changes)
        begin = process_time()
        [offer] = findings(ann.state, changes(ann), seen(ann))
        took.append(process_time() - begin)
        assert offer.kind == "moved"
        accept(ann, offer)
        assert ann.text.count("typed") == 51
    assert took[1] < 3 * took[0] + 0.5


@pytest.mark.parametrize("chunk", range(8))
def test_whoever_accepts_the_offer_it_is_one_edit(chunk: int) -> None:
    for seed in range(chunk * 50, chunk * 50 + 50):
        try:
            follow_at_random(Random(seed))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


def follow_at_random(random: Random) -> None:
    peers = [Peer(actor) for actor in (1, 2, 3)]
    ann, bob, _ = peers
    moved = "big dog and cat\n"
    ann.create(f"one\n{moved}end\nlast\n")
    ann.meet(*peers[1:])
    place = random.choice((0, 8))
    by_hand = random.random() < 0.5
    if by_hand:
        ann.delete(4, 20)
        ann.type(place, moved)
    else:
        ann.write(ann.text.replace(moved, "")[:place] + moved + ann.text.replace(moved, "")[place:])
    around = ann.text[: ann.text.index(moved)], ann.text[ann.text.index(moved) + len(moved) :]
    inner = moved
    for _ in range(random.randint(1, 5)):
        # In a whole new text it may be the line beside this one that moves.
        at = random.randint(0 if by_hand else 1, len(inner) - 1)
        end = min(len(inner) - 1, at + random.randint(1, 3))
        if random.random() < 0.6 or len(inner) < 6 or at == end:
            new = random.choice(("X", "yy", "z w"))
            bob.type(4 + at, new)
            inner = inner[:at] + new + inner[at:]
        elif random.random() < 0.5:
            bob.delete(4 + at, 4 + end)
            inner = inner[:at] + inner[end:]
        else:
            bob.replace(4 + at, 4 + end, "Q")
            inner = inner[:at] + "Q" + inner[end:]
    for _ in range(2):
        ann.meet(*peers[1:])
    found = [findings(peer.state, changes(peer), seen(peer)) for peer in peers]
    assert found[0] == found[1] == found[2]
    for peer in random.sample(peers, random.randint(1, 3)):
        for offer in found[0]:
            accept(peer, offer)
    for _ in range(2):
        ann.meet(*peers[1:])
    assert {peer.text for peer in peers} == {around[0] + inner + around[1]}
    assert findings(ann.state, changes(ann), seen(ann)) == []
