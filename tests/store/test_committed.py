from pathlib import Path

from crdtnotes.store.committed import Committed, Origin
from tests.sync.laptops import Laptop, founder, pair


def told(laptop: Laptop) -> list[Committed]:
    """Return what one process hears of another's commit that brings no change."""
    heard: list[Committed] = []
    here, other = laptop.open(), laptop.open()
    here.on_commit = heard.append
    other.record_peer("bo", "ws://127.0.0.1:1", 1)
    here.refresh()
    other.close()
    here.close()
    return heard[:1]


def test_another_process_may_have_got_signatures_in_a_paired_vault(tmp_path: Path) -> None:
    ana, _ = pair(tmp_path)
    [commit] = told(ana)
    assert (commit.origin, commit.notes, commit.learned) == (Origin.PROCESS, frozenset(), True)
    assert not commit.derived_only


def test_without_pairing_such_a_commit_is_no_news(tmp_path: Path) -> None:
    [commit] = told(founder(tmp_path))
    assert commit.derived_only
