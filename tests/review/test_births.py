"""Two births of one note: the offer to make one text of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from crdtnotes import Choice, Finding, OutOfRange, Vault
from crdtnotes.mirror.importer import import_folder
from crdtnotes.review.notes import findings
from tests.crdt.merging import Peer, birth
from tests.review.offers import accept, changes, seen
from tests.vaults import meet, replicas

OLD = "# Note\n\none line\nsecond line\n\nlast words\n"


@contextmanager
def made_apart(folder: Path, *texts: str) -> Iterator[list[Vault]]:
    """Let people make the note "A" with these texts apart, and meet."""
    with replicas(folder, len(texts)) as vaults:
        for vault, text in zip(vaults, texts, strict=True):
            vault.create_note("A", text)
        meet(*vaults)
        yield vaults


def offers(vault: Vault) -> list[Finding]:
    return [found for found in vault.review("A") if found.kind == "births"]


CASES: dict[str, tuple[str, str, set[str]]] = {
    "a line more": (
        OLD,
        OLD.replace("second", "new line\nsecond"),
        {OLD.replace("second", "new line\nsecond")},
    ),
    "a changed line": (
        OLD,
        OLD.replace("one line", "one word"),
        {OLD.replace("one line", "one line\none word"), OLD.replace("one line", "one word\none line")},
    ),
    "no final newline": (OLD[:-1], f"{OLD}more", {f"{OLD}more", f"{OLD}more\n"}),
    "front matter each": (
        "---\ntags: [a, b]\nstatus: open\n---\n# A\n",
        "---\ntags: [b, c]\nauthor: me\n---\n# A\n",
        {
            "---\ntags: [a, b, c]\nstatus: open\nauthor: me\n---\n# A\n",
            "---\ntags: [b, c, a]\nauthor: me\nstatus: open\n---\n# A\n",
        },
    ),
    "front matter each, other bodies": (
        "---\ntags: [a]\n---\nmine",
        "---\ntags: [b]\n---\nyours",
        {"---\ntags: [a, b]\n---\nmine\nyours", "---\ntags: [b, a]\n---\nyours\nmine"},
    ),
    "日记": (
        "# 日记\n\n- 买茶\n- 写信",
        "# 日记\n\n- 买茶\n- 还书\n- 写信",
        {"# 日记\n\n- 买茶\n- 还书\n- 写信"},
    ),
}


@pytest.mark.parametrize("accepting", [(0,), (1,), (0, 1)], ids=["one", "the other", "both"])
@pytest.mark.parametrize("name", CASES)
def test_two_births_become_one_text(tmp_path: Path, name: str, accepting: tuple[int, ...]) -> None:
    one, two, wanted = CASES[name]
    with made_apart(tmp_path, one, two) as vaults:
        before = vaults[0].note("A").text
        [offer] = offers(vaults[0])
        assert offers(vaults[1]) == [offer]
        assert offer.choices == (Choice.OTHER,)
        assert offer.standing.text == before == vaults[1].note("A").text
        assert offer.other.text in wanted
        for number in accepting:
            vaults[number].settle(offer, Choice.OTHER)
            assert vaults[number].note("A").text == offer.other.text
        meet(*vaults)
        for vault in vaults:
            assert vault.note("A").text == offer.other.text
            assert vault.review() == []
            assert vault.check() == []
            with pytest.raises(OutOfRange):
                vault.settle(offer, Choice.OTHER)


def test_texts_that_differ_much_are_left_alone(tmp_path: Path) -> None:
    with made_apart(tmp_path, "# Mine\none\n", "# Yours\ntwo\n") as [one, two]:
        assert one.review() == two.review() == []


def test_a_dismissed_offer_does_not_come_again(tmp_path: Path) -> None:
    with made_apart(tmp_path, OLD, f"{OLD}more\n") as [one, two]:
        one.mark_seen(*one.review())
        one.note("A").append("and on")
        meet(one, two)
        assert one.review() == []
        assert len(two.review()) == 1


def test_three_births_are_joined_one_by_one(tmp_path: Path) -> None:
    texts = (OLD, f"{OLD}two\n", OLD.replace("one", "three\none"))
    with made_apart(tmp_path, *texts) as vaults:
        assert len(offers(vaults[0])) == 2
        vaults[0].settle(offers(vaults[0])[1], Choice.OTHER)
        vaults[1].settle(offers(vaults[1])[0], Choice.OTHER)
        meet(*vaults)
        for offer in offers(vaults[2]):
            vaults[2].settle(offer, Choice.OTHER)
        meet(*vaults)
        lines = vaults[0].note("A").text.splitlines()
        assert sorted(filter(None, lines)) == sorted(
            ["# Note", "three", "one line", "second line", "last words", "two"]
        )
        assert vaults[0].review() == []


def test_what_was_edited_before_the_meeting_is_kept(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", OLD[:-1])
        two.create_note("A", f"{OLD}more")
        one.note("A").insert(len(OLD) - 1, ", and these")
        two.note("A").write(f"{OLD}more and more")
        meet(one, two)
        [offer] = offers(one)
        one.settle(offer, Choice.OTHER)
        two.settle(offer, Choice.OTHER)
        meet(one, two)
        text = one.note("A").text
        assert (
            text.count("one line") == text.count("last words, and these") == text.count("more and more") == 1
        )
        assert one.review() == two.review() == []


def test_a_folder_imported_on_two_laptops_with_a_changed_line(tmp_path: Path) -> None:
    """The notes that are equal are one; the one that differs is offered, and is one text then."""
    notes = {f"n{number}": f"# {number}\n\nwords of {number}\n\nend" for number in range(4)}
    with replicas(tmp_path) as vaults:
        for vault, line in zip(vaults, ("", "\n\na new line"), strict=True):
            folder = tmp_path / f"folder {vault.device}"
            folder.mkdir()
            for name, text in notes.items():
                (folder / f"{name}.md").write_text(text + (line if name == "n2" else ""), "utf-8")
            import_folder(vault, folder)
        meet(*vaults)
        [offer] = vaults[0].review()
        assert (offer.name, offer.kind) == ("n2", "births")
        for vault in vaults:
            vault.settle(offer, Choice.OTHER)
        meet(*vaults)
        for vault in vaults:
            assert {note.name: vault.note(note.name).text for note in vault.notes()} == {
                **notes,
                "n2": f"{notes['n2']}\n\na new line",
            }
            assert vault.check() == []
            assert vault.review() == []


@pytest.mark.parametrize("chunk", range(4))
def test_whoever_accepts_the_offer_it_is_one_edit(chunk: int) -> None:
    for seed in range(chunk * 60, chunk * 60 + 60):
        random = Random(seed)
        base = random.sample(["ab\n", "cd\n", "ef\n", "gh\n", "ij\n"], random.randint(2, 5))
        texts = []
        for _ in range(2):
            lines = base[:]
            if random.random() < 0.7:
                lines.insert(random.randint(0, len(lines)), random.choice(("new\n", "more\n", "")))
            texts.append("".join(lines)[: random.choice((None, None, -1))])
        peers = [Peer(actor) for actor in (1, 2, 3)]
        for peer, text in zip(peers, (*texts, random.choice(texts)), strict=True):
            peer.create(text)
        if random.random() < 0.3:
            at = peers[2].text.rfind("\n", 0, random.randint(0, len(peers[2].text))) + 1
            peers[2].type(at, "typed\n")
        peers[0].meet(*peers[1:])
        peers[0].meet(*peers[1:])
        found = {peer.actor: findings(peer.state, changes(peer), seen(peer)) for peer in peers}
        assert found[1] == found[2] == found[3]
        offer = next((one for one in found[1] if one.kind == "births"), None)
        if offer is None:
            assert birth(texts[0]) == birth(texts[1])
            continue
        for peer in random.sample(peers, random.randint(1, 3)):
            accept(peer, offer)
        peers[0].meet(*peers[1:])
        peers[0].meet(*peers[1:])
        assert {peer.text for peer in peers} == {offer.other.text}, seed
        result = peers[0].text.replace("typed\n", "").splitlines()
        for text in texts:
            rest = iter(result)
            assert all(line in rest for line in text.splitlines()), seed
        assert len(result) <= len(base) + 2, seed
        assert not [
            one for one in findings(peers[0].state, changes(peers[0]), seen(peers[0])) if one.kind == "births"
        ]
