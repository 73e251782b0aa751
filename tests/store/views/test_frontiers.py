"""After every merge a note shows the links that its text has, the same on all replicas."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from crdtnotes.changes.batch import batches, changes_in
from crdtnotes.changes.change import Change
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Link, Patch
from crdtnotes.editing.session import Grouped
from crdtnotes.markup.outline import occurrences
from crdtnotes.note import Note
from crdtnotes.repair import repair
from crdtnotes.store.file.header import SCHEMA
from crdtnotes.store.views import frontiers, note_facts
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_log, check_against_new_file, shown_links
from tests.vaults import batch, created, fast, last_change, meet, replicas, send


def shown(vault: Vault, name: str = "N") -> set[tuple[str, str]]:
    return set(shown_links(vault, bytes.fromhex(vault.note(name).id)))


def written(vault: Vault, name: str = "N") -> set[tuple[str, str]]:
    return set(occurrences(vault.note(name).text))


def raw(vault: Vault, name: str = "N") -> set[tuple[str, str]]:
    """The link set, whatever is shown."""
    doc = vault.replica.documents.open(bytes.fromhex(vault.note(name).id))
    assert doc is not None
    return set(doc.state.links)


def replaced(old: str, new: str) -> Callable[[Note], object]:
    return lambda note: note.write(note.text.replace(old, new))


def cut(old: str) -> Callable[[Note], object]:
    """Delete each letter of a part of the text, as in an editor."""
    return lambda note: note.delete(note.text.index(old), len(old))


def typed(after: str, new: str) -> Callable[[Note], object]:
    return lambda note: note.insert(note.text.index(after) + len(after), new)


FIELDS = "---\ntags: [a]\naliases: [Ann]\n---\nText.\n"

EDITS: dict[str, tuple[str, Callable[[Note], object], Callable[[Note], object]]] = {
    "each deletes one of two equal links": ("[[Y]] and [[Y]].", cut("[[Y]] "), lambda n: n.delete(10, 5)),
    "one retypes a link, one deletes it": ("See [[Y]] now.", replaced("[[Y]]", "[[Y]] "), cut("[[Y]]")),
    "one retypes a link letter by letter": ("See [[Y]] now.", replaced("Y", "Yz"), cut("See [[Y]]")),
    "both add the same link": ("Text.\n", replaced("Text.", "Text [[Y]]."), replaced("Text.", "Text [[Y]].")),
    "both type the same link": ("Text.\n", typed("Text", " [[Y]]"), typed("Text", " [[Y]]")),
    "one takes the brackets away, one adds a letter": ("[[Y]]", replaced("[[Y]]", "Y"), typed("[[Y", "x")),
    "one opens a link, one closes one": ("Y and Z", typed("Y and ", "[["), typed("Z", "]]")),
    "one types a fence, one a link": ("a\n\nb\n", lambda n: n.insert(0, "```\n"), typed("b", " [[Y]]")),
    "one comments out, one links": ("a b c", lambda n: n.write(f"%%{n.text}%%"), typed("b", "[[Y]]")),
    "two tags in front matter": (FIELDS, replaced("[a]", "[a, b]"), replaced("[a]", "[c, a]")),
    "two aliases": (FIELDS, replaced("Ann", "Ann, Bo"), replaced("Ann", "Cid")),
    "one deletes the front matter": (FIELDS, replaced("---\n", ""), replaced("[a]", "[b]")),
    "two values for one field": (
        "---\nup: '[[Y]]'\n---\n",
        replaced("[[Y]]", "[[Z]]"),
        replaced("[[Y]]", "[[X]]"),
    ),
    "two words for one tag": ("#tag here", replaced("#tag", "#one"), replaced("#tag", "#two")),
    "tags typed at one place": ("here ", lambda n: n.insert(0, "#one"), lambda n: n.insert(0, "#two")),
    "both rewrite the whole note": (
        "[[Y]]",
        lambda n: n.write("[[A]] #t"),
        lambda n: n.write("[[B]] ![[A]]"),
    ),
}


@pytest.mark.parametrize("case", EDITS)
def test_links_are_those_of_the_merged_text(tmp_path: Path, case: str) -> None:
    text, one_edit, two_edit = EDITS[case]
    with replicas(tmp_path, 3) as [one, two, three]:
        one.create_note("Y")
        one.create_note("N", text)
        meet(one, two, three)
        one_edit(one.note("N"))
        two_edit(two.note("N"))
        meet(one, two, three)
        for vault in (one, two, three):
            assert shown(vault) == written(vault)
            check_against_log(vault)
            assert vault.check() == []
        check_against_new_file(one, tmp_path / "new.db")
        # Whoever edits the note next makes the link set match; all show it then.
        three.note("N").append("more")
        meet(one, two, three)
        for vault in (one, two, three):
            assert raw(vault) == shown(vault) == written(vault)
            assert is_joined(vault)
            assert vault.check() == []


def is_joined(vault: Vault) -> bool:
    """Whether the author of the note's last edit had seen all others."""
    doc = vault.replica.documents.open(bytes.fromhex(vault.note("N").id))
    return doc is not None and len(vault.replica.derived.frontiers.of(doc)) == 1


def test_backlinks_tags_and_aliases_follow(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        for name in ("Y", "Z"):
            one.create_note(name)
        one.create_note("N", "---\naliases: [Ann]\n---\n[[Y]] and [[Y]] #a\n")
        one.create_note("M", "[[Ann]]")
        meet(one, two)
        one.note("N").write("---\naliases: [Bo]\n---\n[[Y]] #a\n")
        two.note("N").write("---\naliases: [Ann, Bo]\n---\nand [[Y]] #b\n")
        meet(one, two)
        for vault in (one, two):
            kinds = {(kind, value) for kind, value in written(vault) if kind in ("tag", "alias")}
            assert {("tag", tag) for tag, _ in vault.tags()} == {pair for pair in kinds if pair[0] == "tag"}
            leads = any(back.note == "N" for back in vault.note("Y").backlinks())
            assert leads == (("link", "Y") in written(vault))
            assert (vault.note("M").links()[0].note == "N") == (("alias", "Ann") in kinds)
            assert list(vault.graph().edges) == list(one.graph().edges)


def test_renames_apart_and_a_sentence_that_is_deleted(tmp_path: Path) -> None:
    with replicas(tmp_path, 3) as vaults:
        one, two, three = vaults
        one.create_note("Y")
        one.create_note("N", "See [[Y]]. And [[Y]] again.\n")
        meet(*vaults)
        one.note("Y").rename("Alpha")
        two.note("Y").rename("Beta")
        three.note("N").write("And [[Y]] again.\n")
        meet(*vaults)
        for vault in vaults:
            assert shown(vault) == written(vault)
            [back] = vault.note("Y").backlinks()
            assert back.note == "N"
            check_against_log(vault)


def test_a_rename_or_a_tick_of_a_merged_note_also_mends_its_link_set(tmp_path: Path) -> None:
    """Also an edit that changes no text: else the set would be shown as it was merged."""
    edits: list[Callable[[Note], object]] = [
        lambda note: note.rename("M"),
        lambda note: note.insert(0, "x"),
        lambda note: note.open().commit([Grouped(Patch(0, 0, "x"), 1)]),
    ]
    for number, edit in enumerate(edits):
        (tmp_path / str(number)).mkdir()
        with replicas(tmp_path / str(number)) as [one, two]:
            one.create_note("N", "[[Y]] and [[Y]].")
            meet(one, two)
            one.note("N").delete(0, 5)
            two.note("N").delete(10, 5)
            meet(one, two)
            assert raw(one) == {("link", "Y")} != shown(one) == set()
            edit(one.note("N"))
            meet(one, two)
            for vault in (one, two):
                name = "M" if "M" in vault else "N"
                assert raw(vault, name) == shown(vault, name) == set()


def test_a_note_that_was_deleted_meanwhile(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("N", "[[Y]] and [[Y]].")
        meet(one, two)
        one.note("N").delete(0, 5)
        two.note("N").delete(10, 5)
        send(one, two)
        two.note("N").remove()
        meet(one, two)
        for vault in (one, two):
            assert "N" not in vault
            assert vault.dangling() == []
            assert vault.check() == []
        one.create_note("N", "new [[Z]]")
        meet(one, two)
        assert shown(two) == {("link", "Z")}


def test_one_birth_on_two_laptops_reads_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with replicas(tmp_path, 3) as vaults:
        for vault in vaults[:2]:
            vault.create_note("N", "[[Y]] #t")
        monkeypatch.setattr(note_facts, "links_in", None)
        meet(*vaults)
        for vault in vaults:
            assert shown(vault) == {("link", "Y"), ("tag", "t")}


def test_a_note_that_people_edit_in_turn_reads_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if they meet by way of others, whose edits of other notes are all that a change names."""
    with replicas(tmp_path, 4) as vaults:
        vaults[0].create_note("N", "[[Y]]\n")
        for number in range(12):
            vault, following = vaults[number % 4], vaults[(number + 1) % 4]
            vault.note("N").append(f"[[Y{number}]]\n")
            vault.create_note(f"other {number}")
            send(vault, following)
            following.create_note(f"and {number}")
        meet(*vaults)
        with Vault.create(tmp_path / "new.db", "new", vaults[0].id) as new, monkeypatch.context() as patch:
            patch.setattr(note_facts, "links_in", None)
            for piece in vaults[0].changes_since({}):
                new.apply(piece)
            assert shown(new) == written(new)
            assert new.digest == vaults[0].digest


def test_a_merged_text_is_read_once_for_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("N", "[[Y]]\n")
        meet(one, two)
        two.note("N").append("mine")
        for number in range(30):
            one.note("N").append(f"[[Y{number}]]")
        read: list[str] = []

        def links_in(text: str) -> dict[tuple[str, str], int]:
            read.append(text)
            return occurrences(text)

        monkeypatch.setattr(note_facts, "links_in", links_in)
        send(one, two)
        assert read == [two.note("N").text]


def test_words_in_a_merged_text_are_not_a_reason_to_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def links_in(text: str) -> dict[tuple[str, str], int]:
        read.append(text)
        return occurrences(text)

    with replicas(tmp_path) as [one, two]:
        one.create_note("N", "- [ ] call [[Ann]] about the report\n\n系统 和 [[甲]]\n")
        meet(one, two)
        editors = [vault.note("N").open() for vault in (one, two)]
        monkeypatch.setattr(note_facts, "links_in", links_in)
        for step in range(4):
            for editor, behind in zip(editors, ("call", "系统"), strict=True):
                editor.refresh()
                editor.commit([Grouped(Patch(editor.text.index(behind) + len(behind), 0, "字"))])
            meet(one, two)
            assert bool(read) == (not step), "only what was not read before is read"
            read.clear()
        assert shown(one) == shown(two) == written(one) == {("link", "Ann"), ("link", "甲")}
        editors[0].refresh()
        editors[0].commit([Grouped(Patch(editors[0].text.index("系统"), 0, "[[Bob]] "))])
        editors[1].commit([Grouped(Patch(0, 1, "*"))])
        meet(one, two)
        assert shown(one) == shown(two) == written(one) == {("link", "Ann"), ("link", "Bob"), ("link", "甲")}
        assert one.check() == two.check() == []


@pytest.mark.parametrize("seed", range(12))
def test_random_link_edits(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In any order of arrival, after opening again, compacting, and building everything again."""
    random = Random(seed)
    monkeypatch.setattr("crdtnotes.store.views.derived.MAX_CHARACTERS_SAVED_AT_ONCE", 20)
    with replicas(tmp_path, 3) as vaults:
        vaults[0].create_note("N", "---\ntags: [a]\naliases: [b]\n---\n[[N]] #a [x](M.md)\n")
        vaults[0].create_note("M", "[[N]] ![[b]]\n")
        meet(*vaults)
        for _ in range(40):
            vault = random.choice(vaults)
            if random.random() < 0.35:
                trickle(random, random.choice(vaults), vault)
            else:
                tamper(random, vault.note(random.choice(["N", "M"])))
            check_against_log(vault)
            assert_links(vault)
        meet(*vaults)
        vaults[1].compact()
        for vault in vaults:
            check_against_log(vault)
            assert vault.check() == []
            assert_links(vault)
        found = [[shown(vault, name) for name in ("N", "M")] for vault in vaults]
        check_against_new_file(vaults[0], tmp_path / "new.db")
        path, other = vaults[0].path, vaults[1].path
    assert found[0] == found[1] == found[2]
    repair(path)
    for opened in (path, other):
        with Vault.open(opened) as vault:
            assert [shown(vault, name) for name in ("N", "M")] == found[0]
            assert vault.check() == []


def assert_links(vault: Vault) -> None:
    for name in ("N", "M"):
        assert shown(vault, name) == written(vault, name)


PIECES = ["[[", "]]", "[[M]]", "![[N]]", "#a", "#b ", "b", "\n", "[x](M.md)", "`", "aliases: [c]\n", "---\n"]


def tamper(random: Random, note: Note) -> None:
    """Edit a note at random, most often its links."""
    text = note.text
    at = random.randint(0, len(text))
    if random.random() < 0.5:
        note.insert(at, random.choice(PIECES))
    elif random.random() < 0.5:
        note.delete(at, random.randint(0, min(8, len(text) - at)))
    else:
        old, new = random.sample(["[[N]]", "[[M]]", "M", "#a", "[a]", "[a, b]", "[[", "Text"], 2)
        note.write(text.replace(old, new))


def trickle(random: Random, source: Vault, to: Vault) -> None:
    """Bring a part of one replica's changes to another, out of order."""
    data = [data for piece in source.changes_since(to.version) for data in changes_in(piece)]
    data = data[: random.randint(0, len(data))]
    random.shuffle(data)
    while data:
        for piece in batches(data[:3]):
            to.apply(piece)
        data = data[3:]


def test_a_link_set_that_a_faulty_member_wrote_is_found_and_mended(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        first = created(one, Link(OpId(5, 77), ("link", "nowhere")), name="N", text="[[Y]]")
        one.apply(batch(first))
        assert shown(one) == {("link", "nowhere")}
        [said] = one.check()
        assert "links of 'N' are not those in its text" in said
        one.note("N").append("more")
        meet(one, two)
        for vault in (one, two):
            assert shown(vault) == {("link", "Y")}
            assert vault.check() == []


def test_check_finds_a_wrong_frontier(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("N", "[[Y]] and [[Y]].")
        meet(one, two)
        one.note("N").delete(0, 5)
        two.note("N").delete(10, 5)
        meet(one, two)
        path = one.path
    conn = sqlite3.connect(path)
    conn.execute("DELETE FROM frontiers WHERE actor = (SELECT max(actor) FROM frontiers)")
    conn.commit()
    conn.close()
    with Vault.open(path) as vault:
        assert vault.check() == ["The concurrent edits of 'N' do not match the log."]
    repair(path)
    with Vault.open(path) as vault:
        assert vault.check() == []
        assert shown(vault) == written(vault) == set()


def test_a_file_of_a_version_without_frontiers_gets_them(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("N", "[[Y]] and [[Y]].")
        one.create_note("plain", "[[N]]")
        meet(one, two)
        one.note("N").delete(0, 5)
        two.note("N").delete(10, 5)
        two.note("plain").append("more")
        meet(one, two)
        one.note("plain").append("[[Y]]")
        path = one.path
    conn = sqlite3.connect(path)
    # As such a version left it: the merged link set was shown.
    conn.execute("DROP TABLE frontiers")
    conn.execute("DROP INDEX notes_numbered")
    conn.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '%_frontiers'")
    conn.execute(f"PRAGMA user_version = {SCHEMA - 1}")
    (element,) = conn.execute("SELECT id FROM elements WHERE value = 'Y'").fetchone()
    conn.execute("INSERT INTO links SELECT id, ?, 2, NULL FROM notes WHERE name = 'N'", (element,))
    conn.commit()
    conn.close()
    with Vault.open(path, read_only=True) as old:
        assert old.check() == []
        assert shown(old) == {("link", "Y")}
    with Vault.open(path) as vault:
        assert shown(vault) == set()
        assert vault.check() == []
        check_against_log(vault)
        check_against_new_file(fast(vault), tmp_path / "new.db")


def test_changes_by_hand_that_name_nobody_are_concurrent(tmp_path: Path) -> None:
    """Whether an author had seen an edit is what its changes name, not what its elements show."""
    with replicas(tmp_path, 1) as [one]:
        first = created(one, name="N", text="[[Y]]")
        one.apply(batch(first))
        again = Change(78, 1, 1, (), 0, first.note, (*first.ops, Link(OpId(6, 78), ("tag", "t"))))
        one.apply(batch(again))
        assert shown(one) == {("link", "Y")}
        seen = ((77, 1), (78, 1))
        start = last_change(one).last + 1
        one.apply(batch(Change(79, 1, start, seen, 0, first.note, (Link(OpId(start, 79), ("tag", "u")),))))
        assert shown(one) == raw(one) == {("tag", "t"), ("tag", "u")}


class _Large(dict[int, int]):
    """Streams that are too many to look at each of them at each change."""

    def __iter__(self) -> Iterator[int]:
        raise AssertionError("all of them were looked at")


def test_an_edit_costs_by_the_smaller_of_its_horizon_and_the_frontier() -> None:
    many = _Large(dict.fromkeys(range(1, 5000), 1))
    assert frontiers._in_both(many, {7: 1, 9000: 1}) == [7]
    assert frontiers._in_both({7: 1, 9000: 1}, many) == [7]
