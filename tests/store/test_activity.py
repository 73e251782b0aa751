from itertools import repeat
from pathlib import Path

from crdtnotes import MOST_ARRIVALS, Vault
from crdtnotes.store.activity import MAX_CHANGES_READ


def test_changes_of_others_are_listed_with_their_line(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "a") as ana, Vault.create(tmp_path / "b", "bo", ana.id) as bo:
        note = ana.create_note("页", "one\ntwo\n")
        ana.create_note("gone", "x")
        for batch in ana.changes_since({}):
            bo.apply(batch)
        seen = ana.version
        assert ana.arrivals(seen) == []
        bo.note("页").insert(4, "新 ")
        bo.note("页").append("end")
        bo.note("gone").insert(0, "y")
        note.insert(0, "mine ")
        for batch in bo.changes_since(seen):
            ana.apply(batch)
        ana.note("gone").remove()
        (arrival,) = ana.arrivals(seen)
        assert (arrival.name, arrival.note, arrival.actor) == ("页", note.id, bo.actor)
        assert (arrival.changes, arrival.line, arrival.context) == (2, 3, "end")
        assert ana.arrivals(ana.version) == []
        assert [one.actor for one in bo.arrivals({})] == [ana.actor, ana.actor]


def test_of_very_many_changes_the_latest_are_listed(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "a") as ana, Vault.create(tmp_path / "b", "bo", ana.id) as bo:
        with bo.transaction():
            for number in range(MAX_CHANGES_READ + 50):
                bo.create_note(f"页{number}", "text")
        for batch in bo.changes_since({}):
            ana.apply(batch)
        told = ana.arrivals({})
        assert len(told) == MOST_ARRIVALS
        assert [one.time for one in told] == sorted((one.time for one in told), reverse=True)
        bo.note("页0").append("new")
        for batch in bo.changes_since(ana.version):
            ana.apply(batch)
        assert ana.arrivals({})[0].name == "页0"


def test_a_vault_that_is_not_paired_does_not_tell_who_wrote(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "a") as ana, Vault.create(tmp_path / "b", "bo", ana.id) as bo:
        bo.create_note("n", "text")
        for batch in bo.changes_since({}):
            ana.apply(batch)
        assert [one.device for one in ana.arrivals({})] == [None]


def test_news_with_a_time_far_ahead_are_not_pinned_at_the_top(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "a") as ana, Vault.create(tmp_path / "b", "bo", ana.id) as bo:
        for name, claimed in (("first", 1000), ("pinned", 2**53 - 1), ("last", 2000)):
            bo._writer._now = repeat(claimed).__next__
            bo.create_note(name, "text")
        for batch in bo.changes_since({}):
            ana.apply(batch)
        assert [(one.name, one.time) for one in ana.arrivals({})] == [
            ("last", 2000),
            ("first", 1000),
            ("pinned", 999),
        ]
