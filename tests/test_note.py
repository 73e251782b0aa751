from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtnotes import Neighbour
from crdtnotes.errors import InvalidText, NoteNotFound, OutOfRange
from crdtnotes.vault import Vault
from tests.strategies import texts
from tests.vaults import fast, meet, replicas


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    vault = fast(Vault.create(tmp_path_factory.mktemp("notes") / "v.db"))
    vault.create_note("A")
    return vault


@given(texts, st.lists(st.tuples(st.integers(0, 100), st.integers(0, 5), texts), max_size=5))
def test_edits_have_the_same_effect_on_a_note_as_on_a_string(
    scratch: Vault, text: str, edits: list[tuple[int, int, str]]
) -> None:
    note = scratch.note("A")
    note.write(text)
    for at, length, new in edits:
        at %= len(text) + 1
        length = min(length, len(text) - at)
        note.delete(at, length)
        note.insert(at, new)
        text = text[:at] + new + text[at + length :]
        assert note.text == text
    with Vault.open(scratch.path) as other:
        assert other.note("A").text == text


@pytest.mark.parametrize(("index", "length"), [(-1, 1), (0, 5), (4, 1), (2, -1), (5, 0)])
def test_positions_outside_are_refused(tmp_path: Path, index: int, length: int) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note("A", "字😀ab")
        with pytest.raises(OutOfRange):
            note.delete(index, length)
        with pytest.raises(IndexError):
            note.insert(-1, "x")
        with pytest.raises(IndexError):
            note.insert(5, "x")
        assert note.text == "字😀ab"
        assert sum(vault.version.values()) == 1


def test_a_lone_surrogate_is_not_a_valid_text(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note("A", "first\n\nlast\n")
        for edit in (note.append, note.write, lambda text: note.insert(0, text)):
            with pytest.raises(InvalidText):
                edit("other\n\nlast\ud800")
        assert note.text == "first\n\nlast\n"
        assert vault.check() == []


def test_two_people_write_whole_new_versions_and_both_edits_are_kept(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", "# 题\n\n第一段。\n\n第二段。\n")
        meet(one, two)
        one.note("A").write("# 题目\n\n第一段，改了。\n\n第二段。\n")
        two.note("A").write("# 题\n\n第一段。\n\n第二段 [[改]]。\n\n第三段。\n")
        meet(one, two)
        assert one.note("A").text == "# 题目\n\n第一段，改了。\n\n第二段 [[改]]。\n\n第三段。\n"
        assert [link.target for link in two.note("A").links()] == ["改"]


def test_writing_the_same_text_makes_no_change(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note("A", "text")
        version = vault.version
        note.write("text")
        note.insert(2, "")
        note.delete(2, 0)
        assert vault.version == version


@pytest.mark.parametrize(
    ("before", "added", "after"),
    [("", "x", "x\n"), ("a", "x", "a\nx\n"), ("a\n", "x\n", "a\nx\n"), ("a", "x\ny", "a\nx\ny\n")],
)
def test_appended_text_is_on_lines_of_its_own(tmp_path: Path, before: str, added: str, after: str) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note("A", before)
        note.append(added)
        assert note.text == after


def test_a_deleted_note_raises_an_error_that_says_so(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note("A", "text")
        assert note.id in repr(note)
        note.remove()
        for use in (
            lambda: note.name, lambda: note.title, lambda: note.text, lambda: note.modified, note.links,
            note.backlinks, note.remove, lambda: note.rename("B"), lambda: note.insert(0, "x"),
            lambda: note.delete(0, 1), lambda: note.write("x"), lambda: note.append("x"),
        ):  # fmt: skip
            with pytest.raises(NoteNotFound, match="deleted"):
                use()
        assert len(vault) == 0
        with vault.transaction():
            again = vault.create_note("A", "new")
            again.append("x")
            again.remove()
            with pytest.raises(NoteNotFound):
                again.insert(0, "x")
            vault.create_note("A", "newer")
        assert vault.note("A").text == "newer"
        assert vault.check() == []


def test_backlinks_list_each_place_once(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A")
        vault.create_note("h", "[[A]] and [[A|again]]\n\n  ![[a]] here  \n")
        assert [(b.note, b.line, b.context, b.kind) for b in vault.note("A").backlinks()] == [
            ("h", 1, "[[A]] and [[A|again]]", "link"),
            ("h", 3, "![[a]] here", "embed"),
        ]
        assert {(link.target, link.note, link.kind, link.count) for link in vault.note("h").links()} == {
            ("A", "A", "link", 2),
            ("a", "A", "embed", 1),
        }


def test_mentions_are_lines_that_name_a_note_without_a_link(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v") as vault:
        note = vault.create_note("zh/CAP定理", "---\naliases: [CAP]\n---\nCAP定理 itself\n")
        vault.create_note("a", "# On the CAP theorem\n\nsee [[CAP]], cap, and CAP again\ncapital\n")
        vault.create_note("b", "讲CAP定理\n")
        vault.create_note("c", "[[CAP定理]]\n")
        found = note.mentions()
        assert [(one.note, one.line, one.context, one.link) for one in found] == [
            ("a", 1, "# On the CAP theorem", "[[CAP]]"),
            ("a", 3, "see [[CAP]], cap, and CAP again", "[[cap]]"),
            ("b", 1, "讲CAP定理", "[[CAP定理]]"),
        ]
        assert [vault.note(one.note).text[one.start :].startswith(one.written) for one in found] == [True] * 3
        assert note.mentions(limit=1) == found[:1]
        vault.note("b").write("nothing")
        assert [one.note for one in note.mentions()] == ["a", "a"]


def test_a_mention_becomes_a_link_that_leads_to_this_note(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v") as vault:
        note = vault.create_note("far/Paxos")
        vault.create_note("near/Paxos")
        vault.create_note("near/x", "| t |\n|---|\n| paxos |\n")
        assert [one.link for one in note.mentions()] == ["[[far/Paxos\\|paxos]]"]


def test_neighbours(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v") as vault:
        vault.create_note("n", "[[both]] [[out]] ![[out]] [[Gone]] [[gone]] [[n]]")
        vault.create_note("both", "[[n]] [[n]]")
        vault.create_note("in", "[[n]]")
        vault.create_note("out")
        found = {one.name: one for one in vault.note("n").neighbours()}
        assert found == {
            "both": Neighbour("both", True, True, True, ("link",), 3),
            "in": Neighbour("in", True, True, False, ("link",), 1),
            "out": Neighbour("out", True, False, True, ("embed", "link"), 2),
            "Gone": Neighbour("Gone", False, False, True, ("link",), 2),
        }


TASK, FIELDS = "- [ ] tea\nb\n", "---\nstatus: open\n---\nb\n"


@pytest.mark.parametrize(
    ("base", "now", "text", "expected"),
    [
        (TASK, "- [x] tea\nb\n", "b\n", "b\n"),
        (TASK, "- [x] tea\nb\n", "c\nb\n", "c\nb\n"),
        (TASK, "- [x] tea\nb\nc\n", "", "c\n"),
        (TASK, "b\n", "- [x] tea\nb\n", "b\n"),
        (TASK, "- [x] tea\nb\n", "- [-] tea\nb\n", "- [-] tea\nb\n"),
        (TASK, "- [x] tea\nb\n", "- [x] tea\nb\n", "- [x] tea\nb\n"),
        (TASK, "- [x] tea\nb\n", "- [ ] tea!\nb\n", "- [x] tea!\nb\n"),
        (
            FIELDS,
            "---\nstatus: done\n---\nb\n",
            "---\nstatus: closed\n---\nb\n",
            "---\nstatus: closed\n---\nb\n",
        ),
        (FIELDS, "---\nstatus: done\n---\nb\n", "b\n", "b\n"),
        (FIELDS, "---\nstatus: done\n---\nb\n", "---\npriority: 1\n---\nb\n", "---\npriority: 1\n---\nb\n"),
        (FIELDS, "b\n", "---\nstatus: done\n---\nb\n", "b\n"),
        ("---\ntags: []\n---\n", "---\ntags: [a]\n---\n", "---\ntags: [b]\n---\n", "---\ntags: [b]\n---\n"),
        (
            "---\ntags: [a]\n---\n",
            "---\ntags: [a, b]\n---\n",
            "---\ntags: [a, c]\n---\n",
            "---\ntags: [a, b, c]\n---\n",
        ),
        ("b\n", "---\nstatus: done\n---\nb\n", "---\nstatus: done\n---\nb\n", "---\nstatus: done\n---\nb\n"),
        ("I recieve it.\n", "I receive it.\n", "I receive it.\nMore.\n", "I receive it.\nMore.\n"),
        ("a\n", "a\nb\n", "a\nb\n", "a\nb\n"),
    ],
)
def test_a_write_that_was_made_from_an_earlier_text_keeps_one_value_and_each_edit_once(
    tmp_path: Path, base: str, now: str, text: str, expected: str
) -> None:
    with Vault.create(tmp_path / "v") as vault:
        note = vault.create_note("A", base)
        note.write(now)
        note.write(text, base)
        assert note.text == expected
