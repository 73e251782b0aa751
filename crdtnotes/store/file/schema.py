"""The tables of a replica's file, as migrations that are applied once each and in order.

*Primary* data: `meta`, `log`, `blocks`, `dictionaries`, the chain heads in `actors`, and the tables about
devices. All the rest is derived from the log and can be rebuilt from it.
"""

from sqlite_utils import Database, Migrations

from crdtnotes.store.file.header import APPLICATION_ID

migrations = Migrations("crdtnotes")


@migrations()
def m001_replica(db: Database) -> None:
    """Create the tables of the first schema."""
    for statement in _M001:
        db.execute(statement)


@migrations()
def m002_devices(db: Database) -> None:
    """Add the tables about devices."""
    for statement in _M002:
        db.execute(statement)


@migrations()
def m003_proofs(db: Database) -> None:
    """Add the table of the proofs of fork winners."""
    for statement in _M003:
        db.execute(statement)


@migrations()
def m004_values(db: Database) -> None:
    """Let the log have changes of format 2, which older versions cannot read."""
    db.execute("PRAGMA user_version = 4")


@migrations()
def m005_review(db: Database) -> None:
    """Add the index of deps, and what the user has marked as seen."""
    for statement in _M005:
        db.execute(statement)


@migrations()
def m006_births(db: Database) -> None:
    """Let notes have seams between their births; snapshots say from now on which births there are.

    A note that has several births may show another text now: `meta` says that they must be looked for.
    """
    db.execute("INSERT INTO meta SELECT 'births', 0 WHERE EXISTS (SELECT 1 FROM meta)")
    db.execute("PRAGMA user_version = 6")


@migrations()
def m007_frontiers(db: Database) -> None:
    """Add the table of the notes' frontiers, which a replica fills when it opens."""
    for statement in _M007:
        db.execute(statement)


@migrations()
def m008_erased(db: Database) -> None:
    """Add the table of erased changes, which older versions cannot read."""
    for statement in _M008:
        db.execute(statement)


@migrations()
def m009_folding(db: Database) -> None:
    """Empty the search index, whose texts are folded in another way now; it is filled by the next search."""
    for statement in _M009:
        db.execute(statement)


@migrations()
def m010_files(db: Database) -> None:
    """Add the tables of the Markdown files that were imported or exported here."""
    for statement in _M010:
        db.execute(statement)


_M001 = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    # One row a stream: its head, the chain's hash there, and the highest counter used in it.
    """CREATE TABLE actors (
        id INTEGER PRIMARY KEY, actor INTEGER NOT NULL UNIQUE,
        seq INTEGER NOT NULL, last INTEGER NOT NULL, hash BLOB NOT NULL)""",
    # What the author of a stream claims to have seen: up to which seq, and the highest counter there.
    """CREATE TABLE seen (
        author INTEGER NOT NULL, actor INTEGER NOT NULL, seq INTEGER NOT NULL, last INTEGER NOT NULL,
        PRIMARY KEY (author, actor)) WITHOUT ROWID""",
    # Changes, numbered in the order in which they came, which is a causal order. `actor` and `note` are row
    # ids of `actors` and `notes`, `last` is the highest counter, `length` is the length of `data` before
    # compression, NULL if it is not compressed.
    """CREATE TABLE log (
        id INTEGER PRIMARY KEY, actor INTEGER NOT NULL, seq INTEGER NOT NULL, note INTEGER NOT NULL,
        last INTEGER NOT NULL, hash BLOB NOT NULL, length INTEGER, data BLOB NOT NULL,
        UNIQUE (actor, seq))""",
    "CREATE INDEX log_note ON log (note, id)",
    # Compression dictionaries for the log's changes (store/log/dictionaries.py).
    """CREATE TABLE dictionaries (
        id INTEGER NOT NULL, copy INTEGER NOT NULL, sum BLOB NOT NULL, data BLOB NOT NULL,
        UNIQUE (id, copy))""",
    "CREATE INDEX log_small ON log (actor, seq) WHERE length IS NULL",
    # Packed changes (store/log/blocks.py explains each column), and the notes that they edit.
    """CREATE TABLE blocks (
        id INTEGER PRIMARY KEY, actor INTEGER NOT NULL, seq INTEGER NOT NULL, until INTEGER NOT NULL,
        start INTEGER NOT NULL, last INTEGER NOT NULL, before BLOB NOT NULL, hash BLOB NOT NULL,
        closed INTEGER NOT NULL, ids BLOB NOT NULL, length INTEGER NOT NULL, data BLOB NOT NULL,
        UNIQUE (actor, until))""",
    """CREATE TABLE block_notes (
        note INTEGER NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (note, block)) WITHOUT ROWID""",
    "CREATE INDEX block_notes_block ON block_notes (block)",
    # `base` is the name in the register; `name` is the unique one that is shown, NULL while the note
    # is not `alive`. `head` is the note's last log id, `upto` the last one in its snapshot;
    # `indexed` the name under which the snapshot's text is in the search index, NULL if it is not.
    """CREATE TABLE notes (
        id INTEGER PRIMARY KEY, uid BLOB NOT NULL UNIQUE,
        base TEXT NOT NULL, base_key TEXT NOT NULL, alive INTEGER NOT NULL, name TEXT, key TEXT UNIQUE,
        head INTEGER NOT NULL, upto INTEGER NOT NULL, modified INTEGER NOT NULL,
        characters INTEGER NOT NULL, size INTEGER NOT NULL, digest BLOB NOT NULL,
        indexed TEXT, newer INTEGER NOT NULL)""",
    "CREATE INDEX notes_base ON notes (base_key)",
    "CREATE INDEX notes_stale ON notes (id) WHERE upto < head",
    "CREATE INDEX notes_unindexed ON notes (id) WHERE indexed IS NULL AND name IS NOT NULL",
    # Snapshots: in their own table, so that listing notes does not read over their texts. A note of which the
    # log has only its birth needs none. `length` as in `log`.
    """CREATE TABLE texts (
        note INTEGER PRIMARY KEY, length INTEGER, text BLOB NOT NULL, sum BLOB NOT NULL,
        state BLOB NOT NULL)""",
    # The names that lead to a note: its shown name (rank 0), its aliases (1), every name it ever had (2).
    """CREATE TABLE names (
        title_key TEXT NOT NULL, note INTEGER NOT NULL, key TEXT NOT NULL, rank INTEGER NOT NULL,
        PRIMARY KEY (title_key, note, key, rank)) WITHOUT ROWID""",
    "CREATE INDEX names_note ON names (note)",
    # The distinct contents of links; `title_key` is NULL for kinds that name no note. A row stays for good:
    # other processes know it by its id.
    """CREATE TABLE elements (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL, title_key TEXT,
        UNIQUE (value, kind))""",
    "CREATE INDEX elements_title ON elements (title_key) WHERE title_key IS NOT NULL",
    # The living elements of each existing note's link set, and the note that they lead to.
    """CREATE TABLE links (
        note INTEGER NOT NULL, element INTEGER NOT NULL, count INTEGER NOT NULL, target INTEGER,
        PRIMARY KEY (note, element)) WITHOUT ROWID""",
    "CREATE INDEX links_element ON links (element)",
    "CREATE INDEX links_target ON links (target) WHERE target IS NOT NULL",
    # The peers with which this replica was in sync, and when (wall time in ms).
    """CREATE TABLE peers (
        device TEXT PRIMARY KEY, address TEXT NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE VIRTUAL TABLE search USING fts5(
        name, text, content='', tokenize='unicode61 remove_diacritics 2')""",
    f"PRAGMA application_id = {APPLICATION_ID}",
    "PRAGMA user_version = 1",
)

_M002 = (
    # Signed records about devices, each after its signer's record. `meta` has the digest of the founder's
    # record as `root`. Primary.
    "CREATE TABLE members (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, record BLOB NOT NULL)",
    # When a device was last connected (wall time in ms), and the version that it had then.
    "CREATE TABLE contacts (device BLOB PRIMARY KEY, seen INTEGER NOT NULL, version BLOB NOT NULL)",
    # The addresses at which a device was reached, and when each last worked.
    """CREATE TABLE addresses (
        device BLOB NOT NULL, address TEXT NOT NULL, worked INTEGER NOT NULL,
        PRIMARY KEY (device, address)) WITHOUT ROWID""",
    # The owner of each stream, with its proof (crdtnotes/trust/actors.py). Primary, like the tables below.
    """CREATE TABLE authors (
        actor INTEGER PRIMARY KEY, key BLOB NOT NULL, nonce BLOB NOT NULL)""",
    "CREATE INDEX authors_key ON authors (key)",
    # The checkpoints of a paired vault (signing/checkpoints.py), with the bytes of changes since the one
    # before and whether it waits for signatures; and the signatures of the heads that moved there.
    # `actor` is the actor itself, not a row id, so that the rows stay valid when the log is rewritten.
    "CREATE TABLE cuts (id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, waits INTEGER NOT NULL)",
    """CREATE TABLE signatures (
        cut INTEGER NOT NULL, actor INTEGER NOT NULL, seq INTEGER NOT NULL, signature BLOB NOT NULL,
        PRIMARY KEY (cut, actor)) WITHOUT ROWID""",
    "PRAGMA user_version = 2",
)

_M003 = (
    # The proof that an author signed the winner of a fork (store/forks/winners.py), and the chain's hash
    # there. The winners themselves are in `meta`. Primary.
    """CREATE TABLE proofs (
        actor INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, proof BLOB NOT NULL,
        PRIMARY KEY (actor, seq)) WITHOUT ROWID""",
    "PRAGMA user_version = 3",
)

_M005 = (
    # The deps of each change (store/log/dep_index.py). `deps_missing` in `meta` is the log id up to which the
    # changes are not indexed yet.
    """CREATE TABLE deps (
        id INTEGER NOT NULL, author INTEGER NOT NULL, at INTEGER NOT NULL, actor INTEGER NOT NULL,
        seq INTEGER NOT NULL, PRIMARY KEY (id, actor)) WITHOUT ROWID""",
    """INSERT INTO meta SELECT 'deps_missing', id FROM (
        SELECT max((SELECT ifnull(max(id), 0) FROM log), (SELECT ifnull(max(id), 0) FROM blocks)) AS id)
       WHERE id > 0""",
    # The keys of the findings that the user has marked as seen (crdtnotes/review/). They do not sync.
    "CREATE TABLE reviewed (key TEXT PRIMARY KEY) WITHOUT ROWID",
    "PRAGMA user_version = 5",
)

_M007 = (
    # The frontier of each note that several streams have written (store/views/frontiers.py): the streams, and
    # the seqs of their last changes of the note. `actor` is the actor itself, not a row id.
    """CREATE TABLE frontiers (
        note INTEGER NOT NULL, actor INTEGER NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (note, actor)) WITHOUT ROWID""",
    # The notes that show a number because others have their name.
    "CREATE INDEX notes_numbered ON notes (base_key) WHERE name != base",
    # Whether the frontiers are still to be computed from the log.
    """INSERT INTO meta SELECT 'frontiers', 'due'
       WHERE EXISTS (SELECT 1 FROM log) OR EXISTS (SELECT 1 FROM blocks)""",
    "PRAGMA user_version = 7",
)

_M008 = (
    # Where the chain goes on after an erased change (store/erasure): the hash that the change gives now, and
    # the one that it gave as its author wrote it. Primary.
    "CREATE TABLE erased (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, original BLOB NOT NULL)",
    "PRAGMA user_version = 8",
)

_M009 = (
    "INSERT INTO search(search) VALUES ('delete-all')",
    "UPDATE notes SET indexed = NULL",
    "PRAGMA user_version = 9",
)

_M010 = (
    # The folders of Markdown files that were imported or exported, and their files (store/known_files.py).
    # They do not sync.
    "CREATE TABLE folders (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, below TEXT NOT NULL)",
    """CREATE TABLE files (
        folder INTEGER NOT NULL, path TEXT NOT NULL, note BLOB NOT NULL, name TEXT NOT NULL,
        hash BLOB NOT NULL, version BLOB, text BLOB, PRIMARY KEY (folder, path)) WITHOUT ROWID""",
    "PRAGMA user_version = 10",
)
