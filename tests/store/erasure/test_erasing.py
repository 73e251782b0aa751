"""Erased text is gone from every device that hears of it, and all else stays."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from crdtnotes.changes.batch import batches
from crdtnotes.changes.change import Change, chain
from crdtnotes.changes.codec import encode
from crdtnotes.changes.erasing import ERASED_NAME, FILLER, erase
from crdtnotes.changes.wire_ops import KNOWN_KINDS
from crdtnotes.crdt.ops import Create, Patch, Unknown
from crdtnotes.crdt.tags import Tags
from crdtnotes.editing.session import Grouped
from crdtnotes.errors import InvalidChange, NeedsUpdate, NotPaired, NotSigned
from crdtnotes.repair import repair
from crdtnotes.store.replica import Replica
from crdtnotes.trust.records import Erase, decode_record, sign_record
from crdtnotes.vault import Vault
from tests.store.erasure.devices import circle, traces
from tests.sync.circles import agree, meet
from tests.sync.wire import Wire, settle
from tests.vaults import batch, created, fast, replicas

SECRET = "hunter2-Geheim"


def erasures(vault: Vault) -> list[Erase]:
    bodies = [decode_record(data).body for data in vault.replica.devices.records()]
    return [body for body in bodies if isinstance(body, Erase)]


@pytest.mark.parametrize("packed", [False, True])
def test_a_text_goes_from_every_device_that_hears_of_it(tmp_path: Path, packed: bool) -> None:
    with circle(tmp_path, "a", "b") as (members, [a, b]):
        a.create_note("Servers", f"hello\nthe password is {SECRET} ok\n")
        a.create_note("Other", "not touched")
        meet(a, b)
        b.note("Servers").append("by b")
        a.note("Servers").insert(3, f"xx {SECRET} yy")
        for number in range(400):
            a.note("Servers").append(f"line {number}")
        meet(a, b)
        heads = a.replica.heads()
        if packed:
            a.compact()
            b.compact()
        assert a.note("Servers").erase(SECRET) == 2
        assert traces(a, SECRET) == []
        assert traces(b, SECRET) != []
        meet(a, b)
        newcomer = fast(members.device("c", b))
        agree(a, b, newcomer)
        for vault in (a, b, newcomer):
            assert traces(vault, SECRET) == []
            text = vault.note("Servers").text
            assert text.startswith("helxx  yylo\nthe password is  ok\n")
            assert "by b\n" in text
            assert vault.note("Other").text == "not touched"
            assert {actor: vault.replica.log.hash_at(actor, seq) for actor, (seq, _) in heads.items()} == {
                actor: tip for actor, (_, tip) in heads.items()
            }
        assert len(erasures(newcomer)) == 1
        assert [event.by for event in b.replica.devices.log() if event.kind == "erased text"] == [
            a.replica.signer.identity.id
        ]


def test_edits_inside_an_erased_text_that_were_made_elsewhere_stay(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b", "c") as (_, [a, b, c]):
        a.create_note("N", f"before {SECRET} after")
        meet(a, b, c)
        c.note("N").insert(9, "INSIDE")
        c.note("N").append("at the end")
        assert a.note("N").erase(SECRET) == 1
        meet(a, b)
        assert traces(b, SECRET) == []
        agree(a, b, c)
        for vault in (a, b, c):
            assert vault.note("N").text == "before INSIDE after\nat the end\n"
            assert traces(vault, SECRET) == []


def test_a_whole_note_goes_with_its_name_and_history(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (_, [a, b]):
        note = a.create_note(
            f"about {SECRET}", f"---\npassword: {SECRET}\n---\n# T\n\n[[{SECRET}]] #x{SECRET}\n"
        )
        note.write(note.text.replace("# T", "# Other"))
        note.rename(f"now {SECRET}")
        meet(a, b)
        b.note(f"now {SECRET}").append(f"again {SECRET}")
        meet(a, b)
        a.note(f"now {SECRET}").erase()
        agree(a, b)
        for vault in (a, b):
            assert traces(vault, SECRET) == []
            assert traces(vault, "Other") == []
            assert list(vault.notes()) == []
            assert [note.id for note in vault.deleted(ERASED_NAME)] == [note.id]


def test_a_deleted_note_can_be_erased(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (_, [a, b]):
        a.create_note("N", SECRET)
        meet(a, b)
        b.note("N").remove()
        meet(a, b)
        [note] = a.deleted("N")
        assert note.erase(SECRET) == 1
        agree(a, b)
        assert traces(a, SECRET) == traces(b, SECRET) == []
        assert list(a.notes()) == []


def test_text_that_was_typed_in_pieces_or_changed_is_found(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (_, [a, b]):
        note = a.create_note("N", "x\n")
        for index, letter in enumerate("pass-wXord"):
            note.insert(2 + index, letter)
        note.delete(8, 1)
        assert note.text == "x\npass-word"
        note.delete(2, 9)
        meet(a, b)
        assert a.note("N").erase("pass-word") == 9
        agree(a, b)
        history = "".join(encode(change).decode("latin-1") for change, _ in b.replica.log.opened({}))
        assert "X" in history
        assert not any(
            letter in str(getattr(op, "text", ""))
            for change, _ in b.replica.log.opened({})
            for op in change.ops
            for letter in "paswrd"
        )


def test_values_and_edits_alike_are_erased(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (_, [a, b]):
        a.create_note("N", "---\nkey: old\n---\none\ntwo\n")
        meet(a, b)
        for vault in (a, b):
            text = vault.note("N").text
            vault.note("N").write(text.replace("old", SECRET).replace("one\n", f"one\nsame {SECRET}\n"))
        meet(a, b)
        assert a.note("N").text.count(SECRET) == 2
        assert a.note("N").erase(SECRET) >= 2
        agree(a, b)
        assert traces(a, SECRET) == traces(b, SECRET) == []
        assert "same \n" in b.note("N").text
        b.note("N").write(b.note("N").text.replace("key: ", "key: new"))
        agree(a, b)


@pytest.mark.parametrize(
    ("text", "value"),
    [("- [ ] task\n", "x"), ("---\npassword: old\n---\n", SECRET), ("a\nb\n", f"{SECRET}\n")],
)
def test_what_was_erased_can_be_written_again(tmp_path: Path, text: str, value: str) -> None:
    at = {"-": 3, "a": 2}.get(text[0], text.find("old"))
    end = text.index("]") if text[:3] == "- [" else at + len("old") if "old" in text else at
    written = text[:at] + value + text[end:]
    with circle(tmp_path, "a", "b") as (_, [a, b]):
        a.create_note("N", text)
        meet(a, b)
        for _ in range(3):
            a.note("N").write(written)
            assert a.note("N").text == written
            meet(a, b)
            b.note("N").erase(value)
            meet(a, b)
            a.note("N").write(text)
            assert a.note("N").text == text
            meet(a, b)
        a.note("N").write(written)
        meet(a, b)
        assert a.note("N").text == b.note("N").text == written
        assert a.check() == b.check() == []


def test_what_another_device_had_written_alike_is_erased_when_it_arrives(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b", "c") as (members, [a, b, c]):
        for vault in (a, c):
            vault.create_note("N", f"the same {SECRET}\n")
        meet(a, b)
        a.note("N").erase(SECRET)
        meet(a, b)
        agree(a, b, c)
        newcomer = fast(members.device("d", c))
        agree(a, b, c, newcomer)
        for vault in (a, b, c, newcomer):
            assert traces(vault, SECRET) == []
            assert vault.note("N").text == "the same \n"


def test_changes_as_they_were_written_are_erased_when_they_arrive_after_the_record(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b", "c") as (_, [a, b, c]):
        note = a.create_note("N", f"one {SECRET} two")
        for number in range(300):
            note.append(f"{number} {SECRET if number % 100 == 0 else ''}")
        meet(a, b)
        b.compact()  # so that they arrive in a block
        before = list(b.replica.changes_since({}))
        a.note("N").erase(SECRET)
        c.replica.devices.take_records(a.replica.devices.records())
        c.replica.receive(before)
        assert traces(c, SECRET) == []
        assert c.check() == []
        agree(a, b, c)
        assert c.note("N").text.startswith("one  two\n0 \n1 \n")


def test_a_copied_device_with_erased_changes_is_left_to_people(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (members, [a, b]):
        a.create_note("N", "begin")
        meet(a, b)
        twin = fast(members.clone(a, "twin"))
        for vault in (a, twin):
            vault.note("N").append(f"{SECRET} by {vault.path.stem}")
            vault.note("N").erase(SECRET)
        for vault in (a, twin):
            assert traces(vault, SECRET) == []
        meet(a, b)
        meet(twin, b)
        for vault in (a, twin, b):
            assert vault.check() == []
            assert traces(vault, SECRET) == []


def test_two_devices_erase_different_parts_of_one_edit_at_once(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b", "c") as (members, [a, b, c]):
        a.create_note("N", f"one {SECRET} two other-secret three")
        meet(a, b, c)
        a.note("N").erase(f"{SECRET} two")
        b.note("N").erase("two other-secret")
        agree(a, b, c)
        newcomer = fast(members.device("d", c))
        agree(a, b, c, newcomer)
        for vault in (a, b, c, newcomer):
            assert vault.note("N").text == "one  three"
            assert traces(vault, SECRET) == traces(vault, "other-secret") == []


def test_erasing_twice_changes_nothing_more(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (_, [a, b]):
        a.create_note("N", f"{SECRET} {SECRET}")
        assert a.note("N").erase(SECRET) == 1
        assert a.note("N").erase(SECRET) == 0
        assert a.note("N").erase("") == 0
        agree(a, b)
        assert b.note("N").erase(SECRET) == 0
        assert len(erasures(a)) == 1


def test_an_erased_replica_is_repaired(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (members, [a, b]):
        a.create_note("N", f"one {SECRET} two")
        a.note("N").append("more")
        a.note("N").erase(SECRET)
        agree(a, b)
        digest, path = b.digest, b.path
        identity = b.replica.signer.identity
        members.vaults.remove(b)
        b.close()
        repair(path)
        with Vault.open(path, identity=identity) as repaired:
            assert repaired.check() == []
            assert repaired.digest == digest
            settle(Wire(a.replica, repaired.replica))
            assert traces(repaired, SECRET) == []


def test_an_open_editor_goes_on_without_the_text(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (_, [a, b]):
        a.create_note("N", f"one {SECRET} two")
        meet(a, b)
        session = b.note("N").open()
        session.commit([Grouped(Patch(0, 0, "zero "), 1)])
        a.note("N").erase(SECRET)
        meet(a, b)
        session.refresh()
        assert session.text == "zero one  two"
        session.undo()
        assert SECRET not in session.text
        session.commit([Grouped(Patch(0, 0, "on "), 2)])
        agree(a, b)
        assert traces(b, SECRET) == []


def test_the_file_is_scrubbed_when_it_is_next_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a kill between the commit and the rebuilding of the file."""
    with circle(tmp_path, "a", "b") as (members, [a, _]):
        a.create_note("N", f"one {SECRET} two")
        monkeypatch.setattr(Replica, "scrub_if_possible", lambda self: None)
        a.note("N").erase(SECRET)
        identity, path = a.replica.signer.identity, a.path
        members.vaults.remove(a)
        a.close()
        with sqlite3.connect(path) as conn:
            assert conn.execute("SELECT value FROM meta WHERE key = 'scrub'").fetchall() == [(1,)]
        conn.close()
        monkeypatch.undo()
        with Vault.open(path, identity=identity) as again:
            assert traces(again, SECRET) == []
            assert again.replica.conn.execute("SELECT value FROM meta WHERE key = 'scrub'").fetchall() == []


def test_a_vault_that_was_never_paired_becomes_a_new_one(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [vault]:
        vault.create_note("N", f"one {SECRET} two [[Other]]")
        vault.create_note("Other", "more")
        vault.note("N").append("three")
        before = vault.id
        assert vault.note("N").erase(SECRET) == 1
        assert vault.id != before
        assert vault.note("N").text == "one  two [[Other]]\nthree\n"
        assert [link.target for link in vault.note("N").links()] == ["Other"]
        assert vault.check() == []
        assert traces(vault, SECRET) == []
        vault.note("N").append("four")
        vault.note("N").erase()
        assert [info.name for info in vault.notes()] == ["Other"]
        assert vault.check() == []


# -- hostile


def _first_of_secret(birth: Change) -> Tags:
    """The id of the first character of SECRET in a birth with the text "one SECRET two"."""
    [op] = birth.ops
    assert isinstance(op, Create)
    ids = Tags()
    ids.add(op.birth, 5, 6)
    return ids


def _place(vault: Vault, note: bytes) -> tuple[bytes, bytes]:
    """The hash of the stream before the birth of a note, and after it."""
    for change, _ in vault.replica.log.opened({}):
        if change.note == note:
            log = vault.replica.log
            return (
                log.hash_at(change.actor, change.seq - 1) or b"",
                log.hash_at(change.actor, change.seq) or b"",
            )
    raise AssertionError


def _record(vault: Vault, note: bytes, form: bytes, original: bytes, ids: Tags) -> bytes:
    identity = vault.replica.signer.identity
    spans = tuple((actor.to_bytes(16, "big"), first, length) for actor, first, length in ids.runs())
    body = Erase(vault.replica.vault_id, identity.id, 1, 0, note, spans, ((form, original),))
    return sign_record(body, identity).data


def test_a_record_that_changes_more_than_it_erases_is_refused(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (_, [a, b]):
        note = bytes.fromhex(a.create_note("N", f"one {SECRET} two").id)
        meet(a, b)
        [birth] = [change for change, _ in b.replica.log.opened({}) if change.note == note]
        ids = _first_of_secret(birth)
        before, original = _place(b, note)
        erased = erase(birth, ids, named=True, original=original)
        other = replace(erased, time=5)
        digest = a.digest
        with pytest.raises(InvalidChange, match="names another change"):
            a.replica.devices.take_records([_record(b, note, chain(before, encode(other)), original, ids)])
        assert a.digest == digest
        assert erasures(a) == []
        assert a.check() == []
        a.replica.devices.take_records([_record(b, note, chain(before, encode(erased)), original, ids)])
        assert a.note("N").text == f"one {FILLER}{SECRET[1:]} two"
        assert a.check() == []


def test_an_erased_change_that_no_record_names_is_refused(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (_, [a, b]):
        note = bytes.fromhex(a.create_note("N", f"one {SECRET} two").id)
        [birth] = [change for change, _ in a.replica.log.opened({}) if change.note == note]
        ids = _first_of_secret(birth)
        form = encode(erase(birth, ids, named=True))
        groups = list(a.replica.changes_since({}))
        heads = [item for item in groups if not isinstance(item, bytes)]
        with pytest.raises(InvalidChange, match="was not erased"):
            b.replica.receive([*batches([form]), *heads])
        assert b.replica.heads() == {}


def test_a_record_cannot_make_another_change_pass(tmp_path: Path) -> None:
    """A change that its author wrote has its own hash, whatever a record says about that hash."""
    with circle(tmp_path, "a", "b", "c") as (_, [a, b, c]):
        note = bytes.fromhex(a.create_note("N", f"one {SECRET} two").id)
        _, original = _place(a, note)
        ids = Tags()
        ids.add(2**127 + 5, 5, 6)
        # C says, before B has the change, that its hash leads to another.
        b.replica.devices.take_records([_record(c, note, original, bytes(16), ids)])
        agree(a, b, c)
        assert b.note("N").text == f"one {SECRET} two"


def test_a_record_cannot_lead_an_erased_change_elsewhere(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (members, [a, b]):
        note = a.create_note("N", f"one {SECRET} two")
        a.note("N").erase(SECRET)
        meet(a, b)
        [erasure] = erasures(b)
        ids = Tags()
        ids.add(2**127 + 5, 5, 6)
        for number in range(8):  # whichever of the records comes first
            other = bytes([number]) * 16
            record = _record(b, bytes.fromhex(note.id), erasure.places[0][0], other, ids)
            b.replica.devices.take_records([record])
        newcomer = fast(members.device("c", b))
        agree(b, newcomer, a)
        assert newcomer.note("N").text == "one  two"


def test_what_is_written_later_cannot_be_erased_before(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (_, [a, b]):
        note = a.create_note("N", "x")
        meet(a, b)
        ids = Tags()
        ids.add(a.replica.actor, 1, 2**40)
        record = _record_plain(b, bytes.fromhex(note.id), ids)
        a.replica.devices.take_records([record])
        note.append("written later")
        agree(a, b)
        assert b.note("N").text == "x\nwritten later\n"


def _record_plain(vault: Vault, note: bytes, ids: Tags) -> bytes:
    identity = vault.replica.signer.identity
    body = Erase(
        vault.replica.vault_id, identity.id, 1, 0, note, tuple(ids.runs()), ((bytes(16), bytes(16)),)
    )
    return sign_record(body, identity).data


def test_a_device_that_does_not_belong_to_the_vault_erases_nothing(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b", "c") as (_, [a, b, c]):
        a.create_note("N", f"one {SECRET} two")
        agree(a, b, c)
        a.replica.devices.revoke(c.replica.signer.identity.id)
        meet(a, b)
        c.replica.devices.take_records(a.replica.devices.records())
        with pytest.raises((NotPaired, NotSigned)):
            c.note("N").erase(SECRET)
        assert c.note("N").text == f"one {SECRET} two"


def test_a_note_with_newer_operations_is_not_erased(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [vault]:
        raw = msgspec.msgpack.encode([KNOWN_KINDS + 1, 1, SECRET])
        vault.apply(batch(created(vault, Unknown(KNOWN_KINDS + 1, 1, raw))))
        with pytest.raises(NeedsUpdate):
            vault.note("by hand").erase(SECRET)
