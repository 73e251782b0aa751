"""A text that one person deleted while another edited it: it comes back whole with the edit, or it goes."""

from pathlib import Path
from random import Random

import pytest

from crdtnotes import Choice
from crdtnotes.review.notes import findings
from tests.crdt.merging import Peer
from tests.review.edits import Edit, after, apart, keys, write
from tests.review.offers import accept, changes, seen
from tests.vaults import meet

LIST = "- milk\n- brown bread and butter\n- tea\n"
LINE = "- brown bread and butter\n"
AT = LIST.index(LINE)
PROSE = "First sentence. Second one is here. Third.\n\nNext paragraph.\n"

Case = tuple[str, Edit, Edit, str, str]
"""The text; the deletion and the edit; the text if the edit's sentence comes back, and if it goes."""

CASES: dict[str, Case] = {
    "a line, a word more": (
        LIST,
        keys((AT, len(LINE), "")),
        write("bread", "rye bread"),
        LIST.replace("bread", "rye bread"),
        LIST.replace(LINE, ""),
    ),
    "a line, another word": (
        LIST,
        write(LINE, ""),
        write("bread", "toast"),
        LIST.replace("bread", "toast"),
        LIST.replace(LINE, ""),
    ),
    "a line, a word less": (
        LIST,
        keys((AT, len(LINE), "")),
        after(write("brown ", ""), write("bread", "rolls")),
        LIST.replace("brown bread", "rolls"),
        LIST.replace(LINE, ""),
    ),
    "a line, letters in it": (
        LIST,
        keys((AT, len(LINE), "")),
        keys((AT + 8, 0, "w"), (AT + 9, 0, "h"), (AT + 10, 0, "i")),
        LIST[: AT + 8] + "whi" + LIST[AT + 8 :],
        LIST.replace(LINE, ""),
    ),
    "a line, its end": (
        LIST,
        keys((AT, len(LINE), "")),
        keys((AT + len(LINE) - 1, 0, ", salted")),
        LIST.replace("butter", "butter, salted"),
        LIST.replace(LINE, ""),
    ),
    "a sentence, a word in it": (
        PROSE,
        write("Second one is here. ", ""),
        write("one", "sentence"),
        PROSE.replace("one", "sentence"),
        PROSE.replace("Second one is here. ", ""),
    ),
    "all, a word in it": (PROSE, write(PROSE, ""), write("Next", "Last"), PROSE.replace("Next", "Last"), ""),
    "all by hand, a word in it": (
        PROSE,
        keys((0, len(PROSE), "")),
        write("one", "two"),
        PROSE.replace("one", "two"),
        "",
    ),
    "all, words at two places": (
        PROSE,
        keys((0, len(PROSE), "")),
        after(write("First", "1st"), write("Next", "Last")),
        PROSE.replace("First", "1st").replace("Next", "Last"),
        "",
    ),
    "整段": (
        "第一句。第二句在这里。\n\n下一段。\n",
        keys((0, 12, "")),
        write("这里", "那里"),
        "第一句。第二句在那里。\n\n下一段。\n",
        "\n下一段。\n",
    ),
}


@pytest.mark.parametrize("accepting", [(0,), (1,), (0, 1)], ids=["who deleted", "who edited", "both"])
@pytest.mark.parametrize("choice", [Choice.BOTH, Choice.OTHER], ids=["back", "gone"])
@pytest.mark.parametrize("name", CASES)
def test_an_edited_deletion_is_whole_or_gone(
    tmp_path: Path, name: str, choice: Choice, accepting: tuple[int, ...]
) -> None:
    text, deletion, edit, back, gone = CASES[name]
    with apart(tmp_path, text, deletion, edit) as vaults:
        [found] = vaults[0].review()
        assert vaults[1].review() == [found]
        assert found.kind == "edited deletion"
        assert set(found.choices) == {Choice.BOTH, Choice.OTHER}
        for number in accepting:
            vaults[number].settle(found, choice)
        meet(*vaults)
        for vault in vaults:
            assert vault.note("A").text == (back if choice is Choice.BOTH else gone)
            assert vault.review() == []
            assert vault.check() == []


@pytest.mark.parametrize("chunk", range(4))
def test_whoever_chooses_it_is_one_edit(chunk: int) -> None:
    for seed in range(chunk * 60, chunk * 60 + 60):
        try:
            choose_at_random(Random(seed))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


def choose_at_random(random: Random) -> None:
    peers = [Peer(actor) for actor in (1, 2, 3)]
    ann, bob, _ = peers
    line = "big dog and cat\n"
    ann.create(f"one\n{line}end\n")
    ann.meet(*peers[1:])
    ann.delete(4, 4 + len(line))
    inner = line
    wrote = False
    for _ in range(random.randint(1, 4)):
        at = random.randint(1, len(inner) - 2)
        end = min(len(inner) - 1, at + random.randint(1, 3))
        if random.random() < 0.6 or len(inner) < 6:
            bob.type(4 + at, "X")
            inner, wrote = inner[:at] + "X" + inner[at:], True
        elif random.random() < 0.5:
            bob.delete(4 + at, 4 + end)
            inner = inner[:at] + inner[end:]
        else:
            bob.replace(4 + at, 4 + end, "Q")
            inner, wrote = inner[:at] + "Q" + inner[end:], True
    wrote = wrote and any(letter in inner for letter in "XQ")
    for _ in range(2):
        ann.meet(*peers[1:])
    found = [findings(peer.state, changes(peer), seen(peer)) for peer in peers]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == wrote
    if not wrote:
        assert ann.text == "one\nend\n"
        return
    choice = random.choice((Choice.OTHER, Choice.BOTH))
    for peer in random.sample(peers, random.randint(1, 3)):
        accept(peer, found[0][0], choice)
    for _ in range(2):
        ann.meet(*peers[1:])
    assert {peer.text for peer in peers} == {f"one\n{inner if choice is Choice.BOTH else ''}end\n"}
    assert findings(ann.state, changes(ann), seen(ann)) == []
