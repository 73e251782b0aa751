"""A disk that is full, and later has room again: `python -m tests.crashes.full LIMIT FOLDER`.

LIMIT is the cause:
    pages   the database may not grow: SQLite's own limit
    files   no file may grow beyond a size: RLIMIT_FSIZE, which fails the way a quota does
    disk    FOLDER is on a small file system, and something else fills it
"""

import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import Grouped
from crdtnotes.errors import CrdtnotesError, DiskFull, StoreError
from crdtnotes.vault import Vault
from tests.vaults import send

PARAGRAPH = "磁盘满了 the disk is full " * 30
ROOM = 200 * 1024
"""Bytes that are left when the limit is set."""


class Limit(NamedTuple):
    """Functions that make a disk full and make room again."""

    tighten: Callable[[Vault], None]
    loosen: Callable[[Vault], None]


def pages() -> Limit:
    """SQLite may not let the database grow; the limit ends with the connection."""

    def tighten(vault: Vault) -> None:
        (now,) = vault.replica.conn.execute("PRAGMA page_count").fetchone()
        vault.replica.conn.execute(f"PRAGMA max_page_count = {now + ROOM // 4096}")

    def loosen(vault: Vault) -> None:
        vault.replica.conn.execute("PRAGMA max_page_count = 1073741823")

    return Limit(tighten, loosen)


def files() -> Limit:
    """No file may grow beyond a size; a write beyond it fails with EFBIG."""

    def tighten(vault: Vault) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (vault.path.stat().st_size + ROOM, resource.RLIM_INFINITY))

    def loosen(vault: Vault) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    return Limit(tighten, loosen)


def disk() -> Limit:
    """Something else fills the file system."""

    def tighten(vault: Vault) -> None:
        left = os.statvfs(vault.path.parent)
        filler(vault).write_bytes(bytes(left.f_bavail * left.f_frsize - ROOM))

    def loosen(vault: Vault) -> None:
        filler(vault).unlink()

    def filler(vault: Vault) -> Path:
        return vault.path.with_name("filler")

    return Limit(tighten, loosen)


LIMITS = {"pages": pages, "files": files, "disk": disk}


def main(limit: Limit, folder: Path) -> None:
    """Type until the disk is full, read, close, open, make room, continue."""
    path = folder / "vault.db"
    with Vault.create(path) as vault, Vault.create(folder / "peer.db", "peer", vault.id) as peer:
        vault.create_note("other", "其他 [[n]]")
        vault.create_note("n", "begin\n")
        send(vault, peer)
        peer.note("n").append("from a peer\n" + PARAGRAPH * 30)
        [batch] = peer.changes_since(vault.version)
    with Vault.open(path) as vault:
        session = vault.note("n").open()
        limit.tighten(vault)
        paragraphs, refusal = _type_until_full(session.commit)
        print(f"full after {paragraphs} paragraphs: {refusal}")
        _is_plain(refusal)
        before = session.text
        assert before == vault.note("n").text == "begin\n" + PARAGRAPH * paragraphs, "saved text is missing"
        version = vault.version
        for attempt in (
            lambda: session.commit([Grouped(Patch(0, 0, PARAGRAPH * 40))]),
            lambda: vault.create_note("new", PARAGRAPH * 40),
            lambda: vault.apply(batch),
        ):
            _refused(attempt)
        digest = vault.digest
        _going_on_in_spite_of_it(vault)
        assert session.text == vault.note("n").text == before
        assert vault.digest == digest
        assert vault.version == version
        assert [info.name for info in vault.notes()] == ["n", "other"]
        assert [link.note for link in vault.note("other").links()] == ["n"]
    with Vault.open(path) as vault:
        assert vault.note("n").text == before, "the file must open while there is no room"
        assert vault.check() == []
        session = vault.note("n").open()
        limit.loosen(vault)
        session.commit([Grouped(Patch(0, 0, PARAGRAPH * 40))])
        assert vault.note("n").text == PARAGRAPH * 40 + before
        vault.apply(batch)
        assert "from a peer" in vault.note("n").text
        assert vault.check() == []
    with Vault.open(path) as vault:
        assert vault.check() == []


def _type_until_full(commit: Callable[[list[Grouped]], object]) -> tuple[int, DiskFull]:
    for number in range(10_000):
        try:
            commit([Grouped(Patch(len("begin\n") + number * len(PARAGRAPH), 0, PARAGRAPH))])
        except DiskFull as error:
            return number, error
    raise AssertionError("the disk was never full")


def _refused(attempt: Callable[[], object]) -> None:
    try:
        attempt()
    except DiskFull as error:
        _is_plain(error)
    else:
        raise AssertionError("a write fit on a full disk")


def _going_on_in_spite_of_it(vault: Vault) -> None:
    """A transaction is one commit or none, even if the code inside catches the error."""

    def attempt() -> None:
        with vault.transaction():
            vault.note("other").append("before")
            with suppress(DiskFull):
                vault.create_note("new", PARAGRAPH * 400)
            vault.note("other").append("after")

    with suppress(StoreError):
        attempt()
        raise AssertionError("half of a transaction was committed")
    assert vault.note("other").text == "其他 [[n]]"


def _is_plain(error: CrdtnotesError) -> None:
    sentence = str(error)
    assert sentence.endswith("nothing was written.")
    assert "\n" not in sentence


if __name__ == "__main__":
    main(LIMITS[sys.argv[1]](), Path(sys.argv[2]))
