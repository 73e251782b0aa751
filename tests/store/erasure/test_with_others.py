"""Erasing together with roles, locked keys, several births, review, and changes that move."""

from pathlib import Path

import pytest

from crdtnotes.changes.change import note_id
from crdtnotes.changes.derived import birth_actor
from crdtnotes.changes.erasing import FILLER
from crdtnotes.errors import Fork, KeysLocked, NotPermitted
from crdtnotes.review.look import edits
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.records import Erase, decode_record, sign_record
from crdtnotes.trust.roles import Role
from crdtnotes.vault import Vault
from tests.store.erasure.devices import circle, traces
from tests.sync.circles import agree, meet
from tests.sync.test_resigning import isolated
from tests.vaults import fast

SECRET = "hunter2-Geheim"


def erasures(vault: Vault) -> list[Erase]:
    bodies = [decode_record(data).body for data in vault.replica.devices.records()]
    return [body for body in bodies if isinstance(body, Erase)]


def set_role(by: Vault, of: Vault, role: Role) -> None:
    by.replica.devices.set_role(of.replica.signer.identity.id, role)


# -- roles


def test_a_writer_can_erase_and_a_reader_follows(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b", "c") as (_, [a, b, c]):
        a.create_note("N", f"one {SECRET} two")
        agree(a, b, c)
        set_role(a, b, Role.WRITER)
        set_role(a, c, Role.READER)
        agree(a, b, c)
        assert b.note("N").erase(SECRET) == 1
        agree(a, b, c)
        for vault in (a, b, c):
            assert traces(vault, SECRET) == []
            assert vault.note("N").text == "one  two"
        assert [event.kind for event in c.replica.devices.log()][-1] == "erased text"


@pytest.mark.parametrize("deleted", [False, True])
def test_a_reader_cannot_erase(tmp_path: Path, deleted: bool) -> None:
    with circle(tmp_path, "a", "b") as (_, [a, b]):
        note = a.create_note("N", f"one {SECRET} two")
        if deleted:
            note.remove()
        set_role(a, b, Role.READER)
        agree(a, b)
        digest = b.digest
        with pytest.raises(NotPermitted, match="may only read"):
            b.note_by_id(note.id).erase(SECRET)
        assert (b.digest, erasures(b)) == (digest, [])
        assert b.check() == []


def test_an_erasure_by_a_reader_is_kept_nowhere(tmp_path: Path) -> None:
    """Its program ignores its role, and it was never anything else."""
    with circle(tmp_path, "a") as (members, [a]):
        a.create_note("N", f"one {SECRET} two")
        b = fast(members.device("b", a, Role.READER))
        agree(a, b)
        identity = b.replica.signer.identity
        [change] = [change for change, _ in b.replica.log.opened({}) if change.note]
        place = (bytes(16), b.replica.log.hash_at(change.actor, change.seq) or b"")
        body = Erase(b.replica.vault_id, identity.id, 1, 0, change.note, ((change.actor, 1, 9),), (place,))
        record = sign_record(body, identity).data
        for vault in (a, b):
            assert vault.replica.devices.take_records([record]) == 0
            assert erasures(vault) == []
            assert vault.note("N").text == f"one {SECRET} two"


@pytest.mark.parametrize("revoked", [False, True])
def test_what_a_device_erased_stays_erased_whatever_happens_to_it(tmp_path: Path, revoked: bool) -> None:
    """Also on a device that hears of its revocation first."""
    with circle(tmp_path, "a", "b", "c") as (members, [a, b, c]):
        a.create_note("N", f"one {SECRET} two")
        agree(a, b, c)
        b.note("N").erase(SECRET)
        meet(b, a)
        if revoked:
            a.replica.devices.revoke(b.replica.signer.identity.id)
        else:
            set_role(a, b, Role.READER)
        newcomer = fast(members.device("d", a))
        agree(a, c, newcomer)
        for vault in (a, c, newcomer):
            assert traces(vault, SECRET) == []
            assert vault.note("N").text == "one  two"


def test_a_reader_leaves_it_to_others_to_name_a_form_that_came_about_there(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b", "c") as (_, [a, b, c]):
        a.create_note("N", f"one {SECRET} two other-secret three")
        set_role(a, c, Role.READER)
        agree(a, b, c)
        a.note("N").erase(f"{SECRET} two")
        b.note("N").erase("two other-secret")
        c.replica.devices.take_records(a.replica.devices.records())
        c.replica.devices.take_records(b.replica.devices.records())
        own = c.replica.signer.identity.id
        assert all(body.by != own for body in erasures(c))
        agree(a, b, c)
        assert c.note("N").text == "one  three"
        assert traces(c, SECRET) == traces(c, "other-secret") == []


# -- locked keys


def test_nothing_is_erased_while_the_keys_are_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with circle(tmp_path, "a", "b") as (members, [a, b]):
        a.create_note("N", f"one {SECRET} two")
        agree(a, b)
        identity, path = a.replica.signer.identity, a.path
        members.vaults.remove(a)
        a.close()

        def locked() -> Identity:
            raise KeysLocked("locked", identity.certificate)

        with Vault.open(path, identity=identity) as vault:
            monkeypatch.setattr(vault.replica.signer, "_make_identity", locked)
            monkeypatch.setattr(vault.replica.signer, "_identity", None)
            digest = vault.digest
            with pytest.raises(KeysLocked):
                vault.note("N").erase(SECRET)
            assert (vault.digest, vault.note("N").text) == (digest, f"one {SECRET} two")
            vault.note("N").append(f"written locked {SECRET}")
            monkeypatch.undo()
            assert vault.note("N").erase(SECRET) == 2
            agree(vault, b)
            assert traces(vault, SECRET) == traces(b, SECRET) == []
            assert b.note("N").text == "one  two\nwritten locked \n"


# -- births


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (f"one {SECRET}", "two"),
        (f"one {SECRET}\n", "two\n"),
        (f"{SECRET}\n", "two"),
        (f"one {SECRET}\n", "two"),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_a_note_with_two_births_keeps_the_newline_between_them(
    tmp_path: Path, one: str, two: str, whole: bool
) -> None:
    """Also where the newline at the end of a birth belongs to the text that is erased."""
    with circle(tmp_path, "a", "b") as (members, [a, b]):
        a.create_note("N", one)
        b.create_note("N", two)
        agree(a, b)
        before = a.note("N").text
        uid = note_id(bytes.fromhex(a.id), "n")
        assert set(a.replica.documents.open(uid).state.births.lengths) == {  # type: ignore[union-attr]
            birth_actor(uid, text) for text in (one, two)
        }
        wanted = f"{SECRET}\n" if whole and f"{SECRET}\n" in before else SECRET
        b.note("N").insert(before.index(two) + 1, "typed meanwhile")
        a.note("N").erase(wanted)
        newcomer = fast(members.device("c", a))
        agree(a, b, newcomer)
        shown = before.replace(two, f"{two[:1]}typed meanwhile{two[1:]}").replace(wanted, "")
        for vault in (a, b, newcomer):
            assert traces(vault, SECRET) == []
            assert vault.note("N").text == shown
        b.note("N").append("goes on")
        agree(a, b, newcomer)


def test_births_that_meet_after_one_was_erased(tmp_path: Path) -> None:
    """The seam comes about from the erased form as it would have from the text."""
    with circle(tmp_path, "a", "b", "c") as (_, [a, b, c]):
        a.create_note("N", f"{SECRET}\n")
        meet(a, c)
        a.note("N").erase(f"{SECRET}\n")
        b.create_note("N", "two")
        meet(b, c)
        assert SECRET in c.note("N").text
        uid = note_id(bytes.fromhex(a.id), "n")
        first = birth_actor(uid, "two") > birth_actor(uid, f"{SECRET}\n")
        assert c.note("N").text == (f"two\n{SECRET}\n" if first else f"{SECRET}\ntwo")
        c.note("N").append("by c")
        agree(a, b, c)
        for vault in (a, b, c):
            assert traces(vault, SECRET) == []
            assert vault.note("N").text == "two\nby c\n"


# -- review


def test_what_was_erased_is_no_finding(tmp_path: Path) -> None:
    with circle(tmp_path, "a", "b") as (_, [a, b]):
        a.create_note("N", "---\nkey: old\n---\nthe first line\nthe second line\n")
        agree(a, b)
        for vault, value, words in ((a, f"{SECRET}1", f"by a {SECRET}"), (b, "other", "by b")):
            note = vault.note("N")
            note.write(note.text.replace("old", value).replace("first", words))
            note.rename(f"N {value}")
        agree(a, b)
        assert a.review()
        assert any(SECRET in one.standing.text + one.other.text for one in a.review(with_seen=True))
        name = next(info.name for info in a.notes())
        a.note(name).erase(SECRET)
        agree(a, b)
        for vault in (a, b):
            assert traces(vault, SECRET) == []
            for one in vault.review(with_seen=True):
                shown = one.context + one.standing.text + one.other.text
                assert FILLER not in shown
                assert SECRET not in shown
                for choice in one.choices:
                    assert not any(
                        FILLER in edit.patch.inserted for edit in edits(vault.replica, one, choice)
                    )


# -- changes that move


def test_a_branch_with_erased_changes_is_not_signed_for(tmp_path: Path) -> None:
    """It would have to get names from the texts that are gone; nothing is lost or brought back."""
    with circle(tmp_path, "x") as (members, _):
        ana, cem, bo, _ = isolated(members)
        cem.note("A").append(SECRET)
        meet(cem, ana)
        cem.note("A").erase("two")
        ana.replica.devices.revoke(bo.replica.signer.identity.id)
        meet(cem, ana)
        before = cem.note("A").text
        with pytest.raises(Fork, match="text was erased"):
            cem.replica.forks.resign()
        assert cem.note("A").text == before
        assert cem.check() == []
        assert cem.status()["unsigned"] > 0
        meet(cem, ana)
        assert "two" not in ana.note("A").text


def test_changes_that_were_signed_for_are_erased_like_others(tmp_path: Path) -> None:
    with circle(tmp_path, "x") as (members, _):
        ana, cem, bo, more = isolated(members, others=1)
        ana.replica.devices.revoke(bo.replica.signer.identity.id)
        meet(cem, ana)
        assert cem.replica.forks.resign() > 0
        meet(cem, ana)
        assert cem.note("A").erase("two") == 1
        agree(cem, ana)
        meet(*more, ana, times=4)
        newcomer = fast(members.device("fresh", ana))
        agree(ana, cem, *more, newcomer)
        for vault in (ana, cem, *more, newcomer):
            assert "two" not in vault.note("A").text
            assert not any(
                "two" in str(getattr(op, "text", ""))
                for change, _ in vault.replica.log.opened({})
                for op in change.ops
            )


def test_a_device_whose_branch_was_erased_is_not_stopped_by_the_copy_that_was_signed(tmp_path: Path) -> None:
    """Receiving goes on where the branch cannot give way."""
    with circle(tmp_path, "x") as (members, _):
        ana, cem, bo, [dan] = isolated(members, others=1)
        meet(dan, ana)
        ana.replica.devices.revoke(bo.replica.signer.identity.id)
        meet(cem, ana)
        meet(dan, ana)
        assert cem.replica.forks.resign() > 0
        dan.note("A").erase("two")
        meet(cem, ana, times=3)
        meet(dan, ana, times=3)
        ana.create_note("later", "text")
        meet(ana, dan)
        assert dan.note("later").text == "text"
        assert dan.check() == []
