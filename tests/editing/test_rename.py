import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import Grouped
from crdtnotes.errors import InvalidName, NoteExists, NoteNotFound
from crdtnotes.store.committed import Committed
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_log, check_against_new_file
from tests.vaults import meet, replicas, send


@pytest.mark.parametrize(
    ("holder", "old", "new", "before", "after"),
    [
        ("h", "A", "B", "[[A]] [[a.md]] ![[A]]", "[[B]] [[B.md]] ![[B]]"),
        ("h", "A", "B", "[[A|label]] [[A#head|x]] [[A#^block]]", "[[B|label]] [[B#head|x]] [[B#^block]]"),
        ("h", "zh/系统", "zh/分布式系统", "[[系统]] [[zh/系统]]", "[[分布式系统]] [[zh/分布式系统]]"),
        ("h", "zh/系统", "en/System", "[[系统]] [[zh/系统|系]]", "[[System]] [[en/System|系]]"),
        ("h", "A", "f/A", "[[A]]", "[[A]]"),
        ("h", "A", "B", "[x](A.md) [y](./A.md#h) `[[A]]`", "[x](B.md) [y](./B.md#h) `[[A]]`"),
        ("f/h", "f/A", "f/B C", "[x](A.md) [y](./A.md)", "[x](B%20C.md) [y](./B%20C.md)"),
        ("h", "a/o", "b/n", "[[/a/o]] [x](/a/o.md) [y](</a/o>)", "[[/b/n]] [x](/b/n.md) [y](</b/n>)"),
        ("h", "o", "甲/乙", "[x](/%6F.md) ![[/o#h]]", "[x](/甲/乙.md) ![[/甲/乙#h]]"),
        ("f/h", "f/A", "g/A", "[y](./A.md) [z](../f/A.md)", "[y](../g/A.md) [z](../g/A.md)"),
        ("h", "A", "B", "[[A]] and 😀 [[A]]\n\n[[other]]\n", "[[B]] and 😀 [[B]]\n\n[[other]]\n"),
    ],
)
def test_links_are_rewritten_in_their_own_style(
    tmp_path: Path, holder: str, old: str, new: str, before: str, after: str
) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note(old, "text")
        vault.create_note(holder, before)
        assert {link.note for link in vault.note(holder).links() if link.target != "other"} == {old}
        changed = note.rename(new)
        assert note.name == new
        assert vault.note(holder).text == after
        assert changed == (before != after)
        assert {link.note for link in vault.note(holder).links() if link.target != "other"} == {new}
        assert [back.note for back in note.backlinks()][:1] == [holder]
        check_against_new_file(vault, tmp_path / "new.db")


def test_a_title_that_would_lead_to_another_note_becomes_the_full_name(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("B", "the other")
        vault.create_note("A").rename("f/B")
        vault.create_note("h", "[[A]]")
        vault.note("f/B").rename("f/C")
        vault.create_note("i", "[[f/C]] [[C]]")
        vault.note("f/C").rename("f/B")
        assert vault.note("i").text == "[[f/B]] [[f/B]]"
        assert vault.note("h").text == "[[f/B]]", "a link by a former name follows"
        assert vault.note("h").links()[0].note == "f/B"


def test_links_by_former_names_follow(tmp_path: Path) -> None:
    """Otherwise they would break, or lead elsewhere, once somebody makes a note of that name."""
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("笔记/系统").rename("笔记/分布式系统")
        vault.create_note("h", "[[系统]] [[笔记/系统|标签]] [[分布式系统#一]] [x](笔记/系统.md)")
        assert vault.note("笔记/分布式系统").rename("笔记/DS") == 1
        assert vault.note("h").text == "[[DS]] [[笔记/DS|标签]] [[DS#一]] [x](笔记/DS.md)"
        vault.create_note("笔记/系统", "another note")
        assert {link.note for link in vault.note("h").links()} == {"笔记/DS"}


def test_a_former_name_that_is_an_alias_stays(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A", "---\naliases: [A]\n---\n").rename("B")
        vault.create_note("h", "[[A]] [[B]]")
        vault.note("B").rename("C")
        assert vault.note("h").text == "[[A]] [[C]]"


def test_links_by_an_alias_stay(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A", "---\naliases: [系统, x]\n---\n")
        vault.create_note("h", "[[系统]] [[x|y]]")
        assert vault.note("A").rename("B") == 0
        assert vault.note("h").text == "[[系统]] [[x|y]]"
        assert {link.note for link in vault.note("h").links()} == {"B"}


def test_a_note_that_links_to_itself(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note("f/A", "[[A]] [x](./A.md)")
        assert note.rename("g/B") == 1
        assert note.text == "[[B]] [x](./B.md)"
        assert {link.note for link in note.links()} == {"g/B"}


@pytest.mark.parametrize(
    ("old", "new", "before", "after", "leads"),
    [
        ("h", "g/h", "[[./A]] 与 [[./g/乙|乙]]", "[[../A]] 与 [[./乙|乙]]", ["A", "g/乙"]),
        ("h", "g/h", "[x](./A.md#a) [[./g/./乙]]", "[x](../A.md#a) [[./乙]]", ["A", "g/乙"]),
        ("g/h", "k", "[[../A]] ![[./乙]] [[./h]]", "[[./A]] ![[./g/乙]] [[./k]]", ["A", "g/乙", "k"]),
        ("g/h", "g/k", "[[../A]] [[./乙#^b]]", "[[../A]] [[./乙#^b]]", ["A", "g/乙"]),
        ("g/h", "z/k", "[[../A]] [[../../A]] `[[./乙]]`", None, ["A", None]),
    ],
)
def test_paths_in_a_note_that_moves_lead_where_they_led(
    tmp_path: Path, old: str, new: str, before: str, after: str | None, leads: list[str | None]
) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A", "text")
        vault.create_note("g/乙", "text")
        note = vault.create_note(old, before)
        changed = note.rename(new)
        assert note.text == (after or before)
        assert changed == (after not in (None, before))
        assert sorted(map(str, (link.note for link in note.links()))) == sorted(map(str, leads))
        check_against_new_file(vault, tmp_path / "new.db")


def test_a_path_leads_to_a_note_that_was_made_while_its_note_moved(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("h", "# [[./A]]\n")
        meet(one, two)
        two.create_note("A", "text")
        one.note("h").rename("g/h")
        meet(one, two)
        for vault in (one, two):
            assert vault.note("g/h").text == "# [[../A]]\n"
            assert [back.note for back in vault.note("A").backlinks()] == ["g/h"]


@pytest.mark.parametrize("names", [("k", "g/h"), ("g/h", "k"), ("f/甲", "g/h/i"), ("g/h", "g/h")])
def test_paths_in_a_note_that_two_people_move_fit_the_name_that_wins(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("h", "[[./A]] [x](./A.md)\n")
        one.create_note("A", "text")
        meet(one, two)
        one.note("h").rename(names[0])
        two.note("h").rename(names[1])
        meet(one, two)
        for vault in (one, two):
            holder = vault.note("h")
            path = "./A" if "/" not in holder.name else "../" * holder.name.count("/") + "A"
            assert holder.text == f"[[{path}]] [x]({path}.md)\n"
            assert [link.note for link in holder.links()] == ["A"] * len(holder.links())


def test_a_moved_note_takes_its_own_links_along(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        for name in ("c/y", "a/s", "z/s", "top"):
            vault.create_note(name)
        text = (
            "[y](../c/y.md) [[./s]] [s](./s.md#h) [[s]] [[c/y]] [[../top]] "
            "[[./gone]] [[../../out]] [g](../g.md)"
        )
        note = vault.create_note("a/n", text)
        before = [link.note for link in note.links() if link.note]
        assert note.rename("z/q/n") == 1
        assert note.text == (
            "[y](../../c/y.md) [[../../a/s]] [s](../../a/s.md#h) [[a/s]] [[c/y]] [[../../top]] "
            "[[../../a/gone]] [[../../out]] [g](../../g.md)"
        )
        assert sorted(filter(None, (link.note for link in note.links()))) == sorted(before)
        note.rename("a/m")
        assert note.text == text.replace("[[s]]", "[[a/s]]").replace("../../out", "../out")
        check_against_new_file(vault, tmp_path / "new.db")


def test_a_rename_within_a_folder_leaves_the_notes_own_links_alone(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("a/s")
        note = vault.create_note("a/n", "[[./s]] [[./gone]] [x](s.md)")
        assert note.rename("a/m") == 0
        assert note.text == "[[./s]] [[./gone]] [x](s.md)"


def test_a_new_note_takes_no_links_over(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        for name in ("d/b", "e/c", "甲/乙"):
            vault.create_note(name)
        vault.create_note("d/a", "[[b]] [[b|x]] ![[b#h]] [y](b.md) [[c]] [[乙]]\n\n[r]: b.md\n\n[r]")
        vault.create_note("other", "---\nup: '[[b]]'\n---\n[[d/b]] [[none]]")
        vault.create_note("b")
        vault.create_note("c")
        vault.create_note("乙")
        vault.create_note("none")
        assert vault.note("d/a").text == (
            "[[d/b]] [[d/b|x]] ![[d/b#h]] [y](d/b.md) [[e/c]] [[甲/乙]]\n\n[r]: d/b.md\n\n[r]"
        )
        assert vault.note("other").text == "---\nup: '[[d/b]]'\n---\n[[d/b]] [[none]]"
        assert vault.note("b").backlinks() == vault.note("c").backlinks() == []
        assert [one.note for one in vault.note("none").backlinks()] == ["other"]
        check_against_new_file(vault, tmp_path / "new.db")


def test_a_renamed_note_takes_no_links_over(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("d/b")
        vault.create_note("d/a", "[[b]] [[x]]")
        vault.create_note("x", "[[b]]")
        assert vault.note("x").rename("b") == 2
        assert vault.note("d/a").text == "[[d/b]] [[b]]"
        assert vault.note("b").text == "[[d/b]]"
        assert {link.note for link in vault.note("d/a").links()} == {"d/b", "b"}


def test_two_people_who_make_the_note_keep_the_links_once(tmp_path: Path) -> None:
    with replicas(tmp_path) as vaults:
        vaults[0].create_note("d/b")
        vaults[0].create_note("d/a", "see [[b]] and [[b]]")
        meet(*vaults)
        for vault in vaults:
            vault.create_note("b", "new")
        meet(*vaults)
        for vault in vaults:
            assert vault.note("d/a").text == "see [[d/b]] and [[d/b]]"
            assert vault.check() == []


def test_a_name_that_counts_as_the_same_is_named(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("Maße")
        with pytest.raises(NoteExists, match="'Maße'"):
            vault.create_note("MASSE")
        with pytest.raises(NoteExists, match="'Maße'"):
            vault.create_note("other").rename("masse")


def test_a_title_or_path_wins_over_a_nearer_alias(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("near/guide", "---\naliases: [VSCode, sub/deep]\n---\n")
        vault.create_note("far/VSCode")
        vault.create_note("far/sub/deep")
        holder = vault.create_note("near/x", "[[VSCode]] [[sub/deep]]")
        assert [link.note for link in holder.links()] == ["far/VSCode", "far/sub/deep"]
        vault.note("far/VSCode").rename("far/Code")
        assert holder.text == "[[Code]] [[sub/deep]]"


def test_a_folder_is_renamed_in_one_step(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note(
            "papers/a", "[[./b]] [[../papers/sub/c]] [x](/papers/b.md) [[out]] [[papers]] [[./gone]]"
        )
        vault.create_note("papers/b", "[[a]] [y](sub/c.md)")
        vault.create_note("Papers/sub/c", "[[../b]] ![[papers/a#h]]")
        vault.create_note("papers", "[[papers/a]] [[b]]")
        vault.create_note("papersize")
        vault.create_note("out", "---\nup: '[[papers/b]]'\n---\n[[sub/c]] [z](papers/a.md)")
        before = vault.version
        assert vault.rename_folder("papers/", "文章/x") == (3, 4)
        assert [info.name for info in vault.notes()] == [
            "out",
            "papers",
            "papersize",
            "文章/x/a",
            "文章/x/b",
            "文章/x/sub/c",
        ]
        assert vault.note("文章/x/a").text == (
            "[[./b]] [[./sub/c]] [x](/文章/x/b.md) [[out]] [[papers]] [[./gone]]"
        )
        assert vault.note("文章/x/b").text == "[[a]] [y](sub/c.md)"
        assert vault.note("文章/x/sub/c").text == "[[../b]] ![[文章/x/a#h]]"
        assert vault.note("papers").text == "[[文章/x/a]] [[b]]"
        assert vault.note("out").text == "---\nup: '[[文章/x/b]]'\n---\n[[sub/c]] [z](文章/x/a.md)"
        assert {link.note for link in vault.note("out").links()} == {"文章/x/a", "文章/x/b", "文章/x/sub/c"}
        assert vault.check() == []
        assert before != vault.version
        check_against_new_file(vault, tmp_path / "new.db")


def test_a_folder_keeps_its_name_or_all_of_it_moves(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        for name in ("a/x", "a/y", "b/y"):
            vault.create_note(name)
        with pytest.raises(NoteExists, match="'b/y'"):
            vault.rename_folder("a", "b")
        with pytest.raises(NoteNotFound):
            vault.rename_folder("c", "d")
        with pytest.raises(InvalidName):
            vault.rename_folder("a", "..")
        assert [info.name for info in vault.notes()] == ["a/x", "a/y", "b/y"]
        assert vault.rename_folder("a", "a/deeper") == (2, 0)
        assert vault.rename_folder("A/Deeper", "A") == (2, 0)
        assert vault.rename_folder("a", "A") == (0, 0)
        assert [info.name for info in vault.notes()] == ["A/x", "A/y", "b/y"]


def test_folders_that_two_people_rename_apart_have_one_name_each(tmp_path: Path) -> None:
    with replicas(tmp_path) as vaults:
        vaults[0].create_note("f/a", "[[f/b]]")
        vaults[0].create_note("f/b", "[[./a]]")
        meet(*vaults)
        for vault, name in zip(vaults, ("g", "h"), strict=True):
            vault.rename_folder("f", name)
        meet(*vaults)
        for vault in vaults:
            assert {link.note for note in ("f/a", "f/b") for link in vault.note(note).links()} == {
                vault.note("f/a").name,
                vault.note("f/b").name,
            }
            assert vault.check() == []


def test_a_vault_with_other_rules_for_links_derives_them_again(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("near/guide", "---\naliases: [VSCode]\n---\n")
        one.create_note("far/VSCode")
        one.create_note("near/x", "[[VSCode]]")
        one.create_note("both", "start\n")
        meet(one, two)
        one.note("both").append("[x](b) here")
        two.note("both").append("and there")
        meet(one, two)
        path = one.path
    conn = sqlite3.connect(path)  # as a version has left it that preferred the alias and did not know [x](b)
    with conn:
        conn.execute(
            """UPDATE links SET target = (SELECT id FROM notes WHERE name = 'near/guide')
               WHERE note = (SELECT id FROM notes WHERE name = 'near/x')"""
        )
        conn.execute("DELETE FROM links WHERE note = (SELECT id FROM notes WHERE name = 'both')")
        conn.execute("DELETE FROM meta WHERE key = 'link_rules'")
    conn.close()
    with Vault.open(path) as vault:
        assert [link.note for link in vault.note("near/x").links()] == ["far/VSCode"]
        assert [link.target for link in vault.note("both").links()] == ["b"]
        assert vault.check() == []


def test_the_old_name_stays_an_alias(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", "text")
        meet(one, two)
        two.create_note("offline", "[[A]]")
        one.note("A").rename("B")
        meet(one, two)
        for vault in (one, two):
            assert vault.note("offline").links()[0].note == "B"
            assert [back.note for back in vault.note("B").backlinks()] == ["offline"]
            assert vault.note("A").name == "B"
        # From then on the link leads to the note that really has the name.
        one.create_note("A", "new")
        assert one.note("A").text == "new"
        assert one.note("offline").links()[0].note == "A"
        one.note("A").remove()
        assert one.note("A").name == "B"


def test_a_title_wins_over_a_former_name(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("T", "once").rename("S")
        vault.create_note("h", "[[T]] [[alias]]")
        assert vault.note("h").links()[0].note == "S"
        vault.create_note("far/away/T", "---\naliases: [S2]\n---\n")
        assert vault.note("h").links()[0].note == "far/away/T"
        assert vault.note("T").name == "far/away/T"
        vault.note("far/away/T").remove()
        assert vault.note("T").name == "S"


def test_after_concurrent_renames_all_names_lead_to_the_note(tmp_path: Path) -> None:
    with replicas(tmp_path, 3) as vaults:
        vaults[0].create_note("old", "text")
        meet(*vaults)
        for number, vault in enumerate(vaults):
            vault.note("old").rename(f"new {number}")
            vault.create_note(f"h{number}", f"[[old]] [[new {number}]]")
        meet(*vaults)
        [winner] = {vault.note("old").name for vault in vaults}
        for vault in vaults:
            for name in ("old", "new 0", "new 1", "new 2"):
                assert vault.note(name).name == winner
            for number in range(3):
                assert {link.note for link in vault.note(f"h{number}").links()} == {winner}
            assert vault.check() == []


@pytest.mark.parametrize("first", ["delete", "rename"])
@pytest.mark.parametrize("before", ["[[A]]", "[x](A.md) and [[A|label]]", "---\nup: '[[A]]'\n---\n"])
def test_a_rename_leaves_a_note_deleted_that_somebody_deleted_meanwhile(
    tmp_path: Path, first: str, before: str
) -> None:
    with replicas(tmp_path, 3) as [one, two, three]:
        one.create_note("A")
        one.create_note("h", before)
        one.create_note("other", "[[A]]")
        meet(one, two, three)
        one.note("A").rename("B")
        two.note("h").remove()
        for source in (two, one) if first == "delete" else (one, two):
            send(source, three)
        meet(one, two, three)
        for vault in (one, two, three):
            assert [info.name for info in vault.notes()] == ["B", "other"]
            assert [back.note for back in vault.note("B").backlinks()] == ["other"]
            check_against_log(vault)
            assert vault.check() == []
        check_against_new_file(one, tmp_path / "new.db")


def test_an_edit_by_a_person_brings_a_deleted_note_back_as_ever(tmp_path: Path) -> None:
    """Also in the transaction of the rename, where it must not become part of what follows from it."""
    edits: list[Callable[[Vault], object]] = [
        lambda vault: vault.note("h").append("mine"),
        lambda vault: vault.note("h").rename("mine"),
        lambda vault: vault.note("h").write("[[B]] mine"),
    ]
    for number, edit in enumerate(edits):
        (tmp_path / str(number)).mkdir()
        with replicas(tmp_path / str(number)) as [one, two]:
            one.create_note("A")
            one.create_note("h", "[[A]]")
            meet(one, two)
            with one.transaction():
                one.note("A").rename("B")
                edit(one)
            two.note("h").remove()
            meet(one, two)
            for vault in (one, two):
                name = "mine" if "mine" in vault else "h"
                assert vault.note(name).text.startswith("[[B]]")
                assert vault.note(name).links()[0].note == "B"
                check_against_log(vault)


def test_a_deleted_note_comes_back_with_the_new_name_in_its_link(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A")
        one.create_note("h", "[[A]]")
        meet(one, two)
        session = two.note("h").open()
        one.note("h").remove()
        two.note("A").rename("B")
        meet(one, two)
        assert "h" not in one
        assert "h" not in two
        session.refresh()
        session.commit([Grouped(Patch(0, 0, "x"))])
        session.update_links()
        meet(one, two)
        for vault in (one, two):
            assert vault.note("h").text == "x[[B]]"
            check_against_log(vault)


def test_a_note_that_links_to_itself_and_is_renamed_comes_back(tmp_path: Path) -> None:
    """A rename of the note itself is an edit that a person made."""
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", "[[A]]")
        meet(one, two)
        one.note("A").rename("B")
        two.note("A").remove()
        meet(one, two)
        assert two.note("B").text == "[[B]]"


def test_text_typed_by_others_meanwhile_stays(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A")
        one.create_note("h", "before [[A|x]] after")
        meet(one, two)
        two.note("h").insert(len("before [[A|x"), "yz")
        one.note("A").rename("B")
        meet(one, two)
        assert one.note("h").text == "before [[B|xyz]] after"


def test_a_taken_or_bad_name_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A", "[[B]]")
        note = vault.create_note("B")
        before = vault.digest
        for name in ("a", "A.md", "Ａ/../x", "a|b", ""):
            with pytest.raises((NoteExists, InvalidName)):
                note.rename(name)
        assert note.rename("B") == note.rename("B.md") == 0
        assert vault.digest == before
        assert note.rename("b") == 1
        assert vault.note("A").text == "[[b]]"


def test_the_number_of_a_note_can_be_made_its_name(tmp_path: Path) -> None:
    """Two notes were renamed to Z; renaming the second one to the name that it shows makes it permanent."""
    with Vault.create(tmp_path / "a.db") as a, Vault.create(tmp_path / "b.db", vault=a.id) as b:
        a.create_note("one", "1").rename("Z")
        b.create_note("two", "2").rename("Z")
        for source, target in ((a, b), (b, a)):
            for batch in source.changes_since({}):
                target.apply(batch)
        kept = a.note("Z").text
        a.note("Z (2)").rename("Z (2)")
        a.note("Z").remove()
        assert [info.name for info in a.notes()] == ["Z (2)"]
        assert a.note("Z (2)").text != kept


def two_renamed_apart(one: Vault, two: Vault, *, more: str = "") -> None:
    """P and Q, each with links, are renamed to one name by two people."""
    for name in ("P", "Q"):
        one.create_note(name, name.lower())
    one.create_note("to P", f"[[P]] and ![[P#head]]{more}")
    one.create_note("to Q", f"see [[Q|label]], [x](Q.md){more}")
    meet(one, two)
    one.note("P").rename("Z")
    two.note("Q").rename("Z")
    meet(one, two)


def led(vault: Vault, holder: str) -> set[str]:
    """The texts of the notes to which a note's links lead."""
    return {vault.note(link.note).text for link in vault.note(holder).links() if link.note is not None}


def test_links_keep_the_notes_that_they_meant_when_both_get_one_name(tmp_path: Path) -> None:
    with replicas(tmp_path, 3) as [one, two, three]:
        two_renamed_apart(one, two)
        meet(one, two, three)
        for vault in (one, two, three):
            assert {info.name for info in vault.notes()} == {"Z", "Z (2)", "to P", "to Q"}
            assert (led(vault, "to P"), led(vault, "to Q")) == ({"p"}, {"q"})
            for name in ("Z", "Z (2)"):
                text = vault.note(name).text
                assert {back.note for back in vault.note(name).backlinks()} == {f"to {text.upper()}"}
            assert vault.check() == []
        check_against_new_file(one, tmp_path / "new.db")
        # A link that a person writes leads to the note that shows the name.
        three.create_note("by hand", "[[Z]]")
        assert led(three, "by hand") == {three.note("Z").text}
        # Each can be renamed again, and its own links follow.
        three.note("Z (2)").rename("Y")
        meet(one, two, three)
        for vault in (one, two, three):
            assert (led(vault, "to P"), led(vault, "to Q")) == ({"p"}, {"q"})
            loser = vault.note("Y").text.upper()
            assert "Y" in vault.note(f"to {loser}").text
            assert vault.check() == []
        path = one.path
    with Vault.open(path) as vault:
        assert (led(vault, "to P"), led(vault, "to Q")) == ({"p"}, {"q"})


def test_names_say_which_links_mean_a_namesake(tmp_path: Path) -> None:
    """An editor resolves links by the names alone; it asks for them when the stamp changes."""
    with replicas(tmp_path) as [one, two]:
        two_renamed_apart(one, two)
        holder = f"to {one.note('Z (2)').text.upper()}"
        spelled = ("Z",)
        elsewhere = {names.name: names.elsewhere for names in one.names() if names.elsewhere}
        assert elsewhere == {holder: tuple((target, "Z (2)") for target in spelled)}
        stamp = one.names_stamp()
        commits: list[Committed] = []
        two.replica.on_commit = commits.append
        one.note(holder).write("nothing")
        send(one, two)
        assert any(commit.names_changed for commit in commits)
        for vault in (one, two):
            assert not any(names.elsewhere for names in vault.names())
            assert vault.names_stamp() != stamp


def test_a_link_that_meant_a_note_that_is_deleted_leads_to_its_namesake(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        two_renamed_apart(one, two)
        first = one.note("Z").text
        one.note("Z (2)").remove()
        meet(one, two)
        for vault in (one, two):
            assert led(vault, "to P") == led(vault, "to Q") == {first}
            assert vault.check() == []
        check_against_new_file(one, tmp_path / "new.db")


def test_a_note_that_linked_to_both_leads_to_the_one_that_shows_the_name(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        for name in ("P", "Q"):
            one.create_note(name, name.lower())
        one.create_note("both", "[[P]] and [[Q]]")
        meet(one, two)
        one.note("P").rename("Z")
        two.note("Q").rename("Z")
        meet(one, two)
        for vault in (one, two):
            assert vault.note("both").text == "[[Z]] and [[Z]]"
            assert led(vault, "both") == {vault.note("Z").text}
            assert vault.check() == []
        # It keeps the meaning of the link that is left.
        loser = two.note("Z (2)").text
        cut = 0 if loser == "q" else len("[[Z]] and ")
        two.note("both").delete(cut, len("[[Z]]"))
        meet(one, two)
        for vault in (one, two):
            assert led(vault, "both") == {loser}
            assert vault.check() == []
        check_against_new_file(one, tmp_path / "new.db")


def test_a_damaged_note_does_not_keep_others_from_being_written(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        two_renamed_apart(one, two)
        path = one.path
    conn = sqlite3.connect(path)
    conn.execute("UPDATE texts SET state = x'00' WHERE note IN (SELECT id FROM notes WHERE name LIKE 'to %')")
    conn.commit()
    conn.close()
    with Vault.open(path) as vault:
        vault.create_note("new", "[[Z]]")
        vault.note("Z").append("more")
        vault.note("Z").remove()
        assert {info.name for info in vault.notes()} >= {"Z", "new"}
