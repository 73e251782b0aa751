from pathlib import Path

from crdtnotes.changes.change import Change
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Link, Op, Remove, Rename
from crdtnotes.store.digest import digest
from tests.vaults import batch, created, meet, replicas, send


def test_digests_are_equal_exactly_when_changes_and_notes_are(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        assert one.digest == two.digest
        note = one.create_note("A", "text")
        seen = [two.digest]
        for edit in (
            lambda: note.append("x"),
            lambda: note.append("[[B]]"),
            lambda: note.write(""),
            lambda: note.rename("B"),
            note.remove,
        ):
            edit()
            assert one.digest not in seen
            seen.append(one.digest)
            assert one.digest == seen[-1]
            assert two.digest == seen[-2]
            send(one, two)
            assert two.digest == one.digest
        assert len(set(seen)) == len(seen)


def test_the_same_notes_from_other_changes_have_another_digest(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        for vault in (one, two):
            vault.create_note("A", "text")
        assert one.note("A").id == two.note("A").id
        assert one.digest != two.digest
        meet(one, two)


def test_each_byte_of_a_change_counts(tmp_path: Path) -> None:
    digests = set()
    with replicas(tmp_path, 5) as vaults:
        create = created(vaults[0])
        id = OpId(5, 77)
        several: list[tuple[Op, ...]] = [
            (),
            (Rename(id, "B"),),
            (Link(id, ("tag", "a")),),
            (Link(id, ("tag", "b")),),
            (Remove(((77, 1),)),),
        ]
        for vault, ops in zip(vaults, several, strict=True):
            vault.apply(batch(Change(77, 1, 1, (), 0, create.note, (*create.ops, *ops))))
            digests.add(vault.digest)
    assert len(digests) == 5


def test_the_shown_notes_count_besides_the_changes(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, _]:
        one.create_note("A", "text")
        digests = {one.digest}
        for column in ("name = 'B'", "digest = x'00'", "name = NULL"):
            conn = one.replica.conn
            conn.execute("BEGIN")
            conn.execute(f"UPDATE notes SET {column}")
            digests.add(digest(conn, one.replica.log, {}))
            conn.rollback()
        assert len(digests) == 4
