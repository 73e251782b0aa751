"""Copies and old backups: a new stream if that is noticed at once, else a fork that is resolved."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from crdtnotes.changes import messages
from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import Grouped
from crdtnotes.errors import DiskFull, Fork
from crdtnotes.store import local_state as memory
from crdtnotes.store.local_state import VARIABLE
from crdtnotes.store.log.log import Log
from crdtnotes.sync.session.session import Session
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_log
from tests.sync.wire import Wire, settle
from tests.vaults import batch, created, fast, replicas, state


def clone(vault: Vault, path: Path) -> Vault:
    """A copy of a replica, together with the state that its machine remembers outside the file."""
    shutil.copyfile(vault.path, path)
    remembered = memory.recall(vault.path)
    assert remembered is not None
    memory.remember(path, remembered)
    return fast(Vault.open(path))


def agree(*vaults: Vault) -> None:
    """Sync all in a chain, often enough."""
    for _ in range(4):
        for one, other in pairwise(vaults):
            settle(Wire(one.replica, other.replica))
    assert len({vault.digest for vault in vaults}) == 1
    for vault in vaults:
        assert vault.check() == []
        check_against_log(vault)


def test_a_clone_of_a_machine_ends_converged_with_all_text(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, friend]:
        one.create_note("系统", "begin\n")
        with clone(one, tmp_path / "clone.db") as two:
            assert one.actor == two.actor
            for vault, words in ((one, "第一"), (two, "第二")):
                vault.note("系统").append(f"{words} [[{words}]]")
                vault.create_note(words, f"#tag {words}")
                vault.note("系统").delete(0, 1)
            settle(Wire(two.replica, friend.replica))
            friend.note("第二").append("a friend builds on it")
            agree(one, two, friend)
            text = one.note("系统").text
            assert sorted(text.split("\n")) == ["", "egin", "第一 [[第一]]", "第二 [[第二]]"]
            assert "a friend builds on it" in one.note("第二").text
            assert {link.target for link in one.note("系统").links()} == {"第一", "第二"}
            one.note("系统").append("on")
            two.note("系统").append("and on")
            friend.note("系统").append("and on and on")
            agree(one, two, friend)


def test_deletes_and_renames_of_both_branches_are_kept(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, friend]:
        one.create_note("A", "abcdef")
        one.create_note("gone", "x")
        with clone(one, tmp_path / "clone.db") as two:
            one.note("A").insert(6, "ghi")
            one.note("A").delete(4, 3)
            two.note("A").rename("B")
            two.note("gone").remove()
            settle(Wire(one.replica, friend.replica))
            agree(one, two, friend)
            assert [info.name for info in friend.notes()] == ["B"]
            assert friend.note("B").text == "abcdhi"


def test_an_open_editor_continues_across_a_fork(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one]:
        one.create_note("A", "begin")
        with clone(one, tmp_path / "clone.db") as two:
            editors = [vault.note("A").open() for vault in (one, two)]
            editors[0].commit([Grouped(Patch(5, 0, " one"))])
            editors[1].commit([Grouped(Patch(0, 0, "two "))])
            shown = [editor.text for editor in editors]
            agree(one, two)
            for number, editor in enumerate(editors):
                patches = editor.commit([Grouped(Patch(0, 0, f"<{number}>"))])
                text = f"<{number}>{shown[number]}"
                for start, removed, inserted in patches:
                    text = text[:start] + inserted + text[start + removed :]
                assert text == editor.text
                editor.update_links()
            agree(one, two)
            editors[0].refresh()
            assert editors[0].text == one.note("A").text
            for part in ("<0>", "<1>", "two ", "begin", " one"):
                assert part in editors[0].text


def test_another_process_sees_a_rewritten_log(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one]:
        one.create_note("A", "begin\n")
        with clone(one, tmp_path / "clone.db") as two:
            with Vault.open(one.path) as process, Vault.open(two.path) as another:
                one.note("A").append("one")
                two.note("A").append("two")
                assert (process.note("A").text, another.note("A").text) == ("begin\none\n", "begin\ntwo\n")
                agree(one, two)
                process.note("A").append("process")
                another.note("A").append("another")
            agree(one, two)
            assert sorted(one.note("A").text.split()) == ["another", "begin", "one", "process", "two"]


def test_a_copied_file_writes_as_a_new_actor(tmp_path: Path) -> None:
    with replicas(tmp_path, 1) as [one]:
        one.create_note("A", "text\n")
        shutil.copyfile(one.path, tmp_path / "copy.db")
        with Vault.open(tmp_path / "copy.db") as copy:
            assert copy.actor != one.actor
            copy.note("A").append("copy")
            one.note("A").append("one")
            agree(one, copy)
            actor = copy.actor
        with Vault.open(tmp_path / "copy.db") as copy:
            assert copy.actor == actor, "the copy continues its own stream"


@pytest.mark.parametrize("reopened", [True, False])
def test_a_restored_backup_writes_as_a_new_actor(tmp_path: Path, *, reopened: bool) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        vault.create_note("A", "text\n")
        actor = vault.actor
        shutil.copyfile(path, tmp_path / "old")
        if not reopened:  # later changes of the same opening: the token is the same, the stream is shorter
            vault.note("A").append("later")
    if reopened:
        with Vault.open(path) as vault:
            vault.note("A").append("later")
    shutil.copyfile(tmp_path / "old", path)
    with Vault.open(path) as vault:
        assert vault.actor != actor
        vault.note("A").append("instead")
        assert vault.version[actor] == 1


def test_opening_without_writing_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        vault.create_note("A", "text")
        actor = vault.actor
    before = path.read_bytes(), memory.recall(path)
    with Vault.open(path) as vault:
        assert vault.note("A").text == "text"
        assert vault.actor == actor
    assert (path.read_bytes(), memory.recall(path)) == before


def test_both_tokens_change_when_a_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        vault.create_note("A", "text")
    tokens = set()
    for _ in range(3):
        with Vault.open(path) as vault:
            vault.note("A").append("more")
            [inside] = vault.replica.conn.execute("SELECT value FROM meta WHERE key = 'token'").fetchone()
        remembered = memory.recall(path)
        assert remembered is not None
        assert remembered.token == inside
        tokens.add(inside)
    assert len(tokens) == 3
    assert len(Vault.open(path).version) == 1


def test_processes_on_one_file_share_its_stream(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as one:
        one.create_note("A", "text\n")
        with Vault.open(path) as two, Vault.open(path) as three:
            for number in range(3):
                for vault in (two, one, three):
                    vault.note("A").append(str(number))
            assert one.actor == two.actor == three.actor
            assert len(one.version) == 1
    with Vault.open(path) as vault:
        vault.note("A").append("end")
        assert len(vault.version) == 1


def unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the state folder unwritable; return the folder that takes its place."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path / f"crdtnotes-{os.geteuid()}"


def test_a_device_goes_on_with_its_stream_where_the_state_folder_is_unwritable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwritable(tmp_path, monkeypatch)
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        vault.create_note("A", "text\n")
    for _ in range(4):
        with Vault.open(path) as vault:
            vault.note("A").append("more")
    shutil.copyfile(path, tmp_path / "backup")
    with Vault.open(path) as vault:
        vault.note("A").append("later")
        assert len(vault.version) == 1
        actor = vault.actor
    shutil.copyfile(tmp_path / "backup", path)
    with Vault.open(path) as vault:
        vault.note("A").append("restored")
        assert vault.actor != actor


def test_the_record_that_was_written_last_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "v.db"
    monkeypatch.setenv(VARIABLE, str(tmp_path / "state"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Vault.create(path) as vault:
        vault.create_note("A", "text\n")
    folder = tmp_path / "state" / "replicas"
    folder.rename(tmp_path / "away")
    folder.write_text("in the way")
    with Vault.open(path) as vault:
        vault.note("A").append("more")
        assert len(vault.version) == 2
    folder.unlink()
    (tmp_path / "away").rename(folder)
    for _ in range(2):
        with Vault.open(path) as vault:
            vault.note("A").append("and more")
            assert len(vault.version) == 2


def test_no_place_for_the_state_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spare = unwritable(tmp_path, monkeypatch)
    spare.mkdir(mode=0o755)  # others can look into it
    spare.chmod(0o755)
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        vault.create_note("A", "text\n")
    actors = set()
    for _ in range(2):
        with Vault.open(path) as vault:
            vault.note("A").append("more")
            vault.note("A").append("and more")
            actors.add(vault.actor)
            assert vault.check() == []
    assert len(actors) == 2, "without a record outside the file, no process may continue an existing stream"


def test_a_process_that_writes_waits_until_another_has_remembered_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        vault.create_note("A", "text\n")
        actor = vault.actor
    committed, may_go_on = Event(), Event()
    remember, lock = memory.remember, memory._lock

    def slowly(path: Path, what: memory.StreamRecord) -> None:
        committed.set()
        assert may_go_on.wait(10)
        remember(path, what)

    def locked(file: int) -> bool:
        if lock(file):
            return True
        may_go_on.set()
        return False

    def write(line: str) -> str:
        with Vault.open(path) as vault:
            vault.note("A").append(line)
            return vault.actor

    with ThreadPoolExecutor() as pool:
        monkeypatch.setattr(memory, "remember", slowly)
        monkeypatch.setattr(memory, "_lock", locked)
        first = pool.submit(write, "first")
        assert committed.wait(10)
        monkeypatch.setattr(memory, "remember", remember)
        second = pool.submit(write, "second").result()
        may_go_on.set()
        assert second == first.result() == actor


def test_a_crash_between_the_two_tokens_costs_a_new_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        vault.create_note("A", "text\n")
        actor = vault.actor
    with monkeypatch.context() as patch:
        patch.setattr(memory, "remember", lambda *_: None)
        with Vault.open(path) as vault:
            vault.note("A").append("the last words")
            assert vault.actor == actor
    with Vault.open(path) as vault:
        assert vault.actor != actor
        assert vault.note("A").text == "text\nthe last words\n"


def test_the_remembered_state_may_be_garbage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "state"))
    path = tmp_path / "v.db"
    with Vault.create(path) as vault:
        vault.create_note("A", "text\n")
        actor = vault.actor
    [place] = (tmp_path / "state" / "replicas").iterdir()
    for rubbish in (b"", b"\xff\xfe", b"a b", b"a b c d", place.read_bytes()[:40]):
        place.write_bytes(rubbish)
        with Vault.open(path) as vault:
            assert vault.actor != actor


def test_giving_way_on_a_full_disk_is_retried_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with replicas(tmp_path, 1) as [one]:
        one.create_note("A", "begin\n")
        with clone(one, tmp_path / "clone.db") as two:
            editor = two.note("A").open()
            one.note("A").append("one")
            two.note("A").append("two")
            before = state(two)
            rank = one.replica.forks.rank(int(one.actor, 16), 2)
            assert rank is not None
            with monkeypatch.context() as patch:
                patch.setattr(Log, "write", _no_room)
                with pytest.raises(DiskFull):
                    two.replica.forks.give_way(int(one.actor, 16), 2, rank)
            assert state(two) == before
            editor.refresh()
            assert editor.text == "begin\ntwo\n"
            agree(one, two)
            editor.refresh()
            assert sorted(editor.text.split()) == ["begin", "one", "two"]


def _no_room(*_: object) -> None:
    raise DiskFull("There is no room left on the disk.")


def test_a_branch_that_gave_way_is_not_accepted_again(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, friend]:
        one.create_note("A", "begin\n")
        actor = one.actor
        with clone(one, tmp_path / "clone.db") as two:
            one._writer._now = lambda: 1000  # written earlier: this branch wins
            two._writer._now = lambda: 2000
            one.note("A").append("one")
            two.note("A").append("two")
            settle(Wire(two.replica, friend.replica))
            settle(Wire(one.replica, two.replica))
            assert two.version[actor] == 1, "it gave way, and the other branch has not come yet"
            settle(Wire(two.replica, friend.replica))
            assert friend.version[actor] == 1
            assert two.note("A").text == "begin\ntwo\n"
            agree(one, friend, two)
            assert sorted(two.note("A").text.split()) == ["begin", "one", "two"]


def test_a_fork_before_a_resolved_fork(tmp_path: Path) -> None:
    """The winner of a later fork in a stream is forgotten once an earlier change of the stream gives way."""
    with replicas(tmp_path, 1) as [one]:
        one.create_note("A", "begin\n")
        with clone(one, tmp_path / "earlier.db") as earlier:
            earlier._writer._now = lambda: 1000  # this branch wins
            for word in ("第一", "第二", "第三", "第四"):
                earlier.note("A").append(word)
            one._writer._now = lambda: 3000
            one.note("A").append("three")
            one.note("A").append("four")
            with clone(one, tmp_path / "later.db") as later:
                later._writer._now = lambda: 4000
                later.note("A").append("five, later")
                one.note("A").append("five")
                settle(Wire(one.replica, later.replica))
                assert (int(earlier.actor, 16), 4) in later.replica.winners
                settle(Wire(later.replica, earlier.replica))
                assert (int(earlier.actor, 16), 4) not in later.replica.winners
                assert (int(earlier.actor, 16), 2) in later.replica.winners
                agree(one, later, earlier)
                words = ["begin", "five", "five, later", "four", "three", "第一", "第三", "第二", "第四"]
                assert sorted(one.note("A").text.split("\n")) == ["", *words]


def test_writing_on_a_branch_after_receiving_its_moved_copy(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, friend]:
        one.create_note("A", "begin\n")
        with clone(one, tmp_path / "clone.db") as two, Vault.create(tmp_path / "x.db", vault=one.id) as early:
            one._writer._now = lambda: 1000
            two._writer._now = lambda: 2000
            settle(Wire(one.replica, early.replica))
            one.note("A").append("one")
            two.note("A").append("two")
            settle(Wire(two.replica, friend.replica))
            settle(Wire(one.replica, friend.replica))
            settle(Wire(friend.replica, early.replica))  # has the moved copy now, and neither branch
            settle(Wire(two.replica, early.replica))
            two.note("A").append("two again")
            agree(one, friend, early, two)
            assert sorted(one.note("A").text.split("\n")) == ["", "begin", "one", "two", "two again"]


def test_two_versions_from_one_peer_are_refused_with_a_message(tmp_path: Path) -> None:
    """Neither version is here, so there is no branch to show."""
    with replicas(tmp_path, 1) as [vault]:
        vault.create_note("mine")
        before = state(vault)
        session = Session(vault.replica)
        session.start()
        hello = messages.hello(bytes.fromhex(vault.id), "peer", {})
        session.receive([messages.encode(hello), messages.encode(messages.ack(0, {}))])
        session.data_to_send()
        forged = batch(created(vault, text="one"), created(vault, text="另一个"))
        session.receive([messages.encode(messages.pack(forged))])
        said = [messages.decode(frame) for frame in session.data_to_send()]
        assert [type(message) for message in said] == [messages.Bye]
        assert isinstance(session.error, Fork)
        assert state(vault) == before
