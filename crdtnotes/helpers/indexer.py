"""A process that builds the search index of many texts; `store/views/search_builder.py` stores it.

It reads the statement that creates the index's table, then notes, message by message. After an empty message
it has all notes, and answers with the rows of the tables in which FTS5 stores the index. It sends an empty
answer first, when it is ready, and another at the end.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from typing import IO

import msgspec

from crdtnotes.helpers.pipes import ignore_interrupts, receive, send
from crdtnotes.markup.words import spaced

Note = tuple[int, str, str]
"""A note's row id, its displayed name, and its text."""

Rows = list[list[int | bytes]]
"""Some rows of a table."""

TABLES = ("data", "idx", "docsize")
"""Suffixes of the tables in which FTS5 stores an index without a copy of the texts; each follows the name of
the index (https://sqlite.org/fts5.html, 8).
"""

END: tuple[str, Rows] = ("", [])

_PAGE = 256
# Rows in a message: about a megabyte.

_notes_decoder: msgspec.msgpack.Decoder[list[Note]] = msgspec.msgpack.Decoder(list[Note])
_statement_decoder: msgspec.msgpack.Decoder[str] = msgspec.msgpack.Decoder(str)


def main() -> None:
    """Index the notes that arrive, answer and exit; exit at once if the other side closes the pipe."""
    ignore_interrupts()
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    send(answers, END)
    statement = receive(questions)
    if statement is None:
        return
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.execute("PRAGMA journal_mode = OFF")  # nothing is ever rolled back here
    conn.execute(_statement_decoder.decode(statement))
    conn.execute("BEGIN")
    for notes in _notes(questions):
        conn.executemany(
            "INSERT INTO search (rowid, name, text) VALUES (?, ?, ?)",
            ((id, spaced(name), spaced(text)) for id, name, text in notes),
        )
    conn.execute("COMMIT")
    for table in TABLES:
        rows = conn.execute(f"SELECT * FROM search_{table}")
        while page := rows.fetchmany(_PAGE):
            send(answers, (table, page))
    send(answers, END)


def _notes(stream: IO[bytes]) -> Iterator[list[Note]]:
    """Yield the notes of each message; exit the process if the stream ends too early."""
    while True:
        data = receive(stream)
        if data is None:
            raise SystemExit
        notes = _notes_decoder.decode(data)
        if not notes:
            return
        yield notes


if __name__ == "__main__":
    main()
