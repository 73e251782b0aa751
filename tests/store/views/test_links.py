from pathlib import Path

import pytest

from crdtnotes import Dangling
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_new_file
from tests.vaults import meet, replicas


def targets(vault: Vault, name: str) -> dict[str, str | None]:
    return {link.target: link.note for link in vault.note(name).links()}


def test_links_backlinks_dangling_orphans_and_tags(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("zh/分布式系统", "见 [[CAP定理|CAP]]\n\n#理论 #cs/dist\n")
        vault.create_note(
            "CAP定理", "[[分布式系统]] 与 [[分布式系统#一致性]]，![[图]] #理论\n\n又 [[分布式系统]]\n"
        )
        vault.create_note("alone", "[[nowhere]] [[alone]] #Theory #theory")
        links = vault.note("CAP定理").links()
        assert [(link.target, link.note, link.kind, link.count) for link in links] == [
            ("图", None, "embed", 1),
            ("分布式系统", "zh/分布式系统", "link", 3),
        ]
        assert [(b.note, b.line, b.context, b.kind) for b in vault.note("分布式系统").backlinks()] == [
            ("CAP定理", 1, "[[分布式系统]] 与 [[分布式系统#一致性]]，![[图]] #理论", "link"),
            ("CAP定理", 3, "又 [[分布式系统]]", "link"),
        ]
        assert vault.dangling() == [Dangling("nowhere", ("alone",)), Dangling("图", ("CAP定理",))]
        assert [info.name for info in vault.orphans()] == ["alone"]
        assert vault.tags() == [("cs/dist", 1), ("Theory", 1), ("理论", 2)]
        [info] = [info for info in vault.notes() if info.name == "CAP定理"]
        assert (info.links, info.backlinks) == (2, 1)


def test_a_link_is_resolved_again_when_its_target_appears_moves_or_goes(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("f/h", "[[T]] [[alias]] [[g/T]]")
        assert set(targets(one, "f/h").values()) == {None}
        two.create_note("T", "x")
        meet(one, two)
        assert targets(one, "f/h") == {"T": "T", "alias": None, "g/T": None}
        two.create_note("f/T", "---\naliases: [alias]\n---\n")
        meet(one, two)
        assert targets(one, "f/h") == {"T": "T", "alias": "f/T", "g/T": None}, "the exact name comes first"
        two.note("T").rename("g/T")
        meet(one, two)
        assert one.note("f/h").text == "[[g/T]] [[alias]] [[g/T]]"
        assert targets(one, "f/h") == {"alias": "f/T", "g/T": "g/T"}
        two.note("g/T").remove()
        two.note("f/T").write("no alias any more")
        meet(one, two)
        assert targets(one, "f/h") == {"alias": None, "g/T": None}
        one.note("f/h").rename("g/h")
        two.create_note("g/g/T")
        meet(one, two)
        assert targets(two, "g/h") == {"alias": None, "g/T": "g/g/T"}
        check_against_new_file(two, tmp_path / "new.db")


def test_the_links_of_a_moved_note_are_resolved_again(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("a/T")
        vault.create_note("b/T")
        note = vault.create_note("a/h", "[[T]] [x](./T.md)")
        assert targets(vault, "a/h") == {"T": "a/T", "./T": "a/T"}
        with vault.transaction():  # without the rewriting of its links
            vault._writer.rename(bytes.fromhex(note.id), "b/h")
        assert targets(vault, "b/h") == {"T": "b/T", "./T": "b/T"}
        with vault.transaction():
            vault._writer.rename(bytes.fromhex(note.id), "h")
        assert targets(vault, "h") == {"T": "a/T", "./T": None}


@pytest.mark.parametrize(
    ("edit", "left"),
    [
        (lambda note: note.write("[[x]]"), {("link", "x")}),
        (lambda note: note.write("`[[a]]` \\[[b]]"), set()),
        (lambda note: note.delete(0, 5), {("link", "b"), ("link", "a"), ("tag", "t")}),
        (lambda note: note.insert(0, "```\n"), set()),
        (lambda note: note.write(""), set()),
        (lambda note: note.append("![[a]]"), {("link", "a"), ("link", "b"), ("tag", "t"), ("embed", "a")}),
    ],
)
def test_the_links_follow_the_text(tmp_path: Path, edit: object, left: set[tuple[str, str]]) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note("h", "[[a]] [[b]] [[a]] #t")
        edit(note)  # type: ignore[operator]
        links = {(link.kind, link.target) for link in note.links()}
        assert links | {("tag", tag) for tag, _ in vault.tags()} == left
        check_against_new_file(vault, tmp_path / "new.db")


def test_a_link_added_here_and_removed_there_stays(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("h", "[[a]] middle ")
        meet(one, two)
        one.note("h").write(" middle ")
        two.note("h").append("[[a]]")
        meet(one, two)
        assert one.note("h").text == " middle \n[[a]]\n"
        assert targets(one, "h") == {"a": None}


def test_merging_writes_nothing(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("h", "[[a]]")
        meet(one, two)
        one.note("h").insert(0, "`")
        two.note("h").insert(5, "`")
        version = {one.actor: 2, two.actor: 1}
        meet(one, two)
        assert one.note("h").text == "`[[a]]`"
        assert one.version == two.version == version


def test_the_graph(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("f/A", "[[B]] [[f/B]] ![[B]] [[None]] [[none]] #x #y")
        vault.create_note("f/B", "[[A]] [[A]]")
        vault.create_note("C")
        graph = vault.graph()
        assert {node: graph.nodes[node] for node in graph} == {
            "C": {"title": "C", "exists": True, "tags": []},
            "f/A": {"title": "A", "exists": True, "tags": ["x", "y"]},
            "f/B": {"title": "B", "exists": True, "tags": []},
            "None": {"title": "None", "exists": False, "tags": []},
        }
        assert sorted((a, b, kind, data) for a, b, kind, data in graph.edges(keys=True, data=True)) == [
            ("f/A", "None", "link", {"kind": "link", "count": 2}),
            ("f/A", "f/B", "embed", {"kind": "embed", "count": 1}),
            ("f/A", "f/B", "link", {"kind": "link", "count": 2}),
            ("f/B", "f/A", "link", {"kind": "link", "count": 2}),
        ]


def test_a_deleted_note_has_no_links_and_no_backlinks(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A", "[[B]] #t")
        vault.create_note("B", "[[A]]")
        vault.note("A").remove()
        assert vault.note("B").backlinks() == []
        assert vault.tags() == []
        assert vault.dangling() == [Dangling("A", ("B",))]
        assert list(vault.graph().edges()) == [("B", "A")]


def test_link_targets_are_resolved_again_after_another_process_has_written(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault, Vault.open(tmp_path / "v.db") as beside:
        vault.create_note("a", "[[目标]] [[x/n]] [[m]]")
        beside.create_note("zh/目标", "")
        beside.create_note("y/x/n", "")
        beside.create_note("k", "---\naliases: [m]\n---\n")
        vault.create_note("b", "[[目标]] [[x/n]] [[m]] [[c]]")
        found = {"目标": "zh/目标", "x/n": "y/x/n", "m": "k"}
        assert targets(vault, "a") == found
        assert targets(vault, "b") == found | {"c": None}
        beside.note("zh/目标").rename("别处")
        beside.note("y/x/n").remove()
        vault.create_note("c", "[[目标]] [[x/n]] [[m]]")
        assert targets(vault, "c") == {"目标": "别处", "x/n": None, "m": "k"}
        assert vault.check() == []
        check_against_new_file(vault, tmp_path / "new.db")


def test_a_link_that_several_notes_match_leads_to_the_nearest(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("a/h", "[[n]]")
        vault.create_note("b/h", "[[n]]")
        vault.create_note("a/n", "")
        assert targets(vault, "a/h") == targets(vault, "b/h") == {"n": "a/n"}
        with vault.transaction():
            vault.create_note("b/n", keeps_links=False)
            vault.create_note("b/i", "[[n]]")
            vault.create_note("c/h", "[[n]] [[b/n]]")
        assert targets(vault, "a/h") == {"n": "a/n"}
        assert targets(vault, "b/h") == targets(vault, "b/i") == {"n": "b/n"}
        assert targets(vault, "c/h") == {"n": "a/n", "b/n": "b/n"}
        with vault.transaction():
            vault._writer.rename(bytes.fromhex(vault.note("b/h").id), "a/b/h")
        assert targets(vault, "a/b/h") == {"n": "a/n"}
        vault.create_note("n", keeps_links=False)
        assert targets(vault, "b/i") == targets(vault, "a/h") == {"n": "n"}
        vault.note("n").remove()
        assert targets(vault, "b/i") == {"n": "b/n"}
        assert vault.check() == []
        check_against_new_file(vault, tmp_path / "new.db")
