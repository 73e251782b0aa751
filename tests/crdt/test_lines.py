"""Two people add, remove and replace whole lines apart: how often a merge shows a line that nobody wrote."""

from random import Random

from tests.crdt.merging import Peer

MERGES = 750
MOST = 16
"""Of so many merges, so many may show such a line: where both replaced one line by lines that resemble it."""

STARTS = ("- ", "- [ ] ", "09:30 ", "", "> ", "1. ")
WORDS = (
    *("call", "Ann", "Bob", "about", "milk", "tea", "rice", "the", "report", "on", "Monday", "Tuesday"),
    *("write", "read", "review", "plan", "budget", "trip", "train", "[[Paxos]]", "[[Raft]]", "paper"),
    *("next", "week", "buy", "send", "letter", "to", "school", "garden", "#home", "10", "3", "and", "then"),
    *("读书", "买茶", "开会"),
)


def line(random: Random) -> str:
    return f"{random.choice(STARTS)}{' '.join(random.sample(WORDS, random.randint(2, 6)))}\n"


def changed(lines: list[str], random: Random) -> list[str]:
    """One to three lines added, removed or replaced."""
    lines = lines[:]
    for _ in range(random.randint(1, 3)):
        at = random.randint(0, len(lines))
        gone = random.choice((0, 1, 1)) if at < len(lines) else 0
        lines[at : at + gone] = [line(random) for _ in range(random.choice((1, 1, 1 - gone)))]
    return lines


def strange_lines(seed: int) -> set[str]:
    """The lines of a merge that are neither in the base nor in what one of the two wrote."""
    random = Random(seed)
    base = [line(random) for _ in range(random.randint(2, 7))]
    one, two = changed(base, random), changed(base, random)
    ann, bob = Peer(1), Peer(2)
    ann.create("".join(base))
    ann.meet(bob)
    ann.write("".join(one))
    bob.write("".join(two))
    ann.meet(bob)
    assert ann.text == bob.text
    return set(ann.text.splitlines(keepends=True)) - {*base, *one, *two}


def test_few_merges_of_whole_lines_show_a_line_that_nobody_wrote() -> None:
    found = {seed: strange for seed in range(MERGES) if (strange := strange_lines(seed))}
    assert len(found) <= MOST, found


def test_two_people_who_write_one_text_apart_get_this_text() -> None:
    for seed in range(100):
        random = Random(seed)
        base = [line(random) for _ in range(random.randint(2, 7))]
        new = "".join(changed(base, random))
        peers = [Peer(actor) for actor in (1, 2, 3)]
        peers[0].create("".join(base))
        peers[0].meet(*peers[1:])
        for peer in peers:
            peer.write(new)
        peers[0].meet(*peers[1:])
        peers[0].meet(*peers[1:])
        assert {peer.text for peer in peers} == {new}
