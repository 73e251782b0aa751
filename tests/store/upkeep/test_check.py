import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crdtnotes.errors import Busy
from crdtnotes.store.file import database
from crdtnotes.store.replica import Replica
from crdtnotes.store.upkeep import check
from crdtnotes.vault import Vault
from tests.vaults import replicas, send


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", "text [[B]]")
        one.create_note("B", "[[A]] #t").append("more")
        send(one, two)
        two.note("A").append("answer")
        send(two, one)
        one.search("text")
        assert one.check() == []
        return one.path


def planted(path: Path, *statements: str) -> list[str]:
    conn = sqlite3.connect(path)
    for statement in statements:
        assert conn.execute(statement).rowcount > 0, statement
    conn.commit()
    conn.close()
    with Vault.open(path) as vault:
        return vault.check()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE texts SET text = CAST('Text [[B]]\nanswer\n' AS BLOB) WHERE note = 1", "text of 'A'"),
        ("UPDATE texts SET state = x'00' WHERE note = 1", "snapshot of 'A'"),
        (
            "UPDATE texts SET state = (SELECT state FROM texts WHERE note = 2) WHERE note = 1",
            "snapshot of 'A'",
        ),
        ("DELETE FROM links WHERE element = (SELECT id FROM elements WHERE kind = 'tag')", "links of 'B'"),
        (
            "UPDATE links SET count = 2 WHERE element = (SELECT id FROM elements WHERE kind = 'tag')",
            "links of 'B'",
        ),
        (
            "UPDATE links SET target = NULL WHERE element = (SELECT id FROM elements WHERE value = 'A')",
            "'A' in 'B'",
        ),
        ("UPDATE notes SET base = 'C' WHERE id = 1", "name of 'C'"),
        ("UPDATE notes SET name = 'C' WHERE id = 1", "shown as 'C'"),
        ("UPDATE notes SET alive = 0 WHERE id = 1", "name of 'A'"),
        ("UPDATE notes SET digest = x'00' WHERE id = 1", "digest of 'A'"),
        ("DELETE FROM notes WHERE id = 1", "not among the notes"),
        (
            "UPDATE log SET data = CAST(replace(data, 'more', 'MORE') AS BLOB) WHERE id = 3",
            "hash of change 3",
        ),
        ("UPDATE log SET data = x'00' WHERE id = 2", "Entry 2 of the log cannot be read"),
        ("UPDATE log SET hash = x'00' WHERE id = 2", "hash of change 2"),
        ("DELETE FROM log WHERE id = 2", "follows change 1"),
        ("DELETE FROM log WHERE id = 4", "head of"),
        ("UPDATE actors SET seq = 9 WHERE id = 1", "says 9"),
        ("UPDATE actors SET hash = x'00' WHERE id = 2", "head of"),
        ("UPDATE log SET id = 99 WHERE id = 1", "before a change that it depends on"),
    ],
)
def test_planted_damage_is_found(path: Path, statement: str, said: str) -> None:
    problems = planted(path, statement)
    assert any(said in problem for problem in problems), problems


def test_one_damaged_change_is_one_problem(path: Path) -> None:
    with Vault.open(path) as vault:
        for number in range(5):
            vault.note("A").append(f"line {number}")
    problems = planted(path, "UPDATE log SET data = CAST(replace(data, 'more', 'MORE') AS BLOB) WHERE id = 3")
    assert sum("hash of change" in problem for problem in problems) == 1


def test_all_problems_are_reported(path: Path) -> None:
    problems = planted(path, "DELETE FROM links", "UPDATE texts SET text = x'41'")
    assert sum("links of" in problem for problem in problems) == 2
    assert sum("text of" in problem for problem in problems) == 2


def test_a_check_sees_one_state_while_others_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.01)
    with Vault.open(path) as vault, Vault.open(path) as other:
        rest = check._check_names

        def meanwhile(replica: Replica) -> Iterator[str]:
            with pytest.raises(Busy):
                other.create_note("meanwhile", "[[A]]")
            yield from rest(replica)

        monkeypatch.setattr(check, "_check_names", meanwhile)
        assert vault.check() == []
        other.create_note("after")
        assert "after" in vault


def test_a_damaged_text_is_never_served(path: Path) -> None:
    conn = sqlite3.connect(path)
    conn.execute("UPDATE texts SET text = x'ff'")
    conn.commit()
    conn.close()
    with Vault.open(path) as vault:
        uses: list[Callable[[], object]] = [lambda: vault.note("A").text, lambda: vault.note("A").append("x")]
        for use in uses:
            with pytest.raises(Exception, match="damaged"):
                use()
        assert vault.check() != []


def test_a_damaged_search_index_is_found(path: Path) -> None:
    problems = planted(path, "UPDATE search_data SET block = x'00' WHERE id > 10")
    assert any("search index" in problem for problem in problems), problems


def test_a_check_waits_for_a_writer_and_finds_nothing(path: Path) -> None:
    with Vault.open(path) as vault, Vault.open(path) as other:
        other.note("A").append("more")
        before = path.read_bytes()
        assert vault.check() == []
        assert path.read_bytes() == before, "it changes nothing"


def test_a_lagging_snapshot_is_no_problem_and_a_wrong_one_is(path: Path) -> None:
    with Vault.open(path) as vault:
        vault.create_note("long", "x" * 20_000)
        for number in range(70):
            vault.note("long").append(f"lags {number}")
        assert vault.replica.documents.stale()
        assert vault.check() == []
        assert vault.replica.documents.stale(), "it changes nothing"
        conn = vault.replica.conn
        conn.execute("UPDATE texts SET text = x'41' WHERE note IN (SELECT id FROM notes WHERE upto < head)")
        assert vault.check() == ["The text of 'long' does not match the log."]
