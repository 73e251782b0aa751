import threading
from itertools import permutations
from pathlib import Path
from random import Random

import pytest

from crdtnotes.changes.batch import batches
from crdtnotes.changes.change import Change
from crdtnotes.changes.codec import decode
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import Insert, Rename
from crdtnotes.errors import (
    Fork,
    InvalidText,
    LocalError,
    MissingChanges,
    NoteExists,
    NoteNotFound,
    RemoteError,
    TooLarge,
)
from crdtnotes.store import ingest as intake_module
from crdtnotes.store import local_state as memory
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_log, check_against_new_file
from tests.vaults import batch, changes, created, last_change, meet, replicas, send, state


class Boom(Exception):
    pass


HAN = [chr(code) for code in range(0x4E00, 0x9000)]
"""Too many different characters to be compressed well."""


def test_a_transaction_is_one_commit(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault, Vault.open(tmp_path / "v.db") as other:
        with vault.transaction():
            vault.create_note("A", "one")
            vault.note("A").insert(3, " two")
            vault.create_note("B", "[[A]]")
            assert vault.note("A").text == "one two"
            assert [link.note for link in vault.note("B").links()] == ["A"]
            assert len(other) == 0
        assert [info.name for info in other.notes()] == ["A", "B"]


def fail_inside(vault: Vault, fail: type[BaseException]) -> None:
    with vault.transaction():
        vault.note("A").insert(0, "gone ")
        vault.note("B").rename("C")
        vault.create_note("D")
        vault.note("A").remove()
        vault.search("gone")
        raise fail


def test_an_exception_undoes_the_transaction_and_work_goes_on(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A", "[[B]] one")
        vault.create_note("B", "two")
        vault.search("one")
        before = state(vault)
        for fail in (Boom, KeyboardInterrupt):
            with pytest.raises(fail):
                fail_inside(vault, fail)
            assert state(vault) == before
            assert [hit.note for hit in vault.search("gone")] == []
            assert [hit.note for hit in vault.search("one")] == ["A"]
            assert vault.check() == []
        vault.note("A").insert(0, "kept ")
        vault.create_note("D")
        check_against_log(vault)
        check_against_new_file(vault, tmp_path / "new.db")


def test_an_error_that_is_caught_inside_leaves_the_rest_intact(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note("A", "one")
        with vault.transaction():
            note.append("two")
            with pytest.raises(NoteExists):
                vault.create_note("a")
            with pytest.raises(InvalidText):
                note.insert(0, "\ud800")
            with pytest.raises(NoteNotFound):
                vault.note("none")
            note.append("three")
        assert note.text == "one\ntwo\nthree\n"
        assert vault.check() == []


def catch_inside(vault: Vault) -> None:
    with vault.transaction():
        vault.note("A").insert(0, "系" * 3_000_000)
        with pytest.raises(TooLarge):
            vault.create_note("B")


def test_an_edit_that_cannot_be_logged_cannot_be_committed_even_if_the_error_is_caught(
    tmp_path: Path,
) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        note = vault.create_note("A", "one")
        before = state(vault)
        with pytest.raises(TooLarge):
            catch_inside(vault)
        assert state(vault) == before
        note.insert(3, "!")
        assert note.text == "one!"
        assert vault.check() == []


def test_a_too_large_note_is_refused_and_the_others_are_created(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        with vault.transaction():
            vault.create_note("A", "one")
            with pytest.raises(TooLarge):
                vault.create_note("B", "系" * 3_000_000)
            vault.create_note("B", "two")
        assert [info.name for info in vault.notes()] == ["A", "B"]
        assert vault.check() == []
        check_against_new_file(vault, tmp_path / "new.db")


def test_edits_of_one_note_in_a_transaction_are_one_change(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        with vault.transaction():
            note = vault.create_note("A", "x" * 50)
            for number in range(20):
                note.insert(number, "系")
            note.delete(0, 5)
        assert sum(vault.version.values()) == 2, "one change creates the note, one contains the edits"
        assert len(note.text) == 65
        check_against_new_file(vault, tmp_path / "new.db")


def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db", "笔记本") as vault:
        vault.create_note("系统", "[[a]] 😀").append("more")
        before, id, device = state(vault), vault.id, vault.device
    with Vault.open(tmp_path / "v.db") as vault:
        assert state(vault) == before
        assert (vault.id, vault.device) == (id, device) == (id, "笔记本")
        vault.note("系统").append("again")
        assert vault.note("系统").text == "[[a]] 😀\nmore\nagain\n"


# -- several connections


def test_another_connection_is_seen_at_once(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as one, Vault.open(tmp_path / "v.db") as two:
        for number in range(5):
            one.create_note(f"one {number}", "[[two 1]]")
            two.create_note(f"two {number}", "[[one 1]]")
            assert len(one) == len(two) == 2 * number + 2
        one.note("two 3").append("from one")
        two.note("one 3").append("from two")
        assert two.note("two 3").text == one.note("two 3").text == "[[one 1]]\nfrom one\n"
        assert one.version == two.version == {one.actor: 12}
        assert one.digest == two.digest
        assert [hit.note for hit in one.search("from")] == ["one 3", "two 3"]
        assert one.check() == two.check() == []


@pytest.mark.parametrize("how", ["read", "edited", "let go"])
def test_positions_refer_to_the_text_last_seen(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crdtnotes.store.views.documents.MAX_OPEN_DOCUMENTS", 1)
    with Vault.create(tmp_path / "v.db") as one:
        one.create_note("A", "Hello word")
    with Vault.open(tmp_path / "v.db") as one, Vault.open(tmp_path / "v.db") as two:
        note = one.note("A")
        assert note.text == "Hello word"
        if how != "read":
            note.insert(10, "!")
            assert note.text == "Hello word!"
        if how == "let go":
            one.create_note("B")
        two.note("A").insert(0, "Oh. ")
        note.insert(9, "l")
        assert note.text.startswith("Oh. Hello world")
        two.note("A").insert(0, "1")
        note.delete(0, 1)
        assert note.text.startswith("1h. Hello")
        assert one.check() == []


def test_a_note_that_another_connection_deleted_is_gone(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as one, Vault.open(tmp_path / "v.db") as two:
        note = one.create_note("A", "text")
        two.note("A").remove()
        for use in (lambda: note.insert(0, "x"), lambda: note.text, note.remove, lambda: note.rename("B")):
            with pytest.raises(NoteNotFound):
                use()
        assert list(one.notes()) == []


def test_threads_with_one_vault_each_lose_nothing(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "v.db") as vault:
        vault.create_note("A")
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with Vault.open(tmp_path / "v.db") as mine:
                for line in range(15):
                    mine.note("A").append(f"{number} {line}")
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Vault.open(tmp_path / "v.db") as vault:
        assert sorted(vault.note("A").text.split("\n")[:-1]) == sorted(
            f"{number} {line}" for number in range(3) for line in range(15)
        )
        assert vault.check() == []


# -- receiving


def test_any_order_of_batches_and_any_number_of_them(tmp_path: Path) -> None:
    with replicas(tmp_path, 2) as [one, two]:
        one.create_note("A", "[[B]]")
        one.note("A").append("more")
        send(one, two)
        two.note("A").append("theirs")
        two.create_note("B")
        send(two, one)
        one.note("B").rename("C")
        everything = changes(one)
        assert len(everything) == 6  # the rename rewrote a link
        for number, order in enumerate(list(permutations(everything))[::37]):
            with Vault.create(tmp_path / f"p{number}.db", vault=one.id) as other:
                for data in (*order, *order[:3]):
                    other.apply(batch(data))
                assert other.digest == one.digest
                result = other.apply(batch(*order))
                assert (result.changes, result.known, result.waiting) == (0, 6, 0)


def test_the_summary_counts(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A").append("x")
        first, second = changes(one)
        late = two.apply(batch(second))
        assert (late.changes, late.known, late.waiting) == (0, 0, 1)
        now = two.apply(batch(first, first))
        assert (now.changes, now.known, now.waiting) == (2, 1, 0)
        assert now.version == {int(one.actor, 16): 2}


def test_changes_since_yields_the_missing_changes(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        for number in range(10):
            one.create_note(f"N{number}")
        assert len(changes(one, {one.actor: 7})) == 3
        assert changes(one, one.version) == []
        assert list(two.changes_since({})) == []
        held = one.changes_since({})
        one.create_note("later")
        assert sum(len(decoded.ops) for decoded in map(decode, changes(one))) == 11
        for data in held:
            two.apply(data)
        assert two.version == {one.actor: 10}


def test_a_concurrent_edit_and_delete_restore_the_whole_note(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", "text [[B]]")
        one.create_note("B")
        meet(one, two)
        one.note("A").remove()
        assert "A" not in one
        two.note("A").append("more")
        meet(one, two)
        assert one.note("A").text == "text [[B]]\nmore\n"
        assert [back.note for back in one.note("B").backlinks()] == ["A"]
        two.note("A").remove()
        meet(one, two)
        assert "A" not in one
        assert one.note("B").backlinks() == []
        for vault in (one, two):
            check_against_new_file(vault, tmp_path / f"new{vault.device}.db")


def test_a_name_can_be_used_again_after_its_note_was_deleted(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        ids = set()
        for text in ("first", "first", "second"):
            note = one.create_note("A", text)
            ids.add(note.id)
            meet(one, two)
            assert two.note("A").text == text
            note.remove()
        assert len(ids) == 3
        meet(one, two)
        assert list(two.notes()) == []


def test_the_same_pages_created_independently_are_one_page(tmp_path: Path) -> None:
    with replicas(tmp_path, 3) as vaults:
        for vault in vaults:
            vault.create_note("系统", "# 系统\n\n[[a]] [[a]] #t\n")
            vault.create_note("mine", f"by {vault.device}\n")
        vaults[1].note("系统").append("[[b]]")
        vaults[2].note("系统").write("# 系统\n\nno links\n")
        meet(*vaults)
        note = vaults[0].note("系统")
        assert note.text == "# 系统\n\nno links\n[[b]]\n"
        assert [link.target for link in note.links()] == ["b"]
        assert vaults[0].tags() == []
        assert sorted(vaults[0].note("mine").text.split("\n")) == ["", "by d0", "by d1", "by d2"]
        assert len(vaults[0]) == 2


def test_a_restored_copy_receives_its_own_later_changes_and_starts_a_new_stream(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", "text")
        (tmp_path / "copy.db").write_bytes(one.path.read_bytes())
        remembered = memory.recall(one.path)
        assert remembered is not None
        memory.remember(tmp_path / "copy.db", remembered)  # as if the whole disk was restored
        one.note("A").append("after the copy")
        send(one, two)
        with Vault.open(tmp_path / "copy.db") as copy:
            assert copy.actor == one.actor
            send(two, copy)
            assert copy.actor != one.actor
            assert copy.note("A").text == "text\nafter the copy\n"
            copy.note("A").append("from the copy")
            one.note("A").append("from the first")
            meet(one, two, copy)
            assert copy.check() == []
        with Vault.open(tmp_path / "copy.db") as copy:
            assert copy.actor != one.actor


# -- what is refused


def refused(vault: Vault, data: bytes, error: type[RemoteError]) -> None:
    """The batch is refused, and the replica is unchanged in memory and on disk."""
    before = state(vault)
    for _ in range(2):
        with pytest.raises(error):
            vault.replica.receive([data])
        assert state(vault) == before
    with Vault.open(vault.path) as again:
        assert state(again) == before
    assert vault.check() == []


def test_a_fork_is_refused(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        two.create_note("A", "text")
        mine = created(one)
        two.apply(batch(mine))
        other = created(one, text="else")
        refused(two, batch(other), Fork)
        two.apply(batch(mine))
        follow = Change(77, 2, mine.last + 1, (), 0, mine.note, (Rename(OpId(mine.last + 1, 77), "B"),))
        two.apply(batch(follow))
        refused(two, batch(other), Fork)


def test_a_gap_and_a_missing_dependency_are_refused_or_wait(tmp_path: Path) -> None:
    with replicas(tmp_path, 3) as [one, two, three]:
        one.create_note("A", "text")
        one.note("A").append("more")
        send(one, two)
        two.note("A").append("answer")
        first, second = changes(one)
        refused(three, batch(second), MissingChanges)
        refused(three, batch(changes(two)[-1]), MissingChanges)
        refused(three, batch(first, changes(two)[-1]), MissingChanges)
        for data in (changes(two)[-1], second):
            assert three.apply(batch(data)).changes == 0
            assert three.version == {}
        assert three.apply(batch(first)).changes == 3
        assert three.digest == two.digest


def test_changes_that_came_with_an_invalid_one_do_not_even_wait(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", "text").append("more")
        first, second = changes(one)
        lying = Change(77, 1, 9, (), 0, bytes(16), (Rename(OpId(9, 77), "x"),))
        with pytest.raises(RemoteError):
            two.apply(batch(second, lying))
        assert two.apply(batch(first)).changes == 1


def test_waiting_changes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "MAX_WAITING", 2000)
    with replicas(tmp_path) as [one, two]:
        note = one.create_note("A")
        for _ in range(100):
            note.append("x" * 50)
        first, *rest = changes(one)
        for data in rest:
            result = two.apply(batch(data))
        assert 10 < result.waiting < 30
        assert two.replica.ingest.waiting_bytes <= 2000
        # The changes that come first in causal order stay.
        assert two.apply(batch(first)).changes == result.waiting + 1
        assert two.version == {one.actor: result.waiting + 1}
        send(one, two)
        assert two.digest == one.digest


def test_an_invalid_change_that_waited_is_dropped_alone(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", "text").append("more")
        first, second = changes(one)
        head = decode(second)
        lies = [
            Change(actor, 1, 999, ((head.actor, 2),), 0, head.note, (Rename(OpId(999, actor), "lie"),))
            for actor in (77, 78)
        ]
        for lie in lies:
            assert two.apply(batch(lie)).waiting > 0
        two.apply(batch(second))
        assert two.apply(batch(first)).waiting == 0
        assert two.digest == one.digest
        assert two.check() == []


def test_nothing_is_received_inside_a_transaction(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A")
        two.create_note("B")
        with two.transaction():
            two.note("B").append("mine")
            with pytest.raises(LocalError):
                two.apply(batch(*changes(one)))
            two.note("B").append("more")
        assert two.note("B").text == "mine\nmore\n"
        meet(one, two)


def test_a_large_history_comes_in_several_batches(tmp_path: Path) -> None:
    random = Random(1)
    with replicas(tmp_path) as [one, two]:
        with one.transaction():
            for number in range(40):
                one.create_note(f"N{number}", "".join(random.choices(HAN, k=20000)))
        pieces = list(one.changes_since({}))
        assert len(pieces) > 2
        random.shuffle(pieces)
        for piece in pieces:
            two.apply(piece)
        assert two.digest == one.digest


def test_a_batch_may_contain_an_insert_at_the_beginning_by_a_stranger(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one]:
        one.apply(batch(created(one, Insert(OpId(5, 77), ROOT, "more "))))
        assert one.note("by hand").text == "more text"
        assert last_change(one).last == 9
        one.note("by hand").append("mine")
        assert last_change(one).start == 10
        assert len(list(batches(changes(one)))) == 1
